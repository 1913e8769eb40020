#!/usr/bin/env bash
# Subject:  Textual 8.2.8, a paste into Input.
# Guess:    several lines are joined, or refused.
# Seen:     the first line is taken and the rest thrown away without a sign. When the clipboard
#           begins with a line end (a selection that started at the end of a line) nothing at all
#           arrives. Setting `value` does take line ends.
# Output:
#   pasted 'one line'  field 'one line'
#   pasted 'one\ntwo'  field 'one'
#   pasted 'one\rtwo'  field 'one'
#   pasted '\none'     field ''
#   set    'one\ntwo' field 'one\ntwo'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual import events
from textual.app import App
from textual.widgets import Input


class Form(App):
    def compose(self):
        yield Input()


async def main() -> bool:
    form, right = Form(), True
    async with form.run_test() as pilot:
        field = form.query_one(Input)
        for text, expected in (("one line", "one line"), ("one\ntwo", "one"), ("one\rtwo", "one"), ("\none", "")):
            field.value = ""
            field.post_message(events.Paste(text))
            await pilot.pause()
            print(f"pasted {text!r:11} field {field.value!r}")
            right &= field.value == expected
        field.value = "one\ntwo"
        print(f"set    {'one' + chr(10) + 'two'!r} field {field.value!r}")
        return right and field.value == "one\ntwo"


sys.exit(not asyncio.run(main()))
PY
