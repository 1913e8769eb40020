"""The first painted screen and the memory of the process tree, beside programs of the kind.

    make bench ARGS=peers

Those that are found are started, in the PATH, in `.agents/` or in AGENTDECK_AGENTS, each with a
home of its own and without an account. The first start of each is told apart: what a program has
kept of it, as agentdeck its first frame, the others have. agentdeck's engine runs already and is
counted with its memory.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sessions.engine import lifecycle
from sessions.paths import places
from tests.bench.harness.builds import ROOT
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.terminal import Terminal, rss
from tests.bench.start import DECK

PEERS = {"Codex": "codex", "Gemini CLI": "gemini", "Qwen Code": "qwen", "OpenCode": "opencode"}
PAINTED = 60
"""So many characters that are no blanks make a screen."""
_SEQUENCE = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|[\x00-\x20\x7f]",
    re.DOTALL,
)
_ANSWERS = ((b"\x1b[6n", "\x1b[1;1R"), (b"\x1b[c", "\x1b[?62;22c"))
"""What a terminal says when it is asked where its cursor is, and what it is: some wait for it."""
_SETTLED_S = 4.0
_TIMEOUT_S = 60.0


def installed() -> dict[str, str]:
    """The programs that are here, by what they are called."""
    agents = Path(os.environ.get("AGENTDECK_AGENTS") or ROOT / ".agents")
    path = os.pathsep.join((os.environ.get("PATH", ""), str(agents / "node_modules" / ".bin")))
    found = {name: shutil.which(command, path=path) for name, command in PEERS.items()}
    return {name: command for name, command in found.items() if command}


def painted(data: bytes) -> bool:
    """Whether what was printed is a screen with something on it."""
    return len(_SEQUENCE.sub(b"", data)) >= PAINTED


def tree(pid: int) -> float:
    """Resident megabytes of a process and of all that came of it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    total, waiting = 0.0, [pid]
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, [])
        try:
            total += rss(one)
        except OSError:
            continue
    return total


def started(command: Sequence[str], home: Path, **environment: str) -> tuple[float, float]:
    """Milliseconds to the first painted screen, and megabytes a while after it."""
    script = 'cd "$1" && shift && exec "$@"'
    terminal = Terminal(
        ["sh", "-c", script, "sh", str(home), *command], 120, 36, HOME=str(home), **environment
    )
    terminal.record = bytearray()
    answered = dict.fromkeys((asked for asked, _ in _ANSWERS), 0)
    try:
        end = terminal.started + _TIMEOUT_S
        while not painted(bytes(terminal.record)):
            if time.perf_counter() > end:
                raise RuntimeError(f"{command[0]} painted nothing")
            for asked, answer in _ANSWERS:
                while answered[asked] < terminal.record.count(asked):
                    answered[asked] += 1
                    terminal.type(answer)
            time.sleep(0.003)
        taken = (time.perf_counter() - terminal.started) * 1000
        time.sleep(_SETTLED_S)
        return taken, tree(terminal.pid)
    finally:
        terminal.close()


def figures(quick: bool) -> Iterator[Figure]:
    """agentdeck beside the quickest and the smallest of them, then each."""
    peers = installed()
    if not peers:
        yield Figure("peers", (), "", failed=f"none is installed: {', '.join(PEERS.values())}")
        return
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ("agentdeck", *peers)}
    engines: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ad-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["AGENTDECK_HOME"] = str(Path(folder) / "deck")
        try:
            for _ in range(1 + (2 if quick else 5)):
                engine = lifecycle.ensure_running(places())
                found["agentdeck"].append(started(DECK, Path(folder), PYTHONPATH=str(ROOT)))
                engines.append(rss(engine))
                for name, command in [*peers.items()]:
                    home = Path(folder) / name.replace(" ", "")
                    home.mkdir(exist_ok=True)
                    try:
                        found[name].append(started([command], home))
                    except RuntimeError as error:  # it costs no other its figures
                        del peers[name], found[name]
                        yield Figure(f"peers, {name}", (), "", failed=str(error))
        finally:
            lifecycle.stop(places())
            del os.environ["AGENTDECK_HOME"]
    if peers:
        decks = [memory for _, memory in found["agentdeck"]]
        yield from _told(found)
        both = [deck + engine for deck, engine in zip(decks, engines, strict=True)]
        yield Figure("memory, agentdeck with its engine", both[1:], "MB")


def _told(found: dict[str, list[tuple[float, float]]]) -> Iterator[Figure]:
    for name, pairs in found.items():
        yield Figure(f"first start, {name}", [pairs[0][0]], "ms")
    for at, what, unit, bound in (
        (0, "first painted screen", "ms", 0.8),
        (1, "memory of the process tree", "MB", 0.3),
    ):
        runs = {name: [pair[at] for pair in pairs[1:]] for name, pairs in found.items()}
        ours = runs.pop("agentdeck")
        name, theirs = min(runs.items(), key=lambda item: sorted(item[1])[len(item[1]) // 2])
        yield Figure(what, ours, unit, Target(bound, "ratio"), name, theirs)
        for name, theirs in runs.items():
            yield Figure(f"{what}, {name}", theirs, unit)
