"""The tools that change files: Write, Edit, MultiEdit.

A change is worked out first, shown as a diff and judged; what is written then is that change, or
nothing if the file is another by now. The old bytes are kept under `files/` before.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from sessions.record import events as ev
from sessions.record.event_parts import ResultFacts
from sessions.tools import hidden_keys, policy, safe_open, textfiles
from sessions.tools.base import CallContext, Outcome, ToolFault, Verdict, define
from sessions.tools.binary import looks_binary
from sessions.tools.command_output import store
from sessions.tools.files import EDIT_BYTES, path_property, sha256
from sessions.tools.workspace import Target


@dataclass(frozen=True, slots=True)
class Change:
    """A change worked out and shown, not made yet. `before` None: the file is not there."""

    target: Target
    before: bytes | None
    after: bytes
    diff: str


class _ChangingTool:
    """What Write, Edit and MultiEdit share: the change is worked out, shown, judged, made."""

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """The file, writing."""
        return frozenset({str(ctx.state.guard.look(args["file_path"]).path)}), True

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """By mode, border and diff."""
        target = ctx.state.guard.look(args["file_path"])
        if target.forbidden:
            return policy.judge_write(target, ctx, "", "")
        try:
            change = await asyncio.to_thread(self._plan, target, args, ctx)
        except ToolFault as error:
            if policy.judge_read(target, ctx).decision == "allow":
                raise
            # Why it fails would tell what is in a file that the model may not read.
            raise ToolFault(f"{target.path} can't be changed like this; read it first.") from error
        ctx.plan = change
        verb = "Change" if change.before is not None else "Write the new file"
        summary = f"{verb} {target.path} ({textfiles.counts(change.diff)})"
        return policy.judge_write(target, ctx, summary, change.diff)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Keep the old bytes, then make the change."""
        change = ctx.plan
        assert isinstance(change, Change)
        make(change, ctx)
        name = change.target.path
        facts: ResultFacts = {"diff": change.diff, "changed": [str(name)]}
        if change.before is None:
            return Outcome(f"{name} was written ({len(change.after):,} bytes).", data=facts)
        return Outcome(f"{name} was changed:\n{change.diff}", data=facts)

    def _plan(self, target: Target, args: ev.JSON, ctx: CallContext) -> Change:
        raise NotImplementedError


def make(change: Change, ctx: CallContext) -> None:
    """Make a change; `file.changed` is recorded with the old bytes kept. Raises ToolFault."""
    path = change.target.path
    try:
        kept = store(ctx.host.files, change.before, ".before") if change.before is not None else ""
    except OSError as error:
        raise ToolFault(
            f"{path} was not changed: its old content can't be kept ({error.strerror})."
        ) from error
    safe_open.write_bytes(path, change.after, expect=change.before)
    digest = sha256(change.after)
    ctx.state.seen[path] = digest
    ctx.host.emit(
        ev.FileChanged(
            turn=ctx.host.turn,
            call=ctx.call.call,
            path=str(path),
            before=kept,
            existed=change.before is not None,
            after_sha256=digest,
        )
    )


def _now(target: Target) -> bytes | None:
    """What the file holds, None if it is not there. Raises ToolFault."""
    if not os.path.lexists(target.path):
        return None
    return safe_open.read_bytes(target.path, EDIT_BYTES)


def _fresh(target: Target, before: bytes, ctx: CallContext) -> None:
    """Refuse to work on what the model has not seen as it is."""
    known = ctx.state.seen.get(target.path)
    if known is not None and known != sha256(before):
        raise ToolFault(f"{target.path} has changed since it was read; read it again first.")


