"""Base: torchrun --nproc_per_node=GPUS train_base.py --atlas A --vae vae.pt --tokenizer T --out base.pt --seconds 560

Text encoder and transformer together, from scratch. `--resume base.pt` starts from the averages of an earlier run."""
import argparse
import math
import os

import torch
from tokenizers import Tokenizer
from torch import nn

import config
from autoencoder import Autoencoder
from common import Average, Clock, load, same_weights, save, share_gradients, start
from data import loader
from flow import weighted
from muon import Muon
from render import Renderer
from text_encoder import TextEncoder
from transformer import Transformer


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.text, self.transformer = TextEncoder(config.TEXT_ENCODER), Transformer(config.TRANSFORMER)
        # Blocks begin as the identity with open gates closed to a tenth: deep sandwiches then train at full rate at once.
        for name, p in self.named_parameters():
            if "adaLN_modulation" in name and name.endswith("weight"):
                nn.init.normal_(p, std=0.01)
        for block in [*self.transformer.layers, *self.transformer.noise_refiner]:
            bias = block.adaLN_modulation[0].bias
            nn.init.zeros_(bias)
            dim = len(bias) // 4
            bias.data[dim : 2 * dim] = bias.data[3 * dim :] = 0.3
        nn.init.zeros_(self.transformer.all_final_layer["2-1"].linear.weight)

    def forward(self, latents, t, ids, lengths):
        return self.transformer(latents, t, self.text(ids), lengths)

    def compile_blocks(self):
        """Block by block: one compilation serves all layers, and the many sizes cost a second one."""
        t = self.transformer
        for block in [*t.layers, *t.noise_refiner, *t.context_refiner, *self.text.model.layers]:
            block.compile()


def encoder_of(path, device):
    value = load(path)
    vae = Autoencoder(value["config"]).to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
    vae.load_state_dict(value["ema"])
    if device.type == "cuda":
        vae.encoder.compile(dynamic=True)

    @torch.no_grad()
    def encode(picture):
        with torch.autocast(device.type, torch.bfloat16):
            return vae.encode(picture.contiguous(memory_format=torch.channels_last)).float().contiguous()

    return encode


def split(model):
    """Matrices of blocks and encoder layers for Muon, the rest for AdamW."""
    matrices, rest = [], []
    for name, p in model.named_parameters():
        inside = any(part in name for part in ("layers.", "refiner."))
        (matrices if inside and p.dim() == 2 else rest).append(p)
    return matrices, rest


def main():
    args = argparse.ArgumentParser()
    for name in ("atlas", "vae", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--resume", default="")
    args.add_argument("--seconds", type=float, default=560)
    args.add_argument("--batch", type=int, default=256, help="pictures a GPU and step; half as many scenes, each told twice")
    args.add_argument("--lr", type=float, default=1.5e-3)
    args.add_argument("--workers", type=int, default=6)
    args = args.parse_args()
    device, rank, world = start()
    cuda = device.type == "cuda"
    torch.manual_seed(0)
    model = Model()
    if args.resume:
        value = load(args.resume)
        model.transformer.load_state_dict(value["ema"])
        model.text.load_state_dict(value["text"])
    model.to(device)
    same_weights(model.parameters(), world)
    torch.manual_seed(1000 + rank)
    average = Average(model, 0.9995)
    if cuda:
        model.compile_blocks()
    matrices, rest = split(model)
    optimizers = [Muon(matrices, args.lr), torch.optim.AdamW(rest, args.lr, betas=(0.9, 0.98), weight_decay=0.01)]
    params = matrices + rest
    renderer, encode = Renderer(args.atlas, device), encoder_of(args.vae, device)
    batches = loader(args.workers, batch=args.batch // 2, seed=101 + rank + (50 if args.resume else 0), tokenizer=args.tokenizer + "/tokenizer.json", captions=2)
    Tokenizer.from_file(args.tokenizer + "/tokenizer.json")  # fail here, not in a worker

    def keep():
        if rank == 0:
            parts = {part: {k[len(part) + 1 :]: v for k, v in average.weights.items() if k.startswith(part + ".")} for part in ("text", "transformer")}
            save(args.out, {"ema": parts["transformer"], "text": parts["text"], "step": clock.step})

    clock, saved = Clock(args.seconds, device, world), 0
    losses = []
    while clock.running():
        objects, labels, height, width, ids, lengths = next(batches)
        picture, mask = renderer(objects, labels, height, width)
        clean = encode(picture).repeat(2, 1, 1, 1)
        mask = mask.repeat(2, 1, 1, 1)
        n = len(clean)
        sigma = torch.sigmoid(torch.randn(n, device=device) * 1.1 + 0.6)
        noise = torch.randn_like(clean)
        x = clean + sigma[:, None, None, None] * (noise - clean)
        with torch.autocast(device.type, torch.bfloat16):
            out = model(x, 1 - sigma, ids.to(device, non_blocking=True), lengths.to(device, non_blocking=True))
        loss = weighted(out.float() - (clean - noise), mask)
        model.zero_grad(set_to_none=True)
        loss.backward()
        share_gradients(params, world)
        nn.utils.clip_grad_norm_(params, 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = args.lr * clock.rate(300, 0.5)
            optimizer.step()
        average.update()
        losses.append(loss.detach())
        if rank == 0 and clock.step % 200 == 0:
            value = torch.stack(losses).mean().item()
            losses.clear()
            print(f"base {clock.seconds_gone():.0f}s step {clock.step} loss {value:.4f}", flush=True)
            assert math.isfinite(value)
        if clock.seconds_gone() - saved > 120:
            saved = clock.seconds_gone()
            keep()
    keep()
    if rank == 0:
        print(f"base: {clock.step} steps of {args.batch * world} pictures on {world} device(s)", flush=True)
    os._exit(0)  # workers and process groups need no ceremony


if __name__ == "__main__":
    main()
