"""A terminal is a session whose program goes on by itself, on a pty of the engine's."""

from __future__ import annotations

import os
from typing import Any

import pytest

from sessions.engine.server import Server
from sessions.errors import AgentdeckError, UsageError
from sessions.record import events as ev
from sessions.record import terminal_state
from tests.support.deckrig import Rig
from tests.support.rig import alive, until
from tests.unit.terminals.looking import Looking, whole

WAITS = "while :; do read line; echo got $line; done"


async def test_a_program_is_seen_typed_to_and_ends_with_its_code(looking: Looking) -> None:
    terminal = await looking.new("sh", "-c", "tty; read line; stty size; echo got $line; exit 3")
    told = await looking.watch(terminal, columns=100, rows=30)
    assert (told["columns"], told["rows"], told["whole"]) == (80, 24, True)
    await until(lambda: (100, 30) in looking.sizes(terminal))
    await looking.shows(terminal, b"/dev/pts/")
    await looking.type(terminal, b"some words\r")
    ended = await looking.ended(terminal)
    assert (ended.status, ended.terminal and ended.terminal["code"]) == ("failed", 3)
    await until(lambda: looking.seen[terminal][-1].end)
    text = whole(looking.seen[terminal], told["start"])
    assert text.startswith(b"/dev/pts/")
    assert b"30 100\r\ngot some words" in text
    with pytest.raises(AgentdeckError):
        await looking.type(terminal, b"x")


async def test_two_look_on_and_the_one_that_types_decides_the_size(
    looking: Looking, rig: Rig, server: Server
) -> None:
    other = await Looking.attach(rig)
    terminal = await looking.new("sh", "-c", WAITS)
    await looking.watch(terminal, columns=100, rows=30)
    await other.watch(terminal, columns=40, rows=10)
    await until(lambda: looking.sizes(terminal)[-1:] == [(40, 10)])
    await looking.type(terminal, b"one\r")
    await looking.shows(terminal, b"got one")
    await other.shows(terminal, b"got one")
    await until(lambda: other.sizes(terminal)[-1:] == [(100, 30)])
    await looking.client.close()  # it goes on, and is as large as who is left
    await until(lambda: other.sizes(terminal)[-1:] == [(40, 10)])
    await other.type(terminal, b"two\r")
    await other.shows(terminal, b"got two")
    third = await Looking.attach(rig)
    told = await third.watch(terminal)
    await third.shows(terminal, b"got two")
    assert whole(third.seen[terminal], told["start"]) == whole(other.seen[terminal], 0)
    await third.client.close()
    await other.client.close()


async def test_what_never_ends_is_killed_with_all_that_it_started(looking: Looking) -> None:
    stubborn = "trap '' HUP TERM INT; (trap '' HUP TERM; sleep 100) & echo pid $!; kill -STOP $$"
    terminal = await looking.new("bash", "-c", stubborn)
    await looking.watch(terminal)
    await until(lambda: b"\n" in looking.text(terminal))
    child = int(looking.text(terminal).split()[1])
    assert alive(child)
    await looking.client.call("terminal.kill", session=terminal)
    ended = await looking.ended(terminal)
    assert ended.status == "idle"
    await until(lambda: not alive(child))


async def test_the_end_of_the_deck_ends_its_programs_and_their_rows_say_so(
    rig: Rig,
) -> None:
    session = await rig.deck.features.terminals.new(["sleep", "100"])
    live = rig.deck.features.terminals.of(session)
    pid = live.terminal.pid
    await rig.close()
    assert not alive(pid)
    assert session.summary.terminal is not None
    assert session.summary.error == "The engine stopped, and the terminal with it."
    assert session.summary.status == "cut-off"
    terminal_state.seen(session.summary)
    assert str(session.summary.status) == "idle"


async def test_a_program_that_floods_waits_for_who_looks_on(looking: Looking, rig: Rig) -> None:
    terminal = await looking.new("yes", "0123456789")
    beside = await looking.new("sh", "-c", WAITS)
    told = await looking.watch(terminal)
    await looking.watch(beside)
    await until(lambda: len(looking.text(terminal)) >= 2**18)
    for word in (b"one", b"two"):
        await looking.type(beside, word + b"\r")
        await looking.shows(beside, b"got " + word)
    assert len(looking.text(terminal)) == 2**18  # no more than a window ahead
    whole(looking.seen[terminal], told["start"])
    await looking.client.call("terminal.took", session=terminal, at=told["start"] + 2**18)
    await until(lambda: len(looking.text(terminal)) == 2**19)
    await until(lambda: looking.client.summaries[terminal].status == "unknown")
    kept = rig.deck.features.terminals.of(rig.deck.sessions[terminal]).terminal.kept
    await until(lambda: not kept.whole)  # who takes nothing holds it up for a moment only
    await looking.client.call("terminal.took", session=terminal, at=kept.end)
    await until(lambda: looking.seen[terminal][-1].lost)
    assert (await looking.watch(terminal))["start"] > 0


