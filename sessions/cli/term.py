"""`agentdeck term`: a program on a terminal of the deck's, beside what has a protocol."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, Unpack

import click

from sessions.cli.asking import by_engine
from sessions.cli.output import CONTEXT, say, say_json
from sessions.cli.session_index import summary_of

if TYPE_CHECKING:
    from sessions.engine.client import Client
    from sessions.record.summary import SessionSummary


class _How(TypedDict):
    """The other options."""

    title: str
    keys: bool
    no_record: bool


class _Wished(TypedDict):
    """What `terminal.new` is asked for."""

    argv: list[str]
    title: str
    keys: NotRequired[bool]
    record: NotRequired[bool]
    session: NotRequired[str]
    cwd: NotRequired[str]


@click.command(context_settings=CONTEXT)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("-C", "--directory", default="", help="Where it begins. Default: here.")
@click.option("--beside", default="", metavar="SESSION", help="Where that session works: its "
              "directory, or its worktree.")  # fmt: skip
@click.option("--title", default="", help="What it is called, instead of as its program says.")
@click.option("--keys", is_flag=True, help="With your whole environment, keys in it too, as a "
              "shell has it anyway.")  # fmt: skip
@click.option("--no-record", is_flag=True, help="Nothing of what it shows is recorded.")
@click.option("--wait", is_flag=True, help="Until its program ends; with the same exit code.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def term(
    command: tuple[str, ...],
    directory: str,
    beside: str,
    wait: bool,
    as_json: bool,
    **how: Unpack[_How],
) -> int:
    """Start a program on a terminal in the deck, or your shell: agentdeck term -- COMMAND.

    It is seen in the deck, goes on when every deck is closed, and is a session like any other:
    listed, searched, archived. Its id is printed.
    """
    wished: _Wished = {"argv": list(command), "title": how["title"]}
    if how["keys"]:
        wished["keys"] = True
    if how["no_record"]:
        wished["record"] = False
    if beside:
        wished["session"] = summary_of(beside).id
    if directory or not beside:
        wished["cwd"] = str(Path(directory).expanduser().absolute())
    return asyncio.run(by_engine(lambda client: _begin(client, wished, wait, as_json)))


async def _begin(client: Client, wished: _Wished, wait: bool, as_json: bool) -> int:
    ended = asyncio.Event()
    made: SessionSummary | None = None

    def look(_: object) -> None:
        summary = client.summaries.get(made["id"]) if made is not None else None
        state = summary.terminal if summary is not None else None
        if state is not None and not state["running"]:
            ended.set()

    client.on_summary = look
    client.on_lost = lambda _: ended.set()
    made = await client.call("terminal.new", **wished)
    if not wait:
        _tell(made, as_json)
        return 0
    click.echo(made["id"], err=True)
    look(None)
    await ended.wait()
    summary = await client.call("session.get", session=made["id"])
    if as_json:
        say_json(summary)
    return _code(summary)


def _tell(made: SessionSummary, as_json: bool) -> None:
    if as_json:
        say_json(made)
    else:
        say(str(made["id"]))


def _code(summary: SessionSummary) -> int:
    code = summary["terminal"]["code"] if summary["terminal"] is not None else None
    return 1 if code is None else code if code >= 0 else 128 - code
