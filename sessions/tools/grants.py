"""What was allowed for one session, and how that is found again in its record.

An answer "for this session" is a grant. It stands among the options of `permission.asked`, and
`permission.answered` says that it was chosen; so the journal alone gives all of them back when
the engine was started anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sessions.record import events as ev
from sessions.record.summary_parts import Grant
from sessions.tools import rule_prefixes


@dataclass(slots=True)
class Grants:
    """What was allowed for this session, and for no other one."""

    argv: set[tuple[str, ...]] = field(default_factory=set)
    prefixes: set[tuple[str, ...]] = field(default_factory=set)
    edits: bool = False
    """Every ordinary edit inside the workspace."""
    write: set[Path] = field(default_factory=set)
    read: set[Path] = field(default_factory=set)
    """Files, and folders with all that is in them."""
    tools: set[str] = field(default_factory=set)

    def take(self, grant: Grant) -> None:
        """Add a grant: `{"kind", "words"}` with the kinds below; of any other kind it is none.

        `argv` and `prefix`: program, its hash, and the words; `edits`: no words; `read` and
        `write`: a path; `tool`: a name with its definition's hash.
        """
        kind, words = grant.get("kind"), grant.get("words", [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            return
        if kind == "edits":
            self.edits = True
        elif not words:
            return
        elif kind == "argv":
            self.argv.add(tuple(words))
        elif kind == "prefix":
            self.prefixes.add(tuple(words))
        elif kind == "write":
            self.write.add(Path(words[0]))
        elif kind == "read":
            self.read.add(Path(words[0]))
        elif kind == "tool":
            self.tools.add(words[0])

    def covers_argv(self, key: tuple[str, ...]) -> bool:
        """Whether this argv (program and its hash before it) was allowed, or its beginning."""
        return key in self.argv or any(
            key[:2] == start[:2] and rule_prefixes.allows(start[2:], key[2:])
            for start in self.prefixes
        )

    def covers_read(self, path: Path, *, secret: bool) -> bool:
        """Whether reading the path was allowed, or (for what is no secret) a folder above it."""
        if secret:
            return path in self.read
        return path in self.read or any(parent in self.read for parent in path.parents)


class Granted:
    """Folds a session's events into the grants that its user gave.

    Those of a parent's past count in the parent alone: a fork is another session.
    """

    def __init__(self) -> None:
        self.grants: list[Grant] = []
        self._asked: dict[str, dict[str, Grant]] = {}
        self._inherited = 0

    def observe(self, event: ev.Event) -> None:
        """Take one event in."""
        if isinstance(event, ev.SessionCreated):
            self._inherited = int(event.parent.get("seq") or 0) if event.parent else 0
        elif event.seq <= self._inherited:
            return
        elif isinstance(event, ev.PermissionAsked):
            offered = {str(o.get("id")): o["grant"] for o in event.options if o.get("grant")}
            if offered:
                self._asked[event.ask] = offered
        elif isinstance(event, ev.PermissionAnswered):
            grant = self._asked.pop(event.ask, {}).get(event.decision)
            if event.allowed and isinstance(grant, dict):
                self.grants.append(grant)
