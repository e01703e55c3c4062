"""Edits: two scenes that differ in one thing, as objects in their places: python edits.py ATLAS --sheet OUT.png draws some."""
import argparse
import random
import zlib
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch.utils.data import IterableDataset

from data import LONG, SHARES, endless, fits
from instructions import instruction, training_instruction
from omni import SEGMENTS
from render import Renderer, numbers
from rope import PAD, id_batch
from scenes import SHAPES, any_background, draw_scene, layout, object_row, place
from sheets import save_sheet
from world import COLOURLESS, DRAWN, LANDSCAPES, NO_LANDSCAPE, NOUNS, ON_PAPER, POSITIONS, RELATIONS, SIZES, STYLE_IDS, TINTS, WHITE

KINDS = ["replace", "add", "remove", "recolour", "resize", "move", "background", "style"]
PRACTICE = [2, 2, 2, 4, 5, 3, 3, 2]  # of KINDS in training: small changes of size and colour are the hardest
SLOTS = 4


class Side(NamedTuple):
    objects: list  # rows as in scenes.layout
    background: int
    style: int


class Edit(NamedTuple):
    kind: str
    source: Side
    target: Side
    changed: int  # index in the source (add: in the target) of the object that changes; -1: none
    told: tuple  # what the instruction names beside it: a noun, a tint, bigger or not, a position, (relation, noun), a background, a style

    @property
    def held_out(self):
        """One combination in twenty of what is there, what is done and where to never appears in training."""
        nouns = tuple(int(o[0]) for o in self.source.objects)
        return zlib.crc32(repr((self.kind, nouns, self.changed, self.told, self.source.background)).encode()) % 20 == 0

    @property
    def noun(self):
        """The one that the instruction names."""
        return (self.target if self.kind == "add" else self.source).objects[self.changed][0]


def draw_edit(rng: random.Random, height, width, kind=None, held_out=False):
    kind = kind or rng.choice(KINDS)
    while True:
        edit = MAKERS[kind](rng, height, width)
        if edit and edit.held_out == held_out:
            return edit


def draw_side(rng, height, width, kinds):
    """(scene, side) of a scene of distinct nouns."""
    scene = draw_scene(rng, tints=0.05, kinds=kinds)
    return scene, Side(layout(scene, rng, height, width), scene.background, scene.style)


ANY = {"single": 50, "pair": 38, "row": 8, "column": 4}


def another_noun(rng, objects):
    return rng.choice([n for n in range(len(NOUNS)) if n not in [o[0] for o in objects]])


def exchanged(side, i, row):
    return side._replace(objects=[row if k == i else o for k, o in enumerate(side.objects)])


def replace(rng, height, width):
    _, side = draw_side(rng, height, width, ANY)
    i, noun = rng.randrange(len(side.objects)), another_noun(rng, side.objects)
    return Edit("replace", side, exchanged(side, i, (noun, *side.objects[i][1:5], -1, 0)), i, (noun,))


def beside(rng, height, width):
    """(fewer, more, index of the object that only `more` has, where it is): a relation or a position."""
    if rng.random() < 0.5:
        scene, more = draw_side(rng, height, width, {"pair": 1})
        i = rng.randrange(2)
        dx, dy = RELATIONS[scene.relation]
        step = (dx, dy) if i == 0 else (-dx, -dy)
        where = (next(r for r, d in RELATIONS.items() if d == step), scene.nouns[1 - i])
    else:
        scene, side = draw_side(rng, height, width, {"single": 1})
        size = rng.uniform(0.28, 0.34)
        position = free_position(rng, side.objects, size, height, width)
        if not position:
            return None
        new = object_row(rng, another_noun(rng, side.objects), *place(position, size, height, width), size * min(height, width))
        more, i, where = side._replace(objects=[*side.objects, new]), 1, (position,)
    fewer = more._replace(objects=[o for k, o in enumerate(more.objects) if k != i])
    return fewer, more, i, where


def free_position(rng, objects, size, height, width):
    side, free = min(height, width), []
    for name in POSITIONS:
        x, y = place(name, size, height, width)
        if all(max(abs(x - o[1]) * width, abs(y - o[2]) * height) > 0.52 * (o[3] + size * side) + 0.03 * side for o in objects):
            free.append(name)
    return rng.choice(free) if free else None


def add(rng, height, width):
    made = beside(rng, height, width)
    return made and Edit("add", *made)


def remove(rng, height, width):
    if rng.random() < 0.3:  # the only one, or one of three
        _, more = draw_side(rng, height, width, {"single": 1, "row": 1, "column": 0.5})
        i = rng.randrange(len(more.objects))
        return Edit("remove", more, more._replace(objects=[o for k, o in enumerate(more.objects) if k != i]), i, ())
    made = beside(rng, height, width)
    return made and Edit("remove", made[1], made[0], made[2], ())


def recolour(rng, height, width):
    _, side = draw_side(rng, height, width, ANY)
    if STYLE_IDS[side.style] in COLOURLESS:
        return None
    i = rng.randrange(len(side.objects))
    tint = rng.choice([t for t in range(len(TINTS)) if t != side.objects[i][5]])
    return Edit("recolour", side, exchanged(side, i, (*side.objects[i][:5], tint, *side.objects[i][6:])), i, (tint,))


