"""Turbo: torchrun --nproc_per_node=GPUS train_turbo.py --atlas A --vae vae.pt --base base.pt --tokenizer T --out turbo.pt --seconds 200

On the grid of eight steps, the frozen Base makes two guided half-steps; the student's one unguided step must arrive where they do.
The text encoder stays Base's."""
import argparse
import os

import torch
from tokenizers import Tokenizer
from torch import nn

import config
from common import Average, Clock, load, same_weights, save, share_gradients, start
from data import loader, tokens
from flow import guided, schedule, weighted
from render import Renderer
from text_encoder import TextEncoder
from train_base import encoder_of
from transformer import Transformer


def transformer_of(weights, device):
    model = Transformer(config.TRANSFORMER)
    model.load_state_dict({k: v.float() for k, v in weights.items()})
    if device.type == "cuda":
        for block in [*model.layers, *model.noise_refiner, *model.context_refiner]:
            block.compile()
    return model.to(device)


def main():
    args = argparse.ArgumentParser()
    for name in ("atlas", "vae", "base", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--seconds", type=float, default=200)
    args.add_argument("--batch", type=int, default=192, help="pictures a GPU and step")
    args.add_argument("--lr", type=float, default=2e-4)
    args.add_argument("--guidance", type=float, default=2.0)
    args.add_argument("--workers", type=int, default=6)
    args = args.parse_args()
    device, rank, world = start()
    base = load(args.base)
    student, teacher = transformer_of(base["ema"], device), transformer_of(base["ema"], device).requires_grad_(False)
    text = TextEncoder(config.TEXT_ENCODER)
    text.load_state_dict({k: v.float() for k, v in base["text"].items()})
    text.to(device).requires_grad_(False)
    params = list(student.parameters())
    same_weights(params, world)
    average = Average(student, 0.999)
    optimizer = torch.optim.AdamW(params, args.lr, betas=(0.9, 0.99), weight_decay=0.0)
    renderer, encode = Renderer(args.atlas, device), encoder_of(args.vae, device)
    path = args.tokenizer + "/tokenizer.json"
    batches = loader(args.workers, batch=args.batch // 2, seed=301 + rank, tokenizer=path, captions=2)
    empty_ids, empty_length = (v.to(device) for v in tokens(Tokenizer.from_file(path), [""], 64))
    grid = schedule(8).to(device)
    clock = Clock(args.seconds, device, world)
    keep = lambda: save(args.out, {"ema": average.weights, "text": base["text"], "step": clock.step})
    while clock.running():
        objects, labels, height, width, ids, lengths = next(batches)
        picture, mask = renderer(objects, labels, height, width)
        clean, mask = encode(picture).repeat(2, 1, 1, 1), mask.repeat(2, 1, 1, 1)
        n = len(clean)
        k = torch.randint(0, 8, (n,), device=device)
        now, then = grid[k], grid[k + 1]
        middle = (now + then) / 2
        wide = lambda s: s[:, None, None, None]
        x = clean + wide(now) * (torch.randn_like(clean) - clean)
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                caption = text(ids.to(device)), lengths.to(device)
                empty = text(empty_ids[:, : ids.shape[1]]), empty_length
                y = x - wide(middle - now) * guided(teacher, x, 1 - now, caption, empty, args.guidance).float()
                y = y - wide(then - middle) * guided(teacher, y, 1 - middle, caption, empty, args.guidance).float()
                target = (y - x) / wide(now - then)
            out = student(x, 1 - now, *caption)
        loss = weighted(out.float() - target, mask)
        optimizer.zero_grad()
        loss.backward()
        share_gradients(params, world)
        nn.utils.clip_grad_norm_(params, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(50, 0.3)
        optimizer.step()
        average.update()
        if rank == 0 and clock.step % 100 == 0:
            print(f"turbo {clock.seconds_gone():.0f}s step {clock.step} loss {loss.item():.4f}", flush=True)
            keep()
    if rank == 0:
        keep()
        print(f"turbo: {clock.step} steps of {args.batch * world} pictures on {world} device(s)", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
