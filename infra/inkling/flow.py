"""Flow matching: the schedule, the loss and the sampler, shared by Base, Turbo and the evaluation."""
import torch
import torch.nn.functional as F

SHIFT = 3.0


def schedule(steps, shift=SHIFT):
    raw = torch.linspace(1, 1 / steps, steps, dtype=torch.float64)
    return torch.cat([shift * raw / (1 + (shift - 1) * raw), torch.zeros(1, dtype=torch.float64)]).float()


def weighted(error, mask):
    """Objects weigh five times, the mean weight is one. mask: (n, 1, 8h, 8w)."""
    weight = 1 + 4 * F.avg_pool2d(mask, 8)
    return (error.float().square() * weight).mean() / weight.mean()


def guided(model, x, t, caption, empty, g):
    """caption, empty: (features, lengths) of the prompts and of the empty prompt."""
    if not g:
        return model(x, t, *caption)
    n = len(x)
    both = model(torch.cat([x, x]), torch.cat([t, t]), torch.cat([caption[0], empty[0].expand(n, -1, -1)]),
                 torch.cat([caption[1], empty[1].expand(n)]))
    yes, no = both.chunk(2)
    return yes + g * (yes - no)


@torch.no_grad()
def sample(model, noise, caption, empty=None, steps=8, g=0.0):
    x, sigmas = noise, schedule(steps).to(noise.device)
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        out = guided(model, x, (1 - now).expand(len(x)), caption, empty, g)
        x = x - (then - now) * out.float()
    return x
