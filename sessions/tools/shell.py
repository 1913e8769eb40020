"""The tools that run commands: Bash, BashOutput, KillBash."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
from pathlib import Path

from sessions.record import events as ev
from sessions.record.event_parts import ResultFacts
from sessions.record.textlines import lines
from sessions.tools import contained_command, files_made, hidden_keys, policy, process
from sessions.tools.base import EVERYTHING, CallContext, Outcome, ToolFault, Verdict, define
from sessions.tools.binary import looks_binary
from sessions.tools.command_output import Spool, readable, safe_name
from sessions.tools.jobs import Job
from sessions.tools.state import ToolState
from skills import private_files

_MAX_JOBS = 16
_PART_BYTES = 200_000
# Linux takes no single word beyond 128 KiB (MAX_ARG_STRLEN), whatever the sum may be.
_LONGEST_WORD = 100_000


def _as_file(line: str, state: ToolState) -> tuple[Path, str]:
    """A command line as a script; where it is, and where the sandbox shows it."""
    script = state.tmp / f".command-{secrets.token_hex(8)}"
    try:
        private_files.write(script, os.fsencode(line), synced=False)
    except (OSError, UnicodeError) as error:
        raise ToolFault(f"The command can't be kept: {error}.") from error
    return script, f"/tmp/{script.name}"


async def launch(command: policy.Command, ctx: CallContext, *, background: bool) -> Job:
    """Start a command as it was judged. Raises ToolFault."""
    state = ctx.state
    script: Path | None = None
    shell = shutil.which("bash", path="/bin:/usr/bin:/usr/local/bin")
    if command.argv:
        argv = list(command.argv)
    else:
        start = [shell, "--noprofile", "--norc"] if shell is not None else ["/bin/sh"]
        argv = [*start, "-c", command.line]
        if len(os.fsencode(command.line)) > _LONGEST_WORD:
            script, shown = _as_file(command.line, state)
            argv = [*start, shown if command.sandboxed and state.sandbox else str(script)]
    env = process.environment(state.options.env)
    sandbox = state.sandbox if command.sandboxed else None
    show = None if background else lambda text, title: ctx.progress(text, title)
    try:
        spool = Spool(ctx.host.files, f"bash-{safe_name(ctx.call.call)}.txt", show)
    except OSError as error:
        raise ToolFault(f"The command's output can't be kept: {error.strerror}.") from error
    begun_ns = os.stat(spool.path).st_ctime_ns  # noqa: PTH116
    try:
        running, wrapped = await contained_command.start(
            argv,
            cwd=state.guard.root,
            env=env,
            spool=spool,
            sandbox=sandbox,
            network=command.network,
        )
    except BaseException:
        spool.close(keep=False)
        raise
    job = f"bash_{len(state.jobs) + 1}"
    return Job(job, command.line, running, wrapped, begun_ns=begun_ns, script=script)


class BashTool:
    """One command."""

    name = "Bash"
    definition = define(
        "Bash",
        "Run a command in the working directory and return what it prints. Every command "
        "starts afresh there: cd and variables don't carry over. There is no input and no "
        "terminal. Where there is a sandbox, only the working directory and /tmp (this "
        "session's own, not the one of Read and Write) can be written and there is no "
        "network; ask for it with network=true. Use Read, Grep, Glob and Edit for files "
        "rather than cat, grep, find and sed. Start servers and other long runs with "
        "run_in_background. Plain single commands "
        "(no pipes, quotes or &&) can be allowed for good by the user.",
        {
            "command": {"type": "string", "minLength": 1, "description": "The command line."},
            "timeout": {
                "type": "number",
                "minimum": 1,
                "description": "Milliseconds until it is ended (default 120000, at most 600000).",
            },
            "description": {"type": "string", "description": "What it does, in five words or so."},
            "run_in_background": {
                "type": "boolean",
                "description": "Return at once; read its output with BashOutput.",
            },
            "network": {"type": "boolean", "description": "It needs the network."},
            "dangerouslyDisableSandbox": {
                "type": "boolean",
                "description": "It can't work inside the sandbox; the user is asked.",
            },
        },
        ["command"],
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """Everything, writing."""
        return frozenset({EVERYTHING}), True

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """By mode, rules and sandbox."""
        if not args["command"].strip():
            raise ToolFault("The command is empty.")
        hidden_keys.refuse(args["command"])
        verdict, command = policy.judge_command(
            args["command"],
            ctx,
            network=bool(args.get("network")),
            escape=bool(args.get("dangerouslyDisableSandbox")),
        )
        ctx.plan = command
        return verdict

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Run it to its end, or start it."""
        command = ctx.plan
        assert isinstance(command, policy.Command)
        if args.get("run_in_background"):
            return await _background(command, ctx)
        state, options = ctx.state, ctx.state.options
        seconds = min(
            float(args.get("timeout", options.timeout_s * 1000)) / 1000, options.max_timeout_s
        )
        state.behind.begins()
        try:
            return await self._to_its_end(command, ctx, seconds)
        finally:
            state.behind.ended()

    async def _to_its_end(
        self, command: policy.Command, ctx: CallContext, seconds: float
    ) -> Outcome:
        state = ctx.state
        job = await launch(command, ctx, background=False)
        job.running.limit(seconds)
        try:
            ended = await job.ended()
            for _ in range(contained_command.TRIES - 1):
                if not contained_command.missed(job.wrapped, ended, job.running.spool):
                    break
                job.running.spool.close(keep=False)
                job = await launch(command, ctx, background=False)
                job.running.limit(seconds)
                ended = await job.ended()
        except asyncio.CancelledError:
            # The user doesn't wait for the grace: TERM goes out now, KILL follows by itself.
            job.stop()
            job.running.spool.mute()
            ctx.partial = partial = _result(job, process.ProcessEnd(why="stopped"), seconds)
            # What it made until then is found as well: half a report may be worth keeping.
            state.leaving(job, keep=bool(partial.path), then=lambda: _look_behind(job, ctx))
            raise
        outcome = _result(job, ended, seconds)
        _look_behind(job, ctx)
        job.running.spool.close(keep=bool(outcome.path))
        return outcome


