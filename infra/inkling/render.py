"""Draws scenes on the device: background, sprites by affine sampling, style filter. The object mask comes for free."""
import math
import random

import numpy as np
import torch
import torch.nn.functional as F

from backgrounds import FUNCTIONS
from scenes import MAX_OBJECTS, layout
from world import BACKGROUNDS, COLOURS, STYLE_IDS


def pack(scenes, rng: random.Random, height, width):
    """The numbers of many scenes: objects (n, 3, 5) = noun (-1: none), x, y, size in pixels, angle; background and style (n, 2)."""
    objects = np.full((len(scenes), MAX_OBJECTS, 5), -1, np.float32)
    for i, scene in enumerate(scenes):
        placed = layout(scene, rng, height, width)
        objects[i, : len(placed)] = placed
    return torch.from_numpy(objects), torch.tensor([[s.background, s.style] for s in scenes])


class Renderer:
    def __init__(self, atlas, device):
        data = np.load(atlas)
        levels = sorted(((int(k[5:]), torch.from_numpy(data[k]).to(device)) for k in data.files), key=lambda p: -p[0])
        self.levels, self.device = levels, device
        self.colours = torch.tensor([c[0] for c in COLOURS.values()], device=device).float() / 255
        self.landscapes = len(BACKGROUNDS) - len(COLOURS)

    @torch.no_grad()
    def __call__(self, objects, labels, height, width):
        """Pictures (n, 3, h, w) in [-1, 1] and the mask (n, 1, h, w) of the objects."""
        objects, labels = objects.to(self.device), labels.to(self.device)
        picture = self.background(labels[:, 0], height, width)
        mask = torch.zeros_like(picture[:, :1])
        for slot in range(objects.shape[1]):
            self.draw(picture, mask, objects[:, slot])
        picture = self.style(picture.clamp_(0, 1), labels[:, 1])
        return picture * 2 - 1, mask

    def background(self, labels, height, width):
        n = len(labels)
        picture = torch.empty(n, 3, height, width, device=self.device)
        y = ((torch.arange(height, device=self.device) + 0.5) / height).view(1, 1, -1, 1)
        x = ((torch.arange(width, device=self.device) + 0.5) / height).view(1, 1, 1, -1)
        random_numbers = torch.rand(n, 16, 1, 1, device=self.device)
        for k, function in enumerate(FUNCTIONS):
            rows = (labels == k).nonzero()[:, 0]
            if len(rows):
                picture[rows] = function(x, y, random_numbers[rows])
        rows = (labels >= self.landscapes).nonzero()[:, 0]
        if len(rows):
            picture[rows] = self.colours[labels[rows] - self.landscapes][:, :, None, None].expand(-1, -1, height, width)
        return picture * (0.97 + 0.06 * random_numbers[:, 15:])

    def draw(self, picture, mask, objects):
        height, width = picture.shape[2:]
        noun, x, y, size, angle = objects.unbind(1)
        limit = 1e9
        for i, (pixels, sprites) in enumerate(self.levels):
            least = 0 if i == len(self.levels) - 1 else 0.85 * self.levels[i + 1][0] * 1.2
            rows = ((noun >= 0) & (size >= least) & (size < limit)).nonzero()[:, 0]
            limit = least
            if not len(rows):
                continue
            s, a = size[rows], angle[rows] * (math.pi / 180)
            c, d = a.cos(), a.sin()
            # output coordinates (-1..1 over the picture) to sprite coordinates (-1..1 over the sprite)
            sx, sy = width / s, height / s
            dx, dy = 2 * x[rows] - 1, 2 * y[rows] - 1
            theta = torch.stack([c * sx, d * sy, -(c * sx * dx + d * sy * dy),
                                 -d * sx, c * sy, d * sx * dx - c * sy * dy], 1).view(-1, 2, 3)
            grid = F.affine_grid(theta, (len(rows), 4, height, width), align_corners=False)
            layer = F.grid_sample(sprites[noun[rows].long()].float() / 255, grid, align_corners=False)
            alpha = layer[:, 3:]
            picture[rows] = picture[rows] * (1 - alpha) + layer[:, :3]
            mask[rows] = torch.maximum(mask[rows], alpha)

    def style(self, picture, labels):
        for k, name in enumerate(STYLE_IDS):
            rows = (labels == k).nonzero()[:, 0]
            if name != "plain" and len(rows):
                picture[rows] = globals()[name](picture[rows])
        return picture


def gray(p):
    return p[:, :1] * 0.3 + p[:, 1:2] * 0.59 + p[:, 2:] * 0.11


def blur(p, radius):
    k = 2 * radius + 1
    return F.avg_pool2d(F.pad(p, (radius,) * 4, mode="replicate"), k, 1)


def tint(p, *colour):
    return p * torch.tensor(colour, device=p.device).view(1, 3, 1, 1)


def ink(p):
    g = gray(p)
    tone = blur(g, 2) * 1.1 - 2.2 * (g - blur(g, 3)).abs()
    return tint(tone.clamp(0.06, 1), 0.97, 0.945, 0.89)


def pixel(p):
    k = min(p.shape[2:]) // 64
    return F.interpolate(F.avg_pool2d(p, k), scale_factor=float(k))


def sketch(p):
    g = gray(p)
    lines = (g + 0.05) / (blur(blur(g, 4), 4) + 0.05)
    return tint((lines.clamp(0, 1) ** 1.6 * (0.75 + 0.25 * g)).clamp(0, 1), 0.985, 0.985, 0.985)


def night(p):
    return tint(p, 0.34, 0.38, 0.62)
