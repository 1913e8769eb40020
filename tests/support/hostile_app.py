"""An app that shows hostile text wherever a session can, for a real terminal.

    python -P -m tests.support.hostile_app FILE both|first|second|none

Which of the two gates are on is the last argument; with `none` the text must get through, or
the test that reads the terminal proves nothing. Prints READY, waits for a key, prints
BEGIN, shows the text, prints DONE.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from textual.content import Content
from textual.widgets import Static

from sessions.record import events as ev
from tests.support.viewrig import ViewApp


class Hostile(ViewApp):
    """Shows every text of a file in every kind of block."""

    def __init__(self, texts: list[str], second: bool) -> None:
        super().__init__()
        self.texts, self.second = texts, second

    def get_line_filters(self) -> list[object]:  # type: ignore[override]
        return list(super().get_line_filters()) if self.second else []

    async def on_mount(self) -> None:  # type: ignore[override]
        super().on_mount()
        self.mark = Static("READY")
        await self.mount(self.mark)
        self.view.focus()

    async def on_key(self) -> None:
        """Show the texts a few at a time, so that each is on screen once."""
        self.mark.update("BEGIN")
        self.paint()
        for number, text in enumerate(self.texts):
            self.show_text(f"c{number}", text)
            self.view.follow()
            if self.second:  # a plain widget stands behind the second gate alone
                self.mark.update(Content(text[:40]))
            await asyncio.sleep(0)
            self.screen._on_timer_update()
            self.paint()
        self.mark.update("DONE")

    def paint(self) -> None:
        """Paint all of it here and now, whatever the app has got round to telling the screen."""
        self._display(self.screen, self.screen._compositor.render_full_update())

    def show_text(self, call: str, text: str) -> None:
        """As a message, an answer, a tool's input and result, a diff, an error, a notice."""
        self.say(ev.UserMessage, text=text, origin="broadcast")
        self.say(ev.Text, text=f"{text}\n\n```\n{text}\n```\n\n- {text}\n\n| {text} | b |\n|-|-|\n")
        self.say(ev.ToolCall, call=call, name="shell", input={"command": text})
        self.say(ev.ToolResult, call=call, status="ok", content=text, data={"diff": f"+{text}"})
        self.say(ev.Error, message=text, hint=text)
        self.say(ev.Retry, kind=text[:20], wait_s=1.0, attempt=1, message=text)
        self.view.flush()


def open_first_gate() -> None:
    """Let text in as it is."""
    from tui.view import blocks, markdown, notices, transcript_layout

    for module in (blocks, transcript_layout, markdown, notices):
        for name in ("clean", "clean_line"):
            if hasattr(module, name):
                setattr(module, name, lambda text: text)


def open_second_gate() -> None:
    """Let everything be drawn."""
    from tui.view import paint

    paint.printable = lambda text: text  # type: ignore[attr-defined]


def main() -> None:
    """Run with the gates asked for."""
    path, gates = sys.argv[1:]
    texts = [json.loads(line)["text"] for line in Path(path).read_text("utf-8").splitlines()]
    texts = [text.encode("utf-8", "replace").decode() for text in texts]  # surrogates: can't print
    if gates in ("second", "none"):
        open_first_gate()
    if gates in ("first", "none"):
        open_second_gate()
    Hostile([text[:300] for text in texts], gates in ("both", "second")).run()


if __name__ == "__main__":
    main()
