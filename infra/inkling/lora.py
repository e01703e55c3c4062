"""Low-rank differences W + B A of linear weights, in the names of diffusers: `transformer.<module>.lora_A.weight` [r, in] and
`transformer.<module>.lora_B.weight` [out, r]; alpha is r, so that the difference is added as it stands."""
import torch
import torch.nn.functional as F
from torch import nn

PARTS = ("attention", "feed_forward", "adaLN_modulation")


class LowRank(nn.Module):
    """A frozen linear layer with a trained difference."""

    def __init__(self, linear, rank):
        super().__init__()
        self.linear = linear.requires_grad_(False)
        out, width = linear.weight.shape
        rank = min(rank, out, width)
        self.down = nn.Parameter(torch.randn(rank, width) / width**0.5)
        self.up = nn.Parameter(torch.zeros(out, rank))

    def forward(self, x):
        with torch.autocast(x.device.type, enabled=False):  # in bf16 a small difference would drown in the weight's rounding
            weight = torch.addmm(self.linear.weight, self.up, self.down)
        return F.linear(x, weight, self.linear.bias)


def add_low_rank(transformer, rank, parts=PARTS):
    """Puts a difference on every matrix inside the blocks whose name holds one of `parts`; all else stays frozen.
    Returns the factors."""
    transformer.requires_grad_(False)
    for name, module in list(transformer.named_modules()):
        if isinstance(module, nn.Linear) and name.startswith(("layers", "noise_refiner", "context_refiner")) \
                and any(part in name for part in parts):
            parent, _, child = name.rpartition(".")
            setattr(transformer.get_submodule(parent), child, LowRank(module, rank).to(module.weight.device))
    return [p for p in transformer.parameters() if p.requires_grad]


def factors(weights):
    """The difference inside a state dict of a transformer with `LowRank` layers, in diffusers' names."""
    names = {"down": "lora_A.weight", "up": "lora_B.weight"}
    return {f"transformer.{k.rpartition('.')[0]}.{names[k.rpartition('.')[2]]}": v
            for k, v in weights.items() if k.rpartition(".")[2] in names}


def states(difference):
    """The reverse of `factors`."""
    names = {"lora_A.weight": "down", "lora_B.weight": "up"}
    parts = ((k.removeprefix("transformer.").rpartition(".lora_"), v) for k, v in difference.items())
    return {f"{module}.{names['lora_' + end]}": v for (module, _, end), v in parts}


def balanced(difference):
    """The same difference with orthonormal B, so that a scale per row suits both factors when they are rounded to 8 bits."""
    out = {}
    for name, a in difference.items():
        if "lora_A" in name:
            other = name.replace("lora_A", "lora_B")
            b = difference[other]
            q, r = torch.linalg.qr(b.float())
            u, s, v = torch.linalg.svd(r @ a.float(), full_matrices=False)
            out[name], out[other] = (s[:, None] * v).contiguous(), (q @ u).contiguous()
    return out


def truncated(difference, rank):
    """The nearest difference of at most that rank."""
    return {name: value[:rank] if "lora_A" in name else value[:, :rank] for name, value in balanced(difference).items()}


def fold(weights, difference, scale=1.0):
    """A transformer's weights with the difference added."""
    out = dict(weights)
    for name, a in difference.items():
        if name.endswith(".lora_A.weight"):
            module = name.removeprefix("transformer.").removesuffix(".lora_A.weight")
            b = difference[name.replace("lora_A", "lora_B")]
            out[module + ".weight"] = out[module + ".weight"].float() + scale * (b.float() @ a.float())
    return out
