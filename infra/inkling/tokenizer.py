"""Qwen2Tokenizer layout: byte-level BPE learnt from our own captions, Qwen's regex, normaliser and added tokens.

python tokenizer.py OUT_FOLDER               from nothing
python tokenizer.py OUT_FOLDER --grow FROM   the tokens of FROM keep their ids; new ones build the words that it cuts into pieces
"""
import argparse
import json
import random
import re
from collections import Counter
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

VOCAB, FIRST = 3584, 2048  # tokens, and how many of them were learnt from nothing
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
           "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
           "<|image_pad|>", "<|video_pad|>"]
PLAIN = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
         "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>"]
TEMPLATE = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
CHAT = ("{%- for message in messages %}\n    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
        "{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n    {%- if enable_thinking is defined and "
        "enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n    {%- endif %}\n{%- endif %}")


def assembled(model):
    t = Tokenizer(model)
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def marked(t):
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    t.add_tokens([AddedToken(s, normalized=False) for s in PLAIN])
    return t


def train(texts):
    t = assembled(models.BPE())
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=FIRST, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return marked(t)


def words():
    """(text, how much it matters) of every word that a caption may hold, as it stands in one."""
    import phrases
    from world import BACKGROUND_NAMES, COLOURS, NOUNS, PLACES, STYLES, TRADITIONAL

    for noun in NOUNS:
        for i, name in enumerate(noun.zh):
            yield name, 3 - 2 * bool(i)
        for i, name in enumerate(noun.zht):
            yield name, 1.5 - bool(i)
        for i, name in enumerate(noun.en):
            for part in name.split():
                yield " " + part, 3 - 2 * bool(i)
                yield part, 0.4
                yield part.capitalize(), 0.3
            yield " " + phrases.plural(name).split()[-1], 0.6
    tables = [*BACKGROUND_NAMES.values(), *PLACES.values(), *STYLES.values(), *(c[1:] for c in COLOURS.values())]
    for zh, en in tables:
        for name in zh:
            yield name, 1
            yield name.translate(TRADITIONAL), 0.3
        for name in en:
            yield from ((" " + part, 1) for part in name.split())
    for value in vars(phrases).values():
        lists = list(value.values()) if isinstance(value, dict) else [value]
        for texts in (v for v in lists if isinstance(v, list)):
            for part in re.findall(r"[\u4e00-\u9fff]{2,4}|[A-Za-z]{3,}", " ".join(t for t in texts if isinstance(t, str))):
                yield (" " + part if part.isascii() else part), 1.5


def grow(old):
    """More merges behind those of `old`, until `words` are whole tokens or the room is full."""
    state = json.loads(old.to_str())["model"]
    vocab, merges = dict(state["vocab"]), [tuple(m) for m in state["merges"]]
    weights = Counter()
    for text, weight in words():
        weights[text] += weight
    pieces = {text: old.encode(text, add_special_tokens=False).tokens for text in weights}
    while len(vocab) < VOCAB:
        pairs = Counter()
        for text, tokens in pieces.items():
            for pair in zip(tokens, tokens[1:]):
                pairs[pair] += weights[text] / (len(tokens) - 1)  # what is nearly whole comes first
        pair, count = max(pairs.items(), key=lambda p: (p[1], p[0]))
        vocab.setdefault(pair[0] + pair[1], len(vocab))
        merges.append(pair)
        for text, tokens in pieces.items():
            if pair[0] in tokens:
                joined = []
                for token in tokens:
                    if joined and (joined[-1], token) == pair:
                        joined[-1] += token
                    else:
                        joined.append(token)
                pieces[text] = joined
    return marked(assembled(models.BPE(vocab=vocab, merges=merges)))


def save(t, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    t.save(str(folder / "tokenizer.json"), pretty=False)
    t.model.save(str(folder))  # vocab.json and merges.txt
    added = {str(t.token_to_id(s)): {"content": s, "lstrip": False, "normalized": False, "rstrip": False,
                                     "single_word": False, "special": s in SPECIAL} for s in SPECIAL + PLAIN}
    config = {"add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": added,
              "additional_special_tokens": SPECIAL[1:], "bos_token": None, "chat_template": CHAT,
              "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace",
              "model_max_length": 131072, "pad_token": "<|endoftext|>", "split_special_tokens": False,
              "tokenizer_class": "Qwen2Tokenizer", "unk_token": None}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n")


def corpus(rng, n=60000):
    from captions import training_caption
    from scenes import draw_scene
    from world import NOUNS

    for _ in range(n):
        yield training_caption(draw_scene(rng), rng)
    for _ in range(300):
        yield "user\nassistant\n"
        for noun in NOUNS:  # rare synonyms and traditional names become whole tokens too
            yield rng.choice(noun.zh + noun.zht + [" " + e for e in noun.en])


if __name__ == "__main__":
    args = argparse.ArgumentParser()
    args.add_argument("out")
    args.add_argument("--grow", default="", help="a tokenizer's folder")
    args = args.parse_args()
    save(grow(Tokenizer.from_file(args.grow + "/tokenizer.json")) if args.grow else train(corpus(random.Random(1))), args.out)
