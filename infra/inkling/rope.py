"""Positions (frame, row, column) of the tokens, and their rotary tables. Every stream is padded to a multiple of 32."""
import torch

PAD = 32


def padded(length):
    return -(-length // PAD) * PAD


def id_batch(rows, length=None):
    """Token ids (n, length), padded on the right, to a multiple of 32 if no length is told; and the real lengths (n)."""
    lengths = torch.tensor([len(row) for row in rows])
    length = length or padded(int(lengths.max()))
    return torch.tensor([row + [0] * (length - len(row)) for row in rows]), lengths


class Rope:
    """Rotary tables of adjacent pairs, made in float64 and looked up by position."""

    def __init__(self, axes, lengths, theta):
        self.cpu = [torch.arange(n, dtype=torch.float64)[:, None] * theta ** -(torch.arange(0, d, 2, dtype=torch.float64) / d)
                    for d, n in zip(axes, lengths)]
        self.tables = {}

    def __call__(self, positions):
        """positions (..., tokens, 3), integers; returns cosines and sines (2, ..., tokens, 1, pairs)."""
        device = positions.device
        if device not in self.tables:
            self.tables[device] = [torch.stack([a.cos(), a.sin()]).float().to(device) for a in self.cpu]
        return torch.cat([t[:, positions[..., i]] for i, t in enumerate(self.tables[device])], -1)[..., None, :]


def grid(frame, rows, cols):
    """frame (B): positions (B, padded, 3) of one picture's tokens; its pads stay at (0, 0, 0)."""
    n, device = rows * cols, frame.device
    out = torch.zeros(len(frame), padded(n), 3, dtype=torch.long, device=device)
    out[:, :n, 0] = frame[:, None]
    out[:, :n, 1] = torch.arange(rows, device=device).repeat_interleave(cols)
    out[:, :n, 2] = torch.arange(cols, device=device).repeat(rows)
    return out


def basic_positions(cap_len, rows, cols, device):
    """Of the picture (1, tokens, 3) and of the caption (1, cap_len, 3): pads are counted on."""
    caption = torch.zeros(1, cap_len, 3, dtype=torch.long, device=device)
    caption[..., 0] = torch.arange(1, cap_len + 1, device=device)
    return grid(torch.full((1,), cap_len + 1, device=device), rows, cols), caption


def omni_positions(lengths, spaces, sizes):
    """lengths: real tokens (B) of each segment; spaces: their padded lengths; sizes: (rows, cols) of each picture.
    Returns the positions of the pictures, of the captions, and the frame (B) of each picture.

    The reference's list of caption rows is longer than the captions by their pads and is then cut, which shifts every
    segment but the first against its tokens (diffusers#13574). Weights are trained with it so, and so it is here."""
    device = lengths[0].device
    token = torch.arange(sum(spaces), device=device)
    captions = torch.zeros(len(lengths[0]), len(token), 3, dtype=torch.long, device=device)
    start, offset, frames = torch.ones_like(lengths[0]), torch.zeros_like(lengths[0]), []
    for length, space in zip(lengths, spaces):
        k = token - offset[:, None]
        captions[..., 0] = torch.where((k >= 0) & (k < space), start[:, None] + k, captions[..., 0])
        frames.append(start + length)
        start, offset = start + length + 2, offset + 2 * space - length
    pictures = torch.cat([grid(frame, rows, cols) for frame, (rows, cols) in zip(frames, sizes)], 1)
    return pictures, captions, frames
