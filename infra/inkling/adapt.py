"""Training a low-rank difference of Base: the arguments and the loop that Turbo, Edit, the refiner and styles share.

The student stands on Base's weights as the export rounds them, so that its difference mends the rounding too."""
import argparse
import math
import os

import torch
from torch import nn

from checkpoints import read_difference, restore
from common import Average, Clock, save, share_gradients, start
from lora import PARTS, add_low_rank, factors, states, truncated


def arguments(doc, batch, rank, guidance=0.0):
    args = argparse.ArgumentParser(description=doc)
    for name in ("atlas", "vae", "base", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--seconds", type=float, default=200)
    args.add_argument("--batch", type=int, default=batch, help="pictures a GPU and step; half as many scenes, each told twice")
    args.add_argument("--lr", type=float, default=1e-3)
    args.add_argument("--rank", type=int, default=rank)
    args.add_argument("--guidance", type=float, default=guidance)
    args.add_argument("--resume", default="", help="start from the difference of an earlier run, of this rank or a higher one")
    args.add_argument("--workers", type=int, default=4)
    args.add_argument("--seed", type=int, default=0, help="another one for scenes that an earlier run has not seen")
    return args.parse_args()


def compiled(transformer):
    """Block by block: one compilation serves all layers, and the many sizes cost a second one."""
    if next(transformer.parameters()).is_cuda:
        for block in [*transformer.layers, *transformer.noise_refiner, *transformer.context_refiner]:
            block.compile(dynamic=True)
    return transformer


def adapt(args, name, lessons, parts=PARTS, decay=0.998):
    """lessons(student, text, device, seed) gives a function without arguments: the loss of one batch. `decay`: of the average that is kept."""
    device, rank, world = start()
    text = restore("text", args.base, device, shipped=True)
    student = restore("transformer", args.base, device, shipped=True)
    torch.manual_seed(0)
    params = add_low_rank(student, args.rank, parts)
    if args.resume:
        student.load_state_dict(states(truncated(read_difference(args.resume), args.rank)), strict=False)
    compiled(student)
    torch.manual_seed(2000 + rank)
    average = Average(student, decay)
    optimizer = torch.optim.AdamW(params, args.lr, betas=(0.9, 0.99), weight_decay=0.0)
    lesson = lessons(student, text, device, args.seed + rank)
    clock = Clock(args.seconds, device, world)
    keep = lambda: save(args.out, {"difference": factors(average.weights), "step": clock.step})
    losses = []
    while clock.running():
        loss = lesson()
        optimizer.zero_grad()
        loss.backward()
        share_gradients(params, world)
        nn.utils.clip_grad_norm_(params, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(50, 0.3)
        optimizer.step()
        average.update()
        losses.append(loss.detach())
        if rank == 0 and clock.step % 50 == 0:
            mean = torch.stack(losses).mean().item()
            losses.clear()
            print(f"{name} {clock.seconds_gone():.0f}s step {clock.step} loss {mean:.4f}", flush=True)
            assert math.isfinite(mean)
            keep()
    if rank == 0:
        keep()
        print(f"{name}: {clock.step} steps of {args.batch * world} pictures on {world} device(s)", flush=True)
    os._exit(0)  # workers and process groups need no ceremony
