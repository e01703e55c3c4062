"""Judge: python train_judge.py --atlas A --out judge.pt --vae vae.pt --seconds 380

True scenes of its own seeds; half of them go through the autoencoder as soon as there is one. Never a generated picture."""
import argparse
import os

import torch
import torch.nn.functional as F

from autoencoder import Autoencoder
from common import Average, Clock, load, save, start
from data import loader
from judge_model import Judge, targets
from render import Renderer
from world import STYLE_IDS


class Passage:
    """The autoencoder as it stands: read again whenever its training has written a newer one."""

    def __init__(self, path, device):
        self.path, self.device, self.time, self.model = path, device, None, None

    @torch.no_grad()
    def __call__(self, picture):
        if os.path.exists(self.path) and os.path.getmtime(self.path) != self.time:
            self.time = os.path.getmtime(self.path)
            value = load(self.path)
            self.model = Autoencoder(value["config"]).to(self.device, memory_format=torch.channels_last).eval()
            self.model.load_state_dict(value["ema"])
        if self.model is None:
            return F.avg_pool2d(F.pad(picture, (1, 1, 1, 1), mode="replicate"), 3, 1)
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.model.decode(self.model.encode(picture)).float().clamp(-1, 1)


def focal(heat, target):
    """CenterNet's loss: cells near a centre are forgiven."""
    p = heat.float().sigmoid().clamp(1e-5, 1 - 1e-5)
    centre = (target == 1).float()
    loss = centre * (1 - p) ** 2 * p.log() + (1 - centre) * (1 - target) ** 4 * p**2 * (1 - p).log()
    return -loss.sum() / centre.sum().clamp(min=1)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--atlas", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--vae", default="")
    args.add_argument("--resume", default="")
    args.add_argument("--seconds", type=float, default=380)
    args.add_argument("--batch", type=int, default=128)
    args.add_argument("--lr", type=float, default=2e-3)
    args.add_argument("--workers", type=int, default=6)
    args = args.parse_args()
    device, _, _ = start()
    model = Judge().to(device, memory_format=torch.channels_last)
    if args.resume:
        model.load_state_dict(load(args.resume)["ema"])
    average = Average(model, 0.999)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr, weight_decay=0.02)
    renderer, passage = Renderer(args.atlas, device), Passage(args.vae, device)
    batches = loader(args.workers, batch=args.batch, seed=23 + len(args.resume))
    clock = Clock(args.seconds, device, 1)
    paper = torch.tensor([name in ("ink", "sketch") for name in STYLE_IDS], device=device)
    while clock.running():
        objects, labels, height, width = next(batches)
        picture, _ = renderer(objects, labels, height, width)
        picture = picture.contiguous(memory_format=torch.channels_last)
        half = len(picture) // 2
        picture[:half] = passage(picture[:half])
        if clock.step % 2:  # neighbouring colours and a little noise: a generated picture is never exact
            picture = picture * (1 + 0.1 * torch.randn(len(picture), 3, 1, 1, device=device)) + 0.03 * torch.randn_like(picture)
        labels = labels.to(device)
        with torch.autocast(device.type, torch.bfloat16):
            heat, background, style = model(picture)
        told = ~paper[labels[:, 1]]
        loss = focal(heat, targets(objects, height, width, device))
        loss = loss + 0.5 * F.cross_entropy(background.float()[told], labels[told, 0]) + 0.5 * F.cross_entropy(style.float(), labels[:, 1])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(200, 0.4)
        optimizer.step()
        average.update()
        if clock.step % 300 == 0:
            print(f"judge {clock.seconds_gone():.0f}s step {clock.step} loss {loss.item():.4f}", flush=True)
    save(args.out, {"ema": average.weights, "step": clock.step})
    print(f"judge: {clock.step} steps", flush=True)


if __name__ == "__main__":
    main()
