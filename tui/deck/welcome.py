"""What stands where the tiles will be: what answers here, what is missing, how to begin."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from sessions.api.answers import BackendListed
from sessions.errors import AgentdeckError
from tui import actions as registry
from tui.terminal import glyphs
from tui.timing.background_work import while_shown
from tui.words.key_names import show_key
from tui.words.text import one_line

if TYPE_CHECKING:
    from tui.deck.client import DeckClient

_IN = "    "
_STARTING = "Looking for the engine…"


class Welcome(Static):
    """Shown while there is no session."""

    def __init__(self, changed: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(Content.styled(_STARTING, "$text-muted"), id="welcome", markup=False)
        self.backends: list[BackendListed] = []
        self._changed = changed

    def looking(self) -> None:
        """An engine is looked for."""
        self.update(Content.styled(_STARTING, "$text-muted"))

    def lost(self) -> None:
        """There is none, and nobody looks for one."""
        self.update(Content(f"There is no engine. {self._key('reconnect')} looks for it again."))

    def on_resize(self) -> None:
        """Its lines are as long as there is room."""
        if self.backends:
            self.update(self.words())

    def ask(self, client: DeckClient) -> None:
        """Ask the engine what answers, and show it."""
        self.run_worker(while_shown(self, self._ask, client), group="welcome", exclusive=True)

    async def _ask(self, client: DeckClient) -> None:
        try:
            self.backends = list(await client.call("deck.backends"))
        except AgentdeckError as error:
            self.update(Content.styled(one_line(str(error)), "$text-error"))
            return
        self.update(self.words())

    def words(self) -> Content:
        """What answers, how to begin, then what does not answer: that may be cut off below."""
        lines: list[Content] = [
            Content.styled("agentdeck", "bold $primary"),
            Content("Sessions with models, side by side."),
            Content(""),
        ]
        working = [b for b in self.backends if b.get("ok")]
        for backend in working:
            lines += self._backend(backend)
        if working:
            lines += [
                Content(""),
                Content("Write below and press enter: a session starts and answers."),
                Content(f"{self._key('new')}: one or several, with profile, directory and title."),
                Content(f"{self._key('palette')} does everything; {self._key('help')} lists keys."),
            ]
        else:
            lines.append(Content.styled("Nothing can answer yet.", "bold $text-warning"))
            lines.append(Content("`agentdeck doctor` says what is missing, each with a remedy."))
        if missing := [b for b in self.backends if not b.get("ok")]:
            where = self._key("settings")
            lines += [Content(""), Content(f"More in the settings ({where}): API keys, servers:")]
            for backend in missing:
                lines += self._backend(backend)
        return Content("\n").join(lines)

    def _key(self, action: str) -> str:
        keys = registry.keys_of(registry.actions()[action], self._changed)
        return show_key(keys[0]) if keys else "the palette"

    def _backend(self, backend: BackendListed) -> list[Content]:
        works = bool(backend.get("ok"))
        shape = glyphs.status("done" if works else "failed")
        style = "$text-success" if works else "$text-error"
        name = one_line(str(backend.get("name", "")))
        model = one_line(str(backend.get("model", "")))
        detail = one_line(str(backend.get("detail", "")))
        default = "  (default)" if backend.get("default") else ""
        lines = [
            Content.assemble(
                (f"{shape} ", style), (name, "bold"), f"  {model}", (default, "$text-accent")
            )
        ]
        lines += self._below(detail, "$text-muted")
        if not works:
            lines += self._below(one_line(str(backend.get("remedy", ""))))
        return lines

    def _below(self, words: str, style: str = "") -> list[Content]:
        """Words below a backend's name: all of their lines stand in from it."""
        room = self.scrollable_content_region.width or 76
        lines = wrap(words, max(20, room), initial_indent=_IN, subsequent_indent=_IN)
        return [Content.styled(line, style) for line in lines]
