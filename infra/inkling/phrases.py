"""The words of captions: numbers, places, relations, and what people say around the thing they want."""
from world import COLOURS

ZH_NUMBER = {2: ["两", "2", "二"], 3: ["三", "3"], 4: ["四", "4"], 5: ["五", "5"], 6: ["六", "6"]}
EN_NUMBER = {2: ["two", "2"], 3: ["three", "3"], 4: ["four", "4"], 5: ["five", "5"], 6: ["six", "6"]}
# {n} is the plural, {m} the measure word
EN_MANY = ["many {n}", "several {n}", "lots of {n}", "a lot of {n}", "a group of {n}", "a bunch of {n}", "some {n}", "a few {n}", "{n}", "multiple {n}", "plenty of {n}"]
ZH_MANY = ["很多{n}", "许多{n}", "好多{n}", "几{m}{n}", "一群{n}", "一些{n}", "很多{m}{n}", "好几{m}{n}", "不少{n}", "几个{n}"]
ZH_PLACE = {"left": ["左边", "左侧", "左面"], "right": ["右边", "右侧", "右面"], "top": ["上方", "上面", "顶部", "上边"],
            "bottom": ["下方", "下面", "底部", "下边"], "center": ["中间", "中央", "正中间"], "top left": ["左上角", "左上方"],
            "top right": ["右上角", "右上方"], "bottom left": ["左下角", "左下方"], "bottom right": ["右下角", "右下方"]}
EN_PLACE = {"left": ["on the left", "at the left", "on the left side"],
            "right": ["on the right", "at the right", "on the right side"],
            "top": ["at the top", "in the upper part"], "bottom": ["at the bottom", "in the lower part"],
            "center": ["in the center", "in the middle", "centered"],
            **{f"{v} {h}": [f"in the {v} {h} corner", f"at the {v} {h}", f"in the {w} {h}"]
               for v, w in (("top", "upper"), ("bottom", "lower")) for h in ("left", "right")}}
ZH_SIZE = {"small": ["小", "很小的", "小小的", "迷你"], "large": ["大", "很大的", "巨大的", "超大的", "巨型"]}
EN_SIZE = {"small": ["small", "little", "tiny", "mini"], "large": ["big", "large", "huge", "giant", "enormous", "gigantic"]}
ZH_REL = {"left of": ["左边", "左侧"], "right of": ["右边", "右侧"], "above": ["上方", "上面"], "below": ["下方", "下面", "底下"]}
EN_REL = {"left of": ["to the left of", "left of", "on the left of", "on the left side of"],
          "right of": ["to the right of", "right of", "on the right of", "on the right side of"],
          "above": ["above", "over"], "below": ["below", "under", "beneath", "underneath"]}
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
SIDE = {"left of": "left", "right of": "right", "above": "top", "below": "bottom"}
# Of two objects that overlap; the first form is the usual one. With a second list: what is said of the mounted, of one who holds or wears.
EN_TOUCH = {
    "on": ["{a} on {b}", "{a} on top of {b}", "{a} sitting on {b}", "{a} standing on {b}", "{b} with {a} on top", "{b} with {a} on it", "{a} lying on {b}"],
    "riding": ["{a} riding {b}", "{a} riding on {b}", "{a} on {b}", "{a} driving {b}"],
    "in front of": ["{a} in front of {b}", "{a} standing in front of {b}", "{b} behind {a}", "{a} is in front of {b}", "{b} is behind {a}", "{a} before {b}"],
    "inside": ["{a} in {b}", "{a} inside {b}", "{a} sitting in {b}", "{b} with {a} inside", "{a} inside of {b}"],
    "with": ["{a} with {b}", "{a} holding {b}", "{a} is holding {b}", "{a} carrying {b}", "{a} has {b}", "{a} eating {b}", "{a} playing with {b}"],
    "wearing": ["{a} wearing {b}", "{a} in {b}", "{a} with {b} on", "{a} that wears {b}", "{a} with {b}", "{a} is wearing {b}"],
}
ZH_TOUCH = {
    "on": ["{a}在{b}上", "{a}坐在{b}上", "{b}上有{a}", "{a}站在{b}上", "{b}上面坐着{a}", "{a}趴在{b}上", "{b}上的{a}", "{a}放在{b}上", "坐在{b}上的{a}"],
    "riding": ["{a}骑着{b}", "{a}骑{b}", "{a}骑在{b}上", "骑着{b}的{a}", "{a}开着{b}", "{a}坐在{b}上"],
    "in front of": ["{a}在{b}前面", "{b}前面有{a}", "{a}站在{b}前", "{b}在{a}后面", "{a}后面有{b}", "{b}前的{a}", "{a}的后面是{b}", "{b}在{a}的后面"],
    "inside": ["{a}在{b}里", "{b}里有{a}", "{b}里面有{a}", "{a}在{b}里面", "{b}里的{a}", "{a}坐在{b}里", "{b}中的{a}"],
    "with": ["{a}拿着{b}", "拿着{b}的{a}", "{a}带着{b}", "{a}抱着{b}", "抱着{b}的{a}", "{a}手里拿着{b}", "{a}捧着{b}", "{a}吃{b}"],
    "wearing": ["{a}戴着{b}", "戴着{b}的{a}", "戴{b}的{a}", "{a}戴{b}", "{a}穿着{b}", "穿{b}的{a}"],
}
EN_BESIDE = ["{a} next to {b}", "{a} beside {b}", "{a} near {b}", "{a} by {b}", "{a} standing next to {b}", "{b} beside {a}", "{a} alongside {b}", "{a} is next to {b}"]
ZH_BESIDE = ["{a}在{b}旁边", "{b}旁边有{a}", "{a}旁边是{b}", "{a}挨着{b}", "{a}和{b}在一起", "{b}的旁边有{a}", "{a}在{b}的旁边", "{a}在{b}边上", "{b}旁边的{a}"]
EN_AND = ["{a} and {b}", "{a} and {b}", "{a} and {b}", "{a} & {b}", "{a}, {b}", "{a} together with {b}", "{a} and {b} together", "{a} and {b} side by side", "{a} plus {b}", "both {a} and {b}"]
ZH_AND = ["{a}和{b}", "{a}和{b}", "{a}、{b}", "{a}跟{b}", "{a}与{b}", "{a}还有{b}", "{a}以及{b}", "有{a}和{b}", "{a}，{b}"]
EN_THREE = ["{a}, {b} and {c}", "{a}, {b}, and {c}", "{a}, {b}, {c}", "{a} and {b} and {c}", "{a} with {b} and {c}"]
ZH_THREE = ["{a}、{b}和{c}", "{a}、{b}、{c}", "{a}，{b}和{c}", "{a}和{b}和{c}", "{a}、{b}还有{c}"]
EN_COLOURED, ZH_SHORT = ["{n} that is {c}", "{n} in {c}", "{c}-colored {n}", "{c} coloured {n}"], {"红色", "橙色", "黄色", "绿色", "蓝色", "紫色", "粉色", "棕色", "黑色", "白色", "灰色"}
# What a thing may be called that changes nothing.
EN_FLUFF = ["cute", "beautiful", "nice", "lovely", "pretty", "adorable", "funny", "happy"]
ZH_FLUFF = ["可爱的", "漂亮的", "好看的", "美丽的", "开心的", "有趣的"]
EN_DOING = ["sitting", "standing", "running", "walking", "playing", "sleeping", "resting"]
ZH_DOING = ["玩", "跑", "奔跑", "散步", "睡觉", "休息", "玩耍"]
MASS = {"grapes", "cherries", "corn", "maize", "broccoli", "bread", "cheese", "french fries", "fries", "noodles", "ramen", "ice cream", "coffee", "beer", "glasses",
        "spectacles", "scissors", "headphones", "fire", "dice", "rice", "milk", "wine", "honey", "chocolate", "meat", "bacon", "popcorn", "curry", "spaghetti", "pasta",
        "blueberries", "pancakes", "soap", "toilet paper", "jeans", "pants", "gloves", "socks", "sunglasses", "chopsticks", "cutlery", "soda", "cola", "tea", "juice",
        "shaved ice", "ice", "bubble tea", "milk tea", "lightning", "wood", "sushi", "wheat", "table tennis", "badminton", "bowling", "champagne", "custard", "earth",
        "saturn", "cabbage", "lettuce", "santa", "santa claus"}
