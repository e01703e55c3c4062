"""The judge: a small fully convolutional network. It never sees a prompt.

`forward` (training) gives raw values; `Reader` is what is exported: peaks only, and probabilities."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from signs import GLYPHS
from world import BACKGROUNDS, NOUNS, STYLE_IDS, TINTS

STRIDE, LETTER_STRIDE = 16, 8


class Residual(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, padding=1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return F.relu(x + self.body(x))


def down(cin, cout):
    return [nn.Conv2d(cin, cout, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU()]


class Sight(NamedTuple):
    """What the judge sees in n pictures; h and w are the sides divided by 16."""

    objects: torch.Tensor  # (n, nouns, h, w)
    background: torch.Tensor  # (n, 26)
    style: torch.Tensor  # (n, 6)
    sizes: torch.Tensor  # (n, 1, h, w)
    tints: torch.Tensor  # (n, 9, h, w); the first is an object in its own colours
    glyphs: torch.Tensor  # (n, letters, 2h, 2w)


class Judge(nn.Module):
    def __init__(self, width=192, blocks=7, letters=96):
        super().__init__()
        self.trunk = nn.Sequential(*down(3, 32), *down(32, 64), Residual(64, 48), *down(64, 112), Residual(112, 80),
                                   Residual(112, 80), *down(112, width), *[Residual(width, 96) for _ in range(blocks)])
        self.heat = nn.Conv2d(width, len(NOUNS), 1)
        self.scene = nn.Linear(2 * width, len(BACKGROUNDS) + len(STYLE_IDS))
        self.size = nn.Conv2d(width, 1, 1)
        self.tint = nn.Conv2d(width, 1 + len(TINTS), 1)
        self.near, self.far = nn.Conv2d(112, letters, 1), nn.Conv2d(width, letters, 1)
        self.letters = nn.Sequential(Residual(letters, 64), Residual(letters, 64))
        self.glyph = nn.Conv2d(letters, len(GLYPHS), 1)
        nn.init.constant_(self.heat.bias, -4.6)
        nn.init.constant_(self.glyph.bias, -4.6)

    NEAR = 12  # layers of the trunk before its last stride

    def forward(self, picture):
        near = self.trunk[: self.NEAR](picture)
        x = self.trunk[self.NEAR :](near)
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        background, style = self.scene(pooled).split([len(BACKGROUNDS), len(STYLE_IDS)], 1)
        letters = self.letters(F.relu(self.near(near) + F.interpolate(self.far(x), scale_factor=2.0)))
        return Sight(self.heat(x), background, style, self.size(x), self.tint(x), self.glyph(letters))


def peaks(heat, reach):
    """The probability where it is the highest of all classes within `reach` cells each way, 0 elsewhere."""
    score = heat.sigmoid()
    top = score.amax(1, keepdim=True)
    peak = (top >= F.max_pool2d(top, 2 * reach + 1, stride=1, padding=reach)).to(score.dtype)
    return score * peak * (score >= top).to(score.dtype)


REACH, LETTER_REACH = 2, 1


class Reader(nn.Module):
    """A `Sight` of peaks of objects and letters, of sizes in parts of the shorter side, and of probabilities."""

    def __init__(self, judge):
        super().__init__()
        self.judge = judge

    def forward(self, picture):
        s = self.judge(picture)
        return Sight(peaks(s.objects, REACH), s.background.softmax(1), s.style.softmax(1), s.sizes.sigmoid(), s.tints.softmax(1),
                     peaks(s.glyphs, LETTER_REACH))


def bumps(classes, kind, x, y, rows, cols, spread):
    """kind, x, y (n, k): Gaussian bumps on the centres (n, classes, rows, cols), ones exactly in the centre cells; kind -1: none."""
    heat = torch.zeros(len(kind), classes, rows, cols, device=kind.device)
    yy, xx = torch.arange(rows, device=kind.device)[:, None], torch.arange(cols, device=kind.device)
    for i in range(kind.shape[1]):
        keep = (kind[:, i] >= 0).nonzero()[:, 0]
        cx = (x[keep, i] * cols).floor().clamp(0, cols - 1)[:, None, None]
        cy = (y[keep, i] * rows).floor().clamp(0, rows - 1)[:, None, None]
        bump = torch.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / (2 * spread**2))
        index = kind[keep, i].long()
        heat[keep, index] = torch.maximum(heat[keep, index], bump)
    return heat
