"""Writes the trained models as a diffusers-like folder with 8-bit weights:
python export.py CHECKPOINTS OUT [--random]   (CHECKPOINTS: vae.pt, preview.pt, turbo.pt, tokenizer/)"""
import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import config
from autoencoder import Autoencoder
from common import load
from preview import Preview
from quantise import dequantise, quantise
from text_encoder import TextEncoder
from transformer import Transformer

PARTS = {  # name: (class, configuration, folder, file)
    "vae": (Autoencoder, config.VAE, "inkling/vae", "diffusion_pytorch_model.safetensors"),
    "preview": (Preview, config.PREVIEW, "inkling/preview", "diffusion_pytorch_model.safetensors"),
    "text": (TextEncoder, config.TEXT_ENCODER, "inkling/text_encoder", "model.safetensors"),
    "transformer": (Transformer, config.TRANSFORMER, "inkling-turbo/transformer", "diffusion_pytorch_model.safetensors"),
}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_part(out, part, weights, config):
    _, _, folder, file = PARTS[part]
    write_json(out / folder / "config.json", config)
    save_file(quantise(weights), out / folder / file, metadata={"format": "pt"})


def read_part(root, part):
    """The exported model, as an engine sees it."""
    cls, _, folder, file = PARTS[part]
    model = cls(json.loads((Path(root) / folder / "config.json").read_text()))
    model.load_state_dict(dequantise(load_file(Path(root) / folder / file)))
    return model.eval()


def write_frame(out, tokenizer=None):
    write_json(out / "inkling-turbo/scheduler/scheduler_config.json", config.SCHEDULER)
    write_json(out / "inkling-turbo/model_index.json", config.MODEL_INDEX)
    write_json(out / "catalog.json", config.CATALOG)
    if tokenizer:
        shutil.copytree(tokenizer, out / "inkling/tokenizer", dirs_exist_ok=True)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("checkpoints", type=Path)
    args.add_argument("out", type=Path)
    args.add_argument("--random", action="store_true", help="untrained weights, to develop an engine against")
    args = args.parse_args()
    torch.manual_seed(0)
    if args.random:
        for part, (cls, cfg, _, _) in PARTS.items():
            write_part(args.out, part, cls(cfg).state_dict(), cfg)
    else:
        vae, preview, turbo = (load(args.checkpoints / f"{n}.pt")
                               for n in ("vae", "preview", "turbo"))
        write_part(args.out, "vae", vae["ema"], vae["config"])
        write_part(args.out, "preview", preview["ema"], config.PREVIEW)
        write_part(args.out, "text", turbo["text"], config.TEXT_ENCODER)
        write_part(args.out, "transformer", turbo["ema"], config.TRANSFORMER)
    write_frame(args.out, None if args.random else args.checkpoints / "tokenizer")
    total = 0
    for file in sorted(args.out.rglob("*.safetensors")):
        total += file.stat().st_size
        print(f"{file.stat().st_size / 2**20:6.2f} MiB  {file.relative_to(args.out)}")
    print(f"{total / 2**20:6.2f} MiB in all")


if __name__ == "__main__":
    main()
