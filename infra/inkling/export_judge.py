"""Writes the judge as ONNX (opset 17, plain operators, dynamic sizes, F16 weights behind a Cast):
python export_judge.py judge.pt OUT_FOLDER"""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from common import load
from judge_model import Judge, Reader
from verdict import HIGH, LOW, THRESHOLD
from world import BACKGROUNDS, NOUNS, STYLE_IDS


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
        self.nodes, self.weights, self.count = [], [], 0

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        self.nodes.append(helper.make_node(kind, list(inputs), [f"v{self.count}"], **attributes))
        return f"v{self.count}"

    def weight(self, tensor):
        array = tensor.detach().cpu().numpy()
        name = f"w{len(self.weights)}"
        if array.dtype == np.float32 and array.size > 16:
            self.weights.append(numpy_helper.from_array(array.astype(np.float16), name))
            return self.op("Cast", name, to=TensorProto.FLOAT)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def conv(self, x, c):
        return self.op("Conv", x, self.weight(c.weight), self.weight(c.bias), strides=list(c.stride), pads=[c.padding[0]] * 4)

    def chain(self, x, module):
        for layer in module:
            if isinstance(layer, torch.nn.Conv2d):
                x = self.conv(x, layer)
            elif isinstance(layer, torch.nn.ReLU):
                x = self.op("Relu", x)
            elif hasattr(layer, "body"):
                x = self.op("Relu", self.op("Add", x, self.chain(x, layer.body)))
        return x


def to_onnx(judge):
    g = Graph()
    x = g.chain("image", judge.trunk)
    score = g.op("Sigmoid", g.conv(x, judge.heat))
    top = g.op("ReduceMax", score, axes=[1], keepdims=1)
    highest = g.op("MaxPool", top, kernel_shape=[5, 5], pads=[2] * 4, strides=[1, 1])
    least = g.op("Max", highest, top)
    here = g.op("Cast", g.op("GreaterOrEqual", score, least), to=TensorProto.FLOAT)
    g.nodes.append(helper.make_node("Mul", [score, here], ["objects"]))
    pooled = g.op("Concat", g.op("ReduceMean", x, axes=[2, 3], keepdims=0), g.op("ReduceMax", x, axes=[2, 3], keepdims=0), axis=1)
    scene = g.op("Gemm", pooled, g.weight(judge.scene.weight), g.weight(judge.scene.bias), transB=1)
    n = len(BACKGROUNDS)
    cut = lambda a, b: g.op("Slice", scene, g.weight(torch.tensor([a])), g.weight(torch.tensor([b])), g.weight(torch.tensor([1])))
    background, style = cut(0, n), cut(n, n + len(STYLE_IDS))
    g.nodes += [helper.make_node("Softmax", [background], ["background"], axis=1),
                helper.make_node("Softmax", [style], ["style"], axis=1)]
    info = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(g.nodes, "inkling-judge", [info("image", ["n", 3, "height", "width"])],
                              [info("objects", ["n", len(NOUNS), "rows", "columns"]), info("background", ["n", n]),
                               info("style", ["n", len(STYLE_IDS)])], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="inkling")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    judge = Judge().eval()
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load(sys.argv[1])["ema"].items()})
    out = Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    folded(judge)
    onnx.save(to_onnx(judge), out / "judge.onnx")
    (out / "judge.json").write_text(json.dumps({
        "input": {"name": "image", "type": "float32", "layout": "NCHW", "shape": ["n", 3, "height", "width"],
                  "channels": "RGB", "range": [-1, 1], "sides": "multiples of 16"},
        "outputs": {"objects": {"shape": ["n", len(NOUNS), "height/16", "width/16"], "threshold": THRESHOLD},
                    "background": {"shape": ["n", len(BACKGROUNDS)]}, "style": {"shape": ["n", len(STYLE_IDS)]}},
        "thirds": [LOW, HIGH], "stride": 16, "nouns": [n.id for n in NOUNS], "backgrounds": BACKGROUNDS, "styles": STYLE_IDS},
        indent=1, ensure_ascii=False) + "\n")
    try:
        import onnxruntime
    except ImportError:
        return
    session = onnxruntime.InferenceSession(str(out / "judge.onnx"), providers=["CPUExecutionProvider"])
    picture = torch.rand(2, 3, 192, 256) * 2 - 1
    with torch.no_grad():
        expected = Reader(judge)(picture)
    got = session.run(None, {"image": picture.numpy()})
    print(f"{(out / 'judge.onnx').stat().st_size / 2**20:.2f} MiB, differs from torch by",
          [f"{abs(a - b.numpy()).max():.1e}" for a, b in zip(got, expected)])


if __name__ == "__main__":
    main()
