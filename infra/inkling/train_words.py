"""The text encoder alone, once more: python train_words.py --atlas A --base MODELS --tokenizer T --out text.pt --seconds 1800

Some wordings of a background come out as rare tokens, and Base misses them: the picture then has any background. Here every wording is drawn
alike, those whose backgrounds fit worst more often, and learned through the frozen transformer at the noise levels that decide a background.
What ordinary captions mean is kept as it was, so that the differences on Base (Turbo, Edit, LoRAs) stay right. Small enough for a CPU."""
import argparse
import random

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import nn

from checkpoints import restore
from common import Average, Clock, save, start
from data import loader, tokens
from flow import wide
from render import Renderer, pack
from rope import PAD
from wordings import Wordings


def background_error(out, target, mask):
    """The mean square error of each picture (n) outside its objects, which `mask` (n, 1, 8h, 8w) covers."""
    outside = 1 - F.avg_pool2d(mask, 8)
    return ((out - target).square() * outside).mean((1, 2, 3)) / outside.mean((1, 2, 3)).clamp(min=0.05)


def main():
    args = argparse.ArgumentParser()
    for name in ("atlas", "base", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--seconds", type=float, default=1800)
    args.add_argument("--batch", type=int, default=16, help="captions a step, of half as many pictures")
    args.add_argument("--ordinary", type=int, default=48, help="captions a step whose meaning is kept")
    args.add_argument("--keep", type=float, default=5.0, help="weight of that")
    args.add_argument("--lr", type=float, default=2e-4)
    args.add_argument("--sides", default="192,192,256", help="of pictures, in turn; of those that Base knows, or places come to mean others")
    args.add_argument("--seed", type=int, default=701)
    args = args.parse_args()
    device, *_ = start()
    tokenizer = Tokenizer.from_file(args.tokenizer + "/tokenizer.json")
    before, text = (restore("text", args.base, device) for _ in range(2))
    text.train().requires_grad_(True)
    transformer, vae, renderer = restore("transformer", args.base, device), restore("vae", args.base, device), Renderer(args.atlas, device)
    average = Average(text, 0.99)
    optimizer = torch.optim.AdamW(text.parameters(), args.lr, betas=(0.9, 0.98), weight_decay=0.0)
    ordinary = loader(0, batch=args.ordinary // 2, seed=args.seed, tokenizer=args.tokenizer + "/tokenizer.json", captions=2, shapes=(64, 64))
    rng, sides = random.Random(args.seed), [int(side) for side in args.sides.split(",")]
    wordings, clock, shown = Wordings(rng), Clock(args.seconds, device, 1), []
    while clock.running():
        # Each scene is told twice: to encode its picture takes as long as to learn from it.
        keys = wordings.draw(args.batch // 2)
        scenes = [wordings.scene(background) for _, background, *_ in keys]
        keys += [wordings.beside(key) for key in keys]
        captions = [wordings.caption(key, scene) for key, scene in zip(keys, scenes * 2)]
        ids, lengths = (v.to(device) for v in tokens(tokenizer, captions, 2 * PAD if clock.step % 4 == 0 else None))
        side = sides[clock.step % len(sides)]
        with torch.no_grad():
            picture, mask = renderer(*pack(scenes, rng, side, side), side, side)
            clean, mask = vae.encode(picture).repeat(2, 1, 1, 1), mask.repeat(2, 1, 1, 1)
            sigma = 0.85 + 0.15 * torch.rand(len(clean), device=device)
            noise = torch.randn_like(clean)
            x, target = clean + wide(sigma) * (noise - clean), clean - noise
            *_, kept_ids, kept_lengths = next(ordinary)
            meant = before(kept_ids)
        out = transformer(x, 1 - sigma, text(ids), lengths)
        errors = background_error(out.detach(), target, mask)
        for key, error in zip(keys, errors.tolist()):
            wordings.learn(key, error)
        real = (torch.arange(kept_ids.shape[1]) < kept_lengths[:, None])[..., None]
        kept = ((text(kept_ids) - meant).square() * real).sum() / real.sum() / meant.shape[-1] / meant[real[..., 0]].var()
        loss = F.mse_loss(out, target) + args.keep * kept
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(text.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(20, 0.4)
        optimizer.step()
        average.update()
        shown.append((errors.mean().item(), kept.item()))
        if clock.step % 20 == 0:
            worst = sorted(wordings.badness().items(), key=lambda item: -item[1])[:8]
            learned, kept = (sum(column) / len(column) for column in zip(*shown))
            print(f"words {clock.seconds_gone():.0f}s step {clock.step} error {learned:.4f} kept {kept:.5f}", *(f"{'^' * key[3]}{key[2]}/{key[0]} {bad:.2f}" for key, bad in worst), flush=True)
            shown.clear()
            save(args.out, {"text": average.weights, "step": clock.step})
    save(args.out, {"text": average.weights, "step": clock.step})


if __name__ == "__main__":
    main()
