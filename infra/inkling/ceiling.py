"""What the judge reads from true pictures, which no model can exceed: python ceiling.py --judge judge/judge.onnx|judge.pt --atlas A
--vae VAE|EXPORTED_FOLDER --out ceiling.json [--count 256]

Held-out scenes of every size, lettering, the held-out edits' targets, and blueprints; each also through the autoencoder."""
import argparse
import json
import random
from pathlib import Path

import torch

from evaluate import Table, judged, reader_of, show, vae_of
from pairs import pair, read_rows
from prompts import truth
from render import Renderer, pack
from scenes import SHAPES, draw_scene
from verdict import edit_verdict, verdict
from world import STYLE_IDS

BATCH = 32


class Ceiling:
    def __init__(self, args, device):
        self.reader, self.vae = reader_of(args.judge, device), vae_of(args.vae, device)
        self.renderer, self.count, self.result = Renderer(args.atlas, device), args.count, {}
        self.rng = random.Random(99)

    def measure(self, name, batches):
        """batches: (pictures, a row's group and its verdict as a function of what is seen)."""
        straight, through = Table(), Table()
        for pictures, rows in batches:
            for table, shown in ((straight, pictures), (through, self.vae.decode(self.vae.encode(pictures)))):
                for (group, rule), seen in zip(rows, judged(self.reader, shown)):
                    table.add(group, rule(seen))
        for how, table in (("true", straight), ("through the autoencoder", through)):
            self.result[f"{name}, {how}"] = table.json()
            show(f"{name}, {how}", {"all": table.json()["all"]})

    def scenes(self, height, width, style=None, **options):
        for _ in range(self.count // BATCH):
            scenes = [draw_scene(self.rng, held_out=True, **options) for _ in range(BATCH)]
            if style:
                scenes = [s._replace(style=STYLE_IDS.index(style)) for s in scenes]
            pictures, _ = self.renderer(*pack(scenes, self.rng, height, width), height, width)
            rows = [(s.kind, lambda seen, t={**truth(s), **({"background": None} if style else {})}: verdict(t, seen)) for s in scenes]
            yield pictures, rows

    def edits(self):
        rows = read_rows("edits")[:: max(1, 1008 // self.count)]
        for i in range(0, len(rows), BATCH):
            part = rows[i : i + BATCH]
            pictures = torch.stack([pair(self.renderer, row, 256)[1] for row in part])
            yield pictures, [(row["kind"], lambda seen, row=row: edit_verdict(row, seen)) for row in part]


@torch.no_grad()
def main():
    args = argparse.ArgumentParser()
    for name in ("judge", "atlas", "vae", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--count", type=int, default=256, help="pictures of each kind")
    args = args.parse_args()
    torch.manual_seed(99)
    c = Ceiling(args, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    for height, width in SHAPES:
        c.measure(f"scenes {width}x{height}", c.scenes(height, width))
    for height, width in SHAPES[:2]:
        c.measure(f"signs {width}x{height}", c.scenes(height, width, signs=1))
    c.measure("painted 256x256", c.scenes(256, 256, tints=1, kinds={"single": 1, "pair": 1}))
    c.measure("blueprint 256x256", c.scenes(256, 256, style="blueprint"))
    c.measure("edits 256x256", c.edits())
    Path(args.out).write_text(json.dumps(c.result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
