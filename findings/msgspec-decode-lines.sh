#!/usr/bin/env bash
# Subject:  msgspec 0.22.0, json.Decoder.decode_lines.
# Guess:    one JSON value a line; two values glued together on a line (what two writers, or
#           a lost line end, leave in a log) are an error, as they are for decode().
# Seen:     line ends are only white space to it: glued values are read as two, and one value
#           over several lines as one. The number of items says nothing about lines.
# Output:
#   2 lines, 3 values: [{'n': 1}, {'n': 2}, {'n': 3}]
#   4 lines, 2 values: [{'n': 1}, {'n': 2}]
#   decode() of a glued line: JSON is malformed: trailing characters (byte 8)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0

"$work/venv/bin/python" - <<'PY'
import sys
import msgspec

decoder = msgspec.json.Decoder(dict)
glued = decoder.decode_lines(b'{"n":1}{"n":2}\n{"n":3}\n')
spread = decoder.decode_lines(b'{"n":\n\n1}\n{"n":2}\n')
print("2 lines, 3 values:", glued)
print("4 lines, 2 values:", spread)
try:
    decoder.decode(b'{"n":1}{"n":2}')
    alone = "read"
except msgspec.DecodeError as fault:
    alone = str(fault)
print("decode() of a glued line:", alone)
sys.exit(not (len(glued) == 3 and len(spread) == 2 and "trailing characters" in alone))
PY