async def _background(command: policy.Command, ctx: CallContext) -> Outcome:
    state = ctx.state
    alive = [j for j in state.jobs.values() if not j.running.done]
    if len(alive) >= _MAX_JOBS:
        names = ", ".join(j.id for j in alive)
        raise ToolFault(f"{_MAX_JOBS} background commands run already ({names}); end one first.")
    job = await launch(command, ctx, background=True)
    state.jobs[job.id] = job
    state.leaving(job, keep=True, then=lambda: _look_behind(job, ctx))
    return Outcome(
        f"Started in the background as {job.id}. Read what it prints with BashOutput; its output "
        f"is kept in {job.running.spool.path}.",
        data={"job": job.id},
    )


def _look_behind(job: Job, ctx: CallContext) -> None:
    """See what a command has made, once it has ended; nothing waits for that."""
    if job.begun_ns and not files_made.only_looks(job.line):
        ctx.state.behind.made_by(job.begun_ns, ctx.call, ctx.host.emit)


def _result(job: Job, ended: process.ProcessEnd, seconds: float) -> Outcome:
    """What the model is told of a command that has ended."""
    spool = job.running.spool
    if ended.why == "error":
        return Outcome(f"The command could not be started: {ended.message}.", status="error")
    text, truncated = output_text(spool)
    notes = _notes(job, ended, seconds)
    if not text.strip() and not notes:
        notes = ["(It printed nothing.)"]
    content = "\n".join(part for part in (text.rstrip("\n"), *notes) if part)
    facts: ResultFacts = {"exit_code": ended.code, "signal": ended.signal, "bytes": spool.total}
    return Outcome(
        content,
        status="ok" if ended.ok else "error",
        path=spool.name if truncated else "",
        truncated=truncated,
        data=facts,
    )


