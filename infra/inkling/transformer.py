"""ZImageTransformer2DModel, basic mode, with the published tensor names.

One batch holds captions of one padded length and pictures of one size, so nothing is ever masked:
padding tokens take part in every attention, as in the published model.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

PAD = 32  # both streams are padded to a multiple of this


def padded(length):
    return -(-length // PAD) * PAD


class Rope:
    """Rotary tables over (frame, row, column), adjacent pairs, computed in float64."""

    def __init__(self, axes, theta):
        self.axes, self.theta, self.tables = axes, theta, {}

    def __call__(self, cap_len, rows, cols, device):
        key = (cap_len, rows, cols, str(device))
        if key not in self.tables:
            cap = torch.zeros(cap_len, 3, dtype=torch.float64)
            cap[:, 0] = torch.arange(1, cap_len + 1)
            grid = torch.zeros(padded(rows * cols), 3, dtype=torch.float64)  # pads stay at (0, 0, 0)
            n = rows * cols
            grid[:n, 0] = cap_len + 1
            grid[:n, 1] = torch.arange(rows).repeat_interleave(cols)
            grid[:n, 2] = torch.arange(cols).repeat(rows)
            self.tables[key] = [self.table(p).to(device) for p in (grid, cap)]
        return self.tables[key]

    def table(self, positions):
        angles = [positions[:, i : i + 1] * self.theta ** -(torch.arange(0, d, 2, dtype=torch.float64) / d)
                  for i, d in enumerate(self.axes)]
        angles = torch.cat(angles, 1)
        return torch.stack([angles.cos(), angles.sin()]).float()[:, None, :, None]  # 2, 1, tokens, 1, pairs


def rotate(x, table):
    cos, sin = table
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, dim, heads, eps):
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(dim, dim, bias=False) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(dim, dim, bias=False)])
        self.norm_q, self.norm_k = (nn.RMSNorm(dim // heads, eps=eps) for _ in range(2))

    def forward(self, x, table):
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)) for f in (self.to_q, self.to_k, self.to_v))
        q, k = rotate(self.norm_q(q), table).to(v.dtype), rotate(self.norm_k(k), table).to(v.dtype)
        y = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        return self.to_out[0](y.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        hidden = int(dim / 3 * 8)
        self.w1, self.w3 = (nn.Linear(dim, hidden, bias=False) for _ in range(2))
        self.w2 = nn.Linear(hidden, dim, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    def __init__(self, dim, heads, eps, modulated):
        super().__init__()
        self.attention, self.feed_forward = Attention(dim, heads, eps), FeedForward(dim)
        self.attention_norm1, self.attention_norm2, self.ffn_norm1, self.ffn_norm2 = (
            nn.RMSNorm(dim, eps=eps) for _ in range(4))
        if modulated:
            self.adaLN_modulation = nn.Sequential(nn.Linear(min(dim, 256), 4 * dim))

    def forward(self, x, table, adaln=None):
        scale_a = scale_m = gate_a = gate_m = 1.0
        if adaln is not None:
            scale_a, gate_a, scale_m, gate_m = self.adaLN_modulation(adaln)[:, None].chunk(4, -1)
            scale_a, scale_m, gate_a, gate_m = 1 + scale_a, 1 + scale_m, gate_a.tanh(), gate_m.tanh()
        x = x + gate_a * self.attention_norm2(self.attention(self.attention_norm1(x) * scale_a, table))
        return x + gate_m * self.ffn_norm2(self.feed_forward(self.ffn_norm1(x) * scale_m))


class TimeEmbedding(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, 1024), nn.SiLU(), nn.Linear(1024, width))

    def forward(self, t):
        freqs = torch.exp(-math.log(10000) * torch.arange(128, device=t.device, dtype=torch.float32) / 128)
        angles = t.float()[:, None] * freqs
        return self.mlp(torch.cat([angles.cos(), angles.sin()], -1))


class FinalLayer(nn.Module):
    def __init__(self, dim, out):
        super().__init__()
        self.norm_final = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.linear = nn.Linear(dim, out)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(min(dim, 256), dim))

    def forward(self, x, adaln):
        return self.linear(self.norm_final(x) * (1 + self.adaLN_modulation(adaln))[:, None])


class Transformer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        dim, heads, eps = config["dim"], config["n_heads"], config["norm_eps"]
        patch = config["in_channels"] * 4
        self.all_x_embedder = nn.ModuleDict({"2-1": nn.Linear(patch, dim)})
        self.all_final_layer = nn.ModuleDict({"2-1": FinalLayer(dim, patch)})
        self.t_embedder = TimeEmbedding(min(dim, 256))
        self.cap_embedder = nn.Sequential(nn.RMSNorm(config["cap_feat_dim"], eps=eps),
                                          nn.Linear(config["cap_feat_dim"], dim))
        self.x_pad_token, self.cap_pad_token = (nn.Parameter(0.02 * torch.randn(1, dim)) for _ in range(2))
        refiners = config["n_refiner_layers"]
        self.noise_refiner = nn.ModuleList(Block(dim, heads, eps, True) for _ in range(refiners))
        self.context_refiner = nn.ModuleList(Block(dim, heads, eps, False) for _ in range(refiners))
        self.layers = nn.ModuleList(Block(dim, heads, eps, True) for _ in range(config["n_layers"]))
        self.rope = Rope(config["axes_dims"], config["rope_theta"])

    def forward(self, latents, t, caption, lengths):
        """latents (B,16,h,w); t (B) = 1 - sigma; caption (B, L32, C) of which `lengths` rows are real.
        Returns the model's output: the velocity is its negative."""
        b, _, h, w = latents.shape
        rows, cols = h // 2, w // 2
        tables = self.rope(caption.shape[1], rows, cols, latents.device)
        adaln = self.t_embedder(t * self.config["t_scale"])

        x = latents.unflatten(3, (cols, 2)).unflatten(2, (rows, 2)).permute(0, 2, 4, 3, 5, 1)
        x = self.all_x_embedder["2-1"](x.reshape(b, rows * cols, -1))
        pads = padded(rows * cols) - rows * cols
        if pads:
            x = torch.cat([x, self.x_pad_token.to(x.dtype).expand(b, pads, -1)], 1)
        for block in self.noise_refiner:
            x = block(x, tables[0], adaln)

        real = torch.arange(caption.shape[1], device=caption.device) < lengths[:, None]
        c = self.cap_embedder(caption)
        c = torch.where(real[..., None], c, self.cap_pad_token.to(c.dtype))
        for block in self.context_refiner:
            c = block(c, tables[1])

        x, table = torch.cat([x, c], 1), torch.cat(tables, 2)
        for block in self.layers:
            x = block(x, table, adaln)
        x = self.all_final_layer["2-1"](x, adaln)[:, : rows * cols]
        x = x.reshape(b, rows, cols, 2, 2, -1).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(b, -1, h, w)
