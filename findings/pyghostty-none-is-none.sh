#!/usr/bin/env bash
# Subject:  pyghostty 0.1.3: control sequences with the number 0 (`CSI 0 L` and others).
# Guess:    none means one, as ECMA-48's defaults and every other terminal have it.
# Seen:     so it is for moves, blanks and what is erased; lines put in or taken out (L, M),
#           characters taken out (P) and scrolling (S, T) do nothing at all.
# Output:
#   0 is 1: @ A C X
#   0 is 0: L M P S T
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyghostty==0.1.3

"$work/venv/bin/python" - <<'PY'
import sys

from pyghostty import Terminal

ROWS = b"".join(b"row %d\r\n" % n for n in range(6)) + b"\x1b[3;3H"


def shown(sequence):
    terminal = Terminal(cols=20, rows=8)
    terminal.feed(ROWS + sequence + b".")
    return terminal.text()


same = {"0": "", "1": ""}
for way in "@ACXLMPST":
    none, one = (shown(f"\x1b[{number}{way}".encode()) for number in (0, 1))
    same["1" if none == one else "0"] += f" {way}"
print(f"0 is 1:{same['1']}")
print(f"0 is 0:{same['0']}")
sys.exit(same != {"1": " @ A C X", "0": " L M P S T"})
PY
