"""What a command made is found behind it: bounded, without what git ignores, following nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sessions.harvest.byproducts import byproducts
from sessions.harvest.service import Harvest
from sessions.record import events as ev
from sessions.tools import deferred_file_scan, files_made
from sessions.tools.ignored_but_scanned import IgnoredButScanned
from tests.support.messages_server import MessagesServer, Request, Step, call, say
from tests.support.nativerig import NativeRig, of_type
from tests.support.rig import until


def mark(folder: Path) -> int:
    """The clock of the file system, after which things are made."""
    file = folder / ".mark"
    file.write_text("x")
    since = file.stat().st_ctime_ns
    while since >= (file.write_text("x"), file.stat().st_ctime_ns)[1]:
        pass  # until the clock has gone on: what was there before is older
    return file.stat().st_ctime_ns


def found(root: Path, since: int) -> list[str]:
    return sorted(str(each["path"]) for each in files_made.look(root, since).files)


def test_what_appeared_or_changed_is_told_with_its_hash(tmp_path: Path) -> None:
    for name in ("old.csv", "changed.csv"):
        (tmp_path / name).write_text("1\n")
    since = mark(tmp_path)
    (tmp_path / "changed.csv").write_text("2\n")
    os.utime(tmp_path / "changed.csv", (0, 0))  # a date that a program sets hides nothing
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "deep" / "plot.png").write_bytes(b"\x89PNG")
    (tmp_path / "big.csv").write_bytes(b"0" * (2**20 + 1))
    told = {str(f["path"]): f for f in files_made.look(tmp_path, since).files}
    assert set(told) == {"changed.csv", "out/deep/plot.png", "big.csv"}
    assert told["changed.csv"]["sha256"] == hashlib.sha256(b"2\n").hexdigest()
    assert told["big.csv"] == {"path": "big.csv", "size": 2**20 + 1, "sha256": ""}


def test_links_devices_hidden_things_and_repositories_within_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    for folder in (outside, root / "other" / ".git", root / ".cache", root / "node_modules"):
        folder.mkdir(parents=True)
    since = mark(root)
    for folder in (outside, root / "other", root / ".cache", root / "node_modules"):
        (folder / "a.csv").write_text("1")
    (root / "link.csv").symlink_to(outside / "a.csv")
    (root / "folder").symlink_to(outside)
    (root / "round").symlink_to(root)
    os.mkfifo(root / "pipe.csv")
    (root / "mine.csv").write_text("1")
    assert found(root, since) == ["mine.csv"]


@pytest.mark.parametrize("in_git", [False, True])
def test_a_folder_of_many_files_hides_nothing_else_that_was_made(
    tmp_path: Path, in_git: bool
) -> None:
    if in_git:
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    since = mark(tmp_path)
    (tmp_path / "many").mkdir()
    for number in range(10 * files_made.MOST_TOLD + 1):
        (tmp_path / "many" / f"{number}.csv").touch()
    (tmp_path / "report.md").write_text("# Report\n")
    told = [each["path"] for each in files_made.look(tmp_path, since).files]
    assert "report.md" in told and len(told) == files_made.MOST_TOLD


def test_what_git_ignores_is_not_told(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.log\nruns/\n")
    (tmp_path / "runs").mkdir()
    (tmp_path / "sub").mkdir()
    since = mark(tmp_path)
    for name in ("a.log", "runs/a.csv", "sub/b.log", "sub/ü b.csv", "c.csv"):
        (tmp_path / name).write_text("1")
    assert found(tmp_path, since) == ["c.csv", "sub/ü b.csv"]
    assert found(tmp_path / "sub", since) == ["ü b.csv"]


def test_what_is_named_is_told_though_git_ignores_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("*.log\nruns/\nout/\n")
    for folder in ("runs/deep", "out/kept", "sub/runs", ".cache/plots", "build"):
        (tmp_path / folder).mkdir(parents=True)
    since = mark(tmp_path)
    for name in (
        *("runs/deep/a.csv", "runs/.hidden", "sub/runs/b.csv", "out/no.csv", "out/kept/c.csv"),
        *(".cache/no.csv", ".cache/plots/d.png", "build/no.csv", "build/e.log", "no.log"),
    ):
        (tmp_path / name).write_text("1")
    named = IgnoredButScanned.of(["runs/", "out/kept", "./.cache/pl*", "build/*.log", ".git"])
    told = ["runs/deep/a.csv", "sub/runs/b.csv", "out/kept/c.csv", ".cache/plots/d.png"]
    told += ["runs/.hidden", "build/e.log"]
    looked = files_made.look(tmp_path, since, named=named).files
    assert sorted(str(each["path"]) for each in looked) == sorted(told)
    assert found(tmp_path, since) == []


def test_many_files_are_counted_and_few_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = mark(tmp_path)
    for number in range(files_made.MOST_TOLD + 20):
        (tmp_path / f"{number}.tmp").touch()
    (tmp_path / "plot.svg").touch()
    told = files_made.look(tmp_path, since)
    assert len(told.files) == files_made.MOST_TOLD and told.more == 21
    assert told.files[0]["path"] == "plot.svg", "what a person may keep comes first"
    monkeypatch.setattr(files_made, "MOST_ENTRIES", 10)
    assert len(files_made.look(tmp_path, since).files) <= 11


@pytest.mark.parametrize(
    ("command", "looks"),
    [("ls -l", True), ("git status", True), ("cat a > b", False), ("python3 x.py", False),
     ("git checkout x", False), ("echo $(touch a)", False), ("ls; touch a", False)],
)  # fmt: skip
def test_commands_that_only_look_need_no_look(command: str, looks: bool) -> None:
    assert files_made.only_looks(command) is looks


SCRIPT = "open('table.csv', 'w').write('a,b\\n1,2\\n'); open('plot.svg', 'w').write('<svg/>')\n"


def plotter(request: Request) -> list[Step]:
    """Writes a script, runs it, is done."""
    steps = {
        0: call("Write", {"file_path": "plot.py", "content": SCRIPT}),
        1: call("Bash", {"command": "python3 plot.py"}, "call_2"),
    }
    return steps.get(request.number, say("Plotted."))


async def test_a_script_its_data_and_its_picture_are_harvested(tmp_path: Path) -> None:
    async with MessagesServer(plotter) as server:
        rig = await NativeRig.make(tmp_path, server, permission="full")
        session = await rig.session()
        session.full_confirmed = True
        await rig.turn(session, "Plot it")
        await until(lambda: bool(of_type(session, ev.FilesMade)), 60)
        events = list(session.journal.events())
        await rig.close()
    told = {f.path.rpartition("/")[2]: f for f in byproducts(session.id, events)}
    assert told["plot.py"].signals["passed"] and told["plot.py"].text == SCRIPT
    assert told["plot.svg"].kind == "picture" and told["table.csv"].kind == "file"
    assert told["table.csv"].signals["command"] == "python3 plot.py"
    harvest = Harvest(rig.deck.places)
    draft = harvest.create(harvest.byproducts([session.id]), "plot")
    assert draft.files["references/table.csv"] == b"a,b\n1,2\n"
    (tmp_path / "work" / "table.csv").write_text("something else\n")
    later = harvest.create(harvest.byproducts([session.id]), "later")
    assert "references/table.csv" not in later.files, "it is not what the command made any more"


def test_a_file_is_of_the_command_that_ran_when_it_changed(tmp_path: Path) -> None:
    spans, names = [], ("a.csv", "between.csv", "b.csv")
    for name in names:
        since = mark(tmp_path)
        (tmp_path / name).touch()
        if name != "between.csv":  # what was changed between two commands is of neither
            spans.append(files_made.RunSpan(since, (tmp_path / name).stat().st_ctime_ns))
    mark(tmp_path)
    told = files_made.look_for(tmp_path, spans)
    assert told is not None
    assert [[f["path"] for f in made.files] for made in told] == [["a.csv"], ["b.csv"]]
    assert files_made.look_for(tmp_path, spans, stopped=lambda: True) is None


async def test_no_look_goes_on_beside_a_command_and_none_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[list[files_made.RunSpan]] = []

    def look(
        root: Path,
        spans: list[files_made.RunSpan],
        named: IgnoredButScanned,
        stopped: Callable[[], bool],
    ) -> object:
        looked.append(spans)
        while len(looked) == 1 and not stopped():
            pass
        return None if stopped() else [files_made.MadeFiles([{"path": "a.csv"}]) for _ in spans]

    monkeypatch.setattr(files_made, "look_for", look)
    monkeypatch.setattr(deferred_file_scan, "_QUIET_S", 0)
    behind, told = (
        deferred_file_scan.DeferredFileScan(tmp_path, IgnoredButScanned()),
        list[ev.Event](),
    )
    first, second = (ev.ToolCall(turn=1, call=c, name="Bash", input={}) for c in "ab")
    behind.made_by(1, first, told.append)
    await until(lambda: len(looked) == 1, 60)
    behind.begins()
    behind.made_by(2, second, told.append)
    assert told == []
    behind.ended()
    await behind.looked()
    assert [e.call for e in told if isinstance(e, ev.FilesMade)] == ["a", "b"]
    assert [len(spans) for spans in looked] == [1, 2]


def test_a_hundred_thousand_files_and_an_endless_one_are_looked_at_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = mark(tmp_path)
    with (tmp_path / "endless.log.csv").open("wb") as file:
        file.truncate(2**40)  # as large as it likes, and still no byte of it is read
    (tmp_path / "many").mkdir()
    for number in range(300):
        (tmp_path / "many" / f"{number}.csv").touch()
    monkeypatch.setattr(files_made, "MOST_ENTRIES", 200)
    told = files_made.look(tmp_path, since)
    assert len(told.files) == files_made.MOST_TOLD and told.more >= 90
    assert {f["sha256"] for f in told.files if f["size"]} == {""}
