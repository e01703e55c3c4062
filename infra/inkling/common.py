"""What every training script shares: processes, clock, averages, checkpoints."""
import io
import os
import time
from pathlib import Path

import torch
import torch.distributed as dist

PART = 15 * 2**20  # checkpoints travel in pieces of at most this many bytes


def start():
    """(device, rank, world size): under torchrun one process a GPU, otherwise one process on what there is."""
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
        torch._dynamo.config.recompile_limit = 64  # a few sizes, with and without gradients
    if world > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    torch.manual_seed(1000 + rank)
    return device, rank, world


def share_gradients(params, world):
    """One all-reduce for all gradients: they are small."""
    if world > 1:
        for p in params:
            if p.grad is None:  # a pad token in a batch without padding
                p.grad = torch.zeros_like(p)
        flat = torch.cat([p.grad.flatten() for p in params])
        dist.all_reduce(flat)
        flat /= world
        torch._foreach_copy_([p.grad for p in params], [g.view_as(p) for g, p in zip(flat.split([p.numel() for p in params]), params)])


def same_weights(params, world):
    if world > 1:
        for p in params:
            dist.broadcast(p.data, 0)


class Clock:
    """Training ends by the wall clock. All processes follow the first one, so that none waits for ever."""

    def __init__(self, seconds, device, world):
        self.begin, self.seconds, self.device, self.world = time.time(), seconds, device, world
        self.progress, self.step = 0.0, 0

    def running(self):
        self.step += 1
        if self.world == 1 or self.step % 10 == 1:
            now = torch.tensor(min(1.0, (time.time() - self.begin) / self.seconds), device=self.device)
            if self.world > 1:
                dist.broadcast(now, 0)
            self.progress = now.item()
        return self.progress < 1

    def rate(self, warmup, flat):
        """Warm-up in steps, then flat until `flat` of the time, then linear to 1 %."""
        fall = 1 if self.progress < flat else max(0.01, (1 - self.progress) / (1 - flat))
        return min(1.0, self.step / warmup) * fall

    def seconds_gone(self):
        return time.time() - self.begin


class Average:
    """Exponential moving average of a module's weights, slower as training goes on."""

    def __init__(self, module, decay):
        self.module, self.decay, self.steps = module, decay, 0
        self.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self):
        self.steps += 1
        rate = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        new = self.module.state_dict()
        floats = [k for k in new if new[k].is_floating_point()]
        torch._foreach_lerp_([self.weights[k] for k in floats], [new[k] for k in floats], rate)
        for k in new:
            if not new[k].is_floating_point():
                self.weights[k].copy_(new[k])


def save(path, value):
    """Atomic, so that another process may read it at any time."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(value, str(path) + ".new")
    os.replace(str(path) + ".new", path)


def load(path, device="cpu"):
    """A checkpoint, whole or in pieces `path.0`, `path.1`, …"""
    path = Path(path)
    if path.exists():
        return torch.load(path, map_location=device)
    pieces = sorted(path.parent.glob(path.name + ".[0-9]"))
    return torch.load(io.BytesIO(b"".join(p.read_bytes() for p in pieces)), map_location=device)


def half(weights):
    return {k: v.half().cpu() if v.is_floating_point() else v.cpu() for k, v in weights.items()}


def pack_for_travel(path, out):
    """Copies a checkpoint's averages or differences as F16 in pieces."""
    value = torch.load(path, map_location="cpu")
    weights = ("ema", "text", "difference")
    value = {k: half(v) if k in weights else v for k, v in value.items() if k in (*weights, "config", "step")}
    buffer = io.BytesIO()
    torch.save(value, buffer)
    data = buffer.getvalue()
    Path(out).mkdir(parents=True, exist_ok=True)
    for i in range(0, len(data), PART):
        (Path(out) / f"{Path(path).name}.{i // PART}").write_bytes(data[i : i + PART])


if __name__ == "__main__":
    import sys

    pack_for_travel(sys.argv[1], sys.argv[2])
