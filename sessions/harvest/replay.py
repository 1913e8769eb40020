"""Scripts of a draft run again as they were recorded: same command, same files, same output?

The command, the files that the session had written by then, the exit code and the output come
from the journal. It runs in an empty folder inside the sandbox, without network and out of sight
of agentdeck's own folders. Files that the command or the script names and the session never wrote
are taken as they are today, and the finding says so.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sessions.api.harvest import CheckFinding
from sessions.harvest.commands import command_of
from sessions.harvest.files import FileTracker
from sessions.harvest.parameters import within
from sessions.record import events as ev

REPLAY_S = 60.0
_SHOWN = 2_000
_MAX_INPUT = 1_000_000
# What the shell tool says of a command, below what the command printed.
_NOTE = re.compile(
    r"\n?^\((?:Exit code|It printed nothing|It was ended|\d+ processes)[^\n]*\)$", re.M
)


@dataclass(frozen=True, slots=True)
class RanCommand:
    """A command as a session ran it. `files`: text by path, as the session had written them."""

    command: str
    cwd: str
    exit_code: int | None
    output: str
    cut: bool = False
    """Not all of the output was recorded: its beginning is compared."""
    files: Mapping[str, str] = field(default_factory=dict)


def recorded(events: Iterable[ev.Event], seq: int) -> RanCommand | None:
    """The run whose result is event `seq`, or None if that is none."""
    files, calls, cwd = FileTracker(), dict[str, ev.ToolCall](), ""
    for event in events:
        if isinstance(event, ev.SessionCreated):
            cwd = files.cwd = event.cwd.rstrip("/")
        elif isinstance(event, ev.ToolCall):
            calls[event.call] = event
        elif isinstance(event, ev.FileChanged):
            files.hashed(event)
        elif isinstance(event, ev.ToolResult):
            call = calls.pop(event.call, None)
            command = command_of(call) if call else None
            if event.seq == seq:
                code = event.data.get("exit_code", 0 if event.status == "ok" else None)
                texts = {file.path: file.text for file in files.files()}
                said = event.content
                return (
                    RanCommand(command, cwd, code, said, event.truncated, texts)
                    if command
                    else None
                )
            if call and command is not None:
                files.ran(command, 0 if event.status == "ok" else 1, call, event.seq)
            elif call and event.status == "ok":
                files.changed(call, event)
    return None


async def again(
    path: str,
    data: bytes,
    script: str,
    run: RanCommand,
    own: Sequence[Path],
    clean: Callable[[str], str],
) -> CheckFinding:
    """Run it again with `data` as its script.

    `path` names the script in the draft, `script` as it was recorded; `own` are agentdeck's
    folders; `clean` takes out of what is printed what must not be kept. Gives `{"file", "command",
    "ran", "same", "why", …}`.
    """
    from sessions.tools.base import ToolFault
    from sessions.tools.sandbox import describe

    row: CheckFinding = {"file": path, "command": clean(run.command), "ran": False, "same": False}
    if not describe().works:
        return {**row, "why": "there is no sandbox here"}
    with (
        tempfile.TemporaryDirectory(prefix="agentdeck-replay-") as nowhere,
        tempfile.TemporaryDirectory(prefix="agentdeck-tmp-") as tmp,
    ):
        root = Path(nowhere).resolve()
        today = _lay_out(root, run, {**run.files, script: data.decode("utf-8", "surrogateescape")})
        try:
            code, output = await _run(root, Path(tmp).resolve(), own, _command(run, script))
        except (ToolFault, OSError) as error:
            return {**row, "why": f"it can't be started: {error}"}
        output = output.replace(f"{root}/", "").replace(str(root), ".")
    row |= {"ran": True, "exit_code": code, "recorded_exit_code": run.exit_code}
    row |= {"output": clean(output)[-_SHOWN:], "recorded": clean(run.output)[-_SHOWN:]}
    if today:
        row["as_it_is_today"] = today
    before, now = _recorded_lines(run), _lines(output)
    more = 0 if run.cut else _more(before, now)
    if more:
        row["other_lines_before"] = more
    why = "" if more else _difference(before, now, cut=run.cut)
    if code != run.exit_code:
        why = f"exit code {code}, recorded was {run.exit_code}"
    return {**row, "same": not why, "why": clean(why)}


async def _run(root: Path, tmp: Path, own: Sequence[Path], command: str) -> tuple[int | None, str]:
    from sessions.tools import contained_command, process
    from sessions.tools.command_output import Spool
    from sessions.tools.sandbox import Sandbox
    from sessions.tools.shell import output_text

    spool = Spool(tmp, "output.txt", None)
    try:
        ended = await contained_command.to_end(
            ["/bin/sh", "-c", command],
            cwd=root,
            env=process.environment() | {"HOME": str(root), "LANG": "C.UTF-8"},
            spool=spool,
            sandbox=Sandbox(root, root, own, tmp),
            network=False,
            seconds=REPLAY_S,
        )
        text, _ = output_text(spool)
    finally:
        spool.close(keep=False)
    if ended.why == "timeout":
        text += f"\n(ended after {REPLAY_S:.0f} s)"
    return ended.code, text


def _lay_out(root: Path, run: RanCommand, files: Mapping[str, str]) -> list[str]:
    """Put the files where the command looks for them; which of them are today's."""
    for name, text in files.items():
        target = root / _place(name, run.cwd)
        if target.is_dir() or any(p.is_file() for p in target.parents):
            continue  # a file once, a folder later
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8", "surrogateescape"))
    today: list[str] = []
    named = [each.recorded for text in files.values() for each in within(text)]
    for word in dict.fromkeys([*_words(run.command), *named]):
        source = Path(run.cwd) / word if run.cwd else Path(word)
        place = root / _place(str(source), run.cwd)
        if place.exists() or not _inside(source, run.cwd):
            continue
        try:
            data = source.read_bytes()
        except OSError:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        today.append(word)
    return today


