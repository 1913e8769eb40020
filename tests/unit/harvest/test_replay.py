"""Scripts run again: with the files that were there, compared by exit code and output."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.harvest.checks import DraftCheck
from sessions.harvest.service import Harvest
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus
from sessions.tools.sandbox import describe
from tests.support.rig import rig_places
from tests.unit.harvest.test_service import SECRET, record

pytestmark = pytest.mark.skipif(not describe().works, reason="there is no sandbox here")

READS = "import sys\nfor path in sys.argv[1:]:\n    print(sum(map(int, open(path))))\n"


def wrote(call: str, path: str, text: str) -> list[ev.Event]:
    """A file that was written."""
    given = {"file_path": path, "content": text}
    return [
        ev.ToolCall(turn=1, call=call, name="Write", input=given),
        ev.ToolResult(turn=1, call=call, status="ok"),
    ]


def ran(call: str, command: str, output: str, code: int = 0) -> list[ev.Event]:
    """A command that ended."""
    status: CallStatus = "error" if code else "ok"
    return [
        ev.ToolCall(turn=1, call=call, name="Bash", input={"command": command}),
        ev.ToolResult(
            turn=1, call=call, status=status, content=output, data={"exit_code": code}
        ),
    ]  # fmt: skip


async def replayed(root: Path, *events: ev.Event) -> DraftCheck:
    """The check of a draft of all that such a session left."""
    cwd = root / "work"
    cwd.mkdir(exist_ok=True)
    given = [e for e in events if isinstance(e, ev.ToolCall)]
    for each in given:  # as in a session of this machine
        if each.name == "Write":
            each.input["file_path"] = str(cwd / each.input["file_path"])
    record(root, "s1", ev.UserMessage(turn=1, text="Sum, please."), *events, cwd=str(cwd))
    harvest = Harvest(rig_places(root))
    draft = harvest.create(harvest.byproducts(["s1"]), "sums")
    return await harvest.replay(draft)


async def test_files_that_the_session_wrote_are_the_input(tmp_path: Path) -> None:
    check = await replayed(
        tmp_path,
        *wrote("a", "numbers.txt", "1\n2\n"),
        *wrote("b", "total.py", READS),
        *ran("c", "python3 total.py numbers.txt", "3"),
        *wrote("d", "numbers.txt", "5\n"),
    )
    assert check.passed, check
    assert check.detail == "1/1 scripts ended and printed as recorded"


async def test_other_output_than_recorded_is_said_with_the_line(tmp_path: Path) -> None:
    check = await replayed(
        tmp_path,
        *wrote("a", "total.py", "print('one')\nprint('now')\n"),
        *ran("b", "python3 total.py", "one\nthen"),
    )
    assert check.passed is False and "0/1" in check.detail
    assert check.findings[0]["why"] == "line 2 of its output is 'now', recorded was 'then'"


async def test_another_exit_code_is_said(tmp_path: Path) -> None:
    check = await replayed(
        tmp_path, *wrote("a", "x.py", "raise SystemExit(3)\n"), *ran("b", "python3 x.py", "")
    )
    assert check.findings[0]["why"] == "exit code 3, recorded was 0"


async def test_a_failure_that_was_recorded_is_the_same_again(tmp_path: Path) -> None:
    check = await replayed(
        tmp_path,
        *wrote("a", "x.py", "print('no')\nraise SystemExit(3)\n"),
        *ran("b", "python3 x.py", "no\n(Exit code 3.)", 3),
    )
    assert check.passed, check


async def test_the_shells_syntax_and_the_working_directory_are_kept(tmp_path: Path) -> None:
    check = await replayed(
        tmp_path,
        *wrote("a", "in/total.py", READS),
        *ran(
            "b",
            f"cd {tmp_path}/work && printf '4\\n5\\n' > n.txt; python3 {tmp_path}/work/in/total.py "
            "n.txt | sed 's/^/sum /'",
            "sum 9",
        ),
    )
    assert check.passed, check


async def test_an_input_of_today_is_used_and_told(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine.txt").write_text("7\n")
    (tmp_path / "work" / "link.txt").symlink_to("/etc/passwd")
    check = await replayed(
        tmp_path,
        *wrote("a", "total.py", READS),
        *ran("b", "python3 total.py mine.txt", "7"),
    )
    assert check.passed and check.findings[0]["as_it_is_today"] == ["mine.txt"]


async def test_nothing_outside_is_touched_or_kept(tmp_path: Path) -> None:
    journal = rig_places(tmp_path).session("s1") / "journal.jsonl"
    script = (
        f"open({str(tmp_path / 'harm')!r}, 'a').close() if 0 else None\n"
        f"import os\nprint(os.path.exists({str(journal)!r}))\nprint('{SECRET}')\n"
        f"try:\n    open({str(tmp_path / 'harm')!r}, 'w')\nexcept OSError:\n    print('kept out')\n"
    )
    check = await replayed(tmp_path, *wrote("a", "x.py", script), *ran("b", "python3 x.py", "True"))
    assert not (tmp_path / "harm").exists()
    assert "False" in check.findings[0]["output"] and "kept out" in check.findings[0]["output"]
    assert SECRET not in str(check.findings)


async def test_a_script_that_never_ran_is_not_run(tmp_path: Path) -> None:
    check = await replayed(tmp_path, *wrote("a", "x.py", "print(1)\n" * 9))
    assert check.passed is None and check.findings == []


async def test_what_the_script_names_is_its_input_and_what_was_said_before_does_not_count(
    tmp_path: Path,
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "rain.txt").write_text("7\n")
    script = "print(sum(map(int, open('rain.txt'))), 'mm')\n"
    said = "A cache is made.\n7 mm"
    check = await replayed(tmp_path, *wrote("a", "x.py", script), *ran("b", "python3 x.py", said))
    assert check.passed and check.detail.endswith("as recorded, 1 after other lines (a warning?)")
    assert check.findings[0]["as_it_is_today"] == ["rain.txt"]


async def test_a_path_of_the_sessions_folder_is_the_same_behind_other_lines_too(
    tmp_path: Path,
) -> None:
    script = "import os\nprint(os.path.abspath('a.txt'))\n" * 3
    said = "A cache is made.\n" + f"{tmp_path}/work/a.txt\n" * 3
    check = await replayed(tmp_path, *wrote("a", "x.py", script), *ran("b", "python3 x.py", said))
    assert check.passed and check.findings[0]["other_lines_before"] == 1
