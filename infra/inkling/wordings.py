"""Every wording of a background, drawn alike: `{}背景`, `, {} background`, `背景为{}` … with each of its names in each language.

Byte-level tokens cut some of them into pieces that ordinary captions seldom hold; a model that has seen only those draws any background."""
import random

from captions import Captioner, background_forms
from scenes import draw_scene
from world import BACKGROUND_NAMES, BACKGROUNDS, LANDSCAPES, ON_PAPER, STYLE_IDS, TRADITIONAL


class Wordings:
    """Backgrounds as they are named in each language, before all else or after it, with how badly the pictures of each fit."""

    def __init__(self, rng: random.Random):
        self.rng, self.errors = rng, {}
        for background, (zh, en) in BACKGROUND_NAMES.items():
            self.errors |= {(language, background, name, first): None for language, names in (("zh", zh), ("zht", zh), ("en", en))
                            for name in names for first in (True, False)}
        self.keys = list(self.errors)

    def badness(self):
        """How much worse each fits than the best wording of the same background."""
        known = {key: error for key, error in self.errors.items() if error is not None}
        least = {}
        for (_, background, *_), error in known.items():
            least[background] = min(error, least.get(background, error))
        return {key: known[key] - least[key[1]] if key in known else 1.0 for key in self.keys}

    def draw(self, count):
        badness = self.badness()
        return self.rng.choices(self.keys, [0.03 + badness[key] for key in self.keys], k=count)

    def learn(self, key, error):
        before = self.errors[key]
        self.errors[key] = error if before is None else 0.8 * before + 0.2 * error

    def beside(self, key):
        """Another wording of the same background, or this one again."""
        return self.rng.choice([other for other in self.keys if other[1] == key[1]])

    def scene(self, background):
        index = BACKGROUNDS.index(background)
        while True:
            scene = draw_scene(self.rng)._replace(background=index)
            style = STYLE_IDS[scene.style]
            dark = style == "night" and (background not in LANDSCAPES or index == 0)
            if style not in ON_PAPER and not dark and not scene.held_out:
                return scene

    def caption(self, key, scene):
        """Says of the scene all that captions say, and names its background with this wording."""
        rng, (language, background, name, first) = self.rng, key
        parts = [Captioner(scene, rng, language, background=False).words().rstrip("。.")]
        form = rng.choice(background_forms(background, language != "en"))
        parts.insert(0 if first else len(parts), form.format(name))
        separator = ", " if language == "en" else rng.choice(["，", "，", ",", " "])
        text = separator.join(parts) + (rng.choice(["", "", "", "。"]) if language != "en" else "")
        if language == "en" and rng.random() < 0.15:
            text = text[0].upper() + text[1:] + "."
        return text.translate(TRADITIONAL) if language == "zht" else text
