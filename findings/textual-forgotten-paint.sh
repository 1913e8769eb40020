#!/usr/bin/env bash
# Subject:  Textual 8.2.8, what changes while a layout waits to be painted (`App.batch_update`).
# Guess:    it is painted with the layout, or after it.
# Seen:     never, until something else of it changes. A layout that is made in a batch is painted
#           a little later, and that painting forgets the widgets that have asked for theirs by then.
#           On a busy machine it meets whatever streams while other widgets are mounted.
# Output:
#   asked before the layout: painted
#   asked just after it: not painted
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual.app import App
from textual.messages import Update
from textual.widgets import Static


class Word(Static):
    painted = 0

    def render_lines(self, crop):
        self.painted += 1
        return super().render_lines(crop)


class Shown(App):
    def compose(self):
        yield Word("one")


async def painted(early):
    app = Shown()
    async with app.run_test() as pilot:
        await pilot.pause()
        word, screen = app.query_one(Word), app.screen
        before = word.painted
        with app.batch_update():
            word._set_dirty()  # as `refresh` does, before it sends what comes next
            if early:
                await screen._on_update(Update(word))
            else:
                screen.post_message(Update(word))  # behind whatever the screen has to do first
            screen._refresh_layout()  # as a resize or a mounted widget asks for
        await pilot.pause()
        return word.painted > before


early, late = asyncio.run(painted(True)), asyncio.run(painted(False))
print(f"asked before the layout: {'painted' if early else 'not painted'}")
print(f"asked just after it: {'painted' if late else 'not painted'}")
sys.exit(not (early and not late))
PY
