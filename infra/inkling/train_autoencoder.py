"""Autoencoder: python train_autoencoder.py --atlas A --out vae.pt --seconds 380

Crops around the objects first, whole pictures for the last quarter. Everything else rests on this: below 30 dB the
transformer learns no recognisable object.

`--decoder FROM` trains the decoder of a checkpoint or an exported folder further. The encoder stands still, and with it the
latents that all transformers know."""
import argparse
import math

import torch
import torch.nn.functional as F

import config
from autoencoder import Autoencoder
from checkpoints import read
from common import Average, Clock, save, start
from data import loader
from render import Renderer
from world import STYLE_IDS

PIXEL = STYLE_IDS.index("pixel")


def detail_loss(output, picture, mask):
    """L1, L1 of the gradients and of a four times smaller picture; objects weigh four times."""
    weight = 1 + 3 * mask
    total = weight.mean()
    error = (output - picture).abs()
    loss = (error * weight).mean() / total
    loss = loss + (F.avg_pool2d(output, 4) - F.avg_pool2d(picture, 4)).abs().mean()
    difference = output - picture
    loss = loss + 2 * ((difference[..., 1:] - difference[..., :-1]).abs() * weight[..., 1:]).mean() / total
    return loss + 2 * ((difference[..., 1:, :] - difference[..., :-1, :]).abs() * weight[..., 1:, :]).mean() / total


def decibels_loss(output, picture):
    """The mean over pictures of the logarithm of the squared error, which is what `psnr` reads: the smooth ones count as well."""
    return (output - picture).square().mean((1, 2, 3)).clamp(min=1e-6).log().mean()


def blocks_loss(output, pixelated):
    """Pixel art (`pixelated`: n of 0 or 1) is of one colour in each square of 4×4: what differs inside of one."""
    mean = F.interpolate(F.avg_pool2d(output, 4), scale_factor=4.0)
    return ((output - mean).abs().mean((1, 2, 3)) * pixelated).sum() / pixelated.sum().clamp(min=1)


