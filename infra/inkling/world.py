"""The words of the world: nouns, backgrounds, colours, styles, positions. Index = class number everywhere."""
from pathlib import Path
from typing import NamedTuple


class Noun(NamedTuple):
    emoji: str
    measure: str
    zh: list
    zht: list
    en: list

    @property
    def id(self):
        return self.en[0]


def read_nouns():
    lines = (Path(__file__).parent / "nouns.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("#"):
            emoji, measure, *names = line.split("\t")
            yield Noun(emoji, measure, *(n.split(",") for n in names))


NOUNS = list(read_nouns())

# id: (simplified Chinese, English); the first is the usual word. Traditional Chinese comes from TRADITIONAL.
LANDSCAPES = {
    "night sky": (["夜空", "星空"], ["night sky", "starry sky"]),
    "grassland": (["草地", "草原"], ["grassland", "meadow", "grass"]),
    "beach": (["沙滩", "海滩"], ["beach", "seaside"]),
    "snow": (["雪地", "雪原"], ["snow", "snowfield"]),
    "desert": (["沙漠"], ["desert"]),
    "sunset": (["日落", "夕阳", "黄昏"], ["sunset", "dusk"]),
    "ocean": (["海洋", "大海"], ["ocean", "sea"]),
    "mountains": (["群山", "高山", "山脉"], ["mountains", "mountain range"]),
    "city": (["城市", "都市"], ["city", "city skyline"]),
    "forest": (["森林", "树林"], ["forest", "woods"]),
    "room": (["房间", "室内"], ["room", "indoor"]),
    "rain": (["雨天", "下雨"], ["rain", "rainy"]),
    "blue sky": (["蓝天", "蓝天白云"], ["blue sky", "cloudy sky"]),
    "underwater": (["水下", "海底"], ["underwater", "seabed"]),
}
# id: (RGB, simplified Chinese, English)
COLOURS = {
    "red": ((214, 40, 40), ["红色"], ["red"]),
    "orange": ((247, 140, 40), ["橙色"], ["orange"]),
    "yellow": ((250, 214, 70), ["黄色"], ["yellow"]),
    "green": ((60, 160, 80), ["绿色"], ["green"]),
    "blue": ((50, 100, 210), ["蓝色"], ["blue"]),
    "cyan": ((90, 205, 215), ["青色"], ["cyan"]),
    "purple": ((130, 70, 180), ["紫色"], ["purple", "violet"]),
    "pink": ((250, 170, 195), ["粉色", "粉红色"], ["pink"]),
    "brown": ((125, 85, 55), ["棕色", "褐色"], ["brown"]),
    "black": ((22, 22, 24), ["黑色"], ["black"]),
    "white": ((250, 250, 250), ["白色"], ["white"]),
    "gray": ((140, 142, 146), ["灰色"], ["gray", "grey"]),
}
BACKGROUNDS = [*LANDSCAPES, *COLOURS]
BACKGROUND_NAMES = {**LANDSCAPES, **{k: v[1:] for k, v in COLOURS.items()}}
WHITE = BACKGROUNDS.index("white")

# Picture filters. Ink and sketch draw on paper (white), night darkens a landscape of the day.
STYLES = {
    "plain": ([], []),
    "ink": (["水墨画", "水墨", "水墨风格", "国画"], ["ink wash painting", "ink painting", "ink wash"]),
    "pixel": (["像素画", "像素风格", "像素"], ["pixel art", "pixel style"]),
    "sketch": (["素描", "素描风格", "线稿"], ["sketch", "line drawing"]),
    "night": (["夜晚", "夜里", "晚上"], ["at night", "night time"]),
    "blueprint": (["蓝图风格", "蓝图"], ["blueprint style", "blueprint"]),
}
STYLE_IDS = list(STYLES)
DRAWN = STYLE_IDS[:5]  # the last one is not drawn in ordinary training: a LoRA learns it
ON_PAPER = ("ink", "sketch")
COLOURLESS = ("ink", "sketch", "night", "blueprint")  # a tint cannot be read here

# Colours that an object can be painted in. Index = class number.
TINTS = ["red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink"]

# (column, row) on a grid of three by three
POSITIONS = {
    "center": (1, 1), "left": (0, 1), "right": (2, 1), "top": (1, 0), "bottom": (1, 2),
    "top left": (0, 0), "top right": (2, 0), "bottom left": (0, 2), "bottom right": (2, 2),
}
SIZES = {"small": 0.28, "medium": 0.42, "large": 0.62}  # of the shorter side
RELATIONS = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}

TRADITIONAL = str.maketrans(
    "边画请张个只头条辆颗块两绿红黄蓝风图里间滩阳脉树帮给为来样个处面顶从后种条杯艘枚团扇顶颜简单国线侧",
    "邊畫請張個隻頭條輛顆塊兩綠紅黃藍風圖裡間灘陽脈樹幫給為來樣個處面頂從後種條杯艘枚團扇頂顏簡單國線側")
