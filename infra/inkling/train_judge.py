"""Judge: python train_judge.py --atlas A --out judge.pt --vae vae.pt|EXPORTED_FOLDER --resume-onnx judge/judge.onnx --seconds 280

True scenes of its own seeds; half of them go through the autoencoder. Never a generated picture."""
import argparse
import random
from collections import defaultdict

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import IterableDataset, get_worker_info

from checkpoints import restore
from common import Average, Clock, load, save, start
from data import endless
from edits import draw_edit
from judge_model import Judge
from judge_targets import targets
from judge_weights import read_onnx
from render import Renderer, numbers
from scenes import MAX_OBJECTS, QUIET, SHAPES, draw_scene, layout
from world import COLOURLESS, NO_LANDSCAPE, STYLE_IDS

SHARES = [40, 25, 10, 12.5, 12.5]  # of SHAPES: the smallest are the hardest
KINDS = {"single": 22, "pair": 18, "count": 8, "row": 10, "column": 8, "many": 8, "group": 12, "touch": 20}
BLUEPRINT = STYLE_IDS.index("blueprint")


class Lessons(IterableDataset):
    """Scenes of every kind, lettering, and both sides of edits; one in twenty as a blueprint."""

    def __init__(self, batch, seed):
        self.batch, self.seed = batch, seed

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        rng, index = random.Random(self.seed * 1019 + worker), worker
        while True:
            height, width = random.Random(index).choices(SHAPES, SHARES)[0]
            sides = [self.side(rng, height, width) for _ in range(self.batch)]
            labels = torch.tensor([[b, BLUEPRINT if style == 0 and rng.random() < 0.06 else style] for _, b, style in sides])
            yield numbers([o for o, _, _ in sides], MAX_OBJECTS), labels, height, width
            index += workers

    def side(self, rng, height, width):
        if rng.random() < 0.3:
            edit = draw_edit(rng, height, width)
            return rng.choice([edit.source, edit.target])
        scene = draw_scene(rng, signs=0.15, tints=0.35, kinds=KINDS, quiet=QUIET)
        return layout(scene, rng, height, width), scene.background, scene.style


def focal(heat, target):
    """CenterNet's loss: cells near a centre are forgiven."""
    p = heat.float().sigmoid().clamp(1e-5, 1 - 1e-5)
    centre = (target == 1).float()
    loss = centre * (1 - p) ** 2 * p.log() + (1 - centre) * (1 - target) ** 4 * p**2 * (1 - p).log()
    return -loss.sum() / centre.sum().clamp(min=1)


def disturbed(picture):
    """A generated picture is never exact: neighbouring colours, a little noise, and every fourth picture blurred."""
    one = lambda *channels: torch.randn(len(picture), *channels, 1, 1, device=picture.device)
    picture = picture * (1 + 0.1 * one(3)) + 0.03 * one(1).abs() * torch.randn_like(picture)
    picture[::4] = F.avg_pool2d(F.pad(picture[::4], (1,) * 4, mode="replicate"), 3, 1)
    return picture


def losses(sight, wanted, labels):
    colourless = torch.tensor([name in COLOURLESS for name in STYLE_IDS], device=labels.device)
    unread = torch.tensor([name in NO_LANDSCAPE for name in STYLE_IDS], device=labels.device)
    seen = ~unread[labels[:, 1]]
    tinted = wanted.told & ~colourless[labels[:, 1], None, None]
    return {"objects": focal(sight.objects, wanted.objects),
            "letters": focal(sight.glyphs, wanted.glyphs),
            "background": 0.5 * F.cross_entropy(sight.background.float()[seen], labels[seen, 0]),
            "style": 0.5 * F.cross_entropy(sight.style.float(), labels[:, 1]),
            "size": 4 * (sight.sizes[:, 0].float().sigmoid() - wanted.size)[wanted.told].abs().mean(),
            "tint": F.cross_entropy(sight.tints.float().permute(0, 2, 3, 1)[tinted], wanted.tint[tinted])}


@torch.no_grad()
def calibrate(model, pictures):
    """Gives folded norms the statistics of what goes through them; the function stays the same."""
    sums, hooks = defaultdict(list), []
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        hooks.append(norm.register_forward_hook(lambda m, x, _: sums[m].append(torch.stack(torch.var_mean(x[0].float(), (0, 2, 3))))))
    model.eval()
    for picture in pictures:
        model(picture)
    for hook in hooks:
        hook.remove()
    for norm, found in sums.items():
        variance, mean = torch.stack(found).mean(0)
        scale, shift = norm.weight / (norm.running_var + norm.eps).sqrt(), norm.bias - norm.running_mean * norm.weight
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.bias.copy_(shift + scale * mean)
    model.train()


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--atlas", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--vae", required=True)
    args.add_argument("--resume", default="")
    args.add_argument("--resume-onnx", default="", help="an exported judge; what it lacks begins from nothing")
    args.add_argument("--seconds", type=float, default=280)
    args.add_argument("--batch", type=int, default=128)
    args.add_argument("--lr", type=float, default=1.5e-3)
    args.add_argument("--workers", type=int, default=3)
    args = args.parse_args()
    device, _, _ = start()
    model = Judge().to(device, memory_format=torch.channels_last)
    renderer, vae = Renderer(args.atlas, device), restore("vae", args.vae, device).to(memory_format=torch.channels_last)
    batches = endless(Lessons(args.batch, 23 + 100 * bool(args.resume)), args.workers)

    def lesson():
        objects, labels, height, width = next(batches)
        picture, _ = renderer(objects, labels, height, width)
        objects, labels = objects.to(device), labels.to(device)
        picture = picture.contiguous(memory_format=torch.channels_last)
        half = len(picture) // 2
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            picture[:half] = vae.decode(vae.encode(picture[:half])).float().clamp(-1, 1)
        return picture, objects, labels

    if args.resume:
        model.load_state_dict(load(args.resume)["ema"])
    elif args.resume_onnx:
        read_onnx(model, args.resume_onnx)
        calibrate(model, [lesson()[0] for _ in range(8)])
    average = Average(model, 0.998)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr, weight_decay=0.02)
    clock, seen = Clock(args.seconds, device, 1), []
    while clock.running():
        picture, objects, labels = lesson()
        if clock.step % 2:
            picture = disturbed(picture)
        with torch.autocast(device.type, torch.bfloat16):
            sight = model(picture)
        parts = losses(sight, targets(objects, *picture.shape[2:]), labels)
        optimizer.zero_grad()
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(100, 0.4)
        optimizer.step()
        average.update()
        seen.append(torch.stack([p.detach() for p in parts.values()]))
        if clock.step % 200 == 0:
            text = "  ".join(f"{k} {v:.4f}" for k, v in zip(parts, torch.stack(seen).mean(0).tolist()))
            seen.clear()
            print(f"judge {clock.seconds_gone():.0f}s step {clock.step} {text}", flush=True)
    save(args.out, {"ema": average.weights, "step": clock.step})
    print(f"judge: {clock.step} steps of {args.batch}", flush=True)


if __name__ == "__main__":
    main()
