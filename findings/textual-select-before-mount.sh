#!/usr/bin/env bash
# Subject:  textual 8.2.8, Select.
# Guess:    a value that is set before the widget is mounted is shown once it is there, as with
#           Input and Checkbox, or at least read and shown alike.
# Seen:     `value` says True and is what a form would send; the screen shows the prompt, as if
#           nothing were chosen. The same value as an argument is shown.
# Output:
#   set before it is mounted: value True, shown "none chosen"
#   given as an argument:     value True, shown "Yes"
#   Input, set before:        value "8080", shown "8080"
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual.app import App, ComposeResult
from textual.widgets import Input, Select

CHOICES = [("Yes", True), ("No", False)]


class Form(App[None]):
    def compose(self) -> ComposeResult:
        before = Select(CHOICES, prompt="none chosen", id="before")
        before.value = True
        yield before
        yield Select(CHOICES, prompt="none chosen", value=True, id="given")
        field = Input(id="field")
        field.value = "8080"
        yield field


def shown(app: Form, name: str) -> str:
    return str(app.query_one(f"#{name} #label").render()).strip()


async def main() -> bool:
    app = Form()
    async with app.run_test() as pilot:
        await pilot.pause()
        before, given = app.query_one("#before", Select), app.query_one("#given", Select)
        field = app.query_one(Input)
        line = "".join(s.text for s in field.render_line(0)).strip()
        seen = shown(app, "before"), shown(app, "given")
        print(f'set before it is mounted: value {before.value}, shown "{seen[0]}"')
        print(f'given as an argument:     value {given.value}, shown "{seen[1]}"')
        print(f'Input, set before:        value "{field.value}", shown "{line}"')
        return before.value is True and seen == ("none chosen", "Yes") and "8080" in line


sys.exit(not asyncio.run(main()))
PY
