"""What is said of an edit, in Chinese (simplified and traditional), English, or Chinese with English nouns and the reverse."""
import random

from phrases import EN_PLACE, EN_REL, MASS, SIDE, ZH_PLACE, ZH_REL, article
from world import BACKGROUND_NAMES, BACKGROUNDS, COLOURS, NOUNS, STYLE_IDS, STYLES, TINTS, TRADITIONAL

ZH = {
    "replace": ["把{a}换成{b}", "将{a}替换为{b}", "{a}换成{b}", "把{a}变成{b}", "用{b}代替{a}", "把{a}改成{b}"],
    "add": ["{p}加{b}", "{p}添加{b}", "{p}放{b}", "{p}画{b}", "加{b}，{p}"],
    "remove": ["去掉{a}", "删除{a}", "把{a}去掉", "移除{a}", "不要{a}", "把{a}删掉"],
    "recolour": ["把{a}变成{c}", "将{a}改成{c}", "{a}变成{c}", "把{a}涂成{c}", "把{a}的颜色改成{c}", "让{a}变成{c}的"],
    "bigger": ["把{a}变大", "让{a}变大", "把{a}放大", "{a}变大一点", "把{a}画大一些"],
    "smaller": ["把{a}变小", "让{a}变小", "把{a}缩小", "{a}变小一点", "把{a}画小一些"],
    "move": ["把{a}移到{p}", "将{a}移动到{p}", "{a}放到{p}", "把{a}放在{p}", "让{a}到{p}去"],
    "background": ["把背景换成{b}", "背景改成{b}", "将背景换为{b}", "换成{b}背景", "背景变成{b}", "背景换成{b}"],
    "style": ["变成{s}", "改成{s}", "转换为{s}", "把画面变成{s}", "换成{s}"],
}
EN = {
    "replace": ["replace the {a} with {b}", "change the {a} to {b}", "turn the {a} into {b}", "swap the {a} for {b}", "make the {a} {b}"],
    "add": ["add {b} {p}", "put {b} {p}", "place {b} {p}", "draw {b} {p}", "{p}, add {b}"],
    "remove": ["remove the {a}", "delete the {a}", "take away the {a}", "get rid of the {a}", "erase the {a}"],
    "recolour": ["make the {a} {c}", "change the color of the {a} to {c}", "paint the {a} {c}", "turn the {a} {c}", "recolor the {a} to {c}"],
    "bigger": ["make the {a} bigger", "enlarge the {a}", "make the {a} larger", "scale up the {a}"],
    "smaller": ["make the {a} smaller", "shrink the {a}", "make the {a} tinier", "scale down the {a}"],
    "move": ["move the {a} {p}", "put the {a} {p}", "shift the {a} {p}", "place the {a} {p}"],
    "background": ["change the background to {b}", "{b} background", "replace the background with {b}", "make the background {b}",
                   "set the background to {b}"],
    "style": ["turn it into {s}", "make it {s}", "convert it to {s}", "change the style to {s}", "redraw it as {s}"],
}
ZH_KEEP = ["，其他不变", "，其余保持不变", "，其它部分不要改变", "，画面其他地方保持原样", "，请保持背景和构图不变"]
EN_KEEP = [", keep everything else the same", ", leave the rest unchanged", ", without changing anything else",
           " and keep all the other parts of the picture exactly as they are"]


