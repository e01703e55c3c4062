"""Sets of prompts, one JSON object a line. Those that prompts.py draws are compressed: they are long, and alike from line to line."""

import gzip
import json


def read_rows(path):
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_rows(path, rows):
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    # Without a time, so that equal rows are equal bytes.
    with open(path, "wb") as file:
        file.write(gzip.compress(lines.encode("utf-8"), compresslevel=9, mtime=0))
