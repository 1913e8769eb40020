#!/usr/bin/env bash
# Subject:  Textual 8.2.8, text with square brackets in Static and Label.
# Guess:    [b] is markup; what is no style stays as it is.
# Seen:     any single word in brackets goes, whether it is a style or not: "[x] done" shows as
#           " done" where "[ ] open" stays whole, "[WARN] disk" as " disk", a[i] as a. Numbers,
#           spaces, dots and commas within keep them. OptionList and RichLog show all.
# Output:
#   '[x] done'         shown as ' done'
#   '[ ] open'         shown as '[ ] open'
#   '[WARN] disk'      shown as ' disk'
#   'a[i] = 0'         shown as 'a = 0'
#   'a[0] = 0'         shown as 'a[0] = 0'
#   '[Errno 2] gone'   shown as '[Errno 2] gone'
#   '[pip.conf]'       shown as '[pip.conf]'
#   '[x] done'         shown as '[x] done' in OptionList
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual.app import App
from textual.widgets import OptionList, Static

TEXTS = {
    "[x] done": " done", "[ ] open": "[ ] open", "[WARN] disk": " disk", "a[i] = 0": "a = 0",
    "a[0] = 0": "a[0] = 0", "[Errno 2] gone": "[Errno 2] gone", "[pip.conf]": "[pip.conf]",
}


class Board(App):
    def compose(self):
        yield from (Static(text) for text in TEXTS)
        yield OptionList("[x] done")


async def main() -> bool:
    board, right = Board(), True
    async with board.run_test():
        for (text, expected), widget in zip(TEXTS.items(), board.query(Static)):
            shown = widget.visual.plain
            print(f"{text!r:18} shown as {shown!r}")
            right &= shown == expected
        option = str(board.query_one(OptionList).options[0].prompt)
        print(f"{'[x] done'!r:18} shown as {option!r} in OptionList")
    return right and option == "[x] done"


sys.exit(not asyncio.run(main()))
PY
