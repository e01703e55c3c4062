"""Draws every noun's emoji with Noto Color Emoji and stores premultiplied sprites at three sizes:
python atlas.py OUT.npz [--font PATH]"""
import argparse

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from world import NOUNS

LEVELS = (128, 88, 60)  # the renderer takes the smallest that is large enough, so nothing aliases


def sprite(font, emoji):
    picture = Image.new("RGBA", (256, 256))
    ImageDraw.Draw(picture).text((40, 40), emoji, font=font, embedded_color=True)
    box = picture.getbbox()
    assert box, emoji
    picture = picture.crop(box)
    square = Image.new("RGBA", (max(picture.size),) * 2)
    square.paste(picture, ((square.width - picture.width) // 2, (square.height - picture.height) // 2))
    return square


def premultiplied(picture, size):
    a = np.asarray(picture, np.float32) / 255
    a[..., :3] *= a[..., 3:]
    planes = [Image.fromarray(a[..., i]).resize((size, size), Image.LANCZOS) for i in range(4)]
    return np.stack([np.clip(np.asarray(p), 0, 1) for p in planes])


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out")
    args.add_argument("--font", default="/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
    args = args.parse_args()
    font = ImageFont.truetype(args.font, 109)  # the one size of the bitmap font
    sprites = [sprite(font, n.emoji) for n in NOUNS]
    levels = {f"level{s}": np.stack([(premultiplied(p, s) * 255).round().astype(np.uint8) for p in sprites]) for s in LEVELS}
    np.savez_compressed(args.out, **levels)


if __name__ == "__main__":
    main()
