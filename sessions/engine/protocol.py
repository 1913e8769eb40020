"""The engine's commands as they are declared → `sessions/api/calls.py` and docs/protocol.md.

`python -m sessions.engine.protocol` writes both.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sessions.engine import commands, terminal_views
from sessions.engine.server import Connection, Server

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "sessions" / "api" / "calls.py"
DOCS = ROOT / "docs" / "protocol.md"

_HEAD = '''"""Every command of the engine as a typed call.

Made by `python -m sessions.engine.protocol`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:
{imports}


class Calls(Protocol):
    """What can be asked of the engine. A wrong name or argument is found by the type checker."""
'''
_TAIL = '''
    async def call(self, command: str, /, **args: Any) -> Any:
        """Send a command and return its answer.

        Raises:
            AgentdeckError: the engine refused; of the class that it named.
            UsageError: the arguments are longer than the engine takes.
            EngineError: the engine went away.
        """
        return await self._ask(command, args)

    async def _ask(self, command: str, args: dict[str, Any]) -> Any:
        raise NotImplementedError
'''


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command. `default`: as Python writes it, "" where it is needed."""

    name: str
    kind: str
    default: str


@dataclass(frozen=True, slots=True)
class DeclaredCommand:
    """One command: its name, what it takes, the kind of its answer, and what it does."""

    name: str
    takes: tuple[Argument, ...]
    answer: str
    does: str


def functions() -> dict[str, Callable[..., Any]]:
    """Every command that a client may send, by name, and what does it."""
    own: dict[str, Callable[..., Any]] = {
        "hello": Server.hello,
        "session.unwatch": Connection.unwatch,
        "session.watch": Connection._watch,
        **terminal_views.COMMANDS,
    }
    return commands.load_commands() | own


def declared() -> list[DeclaredCommand]:
    """What each declares."""
    return [_command(name, function) for name, function in sorted(functions().items())]


def _command(name: str, function: Callable[..., Any]) -> DeclaredCommand:
    signature = inspect.signature(function)
    takes = tuple(_arguments(function, signature))
    does = " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())
    return DeclaredCommand(name, takes, str(signature.return_annotation), does)


def _arguments(function: Callable[..., Any], signature: inspect.Signature) -> Iterator[Argument]:
    for name, each in signature.parameters.items():
        if name in ("deck", "self"):
            continue
        if each.kind is each.VAR_KEYWORD:
            yield from _unpacked(function, name)
            continue
        default = "" if each.default is each.empty else repr(each.default)
        yield Argument(name, str(each.annotation), default)


def _unpacked(function: Callable[..., Any], name: str) -> Iterator[Argument]:
    """The keys of the TypedDict by which further arguments are declared."""
    shape = commands.shape_of(typing.get_type_hints(function)[name])
    for key, kind in inspect.get_annotations(shape).items():
        yield Argument(key, str(getattr(kind, "__forward_arg__", kind)), "…")


def calls(known: list[DeclaredCommand]) -> str:
    """The text of `sessions/api/calls.py`."""
    text = "".join(_overload(each) for each in known)
    shapes = sorted(name for name in _shapes() if re.search(rf"\b{name}\b", text))
    imports = [f"    from {_shapes()[name].__module__} import {name}" for name in shapes]
    imports.append("    from sessions.record import events as ev")
    sets = sorted(name for name in _closed_sets() if re.search(rf"\b{name}\b", text))
    imports.append(f"    from sessions.record.closed_sets import {', '.join(sets)}")
    return _HEAD.format(imports="\n".join(imports)) + text + _TAIL


@cache
def _shapes() -> dict[str, Any]:
    """What is answered and taken, by name."""
    from sessions import api
    from sessions.record import summary, summary_parts
    from skills import shapes

    modules = [each.name for each in pkgutil.iter_modules(api.__path__) if each.name != "calls"]
    told = [importlib.import_module(f"{api.__name__}.{name}") for name in sorted(modules)]
    found = {
        name: value
        for module in (*told, summary, summary_parts, shapes)
        for name, value in vars(module).items()
    }
    return {n: v for n, v in found.items() if typing.is_typeddict(v) and not n.startswith("_")}


def _closed_sets() -> dict[str, tuple[str, ...]]:
    """The closed sets of the vocabulary: name, words."""
    from sessions import errors
    from sessions.record import closed_sets
    from skills import shapes

    found = {**vars(shapes), **vars(errors), **vars(closed_sets)}
    sets = {name: commands.words_of(value) for name, value in found.items()}
    return {name: words for name, words in sorted(sets.items()) if words}


def _overload(each: DeclaredCommand) -> str:
    needed = [f"{a.name}: {a.kind}" for a in each.takes if not a.default]
    others = [f"{a.name}: {a.kind} = ..." for a in each.takes if a.default]
    takes = ", ".join(["self", f'command: Literal["{each.name}"]', "/"])
    if needed or others:
        takes = ", ".join([takes, "*", *needed, *others])
    return f"\n    @overload\n    async def call({takes}) -> {each.answer}: ...\n"


_DOCS = """# The engine's protocol

A user-only Unix socket, one JSON object a line. Made by `python -m sessions.engine.protocol` from
the commands' own declarations.

Up (client → engine), every command answered once, in any order:

```
{"id": 1, "do": "session.send", "args": {"session": "…", "text": "…"}}
{"id": 1, "ok": …}    or    {"id": 1, "error": {"kind", "message", "hint", "exit_code"}}
```

Down, unasked:

```
{"session": "…", "event": {…}}       an event of a session that this client watches
{"terminal": "…", "at": 0, "data"}   what a terminal printed that this client watches, as base64
{"summary": {…}}                     a session's summary changed
{"gone": "…"}                        a session was deleted
{"notice": {"kind", "message", …}}   something of the deck: a limit, a disk that is full
{"bye": "…"}                         why the engine hangs up on this client: the last line
```

A command that names a session of another machine is done over there (docs/hosts.md). With
`"host": "NAME"` beside `do`, a command is done by the engine of that machine, whatever it names.

The first command is `hello` with the client's version. A session that is not watched costs its
summaries and nothing else; `session.watch` with `from_seq` replays what was missed, in order and
without a gap, before anything newer. A client that reads slowly is sent events from the journal as
it reads, joined where it asked for that, and the newest of several summaries. Before `bye` a line
may be cut short. An argument that is not known, missing or of another kind is
answered by an error that names it.

A terminal's bytes come from the offset that `terminal.watch` answers, in order and without a gap;
with `size` ([columns, rows]) what follows is drawn at that size, `end` is the program's, after
`lost` the client watches anew. No more than 256 KB come ahead of what `terminal.took` has told.

"""


def docs(known: list[DeclaredCommand]) -> str:
    """The text of docs/protocol.md."""
    parts = [_DOCS, "## Commands\n\n| command | arguments | answer | does |\n|---|---|---|---|\n"]
    parts += [_row(each) for each in known]
    parts.append("\n## Shapes\n\n`ev.JSON` is an object whose keys are not fixed.\n")
    parts += [_shape(name) for name in _used("".join(parts))]
    text = "".join(parts)
    used = {n: w for n, w in _closed_sets().items() if re.search(rf"\b{n}\b", text)}
    rows = [f"- `{name}`: {', '.join(f'`{w}`' for w in words)}\n" for name, words in used.items()]
    return text + "\n## Words\n\nWhat stands in a field is one of these.\n\n" + "".join(rows)


def _used(text: str) -> list[str]:
    """The shapes that a text names, and those that these are made of."""
    told: dict[str, str] = {}
    left = {"": text}
    while left:
        told |= left
        named = {n for text in left.values() for n in _shapes() if re.search(rf"\b{n}\b", text)}
        left = {name: _shape(name) for name in named - told.keys()}
    return sorted(told.keys() - {""})


def _row(each: DeclaredCommand) -> str:
    takes = ", ".join(
        f"{a.name}: {a.kind}" + (f" = {a.default}" if a.default else "") for a in each.takes
    )
    cells = [f"`{each.name}`", f"`{takes}`" if takes else "", f"`{each.answer}`", each.does]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _shape(name: str) -> str:
    shape = _shapes()[name]
    fields = {k: v for base in _bases(shape) for k, v in inspect.get_annotations(base).items()}
    rows = "".join(
        f"- `{key}`: `{getattr(kind, '__forward_arg__', kind)}`"
        f"{'' if key in shape.__required_keys__ else ', may be missing'}\n"
        for key, kind in fields.items()
    )
    return f"\n### {name}\n\n{' '.join((shape.__doc__ or '').split())}\n\n{rows}"


def _bases(shape: Any) -> Iterator[Any]:
    """A shape after those that it adds to."""
    for base in getattr(shape, "__orig_bases__", ()):
        if typing.is_typeddict(base):
            yield from _bases(base)
    yield shape


if __name__ == "__main__":
    found = declared()
    CALLS.write_text(calls(found))
    DOCS.write_text(docs(found))
