"""Every wording of a background, drawn alike: `{}背景`, `{} background, …`, `背景为{}` … with each of its names in each language, as the
caption's first word or later.

Byte-level tokens cut some of them into pieces that ordinary captions seldom hold; a model that has seen only those draws any background."""
import random

from captions import Captioner
from phrases import background_forms
from scenes import draw_scene
from world import BACKGROUND_NAMES, BACKGROUNDS, LANDSCAPES, NO_LANDSCAPE, STYLE_IDS, TRADITIONAL


class Wordings:
    """A wording is (language, background, name, whether the caption begins with it)."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.keys = [(language, background, name, first) for background, (zh, en) in BACKGROUND_NAMES.items()
                     for language, names in (("zh", zh), ("zht", zh), ("en", en)) for name in names for first in (True, False)]

    def draw(self, count):
        return self.rng.choices(self.keys, k=count)

    def beside(self, key):
        """Another wording of the same background, or this one again."""
        return self.rng.choice([other for other in self.keys if other[1] == key[1]])

    def scene(self, background):
        index = BACKGROUNDS.index(background)
        while True:
            scene = draw_scene(self.rng)._replace(background=index)
            style = STYLE_IDS[scene.style]
            lost = style in ("night", "sepia", "mono") and (background not in LANDSCAPES or index == 0)
            if style not in NO_LANDSCAPE and not lost and not scene.held_out:
                return scene

    def caption(self, key, scene):
        """Says of the scene all that captions say, and names its background with this wording."""
        rng, (language, background, name, first) = self.rng, key
        subject = Captioner(scene, rng, language, background=False).words().rstrip("。.")
        forms = background_forms(background, language != "en")
        form = rng.choice([form for form in forms if form.startswith("{}") or not first])
        leads = first or not form.startswith("{}") and rng.random() < 1 / 3
        parts = [form.format(name), subject] if leads else [subject, form.format(name)]
        separator = ", " if language == "en" else rng.choice(["，", "，", ",", " "])
        text = separator.join(parts) + (rng.choice(["", "", "", "。"]) if language != "en" else "")
        if language == "en" and rng.random() < (0.3 if first else 0.15):
            text = text[0].upper() + text[1:] + "."
        return text.translate(TRADITIONAL) if language == "zht" else text
