"""Captions in the form subject + attributes + relation, in Chinese, English and a mixture of both."""
import random

from scenes import Scene
from signs import BOARD_IDS, BOARDS
from world import BACKGROUND_NAMES, BACKGROUNDS, COLOURS, NOUNS, ON_PAPER, STYLE_IDS, STYLES, TINTS, TRADITIONAL

ZH_NUMBER = {2: ["两", "2"], 3: ["三", "3"]}
EN_NUMBER = {2: ["two", "2"], 3: ["three", "3"]}
ZH_PLACE = {"left": ["左边", "左侧"], "right": ["右边", "右侧"], "top": ["上方", "上面", "顶部"],
            "bottom": ["下方", "下面", "底部"], "center": ["中间", "中央", "正中间"], "top left": ["左上角", "左上方"],
            "top right": ["右上角", "右上方"], "bottom left": ["左下角", "左下方"], "bottom right": ["右下角", "右下方"]}
EN_PLACE = {"left": ["on the left", "at the left", "on the left side"],
            "right": ["on the right", "at the right", "on the right side"],
            "top": ["at the top", "in the upper part"], "bottom": ["at the bottom", "in the lower part"],
            "center": ["in the center", "in the middle", "centered"],
            **{f"{v} {h}": [f"in the {v} {h} corner", f"at the {v} {h}", f"in the {w} {h}"]
               for v, w in (("top", "upper"), ("bottom", "lower")) for h in ("left", "right")}}
ZH_SIZE = {"small": ["小", "很小的", "小小的"], "large": ["大", "很大的", "巨大的"]}
EN_SIZE = {"small": ["small", "little", "tiny"], "large": ["big", "large", "huge"]}
ZH_REL = {"left of": ["左边", "左侧"], "right of": ["右边", "右侧"], "above": ["上方", "上面"], "below": ["下方", "下面"]}
EN_REL = {"left of": ["to the left of", "left of", "on the left of"],
          "right of": ["to the right of", "right of", "on the right of"],
          "above": ["above", "over"], "below": ["below", "under", "beneath"]}
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
SIDE = {"left of": "left", "right of": "right", "above": "top", "below": "bottom"}
MASS = {"grapes", "cherries", "corn", "maize", "broccoli", "bread", "cheese", "french fries", "fries", "noodles", "ramen",
        "ice cream", "coffee", "beer", "glasses", "spectacles", "scissors", "headphones", "fire", "dice"}
PLURALS = {"mouse": "mice", "wolf": "wolves", "sheep": "sheep", "deer": "deer", "fish": "fish", "squid": "squid",
           "tropical fish": "tropical fish", "maple leaf": "maple leaves", "slice of bread": "slices of bread",
           "cup of coffee": "cups of coffee", "die": "dice", "octopus": "octopuses", "fox": "foxes", "ox": "oxen"}


def background_forms(background, chinese):
    """How a background can be told; {} is its name."""
    if chinese:
        return ["{}背景", "背景是{}", "背景为{}", "以{}为背景", "{}的背景"]
    return ["{} background", "on a {} background" if background in COLOURS else "{} in the background", "with a {} background", "background: {}"]


def plural(name):
    if name in PLURALS:
        return PLURALS[name]
    if name in MASS:
        return name
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "ch", "sh")) else "s")


def article(words):
    return ("an " if words[0] in "aeiou" and not words.startswith(("uni", "ufo")) else "a ") + words


