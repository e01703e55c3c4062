"""Styles: filters of pictures (n, 3, h, w) in [0, 1]."""
import torch
import torch.nn.functional as F


def gray(p):
    return p[:, :1] * 0.3 + p[:, 1:2] * 0.59 + p[:, 2:] * 0.11


def blur(p, radius):
    k = 2 * radius + 1
    return F.avg_pool2d(F.pad(p, (radius,) * 4, mode="replicate"), k, 1)


def colour(p, *rgb):
    return torch.tensor(rgb, device=p.device).view(1, 3, 1, 1)


def ink(p):
    g = gray(p)
    tone = blur(g, 2) * 1.1 - 2.2 * (g - blur(g, 3)).abs()
    return tone.clamp(0.06, 1) * colour(p, 0.97, 0.945, 0.89)


def pixel(p):
    k = min(p.shape[2:]) // 64
    return F.interpolate(F.avg_pool2d(p, k), scale_factor=float(k))


def sketch(p):
    g = gray(p)
    lines = (g + 0.05) / (blur(blur(g, 4), 4) + 0.05)
    return (lines.clamp(0, 1) ** 1.6 * (0.75 + 0.25 * g)).clamp(0, 1) * colour(p, 0.985, 0.985, 0.985)


def night(p):
    return p * colour(p, 0.34, 0.38, 0.62)


def blueprint(p):
    """Pale lines on deep blue squared paper."""
    g = gray(p)
    lines = ((g - blur(g, 2)).abs() * 7 + 0.10 * (g - 0.5)).clamp(-0.06, 0.95)
    squares = lambda n: torch.arange(n, device=p.device) % 32 == 0
    paper = 0.14 * (squares(p.shape[2])[:, None] | squares(p.shape[3])).float()
    base = colour(p, 0.07, 0.24, 0.58)
    return (base + lines.maximum(paper) * (1 - base)).clamp(0, 1)


FILTERS = {"ink": ink, "pixel": pixel, "sketch": sketch, "night": night, "blueprint": blueprint}
