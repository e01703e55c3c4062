"""A scene: the discrete parameters that a caption tells and a judge can verify, and the numbers that draw it."""
import random
import zlib
from typing import NamedTuple, Optional

from signs import Sign, draw_sign, extent, sign_row
from world import BACKGROUNDS, COLOURLESS, DRAWN, LANDSCAPES, NOUNS, ON_PAPER, POSITIONS, RELATIONS, SIZES, STYLE_IDS, TINTS, WHITE

SHAPES = [(256, 256), (192, 192), (320, 320), (256, 384), (384, 256)]  # height, width
MAX_OBJECTS = 3
KINDS = {"single": 36, "pair": 38, "count": 14, "row": 8, "column": 4}


class Scene(NamedTuple):
    kind: str  # single, count, pair, row (left to right) or column (top to bottom), sign
    nouns: tuple  # indices, in the order in which the caption names them; beside a sign one or none
    size: str
    position: str  # of a single object
    relation: str  # of a pair: nouns[0] is `relation` nouns[1]; the sign is `relation` nouns[0]
    background: int
    style: int
    tints: tuple = ()  # empty, or one for each noun: -1 is the object's own colours
    sign: Optional[Sign] = None

    @property
    def held_out(self):
        """One scene in twenty never appears in training."""
        told = tuple(self) if self.tints or self.sign else tuple(self)[:7]
        return zlib.crc32(repr(told).encode()) % 20 == 0


def draw_scene(rng: random.Random, held_out=False, signs=0.0, tints=0.0, kinds=KINDS):
    """`signs`: the share of scenes with lettering; `tints`: of single objects and pairs that are painted in a colour."""
    while True:
        scene = sign_scene(rng) if signs and rng.random() < signs else painted(rng, _draw(rng, kinds), tints)
        if scene.held_out == held_out:
            return scene


def _draw(rng, kinds):
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    size, position, relation = "medium", "center", ""
    if kind == "single":
        nouns = (rng.randrange(len(NOUNS)),)
        size = rng.choices(list(SIZES), [25, 45, 30])[0]
        if rng.random() < 0.75:
            position = rng.choice(list(POSITIONS))
    elif kind == "count":
        nouns = (rng.randrange(len(NOUNS)),) * rng.choice([2, 3])
    else:
        nouns = tuple(rng.sample(range(len(NOUNS)), 2 if kind == "pair" else 3))
        if kind == "pair":
            relation = rng.choice(list(RELATIONS))
    style = rng.choices(DRAWN, [72, 7, 7, 7, 7])[0]
    if style in ON_PAPER:
        background = WHITE
    elif style == "night":  # a plain colour or a starry sky has no night of its own
        background = rng.randrange(1, len(LANDSCAPES))
    else:
        background = any_background(rng)
    return Scene(kind, nouns, size, position, relation, background, STYLE_IDS.index(style))


def any_background(rng):
    """Landscapes are seen more often than colours: they are harder."""
    return rng.choices(range(len(BACKGROUNDS)), [3] * len(LANDSCAPES) + [2] * (len(BACKGROUNDS) - len(LANDSCAPES)))[0]


def painted(rng, scene, share):
    if not share or scene.kind not in ("single", "pair") or STYLE_IDS[scene.style] in COLOURLESS or rng.random() >= share:
        return scene
    tints = [-1] * len(scene.nouns)
    for i in rng.sample(range(len(tints)), rng.choice([1, len(tints)])):
        tints[i] = rng.randrange(len(TINTS))
    return scene._replace(tints=tuple(tints))


def sign_scene(rng):
    """A sign alone, or beside an object."""
    nouns, relation = (), ""
    if rng.random() < 0.35:
        nouns, relation = (rng.randrange(len(NOUNS)),), rng.choice(list(RELATIONS))
    return Scene("sign", nouns, "medium", "center", relation, any_background(rng), 0, sign=draw_sign(rng, relation))


def place(position, size, height, width):
    """The centre (x, y) of an object of `size` parts of the shorter side: its edge stays inside, the centre clearly in its third."""
    side, (col, row) = min(height, width), POSITIONS[position]
    return tuple(0.5 + (i - 1) * (0.5 - max(0.22, 0.54 * size * side / length)) for i, length in ((col, width), (row, height)))


def layout(scene: Scene, rng: random.Random, height, width):
    """Where the objects are drawn, a row each: (noun, centre x, centre y, size, angle, tint); the centre in parts of
    the picture, the size in pixels. A sign's row is longer (`signs.py`)."""
    side = min(height, width)
    if scene.sign:
        return sign_layout(scene, rng, height, width)
    if scene.kind == "single":
        size = SIZES[scene.size]
        places = [place(scene.position, size, height, width)]
    elif scene.kind == "pair":
        dx, dy = RELATIONS[scene.relation]
        wide = (width if dx else height) / side
        size = rng.uniform(0.38, 0.42) if wide == 1 else rng.uniform(0.42, 0.48)
        places = [(0.5 + 0.245 * dx, 0.5 + 0.245 * dy), (0.5 - 0.245 * dx, 0.5 - 0.245 * dy)]
    else:
        n = len(scene.nouns)
        vertical = scene.kind == "column"
        wide = (height if vertical else width) / side
        size = min(0.42, (0.38 if n == 2 else 0.285) * wide)
        step = 0.46 if n == 2 else 0.31
        places = [(0.5 + (i - (n - 1) / 2) * step, 0.5) for i in range(n)]
        if vertical:
            places = [(y, x) for x, y in places]
    tints = scene.tints or (-1,) * len(places)
    return [object_row(rng, noun, x, y, size * side, tint) for noun, (x, y), tint in zip(scene.nouns, places, tints)]


def object_row(rng, noun, x, y, size, tint=-1):
    jitter = rng.uniform(0.95, 1.05)
    return (noun, x + rng.uniform(-0.02, 0.02), y + rng.uniform(-0.02, 0.02), size * jitter, rng.uniform(-5, 5), tint)


def sign_layout(scene, rng, height, width):
    side, (wide, high) = min(height, width), extent(scene.sign)
    jitter = lambda: rng.uniform(-0.012, 0.012)
    if not scene.nouns:
        cell = min(0.92 * width / wide, 0.9 * height / high, 0.5 * side) * rng.uniform(0.88, 1)
        room = [max(0.0, 0.48 - cell * across / length / 2) for across, length in ((wide, width), (high, height))]
        x, y = (0.5 + rng.uniform(-1, 1) * min(0.1, r) for r in room)
        return [sign_row(scene.sign, x, y, cell, rng.uniform(-2, 2), pole=rng.random() < 0.3)]
    dx, dy = RELATIONS[scene.relation]
    length = width if dx else height
    cell = min(0.52 * length / (wide if dx else high), 0.92 * (height / high if dx else width / wide), 0.4 * side) * rng.uniform(0.92, 1)
    sign = (0.5 + 0.225 * dx + jitter(), 0.5 + 0.225 * dy + jitter())
    noun = object_row(rng, scene.nouns[0], 0.5 - 0.27 * dx, 0.5 - 0.27 * dy, rng.uniform(0.36, 0.4) * (1 if length == side else 1.15) * side)
    return [sign_row(scene.sign, *sign, cell, rng.uniform(-2, 2), pole=dy == 0 and rng.random() < 0.2), noun]
