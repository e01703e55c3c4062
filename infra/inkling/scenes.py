"""A scene: the discrete parameters that a caption tells and a judge can verify, and the numbers that draw it."""
import random
import zlib
from typing import NamedTuple, Optional

from arrangements import group_places, many_places, touch_places
from signs import Sign, draw_sign, extent, sign_row
from world import (ALIVE, BACKGROUNDS, COLOURLESS, DRAWN, DRAWN_SHARES, HELD, HOLDERS, LANDSCAPES, MOUNTS, NOUNS, ON_PAPER, POSITIONS, RELATIONS, RIDERS,
                   SIZES, STYLE_IDS, TINTS, WEARERS, WHITE, WORN)

SHAPES = [(256, 256), (192, 192), (320, 320), (256, 384), (384, 256)]  # height, width
MAX_OBJECTS = 6
KINDS = {"single": 30, "pair": 17, "count": 7, "many": 5, "group": 21, "touch": 15, "row": 3, "column": 2}
QUIET = 0.3  # of the scenes have the background that fits, and their captions say nothing of it


class Scene(NamedTuple):
    kind: str  # single, count, many, pair, group (side by side), touch, row (left to right) or column (top to bottom), sign
    nouns: tuple  # indices, in the order in which the caption names them; in a group also the same one again; beside a sign one or none
    size: str
    position: str  # of a single object
    relation: str  # of a pair or a touch: nouns[0] is `relation` nouns[1]; the sign is `relation` nouns[0]; "vague": many without a number
    background: int
    style: int
    tints: tuple = ()  # empty, or one for each noun: -1 is the object's own colours
    sign: Optional[Sign] = None
    sizes: tuple = ()  # of a group of two: empty, or one for each
    quiet: bool = False  # the background is the fitting one, and nobody asked for it

    @property
    def held_out(self):
        """One scene in twenty never appears in training."""
        told = tuple(self)[:9] if self.tints or self.sign else tuple(self)[:7]
        return zlib.crc32(repr(told).encode()) % 20 == 0


def draw_scene(rng: random.Random, held_out=False, signs=0.0, tints=0.0, kinds=KINDS, quiet=0.0):
    """`signs`: the share of scenes with lettering; `tints`: of scenes that are painted in a colour; `quiet`: of those without a background told."""
    while True:
        scene = sign_scene(rng) if signs and rng.random() < signs else hushed(rng, painted(rng, _draw(rng, kinds), tints), quiet)
        if scene.held_out == held_out:
            return scene


def _draw(rng, kinds):
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    size, position, relation, sizes = "medium", "center", "", ()
    if kind == "single":
        nouns = (rng.randrange(len(NOUNS)),)
        size = rng.choices(list(SIZES), [25, 45, 30])[0]
        if rng.random() < 0.55:
            position = rng.choice(list(POSITIONS))
    elif kind == "count":
        nouns = (rng.randrange(len(NOUNS)),) * rng.choice([2, 3])
    elif kind == "many":
        nouns = (rng.randrange(len(NOUNS)),) * rng.choice([4, 5, 6])
        relation = "vague" if rng.random() < 0.55 else ""
    elif kind == "touch":
        nouns, relation = touching(rng)
    elif kind == "group":
        nouns = tuple(rng.sample(range(len(NOUNS)), 3 if rng.random() < 0.3 else 2))
        if len(nouns) == 2 and rng.random() < 0.3:
            a, b = rng.choice([(2, 1), (2, 1), (1, 2), (1, 2), (2, 2), (3, 1), (1, 3)])
            nouns = (nouns[0],) * a + (nouns[1],) * b
        elif len(nouns) == 2 and rng.random() < 0.15:
            sizes = rng.choice([("large", "small"), ("small", "large"), ("large", "medium"), ("medium", "small")])
    else:
        nouns = tuple(rng.sample(range(len(NOUNS)), 2 if kind == "pair" else 3))
        if kind == "pair":
            relation = rng.choice(list(RELATIONS))
    style = rng.choices(DRAWN, DRAWN_SHARES)[0]
    return Scene(kind, nouns, size, position, relation, any_background(rng, style), STYLE_IDS.index(style), sizes=sizes)


def touching(rng):
    """(nouns, relation) that make sense together."""
    relation = rng.choices(["on", "in front of", "inside", "with", "wearing"], [30, 25, 12, 20, 13])[0]
    first, second = {"on": (RIDERS, MOUNTS) if rng.random() < 0.4 else (range(len(NOUNS)),) * 2, "in front of": (range(len(NOUNS)),) * 2, "inside": (range(len(NOUNS)), HOLDERS),
                     "with": (ALIVE, HELD), "wearing": (WEARERS, WORN)}[relation]
    a, b = rng.choice(first), rng.choice(second)
    return ((a, b), relation) if a != b else touching(rng)


