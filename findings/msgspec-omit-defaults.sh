#!/usr/bin/env bash
# Subject:  msgspec 0.22.0, Struct with omit_defaults=True.
# Guess:    a field that equals its default is left out.
# Seen:     it is left out only when it IS the default (the same object), or an empty
#           list, set or dict. So 1000, 0.5, a tuple or a word that came from anywhere
#           else than the class body are written although they equal the default: a
#           struct that was decoded and encoded again comes out longer than it went in.
# Output:
#   defaults untouched    {}
#   equal to the defaults True {"tokens":1000,"share":0.5,"state":"waiting"}
#   decoded, encoded      True {"tokens":1000,"share":0.5,"state":"waiting"}
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0

"$work/venv/bin/python" - <<'PY'
import sys
import msgspec


class Plan(msgspec.Struct, omit_defaults=True):
    tokens: int = 1000
    share: float = 0.5
    state: str = "waiting"
    steps: list[str] = msgspec.field(default_factory=list)


made = msgspec.json.encode(Plan())
equal = Plan(tokens=int("1000"), share=float("0.5"), state="".join(["wait", "ing"]), steps=list())
read = msgspec.json.decode(b'{"tokens":1000,"share":0.5,"state":"waiting"}', type=Plan)
print("defaults untouched   ", made.decode())
print("equal to the defaults", equal == Plan(), msgspec.json.encode(equal).decode())
print("decoded, encoded     ", read == Plan(), msgspec.json.encode(read).decode())
full = b'{"tokens":1000,"share":0.5,"state":"waiting"}'
sys.exit(not (made == b"{}" and equal == read == Plan() and msgspec.json.encode(equal) == msgspec.json.encode(read) == full))
PY
