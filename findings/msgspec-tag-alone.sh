#!/usr/bin/env bash
# Subject:  msgspec 0.22.0, tagged Struct.
# Guess:    a struct made with tag=True demands its tag when it is decoded.
# Seen:     only in a union. Decoded as the one type that is asked for, an object without any
#           tag passes (a wrong tag is refused), so the day a second member joins the union,
#           lines that were valid until then are not any more.
# Output:
#   no tag, one type:  Said(text='hi')
#   no tag, union:     refused: Object missing required field `type`
#   wrong tag, 1 type: refused: Invalid value 'asked' - at `$.type`
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0

"$work/venv/bin/python" - <<'PY'
import sys
import msgspec


class Said(msgspec.Struct, tag="said"):
    text: str = ""


class Asked(msgspec.Struct, tag="asked"):
    text: str = ""


def read(line: bytes, kind: object) -> str:
    try:
        return repr(msgspec.json.decode(line, type=kind))
    except msgspec.ValidationError as fault:
        return f"refused: {fault}"


bare = b'{"text":"hi"}'
alone, union, wrong = read(bare, Said), read(bare, Said | Asked), read(b'{"type":"asked"}', Said)
print("no tag, one type: ", alone)
print("no tag, union:    ", union)
print("wrong tag, 1 type:", wrong)
sys.exit(not (alone == "Said(text='hi')" and "missing required field `type`" in union and wrong.startswith("refused")))
PY