def crops(picture, mask, size, step=1):
    """One random square of each picture, near its objects, at a multiple of `step`."""
    n, _, height, width = picture.shape
    device = picture.device
    heat = F.avg_pool2d(mask, 16).flatten(1) + 0.02
    cell = torch.multinomial(heat, 1)[:, 0]
    columns = width // 16
    y = ((cell // columns) * 16 + torch.randint(-size // 2, 17, (n,), device=device) - size // 4).clamp(0, height - size)
    x = ((cell % columns) * 16 + torch.randint(-size // 2, 17, (n,), device=device) - size // 4).clamp(0, width - size)
    y, x = y // step * step, x // step * step
    rows = (y[:, None] + torch.arange(size, device=device))[:, None, :, None]
    cols = (x[:, None] + torch.arange(size, device=device))[:, None, None, :]
    index = torch.arange(n, device=device)[:, None, None, None]
    pick = lambda t: t[index, torch.arange(t.shape[1], device=device)[None, :, None, None], rows, cols]
    return pick(picture), pick(mask)


@torch.no_grad()
def psnr(model, renderer, batches, count=8):
    error = n = 0
    for _ in range(count):
        picture, _ = renderer(*next(batches)[:4])
        output = model.decode(model.encode(picture)).clamp(-1, 1)
        error += ((output - picture) / 2).square().mean((1, 2, 3)).clamp(min=1e-7).log10().sum().item()
        n += len(picture)
    return -10 * error / n


@torch.no_grad()
def calibrate(model, renderer, batches):
    """The shift and scale that give the latents mean 0 and deviation 1: these go into config.json."""
    means = torch.cat([model.moments(renderer(*next(batches)[:4])[0])[0].flatten() for _ in range(4)])
    return {**config.VAE, "shift_factor": round(means.mean().item(), 4), "scaling_factor": round(1 / means.std().item(), 4)}


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--atlas", required=True)
    args.add_argument("--out", required=True)
    args.add_argument("--decoder", default="", help="train only the decoder, starting from these weights")
    args.add_argument("--seconds", type=float, default=380)
    args.add_argument("--batch", type=int, default=128)
    args.add_argument("--lr", type=float, default=2e-3)
    args.add_argument("--workers", type=int, default=6)
    args.add_argument("--seed", type=int, default=0, help="another one for scenes that an earlier run has not seen")
    args = args.parse_args()
    device, _, world = start()
    assert world == 1
    cuda = device.type == "cuda"
    model = Autoencoder(config.VAE).to(device, memory_format=torch.channels_last)
    calibrated = None
    if args.decoder:
        calibrated, weights = read("vae", args.decoder)
        model.load_state_dict(weights)
        model.encoder.requires_grad_(False)
    average = Average(model, 0.999)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], args.lr, betas=(0.9, 0.99), weight_decay=0.01, fused=cuda)
    renderer = Renderer(args.atlas, device)
    batches = loader(args.workers, batch=args.batch, seed=(12 if args.decoder else 11) + args.seed, shapes=(256, 256), restyled=0.3)
    test = loader(0, batch=16, seed=7)

    def loss_of(picture, mask):
        with torch.autocast(device.type, torch.bfloat16):
            mean, logvar = model.moments(picture)
            z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
            output = model.decoder(z)
        mean, logvar = mean.float(), logvar.float()
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        return detail_loss(output.float(), picture, mask) + 1e-4 * kl

    def decoder_loss(picture, mask, pixelated):
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                mean, logvar = model.moments(picture)
            # Half of the noise of its own training: what a transformer draws is never exact.
            z = mean + 0.5 * torch.randn_like(mean) * (0.5 * logvar).exp()
            output = model.decoder(z).float()
        return detail_loss(output, picture, mask) + 0.1 * decibels_loss(output, picture) + 3 * blocks_loss(output, pixelated)

    chosen = decoder_loss if args.decoder else loss_of
    compiled = torch.compile(chosen, dynamic=False) if cuda else chosen
    clock, saved = Clock(args.seconds, device, 1), 0
    while clock.running():
        objects, labels, height, width = next(batches)[:4]
        if args.decoder:  # every third plain picture as pixel art, which is hardest
            labels[:, 1] = torch.where((labels[:, 1] == 0) & (torch.rand(len(labels)) < 0.35), PIXEL, labels[:, 1])
        pixelated = (labels[:, 1] == PIXEL).float().to(device)
        picture, mask = renderer(objects, labels, height, width)
        if clock.progress < (0.5 if args.decoder else 0.75):
            picture, mask = crops(picture, mask, 128, 8 if args.decoder else 1)
        else:
            picture, mask, pixelated = (v[: args.batch // 4] for v in (picture, mask, pixelated))
        picture = picture.contiguous(memory_format=torch.channels_last)
        loss = compiled(picture, mask, pixelated) if args.decoder else compiled(picture, mask)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(200, 0.3)
        optimizer.step()
        average.update()
        if clock.step % 500 == 0:
            print(f"autoencoder {clock.seconds_gone():.0f}s step {clock.step} loss {loss.item():.4f}", flush=True)
            assert math.isfinite(loss.item())
        if clock.seconds_gone() - saved > 60:
            saved = clock.seconds_gone()
            save(args.out, {"ema": average.weights, "config": calibrated or config.VAE, "step": clock.step})
    final = Autoencoder(config.VAE).to(device)
    final.load_state_dict(average.weights)
    calibrated = calibrated or calibrate(final, renderer, test)
    save(args.out, {"ema": average.weights, "config": calibrated, "step": clock.step})
    final.config = calibrated
    print(f"autoencoder: {clock.step} steps, {psnr(final, renderer, test):.2f} dB on whole pictures of all sizes, "
          f"shift {calibrated['shift_factor']}, scale {calibrated['scaling_factor']}", flush=True)


if __name__ == "__main__":
    main()