def any_background(rng, style="plain"):
    """Landscapes are seen more often than colours: they are harder. A plain colour or a starry sky has no night of its own, and a photograph
    without colours shows no plain one."""
    if style in ON_PAPER:
        return WHITE
    if style == "night":
        return rng.randrange(1, len(LANDSCAPES))
    if style in ("sepia", "mono"):
        return rng.choice([*range(len(LANDSCAPES)), WHITE, WHITE, WHITE])
    if rng.random() < 0.06:  # "no background" is asked for more often than any colour
        return WHITE
    return rng.choices(range(len(BACKGROUNDS)), [3] * len(LANDSCAPES) + [2] * (len(BACKGROUNDS) - len(LANDSCAPES)))[0]


HOMES = {"a": "grassland", "b": "blue sky", "w": "underwater", "p": "grassland", "n": "grassland", "f": "white", "t": "white", "k": "night sky", "s": "snow",
         "u": "grassland", "v": "city", "o": "ocean"}
OWN_HOMES = {**dict.fromkeys(("camel", "cactus", "scorpion"), "desert"), **dict.fromkeys(("owl", "bat", "fire", "bear", "mushroom"), "forest"),
             **dict.fromkeys(("duck", "swan", "seal", "whale", "dolphin", "otter"), "ocean"), **dict.fromkeys(("crab", "palm tree", "seashell", "flamingo"), "beach"),
             **dict.fromkeys(("sun", "rainbow", "cloud", "airplane", "helicopter", "parachute", "kite", "lightning", "tornado", "balloon"), "blue sky")}
# Where things of several homes meet: the first of these that one of them has.
MEETING = ["underwater", "ocean", "beach", "desert", "snow", "forest", "city", "grassland", "night sky", "blue sky", "white"]


def fitting(nouns):
    """The background that nobody asked for."""
    homes = {OWN_HOMES.get(NOUNS[n].id) or HOMES[NOUNS[n].tags[0]] for n in nouns}
    land = homes & {"desert", "snow", "forest", "city", "grassland", "white"}
    if len(homes) > 1 and land:  # a fish beside a cat is on land
        homes -= {"underwater", "ocean"}
    return BACKGROUNDS.index(next(name for name in MEETING if name in homes))


def hushed(rng, scene, share):
    style = STYLE_IDS[scene.style]
    if not share or style in ON_PAPER or rng.random() >= share:
        return scene
    background = fitting(scene.nouns)
    if style == "night" and not 0 < background < len(LANDSCAPES):
        background = BACKGROUNDS.index("grassland")
    return scene._replace(background=background, quiet=True)


def painted(rng, scene, share):
    """Of several kinds one or all are painted, all of one kind alike."""
    if not share or scene.kind in ("row", "column") or STYLE_IDS[scene.style] in COLOURLESS or rng.random() >= share:
        return scene
    kinds = list(dict.fromkeys(scene.nouns))
    chosen = rng.sample(kinds, len(kinds) if rng.random() < 0.6 else 1)
    if scene.relation == "wearing" and rng.random() < 0.6:  # "a cat wearing a red hat"
        chosen = kinds[1:]
    paint = {noun: rng.randrange(len(TINTS)) for noun in chosen}
    return scene._replace(tints=tuple(paint.get(noun, -1) for noun in scene.nouns))


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
    the picture, the size in pixels, and which look. A sign's row is longer (`signs.py`)."""
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
    elif scene.kind in ("group", "many", "touch"):
        return arranged(scene, rng, height, width)
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


def arranged(scene, rng, height, width):
    """Objects in the order in which they are drawn."""
    side, n = min(height, width), len(scene.nouns)
    tints = scene.tints or (-1,) * n
    if scene.kind == "touch":
        places = touch_places(scene.relation, NOUNS[scene.nouns[1]].tags, rng)
        order = [1, 0] if scene.relation in ("on", "in front of") else [0, 1]
    else:
        sizes = [SIZES[s] for s in scene.sizes]
        places = many_places(n) if scene.kind == "many" or n > 3 else group_places(n, sizes, width / side)
        order = range(n)
    rows = []
    for i in order:
        x, y, size = places[i]
        look = 0 if scene.relation == "wearing" and i == 0 else None
        rows.append(object_row(rng, scene.nouns[i], 0.5 + x * side / width, 0.5 + y * side / height, size * side, tints[i], look))
    return rows


def object_row(rng, noun, x, y, size, tint=-1, look=None):
    """(noun, centre x, y, size in pixels, angle, tint, look)."""
    jitter, looks = rng.uniform(0.95, 1.05), len(NOUNS[noun].looks)
    look = (rng.randrange(looks) if looks > 1 else 0) if look is None else look
    return (noun, x + rng.uniform(-0.02, 0.02), y + rng.uniform(-0.02, 0.02), size * jitter, rng.uniform(-5, 5), tint, look)


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
