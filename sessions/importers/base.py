"""What all importers share: a builder that turns messages into events of turns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus, TurnReason
from sessions.record.summary_parts import ImportedFrom

Record = dict[str, Any]
_decode = msgspec.json.Decoder().decode
"""Twice as quick as json."""
MAX_LINE = 64 * 2**20
_MANY, _MOST = 64, 1024
# Longer tool output is cut: the original stays where it is and the source names it.
MAX_RESULT = 200_000


class Importer(Protocol):
    """Reads one harness's files, each of which is a conversation."""

    harness: str

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether the file, of which `head` is the beginning, is one of this harness's."""

    def read(self, path: Path) -> Iterator[ev.Event]:
        """The conversation's events, `session.created` first, numbered or not. Skips the broken."""


@runtime_checkable
class Holds(Protocol):
    """An importer whose files hold many conversations."""

    harness: str

    def claims(self, path: Path, head: bytes) -> bool:
        """As `Importer`."""

    def sessions(self, path: Path) -> list[str]:
        """Their ids, in order."""

    def read_session(self, path: Path, session: str) -> Iterator[ev.Event]:
        """One conversation's events, as `Importer.read` gives them."""


@runtime_checkable
class Below(Protocol):
    """An importer whose files may be a sub-agent's."""

    harness: str

    def above(self, path: Path) -> tuple[Path, str] | None:
        """The file of the conversation that it belongs to, and its call there; None if none."""

    def read(self, path: Path) -> Iterator[ev.Event]:
        """As `Importer`."""


@runtime_checkable
class Twofold(Protocol):
    """An importer whose harness keeps a conversation in more than one place, by the same id."""

    harness: str

    def told_elsewhere(self, path: Path) -> bool:
        """Whether another file tells it better. One that was begun here goes on from here."""


class Builder:
    """Messages in, events out; opens and closes turns by itself.

    `take()` gives the events that are complete since the last call.
    """

    def __init__(self, harness: str, path: Path, source_id: str = "") -> None:
        self._events: list[ev.Event] = []
        self._next = 1
        """The number of the next event, as a new session's journal will give it."""
        self._turn = 0
        self._open = False
        self._failed = ""
        self._at = ""
        self._calls: set[str] = set()
        self._usage: dict[str, int] = {}
        self._model = ""
        self._unnamed: list[int] = []
        """Where in the events a model is missing that may still become known."""
        self.title = ""
        self.cwd = ""
        self._source: ImportedFrom = {"harness": harness, "path": str(path), "id": source_id}
        self._begun = False

    def at(self, when: Any) -> None:
        """The date of what follows: ISO 8601, or seconds or milliseconds since 1970."""
        if when != self._at:
            self._at = date_of(when) or self._at

    @property
    def turn(self) -> int:
        """The last turn; 0 before the first."""
        return self._turn

    @property
    def model(self) -> str:
        """What answers. Most name it with the answer: the turn that has begun gets it then."""
        return self._model

    @model.setter
    def model(self, model: str) -> None:
        if not model or model == self._model:
            return
        self._model = model
        if self._events and isinstance(self._events[-1], ev.TurnStarted):
            self._unnamed.append(len(self._events) - 1)
        for place in self._unnamed:
            event = self._events[place]
            if isinstance(event, ev.SessionCreated | ev.TurnStarted):
                self._events[place] = ev.replace(event, model=model)
        self._unnamed.clear()

    def begin(self) -> None:
        """Write `session.created` with what is known by now; further calls do nothing."""
        if self._begun:
            return
        self._begun = True
        self._add(
            ev.SessionCreated(
                seq=self._next,
                at=self._at,
                id="",
                title=self.title,
                backend="",
                model=self.model,
                cwd=self.cwd,
                permission="read-only",
                source=self._source,
            )
        )

    def user(self, text: str) -> None:
        """A message of the user; begins a turn."""
        if not text or text.isspace():
            return
        self.begin()
        self._end()
        if not self.title:
            self.title = " ".join(text.split())[:80]
            self._add(ev.SessionSet(seq=self._next, at=self._at, title=self.title))
        self._turn += 1
        self._add(ev.UserMessage(seq=self._next, at=self._at, turn=self._turn, text=text))
        self._add(ev.TurnStarted(seq=self._next, at=self._at, turn=self._turn, model=self.model))
        self._open = True

    def text(self, text: str) -> None:
        """Text of the answer."""
        if text:
            if not self._open:
                self._within()
            self._add(ev.Text(seq=self._next, at=self._at, turn=self._turn, text=text))

    def thinking(self, text: str) -> None:
        """The model's thinking."""
        if text:
            if not self._open:
                self._within()
            self._add(ev.Thinking(seq=self._next, at=self._at, turn=self._turn, text=text))

    def call(self, call: str, name: str, arguments: Any) -> None:
        """A tool call."""
        if not self._open:
            self._within()
        self._calls.add(call)
        given = arguments if isinstance(arguments, dict) else {"input": arguments}
        self._add(
            ev.ToolCall(
                seq=self._next, at=self._at, turn=self._turn, call=call, name=name, input=given
            )
        )

    def result(
        self,
        call: str,
        content: str,
        *,
        ok: bool = True,
        status: CallStatus | None = None,
        exit_code: object = None,
    ) -> None:
        """A tool call's result; one that nobody asked for is dropped.

        `status` where it is neither `ok` nor `error`.
        """
        if call not in self._calls:
            return
        self._calls.discard(call)
        cut = len(content) > MAX_RESULT
        self._add(
            ev.ToolResult(
                seq=self._next,
                at=self._at,
                turn=self._turn,
                call=call,
                status=status or ("ok" if ok else "error"),
                content=content[:MAX_RESULT],
                truncated=cut,
                data={"exit_code": exit_code} if type(exit_code) is int else {},
            )
        )

    def usage(self, **tokens: Any) -> None:
        """Tokens of the running turn: input, output, cache_read, cache_write."""
        for key, count in tokens.items():
            if isinstance(count, int) and count >= 0:
                self._usage[key] = self._usage.get(key, 0) + count

    def compacted(self, summary: str) -> None:
        """The harness summarised the past."""
        self.text(f"[The conversation so far was summarised.]\n{summary}")

    def rewind(self, turn: int) -> None:
        """The user went back to before `turn` (0: to nowhere); what was said since is undone."""
        if turn:
            self._end()
            self._add(ev.TurnUndone(seq=self._next, at=self._at, turn=turn))

    def interrupted(self) -> None:
        """The user ended the running turn."""
        self._end("interrupted")

    def finish(self) -> None:
        """The end of the file."""
        self._end()

    def take(self) -> list[ev.Event]:
        """Events since the last call."""
        taken, self._events = self._events, []
        self._unnamed.clear()
        return taken

    def many(self) -> Sequence[ev.Event]:
        """The same once they are many, so that they need not be handed on record by record."""
        enough = _MANY if not self._unnamed else _MOST
        return self.take() if len(self._events) >= enough else ()

    def _within(self) -> None:
        """An answer without a question: a resumed or shortened file."""
        self.begin()
        self._turn += 1
        self._add(ev.TurnStarted(seq=self._next, at=self._at, turn=self._turn, model=self.model))
        self._open = True

    def _end(self, reason: TurnReason = "end_turn") -> None:
        if not self._open:
            return
        if self._calls:
            for call in sorted(self._calls):
                self._add(
                    ev.ToolResult(
                        seq=self._next, at=self._at, turn=self._turn, call=call, status="unknown"
                    )
                )
            self._calls.clear()
        self._add(
            ev.TurnEnded(
                seq=self._next, at=self._at, turn=self._turn, reason=reason, usage=self._usage
            )
        )
        self._usage = {}
        self._open = False

    def _add(self, event: ev.Event) -> None:
        if not self._model and isinstance(event, ev.SessionCreated | ev.TurnStarted):
            self._unnamed.append(len(self._events))
        self._next += 1
        self._events.append(event)


