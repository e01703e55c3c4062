"""Draws every noun's looks with Noto Color Emoji (premultiplied sprites at three sizes) and the letters of signs with Noto Sans CJK
(alpha at two sizes): python atlas.py OUT.npz [--font PATH] [--letters PATH]"""
import argparse

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from signs import GLYPHS, LATIN, LETTER_WIDTH
from world import NOUNS

GLYPH_LEVELS = (112, 56)
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


def glyph(font, letter):
    """A letter fills its cell; a Latin one is narrower and stands stretched in the atlas."""
    picture = Image.new("L", (512, 512))
    ImageDraw.Draw(picture).text((256, 256), letter, font=font, fill=255, anchor="mm")
    if letter not in LATIN:
        return picture.crop((146, 146, 366, 366))
    left, top, right, bottom = picture.getbbox()
    high = 220 * 0.84
    scale = high / (font.getbbox("H", anchor="ls")[3] - font.getbbox("H", anchor="ls")[1])
    wide = min((right - left) * scale, 220 * LETTER_WIDTH * 0.86)
    cell = Image.new("L", (round(220 * LETTER_WIDTH), 220))
    letter = picture.crop((left, top, right, bottom)).resize((round(wide), round((bottom - top) * scale)), Image.LANCZOS)
    cell.paste(letter, ((cell.width - letter.width) // 2, (220 - round(high)) // 2))
    return cell.resize((220, 220), Image.LANCZOS)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out")
    args.add_argument("--font", default="/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
    args.add_argument("--letters", default="/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")
    args = args.parse_args()
    font = ImageFont.truetype(args.font, 109)  # the one size of the bitmap font
    sprites = [sprite(font, look) for n in NOUNS for look in n.looks]
    levels = {f"level{s}": np.stack([(premultiplied(p, s) * 255).round().astype(np.uint8) for p in sprites]) for s in LEVELS}
    letters = ImageFont.truetype(args.letters, 210, index=2)  # the simplified Chinese face of the collection
    glyphs = [glyph(letters, c) for c in GLYPHS]
    levels.update({f"glyphs{s}": np.stack([np.asarray(g.resize((s, s), Image.LANCZOS)) for g in glyphs]) for s in GLYPH_LEVELS})
    np.savez_compressed(args.out, **levels)


if __name__ == "__main__":
    main()
