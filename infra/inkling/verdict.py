"""From the judge's outputs to a verdict. The rule is written out in judge/README.md; this is its Python version."""
from world import BACKGROUNDS, NOUNS, STYLE_IDS

THRESHOLD = 0.35
LOW, HIGH = 0.415, 0.585  # thirds of the picture, a little narrower in the middle than where objects are put


def read(objects, background, style):
    """One picture's outputs (numpy or lists) to {objects: [{noun, x, y, score}], background, style}."""
    found = []
    nouns, rows, cols = objects.shape
    for noun, row, col in zip(*(objects >= THRESHOLD).nonzero()):
        found.append({"noun": NOUNS[noun].id, "x": (col + 0.5) / cols, "y": (row + 0.5) / rows,
                      "score": float(objects[noun, row, col])})
    found.sort(key=lambda o: -o["score"])
    return {"objects": found, "background": BACKGROUNDS[int(background.argmax())], "style": STYLE_IDS[int(style.argmax())]}


def third(v):
    return 0 if v < LOW else 2 if v > HIGH else 1


def verdict(truth, seen):
    """{measure: True/False}; a measure that the prompt does not ask for, or that cannot be read because an object is missing,
    is absent."""
    wanted = [o["noun"] for o in truth["objects"]]
    names = [o["noun"] for o in seen["objects"]]
    result = {"subject": set(names) == set(wanted)}
    if truth["count"]:
        result["count"] = len(names) == len(wanted)
    if truth["background"]:
        result["background"] = seen["background"] == truth["background"]
    if truth["style"] != "plain":
        result["style"] = seen["style"] == truth["style"]
    if not set(wanted) <= set(names):
        return result
    best = [next(o for o in seen["objects"] if o["noun"] == noun) for noun in wanted]
    if truth["position"]:
        result["position"] = [third(best[0]["x"]), third(best[0]["y"])] == truth["position"]
    if truth["order"]:  # the objects as listed go from left to right (x) or from top to bottom (y)
        along, across = truth["order"], "y" if truth["order"] == "x" else "x"
        steps = [(b[along] - a[along], abs(b[across] - a[across])) for a, b in zip(best, best[1:])]
        result["relation"] = all(d > 0.1 and d > side for d, side in steps)
    return result