def date_of(when: Any) -> str:
    """A date as events carry it, or "" if it is none."""
    # As events carry it already: 2026-01-31T09:05:00.000Z.
    if isinstance(when, str) and len(when) == 24 and when[4:20:3] == "--T::." and when[-1] == "Z":
        try:
            datetime.fromisoformat(when)
        except ValueError:
            return ""
        return when
    try:
        if isinstance(when, int | float):
            seconds = when / 1000 if when > 1e11 else when
            moment = datetime.fromtimestamp(seconds, UTC)
        else:
            moment = datetime.fromisoformat(str(when)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def records(path: Path) -> Iterator[Record]:
    """JSON objects of a file with one a line; torn, broken and huge lines are passed over."""
    return (record for line in lines_of(path) if (record := record_of(line)) is not None)


def lines_of(path: Path) -> Iterator[bytes]:
    """A file's lines, without the huge ones."""
    with path.open("rb", buffering=2**18) as file:
        while line := file.readline(MAX_LINE):
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                while not line.endswith(b"\n") and (line := file.readline(MAX_LINE)):
                    pass
                continue
            yield line


def record_of(line: bytes) -> Record | None:
    """The object that a line is; None where it is none."""
    try:
        record = value_of(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def value_of(text: bytes | str) -> Any:
    """The value that JSON is; json reads what some write and the standard does not know.

    Raises ValueError, RecursionError.
    """
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return json.loads(text)


def value_in(path: Path, most: int = MAX_LINE) -> Any:
    """The JSON value that a file is, of at most so many bytes; None for what is none."""
    try:
        return json.loads(path.read_bytes()) if path.stat().st_size <= most else None
    except (OSError, ValueError, RecursionError):
        return None


def object_in(path: Path, most: int = MAX_LINE) -> Record:
    """The same of an object; an empty one for what is none."""
    found = value_in(path, most)
    return found if isinstance(found, dict) else {}


def text_of(content: Any) -> str:
    """The text of a message's content, be it a string or a list of blocks."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return ""
    if len(content) == 1 and isinstance(content[0], dict):
        return str(content[0].get("text") or "")
    parts = [
        str(block.get("text") or "") if isinstance(block, dict) else str(block)
        for block in content
        if isinstance(block, str) or (isinstance(block, dict) and "text" in block)
    ]
    return "\n".join(part for part in parts if part)
