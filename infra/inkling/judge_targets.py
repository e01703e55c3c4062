"""What the judge should see in scenes, from their numbers."""
from typing import NamedTuple

import torch

from judge_model import LETTER_STRIDE, STRIDE, bumps
from signs import GLYPHS, HANZI, LETTER_WIDTH
from world import NOUNS


class Targets(NamedTuple):
    objects: torch.Tensor  # (n, nouns, h, w)
    glyphs: torch.Tensor  # (n, letters, 2h, 2w)
    size: torch.Tensor  # (n, h, w), parts of the shorter side
    tint: torch.Tensor  # (n, h, w), 0: its own colours
    told: torch.Tensor  # (n, h, w): the cells around an object's centre, where size and tint are asked


def targets(objects, height, width):
    """objects (n, slots, columns) of scenes, on the device of the judge."""
    noun = torch.where(objects[..., 0] < len(NOUNS), objects[..., 0], -1.0)
    x, y = objects[..., 1], objects[..., 2]
    rows, cols = height // STRIDE, width // STRIDE
    yy = (torch.arange(rows, device=objects.device) + 0.5)[:, None] / rows
    xx = (torch.arange(cols, device=objects.device) + 0.5) / cols
    wide = lambda v: v[..., None, None]
    side = min(height, width)
    distance = ((xx - wide(x)) * width).square() + ((yy - wide(y)) * height).square()  # (n, slots, h, w)
    distance = torch.where(wide(noun >= 0), distance, 1e9)
    nearest = distance.argmin(1, keepdim=True)
    of = lambda v: wide(v).expand_as(distance).gather(1, nearest)[:, 0]
    told = distance.amin(1) < (1.2 * STRIDE) ** 2
    letter, lx, ly = letters(objects, height, width)
    return Targets(bumps(len(NOUNS), noun, x, y, rows, cols, 0.9),
                   bumps(len(GLYPHS), letter, lx, ly, height // LETTER_STRIDE, width // LETTER_STRIDE, 1.0),
                   of(objects[..., 3]) / side, (of(objects[..., 5]) + 1).long(), told)


def letters(objects, height, width):
    """Letters of the signs and their centres, (n, letters) each; -1 where there is none. A scene has at most one sign."""
    sign = (objects[..., 0] >= len(NOUNS)).float()
    o = (objects * sign[..., None]).sum(1) - (1 - sign.amax(1, keepdim=True))  # all -1 without a sign
    letter = o[:, 8:]
    count = (letter >= 0).sum(1, keepdim=True)
    step = torch.where(letter[:, :1] >= len(HANZI), LETTER_WIDTH, 1.0)
    along = (torch.arange(letter.shape[1], device=o.device) - (count - 1) / 2) * step * o[:, 3:4]
    vertical = o[:, 6:7] > 0
    angle = o[:, 4:5] * torch.pi / 180
    dx = torch.where(vertical, -angle.sin(), angle.cos()) * along
    dy = torch.where(vertical, angle.cos(), angle.sin()) * along
    return letter, o[:, 1:2] + dx / width, o[:, 2:3] + dy / height
