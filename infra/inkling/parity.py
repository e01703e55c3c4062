"""Compares the torch modules with tensors of the reference implementation: python parity.py PARITY_FOLDER"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from autoencoder import Autoencoder
from preview import Preview
from text_encoder import TextEncoder
from rope import padded
from transformer import Transformer

root = Path(sys.argv[1])


def load(cls, folder, strip=""):
    folder = root / "checkpoints" / folder
    model = cls(json.loads((folder / "config.json").read_text()))
    weights = load_file(next(folder.glob("*.safetensors")))
    # The text encoder's last layer and final norm are in the file but never used.
    missing, extra = model.load_state_dict(weights, strict=False)
    assert not missing and all(k.startswith("model.") for k in extra), (missing, extra)
    return model.eval()


def space(rows):
    """One segment's features, padded: (1, L32, C)."""
    out = torch.zeros(1, padded(len(rows)), rows.shape[1])
    out[0, : len(rows)] = rows
    return out


def omni(transformer, case, tensors, info):
    """Items one by one: a batch masks what pads one to another."""
    good = True
    for b, item in enumerate(info["call"]["items"]):
        pictures = [tensors[f"x.{b}.{j}"][:, 0][None] for j in range(len(item["images"]))]
        segments = [tensors[f"cap.{b}.{j}"] for j in range(len(item["caps"]))]
        siglip = item["sigs"] and [s and tensors[f"sig.{b}.{j}"][None] for j, s in enumerate(item["sigs"])]
        out = transformer.omni(pictures, tensors["t.0"][b : b + 1], [space(s) for s in segments],
                               [torch.tensor([len(s)]) for s in segments], siglip)
        good &= check(case, f"out.0.{b}", out[0][:, None], tensors, info)
    return good


def check(case, name, got, tensors, info):
    error, bound = (got - tensors[name].float()).abs().max().item(), info["tensors"][name]["atol"]
    print(f"{'ok  ' if error <= bound else 'FAIL'} {case} {name}: {error:.1e} (bound {bound:.0e})")
    return error <= bound


@torch.no_grad()
def main():
    good = True
    transformer, text = load(Transformer, "tiny-turbo/transformer"), load(TextEncoder, "tiny-turbo/text_encoder")
    editor = load(Transformer, "tiny-omni/transformer")
    vae, preview = load(Autoencoder, "tiny-turbo/vae"), load(Preview, "taef1-tiny")
    for path in sorted((root / "cases").glob("*.json")):
        info, tensors = json.loads(path.read_text()), load_file(path.with_suffix(".safetensors"))
        case, kind = path.stem, info.get("kind")
        if kind == "transformer" and info["checkpoint"] == "tiny-turbo" and "cap.1" not in tensors and "out.0.0" in tensors:
            cap = tensors["cap.0"]
            for k in range(info["call"]["n_t"]):
                out = transformer(tensors["x.0"][:, 0][None], tensors[f"t.{k}"], space(cap), torch.tensor([len(cap)]))
                good &= check(case, f"out.{k}.0", out[0][:, None], tensors, info)
        elif kind == "transformer_omni":
            good &= omni(editor, case, tensors, info)
        elif case == "text_encoder_turbo":
            for i in range(3):
                out = text(tensors[f"ids.{i}"].long()[None])[0]
                good &= check(case, f"prompt_embeds.{i}", out, tensors, info)
        elif kind == "taef1":
            for i in range(2):
                picture = tensors[f"image.{i}"].permute(2, 0, 1)[None] / 127.5 - 1
                good &= check(case, f"latents.{i}", preview.encode(picture), tensors, info)
                good &= check(case, f"decoded.{i}", preview.decode(tensors[f"z.{i}"]), tensors, info)
        elif kind == "vae" and info["checkpoint"] == "tiny-turbo":
            for i in range(9):
                if f"image.{i}" in tensors and f"mean.{i}" in tensors:
                    picture = tensors[f"image.{i}"].permute(2, 0, 1)[None] / 127.5 - 1
                    good &= check(case, f"mean.{i}", vae.moments(picture)[0], tensors, info)
                if f"z.{i}" in tensors and f"decoded.{i}" in tensors:
                    good &= check(case, f"decoded.{i}", vae.decode(tensors[f"z.{i}"]), tensors, info)
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