PLURALS = {"mouse": "mice", "wolf": "wolves", "sheep": "sheep", "deer": "deer", "fish": "fish", "squid": "squid", "moose": "moose", "goose": "geese", "shrimp": "shrimp",
           "tropical fish": "tropical fish", "maple leaf": "maple leaves", "leaf": "leaves", "green leaf": "green leaves", "slice of bread": "slices of bread",
           "cup of coffee": "cups of coffee", "die": "dice", "octopus": "octopuses", "fox": "foxes", "ox": "oxen", "man": "men", "woman": "women", "child": "children",
           "old man": "old men", "old woman": "old women", "policeman": "policemen", "fireman": "firemen", "person": "people", "tooth": "teeth", "knife": "knives",
           "kitchen knife": "kitchen knives", "cup of tea": "cups of tea", "bouquet of flowers": "bouquets of flowers", "bowl of rice": "bowls of rice",
           "glass of milk": "glasses of milk", "glass of wine": "glasses of wine", "pot of honey": "pots of honey", "bar of soap": "bars of soap",
           "stack of books": "stacks of books", "pile of books": "piles of books", "drop of water": "drops of water", "statue of liberty": "statues of liberty",
           "tomato": "tomatoes", "potato": "potatoes", "mango": "mangoes", "pair": "pairs", "torii": "torii"}
# How one asks: {} is what is wanted.
EN_ASKING = ["please draw {}", "draw {}", "draw me {}", "please draw me {}", "can you draw {}", "can you draw {}?", "could you please draw {}", "i want {}", "i want a picture of {}",
             "i would like to see {}", "i'd like a picture of {}", "make a picture of {}", "please make an image of {}", "generate an image of {}", "generate {}",
             "create an image of {}", "create {}", "show me {}", "give me {}", "a picture of {}", "an image of {}", "a photo of {}", "photo of {}", "a drawing of {}",
             "an illustration of {}", "picture of {}", "there is {}", "paint {}", "{} please", "{}, please", "please draw {}, thank you", "a simple picture with {}",
             "let me see {}", "a scene with {}", "i need a picture of {}", "could you make a picture of {} for me?", "a cartoon of {}", "imagine {}", "{}, thanks"]
ZH_ASKING = ["请画{}", "画{}", "请生成{}", "帮我画{}", "请帮我画{}", "给我画{}", "我想要{}", "我要{}", "我想看{}", "能不能画{}", "可以画{}吗？", "能画{}吗", "麻烦画{}", "生成{}",
             "画一张{}的图", "画一张{}的图片", "生成一张{}的图片", "我想要一张{}的图片", "{}的图片", "一张{}的照片", "一张图片，{}", "一幅画：{}", "请画一张图：{}", "请帮我画{}，谢谢",
             "画面里有{}", "图中有{}", "来一张{}", "画一个场景：{}", "帮我生成一张图，{}", "给我看{}", "想要一幅{}的画", "能不能给我画{}？", "照片：{}", "画一下{}"]


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
