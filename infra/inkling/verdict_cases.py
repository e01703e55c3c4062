"""Outputs of a judge that saw this or that, with what `verdict.py` makes of them: python verdict_cases.py ../../test/judge/verdicts.jsonl

The first line holds the names and thresholds. The TypeScript reading of the rules is tested with them. Scores are
multiples of 1/64 and so the same numbers in every language."""
import json
import random
import sys
from pathlib import Path

import numpy as np

from export_judge import description
from judge_model import Sight
from pairs import read_rows, target_of
from signs import GLYPHS
from verdict import edit_verdict, read, verdict
from world import BACKGROUNDS, NOUNS, RELATIONS, STYLE_IDS, TINTS

NOUN_IDS = [n.id for n in NOUNS]
SIZES = ((16, 16), (12, 20), (24, 16))  # rows and columns of the objects' cells


class Outputs:
    """One picture's outputs as a list of what is not 0: {name: [[class, row, column, value], ...]}."""

    def __init__(self, rng, background, style):
        self.rng, (self.rows, self.cols) = rng, rng.choice(SIZES)
        self.lists = {"objects": [], "sizes": [], "tints": [], "glyphs": []}
        self.lists["background"] = self.sure(BACKGROUNDS.index(background), len(BACKGROUNDS))
        self.lists["style"] = self.sure(STYLE_IDS.index(style), len(STYLE_IDS))

    def sure(self, index, count):
        """A second class comes near; one time in twelve it is as likely or likelier."""
        other = self.rng.randrange(count)
        return [[index, 0.5], [other, self.rng.choice([0.5, 0.625]) if self.rng.random() < 0.08 else 0.25]][: 1 if other == index else 2]

    def cell(self, x, y, scale=1):
        place = lambda v, n: min(n - 1, max(0, int(v * n)))
        return place(y, self.rows * scale), place(x, self.cols * scale)

    def score(self):
        return 0.35 if self.rng.random() < 0.06 else self.rng.choice([21, 22, 23, *range(24, 64)] * 3 + [20, 12]) / 64

    def object(self, noun, x, y, size, tint):
        row, col = self.cell(x, y)
        if any(o[1:3] == [row, col] for o in self.lists["objects"]):
            return
        self.lists["objects"].append([NOUN_IDS.index(noun), row, col, self.score()])
        self.lists["sizes"].append([0, row, col, round(size * 256) / 256])
        index = TINTS.index(tint) + 1 if tint else 0
        for k, value in self.sure(index, 1 + len(TINTS)):
            self.lists["tints"].append([k, row, col, value])

    def letters(self, text, x, y, down):
        for i, letter in enumerate(text):
            step = (i - (len(text) - 1) / 2) * 0.13
            row, col = self.cell(x + (0 if down else step), y + (step if down else 0) + self.rng.uniform(-0.02, 0.02), 2)
            self.lists["glyphs"].append([GLYPHS.index(letter), row, col, self.score()])

    def sight(self):
        full = {"objects": (len(NOUNS), self.rows, self.cols), "background": (len(BACKGROUNDS),), "style": (len(STYLE_IDS),),
                "sizes": (1, self.rows, self.cols), "tints": (1 + len(TINTS), self.rows, self.cols),
                "glyphs": (len(GLYPHS), 2 * self.rows, 2 * self.cols)}
        arrays = {name: np.zeros(shape, np.float32) for name, shape in full.items()}
        for name, values in self.lists.items():
            for *at, value in values:
                arrays[name][tuple(at)] = value
        return Sight(**arrays)

    def json(self):
        return {"rows": self.rows, "columns": self.cols, **self.lists}


def shaken(rng, v, by):
    return v + rng.uniform(-by, by)


def painted(rng, out, objects):
    """Objects as described, some a little off, some lost, some with a stranger or a double."""
    for noun, x, y, size, _, tint in objects:
        if rng.random() < 0.07:
            continue
        by = rng.choice([0.02, 0.02, 0.06, 0.13, 0.3])
        tint = rng.choice(TINTS) if rng.random() < 0.08 else tint
        out.object(noun, shaken(rng, x, by), shaken(rng, y, by), size * rng.choice([1, 1, 0.85, 1.18]), tint)
    if rng.random() < 0.12:
        out.object(rng.choice(NOUN_IDS), rng.random(), rng.random(), 0.3, None)


def placed(rng, truth):
    """Where the objects of a prompt may be."""
    count = len(truth["objects"])
    for i, o in enumerate(truth["objects"]):
        x, y = (i + 0.5) / count, 0.5
        if truth.get("touch"):  # near each other, one higher; now and then apart
            x, y = 0.5, 0.5 + (i - 0.5) * (0.3 if truth["touch"] != "in front of" else -0.3) * (2 if truth["id"].endswith("7") else 1)
        elif truth["position"]:
            x, y = (0.25 + 0.25 * v for v in truth["position"])
        elif truth["order"] == "y":
            x, y = y, x
        yield o["noun"], x, y, 0.4, 0, o.get("tint")


def prompted(rng, row):
    out = Outputs(rng, row["background"] or "white", row["style"])
    objects = list(placed(rng, row))
    if row.get("text"):
        dx, dy = RELATIONS[row["relation"]] if row.get("relation") else (0, 0)
        objects = [(o[0], 0.5 - 0.25 * dx, 0.5 - 0.25 * dy, *o[3:]) for o in objects]
        text = list(row["text"])
        if rng.random() < 0.4:
            text[rng.randrange(len(text))] = rng.choice(GLYPHS)
        if rng.random() < 0.9:
            out.letters(text, 0.5 + 0.25 * dx, 0.5 + 0.25 * dy, row["vertical"])
    painted(rng, out, objects)
    seen = read(out.sight())
    return {"truth": without(row, "prompt", "kind", "size", "vertical", "board"), "sight": out.json(), "seen": seen, "verdict": verdict(row, seen)}


def without(row, *names):
    """What no rule asks for."""
    return {k: v for k, v in row.items() if k not in names}


def edited(rng, row):
    objects, background, style = target_of(row)
    if rng.random() < 0.3:  # nothing was done
        objects, background, style = row["objects"], row["background"], row["style"]
    out = Outputs(rng, background, style)
    painted(rng, out, objects)
    seen = read(out.sight())
    return {"edit": without(row, "instruction", "boxes"), "sight": out.json(), "seen": seen, "verdict": edit_verdict(row, seen)}


def dense(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda number: number.item())


def main():
    rng = random.Random(20261127)
    prompts = read_rows("prompts")
    pairs = [r for r in prompts if r["kind"] == "pair"]
    tinted = [{**r, "objects": [{**o, "tint": rng.choice(TINTS)} for o in r["objects"]]} for r in pairs[::100]]
    edits = sorted(read_rows("edits"), key=lambda r: r["kind"])  # as many of each kind
    natural = [r for r in read_rows("natural") if r.get("touch") or r.get("least") or r["count"] and len(r["objects"]) > 2]
    cases = [prompted(rng, row) for row in prompts[::60] + tinted + natural + read_rows("signs")[::13]]
    cases += [edited(rng, row) for row in edits[::27]]
    told = description()
    rules = {name: told[name] for name in ("outputs", "thirds", "nouns", "backgrounds", "styles", "tints", "letters")}
    Path(sys.argv[1]).write_text("".join(dense(line) + "\n" for line in [rules, *cases]), encoding="utf-8")


if __name__ == "__main__":
    main()
