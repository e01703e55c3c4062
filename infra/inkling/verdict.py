"""From the judge's outputs to a verdict. The rules are written out in judge/README.md; this is their Python version."""
from difflib import SequenceMatcher

from signs import GLYPHS
from world import BACKGROUNDS, NOUNS, RELATIONS, STYLE_IDS, TINTS

THRESHOLD, LETTER_THRESHOLD = 0.35, 0.35
LOW, HIGH = 0.415, 0.585  # thirds of the picture, a little narrower in the middle than where objects are put
SMALLER, BIGGER = 0.85, 1.18  # size after / size before
NEAR = 0.12  # as far as an object may stand from where it should
APART = 0.1
TOUCHING = 0.42


def read(sight):
    """One picture's outputs (numpy arrays) to {objects: [{noun, x, y, score, size, tint}], background, style, text}."""
    found = []
    _, rows, cols = sight.objects.shape
    for noun, row, col in zip(*(sight.objects >= THRESHOLD).nonzero()):
        tint = int(sight.tints[:, row, col].argmax())
        found.append({"noun": NOUNS[noun].id, "x": (col + 0.5) / cols, "y": (row + 0.5) / rows,
                      "score": float(sight.objects[noun, row, col]), "size": float(sight.sizes[0, row, col]),
                      "tint": TINTS[tint - 1] if tint else None})
    found.sort(key=lambda o: -o["score"])
    return {"objects": found, "background": BACKGROUNDS[int(sight.background.argmax())],
            "style": STYLE_IDS[int(sight.style.argmax())], "sign": read_sign(sight.glyphs)}


def read_sign(glyphs):
    """{text, x, y}: letters in the order of the longer extent, across or down, and the mean of their centres; null without letters."""
    rows, cols = glyphs.shape[1:]
    letters = [((c + 0.5) / cols, (r + 0.5) / rows, GLYPHS[k]) for k, r, c in zip(*(glyphs >= LETTER_THRESHOLD).nonzero())]
    if not letters:
        return None
    xs, ys, _ = zip(*letters)
    down = (max(ys) - min(ys)) * rows > (max(xs) - min(xs)) * cols
    text = "".join(letter for _, _, letter in sorted(letters, key=lambda p: p[1] if down else p[0]))
    return {"text": text, "x": sum(xs) / len(xs), "y": sum(ys) / len(ys)}


def third(v):
    return 0 if v < LOW else 2 if v > HIGH else 1


def verdict(truth, seen):
    """{measure: True/False}; a measure that the prompt does not ask for, or that cannot be read because an object is missing,
    is absent. `letters` is a share: how much of the text is there in its order."""
    wanted = [o["noun"] for o in truth["objects"]]
    names = [o["noun"] for o in seen["objects"]]
    result = {}
    if truth.get("text"):
        text = seen["sign"]["text"] if seen["sign"] else ""
        result["text"] = text == truth["text"]
        result["letters"] = likeness(truth["text"], text)
    if wanted or not truth.get("text"):
        result["subject"] = set(names) == set(wanted)
    if truth["count"]:
        result["count"] = sorted(names) == sorted(wanted)
    if truth.get("least"):
        result["count"] = len(names) >= truth["least"]
    if truth["background"]:
        result["background"] = seen["background"] == truth["background"]
    if truth["style"] != "plain":
        result["style"] = seen["style"] == truth["style"]
    if not set(wanted) <= set(names):
        return result
    best = [named(seen, noun) for noun in wanted]  # of several alike the same one
    if any(o.get("tint") for o in truth["objects"]):
        result["tint"] = all(b["tint"] == o["tint"] for b, o in zip(best, truth["objects"]) if o.get("tint"))
    if truth.get("touch"):
        result["relation"] = touches(best[0], truth["touch"], best[1])
    if truth["position"]:
        result["position"] = [third(best[0]["x"]), third(best[0]["y"])] == truth["position"]
    if truth.get("relation") and seen["sign"]:  # where the sign stands to the object
        result["relation"] = stands(seen["sign"], truth["relation"], best[0])
    if truth["order"]:  # the objects as listed go from left to right (x) or from top to bottom (y)
        along, across = truth["order"], "y" if truth["order"] == "x" else "x"
        steps = [(b[along] - a[along], abs(b[across] - a[across])) for a, b in zip(best, best[1:])]
        result["relation"] = all(d > APART and d > side for d, side in steps)
    return result


def touches(a, relation, b):
    """a and b overlap, and a is higher or lower as the relation wants it."""
    dx, dy = a["x"] - b["x"], b["y"] - a["y"]
    if dx * dx + dy * dy > TOUCHING * TOUCHING:
        return False
    if relation in ("on", "inside"):
        return dy > APART
    if relation == "in front of":
        return dy < -APART
    return dy > APART if relation == "behind" else True


def likeness(wanted, seen):
    """Letters in common in their order, of the longer text's."""
    common = sum(block.size for block in SequenceMatcher(None, wanted, seen, autojunk=False).get_matching_blocks())
    return common / max(len(wanted), len(seen))


def named(seen, noun):
    """The object of that noun with the highest score, or None."""
    return next((o for o in seen["objects"] if o["noun"] == noun), None)


def edit_verdict(row, after):
    """row: of judge/edits.jsonl.gz; after: what is seen in the edited picture. {change, rest, background, style}: the change is made;
    all other objects are where they were and nothing strange is there; background and style are as they should be."""
    told, k = row["told"], row["changed"]
    others = [o for i, o in enumerate(row["objects"]) if i != k]
    allowed = {o[0] for o in row["objects"]} | ({row["after"][0]} if row["after"] else set())
    result = {"change": changed(row, after),
              "rest": all(any(near(s, o) for s in after["objects"] if s["noun"] == o[0]) for o in others)
              and all(s["noun"] in allowed for s in after["objects"])}
    style = told.get("style", row["style"])
    if style not in ("ink", "sketch"):
        result["background"] = after["background"] == told.get("background", row["background"])
    result["style"] = after["style"] == style
    return result


def changed(row, after):
    kind, told, place = row["kind"], row["told"], row["after"]
    if kind in ("background", "style"):
        return after[kind] == told[kind]
    now = named(after, place[0] if row["changed"] is None else row["objects"][row["changed"]][0])
    if kind == "remove":
        return now is None
    if kind == "replace":
        new = named(after, place[0])
        return now is None and new is not None and near(new, place)
    if now is None:
        return False
    if kind == "recolour":
        return now["tint"] == told["tint"]
    if kind == "resize":
        ratio = now["size"] / row["objects"][row["changed"]][3]
        return ratio >= BIGGER if told["bigger"] else ratio <= SMALLER
    if "position" in told:
        return [third(now["x"]), third(now["y"])] == told["position"]
    other = named(after, told["noun"])
    return other is not None and stands(now, told["relation"], other)


def near(seen, described):
    return abs(seen["x"] - described[1]) <= NEAR and abs(seen["y"] - described[2]) <= NEAR


def stands(a, relation, b):
    """a is `relation` b."""
    dx, dy = RELATIONS[relation]
    along, across = ((b["x"] - a["x"]) * -dx, b["y"] - a["y"]) if dx else ((b["y"] - a["y"]) * -dy, b["x"] - a["x"])
    return along > APART and along > abs(across)
