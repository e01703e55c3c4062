"""Endless batches of scenes (as numbers) and captions (as tokens), made by worker processes on the CPU."""
import random

import torch
from tokenizers import Tokenizer
from torch.utils.data import DataLoader, IterableDataset

from captions import training_caption
from render import pack
from scenes import SHAPES, draw_scene
from tokenizer import TEMPLATE
from transformer import PAD, padded

SHARES = [60, 10, 10, 10, 10]  # of SHAPES
LONG = 0.08  # batches with captions of more than 32 tokens
TAGS = ["高清", "细节丰富", "色彩鲜艳", "杰作", "构图简洁", "高质量", "highly detailed", "best quality", "vivid colors", "masterpiece",
        "4k", "simple composition", "clean lines", "beautiful"]


def tokens(tokenizer, captions, length=None):
    """ids (n, length) padded on the right, and the real lengths."""
    encoded = [e.ids[:512] for e in tokenizer.encode_batch([TEMPLATE.format(c) for c in captions])]
    lengths = torch.tensor([len(e) for e in encoded])
    length = length or padded(int(lengths.max()))
    return torch.tensor([e + [0] * (length - len(e)) for e in encoded]), lengths


class Scenes(IterableDataset):
    def __init__(self, batch, seed, tokenizer=None, captions=0, shapes=None):
        self.batch, self.seed, self.captions, self.shapes = batch, seed, captions, shapes
        self.path = tokenizer

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        rng = random.Random(self.seed * 1009 + worker)
        tokenizer = Tokenizer.from_file(self.path) if self.captions else None
        index = worker
        while True:
            # All processes draw the same shape and caption length for batch `index`: none waits for a larger one.
            common = random.Random(index)
            height, width = self.shapes or common.choices(SHAPES, SHARES)[0]
            long = common.random() < LONG
            scenes = [draw_scene(rng) for _ in range(self.batch)]
            batch = [*pack(scenes, rng, height, width), height, width]
            if self.captions:
                batch += self.caption(tokenizer, scenes, rng, long)
            yield batch
            index += workers

    def caption(self, tokenizer, scenes, rng, long):
        texts = []
        for scene in scenes * self.captions:
            text = training_caption(scene, rng)
            if text and rng.random() < 0.06:
                text += "，" + rng.choice(TAGS)
            texts.append(text)
        ids, lengths = tokens(tokenizer, texts, 96)
        for i in range(len(texts)):
            # Each batch has one padded length: 32 or 64. Quality tags make a caption long, another draw makes it short.
            while not (PAD < lengths[i] <= 2 * PAD if long else lengths[i] <= PAD):
                if long and lengths[i] <= PAD:
                    texts[i] += "，" + "，".join(rng.sample(TAGS, 3))
                else:
                    texts[i] = training_caption(scenes[i % len(scenes)], rng)
                one, n = tokens(tokenizer, [texts[i]], 192)
                ids[i], lengths[i] = one[0, :96], n[0]
        return [ids[:, : 2 * PAD if long else PAD], lengths]


def loader(workers, **options):
    return iter(DataLoader(Scenes(**options), batch_size=None, num_workers=workers, pin_memory=torch.cuda.is_available(),
                           prefetch_factor=4 if workers else None))
