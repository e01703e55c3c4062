"""Turbo: torchrun --nproc_per_node=GPUS train_turbo.py --atlas A --vae vae.pt --base base.pt --tokenizer T --out turbo.pt --seconds 200

Base in eight unguided steps, as a low-rank difference (`distil.py`). The text encoder stays Base's."""
import torch

from adapt import arguments
from data import loader, tokens
from distil import distil
from render import Renderer
from train_base import WORDINGS, encoder_of


def main():
    args = arguments(__doc__, batch=192, rank=24, guidance=2.0)

    def task(text, tokenizer, device, seed):
        renderer, encode = Renderer(args.atlas, device), encoder_of(args.vae, device)
        batches = loader(args.workers, batch=args.batch // 2, seed=301 + seed, tokenizer=args.tokenizer + "/tokenizer.json", captions=2,
                         wordings=WORDINGS, restyled=0.4)
        empty_ids, empty_length = (v.to(device) for v in tokens(tokenizer, [""], 64))

        def batch():
            objects, labels, height, width, ids, lengths = next(batches)
            picture, mask = renderer(objects, labels, height, width)
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
                yes = text(ids.to(device)), lengths.to(device)
                no = text(empty_ids[:, : ids.shape[1]]), empty_length
            return encode(picture).repeat(2, 1, 1, 1), mask.repeat(2, 1, 1, 1), yes, no

        return lambda transformer: transformer, batch

    distil(args, "turbo", task)


if __name__ == "__main__":
    main()
