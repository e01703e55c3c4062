"""Base: torchrun --nproc_per_node=GPUS train_base.py --atlas A --vae V --tokenizer T --out base.pt --seconds 800

Text encoder and transformer together: pictures from captions in basic mode, edits of pictures in omni mode, both in every step.
`--resume` starts from a checkpoint's averages or from an exported folder; without it from nothing."""
import argparse
import math
import os
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

import config
from adapt import compiled
from checkpoints import read, restore
from common import Average, Clock, same_weights, save, share_gradients, start
from data import loader
from edits import edit_loader, render_pair
from flow import weighted, wide
from grow import grown
from muon import Muon
from omni import Editor
from render import Renderer
from text_encoder import TextEncoder
from transformer import Transformer

WORDINGS = 0.12  # of the scenes are told with every wording of a background alike
SIGNS = {False: 0.05, True: 0.3}


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


def encoder_of(path, device):
    """Pictures to latents, by a frozen autoencoder."""
    vae = restore("vae", path, device).to(memory_format=torch.channels_last)
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


def flow_loss(predict, clean, mask, early=None):
    """predict(latents, t) is the model's output; what `mask` covers weighs more. `early` (n): pictures that are seen more often at the high
    noise where their background is decided, and whose background weighs as much as their objects."""
    sigma = torch.sigmoid(torch.randn(len(clean), device=clean.device) * 1.1 + 0.6)
    if early is not None:
        high = early & (torch.rand_like(sigma) < 0.5)
        sigma, mask = torch.where(high, 0.85 + 0.15 * torch.rand_like(sigma), sigma), mask * ~wide(early)
    noise = torch.randn_like(clean)
    with torch.autocast(clean.device.type, torch.bfloat16):
        out = predict(clean + wide(sigma) * (noise - clean), 1 - sigma)
    return weighted(out.float() - (clean - noise), mask)


class Lessons:
    """Batches of both kinds, each to a loss."""

    def __init__(self, args, model, device, rank):
        self.model, self.device = model, device
        self.renderer, self.encode = Renderer(args.atlas, device), encoder_of(args.vae, device)
        path = args.tokenizer + "/tokenizer.json"
        self.editor = Editor(model.transformer, Tokenizer.from_file(path), device)
        seed, told = args.seed + rank, args.batch // 2
        self.pictures = loader(args.workers, batch=told, seed=seed, tokenizer=path, captions=2, wordings=WORDINGS, signs=SIGNS)
        self.worded = (torch.arange(told, device=device) < round(WORDINGS * told)).repeat(2)
        self.edits = edit_loader(args.workers, batch=args.edits // 2, seed=seed + 1000, tokenizer=path, instructions=2)

    def picture(self):
        objects, labels, height, width, ids, lengths = next(self.pictures)
        picture, mask = self.renderer(objects, labels, height, width)
        clean, mask = self.encode(picture).repeat(2, 1, 1, 1), mask.repeat(2, 1, 1, 1)
        ids, lengths = ids.to(self.device, non_blocking=True), lengths.to(self.device, non_blocking=True)
        return flow_loss(lambda x, t: self.model.transformer(x, t, self.model.text(ids), lengths), clean, mask, self.worded)

    def edit(self):
        pair, ids, lengths = next(self.edits)
        source, target, mask = render_pair(self.renderer, pair)
        source, clean = self.encode(torch.cat([source, target])).chunk(2)
        source, clean, mask = (v.repeat(2, 1, 1, 1) for v in (source, clean, mask))
        ids, lengths = ids.to(self.device, non_blocking=True), lengths.to(self.device, non_blocking=True)
        return flow_loss(lambda x, t: self.editor(x, t, *self.editor.condition(self.model.text, source, ids, lengths)), clean, mask)


def main():
    args = argparse.ArgumentParser()
    for name in ("atlas", "vae", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--resume", default="")
    args.add_argument("--seconds", type=float, default=800)
    args.add_argument("--batch", type=int, default=192, help="pictures a GPU and step; half as many scenes, each told twice")
    args.add_argument("--edits", type=int, default=128, help="edits a GPU and step; half as many pairs, each told twice")
    args.add_argument("--lr", type=float, default=1.5e-3)
    args.add_argument("--flat", type=float, default=0.5, help="part of the time before the rate falls")
    args.add_argument("--warmup", type=int, default=300, help="steps")
    args.add_argument("--workers", type=int, default=6)
    args.add_argument("--seed", type=int, default=101, help="another one for scenes that an earlier run has not seen")
    args = args.parse_args()
    device, rank, world = start()
    torch.manual_seed(0)
    model = Model()
    if args.resume:
        model.transformer.load_state_dict(read("transformer", args.resume)[1])
        text = read("text", args.resume)[1]
        if Path(args.resume).is_dir():
            text = grown(text, args.resume + "/inkling/tokenizer", args.tokenizer)
        model.text.load_state_dict(text)
    model.to(device)
    same_weights(model.parameters(), world)
    torch.manual_seed(1000 + rank)
    average = Average(model, 0.9995)
    compiled(model.transformer)
    if device.type == "cuda":
        for layer in model.text.model.layers:
            layer.compile()
    matrices, rest = split(model)
    optimizers = [Muon(matrices, args.lr), torch.optim.AdamW(rest, args.lr, betas=(0.9, 0.98), weight_decay=0.01)]
    params = matrices + rest
    lessons = Lessons(args, model, device, rank)

    def keep():
        if rank == 0:
            parts = {part: {k[len(part) + 1 :]: v for k, v in average.weights.items() if k.startswith(part + ".")} for part in ("text", "transformer")}
            save(args.out, {"ema": parts["transformer"], "text": parts["text"], "step": clock.step})

    clock, saved, losses = Clock(args.seconds, device, world), 0, []
    while clock.running():
        model.zero_grad(set_to_none=True)
        seen = []
        for lesson in (lessons.picture, lessons.edit):
            loss = lesson()
            loss.backward()
            seen.append(loss.detach())
        share_gradients(params, world)
        nn.utils.clip_grad_norm_(params, 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = args.lr * clock.rate(args.warmup, args.flat)
            optimizer.step()
        average.update()
        losses.append(torch.stack(seen))
        if rank == 0 and clock.step % 100 == 0:
            pictures, edits = torch.stack(losses).mean(0).tolist()
            losses.clear()
            print(f"base {clock.seconds_gone():.0f}s step {clock.step} pictures {pictures:.4f} edits {edits:.4f}", flush=True)
            assert math.isfinite(pictures + edits)
        if clock.seconds_gone() - saved > 60:
            saved = clock.seconds_gone()
            keep()
    keep()
    if rank == 0:
        print(f"base: {clock.step} steps of {args.batch * world} pictures and {args.edits * world} edits on {world} device(s)", flush=True)
    os._exit(0)  # workers and process groups need no ceremony


if __name__ == "__main__":
    main()
