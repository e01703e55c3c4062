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


def mono(p):
    return ((gray(p) - 0.5) * 1.15 + 0.5).clamp(0, 1).expand_as(p)


def sepia(p):
    return (0.1 + 0.88 * gray(p)) * colour(p, 1.0, 0.88, 0.7)


def saturated(p, by):
    return (gray(p) + (p - gray(p)) * by).clamp(0, 1)


def watercolor(p):
    """Soft and light, darker along the edges, on a rough paper."""
    soft = blur(saturated(p, 1.25), 2)
    rows, cols = (torch.arange(n, device=p.device).float() for n in p.shape[2:])
    paper = 0.012 * (torch.sin(rows * 0.9)[:, None] * torch.sin(cols * 1.1) + torch.sin(rows[:, None] * 0.31 + cols * 0.37))
    edge = (gray(blur(p, 1)) - gray(blur(p, 4))).abs()
    return (0.32 + 0.68 * soft - 0.7 * edge + paper).clamp(0, 1)


def neon(p):
    """Bright edges in their colours on a dark ground."""
    edge = (p - blur(p, 2)).abs().amax(1, keepdim=True) * 4
    glow = blur(edge, 3)
    hue = saturated(p, 2.2) * 0.85 + 0.15
    return (colour(p, 0.05, 0.02, 0.12) + p * 0.1 + hue * (edge + 0.8 * glow).clamp(0, 1)).clamp(0, 1)


def comic(p):
    """Few strong colours with black outlines."""
    few = (saturated(p, 1.5) * 3.999).floor() / 3
    edge = ((gray(blur(p, 1)) - gray(blur(p, 3))).abs() * 9 - 0.35).clamp(0, 1)
    return (0.55 * few + 0.45 * saturated(p, 1.5)) * (1 - edge)


FILTERS = {"ink": ink, "pixel": pixel, "sketch": sketch, "night": night, "blueprint": blueprint,
           "watercolor": watercolor, "sepia": sepia, "mono": mono, "neon": neon, "comic": comic}
