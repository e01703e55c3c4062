"""Edits: a picture and an instruction in, a changed picture out, by the omni sequence with one condition picture."""
import torch
from torch import nn

from rope import id_batch

SEGMENTS = ("<|im_start|>user\n<|vision_start|>",
            "<|vision_end|>{}<|im_end|>\n<|im_start|>assistant\n<|vision_start|>",
            "<|vision_end|><|im_end|>")


def segment_tokens(tokenizer, texts, length=None):
    """ids (n, length), padded on the right to a multiple of 32, and the real lengths (n)."""
    return id_batch([e.ids[:512] for e in tokenizer.encode_batch(list(texts))], length)


def instruction_tokens(tokenizer, instructions, length=None):
    """The middle segment of each instruction."""
    return segment_tokens(tokenizer, [SEGMENTS[1].format(i) for i in instructions], length)


class Editor(nn.Module):
    """The transformer in omni mode. A condition is (source latents, instruction features (n, L32, C), their lengths (n),
    features of the first and of the last segment (n, 32, C))."""

    def __init__(self, transformer, tokenizer, device):
        super().__init__()
        self.transformer = transformer
        self.ends = [segment_tokens(tokenizer, [SEGMENTS[i]]) for i in (0, 2)]
        self.ends = [(ids.to(device), length.to(device)) for ids, length in self.ends]

    def condition(self, text, source, ids, lengths):
        """text: the encoder; ids and lengths as from `instruction_tokens`."""
        first, last = (text(e[0]).expand(len(ids), -1, -1) for e in self.ends)
        return source, text(ids), lengths, first, last

    def forward(self, latents, t, source, features, lengths, first, last):
        ends = [e[1].expand(len(latents)) for e in self.ends]
        return self.transformer.omni([source, latents], t, [first, features, last], [ends[0], lengths, ends[1]])
