"""Grep's work, done in a process of its own.

A regular expression may take for ever and can't be interrupted in Python, and a search of a
large tree would hold up the streams of the other sessions; so `search` (the engine) starts
`main` (in a child), gives it the question as JSON and ends it when its time is over or the call
is interrupted. Each search imports what is imported here, so that is little: neither asyncio nor
events.
"""

from __future__ import annotations

import bisect
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.paths import Places
from sessions.tools import safe_open
from sessions.tools.binary import looks_binary
from sessions.tools.fault import ToolFault
from sessions.tools.walk import SKIPPED, Query, Walk, query_of
from sessions.tools.workspace import Guard

if TYPE_CHECKING:
    from sessions.record import events as ev

_MAX_FILE_BYTES = 8 * 1024 * 1024
_LINE_CHARS = 500
_MAX_OUT = 5000
_RG_TIME_S = 25.0


def main() -> None:
    """The child: one question on stdin, one answer on stdout."""
    question = json.loads(sys.stdin.buffer.read())
    places = Places(**{k: Path(v) for k, v in question["places"].items()})
    guard = Guard(Path(question["root"]), Path(question["files"]), places)
    try:
        answer = grep(query_of(question["args"]), question["args"], Path(question["path"]), guard)
    except ToolFault as error:
        answer = {"fault": str(error)}
    sys.stdout.write(json.dumps(answer))


def grep(query: Query, args: ev.JSON, path: Path, guard: Guard) -> dict[str, Any]:
    """Search a file or a tree: `content`, `truncated`, `files` (how many fit)."""
    root = path if path.is_dir() else path.parent
    walk = Walk(root, guard)
    files = _candidates(query, args, path, walk)
    lines: list[str] = []
    found = 0
    full = query.skip + query.limit
    for relative in files:
        shown = _in_file(query, root / relative)
        if not shown:
            continue
        found += 1
        lines += shown
        if len(lines) > full or walk.late():
            break
    truncated = len(lines) > full
    chosen = lines[query.skip : full]
    if truncated:
        chosen.append("(more was found; narrow the search, or use offset and head_limit)")
    if not chosen:
        chosen = ["Nothing was found."]
    text = "\n".join([*chosen, *walk.notes()])
    return {
        "content": text.encode("utf-8", "replace").decode(),
        "truncated": truncated,
        "files": found,
    }


def _candidates(query: Query, args: ev.JSON, path: Path, walk: Walk) -> Iterator[str]:
    """Relative paths of the files to look into."""
    if not path.is_dir():
        yield path.name  # asked for by its name, and judged by it
        return
    names = _by_ripgrep(args, walk.root)
    if names is None:
        names = (relative for relative, _, _ in walk.files())
    for relative in names:
        if query.fits(relative) and not walk.hidden(relative):
            yield relative


def _by_ripgrep(args: ev.JSON, root: Path) -> Iterator[str] | None:
    """What ripgrep finds, if it is there and understands the pattern."""
    program = shutil.which("rg")  # the environment is a command's
    if program is None:
        return None
    import subprocess

    command = [program, "--no-config", "--no-follow", "--hidden", "-l", "-0", "--no-messages"]
    command += ["-i"] if args.get("-i") else []
    command += ["--multiline", "--multiline-dotall"] if args.get("multiline") else []
    for name in sorted(SKIPPED):
        command += ["--glob", f"!{name}/"]
    command += ["--sort", "path", "-e", args["pattern"], "--", "."]
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, timeout=_RG_TIME_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode > 1:
        return None
    return (os.path.normpath(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name)


def _in_file(query: Query, path: Path) -> list[str]:
    """The lines to show of one file; none if nothing fits, or it is no readable text."""
    try:
        with os.fdopen(safe_open.open_read(path), "rb") as file:
            data = file.read(_MAX_FILE_BYTES)
    except (ToolFault, OSError):
        return []
    if looks_binary(data):
        return []
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    if query.mode == "files_with_matches":
        return [str(path)] if query.regex.search(text) else []
    hits = list(_hit_lines(query, text))
    if not hits:
        return []
    if query.mode == "count":
        return [f"{path}:{len(hits)}"]
    return _with_context(query, path, text.split("\n"), hits)


def _hit_lines(query: Query, text: str) -> Iterator[int]:
    """The numbers (from 0) of the lines that a match touches, in order, each once."""
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    last = -1
    for count, match in enumerate(query.regex.finditer(text)):
        if count > _MAX_OUT:
            return
        first = bisect.bisect_right(starts, match.start()) - 1
        end = bisect.bisect_right(starts, max(match.start(), match.end() - 1)) - 1
        if first >= len(starts) - 1 and text.endswith("\n") and match.start() == len(text):
            continue  # an empty match after the last line's end
        for line in range(max(first, last + 1), end + 1):
            yield line
            last = line


def _with_context(query: Query, path: Path, lines: list[str], hits: list[int]) -> list[str]:
    wanted: dict[int, bool] = {}
    for hit in hits:
        for number in range(max(0, hit - query.before), min(len(lines), hit + query.after + 1)):
            wanted[number] = wanted.get(number, False) or number == hit
    out: list[str] = []
    previous = -2
    for number in sorted(wanted):
        if query.before + query.after and previous >= 0 and number > previous + 1:
            out.append("--")
        previous = number
        mark = ":" if wanted[number] else "-"
        line = lines[number]
        cut = line if len(line) <= _LINE_CHARS else line[:_LINE_CHARS] + " (…)"
        where = f"{path}{mark}{number + 1}{mark}" if query.numbers else f"{path}{mark}"
        out.append(where + cut)
    return out


if __name__ == "__main__":
    main()
