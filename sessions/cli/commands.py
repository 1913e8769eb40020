"""All commands of `agentdeck`, which are imported when they are called, so that `-h` is quick."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, NoReturn, TypeVar

import click

from sessions import VERSION
from sessions.cli.lazy import LazyGroup
from sessions.cli.output import CONTEXT
from sessions.errors import AgentdeckError, of_machine

# A disk or a quota without room; of files of ours, the record's own errors speak.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# Command → module, attribute, and one line for the help (so that nothing need be imported).
_COMMANDS = {
    "run": ("sessions.cli.run", "run", "Run one prompt without the deck."),
    "sessions": ("sessions.cli.sessions", "sessions", "List, show, search, export, delete."),
    "term": ("sessions.cli.term", "term", "A program on a terminal, in a tile of the deck."),
    "notify": (
        "sessions.cli.notify",
        "notify",
        "What a program on such a terminal is doing.",
    ),
    "worktrees": ("sessions.cli.worktrees", "worktrees", "Worktrees of sessions: list, prune."),
    "prime": ("sessions.cli.prime", "prime", "Draw tokens from outside a conversation."),
    "skills": ("sessions.cli.skills", "skills", "The library of skills."),
    "harvest": ("sessions.cli.harvest", "harvest", "Make a skill of what sessions left."),
    "plan": ("sessions.cli.plan", "plan", "From a spec to dozens of sessions to a report."),
    "usage": ("sessions.cli.usage", "usage", "Tokens and cost by day, model, backend, session."),
    "engine": ("sessions.cli.engine", "engine", "The process that runs the sessions."),
    "cluster": ("sessions.cli.cluster", "cluster", "The Ray cluster of plans: what nodes have."),
    "hosts": ("sessions.cli.hosts", "hosts", "Other machines whose sessions are in the deck."),
    "config": ("sessions.cli.config", "config", "Where the configuration is, and what it says."),
    "doctor": ("sessions.cli.doctor", "doctor", "What works here, and what does not."),
    "agents": ("sessions.cli.agents", "agents", "Agents: what is here, signing in."),
    "acp": ("sessions.cli.acp", "acp", "Be an agent for an editor that speaks ACP."),
    "serve": ("sessions.cli.serve", "serve", "The deck in a browser."),
    "completion": ("sessions.cli.completion", "completion", "Completion for your shell."),
}


E = TypeVar("E", bound=Exception)


class Commands(LazyGroup):
    """All commands, and their help without an import."""

    ELSEWHERE: ClassVar[Mapping[str, tuple[str, str]]] = {
        name: (module, attribute) for name, (module, attribute, _) in _COMMANDS.items()
    }

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and their lines."""
        rows = [(name, _COMMANDS[name][2]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=Commands, invoke_without_command=True, context_settings=CONTEXT)
@click.version_option(VERSION, "--version", "-V", prog_name="agentdeck")
@click.option("--read-only", is_flag=True, help="A deck that looks on and changes nothing.")
@click.pass_context
def cli(ctx: click.Context, read_only: bool) -> None:
    """A command center for people who run many model sessions at once.

    Without a command, the deck opens.
    """
    if ctx.invoked_subcommand is None:
        from sessions.cli.deck import open_deck

        ctx.exit(open_deck(read_only))
    if read_only:
        raise click.UsageError("--read-only is the deck's, and stands alone.", ctx)


def run() -> NoReturn:
    """Run the command; errors become sentences and exit codes, never tracebacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the terminal's encoding can't say is written as a mark, not refused.
            stream.reconfigure(errors="replace")
    code = _main(sys.argv[1:])
    try:
        if sys.stdout is not None:  # it was closed before the start
            sys.stdout.flush()
    except OSError as error:
        code = code or _unwritten(error)
        _drop_stdout()
    sys.exit(code)


def _main(args: list[str]) -> int:
    try:
        result = cli.main(args=args, prog_name="agentdeck", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        error.show()
        return 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone.
        _drop_stdout()
        return 1
    except AgentdeckError as error:
        _say(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the program's outermost boundary
        if isinstance(error, FileNotFoundError) and _gone():
            _say(AgentdeckError("The directory this was started in is gone.", "Go to another."))
            return 1
        if isinstance(error, OSError) and error.errno in _FULL:
            _drop_stdout()
            return _unwritten(error)
        refused = of_machine(error, "go on")
        if refused is not None and refused.hint:
            return _in_memory(_say, refused)
        return _in_memory(_crashed, error)


def _in_memory(tell: Callable[[E], object], error: E) -> int:
    """Tell what happened; where what hides keys finds no room either, that is what happened."""
    try:
        tell(error)
    except (ImportError, MemoryError, OSError, SystemError):
        click.echo("agentdeck: there is too little memory (see ulimit -v).", err=True)
    return 1


def _drop_stdout() -> None:
    """Let the interpreter's own flush at its end say nothing either."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unwritten(error: OSError) -> int:
    if not isinstance(error, BrokenPipeError):
        click.echo(f"agentdeck: it can't write: {error.strerror}.", err=True)
    return 1


def _gone() -> bool:
    """Whether the directory that this was started in is not there any more."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _say(error: AgentdeckError) -> None:
    from sessions.safety.sanitise import clean
    from sessions.safety.secrets_filter import hide

    click.echo(hide(clean(f"agentdeck: {error.message}")), err=True)
    if error.hint:
        click.echo(hide(clean(error.hint)), err=True)


def _crashed(error: Exception) -> int:
    """Put the traceback into the log and name it; no local variables are shown anywhere."""
    from sessions.paths import places, private_folder
    from sessions.safety import secrets_filter
    from skills import private_files

    try:
        log = places().log
        private_folder(log.parent)
        os.close(private_files.append(log))  # made for the user alone
        handler = logging.FileHandler(log)
        form = "%(asctime)s %(process)d %(name)s %(message)s"
        handler.setFormatter(secrets_filter.Formatter(form))
        logger = logging.getLogger("agentdeck.crash")
        logger.addHandler(handler)
        logger.error("crash", exc_info=error)
        where = f"The details are in {log}."
    except (OSError, AgentdeckError):
        where = "The log can't be written."
    click.echo(f"agentdeck: it failed: {type(error).__name__}. {where}", err=True)
    return 1
