"""Held-out prompts with their truth: python prompts.py OUT.jsonl"""
import json
import random
import sys

from captions import Captioner
from scenes import draw_scene
from world import BACKGROUNDS, NOUNS, POSITIONS, STYLE_IDS


def truth(scene, says_background=True):
    """What can be verified. Objects are listed from left to right or from top to bottom where `order` says so."""
    nouns, order = list(scene.nouns), None
    if scene.kind == "pair":
        order = "x" if scene.relation in ("left of", "right of") else "y"
        if scene.relation in ("right of", "below"):
            nouns.reverse()
    elif scene.kind in ("row", "column"):
        order = "x" if scene.kind == "row" else "y"
    style = STYLE_IDS[scene.style]
    tells = says_background and style not in ("ink", "sketch")
    return {"kind": scene.kind, "objects": [{"noun": NOUNS[n].id} for n in nouns], "size": scene.size if scene.kind == "single" else None,
            "position": list(POSITIONS[scene.position]) if scene.kind == "single" else None, "order": order,
            "count": len(nouns) if scene.kind == "count" else None,
            "background": BACKGROUNDS[scene.background] if tells else None, "style": style}


def main():
    rng = random.Random(20261123)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for language, count in (("zh", 512), ("en", 512), ("mixed", 100)):
            for i in range(count):
                scene = draw_scene(rng, held_out=True)
                script = "zht" if language == "zh" and i % 8 == 7 else language
                row = {"id": f"{language}-{i:03d}", "language": language, "prompt": Captioner(scene, rng, script).write(), **truth(scene)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
