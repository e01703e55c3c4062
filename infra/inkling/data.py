"""Endless batches of scenes (as numbers) and captions (as tokens), made by worker processes on the CPU."""
import random

import torch
from tokenizers import Tokenizer
from torch.utils.data import DataLoader, IterableDataset

from captions import training_caption
from render import pack
from rope import PAD, padded
from scenes import KINDS, SHAPES, draw_scene
from tokenizer import TEMPLATE
from world import STYLE_IDS

SHARES = [60, 10, 10, 10, 10]  # of SHAPES
LONG = 0.2  # batches with captions of more than 32 tokens
SIGNS = {False: 0.06, True: 0.5}  # their captions are long: more of them in batches of long captions
TINTS = 0.07  # of single objects and pairs
TAGS = ["高清", "细节丰富", "色彩鲜艳", "杰作", "构图简洁", "高质量", "highly detailed", "best quality", "vivid colors", "masterpiece",
        "4k", "simple composition", "clean lines", "beautiful"]


def tokens(tokenizer, captions, length=None):
    """ids (n, length) padded on the right, and the real lengths."""
    encoded = [e.ids[:512] for e in tokenizer.encode_batch([TEMPLATE.format(c) for c in captions])]
    lengths = torch.tensor([len(e) for e in encoded])
    length = length or padded(int(lengths.max()))
    return torch.tensor([e + [0] * (length - len(e)) for e in encoded]), lengths


def fits(length, long):
    return PAD < length <= 2 * PAD if long else length <= PAD


class Scenes(IterableDataset):
    """Batches (objects, labels, height, width), with `captions` of each scene also ids and lengths: all scenes told once, then again.

    `style_only`: every picture is in this style, and only half of the captions say so."""

    def __init__(self, batch, seed, tokenizer=None, captions=0, shapes=None, style_only=None, kinds=KINDS, shares=SHARES):
        self.batch, self.seed, self.captions, self.shapes = batch, seed, captions, shapes
        self.path, self.kinds, self.shares = tokenizer, kinds, shares
        self.style = STYLE_IDS.index(style_only) if style_only else None

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        rng = random.Random(self.seed * 1009 + worker)
        tokenizer = Tokenizer.from_file(self.path) if self.captions else None
        index = worker
        while True:
            # All processes draw the same shape and caption length for batch `index`: none waits for a larger one.
            common = random.Random(index)
            height, width = self.shapes or common.choices(SHAPES, self.shares)[0]
            long = common.random() < LONG
            scenes = [self.scene(rng, SIGNS[long] if self.captions else 0.2) for _ in range(self.batch)]
            objects, labels = pack(scenes, rng, height, width)
            if self.style is not None:
                labels[:, 1] = self.style
            batch = [objects, labels, height, width]
            if self.captions:
                batch += self.caption(tokenizer, scenes, rng, long)
            yield batch
            index += workers

    def scene(self, rng, signs):
        while True:
            scene = draw_scene(rng, signs=signs, tints=TINTS, kinds=self.kinds)
            if self.style is None or scene.style == 0:
                return scene

    def text(self, scene, rng):
        if self.style is not None and rng.random() < 0.5:
            scene = scene._replace(style=self.style)
        return training_caption(scene, rng)

    def caption(self, tokenizer, scenes, rng, long):
        texts = []
        for scene in scenes * self.captions:
            text = self.text(scene, rng)
            if text and rng.random() < 0.06:
                text += "，" + rng.choice(TAGS)
            texts.append(text)
        encoded = tokenizer.encode_batch([TEMPLATE.format(t) for t in texts])
        rows = [e.ids for e in encoded]
        for i in range(len(texts)):
            # Each batch has one padded length: 32 or 64. Quality tags make a caption long, another draw makes it short.
            tries = 0
            while not fits(len(rows[i]), long):
                tries += 1
                if long and len(rows[i]) <= PAD:
                    texts[i] += "，" + "，".join(rng.sample(TAGS, 3))
                elif tries > 12:  # a long text on a sign has no short caption
                    texts[i] = ""
                else:
                    texts[i] = self.text(scenes[i % len(scenes)], rng)
                rows[i] = tokenizer.encode(TEMPLATE.format(texts[i])).ids
        length = 2 * PAD if long else PAD
        return [torch.tensor([r + [0] * (length - len(r)) for r in rows]), torch.tensor([len(r) for r in rows])]


def endless(dataset, workers):
    return iter(DataLoader(dataset, batch_size=None, num_workers=workers, pin_memory=torch.cuda.is_available(),
                           prefetch_factor=4 if workers else None))


def loader(workers, **options):
    return endless(Scenes(**options), workers)
