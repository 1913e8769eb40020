#!/usr/bin/env bash
# Subject:  Textual 8.2.8, Input and TextArea.
# Guess:    keys that arrive in one read (a slow line, a script, tmux send-keys) are done in order.
# Seen:     characters are put in at once, but backspace and the arrows are bindings, run when
#           the key has bubbled up to the app: by then the next characters stand in the
#           text. a b backspace c leaves ab, not ac.
# Output:
#   Input,     a b backspace c one by one: ac
#   Input,     a b backspace c in one go: ab
#   TextArea,  a b backspace c one by one: ac
#   TextArea,  a b backspace c in one go: ab
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
from textual.widgets import Input, TextArea


async def typed(kind: type, together: bool) -> str:
    class Form(App):
        def compose(self):
            yield kind()

    form = Form()
    async with form.run_test() as pilot:
        for key in ("a", "b", "backspace", "c"):
            form.post_message(events.Key(key, key if len(key) == 1 else None))
            if not together:
                await pilot.pause()
        for _ in range(5):
            await pilot.pause()
        field = form.query_one(kind)
        return field.value if kind is Input else field.text


results = {(kind.__name__, together): asyncio.run(typed(kind, together))
           for kind in (Input, TextArea) for together in (False, True)}
for (name, together), text in results.items():
    print(f"{name + ',':10} a b backspace c {'in one go' if together else 'one by one'}: {text}")
sys.exit(list(results.values()) != ["ac", "ab", "ac", "ab"])
PY
