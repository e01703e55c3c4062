"""What the judge reads of a model's edits: python evaluate_edits.py --judge judge/judge.onnx|judge.pt --weights CHECKPOINT|EXPORTED_FOLDER
--vae V --atlas A --tokenizer T --out edits.json [--differences edit.pt:1] [--steps 28] [--guidance 2] [--every 1] [--sheet sheet.png]

Held-out instructions (judge/edits.jsonl.gz) on their source pictures; beside the verdicts the PSNR against the source outside the boxes."""
import argparse
import json
from collections import defaultdict
from pathlib import Path

import torch
from tokenizers import Tokenizer

from evaluate import Table, judged, model_of, reader_of, show, vae_of
from flow import sample
from omni import Editor, instruction_tokens
from pairs import pair, read_rows
from render import Renderer
from sheets import save_sheet
from verdict import edit_verdict

SIDE = 256
WHOLE = ("background", "style")


def psnr_outside(row, source, edited):
    """Decibels over what no box covers."""
    outside = torch.ones(SIDE, SIDE, dtype=torch.bool, device=source.device)
    for left, top, right, bottom in row["boxes"]:
        outside[round(top * SIDE) : round(bottom * SIDE), round(left * SIDE) : round(right * SIDE)] = False
    error = ((edited - source) / 2)[:, outside].square().mean().clamp(min=1e-10)
    return (-10 * error.log10()).item()


@torch.no_grad()
def measure(args, device):
    reader, vae, renderer = reader_of(args.judge, device), vae_of(args.vae, device), Renderer(args.atlas, device)
    text, transformer = model_of(args, device)
    tokenizer = Tokenizer.from_file(args.tokenizer + "/tokenizer.json")
    editor = Editor(transformer, tokenizer, device)
    generator = torch.Generator().manual_seed(7)
    kinds, languages, kept, wrong, tiles = Table(), Table(), defaultdict(list), [], []
    buckets = defaultdict(list)
    for row in read_rows("edits")[:: args.every]:
        buckets[instruction_tokens(tokenizer, [row["instruction"]])[0].shape[1]].append(row)
    for length, rows in buckets.items():
        no_ids, no_length = (v.to(device) for v in instruction_tokens(tokenizer, [""], length))
        for i in range(0, len(rows), args.batch):
            part = rows[i : i + args.batch]
            pictures = torch.stack([pair(renderer, row, SIDE)[0] for row in part])
            ids, lengths = (v.to(device) for v in instruction_tokens(tokenizer, [row["instruction"] for row in part], length))
            source = vae.encode(pictures)
            noise = torch.randn(source.shape, generator=generator).to(device)
            yes = editor.condition(text, source, ids, lengths)
            no = editor.condition(text, source, no_ids.expand_as(ids), no_length.expand_as(lengths))
            edited = vae.decode(sample(editor, noise, yes, no, args.steps, args.guidance, args.shift)).clamp(-1, 1)
            for row, before, after, seen in zip(part, pictures, edited, judged(reader, edited)):
                outcome = edit_verdict(row, seen)
                kinds.add(row["kind"], outcome)
                languages.add(row["language"], outcome)
                if row["kind"] not in WHOLE:
                    kept[row["kind"]].append(psnr_outside(row, before, after))
                if not all(outcome.values()):
                    wrong.append({"id": row["id"], "instruction": row["instruction"], "wrong": [m for m, v in outcome.items() if not v], "seen": seen})
                tiles.append((torch.cat([before, after], 2).cpu(), row["instruction"]))
    if args.sheet:
        save_sheet(args.sheet, tiles[:: max(1, len(tiles) // 48)], columns=4)
    show(args.name, {**kinds.json(), **languages.json()})
    outside = {kind: round(sum(v) / len(v), 2) for kind, v in kept.items()}
    print(f"{args.name}: PSNR outside the boxes {outside}", flush=True)
    return {"kinds": kinds.json(), "languages": languages.json(), "psnr outside": outside, "wrong": wrong}


def main():
    args = argparse.ArgumentParser()
    for name in ("judge", "weights", "vae", "atlas", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--name", default="edits")
    args.add_argument("--steps", type=int, default=28)
    args.add_argument("--guidance", type=float, default=2.0)
    args.add_argument("--shift", type=float, default=3.0)
    args.add_argument("--shipped", action="store_true")
    args.add_argument("--differences", nargs="*", default=[], help="PATH:SCALE")
    args.add_argument("--every", type=int, default=1)
    args.add_argument("--batch", type=int, default=64)
    args.add_argument("--sheet", default="")
    args = args.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    Path(args.out).write_text(json.dumps(measure(args, device), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
