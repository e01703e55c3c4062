"""Distillation into a low-rank difference, shared by Turbo and Edit: on the grid of eight steps the frozen Base makes two guided
half-steps; the student's one unguided step must arrive where they do.

The student stands on Base's weights as the export rounds them, so that its difference mends the rounding too."""
import argparse
import os

import torch
from tokenizers import Tokenizer
from torch import nn

from checkpoints import read_difference, restore
from common import Average, Clock, save, share_gradients, start
from flow import schedule, two_halves, weighted, wide
from lora import add_low_rank, factors, states


def arguments(doc, batch, guidance, rank=32):
    args = argparse.ArgumentParser(description=doc)
    for name in ("atlas", "vae", "base", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--seconds", type=float, default=200)
    args.add_argument("--batch", type=int, default=batch, help="pictures a GPU and step; half as many scenes, each told twice")
    args.add_argument("--lr", type=float, default=1e-3)
    args.add_argument("--rank", type=int, default=rank)
    args.add_argument("--guidance", type=float, default=guidance)
    args.add_argument("--resume", default="", help="start from the difference of an earlier run")
    args.add_argument("--workers", type=int, default=4)
    return args.parse_args()


def compiled(transformer):
    """Block by block: one compilation serves all layers, and the many sizes cost a second one."""
    if next(transformer.parameters()).is_cuda:
        for block in [*transformer.layers, *transformer.noise_refiner, *transformer.context_refiner]:
            block.compile(dynamic=True)
    return transformer


def distil(args, name, task):
    """task(text, tokenizer, device, rank) gives `model`, which wraps a transformer, and `batch()`: clean latents, the mask of
    what weighs more, the condition, and the condition with an empty prompt."""
    device, rank, world = start()
    tokenizer = Tokenizer.from_file(args.tokenizer + "/tokenizer.json")
    text = restore("text", args.base, device, shipped=True)
    teacher = compiled(restore("transformer", args.base, device))
    student = restore("transformer", args.base, device, shipped=True)
    torch.manual_seed(0)
    params = add_low_rank(student, args.rank)
    if args.resume:
        student.load_state_dict(states(read_difference(args.resume)), strict=False)
    compiled(student)
    torch.manual_seed(2000 + rank)
    average = Average(student, 0.998)
    optimizer = torch.optim.AdamW(params, args.lr, betas=(0.9, 0.99), weight_decay=0.0)
    model, batch = task(text, tokenizer, device, rank)
    teacher, pupil = model(teacher), model(student)
    grid = schedule(8).to(device)
    clock = Clock(args.seconds, device, world)
    keep = lambda: save(args.out, {"difference": factors(average.weights), "step": clock.step})
    while clock.running():
        clean, mask, yes, no = batch()
        k = torch.randint(0, 8, (len(clean),), device=device)
        now, then = grid[k], grid[k + 1]
        x = clean + wide(now) * (torch.randn_like(clean) - clean)
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                target = two_halves(teacher, x, now, then, yes, no, args.guidance)
            out = pupil(x, 1 - now, *yes)
        loss = weighted(out.float() - target, mask)
        optimizer.zero_grad()
        loss.backward()
        share_gradients(params, world)
        nn.utils.clip_grad_norm_(params, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(50, 0.3)
        optimizer.step()
        average.update()
        if rank == 0 and clock.step % 50 == 0:
            print(f"{name} {clock.seconds_gone():.0f}s step {clock.step} loss {loss.item():.4f}", flush=True)
            keep()
    if rank == 0:
        keep()
        print(f"{name}: {clock.step} steps of {args.batch * world} pictures on {world} device(s)", flush=True)
    os._exit(0)
