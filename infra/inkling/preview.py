"""AutoencoderTiny with TAEF1's structure and tensor names: the quick picture shown while the steps run."""
import torch
from torch import nn


class TinyBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
                                  nn.Conv2d(width, width, 3, padding=1), nn.ReLU(),
                                  nn.Conv2d(width, width, 3, padding=1))
        self.fuse = nn.ReLU()

    def forward(self, x):
        return self.fuse(self.conv(x) + x)


class TinyEncoder(nn.Module):
    def __init__(self, latent, blocks, width):
        super().__init__()
        layers = [nn.Conv2d(3, width, 3, padding=1)]
        for level, count in enumerate(blocks):
            if level:
                layers.append(nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False))
            layers += [TinyBlock(width) for _ in range(count)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, latent, 3, padding=1))

    def forward(self, picture):
        return self.layers((picture + 1) / 2)


class TinyDecoder(nn.Module):
    def __init__(self, latent, blocks, width):
        super().__init__()
        layers = [nn.Conv2d(latent, width, 3, padding=1), nn.ReLU()]
        for level, count in enumerate(blocks):
            layers += [TinyBlock(width) for _ in range(count)]
            if level < len(blocks) - 1:
                layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1, bias=False)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, latents):
        return self.layers(torch.tanh(latents / 3) * 3) * 2 - 1


class Preview(nn.Module):
    """Works on the transformer's latents: its scaling is 1 and its shift is 0."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        width, latent = config["block_out_channels"][0], config["latent_channels"]
        self.encoder = TinyEncoder(latent, config["num_encoder_blocks"], width)
        self.decoder = TinyDecoder(latent, config["num_decoder_blocks"], width)

    def encode(self, picture):
        return self.encoder(picture)

    def decode(self, latents):
        return self.decoder(latents)
