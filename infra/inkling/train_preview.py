"""Preview autoencoder: python train_preview.py --atlas A --vae vae.pt --out preview.pt --seconds 70

The decoder learns pictures from Inkling's latents, the encoder learns those latents."""
import argparse

import torch

import config
from checkpoints import read
from common import Average, Clock, save, start
from data import loader
from preview import Preview
from render import Renderer
from train_autoencoder import crops, detail_loss
from train_base import encoder_of


def main():
    args = argparse.ArgumentParser()
    for name in ("atlas", "vae", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--seconds", type=float, default=70)
    args.add_argument("--batch", type=int, default=64)
    args.add_argument("--workers", type=int, default=4)
    args.add_argument("--crop", type=int, default=128)
    args.add_argument("--lr", type=float, default=2e-3)
    args.add_argument("--resume", default="", help="start from these averages and train the decoder alone")
    args = args.parse_args()
    device, _, _ = start()
    model = Preview(config.PREVIEW).to(device, memory_format=torch.channels_last)
    if args.resume:
        model.load_state_dict(read("preview", args.resume)[1])
    average, renderer, encode = Average(model, 0.998), Renderer(args.atlas, device), encoder_of(args.vae, device)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr, weight_decay=0.0)
    batches = loader(args.workers, batch=args.batch, seed=401, shapes=(256, 256))
    clock = Clock(args.seconds, device, 1)
    while clock.running():
        picture, mask = renderer(*next(batches)[:4])
        picture, mask = crops(picture, mask, args.crop)
        latents = encode(picture)
        # While the steps run, the estimate of the picture is blurred and noisy: the decoder sees some of that.
        noisy = latents + 0.15 * torch.rand(len(latents), 1, 1, 1, device=device) * torch.randn_like(latents)
        with torch.autocast(device.type, torch.bfloat16):
            loss = detail_loss(model.decode(noisy).float(), picture, mask)
            if not args.resume:
                loss = loss + 0.5 * (model.encode(picture).float() - latents).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(100, 0.4)
        optimizer.step()
        average.update()
    save(args.out, {"ema": average.weights, "step": clock.step})
    final = Preview(config.PREVIEW).to(device)
    final.load_state_dict(average.weights)
    picture, _ = renderer(*next(batches)[:4])
    with torch.no_grad():
        output = final.decode(encode(picture)).clamp(-1, 1)
    error = ((output - picture) / 2).square().mean((1, 2, 3)).log10().mean().item()
    print(f"preview: {clock.step} steps, {-10 * error:.2f} dB", flush=True)


if __name__ == "__main__":
    main()