def resize(rng, height, width):
    scene, side = draw_side(rng, height, width, {"single": 3, "pair": 1})
    i, shorter = rng.randrange(len(side.objects)), min(height, width)
    noun, x, y, size, *rest = side.objects[i]
    if scene.kind == "single":
        now = list(SIZES).index(scene.size)
        new = rng.choice([s for k, s in enumerate(SIZES) if abs(k - now) == 1])
        bigger, new = SIZES[new] > SIZES[scene.size], size * SIZES[new] / SIZES[scene.size]
    else:
        bigger, new = False, size * rng.uniform(0.6, 0.66)
    margin = 0.54 * new
    x, y = (min(max(v, margin / n), 1 - margin / n) for v, n in ((x, width), (y, height)))
    return Edit("resize", side, exchanged(side, i, (noun, x, y, new, *rest)), i, (bigger,))


def move(rng, height, width):
    scene, side = draw_side(rng, height, width, {"single": 1})
    if scene.size == "large" and rng.random() < 0.5:  # its way is short
        return None
    noun, x, y, size, *rest = side.objects[0]
    position = rng.choice([p for p in POSITIONS if p != scene.position])
    x, y = (v + rng.uniform(-0.02, 0.02) for v in place(position, size / min(height, width), height, width))
    return Edit("move", side, exchanged(side, 0, (noun, x, y, size, *rest)), 0, (position,))


def background(rng, height, width):
    _, side = draw_side(rng, height, width, {**ANY, "count": 8})
    if STYLE_IDS[side.style] in NO_LANDSCAPE:
        return None
    new = any_background(rng, STYLE_IDS[side.style])
    return Edit("background", side, side._replace(background=new), -1, (new,)) if new != side.background else None


def style(rng, height, width):
    _, side = draw_side(rng, height, width, {**ANY, "count": 8})
    new = rng.choice(DRAWN[1:])
    if side.style or new in ("night", "sepia", "mono") and not 0 < side.background < len(LANDSCAPES):
        return None
    paper = WHITE if new in ON_PAPER else side.background
    return Edit("style", side, Side(side.objects, paper, STYLE_IDS.index(new)), -1, (STYLE_IDS.index(new),))


MAKERS = {"replace": replace, "add": add, "remove": remove, "recolour": recolour, "resize": resize, "move": move,
          "background": background, "style": style}


def pack_edits(edits):
    """source objects (n, 4, COLUMNS), source labels (n, 2), target objects, target labels."""
    out = []
    for side in ("source", "target"):
        sides = [getattr(e, side) for e in edits]
        out += [numbers([s.objects for s in sides], SLOTS), torch.tensor([[s.background, s.style] for s in sides])]
    return out


class Edits(IterableDataset):
    """Batches ((source objects, source labels, target objects, target labels, height, width, kinds), ids, lengths); ids (n, 32 or 64)
    is the middle segment of the omni prompt, all edits told once, then again up to `instructions` times."""

    def __init__(self, batch, seed, tokenizer, instructions=1, shapes=None):
        self.batch, self.seed, self.path, self.instructions, self.shapes = batch, seed, tokenizer, instructions, shapes

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        rng, tokenizer, index = random.Random(self.seed * 1013 + worker), Tokenizer.from_file(self.path), worker
        while True:
            common = random.Random(index + 7)
            height, width = self.shapes or common.choices(SHAPES, SHARES)[0]
            long = common.random() < LONG / 2
            edits = [draw_edit(rng, height, width, kind) for kind in rng.choices(KINDS, PRACTICE, k=self.batch)]
            kinds = torch.tensor([KINDS.index(e.kind) for e in edits])
            yield ((*pack_edits(edits), height, width, kinds), *self.instruct(tokenizer, edits * self.instructions, rng, long))
            index += workers

    def instruct(self, tokenizer, edits, rng, long):
        encode = lambda text: tokenizer.encode(SEGMENTS[1].format(text)).ids
        rows = [e.ids for e in tokenizer.encode_batch([SEGMENTS[1].format(training_instruction(e, rng, long)) for e in edits])]
        for i, edit in enumerate(edits):
            while not fits(len(rows[i]), long):
                rows[i] = encode(training_instruction(edit, rng, long))
        return id_batch(rows, 2 * PAD if long else PAD)


def edit_loader(workers, **options):
    return endless(Edits(**options), workers)


def render_pair(renderer, pair):
    """Source and target (n, 3, h, w) and the mask (n, 1, h, w) of a batch's first part."""
    return renderer.pair(*pair[:6])


def main():
    args = argparse.ArgumentParser()
    args.add_argument("atlas")
    args.add_argument("--sheet", required=True)
    args.add_argument("--seed", type=int, default=0)
    args = args.parse_args()
    rng, renderer, tiles = random.Random(args.seed), Renderer(args.atlas, "cpu"), []
    torch.manual_seed(args.seed)
    for kind in KINDS * 4:
        edit = draw_edit(rng, 256, 256, kind)
        source, target, mask = renderer.pair(*pack_edits([edit]), 256, 256)
        tiles.append((torch.cat([source[0], target[0]], 2), instruction(edit, rng)))
    save_sheet(args.sheet, tiles, columns=4)


if __name__ == "__main__":
    main()
