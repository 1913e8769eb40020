"""The tools that read files and folders: Read and LS."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sessions.record import events as ev
from sessions.record.pictures import image_kind
from sessions.tools import policy, safe_open, textfiles
from sessions.tools.base import CallContext, Outcome, ToolFault, Verdict, define
from sessions.tools.binary import looks_binary
from sessions.tools.command_output import store
from sessions.tools.workspace import Target

MAX_LINES = 2000
MAX_COLUMNS = 2000
_SCAN_BYTES = 256 * 1024 * 1024
"""A file may be this big to be read in parts."""
EDIT_BYTES = 16 * 1024 * 1024
"""A file may be this big to be edited, or to be read with its lines counted."""
IMAGE_BYTES = 20 * 1024 * 1024
"""An image may be this big; what a server takes of it is looked at before it is sent."""
_MAX_ENTRIES = 1000
_PART_CHARS = 60_000


def sha256(data: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def path_property(what: str) -> ev.JSON:
    """The schema of a path."""
    return {
        "type": "string",
        "minLength": 1,
        "description": f"{what}: an absolute path, or one relative to the working directory.",
    }


class ReadTool:
    """Text with line numbers, in parts; images as images."""

    name = "Read"
    definition = define(
        "Read",
        "Read a file. Text comes with line numbers, at most 2000 lines at once; use offset and "
        "limit for other parts. PNG, JPEG, GIF and WebP come as images.",
        {
            "file_path": path_property("The file"),
            "offset": {
                "type": "integer",
                "minimum": 0,
                "description": "The first line to read, counted from 1.",
            },
            "limit": {
                "type": "integer",
                "minimum": 1,
                "description": "How many lines to read.",
            },
        },
        ["file_path"],
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """The file, reading."""
        return frozenset({str(ctx.state.guard.look(args["file_path"]).path)}), False

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Inside the workspace it is free, but for what may hold secrets."""
        target = ctx.state.guard.look(args["file_path"])
        ctx.plan = target
        return policy.judge_read(target, ctx)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Read it."""
        import asyncio

        assert isinstance(ctx.plan, Target)
        offset, limit = max(1, int(args.get("offset", 1))), int(args.get("limit", MAX_LINES))
        return await asyncio.to_thread(_read, ctx, ctx.plan.path, offset, min(limit, MAX_LINES))


def _read(ctx: CallContext, path: Path, offset: int, limit: int) -> Outcome:
    descriptor = safe_open.open_read(path)
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8192)
        kind = image_kind(start)
        if kind is not None:
            if size > IMAGE_BYTES:
                raise ToolFault(
                    f"{path} is too big for an image: {size:,} bytes, of 20 MB at most."
                )
            return _image(ctx, start + file.read(IMAGE_BYTES), kind)
        if size > _SCAN_BYTES:
            raise ToolFault(
                f"{path} is too big: {size:,} bytes. Use Grep, or a command that cuts it."
            )
        utf16 = start[:2] in (b"\xff\xfe", b"\xfe\xff")
        if looks_binary(start) and not utf16:
            shown = start[:64].hex(" ")
            return Outcome(f"{path} is binary: {size:,} bytes, beginning with {shown}")
        if size <= EDIT_BYTES:
            data = start + file.read(EDIT_BYTES)
            ctx.state.seen[path] = sha256(data)
            text = textfiles.TextFile.decode(data).text
            return _lines(path, text.split("\n"), offset, limit)
        return _part_of_big(path, start, file, offset, limit)


def _image(ctx: CallContext, data: bytes, kind: tuple[str, str]) -> Outcome:
    media_type, suffix = kind
    try:
        name = store(ctx.host.files, data, suffix)
    except OSError as error:
        raise ToolFault(f"The image can't be kept: {error.strerror}.") from error
    return Outcome(
        f"An image ({media_type}, {len(data):,} bytes).",
        images=[{"path": name, "media_type": media_type}],
    )


def _part_of_big(path: Path, start: bytes, file: object, offset: int, limit: int) -> Outcome:
    """Lines of a file that is not held in memory whole."""
    import io
    import itertools

    assert isinstance(file, io.BufferedReader)
    file.seek(0)
    part = list(itertools.islice(file, offset - 1, offset - 1 + limit))
    lines = [line.decode("utf-8", "replace").rstrip("\r\n") for line in part]
    return _lines(path, lines, offset, limit, first=offset, whole=False)


def _lines(
    path: Path, lines: list[str], offset: int, limit: int, first: int = 1, whole: bool = True
) -> Outcome:
    if lines and lines[-1] == "" and whole:
        lines = lines[:-1]
    if not lines:
        return Outcome(f"{path} is empty." if offset == 1 else f"{path} has no line {offset}.")
    chosen = lines[offset - first : offset - first + limit]
    if not chosen:
        raise ToolFault(f"{path} has {len(lines)} lines; there is no line {offset}.")
    out: list[str] = []
    chars = 0
    for number, line in enumerate(chosen, offset):
        cut = line if len(line) <= MAX_COLUMNS else _cut(line)
        out.append(f"{number:>6}\t{cut}")
        chars += len(out[-1]) + 1
        if chars > _PART_CHARS:
            break
    last = offset + len(out) - 1
    more = last < len(lines) if whole else len(out) == limit
    if more:
        of = f" of {len(lines)}" if whole else ""
        out.append(f"(Lines {offset} to {last}{of}; go on with offset {last + 1}.)")
    return Outcome(
        "\n".join(out).encode("utf-8", "replace").decode(), truncated=more, data={"path": str(path)}
    )


def _cut(line: str) -> str:
    return f"{line[:MAX_COLUMNS]} (… {len(line) - MAX_COLUMNS} more characters in this line)"


class ListTool:
    """What a folder holds."""

    name = "LS"
    definition = define(
        "LS",
        "List a folder: names, folders with a trailing slash, sizes in bytes.",
        {
            "path": path_property("The folder"),
            "ignore": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Glob patterns of names to leave out.",
            },
        },
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """The folder, reading."""
        return frozenset({str(ctx.state.guard.look(args.get("path", ".")).path)}), False

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Inside the workspace it is free."""
        target = ctx.state.guard.look(args.get("path", "."))
        ctx.plan = target
        return policy.judge_read(target, ctx)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """List it."""
        import fnmatch

        assert isinstance(ctx.plan, Target)
        path, ignore = ctx.plan.path, list(args.get("ignore", []))
        try:
            with safe_open.folder(path) as descriptor:
                # An O_PATH descriptor can't be listed; "." is opened relative to it.
                here = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
                try:
                    entries = sorted(_entries(here))
                finally:
                    os.close(here)
        except OSError as error:
            raise safe_open.fault(path, error) from error
        kept = [e for e in entries if not any(fnmatch.fnmatch(e[0], p) for p in ignore)]
        lines = [text for _, text in kept[:_MAX_ENTRIES]]
        if len(kept) > _MAX_ENTRIES:
            lines.append(f"(and {len(kept) - _MAX_ENTRIES} more)")
        return Outcome("\n".join([f"{path}/", *lines]) if lines else f"{path}/ is empty.")


def _entries(descriptor: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            name = entry.name.encode("utf-8", "replace").decode()
            if entry.is_dir(follow_symlinks=False):
                found.append((entry.name, f"  {name}/"))
            elif entry.is_symlink():
                found.append(
                    (entry.name, f"  {name} -> {os.readlink(entry.name, dir_fd=descriptor)}")
                )
            else:
                size = entry.stat(follow_symlinks=False).st_size
                found.append((entry.name, f"  {name} ({size:,})"))
    return found
