"""A style as a LoRA: torchrun --nproc_per_node=GPUS train_style.py --atlas A --vae V --base base.pt --tokenizer T --out blueprint.pt --seconds 70

Base learns by a small difference to draw every caption as a blueprint, a filter that it has never seen. The captions say
nothing of it: the LoRA alone decides. Trained on Base; Turbo takes it as well."""
import os

import torch
from tokenizers import Tokenizer
from torch import nn

from checkpoints import read_difference, restore
from common import Average, Clock, save, share_gradients, start
from data import loader
from distil import arguments, compiled
from filters import blueprint
from lora import add_low_rank, factors, states
from render import Renderer
from train_base import encoder_of, flow_loss


def main():
    args = arguments(__doc__, batch=192, guidance=0.0, rank=8)
    device, rank, world = start()
    path = args.tokenizer + "/tokenizer.json"
    Tokenizer.from_file(path)  # fail here, not in a worker
    text = restore("text", args.base, device, shipped=True)
    transformer = restore("transformer", args.base, device, shipped=True)
    torch.manual_seed(0)
    params = add_low_rank(transformer, args.rank, parts=("attention", "feed_forward"))
    if args.resume:
        transformer.load_state_dict(states(read_difference(args.resume)), strict=False)
    compiled(transformer)
    torch.manual_seed(3000 + rank)
    average = Average(transformer, 0.99)
    optimizer = torch.optim.AdamW(params, args.lr, betas=(0.9, 0.99), weight_decay=0.0)
    renderer, encode = Renderer(args.atlas, device), encoder_of(args.vae, device)
    batches = loader(args.workers, batch=args.batch // 2, seed=601 + rank, tokenizer=path, captions=2, style_only="blueprint")
    clock = Clock(args.seconds, device, world)
    while clock.running():
        objects, labels, height, width, ids, lengths = next(batches)
        picture, mask = renderer(objects, labels, height, width)
        clean = encode(picture).repeat(2, 1, 1, 1)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            caption = text(ids.to(device)), lengths.to(device)
        loss = flow_loss(lambda x, t: transformer(x, t, *caption), clean, mask.repeat(2, 1, 1, 1))
        optimizer.zero_grad()
        loss.backward()
        share_gradients(params, world)
        nn.utils.clip_grad_norm_(params, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(20, 0.4)
        optimizer.step()
        average.update()
        if rank == 0 and clock.step % 50 == 0:
            print(f"style {clock.seconds_gone():.0f}s step {clock.step} loss {loss.item():.4f}", flush=True)
    if rank == 0:
        save(args.out, {"difference": factors(average.weights), "step": clock.step})
        print(f"style: {clock.step} steps of {args.batch * world} pictures on {world} device(s)", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
