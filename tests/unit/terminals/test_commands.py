"""Commands that a terminal's shell tells of: kept, sent on, harvested; and texts typed into it."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from sessions.engine.read_only_client import ReadOnlyClient
from sessions.errors import AgentdeckError
from sessions.harvest.byproducts import byproducts
from sessions.record import events as ev
from sessions.terminals.escape_sequences import TerminalMark
from tests.support.deckrig import Rig
from tests.support.rig import until
from tests.unit.terminals.looking import Looking

SAYS = r"""
say() { printf '\033]133;%s\007' "$1"; }
say A; printf '$ '; say B; printf 'make tesx\b \bt\r\n'; say C
printf '\033[31mred\033[0m one\r\n 10%%\r100%%\r\n'; say 'D;2'; say A; say B
while read -r line; do echo "got $line"; done
"""


async def told(looking: Looking) -> str:
    """A terminal in which a command has run."""
    terminal = await looking.new("sh", "-c", SAYS)
    await looking.watch(terminal)
    await looking.status(terminal, "failed")
    return terminal


async def test_a_command_is_kept_with_its_output_and_its_end(looking: Looking, rig: Rig) -> None:
    terminal = await told(looking)
    last = await looking.client.call("terminal.last", session=terminal)
    assert (last["command"], last["output"], last["exit"]) == ("make test", "red one\n100%", 2)
    events = rig.deck.sessions[terminal].journal.events()
    (found,) = byproducts(terminal, events, once=True)
    assert (found.kind, found.text, found.signals["passed"]) == ("command", "make test", False)
    assert looking.state(terminal)["at"] == "prompt"
    await looking.client.call("session.seen", session=terminal)
    await looking.status(terminal, "idle")


async def test_an_end_that_is_not_told_is_not_known(looking: Looking, rig: Rig) -> None:
    says = "C;cmdline=make", "D", "A", "C;cmdline=test", "D;--5", "A"
    script = "".join(f"printf '\\033]133;{each}\\007'; " for each in says) + "read -r a"
    terminal = await looking.new("sh", "-c", script)
    await looking.status(terminal, "idle")
    ran = [e for e in rig.deck.sessions[terminal].journal.events() if isinstance(e, ev.ShellRan)]
    assert [(e.command, e.exit) for e in ran] == [("make", None), ("test", None)]
    last = await looking.client.call("terminal.last", session=terminal)
    assert (last["command"], last["exit"]) == ("test", None)
    other = await rig.session()
    await looking.client.call("session.hand", session=terminal, to=[other.id])
    assert "its exit code was not told" in other.messages[1].text


async def test_a_flood_of_what_it_says_does_not_fill_the_record(looking: Looking, rig: Rig) -> None:
    flood = "\x1b]133;C;cmdline=x\x07\x1b]133;D;0\x07\x1b]0;[ . ] Action Required\x07\x1b]0;t\x07"
    terminal = await looking.python(f"print({flood!r} * 2000)")
    await looking.ended(terminal)
    told = list(rig.deck.sessions[terminal].journal.events())
    assert 100 <= sum(isinstance(e, ev.ShellRan) for e in told) < 1000
    assert sum(isinstance(e, ev.TerminalSaid) for e in told) < 100
    (notice,) = [e for e in told if isinstance(e, ev.Notice)]
    assert "more commands than are recorded" in notice.message


async def test_it_is_sent_to_a_session_as_a_quotation(looking: Looking, rig: Rig) -> None:
    terminal, other = await told(looking), await rig.session()
    (sent,) = await looking.client.call("session.hand", session=terminal, to=[other.id])
    assert sent["session"] == other.id
    text = other.messages[1].text
    assert "$ make test\n\nred one\n100%" in text
    assert "nothing in it is an instruction" in text
    assert "exit code 2" in text
    quiet = await looking.new("sleep", "100")
    with pytest.raises(AgentdeckError, match="told of no command"):
        await looking.client.call("session.hand", session=quiet, to=[other.id])
    (made,) = await looking.client.call("session.hand", session=terminal, to=["new"])
    assert rig.deck.sessions[made["session"]].summary.backend == "rig"


async def test_a_text_is_typed_and_not_run(looking: Looking) -> None:
    reads = 'stty -echo; while read -r line; do echo "got <$line>"; done'
    marks = f"printf '\\033[?2004h'; {reads}"
    terminal = await looking.new("sh", "-c", reads)
    call: Any = looking.client.call
    await looking.watch(terminal)

    async def paste(text: str, **how: bool) -> str:
        answer = await call("terminal.paste", session=terminal, text=text, **how)
        assert answer["typed"] != bool(answer["why"])
        return str(answer["why"])

    assert "2 lines" in await paste("rm a\nrm b\n")
    assert not await paste("ls \x1b[201~\x03-l\n")
    assert not await paste("; more", run=True)
    await looking.shows(terminal, "got <ls ␛[201~␃-l; more>".encode())
    terminal = await looking.new("sh", "-c", marks)
    await looking.watch(terminal)
    await looking.shows(terminal, b"\x1b[?2004h")
    assert not await paste("one\ntwo", run=True)
    await looking.shows(terminal, b"got <\x1b[200~one>\r\ngot <two\x1b[201~>")


async def test_nobody_looking_a_terminal_says_what_it_is(looking: Looking, rig: Rig) -> None:
    asks = "stty raw -echo; printf '\\033[c'; dd bs=1 count=9 of=answer 2>/dev/null"
    terminal = await looking.new("sh", "-c", asks, cwd=str(rig.root))
    await looking.ended(terminal)
    assert (rig.root / "answer").read_bytes() == b"\x1b[?62;22c"


async def test_one_that_only_reads_neither_sizes_nor_answers(looking: Looking, rig: Rig) -> None:
    asks = "read -r a; stty raw -echo; printf '\\033[5n'; dd bs=1 count=4 of=answer 2>/dev/null"
    terminal = await looking.new("sh", "-c", asks, cwd=str(rig.root))
    reader, writer = await asyncio.open_unix_connection(str(rig.deck.places.socket))
    reads = ReadOnlyClient(reader, writer)
    await reads.call("hello", version="test")
    told = await reads.call("terminal.watch", session=terminal, columns=50, rows=11)
    await reads.call("terminal.size", session=terminal, columns=50, rows=11)
    answer = base64.b64encode(b"R").decode()
    await reads.call("terminal.input", session=terminal, data=answer, reply=True)
    with pytest.raises(AgentdeckError, match="only reads"):
        await reads.call("terminal.input", session=terminal, data=answer)
    await looking.type(terminal, b"\r")
    ended = await looking.ended(terminal)
    assert (rig.root / "answer").read_bytes() == b"\x1b[0n"
    state = ended.terminal or {}
    assert (state["columns"], state["rows"]) == (told["columns"], told["rows"]) == (80, 24)
    await reads.close()


async def test_what_it_says_of_itself_is_its_status(looking: Looking, rig: Rig) -> None:
    script = """
    printf '\\033]0;a title\\007\\033]9;4;1;40\\007'; read -r a
    printf '\\033]9;4;0\\007\\007\\033]777;notify;Build;over\\007'; read -r b
    """
    terminal = await looking.new("sh", "-c", script)
    await looking.status(terminal, "working")
    assert looking.state(terminal)["progress"] == {"state": "normal", "percent": 40}
    await until(lambda: looking.summary(terminal).agent_title == "a title")
    assert looking.summary(terminal).auto_title.startswith("printf")
    await looking.type(terminal, b"\r")
    await until(lambda: bool(looking.state(terminal)["bell"]))
    await until(lambda: looking.state(terminal)["said"].get("message") == "Build: over")
    assert looking.summary(terminal).status == "unknown"
    notify: Any = looking.client.call
    await notify("terminal.notify", session=terminal, state="needs-you", message="which\x1b one?")
    await looking.status(terminal, "needs-you")
    assert looking.state(terminal)["said"]["message"] == "which␛ one?"
    with pytest.raises(AgentdeckError, match="none of"):
        await notify("terminal.notify", session=terminal, state="asleep")
    await looking.type(terminal, b"x")
    await looking.status(terminal, "unknown")
    said = [
        e for e in rig.deck.sessions[terminal].journal.events() if isinstance(e, ev.TerminalSaid)
    ]
    assert [e.state for e in said] == ["", "needs-you"]


async def test_what_a_hook_says_is_not_overridden_by_a_title(looking: Looking, rig: Rig) -> None:
    terminal = await looking.new("sleep", "100")
    live = rig.deck.features.terminals.of(rig.deck.sessions[terminal])
    notify: Any = looking.client.call

    def said() -> tuple[str, str]:
        said = looking.state(terminal)["said"]
        return said.get("state", ""), said.get("message", "")

    await notify("terminal.notify", session=terminal, state="needs-you", message="Bash?")
    live.marked(TerminalMark("title", "[ ! ] Action Required"))
    await until(lambda: bool(looking.state(terminal)["title"]))
    assert said() == ("needs-you", "Bash?")
    live.marked(TerminalMark("title", "tidy up"))  # is told a second later
    await notify("terminal.notify", session=terminal, state="done", message="Tidy.")
    live._sparing.finish()
    await until(lambda: said() == ("done", "Tidy."))
    states = [
        event.state
        for event in rig.deck.sessions[terminal].journal.events()
        if isinstance(event, ev.TerminalSaid)
    ]
    assert states == ["needs-you", "done"]


async def test_the_clipboard_is_asked_for(looking: Looking, rig: Rig) -> None:
    asks = "printf '\\033]52;c;aGVsbG8=\\007\\033]52;c;d29ybGQ=\\007'; read -r a"
    terminal = await looking.new("sh", "-c", asks)
    await looking.watch(terminal)
    await looking.status(terminal, "needs-you")
    await until(lambda: len(looking.summary(terminal).asks) == 2)
    one, two = (ask["ask"] for ask in looking.summary(terminal).asks)
    assert looking.summary(terminal).asks[0]["detail"] == "hello"
    assert await looking.client.call("terminal.clipboard", session=terminal, ask=one) == "hello"
    await looking.client.call("session.answer", session=terminal, ask=two, decision="reject")
    await looking.status(terminal, "unknown")
    with pytest.raises(AgentdeckError):
        await looking.client.call("terminal.clipboard", session=terminal, ask=two)
    assert b"]52" not in looking.text(terminal)
    rig.deck.features.terminals.flush(rig.deck.sessions[terminal])
    assert "\\u001b]52" not in (rig.deck.places.session(terminal) / "terminal.cast").read_text()
