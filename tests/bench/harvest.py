"""Harvest and import: byproducts of long sessions and of many; conversations of other harnesses.

    python -m tests.bench.harvest [--quick]

Made-up sessions in which files are written and run, code is shown and corrections are made; the
anchor is the bare parse of the same lines.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sessions.harvest.byproduct_cache import all_sessions, gather
from sessions.harvest.byproducts import byproducts
from sessions.importers.run import import_paths
from sessions.paths import Places
from sessions.record import events as ev
from sessions.record.journal import NAME, Journal, read
from tests.bench.harness.figure import Figure, Target, timed
from tests.bench.harness.table import plain
from tests.bench.harness.words import answer
from tests.support.rig import rig_places

AT = "2026-01-02T03:04:05.678Z"
MB = 1e6
_DOUBT = "No, that is wrong: sum them."
_WROTE = "import sys\n\nprint(sum(int(n) for n in sys.argv[1:]))  # {}\n"


def figures(quick: bool) -> Iterator[Figure]:
    """Milliseconds for one session, seconds for all, megabytes a second for imports."""
    with tempfile.TemporaryDirectory(prefix="ad-bench-") as name:
        root = Path(name)
        yield _one(root / "one", 5 if quick else 15)
        yield from _all(root / "all", 100 if quick else 1000)
        yield from _imports(root / "theirs", (5 if quick else 25) * MB)


# -- byproducts


def _turn(number: int, turn: int, size: int) -> list[ev.Event]:
    """A turn of ten events: a file written and run, an answer with code, now and then a doubt."""
    code = _WROTE.format(f"{number}.{turn}")
    text = answer((number * 31 + turn) % 97)
    text = (text * (1 + size // len(text)))[: max(200, size)]
    third = len(text) // 3
    path, command = f"made{turn % 7}.py", f"python3 made{turn % 7}.py 1 2"
    ended = {"input": 900, "output": 120}
    return [
        ev.UserMessage(turn=turn, text=_DOUBT if turn % 9 == 5 else "Go on."),
        ev.TurnStarted(turn=turn, model="m"),
        ev.Text(turn=turn, text=text[:third]),
        ev.ToolCall(turn=turn, call=f"w{turn}", name="Write",
                    input={"file_path": path, "content": code}),
        ev.ToolResult(turn=turn, call=f"w{turn}", status="ok", content="written"),
        ev.Text(turn=turn, text=text[third : 2 * third]),
        ev.ToolCall(turn=turn, call=f"b{turn}", name="Bash", input={"command": command}),
        ev.ToolResult(turn=turn, call=f"b{turn}", status="ok", content="3\n" * 20),
        ev.Text(turn=turn, text=text[2 * third :] + f"\n\n```python\n{code}```\n"),
        ev.TurnEnded(turn=turn, reason="end_turn", usage=ended),
    ]  # fmt: skip


def _session(where: Places, number: int, turns: int, size: int) -> Path:
    session = f"1bench{number:010d}"
    made = ev.SessionCreated(id=session, title=f"session {number}", cwd="/w", backend="b")
    folder = where.session(session)
    journal = Journal.create(folder, made)[0]
    for turn in range(1, turns + 1):
        for event in _turn(number, turn, size):
            journal.append(event)
    journal.close()
    return folder / NAME


def _one(root: Path, rounds: int) -> Figure:
    journal = _session(rig_places(root), 1, 200, 1500)
    bare = timed(lambda: [json.loads(line) for line in journal.open("rb")], rounds)
    found = timed(lambda: byproducts("1bench", read(journal)), rounds)
    name = "byproducts of 2,000 events"
    return Figure(name, found, "ms", Target(200), "the lines parsed bare", bare)


def _all(root: Path, sessions: int) -> Iterator[Figure]:
    where = rig_places(root)
    # 1,000 sessions of 200 KB: 10 turns of ten events, 19 KB of text a turn.
    size = sum(_session(where, n, 10, 19_000).stat().st_size for n in range(sessions))
    told: list[tuple[int, int]] = []
    name = f"{sessions:,} sessions, {size / MB:.0f} MB"
    factor = sessions / 1000
    first = _seconds(lambda: gather(all_sessions(where), where, lambda d, t: told.append((d, t))))
    yield Figure(f"byproducts of {name}", [first], "s", Target(10 * factor))
    again = [_seconds(lambda: gather(all_sessions(where), where)) for _ in range(3)]
    yield Figure(f"again, {name}", again, "s", Target(0.5 * factor))
    assert told[-1] == (sessions, sessions), "progress is told to the end"


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# -- conversations of others


def _claude(number: int) -> list[dict[str, Any]]:
    base = {"sessionId": "s", "timestamp": AT, "cwd": "/w", "version": "2"}
    tool = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": "ls"}}
    said = [{"type": "text", "text": answer(number % 97)}, tool]
    result = [{"type": "tool_result", "tool_use_id": f"t{number}", "content": "a line\n" * 300}]
    roles = (("user", "Go on."), ("assistant", said), ("user", result))
    return [
        {**base, "type": role, "uuid": f"u{number}-{n}",
         "message": {"role": role, "model": "m", "content": content}}
        for n, (role, content) in enumerate(roles)
    ]  # fmt: skip


def _codex(number: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on."}]},
        {"type": "message", "role": "assistant",
         "content": [{"type": "output_text", "text": answer(number % 97)}]},
        {"type": "function_call", "name": "shell", "call_id": f"k{number}",
         "arguments": '{"command": ["ls"]}'},
        {"type": "function_call_output", "call_id": f"k{number}", "output": "a line\n" * 300},
    ]  # fmt: skip
    return [{"timestamp": AT, "type": "response_item", "payload": item} for item in items]


def _gemini(number: int) -> list[dict[str, Any]]:
    call = {"id": f"t{number}", "name": "ls", "args": {}, "status": "success",
            "resultDisplay": "a line\n" * 300}  # fmt: skip
    base = {"timestamp": AT}
    return [
        {**base, "id": f"{number}u", "type": "user", "content": "Go on."},
        {**base, "id": f"{number}a", "type": "gemini", "content": answer(number % 97),
         "model": "g", "toolCalls": [call]},
    ]  # fmt: skip


_HEADS: dict[str, list[dict[str, Any]]] = {
    "Claude Code": [],
    "Codex": [{"timestamp": AT, "type": "session_meta", "payload": {"id": "c", "cwd": "/w"}}],
    "Gemini": [{"sessionId": "g", "projectHash": "h", "startTime": AT, "directories": ["/w"]}],
}
_NAMES = {"Claude Code": "{}.jsonl", "Codex": "rollout-{}.jsonl", "Gemini": "session-{}.jsonl"}
_TURNS = {"Claude Code": _claude, "Codex": _codex, "Gemini": _gemini}


def _lines(folder: Path, harness: str, total: float) -> None:
    """Conversations of some 2 MB each."""
    folder.mkdir(parents=True)
    number = 0
    for file in range(max(1, round(total / 2 / MB))):
        with (folder / _NAMES[harness].format(file)).open("w") as out:
            for record in _HEADS[harness]:
                changed = (
                    json.dumps(record).replace('"c"', f'"c{file}"').replace('"g"', f'"g{file}"')
                )
                out.write(changed + "\n")
            while out.tell() < 2 * MB:
                number += 1
                for record in _TURNS[harness](number):
                    record |= {"sessionId": f"s{file}"} if "sessionId" in record else {}
                    out.write(json.dumps(record) + "\n")


def _opencode(folder: Path, total: float) -> None:
    folder.mkdir(parents=True)
    db = sqlite3.connect(folder / "opencode.db")
    db.executescript(
        "create table session(id, parent_id, title, directory, time_created);"
        "create table message(id, session_id, time_created, data);"
        "create table part(id, message_id, session_id, data);"
        "create index m on message(session_id); create index p on part(session_id);"
    )
    written, number = 0.0, 0
    while written < total:
        session = f"o{number // 400}"
        if number % 400 == 0:
            db.execute(
                "insert into session values(?, null, 'Sums', '/w', 1760000000000)", (session,)
            )
        state = {"status": "completed", "input": {"command": "ls"}, "output": "a line\n" * 300}
        tool = {"type": "tool", "callID": f"k{number}", "tool": "bash", "state": state}
        for role, parts in (
            ("user", [{"type": "text", "text": "Go on."}]),
            ("assistant", [tool, {"type": "text", "text": answer(number % 97)}]),
        ):
            key = f"m{number:07d}{role}"
            data = json.dumps({"role": role, "modelID": "x"})
            db.execute("insert into message values(?, ?, 1760000000000, ?)", (key, session, data))
            for index, part in enumerate(parts):
                said = json.dumps(part)
                written += len(said)
                row = (f"{key}p{index}", key, session, said)
                db.execute("insert into part values(?, ?, ?, ?)", row)
        number += 1
    db.commit()
    db.close()


def _imports(root: Path, total: float) -> Iterator[Figure]:
    for harness in (*_TURNS, "OpenCode"):
        folder = root / harness.replace(" ", "-")
        if harness == "OpenCode":
            _opencode(folder, total)
        else:
            _lines(folder, harness, total)
        size = sum(path.stat().st_size for path in folder.iterdir())
        where = rig_places(root / f"home-{folder.name}")
        done = []
        taken = _seconds(lambda f=folder, w=where, d=done: d.extend(import_paths([f], w)))
        assert {each.status for each in done} == {"new"}, done[:3]
        name = f"import {harness}, {size / MB:.0f} MB"
        bare = [size / MB / _seconds(lambda f=folder: _parsed(f))]
        yield Figure(name, [size / MB / taken], "MB/s", Target(20, least=True), "bare parse", bare)
        again = _seconds(lambda f=folder, w=where: list(import_paths([f], w)))
        yield Figure(f"the same again, {harness}", [again * 1000], "ms")


def _parsed(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix == ".jsonl":
            for line in path.open("rb"):
                json.loads(line)
        else:
            for (data,) in sqlite3.connect(path).execute("select data from part"):
                json.loads(data)


if __name__ == "__main__":
    print(plain("Harvest and import", list(figures("--quick" in sys.argv))))
