"""Draws scenes on the device: background, sprites by affine sampling, style filter. The object mask comes for free."""
import math
import random

import numpy as np
import torch
import torch.nn.functional as F

from backgrounds import FUNCTIONS
from filters import FILTERS, gray
from scenes import layout
from signs import LETTERS, Painter
from world import BACKGROUNDS, COLOURS, NOUNS, PAINT, STYLE_IDS, TINTS

COLUMNS = 8 + LETTERS  # of an object: noun (-1: none), x, y, size in pixels, angle, tint, look; a sign's are others from there on (`signs.py`)


def numbers(rows, slots):
    """Lists of objects as one array (n, slots, COLUMNS)."""
    objects = np.full((len(rows), slots, COLUMNS), -1, np.float32)
    for i, placed in enumerate(rows):
        for j, row in enumerate(placed):
            objects[i, j, : len(row)] = row
    return torch.from_numpy(objects)


def pack(scenes, rng: random.Random, height, width):
    """Many scenes: objects (n, slots, COLUMNS); background and style (n, 2)."""
    rows = [layout(scene, rng, height, width) for scene in scenes]
    objects = numbers(rows, max(len(placed) for placed in rows))
    return objects, torch.tensor([[s.background, s.style] for s in scenes])


class Renderer:
    def __init__(self, atlas, device):
        data = np.load(atlas)
        levels = lambda name: sorted(((int(k[len(name) :]), torch.from_numpy(data[k]).to(device)) for k in data.files if k.startswith(name)),
                                     key=lambda p: -p[0])
        self.levels, self.signs, self.device = levels("level"), Painter(levels("glyphs"), device), device
        self.colours = torch.tensor([c[0] for c in COLOURS.values()], device=device).float() / 255
        self.tints = torch.tensor([PAINT.get(t, COLOURS[t][0]) for t in TINTS], device=device).float() / 255
        self.first = torch.tensor([0, *[len(n.looks) for n in NOUNS]]).cumsum(0)[:-1]  # of each noun's looks in the atlas
        self.looks = torch.tensor([len(n.looks) for n in NOUNS])
        self.landscapes = len(BACKGROUNDS) - len(COLOURS)

    @torch.no_grad()
    def __call__(self, objects, labels, height, width, randomness=None):
        """Pictures (n, 3, h, w) in [-1, 1] and the mask (n, 1, h, w) of the objects. `randomness`: of the backgrounds, as from
        `randomness`; the same numbers give the same picture."""
        # What is drawn where is sorted on the CPU: the device never waits for it.
        where, labels = objects.cpu(), labels.cpu()
        picture = self.background(labels[:, 0], height, width, self.randomness(len(labels)) if randomness is None else randomness)
        mask = torch.zeros_like(picture[:, :1])
        for slot in range(where.shape[1]):
            self.draw(picture, mask, where[:, slot])
            if (where[:, slot, 0] >= len(NOUNS)).any():
                self.signs(picture, mask, where[:, slot].to(self.device))
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

    def put(self, values):
        return values.to(self.device, non_blocking=True)

    def background(self, labels, height, width, random_numbers):
        n = len(labels)
        picture = torch.empty(n, 3, height, width, device=self.device)
        y = ((torch.arange(height, device=self.device) + 0.5) / height).view(1, 1, -1, 1)
        x = ((torch.arange(width, device=self.device) + 0.5) / height).view(1, 1, 1, -1)
        for k, function in enumerate(FUNCTIONS):
            rows = (labels == k).nonzero()[:, 0]
            if len(rows):
                rows = self.put(rows)
                picture[rows] = function(x, y, random_numbers[rows])
        rows = (labels >= self.landscapes).nonzero()[:, 0]
        if len(rows):
            colours = self.colours[self.put(labels[rows] - self.landscapes)]
            picture[self.put(rows)] = colours[:, :, None, None].expand(-1, -1, height, width)
        return picture * (0.97 + 0.06 * random_numbers[:, 15:])

    def draw(self, picture, mask, objects):
        """objects (n, columns) of one slot, on the CPU."""
        height, width = picture.shape[2:]
        noun, x, y, size, angle, paint, look = objects[:, :7].unbind(1)
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
            grid = F.affine_grid(self.put(theta), (len(rows), 4, height, width), align_corners=False)
            kind = noun[rows].long()
            kind = self.first[kind] + torch.minimum(look[rows].long().clamp(min=0), self.looks[kind] - 1)
            layer = F.grid_sample(sprites[self.put(kind)].float() / 255, grid, align_corners=False)
            alpha = layer[:, 3:]
            tinted = (paint[rows] >= 0).nonzero()[:, 0]
            if len(tinted):  # brightness stays, the colour is new
                tints, tinted = self.tints[self.put(paint[rows][tinted].long())], self.put(tinted)
                bright = (0.3 * alpha[tinted] + 0.8 * gray(layer[tinted, :3])).minimum(alpha[tinted])
                layer[tinted, :3] = bright * tints[:, :, None, None]
            rows = self.put(rows)
            picture[rows] = picture[rows] * (1 - alpha) + layer[:, :3]
            mask[rows] = torch.maximum(mask[rows], alpha)

    def style(self, picture, labels):
        for k, name in enumerate(STYLE_IDS):
            rows = (labels == k).nonzero()[:, 0]
            if name != "plain" and len(rows):
                rows = self.put(rows)
                picture[rows] = FILTERS[name](picture[rows])
        return picture