class WriteTool(_ChangingTool):
    """A whole file."""

    name = "Write"
    definition = define(
        "Write",
        "Write a file: a new one, or the whole of one that has been read in this session. "
        "Prefer Edit for changing a part.",
        {
            "file_path": path_property("The file"),
            "content": {"type": "string", "description": "All that it is to hold."},
        },
        ["file_path", "content"],
    )

    def _plan(self, target: Target, args: ev.JSON, ctx: CallContext) -> Change:
        before = _now(target)
        if before is None:
            content = hidden_keys.put_back(args["content"], "")
            after = textfiles.TextFile("").encode(content)
            return Change(target, None, after, textfiles.diff("", content, str(target.path)))
        if before and target.path not in ctx.state.seen:
            raise ToolFault(f"{target.path} exists; read it before it is overwritten.")
        _fresh(target, before, ctx)
        old = textfiles.TextFile.decode(before)
        content = hidden_keys.put_back(args["content"], old.text)
        after = old.encode(content)
        if after == before:
            raise ToolFault(f"{target.path} holds exactly that already.")
        return Change(target, before, after, _diff(old.text, content, target))


def _diff(before: str, after: str, target: Target) -> str:
    text = textfiles.diff(before, after, str(target.path))
    return text.encode("utf-8", "replace").decode()


class _EditingTool(_ChangingTool):
    """Exact replacements."""

    def _edits(self, args: ev.JSON) -> Sequence[textfiles.Edit]:
        raise NotImplementedError

    def _plan(self, target: Target, args: ev.JSON, ctx: CallContext) -> Change:
        edits = self._edits(args)
        before = _now(target)
        if before is None or (not before and not edits[0].old):
            if edits[0].old:
                raise safe_open.fault(target.path, FileNotFoundError())
            # An empty old_string makes a new file, as in today's harnesses.
            text = textfiles.apply(edits[0].new, edits[1:]) if edits[1:] else edits[0].new
            text = hidden_keys.put_back(text, "")
            data = textfiles.TextFile("").encode(text)
            return Change(target, before, data, _diff("", text, target))
        if looks_binary(before) and before[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            raise ToolFault(f"{target.path} is binary; it can't be edited as text.")
        _fresh(target, before, ctx)
        old = textfiles.TextFile.decode(before)
        if old.crlf:
            edits = [
                textfiles.Edit(e.old.replace("\r\n", "\n"), e.new.replace("\r\n", "\n"), e.every)
                for e in edits
            ]
        text = textfiles.apply(old.text, _true(edits, old.text))
        if text == old.text:
            raise ToolFault("The edits undo each other; nothing would change.")
        return Change(target, before, old.encode(text), _diff(old.text, text, target))


def _true(edits: Sequence[textfiles.Edit], text: str) -> list[textfiles.Edit]:
    """The edits with the keys for which their marks stand. Raises AgentdeckError."""
    return [textfiles.Edit(*hidden_keys.edit(e.old, e.new, text), e.every) for e in edits]


_EDIT_PROPERTIES: ev.JSON = {
    "old_string": {
        "type": "string",
        "description": "The text to replace, exactly as it stands in the file, without line "
        "numbers. It must be there once only, unless replace_all is set.",
    },
    "new_string": {"type": "string", "description": "The text to put in its place."},
    "replace_all": {"type": "boolean", "description": "Replace it everywhere. Default: false."},
}


def _edit(data: ev.JSON) -> textfiles.Edit:
    return textfiles.Edit(data["old_string"], data["new_string"], bool(data.get("replace_all")))


class EditTool(_EditingTool):
    """One exact replacement."""

    name = "Edit"
    definition = define(
        "Edit",
        "Replace a text in a file by another, exactly. An empty old_string makes a new file.",
        {"file_path": path_property("The file"), **_EDIT_PROPERTIES},
        ["file_path", "old_string", "new_string"],
    )

    def _edits(self, args: ev.JSON) -> Sequence[textfiles.Edit]:
        return [_edit(args)]


class MultiEditTool(_EditingTool):
    """Several exact replacements in one file, all or none."""

    name = "MultiEdit"
    definition = define(
        "MultiEdit",
        "Several replacements in one file, in order, each on the result of the one before; if "
        "one fails, none is made.",
        {
            "file_path": path_property("The file"),
            "edits": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": _EDIT_PROPERTIES,
                    "required": ["old_string", "new_string"],
                    "additionalProperties": False,
                },
            },
        },
        ["file_path", "edits"],
    )

    def _edits(self, args: ev.JSON) -> Sequence[textfiles.Edit]:
        return [_edit(item) for item in args["edits"]]