def _inside(path: Path, cwd: str) -> bool:
    """Whether it is a small plain file below the session's working directory."""
    if not cwd or path.is_symlink() or not path.is_file():
        return False
    return path.resolve().is_relative_to(Path(cwd).resolve()) and path.stat().st_size <= _MAX_INPUT


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return []
    return [word for word in dict.fromkeys(words) if word and not word.startswith("-")]


def _place(name: str, cwd: str) -> PurePosixPath:
    """Where a recorded path lies in the replay's folder: never outside of it."""
    path = PurePosixPath(name)
    if cwd and path.is_relative_to(cwd):
        path = path.relative_to(cwd)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        path = PurePosixPath(path.name or "file")
    return path


def _command(run: RanCommand, script: str) -> str:
    """The command with its paths as they are in the replay's folder."""
    command = run.command
    for name in sorted({*run.files, script}, key=len, reverse=True):
        if name.startswith("/"):
            command = command.replace(name, str(_place(name, run.cwd)))
    if len(run.cwd) > 1:
        command = command.replace(run.cwd + "/", "").replace(run.cwd, ".")
    return command


def _difference(before: list[str], now: list[str], *, cut: bool) -> str:
    """What the replay printed otherwise than what was recorded, or ""."""
    if cut:
        before = before[: max(1, len(before) // 4)]
        now = now[: len(before)]
    if before == now:
        return ""
    for number, (old, new) in enumerate(zip(before, now, strict=False), 1):
        if old != new:
            return f"line {number} of its output is {new[:80]!r}, recorded was {old[:80]!r}"
    return f"{len(now)} lines of output, recorded were {len(before)}"


def _more(before: list[str], now: list[str]) -> int:
    """Lines that only one of them printed, before all that the other did: 0 where they differ.

    A warning that a cache is made comes once.
    """
    both = min(len(before), len(now))
    if not both or before[-both:] != now[-both:]:
        return 0
    return abs(len(before) - len(now))


def _recorded_lines(run: RanCommand) -> list[str]:
    """What was recorded, with its paths as the replay's are told."""
    said = _NOTE.sub("", run.output)
    return _lines(said.replace(f"{run.cwd}/", "") if run.cwd else said)


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in _NOTE.sub("", text).strip().split("\n")]
    return lines if lines != [""] else []
