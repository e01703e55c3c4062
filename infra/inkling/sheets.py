"""Contact sheets, to be looked at: pictures with what was said under them."""
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"


def to_image(picture):
    """(3, h, w) in [-1, 1]."""
    return Image.fromarray(((picture.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy())


def save_sheet(path, tiles, columns):
    """tiles: [(picture, text)], all pictures of one size."""
    font = ImageFont.truetype(FONT, 14, index=2)
    _, height, width = tiles[0][0].shape
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * (width + 4), rows * (height + 24)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, text) in enumerate(tiles):
        x, y = i % columns * (width + 4), i // columns * (height + 24)
        sheet.paste(to_image(picture), (x, y))
        draw.text((x + 2, y + height + 1), text, font=font, fill="black")
    sheet.save(path)
