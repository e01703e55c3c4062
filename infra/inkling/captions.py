"""Captions as people write them: subject, attributes, relations, place, style, in any order, politely or not, in Chinese, English and a mixture."""
import random

from phrases import (EN_AND, EN_ASKING, EN_BESIDE, EN_COLOURED, EN_DOING, EN_FLUFF, EN_MANY, EN_NUMBER, EN_PLACE, EN_REL, EN_SIZE, EN_THREE, EN_TOUCH, MASS, OPPOSITE, SIDE,
                     ZH_AND, ZH_ASKING, ZH_BESIDE, ZH_DOING, ZH_FLUFF, ZH_MANY, ZH_NUMBER, ZH_PLACE, ZH_REL, ZH_SHORT, ZH_SIZE, ZH_THREE, ZH_TOUCH, article,
                     background_forms, plural)
from scenes import Scene
from signs import BOARD_IDS, BOARDS
from world import (BACKGROUND_NAMES, BACKGROUNDS, COLOURS, MOUNTS, NO_BACKGROUND, NOUNS, ON_PAPER, PLACES, RIDERS, STYLE_IDS, STYLE_PHRASES, STYLES, TINTS,
                   TRADITIONAL, WHITE)


class Captioner:
    """Writes one caption of a scene. `language`: zh, zht (traditional), en or mixed (Chinese with English nouns or the reverse)."""

    def __init__(self, scene: Scene, rng: random.Random, language: str, background=True):
        self.s, self.rng = scene, rng
        self.mixed = language == "mixed"
        self.chinese = rng.random() < 0.5 if self.mixed else language != "en"
        self.traditional = language == "zht"
        self.style = STYLE_IDS[scene.style]
        self.say_background = background and not scene.quiet and self.style not in ON_PAPER
        self.tints = dict(zip(scene.nouns, scene.tints))
        self.fluff = rng.random() < 0.08
        self.lazy = rng.random() < 0.06  # counts everything with the general measure word, or has no articles

    def pick(self, words):
        return words[0] if len(words) == 1 or self.rng.random() < 0.3 else self.rng.choice(words)

    def name(self, noun):
        n = NOUNS[noun]
        if self.mixed and self.rng.random() < 0.6:
            return self.pick(n.en if self.chinese else n.zh)
        return self.pick(n.en if not self.chinese else n.zht if self.traditional else n.zh)

    def thing(self, noun, size="", bare=False, count=1):
        """A noun with its size and colour, and with its measure word, article or number unless bare."""
        name, tint = self.name(noun), self.tints.get(noun, -1)
        if self.chinese:
            return self.chinese_thing(noun, name, tint, size, bare, count)
        name = plural(name) if count > 1 and name.isascii() else name
        words = name
        if tint >= 0:
            words = self.pick(EN_COLOURED).format(n=name, c=self.colour(tint)) if self.rng.random() < 0.1 else f"{self.colour(tint)} {name}"
        words = f"{self.pick(EN_SIZE[size])} {words}" if size else words
        words = f"{self.pick(EN_FLUFF)} {words}" if self.fluff else words
        if count > 1:
            return f"{self.pick(EN_NUMBER[count])} {words}"
        if bare or self.lazy or name in MASS:
            return words
        if self.rng.random() < 0.04:
            return self.rng.choice(["the ", "one "]) + words
        return article(words) if words[0].isascii() else words

    def chinese_thing(self, noun, name, tint, size, bare, count):
        if size:
            word = self.pick(ZH_SIZE[size])
            if len(word) == 1 and name[0] in "大小老":  # 大大象, 小小鸡: no
                word = "很" + word + "的"
            name = word + name
        if tint >= 0:
            colour = self.colour(tint)
            short = colour in ZH_SHORT and self.rng.random() < 0.25
            name = colour[:-1] + name if short else colour + self.pick(["的", ""]) + name
        if self.fluff:
            name = self.pick(ZH_FLUFF) + name
        measure = "个" if self.lazy else NOUNS[noun].measure
        if count > 1:
            return self.pick(ZH_NUMBER[count]) + measure + name
        return name if bare else "一" + measure + name

    def colour(self, tint):
        return self.pick(COLOURS[TINTS[tint]][1 if self.chinese else 2])

    def background(self):
        bg = BACKGROUNDS[self.s.background]
        if self.s.background == WHITE and self.rng.random() < 0.35:
            return self.pick(NO_BACKGROUND[0 if self.chinese else 1])
        zh, en = BACKGROUND_NAMES[bg]
        if self.chinese:
            name = self.pick(en) if self.mixed and self.rng.random() < 0.3 else self.pick(zh)
        else:
            name = self.pick(zh) if self.mixed and self.rng.random() < 0.3 else self.pick(en)
        return self.pick(background_forms(bg, self.chinese)).format(name)

    def subject(self):
        s, rng = self.s, self.rng
        bare = rng.random() < 0.18
        if s.kind == "single":
            return self.single(bare)
        if s.kind in ("count", "many"):
            return self.count()
        if s.kind == "pair":
            return self.pair(bare)
        if s.kind == "touch":
            return self.touch(bare)
        if s.kind == "group":
            return self.group(bare)
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

    def single(self, bare):
        s = self.s
        thing = self.thing(s.nouns[0], s.size if s.size != "medium" else "", bare)
        if s.position == "center" and self.rng.random() < 0.75:
            return thing
        if self.chinese:
            place = self.pick(ZH_PLACE[s.position])
            return self.pick(["{t}在{p}", "{t}在画面{p}", "{p}有{t}", "{t}位于{p}", "{t}，{p}", "画面{p}有{t}", "{p}是{t}"]).format(t=thing, p=place)
        place = self.pick(EN_PLACE[s.position])
        return self.pick(["{t} {p}", "{t} {p} of the picture", "{p}, {t}", "{t} is {p}", "{t} {p} of the image"]).format(t=thing, p=place) \
            if not place.startswith("centered") else f"{thing}, centered"

    def count(self):
        s, n = self.s, len(self.s.nouns)
        if s.relation == "vague":
            words = self.thing(s.nouns[0], bare=True, count=1 if self.chinese else 2)
            if self.chinese:
                return self.pick(ZH_MANY).format(n=words, m=NOUNS[s.nouns[0]].measure)
            return self.pick(EN_MANY).format(n=words.partition(" ")[2])  # without its number
        things = self.thing(s.nouns[0], count=n)
        if n == 2 and self.rng.random() < 0.1:
            name = things[2:] if self.chinese else things.partition(" ")[2]
            return "一对" + name if self.chinese else "a pair of " + name
        if n > 3:
            return things
        return self.pick(["{}", "画面里有{}", "{}排成一排", "有{}"] if self.chinese else ["{}", "{} in a row", "{} side by side"]).format(things)

    def group(self, bare):
        s, rng = self.s, self.rng
        kinds = list(dict.fromkeys(s.nouns))
        sizes = dict(zip(s.nouns, s.sizes))
        say = lambda n: self.thing(n, {"medium": ""}.get(sizes.get(n, ""), sizes.get(n, "")), bare, s.nouns.count(n))
        if len(kinds) == 3:
            a, b, c = map(say, kinds)
            return self.pick(ZH_THREE if self.chinese else EN_THREE).format(a=a, b=b, c=c)
        if rng.random() < 0.12:
            kinds.reverse()
        a, b = map(say, kinds)
        beside = rng.random() < 0.45
        forms = (ZH_BESIDE if beside else ZH_AND) if self.chinese else EN_BESIDE if beside else EN_AND
        return self.pick(forms).format(a=a, b=b)

    def touch(self, bare):
        (a, b), relation = self.s.nouns, self.s.relation
        if relation == "on" and a in RIDERS and b in MOUNTS and self.rng.random() < 0.7:
            relation = "riding"
        forms = (ZH_TOUCH if self.chinese else EN_TOUCH)[relation]
        if self.chinese and relation == "wearing":  # what covers the body is put on with another word
            body = "B" in NOUNS[b].tags
            forms = [form for form in forms if ("穿" in form) == body]
        return self.pick(forms).format(a=self.thing(a, "", bare), b=self.thing(b, "", bare or self.chinese and self.rng.random() < 0.4))

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
            forms = ["{a}在{b}的{r}", "{a}在{b}{r}", "{b}的{r}有{a}", "{a}位于{b}的{r}", "{p}是{a}，{q}是{b}", "{a}在{p}，{b}在{q}", "{b}{r}是{a}", "{b}{r}的{a}", "{p}有{a}，{q}有{b}"]
            words = {"r": self.pick(ZH_REL[relation]), "p": ZH_PLACE[SIDE[relation]][0], "q": ZH_PLACE[SIDE[OPPOSITE[relation]]][0]}
        else:
            forms = ["{a} {r} {b}", "{a} is {r} {b}", "{a} {p} and {b} {q}", "{a} placed {r} {b}", "{p} {a}, {q} {b}", "{a} {p}, {b} {q}"]
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

    def placed(self, subject):
        """The subject where the scene plays: "a dog on the beach", 沙滩上的一只狗."""
        rng, place = self.rng, self.pick(PLACES[BACKGROUNDS[self.s.background]][0 if self.chinese else 1])
        alive = self.s.kind in ("single", "count", "many") and NOUNS[self.s.nouns[0]].tags[0] in "ap" and rng.random() < 0.25
        if self.chinese:
            simple = not any(c in subject for c in "，在有是：") and len(subject) < 10
            forms = ["{t}在{p}", "{p}有{t}", "{p}的{t}", "在{p}有{t}"] if simple else ["{t}，在{p}", "{p}，{t}", "在{p}，{t}"]
            if simple and alive:
                forms = ["{t}在{p}" + self.pick(ZH_DOING), "在{p}" + self.pick(ZH_DOING) + "的{t}"]
            return self.pick(forms).format(t=subject, p=place)
        if alive and " " in subject and "," not in subject:
            subject += " " + self.pick(EN_DOING)
        return self.pick(["{t} {p}", "{t} {p}", "{p}, {t}", "{t}, {p}"]).format(t=subject, p=place)

    def words(self):
        rng, s = self.rng, self.s
        text, told = self.subject(), not self.say_background
        landscape = BACKGROUNDS[s.background] in PLACES
        if not told and landscape and not s.sign and rng.random() < 0.5:
            text, told = self.placed(text), True
        parts = [text]
        if not told:
            parts.insert(len(parts) if rng.random() < 0.75 else 0, self.background())
        zh, en = STYLES[self.style]
        styled = not zh
        if not styled and rng.random() < 0.55 and self.style in STYLE_PHRASES:
            parts[parts.index(text)] = self.pick(STYLE_PHRASES[self.style][0 if self.chinese else 1]).format(text)
            styled = True
        elif not styled:
            name = self.pick(zh if self.chinese else en)
            parts.insert(rng.choice([0, len(parts)]), name)
        if self.chinese:
            text = self.pick(["，", "，", ",", " ", "，", "、"]).join(parts)
            if rng.random() < 0.22:
                text = rng.choice(ZH_ASKING).format(text)
            if text[-1] not in "。？！" and rng.random() < 0.15:
                text += self.pick(["。", "。", "！", "."])
            return text.translate(TRADITIONAL) if self.traditional else text
        text = self.pick([", ", ", ", ", ", ". "] if len(parts) > 1 and not s.sign else [", "]).join(parts)
        if rng.random() < 0.25 and s.kind != "column":
            text = rng.choice(EN_ASKING).format(text)
        return dressed(text, rng)


def dressed(text, rng):
    """Capitals and full stops as people set them. What a sign says stays ("\\0")."""
    way = rng.random()
    if way < 0.18:
        text = text[0].upper() + text[1:]
    elif way < 0.22:
        text = text.upper()
    elif way < 0.24:
        text = text.title()
    if text[-1] not in "?.!" and rng.random() < 0.14:
        text += rng.choice([".", ".", ".", "!"])
    return text


def training_caption(scene, rng):
    """One in ten empty, for guidance."""
    if rng.random() < 0.1:
        return ""
    language = rng.choices(["zh", "zht", "en", "mixed"], [40, 8, 47, 5])[0]
    return Captioner(scene, rng, language).write()
