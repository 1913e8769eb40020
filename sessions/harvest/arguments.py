"""Files that a script names itself, made its arguments: without any it does what it did.

Only where that is certain: a script that takes no arguments yet, in a language that is known here,
each name a text of its own in the code. A line at its beginning takes the argument, or else the
name that was recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from sessions.harvest import arguments_python, arguments_quoted
from sessions.harvest.parameters import CommandParameter, within, written_by

_MOST = 3
_Rewrite = Callable[[str, Sequence[CommandParameter]], tuple[str, list[CommandParameter]] | None]
_LANGUAGES: dict[str, _Rewrite] = {
    ".py": arguments_python.rewritten,
    ".sh": arguments_quoted.shell,
    ".bash": arguments_quoted.shell,
    ".js": arguments_quoted.javascript,
    ".mjs": arguments_quoted.javascript,
    ".cjs": arguments_quoted.javascript,
    ".ts": arguments_quoted.javascript,
}


def with_arguments(
    path: str, script: str, made: Iterable[str] = ()
) -> tuple[str, list[CommandParameter]]:
    """The script with its files as arguments, those that it reads first, and what they are.

    Unchanged, and none, where there is nothing that is certain.

    Args:
        path: its name says which language it is in.
        made: what its run left.
    """
    made = list(made)
    rewrite = _LANGUAGES.get(PurePosixPath(path).suffix.lower())
    reads = list(within(script, made))
    takes = [*reads, *written_by(script, made)]
    if rewrite is None or not reads or len(takes) > _MOST:
        return script, []
    return rewrite(script, takes) or (script, [])


def run_alone(path: str, command: str) -> bool:
    """Whether a command ran a script itself and gave it no arguments."""
    name = re.escape(PurePosixPath(path).name)
    return bool(re.search(rf"(?:^|[\s;&|/]){name}\s*(?:[;&|>]|\Z)", command)) and not (
        re.search(r"\s-m\s", command)
    )
