"""Programs that do what programs should not, and sizes that nobody would choose."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import time
from pathlib import Path

import pytest

from sessions.engine.terminal_views import line
from sessions.errors import AgentdeckError, UsageError
from sessions.terminals.escape_sequences import TerminalMark
from sessions.terminals.orphans import remember, sweep
from sessions.terminals.printed_bytes import PrintedBytes
from sessions.terminals.pty import Pty
from sessions.terminals.terminal import LiveTerminal
from sessions.terminals.watching import TerminalPiece
from tests.support.deckrig import Rig
from tests.support.rig import alive, until
from tests.unit.terminals.looking import Looking, whole


async def test_one_that_dies_at_once_is_shown_whole(looking: Looking) -> None:
    for _ in range(3):
        terminal = await looking.new("sh", "-c", "printf 'last words'; kill -9 $$")
        ended = await looking.ended(terminal)
        assert looking.state(terminal)["code"] == -9
        assert ended.error == "Signal 9 ended it."
        await looking.watch(terminal)
        seen = looking.seen[terminal]
        await until(lambda s=seen: any(piece.end for piece in s))
        assert looking.text(terminal) == b"last words"


async def test_one_that_lets_go_of_its_terminal_is_waited_for(looking: Looking) -> None:
    terminal = await looking.new("sh", "-c", "exec >/dev/null 2>&1 </dev/null; sleep 0.2; exit 5")
    await looking.ended(terminal)
    assert looking.state(terminal)["code"] == 5


async def test_bytes_that_are_no_text_come_as_they_are(looking: Looking, rig: Rig) -> None:
    noise = bytes(b for b in random.Random(1).randbytes(50_000) if b not in (7, 10, 13, 27))
    (rig.root / "noise").write_bytes(noise)
    terminal = await looking.new("sh", "-c", "stty raw; cat noise", cwd=str(rig.root))
    told = await looking.watch(terminal)
    await looking.ended(terminal)
    await until(lambda: looking.seen[terminal][-1].end)
    assert whole(looking.seen[terminal], told["start"]) == noise


async def test_a_thousand_sizes_end_with_the_last(looking: Looking) -> None:
    terminal = await looking.new("sh", "-c", "read -r a; stty size")
    await looking.watch(terminal, columns=10, rows=3)
    for number in range(1000):
        size = {"columns": 10 + number % 90, "rows": 3 + number % 40}
        await looking.client.call("terminal.size", session=terminal, **size)
    await looking.client.call("terminal.size", session=terminal, columns=10, rows=3)
    await until(lambda: looking.sizes(terminal)[-1:] == [(10, 3)])
    assert len(looking.sizes(terminal)) < 500
    for columns, rows in ((0, 0), (-5, 10**9)):
        await looking.client.call("terminal.size", session=terminal, columns=columns, rows=rows)
    await looking.client.call("terminal.size", session=terminal, columns=10, rows=3)
    await until(lambda: looking.sizes(terminal)[-1:] == [(10, 3)])
    await looking.type(terminal, b"\r")
    await looking.shows(terminal, b"3 10")


async def test_one_that_is_deleted_leaves_nothing_running(looking: Looking, rig: Rig) -> None:
    terminal = await looking.new("sleep", "100")
    pid = rig.deck.features.terminals.of(rig.deck.sessions[terminal]).terminal.pid
    await looking.client.call("session.delete", session=terminal)
    await until(lambda: not alive(pid))
    with pytest.raises(AgentdeckError):
        await looking.watch(terminal)


async def test_one_of_a_machine_that_is_no_host_any_more_says_so(
    looking: Looking, rig: Rig
) -> None:
    terminal = await looking.new("sleep", "100")
    assert rig.deck.busy  # the engine stays while a program runs
    rig.deck.sessions[terminal].summary.host = "build"
    for asked in (looking.watch(terminal), looking.type(terminal, b"x")):
        with pytest.raises(AgentdeckError, match="No host is called build"):
            await asked


async def test_an_ended_one_is_started_again_in_its_place(looking: Looking) -> None:
    terminal = await looking.new("sh", "-c", "echo again; read -r a")
    with pytest.raises(AgentdeckError, match="runs"):
        await looking.client.call("terminal.again", session=terminal)
    await looking.client.call("terminal.kill", session=terminal)
    await looking.ended(terminal)
    await looking.client.call("terminal.again", session=terminal)
    await until(lambda: bool(looking.state(terminal)["running"]))
    await looking.watch(terminal)
    await looking.shows(terminal, b"again")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no list of them")
async def test_one_that_cannot_begin_leaves_no_terminal_open() -> None:
    def open_terminals() -> int:
        gc.collect()  # what earlier tests left would go meanwhile
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(str(link.readlink()).startswith(("/dev/pts/", "/dev/ptmx")) for link in links)

    before = open_terminals()
    for _ in range(3):
        with pytest.raises(UsageError, match="can't be started"):
            Pty.start(["a\0b"], cwd=Path("/"), env={}, size=(80, 24), on_exit=lambda _: None)
    assert open_terminals() == before


async def test_what_ignores_the_end_of_a_killed_engine_is_ended_by_the_next(rig: Rig) -> None:
    started = await asyncio.create_subprocess_exec("sleep", "100", start_new_session=True)
    pids = rig.root / "pids"
    remember(pids, started.pid)
    assert sweep(pids) == 1
    assert await started.wait() == -9
    remember(pids, os.getpid())
    (pids / str(os.getpid())).write_text("another start")
    assert sweep(pids) == 0


def test_what_is_kept_is_bounded_and_begins_at_a_line() -> None:
    kept = PrintedBytes((80, 24), most=100_000)
    kept.add(b"\x1b[?1049h")
    for number in range(20_000):
        kept.add(b"line %d\r\n" % number)
        if number == 10_000:
            kept.resized(100, 30)
    assert kept.end - kept.start <= 140_000
    assert kept.preamble() == b"\x1b[?1049h"
    data, size = kept.since(kept.start, 2**20)
    assert data.startswith(b"line ")
    assert data.endswith(b"line 19999\r\n")
    assert (size, kept.size_at(kept.start)) == (None, (100, 30))


def test_a_piece_is_a_line_of_json() -> None:
    piece = TerminalPiece(7, b"\x1b", (80, 24), end=True)
    told = b'{"terminal":"s","at":7,"data":"Gw==","size":[80,24],"end":true}\n'
    assert line("s", piece) == told


class _Heard:
    """Takes long over what it is told, once for all that was read at a time."""

    def __init__(self) -> None:
        self.read = 0
        self.shares: list[int] = []
        self.fails = True

    def source(self) -> bytes:
        self.read += 1
        return b"a" * 4095 + b"\x07"

    def marked(self, mark: TerminalMark) -> None:
        if self.read:
            self.shares.append(self.read)
            self.read = 0
            time.sleep(0.011)
        if self.fails:
            self.fails = False
            raise RuntimeError("what it said could not be taken in")

    def drawn(self, data: bytes) -> None: ...
    def printed(self, raw: bytes, mark: bool) -> None: ...
    def sized(self, columns: int, rows: int) -> None: ...
    def ended(self, code: int | None) -> None: ...


async def test_one_whose_output_takes_long_is_read_in_smaller_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = _Heard()
    terminal = LiveTerminal(heard, (80, 24))
    terminal.start(
        lambda on_exit: Pty.start(
            ["sh", "-c", "echo; read -r a"], cwd=Path("/"), env={}, size=(80, 24), on_exit=on_exit
        )
    )
    monkeypatch.setattr(Pty, "read", lambda _: heard.source())
    await until(lambda: heard.shares[-1:] == [1])
    assert heard.shares[0] == 16
    terminal.close()
