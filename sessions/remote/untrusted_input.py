"""What comes from another machine, made safe: it is input like any other."""

from __future__ import annotations

import json
import re
from typing import Any

from sessions.errors import AgentdeckError, JournalError
from sessions.ids import is_id
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.reading import MAX_LINE
from sessions.record.summary import Summary
from sessions.safety.sanitise import clean, clean_line

_SUSPECT = re.compile(
    rb"\\u|\\[bfr]|[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa6-\xa9]|\xed[\xa0-\xbf]|\xf3\xa0"
)
"""What a line need not have that holds plain text alone."""


_KEPT = re.compile(rb"\bfiles/([0-9a-f]{64}(?:\.[a-z0-9]{1,12})?)\b")
_PATHS = frozenset({"path", "cwd", "before", "repository"})
_WHERE_IT_WORKS = frozenset({"cwd", "repository"})
"""Of the session itself: also one that says no whole path is a place over there."""
_MOST_FILES = 100
"""So many files of one event come along."""
_MOST_WORDS = 2000
_NAMES_A_PLACE = re.compile(rb'"(?:path|cwd|before|repository)"\s*:\s*"')
_OF_ITS_WORKTREE = frozenset(
    each.type for each in (ev.WorktreeAdded, ev.WorktreeDiscarded, ev.WorktreeRestored)
)
_AS_TOLD = (ev.ToolCall, ev.PermissionAsked, ev.PermissionAnswered)
"""What names places in words of a model or a tool: nothing here goes by them."""


def event(said: bytes | ev.JSON, host: str) -> ev.Event:
    """An event as it came from a host, its texts cleaned, its places told as that host's.

    Raises ValueError: it is none.
    """
    line = said if isinstance(said, bytes) else codec.encode(said)
    if len(line) > MAX_LINE:
        raise ValueError("longer than any event")
    try:
        plain = _SUSPECT.search(line) is None
        found = codec.decode(line) if plain else codec.from_json(_cleaned(codec.loads(line)))
    except (TypeError, AttributeError, RecursionError, json.JSONDecodeError) as error:
        raise ValueError(f"no event: {error}") from error
    if found.seq < 1:
        raise ValueError("an event without its number")
    names_one = not plain or _NAMES_A_PLACE.search(line) is not None
    if names_one and not isinstance(found, _AS_TOLD):
        return codec.from_json(_placed(codec.to_json(found), host))
    return found


def _placed(data: Any, host: str) -> Any:
    if isinstance(data, dict):
        whole = _WHERE_IT_WORKS | ({"path"} if data.get("type") in _OF_ITS_WORKTREE else set())
        return {
            key: placed(value, host, whole=key in whole)
            if key in _PATHS and isinstance(value, str)
            else _placed(value, host)
            for key, value in data.items()
        }
    return [_placed(each, host) for each in data] if isinstance(data, list) else data


def kept(found: ev.Event) -> list[str]:
    """The files of the session's own that an event names, by their content."""
    if isinstance(found, ev.Text | ev.Thinking):
        return []
    names = dict.fromkeys(name.decode() for name in _KEPT.findall(codec.line(found)))
    return list(names)[:_MOST_FILES]


def placed(path: str, host: str, *, whole: bool = False) -> str:
    """A path over there, as it is told here: `HOST:PATH`, which is no place on this machine.

    What lies in a session's own `files/` has a mirror here and stays as it is; so does what begins
    where the session works, unless that itself is told (`whole`).
    """
    parts = path.split("/")
    if ".." in parts or path.startswith(("/", "~")) or (whole and path):
        return f"{host}:{path}"
    return path


def unplaced(path: str, host: str) -> str:
    """The path as it is called over there."""
    return path.removeprefix(f"{host}:")


def created(found: ev.Event, session: str, host: str) -> ev.SessionCreated:
    """The first event of a mirror. Raises ValueError: it is not this session's."""
    if not is_id(session) or not isinstance(found, ev.SessionCreated) or found.id != session:
        raise ValueError(f"no beginning of session {session[:40]!r}")
    return ev.replace(found, host=host)


def session_id(said: object) -> str:
    """The id of a session, which names a folder here. Raises ValueError: it is none."""
    if not isinstance(said, str) or not is_id(said):
        raise ValueError(f"{clean_line(repr(said))[:40]} is no session's id")
    return said


def summary(said: object) -> Summary:
    """A summary as it came, cleaned. Raises ValueError: it is none, or not of a session."""
    if not isinstance(said, dict):
        raise ValueError("no summary")
    told = Summary.from_json(_cleaned(said))
    session_id(told.id)
    if type(told.seq) is not int or not 0 <= told.seq <= ev.LARGEST:
        raise ValueError("a summary without a number")
    return told


def refusal(error: AgentdeckError) -> AgentdeckError:
    """An error of over there: cleaned, and none that speaks of the disk of this machine."""
    message, hint = clean(error.message)[:_MOST_WORDS], clean(error.hint)[:_MOST_WORDS]
    if isinstance(error, JournalError):
        return AgentdeckError(message, hint)
    error.args, error.message, error.hint = (message,), message, hint
    return error


def answer(said: Any) -> Any:
    """An answer of over there, with no control character in it."""
    return _cleaned(said)


def recorded(said: Any) -> Any:
    """A part of a terminal's recording: what was printed is for an emulator, as it was printed."""
    if not isinstance(said, dict) or not isinstance(said.get("events"), list):
        return answer(said)
    told = [each for each in said["events"] if _is_printed(each)]
    rest = {key: value for key, value in said.items() if key != "events"}
    return {
        **answer(rest),
        "events": [each if each[1] == "o" else answer(each) for each in told],
    }


def _is_printed(each: Any) -> bool:
    return (
        isinstance(each, list)
        and len(each) == 3
        and isinstance(each[0], int | float)
        and all(isinstance(word, str) for word in each[1:])
    )


def _cleaned(data: Any) -> Any:
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, dict):
        return {clean(str(key)): _cleaned(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_cleaned(each) for each in data]
    return data
