#!/usr/bin/env bash
# Subject:  pyghostty 0.1.3, `Terminal(scrollback=10_000)`: "Most scrollback lines kept".
# Guess:    of twenty thousand lines, ten thousand are there to scroll back to.
# Seen:     a few hundred are. The library below also counts what scrollback takes in bytes, and
#           that limit stays at its own default; who wants the lines has to raise it as well.
# Output:
#   limit in bytes 10000: some hundred lines kept
#   limit in bytes 33554432: nearly ten thousand lines kept
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyghostty==0.1.3

"$work/venv/bin/python" - <<'PY'
import sys

from pyghostty import Terminal
from pyghostty._ffi import check, ffi, lib

LINES = b"".join(b"line %d of a program\r\n" % n for n in range(20_000))


def kept(limit=None):
    terminal = Terminal(cols=120, rows=36, scrollback=10_000)
    if limit:
        option = lib.GHOSTTY_TERMINAL_OPT_SCROLLBACK_MAX_BYTES
        check(lib.ghostty_terminal_set(terminal._t[0], option, ffi.new("size_t*", limit)), "set")
    terminal.feed(LINES)
    return terminal.get("scrollback_max_bytes", "size_t"), terminal.get("scrollback_rows", "size_t")


few, many = kept(), kept(32 * 2**20)
print(f"limit in bytes {few[0]}: {'some hundred' if few[1] < 2000 else few[1]} lines kept")
print(f"limit in bytes {many[0]}: {'nearly ten thousand' if many[1] > 9000 else many[1]} lines kept")
sys.exit(not (few[1] < 2000 and many[1] > 9000))
PY
