"""A text encoder of a larger vocabulary or of more layers, that means what the smaller one means."""
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer

import config
from text_encoder import TextEncoder


def grown(weights, old, new):
    """`weights` of an encoder that reads the tokenizer in folder `old`; for `new`, whose token begins with the mean of what `old` cuts it into.
    A layer more begins as the identity."""
    state = TextEncoder(config.TEXT_ENCODER).state_dict()
    for name, value in state.items():
        if name in weights and weights[name].shape == value.shape:
            state[name] = weights[name]
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            state[name] = torch.zeros_like(value)
    name, old, new = "model.embed_tokens.weight", *(Tokenizer.from_file(str(Path(p) / "tokenizer.json")) for p in (old, new))
    if weights[name].shape != state[name].shape:
        state[name] = torch.zeros_like(state[name])
        known, pieces = old.get_vocab(), cuts(old)
        for token, i in new.get_vocab().items():
            ids = [known[token]] if token in known else pieces(token)
            state[name][i] = weights[name][ids].mean(0)
    return state


def cuts(tokenizer):
    """What merges make of a token that is unknown."""
    model = json.loads(tokenizer.to_str())["model"]
    ranks, known = {tuple(pair): i for i, pair in enumerate(model["merges"])}, model["vocab"]

    def pieces(token):
        parts = list(token)
        while True:
            pairs = [(ranks.get(pair, len(ranks)), i) for i, pair in enumerate(zip(parts, parts[1:]))]
            rank, i = min(pairs, default=(len(ranks), 0))
            if rank == len(ranks):
                return [known[p] for p in parts]
            parts[i : i + 2] = [parts[i] + parts[i + 1]]

    return pieces
