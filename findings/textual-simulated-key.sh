#!/usr/bin/env bash
# Subject:  Textual 8.2.8 and App.simulate_key, "the same action as if the user had pressed the key".
# Guess:    a binding of the screen in front runs, whoever asks for the key.
# Seen:     asked for by the app it does; asked for by that screen (in a handler of its own) it does
#           not: the key's sender is then the screen, where what bubbles up to its sender stops, and
#           bindings are looked at only one step above, by the app.
# Output:
#   asked by the app     the binding ran
#   asked by the screen  nothing happened
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input


class Ask(Message):
    pass


class Asking(Screen[None]):
    BINDINGS = [("escape", "leave", "leave")]
    ran = False

    def compose(self):
        yield Input()

    def on_ask(self) -> None:
        self.app.simulate_key("escape")

    def action_leave(self) -> None:
        self.ran = True


async def ran(by_screen: bool) -> bool:
    app = App()
    async with app.run_test() as pilot:
        screen = Asking()
        await app.push_screen(screen)
        await pilot.pause()
        if by_screen:
            screen.post_message(Ask())
        else:
            app.call_later(app.simulate_key, "escape")
        for _ in range(5):
            await pilot.pause()
        return screen.ran


got = [asyncio.run(ran(False)), asyncio.run(ran(True))]
for who, done in zip(("app", "screen"), got):
    print(f"asked by the {who:7} {'the binding ran' if done else 'nothing happened'}")
sys.exit(got != [True, False])
PY
