"""Writes the trained models as diffusers-like folders with 8-bit weights:
python export.py CHECKPOINTS OUT [--random]
python export.py CHECKPOINT OUT --only text
(CHECKPOINTS: vae.pt, preview.pt, base.pt, turbo.pt, edit.pt, refiner.pt, blueprint.pt, tokenizer/)"""
import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

import config
from checkpoints import DIFFERENCE, PARTS, read, read_difference
from lora import add_low_rank, balanced, factors
from quantise import quantise
from transformer import Transformer
from vocabulary import text as vocabulary


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_part(out, part, cfg, weights):
    folder, file = PARTS[part][2:4]
    write_json(out / folder / "config.json", cfg)
    save_file(quantise(weights), out / folder / file, metadata={"format": "pt"})


def write_difference(path, difference):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(quantise(balanced(difference)), path, metadata={"format": "pt"})


def write_frame(out, tokenizer=None):
    for variant, shift in config.SHIFTS.items():
        write_json(out / variant / "scheduler/scheduler_config.json", {**config.SCHEDULER, "shift": shift})
    write_json(out / "catalog.json", config.CATALOG)
    (out / "inkling").mkdir(parents=True, exist_ok=True)
    (out / "inkling/vocabulary.json").write_text(vocabulary(), encoding="utf-8")
    if tokenizer:
        shutil.copytree(tokenizer, out / "inkling/tokenizer", dirs_exist_ok=True)


def untrained(rank):
    model = Transformer(config.TRANSFORMER)
    add_low_rank(model, rank)
    return factors(model.state_dict())


def main():
    args = argparse.ArgumentParser()
    args.add_argument("checkpoints", type=Path)
    args.add_argument("out", type=Path)
    args.add_argument("--random", action="store_true", help="untrained weights, to develop an engine against")
    args.add_argument("--only", choices=PARTS, help="one part, of a checkpoint that is named itself")
    args = args.parse_args()
    if args.only:
        write_part(args.out, args.only, *read(args.only, args.checkpoints))
        return
    torch.manual_seed(0)
    for part, (cls, cfg, *_) in PARTS.items():
        source = args.checkpoints / {"vae": "vae.pt", "preview": "preview.pt"}.get(part, "base.pt")
        write_part(args.out, part, *((cfg, cls(cfg).state_dict()) if args.random else read(part, source)))
    for variant in ("turbo", "edit", "refiner"):
        difference = untrained(24) if args.random else read_difference(args.checkpoints / f"{variant}.pt")
        write_difference(args.out / f"inkling-{variant}/adapter" / DIFFERENCE, difference)
    for name in ("blueprint",):
        difference = untrained(8) if args.random else read_difference(args.checkpoints / f"{name}.pt")
        write_difference(args.out / f"inkling-loras/{name}.safetensors", difference)
    write_frame(args.out, None if args.random else args.checkpoints / "tokenizer")
    total = 0
    for file in sorted(args.out.rglob("*")):
        total += file.stat().st_size if file.is_file() else 0
        if file.suffix == ".safetensors":
            print(f"{file.stat().st_size / 2**20:6.2f} MiB  {file.relative_to(args.out)}")
    print(f"{total / 2**20:6.2f} MiB in all")


if __name__ == "__main__":
    main()
