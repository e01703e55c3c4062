"""Endless batches of scenes (as numbers) and captions (as tokens), made by worker processes on the CPU."""
import random

import torch
from tokenizers import Tokenizer
from torch.utils.data import DataLoader, IterableDataset

from captions import training_caption
from render import pack
from rope import PAD, id_batch
from scenes import KINDS, QUIET, SHAPES, draw_scene
from tokenizer import TEMPLATE
from wordings import Wordings
from world import STYLE_IDS

SHARES = [60, 10, 10, 10, 10]  # of SHAPES
LONG = 0.15  # batches with captions of more than 32 tokens
SIGNS = {False: 0.05, True: 0.3}  # their captions are long: more of them in batches of long captions
TINTS = 0.22  # of scenes are painted
TAGS = ["高清", "细节丰富", "色彩鲜艳", "杰作", "构图简洁", "高质量", "highly detailed", "best quality", "vivid colors", "masterpiece",
        "4k", "simple composition", "clean lines", "beautiful"]


def tokens(tokenizer, captions, length=None):
    """ids (n, length) padded on the right, and the real lengths."""
    return id_batch([e.ids[:512] for e in tokenizer.encode_batch([TEMPLATE.format(c) for c in captions])], length)


def fits(length, long):
    return PAD < length <= 2 * PAD if long else length <= PAD


class Scenes(IterableDataset):
    """Batches (objects, labels, height, width), with `captions` of each scene also ids and lengths: all scenes told once, then again.

    `style_only`: every picture is in this style, and only half of the captions say so. `wordings`: the first scenes of a batch, this share
    of them, are told with every wording of a background alike. `signs`: the shares of scenes with lettering in batches of short and of long captions.
    `restyled`: the share of plain scenes that are drawn again, so that styles are seen more often."""

    def __init__(self, batch, seed, tokenizer=None, captions=0, shapes=None, style_only=None, kinds=KINDS, shares=SHARES, wordings=0.0, signs=SIGNS,
                 restyled=0.0):
        self.batch, self.seed, self.captions, self.shapes = batch, seed, captions, shapes
        self.path, self.kinds, self.shares, self.signs = tokenizer, kinds, shares, signs
        self.worded, self.restyled = round(wordings * batch), restyled
        self.style = STYLE_IDS.index(style_only) if style_only else None

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        rng = random.Random(self.seed * 1009 + worker)
        tokenizer = Tokenizer.from_file(self.path) if self.captions else None
        wordings, index = Wordings(rng), worker
        while True:
            # All processes draw the same shape and caption length for batch `index`: none waits for a larger one.
            common = random.Random(index)
            height, width = self.shapes or common.choices(SHAPES, self.shares)[0]
            long = common.random() < LONG
            keys = wordings.draw(self.worded)
            scenes = [wordings.scene(background) for _, background, *_ in keys]
            scenes += [self.scene(rng, self.signs[long] if self.captions else 0.2) for _ in range(self.batch - self.worded)]
            objects, labels = pack(scenes, rng, height, width)
            if self.style is not None:
                labels[:, 1] = self.style
            batch = [objects, labels, height, width]
            if self.captions:
                ordinary = [lambda scene=scene: self.text(scene, rng) for scene in scenes[self.worded :]]
                worded = [lambda key=key, scene=scene: wordings.caption(wordings.beside(key), scene) for key, scene in zip(keys, scenes)]
                batch += self.caption(tokenizer, (worded + ordinary) * self.captions, rng, long)
            yield batch
            index += workers

    def scene(self, rng, signs):
        while True:
            scene = draw_scene(rng, signs=signs, tints=TINTS, kinds=self.kinds, quiet=QUIET)
            wanted = scene.style or rng.random() >= self.restyled if self.style is None else scene.style == 0
            if wanted:
                return scene

    def text(self, scene, rng):
        if self.style is not None and rng.random() < 0.5:
            scene = scene._replace(style=self.style)
        return training_caption(scene, rng)

    def caption(self, tokenizer, tell, rng, long):
        """ids and lengths of what each of `tell` says; another word from it is another draw."""
        texts = []
        for told in tell:
            text = told()
            if text and rng.random() < 0.06:
                text += "，" + rng.choice(TAGS)
            texts.append(text)
        encoded = tokenizer.encode_batch([TEMPLATE.format(t) for t in texts])
        rows = [e.ids for e in encoded]
        for i, told in enumerate(tell):
            # Each batch has one padded length: 32 or 64. Quality tags make a caption long, another draw makes it short.
            tries = 0
            while not fits(len(rows[i]), long):
                tries += 1
                if long and len(rows[i]) <= PAD:
                    texts[i] += "，" + "，".join(rng.sample(TAGS, 3))
                elif tries > 12:  # a long text on a sign has no short caption
                    texts[i] = ""
                else:
                    texts[i] = told()
                rows[i] = tokenizer.encode(TEMPLATE.format(texts[i])).ids
        return id_batch(rows, 2 * PAD if long else PAD)


def endless(dataset, workers):
    return iter(DataLoader(dataset, batch_size=None, num_workers=workers, pin_memory=torch.cuda.is_available(),
                           prefetch_factor=4 if workers else None))


def loader(workers, **options):
    return endless(Scenes(**options), workers)
