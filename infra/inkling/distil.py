"""Distillation into a low-rank difference, shared by Turbo and Edit: on the grid of eight steps the frozen Base makes two guided
half-steps; the student's one unguided step must arrive where they do."""
import torch
from tokenizers import Tokenizer

from adapt import adapt, compiled
from checkpoints import restore
from flow import schedule, two_halves, weighted, wide

STEPS = torch.tensor([1.5, 1.5, 1, 1, 1, 1, 1, 1.5])  # how often each is practised: the first decide what stands where and on what, the last what shows


def distil(args, name, task):
    """task(text, tokenizer, device, seed) gives `model`, which wraps a transformer, and `batch()`: clean latents, the mask of
    what weighs more, the condition, and the condition with an empty prompt."""
    tokenizer = Tokenizer.from_file(args.tokenizer + "/tokenizer.json")

    def lessons(student, text, device, seed):
        model, batch = task(text, tokenizer, device, seed)
        teacher, pupil = model(compiled(restore("transformer", args.base, device))), model(student)
        grid = schedule(8).to(device)

        def lesson():
            clean, mask, yes, no = batch()
            k = STEPS.multinomial(len(clean), replacement=True).to(device)
            now, then = grid[k], grid[k + 1]
            x = clean + wide(now) * (torch.randn_like(clean) - clean)
            with torch.autocast(device.type, torch.bfloat16):
                with torch.no_grad():
                    target = two_halves(teacher, x, now, then, yes, no, args.guidance)
                out = pupil(x, 1 - now, *yes)
            return weighted(out.float() - target, mask)

        return lesson

    adapt(args, name, lessons)
