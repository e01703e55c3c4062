"""The judge's convolutions in the order in which they are exported, and how they are read back."""
import onnx
import torch
from onnx import numpy_helper
from torch import nn


def layers(judge):
    """(convolution or linear, the norm behind it or None)."""
    def walk(module):
        children = list(module.children())
        for i, child in enumerate(children):
            if isinstance(child, nn.Conv2d):
                after = children[i + 1] if i + 1 < len(children) else None
                yield child, after if isinstance(after, nn.BatchNorm2d) else None
            else:
                yield from walk(child)

    yield from walk(judge.trunk)
    yield from ((layer, None) for layer in (judge.heat, judge.scene, judge.size, judge.tint, judge.near, judge.far))
    yield from walk(judge.letters)
    yield judge.glyph, None


def arrays(path):
    """[(weight, bias)] of the convolutions and products of an exported judge, in float32."""
    graph = onnx.load(path).graph
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    out = []
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].float()
        elif node.op_type == "DequantizeLinear":
            weight, scale = (values[name].float() for name in node.input[:2])
            values[node.output[0]] = weight * scale.view(-1, *[1] * (weight.dim() - 1))
        elif node.op_type in ("Conv", "Gemm"):
            out.append((values[node.input[1]], values[node.input[2]]))
    return out


@torch.no_grad()
def read_onnx(judge, path):
    """Fills the layers that the file has; norms become the identity, with the bias. A class more than the file has keeps its start."""
    for (layer, norm), (weight, bias) in zip(layers(judge), arrays(path)):
        layer.weight[: len(weight)].copy_(weight)
        (norm or layer).bias[: len(bias)].copy_(bias)
        if norm is not None:
            norm.weight.fill_((1 + norm.eps) ** 0.5)  # the fresh statistics are mean 0 and variance 1
