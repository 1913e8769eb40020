"""Which sessions are worth a harvest: said once, and not again where somebody waved it away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sessions.errors import AgentdeckError
from sessions.harvest.byproducts import Found
from sessions.paths import Places, private_folder
from skills import private_files


class Suggestions:
    """What has been suggested, and answered, in this installation."""

    def __init__(self, places: Places, byproducts: Callable[[Sequence[str]], list[Found]]) -> None:
        self._places = places
        self._byproducts = byproducts

    def why(self, session: str) -> str:
        """Why this session is worth a harvest, or "": said once, and only on free signals."""
        found = self._byproducts([session])
        if (self._folder / session).exists():
            return ""
        if skills := [f for f in found if f.kind == "skill"]:
            return f"{skills[-1].path} was written here. Shall we keep it as a skill?"
        passed = [f for f in found if f.signals.get("passed") and f.text]
        if not passed:
            return ""
        names = ", ".join(Path(f.path).name for f in passed if f.path)[:120]
        return f"{names or 'A command'} ran and passed. Shall we make it a skill?"

    def tell_once(self, session: str) -> str:
        """The suggestion, if this session was never told about; "" from then on."""
        told = self._folder / f"{session}.told"
        if told.exists() or not (why := self.why(session)):
            return ""
        private_folder(self._folder)
        private_files.write(told, "", synced=False)  # told twice, at worst
        return why

    def open(self) -> dict[str, str]:
        """Sessions that a harvest was suggested of, and nobody has answered, with why."""
        found = {}
        for told in sorted(self._folder.glob("*.told")):
            session = told.stem
            if (self._folder / session).exists() or not self._places.session(session).is_dir():
                continue
            try:
                why = self.why(session)
            except (AgentdeckError, OSError):
                continue  # its record can't be read: that is told where it is opened
            if why:
                found[session] = why
        return found

    def dismiss(self, session: str) -> None:
        """Do not suggest it again for this session."""
        private_folder(self._folder)
        private_files.write(self._folder / session, "")

    @property
    def _folder(self) -> Path:
        return self._places.state / "suggested"
