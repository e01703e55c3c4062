"""Measures with the judge. Everything is written to OUT as JSON.

python evaluate.py ceiling --judge judge.pt --atlas A --vae vae.pt --out ceiling.json
python evaluate.py model   --judge judge.pt --weights turbo.pt|EXPORTED_FOLDER --vae vae.pt --tokenizer T --out turbo.json
                           [--steps 8] [--guidance 0] [--sizes 256x256,…] [--sheet sheet.png]"""
import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

import config
from autoencoder import Autoencoder
from common import load
from data import tokens
from flow import sample
from judge_model import Judge, Reader
from prompts import truth
from render import Renderer, pack
from scenes import SHAPES, draw_scene
from text_encoder import TextEncoder
from transformer import Transformer, padded
from verdict import read, verdict

HERE = Path(__file__).parent
MEASURES = ("subject", "relation", "position", "count", "background", "style")


def floats(weights):
    return {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}


class Table:
    """Shares of right verdicts per group, with how many there were."""

    def __init__(self):
        self.right, self.all = defaultdict(int), defaultdict(int)

    def add(self, group, result):
        for measure, good in result.items():
            for g in (group, "all"):
                self.right[g, measure] += good
                self.all[g, measure] += 1

    def json(self):
        groups = dict.fromkeys(g for g, _ in self.all)
        return {g: {m: {"right": round(self.right[g, m] / self.all[g, m], 4), "of": self.all[g, m]}
                    for m in MEASURES if self.all[g, m]} for g in groups}


def show(title, table):
    for group, row in table.items():
        print(f"{title:34} {group:8}", "  ".join(f"{m} {v['right']:.3f}/{v['of']}" for m, v in row.items()), flush=True)


def judged(reader, pictures):
    # An engine gives 8-bit pictures: so does the judge read them.
    pictures = ((pictures.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
    objects, background, style = (v.float().cpu().numpy() for v in reader(pictures))
    return [read(o, b, s) for o, b, s in zip(objects, background, style)]


def vae_of(path, device):
    if Path(path).is_dir():
        from export import read_part
        return read_part(path, "vae").to(device)
    value = load(path)
    vae = Autoencoder(value["config"]).to(device).eval()
    vae.load_state_dict(floats(value["ema"]))
    return vae


def model_of(path, device):
    if Path(path).is_dir():
        from export import read_part
        return read_part(path, "text").to(device), read_part(path, "transformer").to(device)
    value = load(path)
    text, transformer = TextEncoder(config.TEXT_ENCODER), Transformer(config.TRANSFORMER)
    text.load_state_dict(floats(value["text"]))
    transformer.load_state_dict(floats(value["ema"]))
    return text.to(device).eval(), transformer.to(device).eval()


@torch.no_grad()
def ceiling(args, reader, device):
    renderer, vae, rng, result = Renderer(args.atlas, device), vae_of(args.vae, device), random.Random(99), {}
    torch.manual_seed(99)
    for height, width in SHAPES:
        straight, through = Table(), Table()
        for _ in range(args.count // 64):
            scenes = [draw_scene(rng, held_out=True) for _ in range(64)]
            pictures, _ = renderer(*pack(scenes, rng, height, width), height, width)
            for table, shown in ((straight, pictures), (through, vae.decode(vae.encode(pictures)))):
                for scene, seen in zip(scenes, judged(reader, shown)):
                    table.add(scene.kind, verdict(truth(scene), seen))
        for name, table in (("true scenes", straight), ("through the autoencoder", through)):
            result[f"{name} {width}x{height}"] = table.json()
            show(f"{name} {width}x{height}", {"all": table.json()["all"]})
    return result


@torch.no_grad()
def generated(args, reader, device):
    rows = [json.loads(line) for line in open(args.prompts, encoding="utf-8")]
    tokenizer = Tokenizer.from_file(args.tokenizer + "/tokenizer.json")
    text, transformer = model_of(args.weights, device)
    vae, result = vae_of(args.vae, device), {}
    empty_ids, empty_length = (v.to(device) for v in tokens(tokenizer, [""], 64))
    for size in args.sizes.split(","):
        width, height = map(int, size.split("x"))
        chosen = rows if (width, height) == (256, 256) else rows[:: args.thin]
        table, wrong, pictures = Table(), [], {}
        buckets = defaultdict(list)
        for row in chosen:
            buckets[padded(int(tokens(tokenizer, [row["prompt"]])[1]))].append(row)
        generator = torch.Generator("cpu").manual_seed(7)
        for length, bucket in buckets.items():
            for i in range(0, len(bucket), args.batch):
                part = bucket[i : i + args.batch]
                ids, lengths = (v.to(device) for v in tokens(tokenizer, [r["prompt"] for r in part], length))
                noise = torch.randn(len(part), 16, height // 8, width // 8, generator=generator).to(device)
                empty = (text(empty_ids[:, :length]), empty_length) if args.guidance else None
                latents = sample(transformer, noise, (text(ids), lengths), empty, args.steps, args.guidance)
                images = vae.decode(latents)
                for row, seen, image in zip(part, judged(reader, images), images):
                    outcome = verdict(row, seen)
                    table.add(row["language"], outcome)
                    pictures[row["id"]] = image.cpu() if args.sheet else None
                    if not all(outcome.values()):
                        wrong.append({"id": row["id"], "prompt": row["prompt"], "wrong": [m for m, v in outcome.items() if not v],
                                      "seen": seen})
        result[size] = {"table": table.json(), "wrong": wrong}
        show(f"{args.name} {size}", table.json())
        if args.sheet and (width, height) == (256, 256):
            sheet(args.sheet, [pictures[i] for i in sheet_ids(rows)])
    return result


def sheet_ids(rows):
    """24 prompts spread over the languages, the same each time."""
    return [r["id"] for language, n in (("zh", 12), ("en", 10), ("mixed", 2))
            for r in [r for r in rows if r["language"] == language][40 : 40 + n]]


def sheet(path, images):
    from PIL import Image
    arrays = [((i.clamp(-1, 1) + 1) * 127.5).byte().permute(1, 2, 0).numpy() for i in images]
    lines = [np.concatenate(arrays[i : i + 6], 1) for i in range(0, len(arrays), 6)]
    Image.fromarray(np.concatenate(lines)).save(path)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("what", choices=["ceiling", "model"])
    for name in ("judge", "vae", "out"):
        args.add_argument("--" + name, required=True)
    for name in ("atlas", "weights", "tokenizer", "sheet"):
        args.add_argument("--" + name, default="")
    args.add_argument("--name", default="model")
    args.add_argument("--prompts", default=str(HERE / "judge/prompts.jsonl"))
    args.add_argument("--steps", type=int, default=8)
    args.add_argument("--guidance", type=float, default=0.0)
    args.add_argument("--sizes", default="256x256")
    args.add_argument("--thin", type=int, default=3, help="other sizes use every n-th prompt")
    args.add_argument("--count", type=int, default=1024)
    args.add_argument("--batch", type=int, default=128)
    args = args.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = False
    judge = Judge().eval()
    judge.load_state_dict(floats(load(args.judge)["ema"]))
    result = (ceiling if args.what == "ceiling" else generated)(args, Reader(judge.to(device)), device)
    Path(args.out).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
