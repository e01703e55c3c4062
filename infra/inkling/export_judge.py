"""Writes the judge as ONNX (opset 17, plain operators, dynamic sizes, 8-bit weights behind DequantizeLinear, a scale per output channel)
and says how far it is from the float network: python export_judge.py judge.pt OUT_FOLDER"""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from common import load
from judge_model import LETTER_REACH, LETTER_STRIDE, REACH, STRIDE, Judge, Reader
from signs import GLYPHS
from verdict import BIGGER, HIGH, LETTER_THRESHOLD, LOW, SMALLER, THRESHOLD
from world import BACKGROUNDS, NOUNS, STYLE_IDS, TINTS


def folded(judge):
    """Batch norms go into the convolutions before them."""
    def walk(module):
        for child in module.children():
            walk(child)
        if isinstance(module, torch.nn.Sequential):
            for i in range(len(module) - 1):
                if isinstance(module[i], torch.nn.Conv2d) and isinstance(module[i + 1], torch.nn.BatchNorm2d):
                    module[i] = torch.nn.utils.fuse_conv_bn_eval(module[i], module[i + 1])
                    module[i + 1] = torch.nn.Identity()
    walk(judge)
    return judge


class Graph:
    """Walks the torch modules once and writes one node per operation."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def op(self, kind, *inputs, name="", **attributes):
        self.count += 1
        name = name or f"v{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, array):
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def numbers(self, *values):
        return self.constant(np.array(values, np.int64))

    def weight(self, tensor):
        """A matrix or kernel, the output channel first."""
        array = tensor.detach().cpu().numpy()
        scale = np.maximum(np.abs(array).reshape(len(array), -1).max(1), 1e-8).astype(np.float32) / 127
        whole = np.clip(np.round(array / scale.reshape(-1, *[1] * (array.ndim - 1))), -127, 127).astype(np.int8)
        return self.op("DequantizeLinear", self.constant(whole), self.constant(scale), axis=0)

    def conv(self, x, c):
        bias = self.constant(c.bias.detach().cpu().numpy())
        return self.op("Conv", x, self.weight(c.weight), bias, strides=list(c.stride), pads=[c.padding[0]] * 4)

    def chain(self, x, module):
        for layer in module:
            if isinstance(layer, torch.nn.Conv2d):
                x = self.conv(x, layer)
            elif isinstance(layer, torch.nn.ReLU):
                x = self.op("Relu", x)
            elif hasattr(layer, "body"):
                x = self.op("Relu", self.op("Add", x, self.chain(x, layer.body)))
        return x

    def peaks(self, heat, reach, name):
        score = self.op("Sigmoid", heat)
        top = self.op("ReduceMax", score, axes=[1], keepdims=1)
        highest = self.op("MaxPool", top, kernel_shape=[2 * reach + 1] * 2, pads=[reach] * 4, strides=[1, 1])
        here = self.op("Cast", self.op("GreaterOrEqual", score, self.op("Max", highest, top)), to=TensorProto.FLOAT)
        self.op("Mul", score, here, name=name)

    def cut(self, x, begin, end):
        return self.op("Slice", x, self.numbers(begin), self.numbers(end), self.numbers(1))


def to_onnx(judge):
    g = Graph()
    near = g.chain("image", judge.trunk[: judge.NEAR])
    x = g.chain(near, judge.trunk[judge.NEAR :])
    g.peaks(g.conv(x, judge.heat), REACH, "objects")
    pooled = g.op("Concat", g.op("ReduceMean", x, axes=[2, 3], keepdims=0), g.op("ReduceMax", x, axes=[2, 3], keepdims=0), axis=1)
    scene = g.op("Gemm", pooled, g.weight(judge.scene.weight), g.constant(judge.scene.bias.detach().cpu().numpy()), transB=1)
    backgrounds, styles = len(BACKGROUNDS), len(STYLE_IDS)
    g.op("Softmax", g.cut(scene, 0, backgrounds), axis=1, name="background")
    g.op("Softmax", g.cut(scene, backgrounds, backgrounds + styles), axis=1, name="style")
    g.op("Sigmoid", g.conv(x, judge.size), name="sizes")
    g.op("Softmax", g.conv(x, judge.tint), axis=1, name="tints")
    letters = g.conv(near, judge.near)
    twice = g.op("Resize", g.conv(x, judge.far), "", g.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest",
                 coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    letters = g.chain(g.op("Relu", g.op("Add", letters, twice)), judge.letters)
    g.peaks(g.conv(letters, judge.glyph), LETTER_REACH, "glyphs")
    info = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    cells = ("rows", "columns")
    graph = helper.make_graph(g.nodes, "inkling-judge", [info("image", "n", 3, "height", "width")], [
        info("objects", "n", len(NOUNS), *cells), info("background", "n", backgrounds), info("style", "n", styles),
        info("sizes", "n", 1, *cells), info("tints", "n", 1 + len(TINTS), *cells),
        info("glyphs", "n", len(GLYPHS), "letterRows", "letterColumns")], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="inkling")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def description():
    return {
        "input": {"name": "image", "type": "float32", "layout": "NCHW", "shape": ["n", 3, "height", "width"],
                  "channels": "RGB", "range": [-1, 1], "sides": f"multiples of {STRIDE}"},
        "outputs": {"objects": {"shape": ["n", len(NOUNS), "height/16", "width/16"], "threshold": THRESHOLD},
                    "background": {"shape": ["n", len(BACKGROUNDS)]}, "style": {"shape": ["n", len(STYLE_IDS)]},
                    "sizes": {"shape": ["n", 1, "height/16", "width/16"], "smaller": SMALLER, "bigger": BIGGER},
                    "tints": {"shape": ["n", 1 + len(TINTS), "height/16", "width/16"]},
                    "glyphs": {"shape": ["n", len(GLYPHS), "height/8", "width/8"], "threshold": LETTER_THRESHOLD}},
        "thirds": [LOW, HIGH], "stride": STRIDE, "letterStride": LETTER_STRIDE, "nouns": [n.id for n in NOUNS],
        "backgrounds": BACKGROUNDS, "styles": STYLE_IDS, "tints": ["own", *TINTS], "letters": GLYPHS}


def main():
    judge = Judge().eval()
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load(sys.argv[1])["ema"].items()})
    out = Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    folded(judge)
    onnx.save(to_onnx(judge), out / "judge.onnx")
    (out / "judge.json").write_text(json.dumps(description(), indent=1, ensure_ascii=False) + "\n")
    import onnxruntime

    session = onnxruntime.InferenceSession(str(out / "judge.onnx"), providers=["CPUExecutionProvider"])
    picture = torch.rand(2, 3, 192, 256) * 2 - 1
    with torch.no_grad():
        expected = Reader(judge)(picture)
    for name, wanted in expected._asdict().items():
        found = session.run([name], {"image": picture.numpy()})[0]
        assert found.shape == tuple(wanted.shape), (name, found.shape, wanted.shape)
        print(f"{name}: 8-bit differs from float by at most {np.abs(found - wanted.numpy()).max():.4f} on noise")
    print(f"judge.onnx: {(out / 'judge.onnx').stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
