"""Flow matching: the schedule, the loss and the sampler, shared by Base, Turbo, Edit and the evaluation.

A model is called as model(latents, t, *condition); a condition is a tuple of tensors, one row a picture."""
import torch
import torch.nn.functional as F

SHIFT = 3.0


def schedule(steps, shift=SHIFT):
    raw = torch.linspace(1, 1 / steps, steps, dtype=torch.float64)
    return torch.cat([shift * raw / (1 + (shift - 1) * raw), torch.zeros(1, dtype=torch.float64)]).float()


def wide(values):
    """One number a picture, to be multiplied with latents."""
    return values[:, None, None, None]


def weighted(error, mask):
    """What `mask` (n, 1, 8h, 8w) covers weighs five times, the mean weight is one."""
    weight = 1 + 4 * F.avg_pool2d(mask, 8)
    return (error.float().square() * weight).mean() / weight.mean()


def guided(model, x, t, yes, no, g):
    """The condition `yes`, and `no` with an empty prompt (of one row, or of as many); the second is not looked at when g is 0."""
    if not g:
        return model(x, t, *yes)
    both = [torch.cat([a, b.expand_as(a)]) for a, b in zip(yes, no)]
    with_prompt, without = model(torch.cat([x, x]), torch.cat([t, t]), *both).chunk(2)
    return with_prompt + g * (with_prompt - without)


@torch.no_grad()
def sample(model, noise, yes, no=None, steps=8, g=0.0, shift=SHIFT):
    x, sigmas = noise, schedule(steps, shift).to(noise.device)
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        out = guided(model, x, (1 - now).expand(len(x)), yes, no, g)
        x = x - (then - now) * out.float()
    return x


@torch.no_grad()
def two_halves(teacher, x, now, then, yes, no, g):
    """The mean output with which one step from `now` to `then` (one sigma a picture) arrives where the guided teacher's two do."""
    middle = (now + then) / 2
    y = x - wide(middle - now) * guided(teacher, x, 1 - now, yes, no, g).float()
    y = y - wide(then - middle) * guided(teacher, y, 1 - middle, yes, no, g).float()
    return (y - x) / wide(now - then)
