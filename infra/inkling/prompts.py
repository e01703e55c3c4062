"""Held-out prompts, lettering, edits and refinements with their truth: python prompts.py OUT_FOLDER

Each file is a function of its own seed: a new kind of row leaves the others as they are."""
import random
import sys
from pathlib import Path

from captions import Captioner
from data import TINTS as TINTED
from edits import KINDS, draw_edit
from instructions import instruction
from rows import write_rows
from scenes import QUIET, draw_scene, layout
from signs import BOARD_IDS
from world import BACKGROUNDS, NO_LANDSCAPE, NOUNS, POSITIONS, STYLE_IDS, TINTS

SIDE = 256  # edits and refinements have their places in squares of this side


def truth(scene, says_background=True):
    """What can be verified. Objects are listed from left to right or from top to bottom where `order` says so."""
    nouns, order = list(zip(scene.nouns, scene.tints or (-1,) * len(scene.nouns))), None
    if scene.kind == "pair":
        order = "x" if scene.relation in ("left of", "right of") else "y"
        if scene.relation in ("right of", "below"):
            nouns.reverse()
    elif scene.kind in ("row", "column"):
        order = "x" if scene.kind == "row" else "y"
    style = STYLE_IDS[scene.style]
    tells = says_background and not scene.quiet and style not in NO_LANDSCAPE
    vague = scene.relation == "vague"
    told = {"kind": scene.kind, "objects": [{"noun": NOUNS[n].id, **({"tint": TINTS[t]} if t >= 0 else {})} for n, t in nouns],
            "size": scene.size if scene.kind == "single" else None,
            "position": list(POSITIONS[scene.position]) if scene.kind == "single" else None, "order": order,
            "count": len(nouns) if scene.kind in ("count", "many", "group", "touch") and not vague else None,
            "background": BACKGROUNDS[scene.background] if tells else None, "style": style}
    if vague:
        told["least"] = 4
    if scene.kind == "touch":
        told["touch"] = scene.relation
    if scene.sign:
        told.update(text=scene.sign.text, vertical=scene.sign.vertical, board=BOARD_IDS[scene.sign.board], relation=scene.relation or None)
    return told


def prompts():
    rng = random.Random(20261123)
    for language, count in (("zh", 512), ("en", 512), ("mixed", 100)):
        for i in range(count):
            scene = draw_scene(rng, held_out=True, tints=TINTED, quiet=QUIET)
            while scene.relation == "wearing" and "F" in NOUNS[scene.nouns[1]].tags:  # glasses and a face are too near each other to be told apart
                scene = draw_scene(rng, held_out=True, tints=TINTED, quiet=QUIET)
            script = "zht" if language == "zh" and i % 8 == 7 else language
            yield {"id": f"{language}-{i:03d}", "language": language, "prompt": Captioner(scene, rng, script).write(), **truth(scene)}


def signs():
    """Each language asks for Chinese and for English texts."""
    rng = random.Random(20261124)
    for language in ("zh", "en"):
        for i in range(100):
            scene = draw_scene(rng, held_out=True, signs=1)
            yield {"id": f"sign-{language}-{i:03d}", "language": language, "prompt": Captioner(scene, rng, language).write(), **truth(scene)}


def described(row):
    """[noun, x, y, size, angle, tint]: the centre in parts of the picture, the size in parts of the shorter side, degrees."""
    noun, x, y, size, angle, tint = row[:6]
    return [NOUNS[int(noun)].id, round(x, 3), round(y, 3), round(size / SIDE, 3), round(angle), TINTS[int(tint)] if tint >= 0 else None]


def box(*objects):
    """Around objects as from `described`, with a little room: left, top, right, bottom in parts of the picture."""
    reach = [0.56 * o[3] + 0.025 for o in objects]
    edges = (min(o[1] - r for o, r in zip(objects, reach)), min(o[2] - r for o, r in zip(objects, reach)),
             max(o[1] + r for o, r in zip(objects, reach)), max(o[2] + r for o, r in zip(objects, reach)))
    return [round(min(1, max(0, e)), 2) for e in edges]


def told_of(edit):
    kind, told = edit.kind, edit.told
    if kind in ("add", "move"):
        return {"position": list(POSITIONS[told[0]])} if len(told) == 1 else {"relation": told[0], "noun": NOUNS[told[1]].id}
    return {"replace": lambda: {"noun": NOUNS[told[0]].id}, "remove": dict, "recolour": lambda: {"tint": TINTS[told[0]]},
            "resize": lambda: {"bigger": told[0]}, "background": lambda: {"background": BACKGROUNDS[told[0]]},
            "style": lambda: {"style": STYLE_IDS[told[0]]}}[kind]()


def edit_row(edit):
    """`changed`: the index in `objects` of the one that changes, null if it is added or none; `after`: that one in the target."""
    kind, k = edit.kind, edit.changed
    whole = kind in ("background", "style")
    before = None if whole or kind == "add" else described(edit.source.objects[k])
    after = None if whole or kind == "remove" else described(edit.target.objects[k])
    return {"kind": kind, "told": told_of(edit),
            "objects": [described(o) for o in edit.source.objects], "changed": k if before else None, "after": after,
            "background": BACKGROUNDS[edit.source.background], "style": STYLE_IDS[edit.source.style],
            "boxes": [[0, 0, 1, 1]] if whole else list(map(list, dict.fromkeys(tuple(box(o)) for o in (before, after) if o)))}


def edits():
    rng = random.Random(20261125)
    for language in ("zh", "en"):
        for i in range(504):
            kind = KINDS[(i + i // len(KINDS)) % len(KINDS)]  # every n-th row has all kinds
            edit = draw_edit(rng, SIDE, SIDE, kind, held_out=True)
            script = "zht" if language == "zh" and i % 10 == 9 else language
            yield {"id": f"{language}-{kind}-{i // len(KINDS):02d}", "language": language, "instruction": instruction(edit, rng, script), **edit_row(edit)}


def refinements():
    rng = random.Random(20261126)
    for i in range(100):
        scene = draw_scene(rng, held_out=True, kinds={"single": 1, "pair": 2})
        while scene.style:
            scene = draw_scene(rng, held_out=True, kinds={"single": 1, "pair": 2})
        language = ("zh", "en")[i % 2]
        objects = [described(o) for o in layout(scene, rng, SIDE, SIDE)]
        yield {"id": f"refine-{i:03d}", "language": language, "caption": Captioner(scene, rng, language).write(), "objects": objects,
               "background": BACKGROUNDS[scene.background], "style": "plain", "box": box(rng.choice(objects))}


FILES = {"prompts": prompts, "signs": signs, "edits": edits, "refinements": refinements}


def main():
    for name, rows in FILES.items():
        write_rows(Path(sys.argv[1]) / f"{name}.jsonl.gz", rows())


if __name__ == "__main__":
    main()
