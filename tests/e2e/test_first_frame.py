"""The deck's first frame stands there before the deck is imported, and nothing of it is wrong."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal
from tests.support.forked import begin_engine
from tui.terminal import first_frame

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-P", "-c", "from sessions.cli.main import main; main()"]
"""As a user's command begins it. Begun by `-m`, Python would end by SIGINT itself where that came
while it ran code of a string, as named tuples are made, although it was caught."""
SIZE = (120, 36)
LEAVE = b"\x1b[?1049l"
ENTER = first_frame.ENTER.encode()
FRAME = "\x1b[1;1H\x1b[1m agentdeck  starting…\x1b[0m\n\x1b[36;1H ^q leave"
"""What is kept where it does not matter what the deck looks like."""

_AT_TEXTUAL = """
import importlib.abc, sys

class AtTextual(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "textual":
            {do}

sys.meta_path.insert(0, AtTextual())
"""


class Gate:
    """Stands before Textual: a program waits there, or fails there, when it imports it."""

    def __init__(self, house: House, *, fails: bool = False) -> None:
        folder = house.root / "gate"
        folder.mkdir()
        self._pipe = folder / "opens"
        os.mkfifo(self._pipe)
        do = "raise RuntimeError('no Textual')" if fails else f"open({str(self._pipe)!r}).read()"
        (folder / "sitecustomize.py").write_text(_AT_TEXTUAL.format(do=do))
        path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
        self.env = {**house.env, "PYTHONPATH": path}

    def open(self) -> None:
        """Let the program go on."""
        self._pipe.write_bytes(b"")


@pytest.fixture
def engine(house: House) -> None:
    """An engine runs: a deck that comes up need not start one, which takes longer than the deck."""
    begin_engine(house.env)


@pytest.fixture
def gate(house: House) -> Gate:
    """A program waits until it is opened."""
    return Gate(house)


@pytest.fixture
def closed(house: House) -> Gate:
    """A program fails."""
    return Gate(house, fails=True)


def start(
    house: House, env: dict[str, str], size: tuple[int, int] = SIZE, *arguments: str
) -> Terminal:
    """The program, on a terminal of its own, which nobody has waited for yet."""
    terminal = Terminal(
        [*COMMAND, *arguments], cwd=house.work, env=env, columns=size[0], rows=size[1], fresh=True
    )
    house.terminals.append(terminal)
    return terminal


def files(house: House) -> list[Path]:
    """The frames that are kept."""
    return sorted((house.places.state / "first-frames").glob("*.json"))


def keep(house: House, monkeypatch: pytest.MonkeyPatch, frame: str = FRAME) -> Path:
    """Keep a frame as a deck does that ran in such a terminal; its file."""
    env = {**house.env, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in set(os.environ) - set(env):
        monkeypatch.delenv(name)
    for name, text in env.items():
        monkeypatch.setenv(name, text)
    key = first_frame.key()
    assert key is not None
    first_frame.keep(SIZE, key, FRAME)
    (path,) = files(house)
    if frame != FRAME:
        path.write_text(path.read_text().replace(json.dumps(FRAME), json.dumps(frame)))
        assert json.loads(path.read_bytes())["frame"] == frame
    return path


def shown(frame: str) -> bytes:
    """A frame as it comes out of a terminal."""
    return frame.replace("\n", "\r\n").encode()


def attributes(terminal: Terminal) -> list[Any]:
    """How the terminal is set."""
    return termios.tcgetattr(terminal._fd)


def untouched() -> list[Any]:
    """How a terminal is set that nobody has changed."""
    mine, other = pty.openpty()
    try:
        return termios.tcgetattr(mine)
    finally:
        os.close(mine)
        os.close(other)


def cells(terminal: Terminal) -> list[list[Any]]:
    """All that is seen, with its colours, but for the row in which one writes."""
    screen = terminal.screen
    rows = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
    return rows[:-3] + rows[-2:]


def test_the_second_start_shows_the_first_frame_before_textual_is_there(
    house: House, gate: Gate
) -> None:
    begin_engine(house.env)
    first = start(house, house.env)
    first.wait_for("enter starts it with the default profile")
    assert first.raw.count(ENTER) == 1
    first.wait(lambda: bool(files(house)))  # its cursor blinks, so there is something to read
    first.send("\x11")
    assert first.ended() == 0
    (path,) = files(house)
    assert path.stat().st_mode & 0o777 == 0o600
    frame = json.loads(path.read_bytes())["frame"]

    os.kill(house.engine(), signal.SIGSTOP)  # so that the deck goes on to look for it
    try:
        again = start(house, gate.env)
        again.wait(lambda: shown(frame) in again.raw)
        assert "Looking for the engine…" in again.text
        early = cells(again)
        again.send("zebra")
        gate.open()
        again.wait_for("zebra")
        assert cells(again) == early
        again.send("\r")
        again.wait_for("it waits: sent as soon as the engine is there")
    finally:
        os.kill(house.engine(), signal.SIGCONT)
    before, _, deck = bytes(again.raw).partition(b"\x1b[?1000h")
    assert b"zebra" not in before
    assert deck.startswith(b"\x1b[?1003h")
    assert b"starting\xe2\x80\xa6" in deck
    assert b"agentdeck  starting" not in deck  # the curtain of a deck that has nothing to show yet
    assert ENTER not in deck
    again.wait_for("You said: zebra")
    again.send("\x11")
    assert again.ended() == 0
    assert again.raw.count(ENTER) == again.raw.count(LEAVE) == 1
    assert attributes(again) == untouched()


def test_what_fails_after_the_frame_is_said_on_the_normal_screen(
    house: House, closed: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, monkeypatch)
    deck = start(house, closed.env)
    assert deck.ended() == 1
    said = bytes(deck.raw)
    assert said.index(shown(FRAME)) < said.index(LEAVE) < said.index(b"it failed: RuntimeError")
    assert attributes(deck) == untouched()


def test_a_fault_in_the_configuration_is_said_on_the_normal_screen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = house.places.config_file
    before = config.stat()
    path = keep(house, monkeypatch)
    config.write_text(config.read_text().replace("backend = ", "bakcend = "))
    changed = start(house, house.env)
    assert changed.ended() == 2
    assert ENTER not in changed.raw
    assert b"did you mean backend" in changed.raw

    os.utime(config, ns=(before.st_atime_ns, before.st_mtime_ns))  # nobody can tell it by that
    assert path.exists()
    hidden = start(house, house.env)
    assert hidden.ended() == 2
    said = bytes(hidden.raw)
    assert said.index(shown(FRAME)) < said.index(LEAVE) < said.index(b"did you mean backend")
    assert attributes(hidden) == untouched()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ended_before_the_deck_is_there_it_gives_the_terminal_back(
    house: House, gate: Gate, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    keep(house, monkeypatch)
    deck = start(house, gate.env)
    deck.wait(lambda: shown(FRAME) in deck.raw)
    assert not attributes(deck)[3] & termios.ECHO
    deck.process.send_signal(number)
    assert deck.ended() == -number
    assert bytes(deck.raw).endswith(b"\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h")
    assert attributes(deck) == untouched()


@pytest.mark.parametrize("early", [True, False])
def test_ended_while_the_deck_takes_the_terminal_it_gives_it_back(
    house: House, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    if early:
        keep(house, monkeypatch)
    deck = start(house, house.env)
    deck.wait(lambda: b"\x1b[?1000h" in deck.raw)
    deck.process.send_signal(signal.SIGTERM)
    assert deck.ended() == 128 + signal.SIGTERM
    assert b"\x1b[?1000l" in deck.raw
    assert deck.raw.count(ENTER) == deck.raw.count(LEAVE) == 1
    assert attributes(deck) == untouched()


def test_ctrl_c_before_the_deck_is_there_ends_it_with_a_word(
    house: House, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, monkeypatch)
    deck = start(house, gate.env)
    deck.wait(lambda: shown(FRAME) in deck.raw)
    deck.send("\x03")
    assert deck.ended() == 130
    said = bytes(deck.raw)
    assert said.index(LEAVE) < said.index(b"interrupted")
    assert attributes(deck) == untouched()


@pytest.mark.usefixtures("engine")
def test_asked_to_stop_before_the_deck_is_there_it_gives_the_terminal_back_and_goes_on_after(
    house: House, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, monkeypatch)
    deck = start(house, gate.env)
    deck.wait(lambda: shown(FRAME) in deck.raw)
    deck.process.send_signal(signal.SIGTSTP)
    deck.wait(lambda: LEAVE in deck.raw)
    # Without a shell that could let it go on again, the kernel does not stop it.
    gate.open()
    deck.wait_for("enter starts it with the default profile")
    assert deck.raw.count(ENTER) == 2
    deck.send("\x11")
    assert deck.ended() == 0
    assert attributes(deck) == untouched()


@pytest.mark.usefixtures("engine")
def test_a_terminal_that_gets_another_size_before_the_deck_is_there_is_filled(
    house: House, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, monkeypatch)
    deck = start(house, gate.env)
    deck.wait(lambda: shown(FRAME) in deck.raw)
    deck.resize(90, 30)
    gate.open()
    deck.wait_for("enter starts it with the default profile")
    deck.wait(lambda: "f1 help" in deck.screen.display[-1])
    deck.send("\x11")
    assert deck.ended() == 0


@pytest.mark.usefixtures("engine")
def test_a_frame_that_is_not_the_deck_s_any_more_is_replaced(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep(house, monkeypatch)
    deck = start(house, house.env)
    deck.wait_for("enter starts it with the default profile")
    assert shown(FRAME) in deck.raw
    deck.wait(lambda: json.loads(path.read_bytes())["frame"] != FRAME)  # its cursor blinks
    assert "Looking for the engine…" in json.loads(path.read_bytes())["frame"]


def test_a_second_ctrl_c_waits_until_the_terminal_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Any] = []
    early = first_frame.Early(SIZE, {}, FRAME, ["the user's"])
    monkeypatch.setattr(first_frame, "_early", early)
    # To this thread: another one of the tests' process would take it, the deck has none so early.
    monkeypatch.setattr(first_frame, "_write", lambda _: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(termios, "tcsetattr", lambda _fd, _when, how: given.append(how))
    with pytest.raises(KeyboardInterrupt):
        first_frame.leave()
    assert given == [early.attributes]
    assert first_frame.standing() is None


@pytest.mark.usefixtures("engine")
def test_a_memory_that_is_nested_too_deep_is_none(house: House) -> None:
    memory = house.places.state / "deck.json"
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text("[" * 200_000)
    deck = start(house, house.env)
    deck.wait_for("enter starts it with the default profile")
    deck.send("\x11")
    assert deck.ended() == 0
    assert b"RecursionError" not in deck.raw


def test_a_home_that_names_nobody_is_said(house: House) -> None:
    deck = start(house, {**house.env, "AGENTDECK_HOME": "~nobody-of-that-name/deck"})
    assert deck.ended() == 1
    assert b"agentdeck: AGENTDECK_HOME is ~nobody-of-that-name/deck" in deck.raw
    assert b"Traceback" not in deck.raw


UNLIKE = ("size", "theme", "draft", "colours", "shapes", "version", "cut", "no frame", "pipe",
          "deep", "large", "half a character", "other bytes", "no terminal's",
          "arguments")  # fmt: skip


def damage(path: Path, what: str) -> None:
    """Put something else in the place of a frame that is kept."""
    kept = path.read_text()
    instead = {
        "version": kept.replace('"version": "', '"version": "0.0.'),
        "cut": kept[:-20],
        "no frame": "[]",
        "deep": "[" * 200_000,
        "large": kept + " " * (4 << 20),
    }
    if what == "pipe":
        path.unlink()
        os.mkfifo(path)
    else:
        path.write_text(instead.get(what, kept))


@pytest.mark.parametrize("what", UNLIKE)
def test_nothing_is_painted_early_that_would_look_otherwise(
    house: House, closed: Gate, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    hostile = {"other bytes": "\x1b]52;c;aGVsbG8=\x07", "half a character": "\ud800"}
    path = keep(house, monkeypatch, FRAME + hostile.get(what, ""))
    env, size, arguments = dict(closed.env), SIZE, ["--read-only"] if what == "arguments" else []
    memory = house.places.state / "deck.json"
    if what == "size":
        size = (110, 36)
    elif what == "theme":
        memory.write_text('{"toured": true, "theme": "nord"}')
    elif what == "draft":
        memory.write_text('{"toured": true, "drafts": {"": {"text": "half a thought"}}}')
    elif what == "colours":
        env["NO_COLOR"] = "1"
    elif what == "shapes":
        env["AGENTDECK_ASCII"] = "1"
    elif what == "no terminal's":
        env["TEXTUAL_DRIVER"] = "tui.web.driver:TabDriver"
    else:
        damage(path, what)
    deck = start(house, env, size, *arguments)
    assert deck.ended() == 1
    assert b"it failed: RuntimeError" in deck.raw
    assert b"\x1b" not in deck.raw


def test_what_is_read_by_another_program_holds_no_frame(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(house, monkeypatch)
    mine, other = pty.openpty()
    try:
        done = subprocess.run(
            COMMAND, stdin=other, stdout=subprocess.PIPE, stderr=other, cwd=house.work,
            env=house.env, timeout=60, check=False,
        )  # fmt: skip
        os.close(other)
        said = os.read(mine, 65536)
    finally:
        os.close(mine)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"needs a terminal" in said
    assert b"\x1b" not in said


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_without_an_input_or_output_it_says_that_it_needs_a_terminal(
    house: House, closed: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND], stdin=subprocess.DEVNULL,
        capture_output=True, cwd=house.work, env=house.env, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"needs a terminal" in done.stderr
    assert b"Traceback" not in done.stderr


def test_of_all_sizes_the_newest_are_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(house, monkeypatch).unlink()
    for columns in range(100, 112):
        first_frame.keep((columns, 30), {}, FRAME)
        os.utime(files(house)[-1], ns=(columns, columns))
    assert [path.stem for path in files(house)] == [f"{c}x30" for c in range(104, 112)]


def test_the_module_that_paints_imports_little() -> None:
    code = (
        "import sys, tui.terminal.first_frame\n"
        "print([m for m in ('textual', 'rich', 'click', 'asyncio', 'logging', 'dataclasses')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
