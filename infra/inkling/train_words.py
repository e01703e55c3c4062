"""The text encoder's first words: python train_words.py --base MODELS --tokenizer T --out text.pt --seconds 240

Byte-level tokens cut a word that stands first, or has a capital, into other pieces than the same word after a space: “room background, …” begins
with a token that captions hardly ever begin with, and the picture has any background. With a space before it, all is well: so here the
features of such a caption are taught to be those of the same caption behind a space, by the text encoder alone, while all other captions keep
theirs. Pictures, and with them the differences on Base (Turbo, Edit, the refiner, LoRAs), stay as they are. Needs no GPU."""
import argparse
import random

import torch
from tokenizers import Tokenizer

from captions import training_caption
from checkpoints import restore
from common import Average, Clock, save, start
from edits import draw_edit
from instructions import training_instruction
from omni import SEGMENTS
from rope import id_batch
from scenes import draw_scene
from tokenizer import TEMPLATE
from wordings import Wordings


class Captions:
    """Token ids of captions and instructions."""

    def __init__(self, tokenizer, rng):
        self.tokenizer, self.rng, self.wordings = tokenizer, rng, Wordings(rng)
        self.leading = [key for key in self.wordings.keys if key[0] == "en" and key[3]]
        self.names = tuple({name for _, _, name, _ in self.leading})

    def encode(self, caption, template):
        return self.tokenizer.encode(template.format(caption)).ids

    def pair(self):
        """(as written, behind a space, how many tokens from the end mean the same) of a caption that begins with a background's name."""
        key, template = self.rng.choice(self.leading), TEMPLATE if self.rng.random() < 0.85 else SEGMENTS[1]
        caption = self.wordings.caption(key, self.wordings.scene(key[1]))
        written, spaced = self.encode(caption, template), self.encode(" " + caption[0].lower() + caption[1:], template)
        same = 0
        while written[-1 - same] == spaced[-1 - same]:
            same += 1
        return written, spaced, same + 1  # the word's last piece stands for all of it

    def other(self):
        """One that does not."""
        if self.rng.random() < 0.25:
            return self.encode(training_instruction(draw_edit(self.rng, 256, 256), self.rng, False), SEGMENTS[1])
        while True:
            caption = training_caption(draw_scene(self.rng, signs=0.05, tints=0.07), self.rng)
            if not caption.lower().startswith(self.names):
                return self.encode(caption, TEMPLATE)


def main():
    args = argparse.ArgumentParser()
    for name in ("base", "tokenizer", "out"):
        args.add_argument("--" + name, required=True)
    args.add_argument("--seconds", type=float, default=240)
    args.add_argument("--batch", type=int, default=24, help="captions a step that begin with a background")
    args.add_argument("--others", type=int, default=40, help="captions a step whose features are kept")
    args.add_argument("--keep", type=float, default=8.0, help="weight of that")
    args.add_argument("--lr", type=float, default=4e-4)
    args.add_argument("--seed", type=int, default=701)
    args = args.parse_args()
    device, *_ = start()
    captions = Captions(Tokenizer.from_file(args.tokenizer + "/tokenizer.json"), random.Random(args.seed))
    before, text = (restore("text", args.base, device) for _ in range(2))
    text.train().requires_grad_(True)
    average, optimizer = Average(text, 0.98), torch.optim.AdamW(text.parameters(), args.lr, betas=(0.9, 0.98), weight_decay=0.0)
    ids = lambda rows: id_batch(rows)[0].to(device)
    clock, shown, spread = Clock(args.seconds, device, 1), [], None
    while clock.running():
        pairs, others = [captions.pair() for _ in range(args.batch)], [captions.other() for _ in range(args.others)]
        with torch.no_grad():
            spaced, meant = before(ids([pair[1] for pair in pairs])), before(ids(others))
            spread = spread or meant.var().item()
        written, means = text(ids([pair[0] for pair in pairs])), text(ids(others))
        learned = torch.stack([(written[i, len(a) - n : len(a)] - spaced[i, len(b) - n : len(b)]).square().mean() for i, (a, b, n) in enumerate(pairs)])
        kept = torch.stack([(means[i, : len(row)] - meant[i, : len(row)]).square().mean() for i, row in enumerate(others)])
        loss = (learned.mean() + args.keep * kept.mean()) / spread
        optimizer.zero_grad()
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = args.lr * clock.rate(20, 0.3)
        optimizer.step()
        average.update()
        shown.append((learned.mean().item() / spread, kept.mean().item() / spread))
        if clock.step % 50 == 0:
            learned, kept = (sum(column) / len(column) for column in zip(*shown))
            print(f"words {clock.seconds_gone():.0f}s step {clock.step} learned {learned:.4f} kept {kept:.5f}", flush=True)
            shown.clear()
    save(args.out, {"text": average.weights, "step": clock.step})
    print(f"words: {clock.step} steps of {args.batch} and {args.others} captions", flush=True)


if __name__ == "__main__":
    main()
