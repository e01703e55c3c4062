"""Lettering: a board with one to four Chinese characters, across or down, or a short English word."""
import random
from typing import NamedTuple

import torch
import torch.nn.functional as F

from world import NOUNS

HANZI = ("大小上下左右中人口手日月山水火木土石田天风云雨雪花草鸟鱼马牛羊春夏秋冬东西南北红黄白黑金早好你我爱家店茶酒饭馆门开关停"
         "安学书福喜乐平生心光吉")
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GLYPHS = HANZI + LATIN  # index = class number
SAYINGS = ("开门大吉 茶馆 酒馆 饭馆 书店 花店 茶 酒 福 喜 春 大吉 平安 生日 山水 小心 停 开门 关门 人口 大门 东门 西门 南门 北门 天天好 "
           "上学 早安 安心 平安喜乐 风花雪月 好人 爱心 金店 鱼店 家 爱 乐 光 红茶 黑茶 黄酒 白酒 小店 大家好 你好 我爱你 我爱家 春风 秋月 "
           "夏雨 冬雪 火山 水牛 山羊 白马 花鸟鱼 日月 天下 人人平安 春夏秋冬 东西南北 上下左右 石门 木门 手心 学好 书山 金山 田园").split()
SAYINGS = [s for s in SAYINGS if set(s) <= set(HANZI)]
WORDS = ("OPEN STOP HELLO EXIT CAFE SALE LOVE TEA SHOP BAR YES NO GO HOT ICE ZOO CAR BUS TAXI BOOK FOOD PARK FISH MILK HOME KEY SUN "
         "MOON STAR JAZZ QUIZ WAY VIP BEER FREE NEW TOY GYM PIZZA RICE BANK HOTEL MUSIC MENU PLAY FUN COOL KING QUEEN LUCKY WIN BOX "
         "CAKE SOUP WINE BIKE TRAIN SHIP ART CITY FARM GARDEN SCHOOL COFFEE SUMMER WINTER HAPPY PEACE BEACH").split()
# id: (plate, letters, has a frame, simplified Chinese, English)
BOARDS = {
    "wood": ((176, 122, 70), (52, 28, 12), False, ["木", "木质"], ["wooden"]),
    "white": ((246, 246, 242), (24, 24, 28), True, ["白色", "白"], ["white"]),
    "black": ((34, 34, 38), (248, 248, 244), True, ["黑色", "黑"], ["black"]),
    "red": ((190, 30, 34), (252, 216, 110), True, ["红色", "红"], ["red"]),
    "blue": ((36, 84, 180), (248, 250, 252), True, ["蓝色", "蓝"], ["blue"]),
    "green": ((32, 120, 66), (248, 250, 246), False, ["绿色", "绿"], ["green"]),
    "yellow": ((250, 206, 60), (30, 26, 20), False, ["黄色", "黄"], ["yellow"]),
}
BOARD_IDS = list(BOARDS)
LETTERS = 6  # at most
LETTER_WIDTH = 0.72  # of a Latin letter's cell, whose height is one
MARGIN = 0.24  # between the letters and the board's edge


class Sign(NamedTuple):
    text: str
    vertical: bool
    board: int

    @property
    def latin(self):
        return self.text[0] in LATIN


def draw_sign(rng: random.Random, relation=""):
    """Beside an object (`relation`) there is room for less."""
    flat = relation in ("left of", "right of")
    if rng.random() < 0.35:
        words = [w for w in WORDS if len(w) <= (4 if flat else LETTERS)]
        text = rng.choice(words) if rng.random() < 0.65 else "".join(rng.choices(LATIN, k=rng.randint(1, 4)))
        vertical = False
    else:
        n = rng.choices([1, 2, 3, 4], [26, 38, 16, 20])[0]
        text = rng.choice([s for s in SAYINGS if len(s) == n]) if rng.random() < 0.4 else "".join(rng.choices(HANZI, k=n))
        vertical = n > 1 and (rng.random() < 0.35 or flat and n > 2)
        if relation in ("above", "below"):
            vertical = False
    return Sign(text, vertical, rng.randrange(len(BOARDS)))


def extent(sign):
    """Width and height of the board, in letters' heights."""
    along, across = len(sign.text) * (LETTER_WIDTH if sign.latin else 1) + 2 * MARGIN, 1 + 1.5 * MARGIN
    return (across, along) if sign.vertical else (along, across)


