#!/usr/bin/env bash
# Subject:  half an emoji (a string cut by .slice()) as JSON.stringify of Node 20 writes it,
#           read by Python's json, msgspec 0.22.0, jiter 0.19.0, orjson 3.13.0, pydantic-core 2.50.5.
# Guess:    what one JSON writer emits every JSON reader takes, or all refuse it.
# Seen:     JSON.stringify writes an escape (valid by the grammar). Python's json takes it, and
#           the string then fails where it is written as UTF-8; all the others refuse the whole
#           document, msgspec with "Input data was truncated" although nothing is missing.
#           Agents written in JavaScript cut tool output by length, so transcripts hold this.
# Output:
#   written by Node: {"output":"done \ud83c"}
#   json:           {'output': 'done \ud83c'}
#   msgspec:        refused: Input data was truncated
#   jiter:          refused: unexpected end of hex escape at line 1 column 23
#   orjson:         refused: no low surrogate in string: line 1 column 17 (char 16)
#   pydantic-core:  refused: unexpected end of hex escape at line 1 column 23
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  msgspec==0.22.0 jiter==0.19.0 orjson==3.13.0 pydantic-core==2.50.5
node -e 'console.log(JSON.stringify({output: "done 🎉".slice(0, 6)}))' > "$work/line.json"

"$work/venv/bin/python" - "$work/line.json" <<'PY'
import json
import sys
from pathlib import Path

import jiter
import msgspec
import orjson
import pydantic_core

line = Path(sys.argv[1]).read_bytes().strip()
print("written by Node:", line.decode())
readers = {
    "json": json.loads, "msgspec": msgspec.json.decode, "jiter": jiter.from_json,
    "orjson": orjson.loads, "pydantic-core": pydantic_core.from_json,
}
took = {}
for name, read in readers.items():
    try:
        took[name] = ascii(read(line))
    except ValueError as fault:
        took[name] = f"refused: {fault}"
    print(f"{name + ':':15} {took[name]}")
refused = [name for name, result in took.items() if result.startswith("refused")]
sys.exit(not (line == b'{"output":"done \\ud83c"}' and refused == ["msgspec", "jiter", "orjson", "pydantic-core"]
              and "truncated" in took["msgspec"]))
PY
