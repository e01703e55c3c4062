"""Draws scenes on the device: background, sprites by affine sampling, style filter. The object mask comes for free."""
import math
import random

import numpy as np
import torch
import torch.nn.functional as F

from backgrounds import FUNCTIONS
from filters import FILTERS, gray
from scenes import MAX_OBJECTS, layout
from signs import LETTERS, Painter
from world import BACKGROUNDS, COLOURS, NOUNS, STYLE_IDS, TINTS

COLUMNS = 8 + LETTERS  # of an object: noun (-1: none), x, y, size in pixels, angle, tint; a sign's follow (`signs.py`)


def numbers(rows, slots):
    """Lists of objects as one array (n, slots, COLUMNS)."""
    objects = np.full((len(rows), slots, COLUMNS), -1, np.float32)
    for i, placed in enumerate(rows):
        for j, row in enumerate(placed):
            objects[i, j, : len(row)] = row
    return torch.from_numpy(objects)


def pack(scenes, rng: random.Random, height, width):
    """Many scenes: objects (n, 3, COLUMNS); background and style (n, 2)."""
    objects = numbers([layout(scene, rng, height, width) for scene in scenes], MAX_OBJECTS)
    return objects, torch.tensor([[s.background, s.style] for s in scenes])


class Renderer:
    def __init__(self, atlas, device):
        data = np.load(atlas)
        levels = lambda name: sorted(((int(k[len(name) :]), torch.from_numpy(data[k]).to(device)) for k in data.files if k.startswith(name)),
                                     key=lambda p: -p[0])
        self.levels, self.signs, self.device = levels("level"), Painter(levels("glyphs"), device), device
        self.colours = torch.tensor([c[0] for c in COLOURS.values()], device=device).float() / 255
        self.tints = self.colours[[list(COLOURS).index(t) for t in TINTS]]
        self.landscapes = len(BACKGROUNDS) - len(COLOURS)

    @torch.no_grad()
    def __call__(self, objects, labels, height, width, randomness=None):
        """Pictures (n, 3, h, w) in [-1, 1] and the mask (n, 1, h, w) of the objects. `randomness`: of the backgrounds, as from
        `randomness`; the same numbers give the same picture."""
        objects, labels = objects.to(self.device), labels.to(self.device)
        picture = self.background(labels[:, 0], height, width, self.randomness(len(labels)) if randomness is None else randomness)
        mask = torch.zeros_like(picture[:, :1])
        for slot in range(objects.shape[1]):
            self.draw(picture, mask, objects[:, slot])
            self.signs(picture, mask, objects[:, slot])
        picture = self.style(picture.clamp_(0, 1), labels[:, 1])
        return picture * 2 - 1, mask

    @torch.no_grad()
    def pair(self, source_objects, source_labels, target_objects, target_labels, height, width, randomness=None):
        """Source and target (n, 3, h, w), alike but for what differs in their numbers, and a mask (n, 1, h, w): what changes
        weighs one, objects that stay a third."""
        randomness = self.randomness(len(source_labels)) if randomness is None else randomness
        source, before = self(source_objects, source_labels, height, width, randomness)
        target, after = self(target_objects, target_labels, height, width, randomness)
        changed = ((source - target).abs().amax(1, keepdim=True) * 6).clamp(max=1)
        return source, target, torch.maximum(F.max_pool2d(changed, 5, 1, 2), torch.maximum(before, after) / 3)

    def randomness(self, n, generator=None):
        return torch.rand(n, 16, 1, 1, generator=generator, device=generator.device if generator else self.device).to(self.device)

    def background(self, labels, height, width, random_numbers):
        n = len(labels)
        picture = torch.empty(n, 3, height, width, device=self.device)
        y = ((torch.arange(height, device=self.device) + 0.5) / height).view(1, 1, -1, 1)
        x = ((torch.arange(width, device=self.device) + 0.5) / height).view(1, 1, 1, -1)
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
        noun, x, y, size, angle, paint = objects[:, :6].unbind(1)
        limit = 1e9
        for i, (pixels, sprites) in enumerate(self.levels):
            least = 0 if i == len(self.levels) - 1 else 0.85 * self.levels[i + 1][0] * 1.2
            rows = ((noun >= 0) & (noun < len(NOUNS)) & (size >= least) & (size < limit)).nonzero()[:, 0]
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
            tinted = (paint[rows] >= 0).nonzero()[:, 0]
            if len(tinted):  # brightness stays, the colour is new
                bright = (0.3 * alpha[tinted] + 0.8 * gray(layer[tinted, :3])).minimum(alpha[tinted])
                layer[tinted, :3] = bright * self.tints[paint[rows][tinted].long()][:, :, None, None]
            picture[rows] = picture[rows] * (1 - alpha) + layer[:, :3]
            mask[rows] = torch.maximum(mask[rows], alpha)

    def style(self, picture, labels):
        for k, name in enumerate(STYLE_IDS):
            rows = (labels == k).nonzero()[:, 0]
            if name != "plain" and len(rows):
                picture[rows] = FILTERS[name](picture[rows])
        return picture

