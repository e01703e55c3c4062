"""The words that Inkling was trained on, for advice to those who write prompts: python vocabulary.py OUT.json"""
import json
import sys
from pathlib import Path

import phrases
from world import BACKGROUND_NAMES, COLOURS, LANDSCAPES, NOUNS, PLACES, RELATIONS, STYLES, TINTS, TRADITIONAL


def names(zh, en):
    """Simplified Chinese, the traditional forms that differ, English; the usual word first."""
    traditional = [t for t in (name.translate(TRADITIONAL) for name in zh) if t not in zh]
    return {"zh": zh, **({"zhHant": traditional} if traditional else {}), "en": en}


def vocabulary():
    drawn = {k: v for k, v in STYLES.items() if v[0] and k != "blueprint"}
    colour = lambda k: (COLOURS[k][1] + [name[:-1] for name in COLOURS[k][1] if len(name) == 2], COLOURS[k][2])
    return {
        "nouns": [{"id": n.id, "zh": n.zh, **({"zhHant": n.zht} if n.zht != n.zh else {}), "en": n.en,
                   "plural": [phrases.plural(e) for e in n.en if phrases.plural(e) != e]} for n in NOUNS],
        "colours": [{"id": k, **names(*colour(k))} for k in TINTS],
        "backgrounds": [{"id": k, **names(BACKGROUND_NAMES[k][0] + PLACES[k][0], BACKGROUND_NAMES[k][1])} for k in LANDSCAPES],
        "plainBackgrounds": [{"id": k, **names(*colour(k))} for k in COLOURS],
        "styles": [{"id": k, **names(*v)} for k, v in drawn.items()],
        "relations": [{"id": k, **names(phrases.ZH_REL[k], phrases.EN_REL[k])} for k in RELATIONS]
        + [{"id": "beside", **names(["旁边", "和"], ["next to", "beside", "near", "and"])}, {"id": "on", **names(["在…上"], ["on", "on top of"])},
           {"id": "in front of", **names(["前面"], ["in front of"])}, {"id": "behind", **names(["后面"], ["behind"])},
           {"id": "inside", **names(["里", "里面"], ["in", "inside"])}, {"id": "with", **names(["拿着", "带着", "抱着"], ["with", "holding"])},
           {"id": "wearing", **names(["戴着", "穿着"], ["wearing"])}, {"id": "riding", **names(["骑着"], ["riding"])}],
        "sizes": [{"id": k, **names(phrases.ZH_SIZE[k], phrases.EN_SIZE[k])} for k in phrases.EN_SIZE],
        "positions": [{"id": k, **names(phrases.ZH_PLACE[k], phrases.EN_PLACE[k])} for k in phrases.EN_PLACE],
        "counts": {"least": 1, "most": 6, "zh": {str(k): words for k, words in phrases.ZH_NUMBER.items()},
                   "en": {str(k): words for k, words in phrases.EN_NUMBER.items()}},
        "many": [{"id": "many", **names(["很多", "许多", "几", "一群"], ["many", "several", "a group of", "lots of"])}],
    }


def text():
    """A line for each word, so that a change is seen."""
    rows = lambda values: "[\n" + ",\n".join("  " + json.dumps(v, ensure_ascii=False, separators=(",", ":")) for v in values) + "\n]"
    parts = (f"{json.dumps(k)}: {rows(v) if isinstance(v, list) else json.dumps(v, ensure_ascii=False)}" for k, v in vocabulary().items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
