#!/usr/bin/env bash
# Subject:  Textual 8.2.8, TextArea.
# Guess:    the text that is put in and left alone is the text that comes out.
# Seen:     the first line end decides for all, and a form feed, a vertical tab, U+0085 and
#           U+2028 become line ends, too. An editor made of it changes files that nobody edited.
# Output:
#   in 'one\ntwo\n'              out 'one\ntwo\n'
#   in 'one\r\ntwo\nthree'       out 'one\r\ntwo\r\nthree'
#   in 'page\x0cpage'            out 'page\npage'
#   in 'json\u2028line'          out 'json\nline'
#   in 'next\x85line'            out 'next\nline'
#   in 'tab\x0btab'              out 'tab\ntab'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual.app import App
from textual.widgets import TextArea


class Editor(App):
    def compose(self):
        yield TextArea()


async def main() -> bool:
    editor, right = Editor(), True
    async with editor.run_test():
        area = editor.query_one(TextArea)
        for text, expected in (
            ("one\ntwo\n", "one\ntwo\n"),
            ("one\r\ntwo\nthree", "one\r\ntwo\r\nthree"),
            ("page\x0cpage", "page\npage"),
            ("json\u2028line", "json\nline"),
            ("next\x85line", "next\nline"),
            ("tab\x0btab", "tab\ntab"),
        ):
            area.text = text
            print(f"in {text!a:25} out {area.text!a}")
            right &= area.text == expected
    return right


sys.exit(not asyncio.run(main()))
PY
