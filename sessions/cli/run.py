"""`agentdeck run`: one session without the deck, its turn run to the end."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from sessions.cli.output import CONTEXT
from sessions.cli.run_output import TurnOutput
from sessions.cli.run_remedies import remedy
from sessions.errors import AgentdeckError, NeedsPerson, UsageError
from sessions.record import events as ev
from sessions.record.closed_sets import PERMISSIONS, WENT_THROUGH, Permission

if TYPE_CHECKING:
    from sessions.api.requests import SessionEdits
    from sessions.engine.client import Client
    from sessions.record.summary_parts import AttachedFile


@dataclass(slots=True)
class RunOptions:
    """What the command line says."""

    prompt: str
    backend: str = ""
    model: str = ""
    profile: str = ""
    cwd: str = ""
    skills: tuple[str, ...] = ()
    prime: tuple[str, ...] = ()
    mcp: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    session: str = ""
    permission: Permission | Literal[""] = ""
    title: str = ""
    max_turns: int = 0
    budget: str = ""
    worktree: bool | None = None
    base: str = ""
    host: str = ""
    bring: bool = False
    as_json: bool = False
    confirmed_full: bool = False


@click.command(context_settings=CONTEXT)
@click.argument("prompt")
@click.option("--profile", default="", help="A profile of the configuration.")
@click.option("--backend", default="", metavar="NAME", help="What answers.")
@click.option("--model", default="", metavar="ID", help="The model.")
@click.option("--cwd", default="", metavar="DIR", help="The working directory (default: here).")
@click.option("--skill", "skills", multiple=True, metavar="NAME", help="Switch a skill on.")
@click.option(
    "--prime", multiple=True, metavar="KIND[:key=value,…]", help="Prime the session first."
)
@click.option("--mcp", multiple=True, metavar="NAME", help="Switch an MCP server on.")
@click.option("--attach", "--image", "attached", multiple=True, metavar="FILE",
              help="Attach a picture or a text file.")  # fmt: skip
@click.option("--session", default="", metavar="ID", help="Go on with a session.")
@click.option("--permission", default="", type=click.Choice(["", *PERMISSIONS]), metavar="MODE",
              help="read-only, ask, edit or full.")  # fmt: skip
@click.option("--title", default="", help="The session's title.")
@click.option("--worktree/--no-worktree", default=None,
              help="In a git worktree, on a branch of its own.")  # fmt: skip
@click.option("--base", default="", metavar="REF",
              help="Where that branch begins (default: what is checked out).")  # fmt: skip
@click.option("--host", default="", metavar="NAME",
              help="On that machine of [hosts]; --cwd is a directory there.")  # fmt: skip
@click.option(
    "--bring",
    is_flag=True,
    help="With --host: the repository of --cwd, which is here then, goes there.",
)
@click.option("--max-turns", default=0, metavar="N", help="Answers of the model, at most.")
@click.option("--budget", default="", metavar="LIMIT",
              help="What it may take: $2.50, 200k tokens, 3 h, 20 turns.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the events, one a line.")
@click.option("--yes-full", "confirmed_full", is_flag=True,
              help="Confirm `--permission full` where there is no sandbox.")  # fmt: skip
def run(**given: Any) -> None:
    """Run PROMPT (- reads it from stdin) in a session of its own and print the answer.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a permission or a limit needs a person,
    130 interrupted.
    """
    from sessions.runtime import attachments

    options = RunOptions(**given)
    if options.prompt == "-":
        options.prompt = sys.stdin.read()
    if not options.prompt.strip():
        raise UsageError("There is nothing to run: the prompt is empty.")
    if options.session and (options.worktree or options.base):
        raise UsageError(
            "A session that is there already has its place.", "Fork it, or begin a new one."
        )
    if options.bring and not options.host:
        raise UsageError("--bring needs --host: the machine that the repository goes to.")
    for name in options.attached:  # before a session is made for nothing
        attachments.read(Path(name).expanduser())
    if options.base and options.worktree is False:
        raise UsageError("--base says where a worktree begins; --no-worktree asks for none.")
    asyncio.run(_until_told(options))


async def _until_told(options: RunOptions) -> None:
    """Run, and take the turn along when the process is told to end, as with Ctrl+C.

    Raises SystemExit with 128 and the signal's number, as shells give it.
    """
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(_run(options))
    told: list[int] = []

    def end(number: int) -> None:
        told.append(number)
        work.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, end, number)
    try:
        await work
    except asyncio.CancelledError:
        if not told:
            raise
        raise SystemExit(128 + told[0]) from None


async def _run(options: RunOptions) -> None:
    from sessions.engine.client import Client

    client = await Client.connect()
    watching = TurnOutput(options.as_json)
    try:
        session = watching.session = await _session(client, options)
        client.on_event = watching.take
        client.on_summary = watching.summary
        client.on_lost = watching.lost
        if options.session:
            summary = await client.call("session.get", session=session)
            watching.after = summary["seq"]
        await client.call("session.watch", session=session, from_seq=1, compact=False)
        try:
            await _turn(client, session, options, watching)
        finally:
            if not options.session:
                with suppress(AgentdeckError):
                    await client.call("session.set", session=session, changes={"closed": True})
    finally:
        watching.forget()
        await client.close()


async def _session(client: Client, options: RunOptions) -> str:
    """The session to run in: a new one, or the one that was named."""
    if options.session:
        found = await client.call("session.find", wanted=options.session)
        changes = {
            key: value
            for key, value in (
                ("backend", options.backend),
                ("model", options.model),
                ("permission", options.permission),
                ("title", options.title),
            )
            if value
        }
        if changes:
            await client.call(
                "session.set", session=found["id"], changes=cast("SessionEdits", changes)
            )
        for name in options.skills:
            await client.call("session.skill", session=found["id"], name=name, state="on")
        if options.mcp:
            on = dict.fromkeys(options.mcp, True)
            await client.call("session.mcp", session=found["id"], changes=on)
        return found["id"]
    made = await client.call(
        "session.create",
        profile=options.profile,
        backend=options.backend,
        model=options.model,
        host=options.host,
        bring=_here(options) if options.bring else "",
        cwd=_folder(options),
        title=options.title,
        permission=options.permission,
        skills=dict.fromkeys(options.skills, "on"),
        mcp=list(options.mcp),
        max_steps=options.max_turns,
        budget=options.budget,
        confirmed_full=options.confirmed_full,
        strict=True,
        worktree=options.worktree,
        base=options.base,
        about=" ".join(options.prompt.split())[:80],
    )
    return made["id"]


def _folder(options: RunOptions) -> str:
    """The working directory; on another machine as it is called there, "" = home."""
    if options.host:
        return "" if options.bring else options.cwd
    return _here(options)


def _here(options: RunOptions) -> str:
    return str(Path(options.cwd or ".").expanduser().resolve())


async def _send(client: Client, session: str, options: RunOptions, watching: TurnOutput) -> None:
    """Send the prompt. Raises UsageError when another turn runs, which is left alone."""
    files: list[AttachedFile] = [
        {"file": str(Path(name).expanduser().resolve())} for name in options.attached
    ]
    sent = await client.call(
        "session.send", session=session, text=options.prompt, attachments=files
    )
    if sent.get("hidden"):
        told = "The prompt holds a key: the model reads [key hidden] in its place."
        click.echo(told, err=True)
    watching.wait_for(sent.get("turn") or 0)
    if not watching.turn:
        raise UsageError("The session runs another turn.", "Wait for its end, or use another.")


async def _turn(client: Client, session: str, options: RunOptions, watching: TurnOutput) -> None:
    """Prime, send, and wait for the end. Raises AgentdeckError for every end but a good one."""
    for wanted in options.prime:
        await client.call("priming.run", session=session, wanted=wanted)
    try:
        # Whoever interrupts while the sending is answered interrupts the turn all the same.
        await _send(client, session, options, watching)
        both: set[asyncio.Future[Any]] = {watching.ended, watching.asked}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if watching.ended.done():
            watching.ended.result()
    except UsageError:
        raise
    except (asyncio.CancelledError, OSError, AgentdeckError):
        with suppress(AgentdeckError):
            await client.call("session.interrupt", session=session)
        raise
    if not watching.ended.done():
        asked = watching.asked.result()
        what = asked.summary or asked.tool
        why = f"Nobody was there to allow it ({what}), so the turn was ended."
        await client.call("session.interrupt", session=session, why=why)
        await watching.ended
        summary = await client.call("session.get", session=session)
        there = client.on_host(summary["host"])
        inside = await there.call("deck.sandbox", backend=summary["backend"])
        helps = remedy(asked, summary, inside, confirmed_full=options.confirmed_full)
        lacks = "an answer" if asked.detail_kind == "question" else "a permission"
        raise NeedsPerson(
            f"It stopped: {what} needs {lacks}. {asked.why}".strip(),
            f"{asked.detail}\n{helps}".strip(),
        )
    _judge(watching.ended.result(), watching.error)


def _judge(ended: ev.TurnEnded, error: str) -> None:
    if ended.reason in WENT_THROUGH:
        return
    if ended.reason in ("limit", "max_turns"):
        raise NeedsPerson(f"It stopped at a limit: {ended.detail or ended.reason}.")
    if ended.reason == "interrupted" and ended.detail:
        raise AgentdeckError(ended.detail)
    if ended.reason == "interrupted":
        raise KeyboardInterrupt
    raise AgentdeckError(error or f"The turn failed: {ended.detail or ended.reason}.")
