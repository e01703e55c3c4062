"""Edit: torchrun --nproc_per_node=GPUS train_edit.py --atlas A --vae vae.pt --base base.pt --tokenizer T --out edit.pt --seconds 220

Base's edits in eight unguided steps, as a low-rank difference (`distil.py`)."""
import torch

from adapt import arguments
from distil import distil
from edits import edit_loader, render_pair
from omni import Editor, instruction_tokens
from render import Renderer
from train_base import encoder_of


def main():
    args = arguments(__doc__, batch=96, rank=24, guidance=2.0)

    def task(text, tokenizer, device, seed):
        renderer, encode = Renderer(args.atlas, device), encoder_of(args.vae, device)
        batches = edit_loader(args.workers, batch=args.batch // 2, seed=501 + seed, tokenizer=args.tokenizer + "/tokenizer.json", instructions=2)
        empty_ids, empty_length = (v.to(device) for v in instruction_tokens(tokenizer, [""], 64))
        condition = Editor(None, tokenizer, device).condition

        def batch():
            pair, ids, lengths = next(batches)
            source, target, mask = render_pair(renderer, pair)
            source, clean = encode(torch.cat([source, target])).chunk(2)
            source, clean, mask = (v.repeat(2, 1, 1, 1) for v in (source, clean, mask))
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
                yes = condition(text, source, ids.to(device), lengths.to(device))
                no = condition(text, source, empty_ids[:, : ids.shape[1]], empty_length)
            return clean, mask, yes, no

        return lambda transformer: Editor(transformer, tokenizer, device), batch

    distil(args, "edit", task)


if __name__ == "__main__":
    main()
