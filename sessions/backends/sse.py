"""Server-sent events, line by line, as servers write them and as they should.

What the streams of all APIs share: a JSON object a `data:` line, errors in several shapes, and
`[DONE]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions.backends import faults
from sessions.backends.faults import Fault, FaultError
from sessions.record import codec


class EventStream:
    """The state of one stream. A subclass knows what its API's events mean."""

    def __init__(self) -> None:
        self._named = ""
        """What the line before the data calls its event."""
        self.ended = False

    @property
    def whole(self) -> bool:
        """Whether nothing of the answer is missing: here, whether its end was said."""
        return self.ended

    def read(self, lines: Sequence[bytes]) -> bool:
        """Lines that came together, up to the end; True if there was content. Raises FaultError."""
        said = False
        for line in lines:
            said = self.take(line) or said
            if self.ended:
                break
        return said

    def take(self, line: bytes) -> bool:
        """One line of the stream; True if it was content (a ping is not). Raises FaultError."""
        if not line.startswith(b"data:"):
            return self._beside(line)
        named, self._named = self._named, ""
        data = line[5:].strip()
        if not data:
            return False
        if data == b"[DONE]":
            return self._done()
        try:
            event = codec.loads(data)
        except (ValueError, RecursionError) as error:
            if named == "error":
                raise FaultError(faults.of_event(data.decode("utf-8", "replace"))) from error
            raise FaultError(Fault("protocol", f"a broken event: {error}")) from error
        if not isinstance(event, dict):
            raise FaultError(Fault("protocol", "an event that is no object"))
        return self._event(str(event.get("type") or named or kind(event)), event)

    def _beside(self, line: bytes) -> bool:
        """A line that is no data: an event's name, or an error that was not put into one."""
        if line.startswith(b"event:"):
            self._named = line[6:].strip().decode("utf-8", "replace")
        elif line.startswith(b"{"):
            try:
                event = codec.loads(line)
            except (ValueError, RecursionError):
                return False
            if isinstance(event, dict) and kind(event) == "error":
                self._error(event)
        return False

    def _event(self, named: str, event: dict[str, Any]) -> bool:
        """One event; True if it was content."""
        raise NotImplementedError

    def _done(self) -> bool:
        """The end, as many say it."""
        raise NotImplementedError

    def _error(self, event: dict[str, Any]) -> None:
        error = event.get("error") or {k: v for k, v in event.items() if k != "type"}
        raise FaultError(faults.of_event(error, words(event, "request_id")))


def kind(event: dict[str, Any]) -> str:
    """What an event is that does not say so: an error is one by whatever name."""
    return "error" if event.get("error") or event.get("object") == "error" else ""


def words(found: dict[str, Any], key: str) -> str:
    """A text of an event; null is none."""
    said = found.get(key)
    return "" if said is None else str(said)
