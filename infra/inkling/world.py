"""The words of the world: nouns, backgrounds, colours, styles, positions. Index = class number everywhere.

A noun's tags: where it belongs (a land animal, b bird, w water animal, p person, n plant, f food, t thing, k sky, s snow, u building, v road,
o sea), then what it can do: R carries a rider, C holds something, H is worn on the head, F before the eyes, B on the body."""
from pathlib import Path
from typing import NamedTuple


class Noun(NamedTuple):
    looks: list  # emoji
    measure: str
    zh: list
    zht: list
    en: list
    tags: str

    @property
    def id(self):
        return self.en[0]


def read_nouns():
    lines = (Path(__file__).parent / "nouns.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("#"):
            looks, measure, *names, tags = line.split("\t")
            yield Noun(looks.split(","), measure, *(n.split(",") for n in names), tags)


NOUNS = list(read_nouns())
NOUN_INDEX = {n.id: i for i, n in enumerate(NOUNS)}


def tagged(*tags):
    return [i for i, n in enumerate(NOUNS) if any(t in n.tags for t in tags)]


ALIVE = [i for i, n in enumerate(NOUNS) if n.tags[0] in "abwp" or n.id in ("penguin", "snowman", "astronaut")]
# Drawn from the front, so that a hat sits on the head.
WEARERS = [i for i in ALIVE if NOUNS[i].tags[0] == "p" or NOUNS[i].id in (
    "dog", "cat", "mouse", "rabbit", "fox", "bear", "panda", "koala", "tiger", "lion", "cow", "pig", "frog", "penguin", "monkey", "chick", "hamster",
    "raccoon", "owl", "wolf", "snowman", "gorilla", "astronaut")]
WORN, HOLDERS, MOUNTS = tagged("H", "F", "B"), tagged("C"), tagged("R")
RIDERS = [i for i in ALIVE if NOUNS[i].tags[0] in "ap" and NOUNS[i].id not in ("whale", "dolphin")]
HELD = [i for i, n in enumerate(NOUNS) if n.tags[0] in "fnt" and n.id not in ("sofa", "door", "bed", "bathtub", "toilet", "window", "tree", "pine", "palm tree")]

# id: (simplified Chinese, English); the first is the usual word. Traditional Chinese comes from TRADITIONAL.
LANDSCAPES = {
    "night sky": (["夜空", "星空", "夜晚", "太空", "宇宙"], ["night sky", "starry sky", "night", "space", "outer space"]),
    "grassland": (["草地", "草原", "草坪", "公园", "花园"], ["grassland", "meadow", "grass", "field", "park", "garden", "lawn"]),
    "beach": (["沙滩", "海滩", "海边"], ["beach", "seaside", "sand", "shore"]),
    "snow": (["雪地", "雪原", "下雪天", "冬天"], ["snow", "snowfield", "snowy", "winter"]),
    "desert": (["沙漠", "戈壁"], ["desert", "sand dunes"]),
    "sunset": (["日落", "夕阳", "黄昏", "傍晚", "日出"], ["sunset", "dusk", "evening", "sunrise"]),
    "ocean": (["海洋", "大海", "海面", "湖面"], ["ocean", "sea", "water", "lake"]),
    "mountains": (["群山", "高山", "山脉", "山"], ["mountains", "mountain range", "mountain", "hills"]),
    "city": (["城市", "都市", "街道"], ["city", "city skyline", "street", "town"]),
    "forest": (["森林", "树林", "丛林"], ["forest", "woods", "jungle"]),
    "room": (["房间", "室内", "客厅", "家里"], ["room", "indoor", "living room", "house interior"]),
    "rain": (["雨天", "下雨", "下雨天"], ["rain", "rainy", "rainy day"]),
    "blue sky": (["蓝天", "蓝天白云", "天空"], ["blue sky", "cloudy sky", "sky"]),
    "underwater": (["水下", "海底", "水里"], ["underwater", "seabed", "bottom of the sea"]),
}
# Where a picture plays, as one says it without the word background.
PLACES = {
    "night sky": (["夜空中", "星空下", "太空中", "太空里", "夜空里"], ["in the night sky", "in space", "in outer space", "under the stars", "under a starry sky"]),
    "grassland": (["草地上", "草原上", "公园里", "花园里", "草坪上"], ["on the grass", "in a meadow", "on grassland", "in the park", "in a field", "in the garden"]),
    "beach": (["沙滩上", "海滩上", "海边"], ["on the beach", "at the beach", "by the sea", "on the sand", "at the seaside"]),
    "snow": (["雪地里", "雪地上", "雪中", "雪里"], ["in the snow", "on the snow", "in a snowy field", "in snow", "in winter"]),
    "desert": (["沙漠里", "沙漠中", "沙漠上"], ["in the desert", "in a desert", "in desert"]),
    "sunset": (["夕阳下", "日落时", "黄昏时", "傍晚"], ["at sunset", "at dusk", "in the sunset", "in the evening"]),
    "ocean": (["海上", "大海上", "海面上", "海里", "湖面上"], ["on the ocean", "on the sea", "in the sea", "in the ocean", "on the water", "on a lake", "over the sea"]),
    "mountains": (["山里", "群山中", "山上", "山前"], ["in the mountains", "in front of mountains", "among mountains", "in the hills", "over the mountains"]),
    "city": (["城市里", "街上", "城市中", "街道上"], ["in the city", "in a city", "on the street", "in the street", "in town"]),
    "forest": (["森林里", "树林里", "森林中", "丛林里"], ["in the forest", "in a forest", "in the woods", "in the jungle"]),
    "room": (["房间里", "屋里", "室内", "客厅里", "家里"], ["in a room", "in the room", "indoors", "inside a room", "in the living room", "at home"]),
    "rain": (["雨中", "雨里", "下雨天"], ["in the rain", "on a rainy day", "in rain"]),
    "blue sky": (["蓝天上", "蓝天下", "天上", "天空中", "蓝天白云下"], ["in the sky", "in the blue sky", "under a blue sky", "under the blue sky", "among the clouds"]),
    "underwater": (["海底", "水下", "水里", "水中"], ["under the sea", "under water", "at the bottom of the sea", "in the deep sea"]),
}
# id: (RGB, simplified Chinese, English)
COLOURS = {
    "red": ((214, 40, 40), ["红色", "大红色"], ["red"]),
    "orange": ((247, 140, 40), ["橙色", "橘色"], ["orange"]),
    "yellow": ((250, 214, 70), ["黄色", "金色"], ["yellow", "golden"]),
    "green": ((60, 160, 80), ["绿色"], ["green"]),
    "blue": ((50, 100, 210), ["蓝色"], ["blue"]),
    "cyan": ((90, 205, 215), ["青色", "青绿色"], ["cyan", "turquoise", "teal"]),
    "purple": ((130, 70, 180), ["紫色"], ["purple", "violet"]),
    "pink": ((250, 170, 195), ["粉色", "粉红色"], ["pink"]),
    "brown": ((125, 85, 55), ["棕色", "褐色"], ["brown"]),
    "black": ((22, 22, 24), ["黑色"], ["black"]),
    "white": ((250, 250, 250), ["白色"], ["white"]),
    "gray": ((140, 142, 146), ["灰色"], ["gray", "grey", "silver"]),
}
BACKGROUNDS = [*LANDSCAPES, *COLOURS]
BACKGROUND_NAMES = {**LANDSCAPES, **{k: v[1:] for k, v in COLOURS.items()}}
WHITE = BACKGROUNDS.index("white")

NO_BACKGROUND = (["无背景", "没有背景", "纯白背景", "白底", "纯色背景", "不要背景", "空白背景"],
                 ["no background", "plain background", "on plain white", "isolated on white", "without background", "on a plain background", "blank background"])

# Picture filters. Ink and sketch draw on paper (white), night darkens a landscape of the day. The first word is the usual one.
STYLES = {
    "plain": ([], []),
    "ink": (["水墨画", "水墨", "水墨风格", "国画"], ["ink wash painting", "ink painting", "ink wash", "chinese ink painting"]),
    "pixel": (["像素画", "像素风格", "像素", "像素艺术"], ["pixel art", "pixel style", "8-bit pixel art", "pixelated"]),
    "sketch": (["素描", "素描风格", "线稿", "铅笔画"], ["sketch", "line drawing", "pencil sketch", "pencil drawing"]),
    "night": (["夜晚", "夜里", "晚上"], ["at night", "night time"]),
    "blueprint": (["蓝图风格", "蓝图"], ["blueprint style", "blueprint"]),
    "watercolor": (["水彩画", "水彩", "水彩风格"], ["watercolor painting", "watercolor", "watercolour", "watercolor style"]),
    "sepia": (["老照片", "复古风格", "怀旧风格", "复古"], ["sepia", "vintage photo", "old photo", "vintage style", "retro style"]),
    "mono": (["黑白照片", "黑白", "黑白风格"], ["black and white", "black and white photo", "monochrome", "grayscale"]),
    "neon": (["霓虹风格", "霓虹", "霓虹灯风格"], ["neon", "neon style", "neon lights", "glowing neon"]),
    "comic": (["漫画", "漫画风格", "卡通漫画"], ["comic", "comic style", "comic book style", "pop art"]),
}
# Ways to say it that are whole phrases around the subject: {} is the subject.
STYLE_PHRASES = {
    "ink": (["用水墨画{}", "一幅水墨画：{}", "{}的水墨画"], ["an ink painting of {}", "{} in ink wash style", "an ink wash painting of {}"]),
    "pixel": (["像素风的{}", "用像素画{}", "{}的像素画"], ["pixel art of {}", "{} in pixel art style", "a pixel art {}"]),
    "sketch": (["用铅笔画{}", "{}的素描", "素描：{}"], ["a sketch of {}", "a pencil sketch of {}", "{} as a line drawing", "a pencil drawing of {}"]),
    "night": (["夜晚的{}", "夜里的{}", "{}，晚上"], ["{} at night", "{} in the dark", "{} at night time"]),
    "watercolor": (["水彩风格的{}", "一幅水彩画：{}", "{}的水彩画"], ["a watercolor of {}", "a watercolor painting of {}", "{} in watercolor style"]),
    "sepia": (["复古风格的{}", "{}的老照片", "怀旧的{}"], ["a vintage photo of {}", "an old photo of {}", "{} in sepia", "a sepia photo of {}"]),
    "mono": (["黑白的{}", "{}的黑白照片", "一张黑白照片：{}"], ["a black and white photo of {}", "{} in black and white", "a monochrome picture of {}"]),
    "neon": (["霓虹风格的{}", "用霓虹灯画{}"], ["{} in neon style", "a neon {}", "a neon sign of {}", "{} made of neon lights"]),
    "comic": (["漫画风格的{}", "一幅漫画：{}", "{}的漫画"], ["a comic of {}", "{} in comic style", "a comic book drawing of {}", "a comic style {}"]),
}
STYLE_IDS = list(STYLES)
DRAWN = [s for s in STYLE_IDS if s != "blueprint"]  # that one is not drawn in ordinary training: a LoRA learns it
DRAWN_SHARES = [66, 3, 5, 3, 4, 4, 3.5, 3.5, 4, 4]
ON_PAPER = ("ink", "sketch")
NO_LANDSCAPE = ("ink", "sketch", "blueprint", "neon")  # a background cannot be read here
COLOURLESS = ("ink", "sketch", "night", "blueprint", "sepia", "mono", "neon")  # a tint cannot be read here

# Colours that an object can be painted in. Index = class number.
TINTS = ["red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown", "black", "white", "gray"]
# Where the paint is another than the background's: what is black keeps its shading, what is white its shadows.
PAINT = {"brown": (165, 108, 66), "black": (62, 62, 68), "white": (255, 255, 255), "gray": (160, 162, 168)}

# (column, row) on a grid of three by three
POSITIONS = {
    "center": (1, 1), "left": (0, 1), "right": (2, 1), "top": (1, 0), "bottom": (1, 2),
    "top left": (0, 0), "top right": (2, 0), "bottom left": (0, 2), "bottom right": (2, 2),
}
SIZES = {"small": 0.28, "medium": 0.42, "large": 0.62}  # of the shorter side
TOUCHES = ("on", "in front of", "inside", "with", "wearing")  # of two objects that overlap
RELATIONS = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}

TRADITIONAL = str.maketrans(
    "边画请张个只头条辆颗块两绿红黄蓝风图里间滩阳脉树帮给为来样处面顶从后种杯艘枚团扇颜简单国线侧与丛丽于云内写几厅吗园场复对带开怀无旧时术横没灯烦爱着竖笔纯艺觉许谢质还铅骑鸡",
    "邊畫請張個隻頭條輛顆塊兩綠紅黃藍風圖裡間灘陽脈樹幫給為來樣處面頂從後種杯艘枚團扇顏簡單國線側與叢麗於雲內寫幾廳嗎園場復對帶開懷無舊時術橫沒燈煩愛著豎筆純藝覺許謝質還鉛騎雞")