async def test_one_that_does_not_read_is_no_place_to_type(looking: Looking) -> None:
    terminal = await looking.python("import tty, time; tty.setraw(0); print('raw'); time.sleep(99)")
    await looking.watch(terminal)
    await looking.shows(terminal, b"raw")
    with pytest.raises(UsageError, match="does not read"):
        for _ in range(9):
            await looking.type(terminal, b"x" * 2**15)


async def test_a_long_paste_waits_until_it_is_read(looking: Looking) -> None:
    terminal = await looking.new(
        "sh", "-c", "stty raw -echo; echo raw; head -c 200000 | wc -c; sleep 99"
    )
    await looking.watch(terminal)
    await looking.shows(terminal, b"raw")
    await looking.type(terminal, b"x" * 200_000)
    await looking.shows(terminal, b"200000")
    with pytest.raises(UsageError, match="at once"):
        await looking.type(terminal, b"x" * (2**20 + 1))


@pytest.mark.parametrize(
    ("argv", "how", "why"),
    [
        (["no-such-program"], {}, "no program"),
        (["sh"], {"cwd": "/no/such/place"}, "no directory"),
        (["sh"], {"session": "nobody"}, "no session"),
    ],
)
async def test_what_can_not_begin_is_refused_and_leaves_nothing(
    looking: Looking, rig: Rig, argv: list[str], how: dict[str, Any], why: str
) -> None:
    with pytest.raises(AgentdeckError, match=why):
        await looking.new(*argv, **how)
    assert await rig.deck.all_summaries() == []


async def test_a_terminal_takes_no_messages(looking: Looking) -> None:
    terminal = await looking.new("sh", "-c", "echo there; exec sleep 100")
    await looking.watch(terminal)
    await looking.shows(terminal, b"there")  # before that a Ctrl+C would meet nobody
    ask: Any = looking.client.call
    refused: dict[str, dict[str, Any]] = {
        "session.send": {"text": "Hi"}, "session.fork": {}, "session.again": {},
        "session.set": {"changes": {"backend": "rig"}}, "session.compact": {},
    }  # fmt: skip
    for command, args in refused.items():
        with pytest.raises(AgentdeckError):
            await ask(command, session=terminal, **args)
    await looking.client.call("session.interrupt", session=terminal)  # as Ctrl+C
    ended = await looking.ended(terminal)
    assert ended.terminal is not None
    assert ended.terminal["code"] == -2


async def test_the_environment_has_keys_only_for_the_users_own_shell(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "a-key-of-some-length-123")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    monkeypatch.setenv("SHELL", "/bin/sh")
    shown = b"SOME_API_KEY="
    for argv, there in ((["env"], False), ([], True)):
        terminal = await looking.new(*argv)
        await looking.watch(terminal)
        if not argv:
            await looking.type(terminal, b"env; exit\r")
        await looking.ended(terminal)
        await until(lambda t=terminal: looking.seen[t][-1].end)
        text = looking.text(terminal)
        assert (shown in text, b"TMUX=" in text) == (there, False)
        assert f"AGENTDECK_TERMINAL={terminal}".encode() in text
        assert b"TERM=xterm-256color" in text


async def test_a_terminal_that_the_engines_end_cut_off_says_so(rig: Rig, looking: Looking) -> None:
    terminal = await looking.new("sleep", "100")
    session = rig.deck.sessions[terminal]
    pid = rig.deck.features.terminals.of(session).terminal.pid
    session.recorder.flush()
    again = await Rig.make(rig.root / "again")
    folder = again.deck.places.session(terminal)
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(session.journal.path.read_bytes())
    found = await again.deck.get(terminal)
    assert (found.summary.status, found.summary.open) == ("cut-off", False)
    assert any(isinstance(e, ev.TerminalEnded) for e in found.journal.events())
    await again.close()
    os.kill(pid, 9)
    await looking.ended(terminal)
