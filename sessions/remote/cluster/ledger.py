"""The actors that were begun and not ended, each in a file: what the next engine takes up."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass

from sessions.ids import is_id, new_id
from sessions.paths import Places, private_folder
from skills import private_files


@dataclass(frozen=True, slots=True)
class BegunActor:
    """One session's actor. `address`: of its node, "" until it has one.

    `over`: it is to be ended.
    """

    session: str
    address: str = ""
    over: bool = False


class ActorLedger:
    """The files under `state/cluster/`."""

    def __init__(self, places: Places) -> None:
        self._folder = places.state / "cluster"
        self._name = places.data / "cluster-name"

    @property
    def empty(self) -> bool:
        """No actor was left running."""
        return not self.all()

    def all(self) -> list[BegunActor]:
        """Every one that was not ended."""
        found = []
        for file in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                told = json.loads(file.read_text("utf-8"))
                if is_id(str(told["session"])):
                    address, over = str(told.get("address", "")), bool(told.get("over"))
                    found.append(BegunActor(str(told["session"]), address, over))
        return found

    def note(self, begun: BegunActor) -> None:
        """Before an actor is begun, and when its node is known. Raises OSError."""
        file = private_folder(self._folder) / f"{begun.session}.json"
        private_files.write(file, json.dumps(asdict(begun)).encode(), synced=True)

    def ended(self, session: str) -> None:
        """Nothing of it is left to take up."""
        (self._folder / f"{session}.json").unlink(missing_ok=True)

    def namespace(self) -> str:
        """What this deck's actors are kept apart by, for good."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if is_id(found := self._name.read_text("utf-8").strip()):
                return f"agentdeck-{found}"
        made = new_id()
        private_folder(self._name.parent)
        private_files.write(self._name, made.encode(), synced=True)
        return f"agentdeck-{made}"
