"""A scene: the discrete parameters that a caption tells and a judge can verify, and the numbers that draw it."""
import random
import zlib
from typing import NamedTuple

from world import BACKGROUNDS, LANDSCAPES, NOUNS, POSITIONS, RELATIONS, SIZES, STYLE_IDS, WHITE

SHAPES = [(256, 256), (192, 192), (320, 320), (256, 384), (384, 256)]  # height, width
MAX_OBJECTS = 3


class Scene(NamedTuple):
    kind: str  # single, count, pair, row (left to right) or column (top to bottom)
    nouns: tuple  # indices, in the order in which the caption names them
    size: str
    position: str  # of a single object
    relation: str  # of a pair: nouns[0] is `relation` nouns[1]
    background: int
    style: int

    @property
    def held_out(self):
        """One scene in twenty never appears in training."""
        return zlib.crc32(repr(tuple(self)).encode()) % 20 == 0


def draw_scene(rng: random.Random, held_out=False):
    while True:
        scene = _draw(rng)
        if scene.held_out == held_out:
            return scene


def _draw(rng):
    kind = rng.choices(["single", "pair", "count", "row", "column"], [36, 38, 14, 8, 4])[0]
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
    style = rng.choices(STYLE_IDS, [72, 7, 7, 7, 7])[0]
    if style in ("ink", "sketch"):
        background = WHITE
    elif style == "night":  # a plain colour or a starry sky has no night of its own
        background = rng.randrange(1, len(LANDSCAPES))
    else:
        # landscapes are seen more often than colours: they are harder
        background = rng.choices(range(len(BACKGROUNDS)),
                                 [3] * len(LANDSCAPES) + [2] * (len(BACKGROUNDS) - len(LANDSCAPES)))[0]
    return Scene(kind, nouns, size, position, relation, background, STYLE_IDS.index(style))


def layout(scene: Scene, rng: random.Random, height, width):
    """Where the objects are drawn: a list of (noun, centre x, centre y, size, angle); the centre in parts of
    the picture, the size in pixels."""
    side = min(height, width)
    if scene.kind == "single":
        size = SIZES[scene.size]
        col, row = POSITIONS[scene.position]
        # The edge of the object stays inside, the centre clearly in its third.
        x, y = ((0.5 + (i - 1) * (0.5 - max(0.22, 0.54 * size * side / length)) for i, length in ((col, width), (row, height))))
        places = [(x, y)]
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
    objects = []
    for noun, (x, y) in zip(scene.nouns, places):
        jitter = rng.uniform(0.95, 1.05)
        objects.append((noun, x + rng.uniform(-0.02, 0.02), y + rng.uniform(-0.02, 0.02),
                        size * side * jitter, rng.uniform(-5, 5)))
    return objects
