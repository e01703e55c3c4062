"""Measures a model with the judge. Everything is written to OUT as JSON.

python evaluate.py --judge judge/judge.onnx|judge.pt --weights turbo.pt|EXPORTED_FOLDER --vae vae.pt --tokenizer T --out turbo.json
                   [--prompts judge/signs.jsonl.gz] [--steps 8] [--guidance 0] [--sizes 256x256,…] [--sheet sheet.png]"""
import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from checkpoints import restore
from common import load
from data import tokens
from flow import sample
from judge_model import Judge, Reader, Sight
from rope import padded
from rows import read_rows
from verdict import read, verdict

HERE = Path(__file__).parent
MEASURES = ("text", "letters", "subject", "relation", "position", "count", "background", "style", "tint", "change", "rest")


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
    return [read(Sight(*one)) for one in zip(*(v.float().cpu().numpy() for v in reader(pictures)))]


def reader_of(path, device):
    """The judge from its training checkpoint, or as exported (on the CPU)."""
    if str(path).endswith(".onnx"):
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return lambda pictures: map(torch.from_numpy, session.run(list(Sight._fields), {"image": pictures.cpu().numpy()}))
    judge = Judge().eval()
    judge.load_state_dict(floats(load(path)["ema"]))
    return Reader(judge.to(device))


def vae_of(path, device):
    return restore("vae", path, device)


def model_of(args, device):
    differences = [(d.rpartition(":")[0], float(d.rpartition(":")[2])) for d in args.differences]
    return restore("text", args.weights, device, shipped=args.shipped), restore("transformer", args.weights, device, args.shipped, differences)


@torch.no_grad()
def generated(args, reader, device):
    rows = read_rows(args.prompts)[:: args.every]
    if args.style:
        rows = [{**r, "style": args.style} for r in rows]
    tokenizer = Tokenizer.from_file(args.tokenizer + "/tokenizer.json")
    text, transformer = model_of(args, device)
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
                latents = sample(transformer, noise, (text(ids), lengths), empty, args.steps, args.guidance, args.shift)
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
            chosen = [r["id"] for r in rows[: args.tiles]] or sheet_ids(rows)
            sheet(args.sheet, [pictures[i] for i in chosen], 12 if args.tiles else 6)
    return result


def sheet_ids(rows):
    """24 prompts spread over the languages, the same each time."""
    return [r["id"] for language, n in (("zh", 12), ("en", 10), ("mixed", 2))
            for r in [r for r in rows if r["language"] == language][:n]]


def sheet(path, images, columns=6):
    from PIL import Image
    arrays = [((i.clamp(-1, 1) + 1) * 127.5).byte().permute(1, 2, 0).numpy() for i in images]
    arrays += [np.full_like(arrays[0], 255)] * (-len(arrays) % columns)
    lines = [np.concatenate(arrays[i : i + columns], 1) for i in range(0, len(arrays), columns)]
    Image.fromarray(np.concatenate(lines)).save(path)


def main():
    args = argparse.ArgumentParser()
    for name in ("judge", "vae", "out", "weights", "tokenizer"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--sheet", default="")
    args.add_argument("--tiles", type=int, default=0, help="of the sheet: the first n prompts, twelve in a row; else some of each language")
    args.add_argument("--name", default="model")
    args.add_argument("--prompts", default=str(HERE / "judge/prompts.jsonl.gz"))
    args.add_argument("--steps", type=int, default=8)
    args.add_argument("--guidance", type=float, default=0.0)
    args.add_argument("--sizes", default="256x256")
    args.add_argument("--shift", type=float, default=3.0)
    args.add_argument("--shipped", action="store_true")
    args.add_argument("--differences", nargs="*", default=[], help="PATH:SCALE")
    args.add_argument("--every", type=int, default=1)
    args.add_argument("--style", default="", help="expect this style everywhere")
    args.add_argument("--thin", type=int, default=3, help="other sizes use every n-th prompt")
    args.add_argument("--batch", type=int, default=128)
    args = args.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = False
    result = generated(args, reader_of(args.judge, device), device)
    Path(args.out).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