def output_text(spool: Spool) -> tuple[str, bool]:
    """A command's output for the model, and whether a part of it is left out."""
    whole = spool.summary()
    if isinstance(whole, bytes):
        if looks_binary(whole):
            return f"(binary output, {spool.total:,} bytes, kept in {spool.path})", True
        return readable(whole), False
    head, left_out, tail = whole
    if looks_binary(head):
        return f"(binary output, {spool.total:,} bytes, kept in {spool.path})", True
    return (
        f"{readable(head)}\n\n(… {left_out:,} bytes left out here; all {spool.total:,} are in "
        f"{spool.path}, which Read and Grep can read …)\n\n{readable(tail)}",
        True,
    )


def _notes(job: Job, ended: process.ProcessEnd, seconds: float) -> list[str]:
    notes: list[str] = []
    if ended.why == "timeout":
        notes.append(
            f"(It was ended after {seconds:g} s. Give a longer timeout (in milliseconds), "
            "or use run_in_background.)"
        )
    elif ended.why == "stopped":
        notes.append("(It was ended before it was done.)")
    elif ended.signal is not None:
        notes.append(f"(It was ended by signal {ended.signal}.)")
    elif ended.code:
        notes.append(f"(Exit code {ended.code}.)")
    if ended.left and not ended.why:
        notes.append(
            f"({ended.left} processes that it left behind were ended; use run_in_background for "
            "what is to go on.)"
        )
    if ended.stuck:
        notes.append(f"({ended.stuck} processes could not be ended; they belong to another user.)")
    if fault := job.running.spool.fault:
        notes.append(f"(Of its output, {fault}.)")
    for told in job.aside:
        notes.append(f"({told})")
    return notes


def _job(args: ev.JSON, state: ToolState, key: str) -> Job:
    job = state.jobs.get(args[key])
    if job is None:
        names = ", ".join(state.jobs) or "none"
        raise ToolFault(f"No background command is called {args[key]!r}. There are: {names}.")
    return job


class BashOutputTool:
    """What a background command has printed since the last look."""

    name = "BashOutput"
    definition = define(
        "BashOutput",
        "What a background command has printed since it was last asked, and whether it runs.",
        {
            "bash_id": {"type": "string", "description": "As Bash returned it, such as bash_1."},
            "filter": {"type": "string", "description": "Only lines that fit this expression."},
        },
        ["bash_id"],
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """The command."""
        return frozenset({f"job {args['bash_id']}"}), True

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Free: starting it was allowed."""
        return Verdict("allow", quiet=True)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Read on."""
        job = _job(args, ctx.state, "bash_id")
        fits = None
        if pattern := args.get("filter"):
            try:
                fits = re.compile(pattern)
            except re.error as error:
                raise ToolFault(f"The filter is no regular expression: {error}.") from error
        spool = job.running.spool
        data = spool.read(job.read, _PART_BYTES)
        done = job.end
        if b"\n" in data and done is None:
            data = data[: data.rindex(b"\n") + 1]  # a line that is not complete waits
        job.read += len(data)
        text = readable(data)
        if fits is not None:
            text = "\n".join(line for line in lines(text) if fits.search(line[:2000]))
        state = "It runs." if done is None else " ".join(_notes(job, done, 0)) or "(Exit code 0.)"
        more = spool.kept - job.read
        rest = f"\n({more:,} bytes more; ask again.)" if more > 0 and done is not None else ""
        return Outcome(f"{text.rstrip()}\n{state}{rest}".lstrip("\n"))


class KillBashTool:
    """End a background command."""

    name = "KillBash"
    definition = define(
        "KillBash",
        "End a background command and everything that it has started.",
        {"shell_id": {"type": "string", "description": "As Bash returned it, such as bash_1."}},
        ["shell_id"],
    )

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """The command."""
        return frozenset({f"job {args['shell_id']}"}), True

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Free: it ends only what was started here."""
        return Verdict("allow", quiet=True)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """End it and wait until it has."""
        job = _job(args, ctx.state, "shell_id")
        if job.running.done:
            return Outcome(f"{job.id} had ended already.")
        job.stop()
        await job.ended()
        return Outcome(f"{job.id} was ended.")
