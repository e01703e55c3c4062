"""AutoencoderKL with Flux's structure (no quantisation convolutions), with diffusers' tensor names."""
import torch.nn.functional as F
from torch import nn


class Resnet(nn.Module):
    def __init__(self, cin, cout, groups):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(groups, cin, 1e-6), nn.GroupNorm(groups, cout, 1e-6)
        self.conv1, self.conv2 = nn.Conv2d(cin, cout, 3, padding=1), nn.Conv2d(cout, cout, 3, padding=1)
        if cin != cout:
            self.conv_shortcut = nn.Conv2d(cin, cout, 1)

    def forward(self, x):
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.conv2(F.silu(self.norm2(y)))
        return y + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attention(nn.Module):
    def __init__(self, width, groups):
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, width, 1e-6)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.group_norm(x).flatten(2).transpose(1, 2)
        y = F.scaled_dot_product_attention(self.to_q(y)[:, None], self.to_k(y)[:, None], self.to_v(y)[:, None])
        return x + self.to_out[0](y[:, 0]).transpose(1, 2).reshape(b, c, h, w)


class Middle(nn.Module):
    def __init__(self, width, groups):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(width, width, groups) for _ in range(2))
        self.attentions = nn.ModuleList([Attention(width, groups)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Sampler(nn.Module):
    def __init__(self, width, up):
        super().__init__()
        self.up = up
        self.conv = nn.Conv2d(width, width, 3, stride=1 if up else 2, padding=1 if up else 0)

    def forward(self, x):
        # Down: the padding lies right and below only, as in the published model.
        return self.conv(F.interpolate(x, scale_factor=2.0) if self.up else F.pad(x, (0, 1, 0, 1)))


class Level(nn.Module):
    def __init__(self, cin, cout, layers, groups, sampler=None):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(cin if i == 0 else cout, cout, groups) for i in range(layers))
        if sampler:
            setattr(self, sampler, nn.ModuleList([Sampler(cout, sampler == "upsamplers")]))
        self.sampler = sampler

    def forward(self, x):
        for resnet in self.resnets:
            x = resnet(x)
        return getattr(self, self.sampler)[0](x) if self.sampler else x


class Encoder(nn.Module):
    def __init__(self, widths, layers, groups, latent):
        super().__init__()
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        ins, last = [widths[0], *widths[:-1]], len(widths) - 1
        self.down_blocks = nn.ModuleList(
            Level(a, b, layers, groups, "downsamplers" if i < last else None)
            for i, (a, b) in enumerate(zip(ins, widths)))
        self.mid_block = Middle(widths[-1], groups)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], 1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 2 * latent, 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down_blocks:
            x = level(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    def __init__(self, widths, layers, groups, latent):
        super().__init__()
        widths = widths[::-1]
        self.conv_in = nn.Conv2d(latent, widths[0], 3, padding=1)
        self.mid_block = Middle(widths[0], groups)
        ins, last = [widths[0], *widths[:-1]], len(widths) - 1
        self.up_blocks = nn.ModuleList(
            Level(a, b, layers + 1, groups, "upsamplers" if i < last else None)
            for i, (a, b) in enumerate(zip(ins, widths)))
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], 1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, z):
        z = self.mid_block(self.conv_in(z))
        for level in self.up_blocks:
            z = level(z)
        return self.conv_out(F.silu(self.conv_norm_out(z)))


class Autoencoder(nn.Module):
    """Pictures in [-1, 1]. `encode` and `decode` speak the transformer's latents: (z - shift) * scale."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        args = (config["block_out_channels"], config["layers_per_block"], config["norm_num_groups"],
                config["latent_channels"])
        self.encoder, self.decoder = Encoder(*args), Decoder(*args)

    def moments(self, picture):
        mean, logvar = self.encoder(picture).chunk(2, 1)
        return mean, logvar.clamp(-30, 20)

    def encode(self, picture):
        return (self.moments(picture)[0] - self.config["shift_factor"]) * self.config["scaling_factor"]

    def decode(self, latents):
        return self.decoder(latents / self.config["scaling_factor"] + self.config["shift_factor"])