def sign_row(sign, x, y, cell, angle, pole=False):
    """(class: after the nouns, centre x, y, a letter's height in pixels, angle, no tint, vertical, on a pole, its letters)."""
    letters = [GLYPHS.index(c) for c in sign.text]
    return (len(NOUNS) + sign.board, x, y, cell, angle, -1, sign.vertical, pole, *letters, *[-1] * (LETTERS - len(letters)))


class Painter:
    """Paints the signs of a batch at once. `levels`: [(side, glyphs (n, side, side) of 8-bit alpha)], the larger first."""

    def __init__(self, levels, device):
        self.levels = [(side, torch.cat([g, torch.zeros_like(g[:1])]).to(device)) for side, g in levels]  # the last is a blank
        colours = lambda i: torch.tensor([b[i] for b in BOARDS.values()], device=device).float() / 255
        self.plates, self.inks = colours(0), colours(1)
        self.frames = torch.tensor([b[2] for b in BOARDS.values()], device=device).float()

    def __call__(self, picture, mask, objects):
        """picture (n, 3, h, w) and mask (n, 1, h, w) are painted in place; objects (n, columns) of one slot."""
        for i, (side, glyphs) in enumerate(self.levels):
            large = objects[:, 3] >= 0.8 * self.levels[0][0]
            rows = ((objects[:, 0] >= len(NOUNS)) & (large == (i == 0))).nonzero()[:, 0]
            if len(rows):
                self.paint(picture, mask, rows, objects[rows], glyphs)

    def paint(self, picture, mask, rows, o, glyphs):
        height, width = picture.shape[2:]
        wide = lambda v: v[:, None, None]
        board, size, vertical, pole = (o[:, 0] - len(NOUNS)).long(), wide(o[:, 3]), wide(o[:, 6]) > 0, wide(o[:, 7])
        letters = o[:, 8:].long()
        count = (letters >= 0).sum(1)
        step = torch.where(letters[:, 0] >= len(HANZI), LETTER_WIDTH, 1.0)
        x = (torch.arange(width, device=o.device) + 0.5)[None, None] - wide(o[:, 1]) * width
        y = (torch.arange(height, device=o.device) + 0.5)[None, :, None] - wide(o[:, 2]) * height
        c, s = wide((o[:, 4] * torch.pi / 180).cos()), wide((o[:, 4] * torch.pi / 180).sin())
        u, v = (c * x + s * y) / size, (c * y - s * x) / size  # in letters' heights
        along, across = torch.where(vertical, v, u), torch.where(vertical, u, v)
        half = wide(count * step / 2 + MARGIN)
        # distance to a rounded rectangle, negative inside
        qa, qb, radius = along.abs() - half + 0.12, across.abs() - (0.5 + 0.75 * MARGIN) + 0.12, 0.12
        distance = torch.maximum(qa, qb).clamp(max=0) + (qa.clamp(min=0).square() + qb.clamp(min=0).square()).sqrt() - radius
        cover = lambda d: (0.5 - d * size).clamp(0, 1)[:, None]
        post = cover(u.abs() - 0.09) * cover(-v) * (pole[:, None] > 0)
        alpha = cover(distance)
        grain = 1 + 0.07 * torch.sin(v * 15 + 2.5 * torch.sin(u * 2.2 + 7 * wide(o[:, 1])))
        plate = self.plates[board][:, :, None, None] * torch.where(wide(board) == 0, grain, torch.ones_like(u))[:, None]
        frame = cover((distance + 0.085).abs() - 0.022) * self.frames[board][:, None, None, None]
        ink = self.inks[board][:, :, None, None]
        tiles = glyphs[letters].float() / 255
        tiles = torch.where(vertical[:, :, None], tiles.transpose(2, 3), tiles)
        strip = tiles.permute(0, 2, 1, 3).flatten(2)[:, None]  # (n, 1, side, letters * side)
        grid = torch.stack([(along / wide(step) + wide(count) / 2) / LETTERS * 2 - 1, across * 2], 3)
        text = torch.maximum(F.grid_sample(strip, grid, align_corners=False), frame)
        brown = torch.tensor([0.36, 0.25, 0.16], device=o.device).view(1, 3, 1, 1)
        below = picture[rows] * (1 - post) + brown * post
        picture[rows] = below * (1 - alpha) + (plate * (1 - text) + ink * text) * alpha
        mask[rows] = torch.maximum(mask[rows], torch.maximum(alpha, post))
