"""Draws held-out edits and refinements: python pairs.py OUT_FOLDER --atlas A [--every N] [--size 256]

Of each row of judge/edits.jsonl.gz ID.source.png and ID.target.png; of each of judge/refinements.jsonl.gz ID.truth.png, ID.blurred.png (blurred
where the mask is white) and ID.mask.png. A row's id decides all that is random: the same files each time."""
import argparse
import zlib
from pathlib import Path

import torch

import rows
from filters import blur
from render import Renderer, numbers
from sheets import to_image
from world import BACKGROUNDS, NOUNS, ON_PAPER, STYLE_IDS, TINTS, WHITE

JUDGE = Path(__file__).parent / "judge"
INDEX = {n.id: i for i, n in enumerate(NOUNS)}


def read_rows(name):
    return rows.read_rows(JUDGE / f"{name}.jsonl.gz")


def object_row(described, side):
    noun, x, y, size, angle, tint = described
    return (INDEX[noun], x, y, size * side, angle, TINTS.index(tint) if tint else -1, 0)


def target_of(row):
    """Objects, background and style of an edit's target."""
    objects = list(row["objects"])
    if row["changed"] is not None:
        objects[row["changed"] : row["changed"] + 1] = [row["after"]] if row["after"] else []
    elif row["after"]:
        objects.append(row["after"])
    style = row["told"].get("style", row["style"])
    background = BACKGROUNDS[WHITE] if style in ON_PAPER else row["told"].get("background", row["background"])
    return objects, background, style


def packed(objects, background, style, side):
    labels = torch.tensor([[BACKGROUNDS.index(background), STYLE_IDS.index(style)]])
    return numbers([[object_row(o, side) for o in objects]], max(1, len(objects))), labels


def randomness(renderer, row):
    return renderer.randomness(1, torch.Generator().manual_seed(zlib.crc32(row["id"].encode())))


def pair(renderer, row, side):
    """Source and target (3, side, side) of a row of edits.jsonl."""
    sides = [packed(row["objects"], row["background"], row["style"], side), packed(*target_of(row), side)]
    return [renderer(*s, side, side, randomness(renderer, row))[0][0] for s in sides]


def refinement(renderer, row, side):
    """(truth, blurred, mask): a part of the picture has lost its detail."""
    truth, _ = renderer(*packed(row["objects"], row["background"], row["style"], side), side, side, randomness(renderer, row))
    left, top, right, bottom = (round(v * side) for v in row["box"])
    mask = torch.zeros(1, 1, side, side, device=truth.device)
    mask[..., top:bottom, left:right] = 1
    soft = blur(blur(blur(truth, side // 64), side // 64), side // 64)
    return truth[0], (truth + (soft - truth) * mask)[0], mask[0].expand(3, -1, -1) * 2 - 1


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out", type=Path)
    args.add_argument("--atlas", required=True)
    args.add_argument("--every", type=int, default=1, help="only every n-th row")
    args.add_argument("--size", type=int, default=256)
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(args.atlas, "cpu")
    for name, draw, parts in (("edits", pair, ("source", "target")), ("refinements", refinement, ("truth", "blurred", "mask"))):
        for row in read_rows(name)[:: args.every]:
            for part, picture in zip(parts, draw(renderer, row, args.size)):
                to_image(picture).save(args.out / f"{row['id']}.{part}.png")


if __name__ == "__main__":
    main()
