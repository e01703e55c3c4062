"""Inkling's modules, from a training checkpoint (a file, whole or in pieces) or from an exported folder."""
import json
from pathlib import Path

from safetensors.torch import load_file

import config
from autoencoder import Autoencoder
from common import load
from lora import fold
from preview import Preview
from quantise import dequantise, quantise
from text_encoder import TextEncoder
from transformer import Transformer

PARTS = {  # name: (class, configuration, folder, file, its key in a checkpoint)
    "vae": (Autoencoder, config.VAE, "inkling/vae", "diffusion_pytorch_model.safetensors", "ema"),
    "preview": (Preview, config.PREVIEW, "inkling/preview", "diffusion_pytorch_model.safetensors", "ema"),
    "text": (TextEncoder, config.TEXT_ENCODER, "inkling/text_encoder", "model.safetensors", "text"),
    "transformer": (Transformer, config.TRANSFORMER, "inkling-base/transformer", "diffusion_pytorch_model.safetensors", "ema"),
}
DIFFERENCE = "pytorch_lora_weights.safetensors"


def floats(weights):
    return {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}


def read(part, path, shipped=False):
    """(configuration, float32 weights). With `shipped` they are rounded as the export will round them."""
    _, standard, folder, file, key = PARTS[part]
    path = Path(path)
    if path.is_dir():
        folder = path / folder
        return json.loads((folder / "config.json").read_text()), dequantise(load_file(folder / file))
    value = load(path)
    weights = floats(value[key])
    return value.get("config", standard), dequantise(quantise(weights)) if shipped else weights


def read_difference(path):
    """A low-rank difference from a checkpoint, a LoRA file or an exported folder."""
    path = Path(path)
    if path.is_dir():
        path = path / DIFFERENCE
    return dequantise(load_file(path)) if path.suffix == ".safetensors" else floats(load(path)["difference"])


def restore(part, path, device="cpu", shipped=False, differences=()):
    """The module, frozen. `differences`: (path, scale) of each, folded into a transformer."""
    cfg, weights = read(part, path, shipped)
    for difference, scale in differences:
        weights = fold(weights, read_difference(difference), scale)
    model = PARTS[part][0](cfg)
    model.load_state_dict(weights)
    return model.to(device).eval().requires_grad_(False)