class Captioner:
    """Writes one caption of a scene. `language`: zh, zht (traditional), en or mixed (Chinese with English nouns or the reverse)."""

    def __init__(self, scene: Scene, rng: random.Random, language: str, background=True):
        self.s, self.rng = scene, rng
        self.mixed = language == "mixed"
        self.chinese = rng.random() < 0.5 if self.mixed else language != "en"
        self.traditional = language == "zht"
        self.say_background = background and STYLE_IDS[scene.style] not in ON_PAPER
        self.tints = dict(zip(scene.nouns, scene.tints))

    def pick(self, words):
        return words[0] if len(words) == 1 or self.rng.random() < 0.4 else self.rng.choice(words)

    def name(self, noun):
        n = NOUNS[noun]
        if self.mixed and self.rng.random() < 0.6:
            return self.pick(n.en if self.chinese else n.zh)
        return self.pick(n.en if not self.chinese else n.zht if self.traditional else n.zh)

    def thing(self, noun, size="", bare=False):
        """A noun with its size, and with its measure word or article unless bare."""
        name = self.name(noun)
        if self.chinese:
            if size:
                word = self.pick(ZH_SIZE[size])
                if len(word) == 1 and name[0] in "大小老":  # 大大象, 小小鸡: no
                    word = "很" + word + "的"
                name = word + name
            if self.tints.get(noun, -1) >= 0:
                name = self.colour(self.tints[noun]) + self.pick(["的", ""]) + name
            return name if bare else "一" + NOUNS[noun].measure + name
        words = f"{self.colour(self.tints[noun])} {name}" if self.tints.get(noun, -1) >= 0 else name
        words = f"{self.pick(EN_SIZE[size])} {words}" if size else words
        if bare or name in MASS:
            return words
        return article(words) if words[0].isascii() else words

    def colour(self, tint):
        return self.pick(COLOURS[TINTS[tint]][1 if self.chinese else 2])

    def background(self):
        bg = BACKGROUNDS[self.s.background]
        zh, en = BACKGROUND_NAMES[bg]
        if self.chinese:
            name = self.pick(en) if self.mixed and self.rng.random() < 0.3 else self.pick(zh)
        else:
            name = self.pick(zh) if self.mixed and self.rng.random() < 0.3 else self.pick(en)
        return self.pick(background_forms(bg, self.chinese)).format(name)

    def subject(self):
        s, rng = self.s, self.rng
        bare = rng.random() < 0.15
        if s.kind == "single":
            size = s.size if s.size != "medium" else ""
            thing = self.thing(s.nouns[0], size, bare)
            if s.position == "center" and rng.random() < 0.6:
                return thing
            if self.chinese:
                place = self.pick(ZH_PLACE[s.position])
                return self.pick(["{t}在{p}", "{t}在画面{p}", "{p}有{t}", "{t}位于{p}", "{t}，{p}"]).format(t=thing, p=place)
            place = self.pick(EN_PLACE[s.position])
            return self.pick(["{t} {p}", "{t} {p} of the picture", "{p}, {t}"]).format(t=thing, p=place) \
                if not place.startswith("centered") else f"{thing}, centered"
        if s.kind == "count":
            n, noun = len(s.nouns), s.nouns[0]
            if self.chinese:
                return self.pick(["{}", "画面里有{}", "{}排成一排"]).format(
                    self.pick(ZH_NUMBER[n]) + NOUNS[noun].measure + self.name(noun))
            name = self.name(noun)
            things = f"{self.pick(EN_NUMBER[n])} {plural(name) if name.isascii() else name}"
            return self.pick(["{}", "{} in a row", "{} side by side"]).format(things)
        if s.kind == "pair":
            return self.pair(bare)
        if s.kind == "sign":
            return self.sign(bare)
        a, b, c = (self.thing(n, "", bare) for n in s.nouns)
        if self.chinese:
            forms = ["从左到右是{a}、{b}和{c}", "{a}、{b}、{c}从左到右排成一排", "{a}在左边，{b}在中间，{c}在右边", "左边是{a}，中间是{b}，右边是{c}"]
            if s.kind == "column":
                forms = ["从上到下是{a}、{b}和{c}", "{a}在上面，{b}在中间，{c}在下面", "上面是{a}，中间是{b}，下面是{c}"]
        else:
            forms = ["from left to right: {a}, {b} and {c}", "{a}, {b} and {c} from left to right",
                     "{a} on the left, {b} in the middle and {c} on the right"]
            if s.kind == "column":
                forms = ["from top to bottom: {a}, {b} and {c}", "{a} at the top, {b} in the middle and {c} at the bottom"]
        return self.pick(forms).format(a=a, b=b, c=c)

    def board(self, bare):
        """The sign. Its text is put in last, as "\0": traditional captions do not change what is written on it."""
        rng, (_, vertical, board) = self.rng, self.s.sign
        *_, zh, en = BOARDS[BOARD_IDS[board]]
        told = rng.random() < 0.5
        if self.chinese:
            text = self.pick(["“\0”", "“\0”", "「\0」", '"\0"', "‘\0’"])
            way = self.pick(["竖排", "竖着"]) + "的" if vertical else self.pick(["横排的", "横着的"]) if rng.random() < 0.08 else ""
            made = self.pick(zh) if told else ""
            forms = ["{n}写着{t}的{w}{m}牌子", "{n}{w}{m}牌子写着{t}", "{w}{m}招牌{t}", "{n}{w}{m}招牌，上面写着{t}", "{w}{m}牌子上写着{t}", "写着{t}的{w}{m}招牌"]
            return self.pick(forms).format(n="" if bare else "一块", t=text, w=way, m=made)
        text = self.pick(['"\0"', '"\0"', "“\0”", "'\0'", "‘\0’"])
        words = ("vertical " if vertical else "") + (self.pick(en) + " " if told else "") + self.pick(["sign", "sign", "board"])
        forms = ["{s} that says {t}", "{s} saying {t}", "{s} with the text {t}", "{s} reading {t}", "{s} with {t} on it", "{t} on {s}"]
        return self.pick(forms).format(s=words if bare else article(words), t=text)

    def sign(self, bare):
        s = self.s
        sign = self.board(bare)
        if not s.nouns:
            return sign
        thing, relation = self.thing(s.nouns[0], "", bare), s.relation
        if self.chinese:
            if self.rng.random() < 0.35:
                return self.pick(["{t}在{s}的{r}", "{t}在{r}，{s}在{o}"]).format(
                    t=thing, s=sign, r=ZH_PLACE[SIDE[OPPOSITE[relation]]][0], o=ZH_PLACE[SIDE[relation]][0])
            return self.pick(["{t}的{r}有{s}", "{s}在{t}的{r}", "{s}，在{t}{r}"]).format(t=thing, s=sign, r=self.pick(ZH_REL[relation]))
        if self.rng.random() < 0.3:
            return f"{thing} {self.pick(EN_REL[OPPOSITE[relation]])} {sign}"
        return self.pick(["{s} {r} {t}", "{s}, {r} {t}"]).format(t=thing, s=sign, r=self.pick(EN_REL[relation]))

    def pair(self, bare):
        (a, b), relation = self.s.nouns, self.s.relation
        if self.rng.random() < 0.2:  # the same scene told from the other object
            a, b, relation = b, a, OPPOSITE[relation]
        a, b = self.thing(a, "", bare), self.thing(b, "", bare)
        if self.chinese:
            forms = ["{a}在{b}的{r}", "{a}在{b}{r}", "{b}的{r}有{a}", "{a}位于{b}的{r}", "{p}是{a}，{q}是{b}", "{a}在{p}，{b}在{q}"]
            words = {"r": self.pick(ZH_REL[relation]), "p": ZH_PLACE[SIDE[relation]][0], "q": ZH_PLACE[SIDE[OPPOSITE[relation]]][0]}
        else:
            forms = ["{a} {r} {b}", "{a} is {r} {b}", "{a} {p} and {b} {q}", "{a} placed {r} {b}"]
            words = {"r": self.pick(EN_REL[relation]), "p": EN_PLACE[SIDE[relation]][0], "q": EN_PLACE[SIDE[OPPOSITE[relation]]][0]}
        return self.pick(forms).format(a=a, b=b, **words)

    def write(self):
        text = self.words()
        if not self.s.sign:
            return text
        said, rng = self.s.sign.text, self.rng
        if self.s.sign.latin and rng.random() < 0.1:
            said = rng.choice([said.lower(), said.capitalize()])
        return text.replace("\0", said)

    def words(self):
        rng, parts = self.rng, [self.subject()]
        if self.say_background:
            parts.insert(len(parts) if rng.random() < 0.8 else 0, self.background())
        style = STYLES[STYLE_IDS[self.s.style]]
        if style[0]:
            parts.insert(rng.choice([0, len(parts)]), self.pick(style[0] if self.chinese else style[1]))
        if self.chinese:
            text = self.pick(["，", "，", ",", " "]).join(parts)
            if rng.random() < 0.15:
                text = self.pick(["请画", "画", "请生成", "帮我画", "一张图片，", "一幅画："]) + text
            text += "。" if rng.random() < 0.15 else ""
            return text.translate(TRADITIONAL) if self.traditional else text
        text = ", ".join(parts)
        if rng.random() < 0.2 and self.s.kind != "column":
            text = self.pick(["a photo of ", "a picture of ", "an image of ", "please draw ", "draw "]) + text
        if rng.random() < 0.12:
            text = text[0].upper() + text[1:] + "."
        return text


def training_caption(scene, rng):
    """One in ten empty, for guidance; one in fourteen says nothing of the background."""
    if rng.random() < 0.1:
        return ""
    language = rng.choices(["zh", "zht", "en", "mixed"], [40, 7, 47, 6])[0]
    return Captioner(scene, rng, language, background=rng.random() > 0.07).write()
