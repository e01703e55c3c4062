"""8-bit weights: `<name>.weight` as I8 in its own shape, `<name>.weight_scale` as F32 [out]; weight = int8 * scale[out].
Everything else is F16."""
import torch


def is_matrix(name, tensor):
    return name.endswith(".weight") and tensor.dim() >= 2


def quantise(weights):
    out = {}
    for name, tensor in weights.items():
        tensor = tensor.detach().float().cpu()
        if not is_matrix(name, tensor):
            out[name] = tensor.half().contiguous()
            continue
        rows = tensor.flatten(1)
        # The clip that loses least, per output channel: the plain maximum wastes the range on outliers.
        peak, best, scale = rows.abs().amax(1, keepdim=True).clamp(min=1e-12), None, None
        for part in (1.0, 0.95, 0.9, 0.85, 0.8):
            s = peak * part / 127
            error = ((rows / s).round().clamp(-127, 127) * s - rows).square().sum(1, keepdim=True)
            if best is None:
                best, scale = error, s
            better = error < best
            best, scale = torch.where(better, error, best), torch.where(better, s, scale)
        out[name] = (rows / scale).round().clamp(-127, 127).to(torch.int8).reshape(tensor.shape).contiguous()
        out[name + "_scale"] = scale[:, 0].contiguous()
    return out


def dequantise(weights):
    """The float32 weights an engine computes with."""
    out = {}
    for name, tensor in weights.items():
        if name.endswith(".weight_scale"):
            continue
        scale = weights.get(name + "_scale")
        out[name] = tensor.float() if scale is None else tensor.float() * scale.reshape(-1, *[1] * (tensor.dim() - 1))
    return out