class Writer:
    def __init__(self, edit, rng: random.Random, language):
        self.edit, self.rng, self.mixed, self.traditional = edit, rng, language == "mixed", language == "zht"
        self.chinese = rng.random() < 0.5 if self.mixed else language != "en"

    def pick(self, words):
        return words[0] if self.rng.random() < 0.35 else self.rng.choice(words)

    def name(self, noun):
        n, chinese = NOUNS[int(noun)], self.chinese != (self.mixed and self.rng.random() < 0.7)
        return self.pick(n.en if not chinese else n.zht if self.traditional else n.zh)

    def one(self, noun):
        """A new object: with its measure word or article."""
        name = self.name(noun)
        if self.chinese:
            return "一" + NOUNS[int(noun)].measure + name if self.rng.random() < 0.75 else name
        return article(name) if name.isascii() and name not in MASS else name

    def there(self, noun):
        """An object of the source; of two, sometimes by its place."""
        name, objects = self.name(noun), self.edit.source.objects
        if len(objects) == 2 and self.rng.random() < 0.15:
            me, other = sorted(objects, key=lambda o: o[0] != noun)
            if abs(me[1] - other[1]) > 0.4:
                left = me[1] < other[1]
                return ("左边的" if left else "右边的") + name if self.chinese else ("left " if left else "right ") + name
        return name

    def place(self, where):
        """A position, or beside an object: (relation, noun)."""
        if len(where) == 1:
            if self.chinese:
                return self.pick(["{}", "画面{}", "在{}", "在画面{}"]).format(self.pick(ZH_PLACE[where[0]]))
            return self.pick(EN_PLACE[where[0]]).replace("centered", "in the center")
        relation, noun = where
        if self.chinese:
            return self.pick(["在{}的{}", "在{}{}", "{}的{}"]).format(self.name(noun), self.pick(ZH_REL[relation]))
        return f"{self.pick(EN_REL[relation])} the {self.name(noun)}"

    def write(self):
        edit, zh = self.edit, self.chinese
        kind, told = edit.kind, edit.told
        forms = ZH if zh else EN
        colours = lambda c: self.pick(COLOURS[c][1 if zh else 2])
        names = lambda words: self.pick(words[0 if zh else 1])
        if kind == "replace":
            words = {"a": self.there(edit.noun), "b": self.one(told[0])}
        elif kind == "add":
            words = {"b": self.one(edit.noun), "p": self.place(told)}
        elif kind == "remove":
            words = {"a": self.there(edit.noun)}
        elif kind == "recolour":
            words = {"a": self.there(edit.noun), "c": colours(TINTS[told[0]])}
        elif kind == "resize":
            kind, words = "bigger" if told[0] else "smaller", {"a": self.there(edit.noun)}
        elif kind == "move":
            at = self.pick(ZH_PLACE[told[0]]) if zh else self.pick(EN_PLACE[told[0]]).replace("centered", "to the center")
            if not zh and self.rng.random() < 0.4:
                at = at.replace("on the", "to the").replace("at the", "to the").replace("in the", "to the")
            words = {"a": self.there(edit.noun), "p": self.pick(["{}", "画面{}"]).format(at) if zh else at}
        elif kind == "background":
            words = {"b": names(BACKGROUND_NAMES[BACKGROUNDS[told[0]]])}
        else:
            words = {"s": names(STYLES[STYLE_IDS[told[0]]])}
        form = self.pick(forms[kind])
        if kind == "add" and zh and self.rng.random() < 0.3:  # 加一只狗, 加上一只狗
            form = form.replace("加{b}", "加上{b}").replace("放{b}", "放上{b}")
        return form.format(**words)


def instruction(edit, rng, language=None, keep=False):
    """`keep`: says as well that all else stays."""
    language = language or rng.choices(["zh", "zht", "en", "mixed"], [42, 7, 46, 5])[0]
    writer = Writer(edit, rng, language)
    text = writer.write()
    if rng.random() < 0.1:
        text = "请" + text if writer.chinese else "please " + text
    if keep and edit.kind not in ("background", "style"):
        text += rng.choice(ZH_KEEP if writer.chinese else EN_KEEP)
    elif keep:
        text += rng.choice(["，主体不变，位置和大小也都不变", "，请不要改变主体的位置和大小"] if writer.chinese else
                           [", keep the subject exactly the same, in the same place and at the same size", ", do not change the subject, its position or its size at all"])
    if rng.random() < 0.12:
        text = text + "。" if writer.chinese else text[0].upper() + text[1:] + "."
    return text.translate(TRADITIONAL) if writer.traditional else text


def training_instruction(edit, rng, long=False):
    """One in ten empty, for guidance (in batches of short ones)."""
    if not long and rng.random() < 0.1:
        return ""
    return instruction(edit, rng, keep=long or rng.random() < 0.06)
