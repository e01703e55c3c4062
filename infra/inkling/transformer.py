"""ZImageTransformer2DModel, basic and omni mode, with the published tensor names.

One batch holds captions of one padded length and pictures of one size, so nothing is ever masked:
padding tokens take part in every attention, as in the published model.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from rope import PAD, Rope, basic_positions, grid, omni_positions, padded  # noqa: F401


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

    def modulation(self, adaln):
        scale_a, gate_a, scale_m, gate_m = self.adaLN_modulation(adaln)[:, None].chunk(4, -1)
        return 1 + scale_a, gate_a.tanh(), 1 + scale_m, gate_m.tanh()

    def forward(self, x, table, adaln=None, clean=None, noisy=None):
        """adaln (B, 256) modulates the tokens where `noisy` (tokens, 1) holds, or all of them; clean (1, 256) the others."""
        scale_a = gate_a = scale_m = gate_m = 1.0
        if adaln is not None:
            parts = self.modulation(adaln)
            if clean is not None:
                parts = [torch.where(noisy, a, b) for a, b in zip(parts, self.modulation(clean))]
            scale_a, gate_a, scale_m, gate_m = parts
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
        patch, refiners = config["in_channels"] * 4, config["n_refiner_layers"]
        self.all_x_embedder = nn.ModuleDict({"2-1": nn.Linear(patch, dim)})
        self.all_final_layer = nn.ModuleDict({"2-1": FinalLayer(dim, patch)})
        self.t_embedder = TimeEmbedding(min(dim, 256))
        embedder = lambda width: nn.Sequential(nn.RMSNorm(width, eps=eps), nn.Linear(width, dim))
        self.cap_embedder = embedder(config["cap_feat_dim"])
        self.x_pad_token, self.cap_pad_token = (nn.Parameter(0.02 * torch.randn(1, dim)) for _ in range(2))
        blocks = lambda count, modulated: nn.ModuleList(Block(dim, heads, eps, modulated) for _ in range(count))
        self.noise_refiner, self.context_refiner = blocks(refiners, True), blocks(refiners, False)
        self.layers = blocks(config["n_layers"], True)
        if config["siglip_feat_dim"]:
            self.siglip_embedder, self.siglip_refiner = embedder(config["siglip_feat_dim"]), blocks(refiners, False)
            self.siglip_pad_token = nn.Parameter(0.02 * torch.randn(1, dim))
        self.rope = Rope(config["axes_dims"], config["axes_lens"], config["rope_theta"])

    def embed_picture(self, latents):
        b, _, h, w = latents.shape
        x = latents.unflatten(3, (w // 2, 2)).unflatten(2, (h // 2, 2)).permute(0, 2, 4, 3, 5, 1)
        x = self.all_x_embedder["2-1"](x.reshape(b, h * w // 4, -1))
        pads = padded(x.shape[1]) - x.shape[1]
        return torch.cat([x, self.x_pad_token.to(x.dtype).expand(b, pads, -1)], 1) if pads else x

    def embed_caption(self, caption, lengths):
        real = torch.arange(caption.shape[1], device=caption.device) < lengths[:, None]
        c = self.cap_embedder(caption)
        return torch.where(real[..., None], c, self.cap_pad_token.to(c.dtype))

    def embed_siglip(self, siglip, frames, sizes):
        """Features (B, rows, cols, C) or None of each picture: embedded tokens and their positions. The reference flattens
        the channels first, and scales the positions to the latents, not to the tokens."""
        tokens, positions = [], []
        for features, frame, (h, w) in zip(siglip, frames, sizes):
            if features is None:
                tokens.append(self.siglip_pad_token.expand(len(frame), padded(1), -1))
                positions.append(torch.zeros(len(frame), padded(1), 3, dtype=torch.long, device=frame.device))
                continue
            b, rows, cols, width = features.shape
            x = self.siglip_embedder(features.permute(0, 3, 1, 2).reshape(b, rows * cols, width))
            tokens.append(torch.cat([x, self.siglip_pad_token.expand(b, padded(rows * cols) - rows * cols, -1)], 1))
            at = grid(frame + 1, rows, cols)
            scale = torch.tensor([1, (h - 1) / max(rows - 1, 1), (w - 1) / max(cols - 1, 1)], device=frame.device)
            positions.append((at * scale).long())
        return torch.cat(tokens, 1), torch.cat(positions, 1)

    def time(self, t):
        return self.t_embedder(t * self.config["t_scale"])

    def read_out(self, x, adaln, h, w):
        x = self.all_final_layer["2-1"](x, adaln)
        return x.reshape(len(x), h // 2, w // 2, 2, 2, -1).permute(0, 5, 1, 3, 2, 4).reshape(len(x), -1, h, w)

    def forward(self, latents, t, caption, lengths):
        """latents (B,16,h,w); t (B) = 1 - sigma; caption (B, L32, C) of which `lengths` rows are real.
        Returns the model's output: the velocity is its negative."""
        h, w = latents.shape[2:]
        tables = [self.rope(p) for p in basic_positions(caption.shape[1], h // 2, w // 2, latents.device)]
        adaln = self.time(t)
        x = self.embed_picture(latents)
        for block in self.noise_refiner:
            x = block(x, tables[0], adaln)
        c = self.embed_caption(caption, lengths)
        for block in self.context_refiner:
            c = block(c, tables[1])
        x, table = torch.cat([x, c], 1), torch.cat(tables, 2)
        for block in self.layers:
            x = block(x, table, adaln)
        return self.read_out(x[:, : h * w // 4], adaln, h, w)

    def omni(self, pictures, t, captions, lengths, siglip=None):
        """pictures: latents (B,16,h,w) of the conditions, clean, and of the target, noisy, last. captions: features (B, L32, C)
        of the prompt's segments, lengths (B) of each. Returns the output for the target. The order is [captions, pictures, siglip];
        segment j and siglip j are as noisy as picture j, a segment behind the last picture is noisy."""
        h, w = pictures[-1].shape[2:]
        device, last = t.device, len(pictures) - 1
        positions = omni_positions(lengths, [c.shape[1] for c in captions], [(p.shape[2] // 2, p.shape[3] // 2) for p in pictures])
        tables = [self.rope(p) for p in positions[:2]]
        adaln, clean = self.time(t), self.time(torch.ones_like(t[:1]))
        flags = lambda parts: torch.cat([torch.full((p.shape[1], 1), j >= last, device=device) for j, p in enumerate(parts)])

        embedded = [self.embed_picture(p) for p in pictures]
        x, x_noisy = torch.cat(embedded, 1), flags(embedded)
        for block in self.noise_refiner:
            x = block(x, tables[0], adaln, clean, x_noisy)
        c = torch.cat([self.embed_caption(c, n) for c, n in zip(captions, lengths)], 1)
        for block in self.context_refiner:
            c = block(c, tables[1])
        end = c.shape[1] + x.shape[1]
        parts, table, noisy = [c, x], [tables[1], tables[0]], [flags(captions), x_noisy]
        if siglip:
            s, at = self.embed_siglip(siglip, positions[2], [p.shape[2:] for p in pictures])
            spaces = [padded(1) if f is None else padded(f.shape[1] * f.shape[2]) for f in siglip]
            at = self.rope(at)
            for block in self.siglip_refiner:
                s = block(s, at)
            parts, table = [*parts, s], [*table, at]
            noisy.append(torch.cat([torch.full((n, 1), j >= last, device=device) for j, n in enumerate(spaces)]))
        x, table, noisy = torch.cat(parts, 1), torch.cat(table, 2), torch.cat(noisy)
        for block in self.layers:
            x = block(x, table, adaln, clean, noisy)
        start = end - embedded[-1].shape[1]
        return self.read_out(x[:, start : start + h * w // 4], adaln, h, w)
