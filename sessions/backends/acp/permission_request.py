"""An agent's permission request as the deck's own: what, where, and what can be answered."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any, cast

from sessions.backends.acp import modes
from sessions.backends.acp.content import title_of, tool_text
from sessions.backends.acp.transport import Message
from sessions.record import events as ev
from sessions.record.closed_sets import DetailKind, OptionKind
from sessions.record.summary_parts import AgentChoice
from sessions.tools.base import ToolFault
from sessions.tools.workspace import Guard, Target


def asked(
    turn: int, call_id: str, call: Message, options: list[Message], cwd: Path, why: str = ""
) -> ev.PermissionAsked:
    """`session/request_permission` as an event; the agent's own options are what is answered."""
    raw = call.get("rawInput")
    command = command_of(call)
    content = call.get("content")
    blocks = content if isinstance(content, list) else []
    diff = tool_text([c for c in blocks if isinstance(c, dict) and c.get("type") == "diff"])
    paths = paths_of(call)
    told: tuple[DetailKind, str] = (
        ("command", command)
        if command
        else ("diff", diff)
        if diff
        else ("path", "\n".join(paths))
        if paths
        else ("text", tool_text(content) or given_text(raw))
    )
    return ev.PermissionAsked(
        turn=turn,
        call=call_id,
        ask=uuid.uuid4().hex,
        tool=str(call.get("kind") or "tool"),
        summary=_summary(call, command, cwd),
        detail=told[1],
        detail_kind=told[0],
        why=why or "The agent asks before it does this.",
        options=[
            {
                "id": str(o.get("optionId", "")),
                "name": str(o.get("name", "")),
                "kind": cast("OptionKind", str(o.get("kind", ""))),  # one that is not known is kept
            }
            for o in _in_order(options)
        ],
    )


def given_text(raw: Any) -> str:
    """What a tool is given, a line for each: a person shall see what is allowed."""
    if not isinstance(raw, dict):
        return str(raw or "")
    told = {
        k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in raw.items()
    }
    return "\n".join(f"{name}: {value}" for name, value in told.items())


def filled(known: Message, call: Message) -> Message:
    """A call as it was told before, and what the request says; what is empty there says nothing."""
    return {**known, **{k: v for k, v in call.items() if v not in (None, {}, [], "")}}


def shows(call: Message) -> bool:
    """Whether there is more to a call than its name."""
    return any(call.get(name) for name in ("rawInput", "content", "locations"))


def command_of(call: Message) -> str:
    """The command that a call runs, or ""."""
    raw = call.get("rawInput")
    command = raw.get("command") if isinstance(raw, dict) else None
    if isinstance(command, list):
        return " ".join(map(str, command))
    return str(command or "")


def paths_of(call: Message) -> list[str]:
    """The paths that a call names: its locations, its diffs."""
    named: list[str] = []
    for places in (call.get("locations"), call.get("content")):
        for place in places if isinstance(places, list) else []:
            path = place.get("path") if isinstance(place, dict) else None
            if path and str(path) not in named:
                named.append(str(path))
    return named


def targets_of(call: Message, guard: Guard) -> list[Target]:
    """What the paths of a call really are; one that can be no path is left out."""
    found: list[Target] = []
    for path in paths_of(call):
        try:
            found.append(guard.look(path))
        except ToolFault:
            continue
    return found


_PLAIN = re.compile(
    r"(proceed|allow|approve|accept|yes|reject|deny|decline|no|cancel)( (once|one|this|time))*"
)
_MORE = re.compile(
    r"\b(modes?|switch|default|always|session|auto|bypass|edits|all|amendment|again|every\w*"
    r"|future|remember|trust\w*|permanent\w*|forever)\b"
)
"""Words of an option that does more than answer this one request."""


def option(options: list[Message], kind: str) -> str:
    """The id of the option that the deck chooses by itself for a kind, or "".

    Never by its place in the list: agents put them in any order, and some offer of one kind an
    option that changes their mode as well (Qwen Code's `proceed_once_and_switch_to_default`).
    Where none is plainly meant, a person is asked; of several refusals any refuses.
    """
    words = {
        str(o["optionId"]): (_words(o["optionId"]), _words(f"{o['optionId']} {o.get('name')}"))
        for o in options
        if o.get("kind") == kind and o.get("optionId")
    }
    bare = sorted(i for i, (_, all_of_it) in words.items() if not _does_more(kind, i, all_of_it))
    plain = [i for i in bare if _PLAIN.fullmatch(words[i][0])]
    if plain or len(bare) == 1:
        return (plain or bare)[0]
    if kind == "reject_once":
        return next(iter(bare or sorted(words)), "") or option(options, "reject_always")
    return next(iter(bare), "") if kind == "reject_always" else ""


def _does_more(kind: str, option_id: str, words: str) -> bool:
    """Whether an option also changes what is asked from then on."""
    if _MORE.search(words):
        return True
    mode: AgentChoice = {"value": option_id, "name": words}
    return kind.startswith("allow") and modes.kind_of(mode) == "acts"


def _in_order(options: list[Message]) -> list[Message]:
    """The agent's own order, but of one kind what does no more than that comes first.

    The first of a kind has its key in a dialog, and the mark where that is to answer once.
    """
    plain = {option(options, kind) for kind in ("allow_once", "reject_once")}
    kinds = [o.get("kind") for o in options]
    return sorted(
        options, key=lambda o: (kinds.index(o.get("kind")), str(o.get("optionId")) not in plain)
    )


def _words(value: Any) -> str:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(value))
    return re.sub(r"[\W_]+", " ", apart.lower()).strip()


def options_of(params: Message) -> list[Message]:
    """What can be answered, as far as it is what the protocol says."""
    given: Any = params.get("options")
    return [o for o in given if isinstance(o, dict)] if isinstance(given, list) else []


def _summary(call: Message, command: str, cwd: Path) -> str:
    """What is asked, in a line. Some agents' titles are the bare command, or the bare path."""
    title = title_of(call) or str(call.get("kind") or "The agent asks.")
    if title.strip("`") == command:
        return "Run a command"
    if title.startswith("/") and call.get("kind"):
        path = Path(title)
        shown = path.relative_to(cwd) if path.is_relative_to(cwd) else path
        return f"{str(call['kind']).capitalize()} {shown}"
    return title
