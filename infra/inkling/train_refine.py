"""The refiner: torchrun --nproc_per_node=GPUS train_refine.py --atlas A --vae V --base base.pt --tokenizer T --out refiner.pt --seconds 200

A low-rank difference of Base that takes a picture with a spoilt region to the true one. A refinement begins with the spoilt picture's latents b
under noise, x0 = (1 - s0) b + s0 n, and ought to end with the true ones, c: on the straight way between, at the noise s,
x = s/s0 x0 + (1 - s/s0) c and the model's output is (c - x0) / s0 (for b = c that is flow matching's own c - n). What noise covers less of
the picture keeps more of it; the model learns all strengths up to one half, with forwards spread over them as one likes."""
import random

import torch
import torch.nn.functional as F

from adapt import adapt, arguments
from data import loader
from filters import blur
from flow import SHIFT, weighted, wide
from render import Renderer
from train_base import WORDINGS, encoder_of

STRENGTHS = (0.04, 0.5)
WHOLE, SOUND = 0.15, 0.1  # pictures spoilt everywhere, and not at all


def shifted(raw):
    return SHIFT * raw / (1 + (SHIFT - 1) * raw)


def boxes(objects, height, width, device):
    """(n, 1, h, w): 1 in a box around one of the objects of each picture, for one in four around any place."""
    n = len(objects)
    objects = objects.to(device)
    slots = (objects[..., 0] >= 0).float() + 1e-6
    chosen = objects[torch.arange(n, device=device), slots.multinomial(1)[:, 0]]
    anywhere = (torch.rand(n, device=device) < 0.25) | (chosen[:, 0] < 0)
    side = min(height, width)
    x, y, size = (torch.where(anywhere, low + (high - low) * torch.rand(n, device=device), v)
                  for v, low, high in ((chosen[:, 1], 0.1, 0.9), (chosen[:, 2], 0.1, 0.9), (chosen[:, 3], 0.2 * side, 0.8 * side)))
    half = [size * (0.45 + 0.25 * torch.rand(n, device=device)) for _ in range(2)]
    inside = lambda length, centre, half: ((torch.arange(length, device=device) + 0.5)[None] - centre[:, None] * length).abs() < half[:, None]
    return (inside(height, y, half[1])[:, :, None] & inside(width, x, half[0])[:, None]).float()[:, None]


def spoilt(picture, rng):
    """Each picture (n, 3, h, w) blurred, more or less, or made small and large again."""
    n, _, height, width = picture.shape
    unit = min(height, width) / 256
    soft = [picture]
    for radius in (rng.uniform(1, 3), rng.uniform(3, 5), rng.uniform(3, 5), rng.uniform(4, 7)):
        radius = max(1, round(radius * unit))
        soft.append(blur(blur(blur(picture, radius), radius), radius))
    factor = rng.uniform(2, 6)
    small = F.interpolate(picture, (round(height / factor), round(width / factor)), mode="area")
    soft.append(F.interpolate(small, (height, width), mode=rng.choice(["bilinear", "bicubic"])).clamp(-1, 1))
    which = torch.randint(1, len(soft), (n,), device=picture.device)
    which = torch.where(torch.rand(n, device=picture.device) < SOUND, 0, which)
    return torch.stack(soft, 1)[torch.arange(n, device=picture.device), which]


def bridge(bad, good):
    """(x, noise level, how much there was at first, the output wanted) of latents (n, c, h, w)."""
    n, device = len(good), good.device
    strength = STRENGTHS[0] + (STRENGTHS[1] - STRENGTHS[0]) * torch.rand(n, device=device)
    left = torch.where(torch.rand(n, device=device) < 0.4, 1.0, 0.1 + 0.9 * torch.rand(n, device=device))
    first, now = shifted(strength), shifted(strength * left)
    begin = bad + wide(first) * (torch.randn_like(good) - bad)
    return good + wide(now / first) * (begin - good), now, first, (good - begin) / wide(first)


def main():
    args = arguments(__doc__, batch=128, rank=12)

    def lessons(student, text, device, seed):
        renderer, encode, rng = Renderer(args.atlas, device), encoder_of(args.vae, device), random.Random(801 + seed)
        batches = loader(args.workers, batch=args.batch // 2, seed=801 + seed, tokenizer=args.tokenizer + "/tokenizer.json", captions=2,
                         wordings=WORDINGS)

        def lesson():
            objects, labels, height, width, ids, lengths = next(batches)
            picture, _ = renderer(objects, labels, height, width)
            region = boxes(objects, height, width, device)
            region = torch.where((torch.rand(len(region), device=device) < WHOLE).view(-1, 1, 1, 1), 1.0, region)
            bad = picture + (spoilt(picture, rng) - picture) * region
            bad, good = encode(torch.cat([bad, picture])).chunk(2)
            bad, good, region = (v.repeat(2, 1, 1, 1) for v in (bad, good, region))
            x, now, first, wanted = bridge(bad, good)
            with torch.autocast(device.type, torch.bfloat16):
                with torch.no_grad():
                    caption = text(ids.to(device)), lengths.to(device)
                out = student(x, 1 - now, *caption)
            # Little noise makes large outputs: what counts is how far from the true latents they lead.
            return weighted((out.float() - wanted) * wide(first), region)

        return lesson

    adapt(args, "refiner", lessons, parts=("attention", "feed_forward"))


if __name__ == "__main__":
    main()
