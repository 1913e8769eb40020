"""The tools that search: Glob and Grep.

Both walk the folders themselves, following no link, opening files relative to their folder; so
what is read lies where it was judged to lie. Where ripgrep is installed it finds the files that
match first, which is faster in large trees and honours `.gitignore`. Files that may hold secrets
are left out and counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from sessions import child_process
from sessions.record import events as ev
from sessions.tools import policy, safe_open, unicode_names
from sessions.tools.base import EVERYTHING, CallContext, Outcome, ToolFault, Verdict, define
from sessions.tools.files import path_property
from sessions.tools.process import environment
from sessions.tools.walk import Walk, glob_regex, query_of
from sessions.tools.workspace import Guard, Target

_MAX_GLOB = 1000
_GREP_S = 40.0


def _look(args: ev.JSON, ctx: CallContext) -> Target:
    target = ctx.state.guard.look(args.get("path") or ".")
    ctx.plan = target
    return target


def _exists(target: Target) -> None:
    if not target.path.exists():
        raise safe_open.fault(target.path, FileNotFoundError())


class GlobTool:
    """Files by their names."""

    name = "Glob"
    definition = define(
        "Glob",
        "Find files by a pattern of their path, such as **/*.py or src/**/*.{ts,tsx}. Newest "
        "first. Dependency and cache folders are left out.",
        {
            "pattern": {"type": "string", "minLength": 1, "description": "The glob pattern."},
            "path": path_property("The folder to search in (default: the working directory)"),
        },
        ["pattern"],
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """Everything, reading."""
        return frozenset({EVERYTHING}), False

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """As reading the folder."""
        return policy.judge_read(_look(args, ctx), ctx)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Search."""
        assert isinstance(ctx.plan, Target)
        _exists(ctx.plan)
        return await asyncio.to_thread(_glob, args["pattern"], ctx.plan.path, ctx.state.guard)


def _glob(pattern: str, root: Path, guard: Guard) -> Outcome:
    if pattern.startswith("/"):
        base = str(root).rstrip("/") + "/"
        if not pattern.startswith(base):
            raise ToolFault(
                f"The pattern must be relative; give the folder as path, not {pattern!r}."
            )
        pattern = pattern[len(base) :]
    pattern = unicode_names.same(pattern)
    fits = glob_regex(pattern if "/" in pattern else f"**/{pattern}")
    walk = Walk(root, guard)
    found: list[tuple[float, str]] = []
    for relative, name, parent in walk.files():
        if fits(unicode_names.same(relative)):
            try:
                found.append((-os.lstat(name, dir_fd=parent).st_mtime, relative))
            except OSError:
                continue
    found.sort()
    lines = [str(root / relative) for _, relative in found[:_MAX_GLOB]]
    if len(found) > _MAX_GLOB:
        lines.append(f"(and {len(found) - _MAX_GLOB} more; use a narrower pattern)")
    if not lines:
        lines.append("No file fits the pattern.")
    text = "\n".join([*lines, *walk.notes()])
    return Outcome(text.encode("utf-8", "replace").decode(), data={"files": len(found)})


class GrepTool:
    """Files by their content."""

    name = "Grep"
    definition = define(
        "Grep",
        "Search file contents by a regular expression. output_mode: files_with_matches "
        "(default), content (matching lines) or count.",
        {
            "pattern": {
                "type": "string",
                "minLength": 1,
                "description": "The regular expression (Python's syntax).",
            },
            "path": path_property("The file or folder to search (default: the working directory)"),
            "glob": {"type": "string", "description": "Only files that fit, such as *.py."},
            "type": {"type": "string", "description": "Only files of a type, such as py or js."},
            "output_mode": {
                "type": "string",
                "enum": ["content", "files_with_matches", "count"],
            },
            "-i": {"type": "boolean", "description": "Ignore case."},
            "-n": {"type": "boolean", "description": "Line numbers (content; default true)."},
            "-A": {"type": "integer", "minimum": 0, "description": "Lines to show after a match."},
            "-B": {"type": "integer", "minimum": 0, "description": "Lines to show before a match."},
            "-C": {"type": "integer", "minimum": 0, "description": "Lines before and after."},
            "multiline": {
                "type": "boolean",
                "description": "Let a match run over lines (. fits newlines).",
            },
            "head_limit": {
                "type": "integer",
                "minimum": 0,
                "description": "Only so many lines or files of the answer (default 250, 0: all).",
            },
            "offset": {"type": "integer", "minimum": 0, "description": "Leave out the first ones."},
        },
        ["pattern"],
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """Everything, reading."""
        return frozenset({EVERYTHING}), False

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """As reading the file or folder."""
        return policy.judge_read(_look(args, ctx), ctx)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Search, in a process of its own that can be ended: a pattern may take for ever."""
        assert isinstance(ctx.plan, Target)
        _exists(ctx.plan)
        query_of(args)  # its words are known to be good from here on
        return await _grep(ctx.plan, args, ctx)


async def _grep(target: Target, args: ev.JSON, ctx: CallContext) -> Outcome:
    """Run a search in a child."""
    guard = ctx.state.guard
    places = {k: str(v) for k, v in guard.places._asdict().items()}
    question = {
        "args": args, "path": str(target.path), "root": str(guard.root),
        "files": str(guard.files), "places": places,
    }  # fmt: skip
    # No module of the workspace may stand in for ours: -P, and a working directory elsewhere.
    process = await child_process.start(
        sys.executable, "-P", "-m", "sessions.tools.grep_worker",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(), cwd="/", start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_GREP_S):
            out, err = await process.communicate(json.dumps(question).encode())
    except TimeoutError as error:
        raise ToolFault(
            f"The search took longer than {_GREP_S:.0f} s. "
            "Use a simpler pattern or a smaller folder."
        ) from error
    finally:
        if process.returncode is None:
            process.signal_group(signal.SIGKILL)
            await process.wait()
        process.let_go()
    if process.returncode != 0:
        raise ToolFault(f"The search failed: {err.decode('utf-8', 'replace')[-500:]}")
    answer = json.loads(out)
    if "fault" in answer:
        raise ToolFault(answer["fault"])
    return Outcome(
        answer["content"], truncated=answer["truncated"], data={"files": answer["files"]}
    )
