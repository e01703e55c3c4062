"""The judge: a small fully convolutional network. It never sees a prompt.

`forward` (training) gives raw heat, background and style; `Reader` is what is exported: peaks only, and probabilities."""
import torch
import torch.nn.functional as F
from torch import nn

from world import BACKGROUNDS, NOUNS, STYLE_IDS

STRIDE = 16


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


class Judge(nn.Module):
    def __init__(self, width=192, blocks=7):
        super().__init__()
        self.trunk = nn.Sequential(*down(3, 32), *down(32, 64), Residual(64, 48), *down(64, 112), Residual(112, 80),
                                   Residual(112, 80), *down(112, width), *[Residual(width, 96) for _ in range(blocks)])
        self.heat = nn.Conv2d(width, len(NOUNS), 1)
        self.scene = nn.Linear(2 * width, len(BACKGROUNDS) + len(STYLE_IDS))
        nn.init.constant_(self.heat.bias, -4.6)

    def forward(self, picture):
        x = self.trunk(picture)
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        background, style = self.scene(pooled).split([len(BACKGROUNDS), len(STYLE_IDS)], 1)
        return self.heat(x), background, style


class Reader(nn.Module):
    """objects (n, nouns, h/16, w/16): the score of an object's centre where it is the highest of all nouns within two cells
    each way, 0 elsewhere; background (n, 26) and style (n, 5): probabilities."""

    def __init__(self, judge):
        super().__init__()
        self.judge = judge

    def forward(self, picture):
        heat, background, style = self.judge(picture)
        score = heat.sigmoid()
        top = score.amax(1, keepdim=True)
        peak = (top >= F.max_pool2d(top, 5, stride=1, padding=2)).to(score.dtype)
        return score * peak * (score >= top).to(score.dtype), background.softmax(1), style.softmax(1)


def targets(objects, height, width, device):
    """Gaussian bumps on the centres (n, nouns, h/16, w/16) and ones exactly in the centre cells."""
    n, rows, cols = len(objects), height // STRIDE, width // STRIDE
    heat = torch.zeros(n, len(NOUNS), rows, cols, device=device)
    yy, xx = torch.arange(rows, device=device)[:, None], torch.arange(cols, device=device)
    for slot in range(objects.shape[1]):
        noun, x, y = objects[:, slot, 0].to(device), objects[:, slot, 1].to(device), objects[:, slot, 2].to(device)
        keep = (noun >= 0).nonzero()[:, 0]
        cx = (x[keep] * cols).floor().clamp(0, cols - 1)[:, None, None]
        cy = (y[keep] * rows).floor().clamp(0, rows - 1)[:, None, None]
        bump = torch.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / (2 * 0.9**2))
        index = noun[keep].long()
        heat[keep, index] = torch.maximum(heat[keep, index], bump)
    return heat
