"""The tools themselves, and how a toolbox runs several at once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from sessions import events as ev
from sessions.tools import schema, textfiles
from sessions.tools.base import CallContext, Outcome, Verdict, define
from sessions.tools.state import ToolOptions
from sessions.tools.toolbox import Toolbox
from tests.support.toolhost import Desk, say

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, mode="edit", answer=say("once"))


# -- Read


async def test_read_gives_a_range_and_how_to_go_on(desk: Desk) -> None:
    (desk.ws / "a").write_text("".join(f"line {n}\n" for n in range(1, 101)))
    result = await desk.use("Read", file_path="a", offset=10, limit=2)
    assert result.content.split("\n") == [
        "    10\tline 10",
        "    11\tline 11",
        "(Lines 10 to 11 of 100; go on with offset 12.)",
    ]


async def test_read_cuts_long_lines_and_says_so(desk: Desk) -> None:
    (desk.ws / "a").write_text("x" * 5000)
    content = (await desk.use("Read", file_path="a")).content
    assert "3000 more characters" in content
    assert len(content) < 2200


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 9, "image/jpeg"),
        (b"GIF89a" + b"\0" * 9, "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
async def test_read_gives_images_as_images(desk: Desk, data: bytes, media_type: str) -> None:
    (desk.ws / "picture").write_bytes(data)
    result = await desk.use("Read", file_path="picture")
    assert result.images[0]["media_type"] == media_type
    assert (desk.files / result.images[0]["path"]).read_bytes() == data


async def test_read_says_that_a_file_is_binary(desk: Desk) -> None:
    (desk.ws / "a").write_bytes(b"\x7fELF\0\0\1\2" * 100)
    result = await desk.use("Read", file_path="a")
    assert "is binary: 800 bytes" in result.content


async def test_read_of_utf16(desk: Desk) -> None:
    (desk.ws / "a").write_text("héllo\n", encoding="utf-16")
    assert "héllo" in (await desk.use("Read", file_path="a")).content


@pytest.mark.parametrize("kind", ["fifo", "folder", "socket", "missing", "device"])
async def test_read_refuses_what_is_no_file(
    desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.ws / "a"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as server:
            monkeypatch.chdir(desk.ws)
            server.bind("a")
    result = await desk.use("Read", file_path=str(path))
    assert result.status == "error"


async def test_read_refuses_a_huge_file(desk: Desk) -> None:
    with open(desk.ws / "a", "wb") as file:
        file.truncate(1 << 40)
    result = await desk.use("Read", file_path="a")
    assert result.status == "error"
    assert "too big" in result.content


async def test_missing_file_names_what_is_there(desk: Desk) -> None:
    (desk.ws / "config.py").touch()
    assert "There is: config.py" in (await desk.use("Read", file_path="confg.py")).content


# -- Write, Edit, MultiEdit


async def test_write_makes_folders(desk: Desk) -> None:
    await desk.use("Write", file_path="a/b/c.txt", content="x\n")
    assert (desk.ws / "a/b/c.txt").read_text() == "x\n"


async def test_write_over_an_unread_file_is_refused(desk: Desk) -> None:
    (desk.ws / "a").write_text("precious")
    assert (await desk.use("Write", file_path="a", content="x")).status == "error"
    await desk.use("Read", file_path="a")
    assert (await desk.use("Write", file_path="a", content="x")).status == "ok"


async def test_edit_of_a_file_changed_since_it_was_read_is_refused(desk: Desk) -> None:
    (desk.ws / "a").write_text("one two")
    await desk.use("Read", file_path="a")
    (desk.ws / "a").write_text("one two three")
    result = await desk.use("Edit", file_path="a", old_string="one", new_string="1")
    assert result.status == "error"
    assert "changed since" in result.content


async def test_edit_that_is_not_unique_says_where(desk: Desk) -> None:
    (desk.ws / "a").write_text("x\ny\nx\n")
    result = await desk.use("Edit", file_path="a", old_string="x", new_string="z")
    assert "found 2 times (lines 1, 3)" in result.content
    assert (desk.ws / "a").read_text() == "x\ny\nx\n"
    await desk.use("Edit", file_path="a", old_string="x", new_string="z", replace_all=True)
    assert (desk.ws / "a").read_text() == "z\ny\nz\n"


async def test_edit_that_is_not_there_names_the_closest_line(desk: Desk) -> None:
    (desk.ws / "a").write_text("def total(items):\n    return sum(items)\n")
    result = await desk.use("Edit", file_path="a", old_string="return sum(item)", new_string="z")
    assert "Line 2 is the closest" in result.content


async def test_edit_with_other_white_space_says_so(desk: Desk) -> None:
    (desk.ws / "a").write_text("def f():\n\treturn 1\n")
    result = await desk.use("Edit", file_path="a", old_string="f():\n    return", new_string="z")
    assert "white space" in result.content


async def test_edit_with_an_empty_old_string_makes_a_file(desk: Desk) -> None:
    await desk.use("Edit", file_path="a", old_string="", new_string="new\n")
    assert (desk.ws / "a").read_text() == "new\n"


async def test_several_edits_are_all_made_or_none(desk: Desk) -> None:
    (desk.ws / "a").write_text("one two")
    edits = [
        {"old_string": "one", "new_string": "1"},
        {"old_string": "three", "new_string": "3"},
    ]
    result = await desk.use("MultiEdit", file_path="a", edits=edits)
    assert "Edit 2 of 2" in result.content
    assert (desk.ws / "a").read_text() == "one two"
    edits[1]["old_string"] = "1 two"
    await desk.use("MultiEdit", file_path="a", edits=edits)
    assert (desk.ws / "a").read_text() == "3"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\r\ntwo\r\n", b"ONE\r\nTWO\r\n"),
        (b"\xef\xbb\xbfone\ntwo", b"\xef\xbb\xbfONE\nTWO"),
        (b"one\ntwo \xff\xfe\n", b"ONE\nTWO \xff\xfe\n"),
        ("one\ntwo".encode("utf-16"), "ONE\nTWO".encode("utf-16")),
        (b"one\ntwo\r\n", b"ONE\nTWO\r\n"),
    ],
    ids=["crlf", "bom", "not utf-8", "utf-16", "mixed ends"],
)
async def test_every_other_byte_survives_an_edit(desk: Desk, before: bytes, after: bytes) -> None:
    (desk.ws / "a").write_bytes(before)
    await desk.use("Edit", file_path="a", old_string="one\ntwo", new_string="ONE\nTWO")
    assert (desk.ws / "a").read_bytes() == after


async def test_a_change_keeps_the_old_bytes(desk: Desk) -> None:
    (desk.ws / "a").write_bytes(b"old\xff")
    await desk.use("Edit", file_path="a", old_string="old", new_string="new")
    changed = desk.host.of(ev.FileChanged)[0]
    assert isinstance(changed, ev.FileChanged)
    assert (desk.files / changed.before).read_bytes() == b"old\xff"
    kinds = [e.type for e in desk.host.events]
    assert kinds == ["permission.answered", "file.changed", "tool.result"]


def test_diff_of_a_long_change_stays_bounded() -> None:
    before = "".join(f"{n}\n" for n in range(20_000))
    after = "".join(f"{n}x\n" for n in range(20_000))
    text = textfiles.diff(before, after, "a")
    assert len(text) < 60_000
    assert "longer than what is shown" in text


def test_diff_has_the_line_numbers_of_the_whole_file() -> None:
    before = "".join(f"{n}\n" for n in range(1, 1001))
    text = textfiles.diff(before, before.replace("\n500\n", "\nxxx\n"), "a")
    assert "@@ -497,7 +497,7 @@" in text


# -- Glob, Grep, LS


def tree(root: Path) -> None:
    for name in ("a.py", "src/b.py", "src/deep/c.ts", "src/deep/d.txt", "node_modules/x/e.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first\nneedle in {name}\nlast\n")
    (root / ".env").write_text("needle=1\n")
    (root / "bin").write_bytes(b"needle\0\0")


def names(result: ev.ToolResult, root: Path) -> list[str]:
    return sorted(
        line.removeprefix(f"{root}/") for line in result.content.split("\n") if line[:1] == "/"
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.py", ["a.py", "src/b.py"]),
        ("src/*.py", ["src/b.py"]),
        ("src/**/*.{ts,txt}", ["src/deep/c.ts", "src/deep/d.txt"]),
        ("**/[cd].*", ["src/deep/c.ts", "src/deep/d.txt"]),
        ("?.py", ["a.py", "src/b.py"]),
        ("nothing", []),
    ],
)
async def test_glob(desk: Desk, pattern: str, expected: list[str]) -> None:
    tree(desk.ws)
    assert names(await desk.use("Glob", pattern=pattern), desk.ws) == expected


async def test_grep_finds_files_and_leaves_out_secrets_and_binaries(desk: Desk) -> None:
    tree(desk.ws)
    result = await desk.use("Grep", pattern="needle")
    assert names(result, desk.ws) == ["a.py", "src/b.py", "src/deep/c.ts", "src/deep/d.txt"]
    assert "may hold secrets were left out" in result.content


async def test_grep_shows_lines_with_context(desk: Desk) -> None:
    tree(desk.ws)
    result = await desk.use(
        "Grep",
        pattern="NEEDLE",
        path="src",
        glob="*.ts",
        output_mode="content",
        **{"-i": True, "-A": 1},
    )
    path = desk.ws / "src/deep/c.ts"
    assert result.content.split("\n") == [f"{path}:2:needle in src/deep/c.ts", f"{path}-3-last"]


async def test_grep_counts(desk: Desk) -> None:
    tree(desk.ws)
    result = await desk.use("Grep", pattern="s", type="ts", output_mode="count")
    assert result.content == f"{desk.ws}/src/deep/c.ts:3"


async def test_grep_over_lines(desk: Desk) -> None:
    tree(desk.ws)
    result = await desk.use(
        "Grep", pattern="first.*in a", multiline=True, output_mode="content", **{"-n": False}
    )
    assert [line.rpartition(":")[2] for line in result.content.split("\n")[:2]] == [
        "first",
        "needle in a.py",
    ]


async def test_grep_stops_at_its_limit(desk: Desk) -> None:
    (desk.ws / "a").write_text("x\n" * 100)
    result = await desk.use("Grep", pattern="x", output_mode="content", head_limit=3)
    assert len(result.content.split("\n")) == 4
    assert result.truncated


async def test_grep_with_a_broken_pattern_says_what_is_wrong(desk: Desk) -> None:
    result = await desk.use("Grep", pattern="a(b")
    assert result.status == "error"
    assert "regular expression" in result.content


async def test_grep_that_takes_for_ever_is_ended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions.tools import greprun

    monkeypatch.setattr(greprun, "TIME_S", 1.0)
    (desk.ws / "a").write_text("a" * 40 + "!\n")
    result = await desk.use("Grep", pattern="(a+)+$")
    assert "took longer" in result.content


async def test_search_follows_no_links(desk: Desk) -> None:
    (desk.home / "out").mkdir()
    (desk.home / "out" / "x.py").write_text("needle\n")
    (desk.ws / "link").symlink_to(desk.home / "out")
    (desk.ws / "x.py").symlink_to(desk.home / "out" / "x.py")
    (desk.ws / "loop").symlink_to(desk.ws)
    assert "Nothing was found" in (await desk.use("Grep", pattern="needle")).content


async def test_ls_names_kinds(desk: Desk) -> None:
    tree(desk.ws)
    (desk.ws / "link").symlink_to("a.py")
    content = (await desk.use("LS", ignore=["node_*"])).content
    assert "  src/" in content
    assert "  link -> a.py" in content
    assert "node_modules" not in content


# -- questions


QUESTION = {
    "question": "Which?",
    "options": [{"label": "Red"}, {"label": "Blue", "description": "the sky"}],
}


@pytest.mark.parametrize(
    ("decision", "reason", "several", "expected"),
    [
        ("choice-2", "", False, "Which?\nBlue"),
        ("choice-1,choice-2", "", True, "Which?\nRed, Blue"),
        ("choice-1,choice-2", "", False, "Which?\nRed"),
        ("other", "Green", False, "Which?\nGreen"),
        ("no", "", False, "Which?\nThe user gave no answer."),
        ("cancelled", "", False, "Which?\nThe user gave no answer."),
    ],
)
async def test_question(
    desk: Desk, decision: str, reason: str, several: bool, expected: str
) -> None:
    desk.host.answer = say(decision, reason)
    result = await desk.use("AskUserQuestion", questions=[QUESTION | {"multiSelect": several}])
    assert result.content == expected
    asked = desk.host.asked[0]
    assert asked.detail_kind == "question"
    assert [o["name"] for o in asked.options[:2]] == ["Red", "Blue"]


# -- the toolbox


WRONG = [
    ("Read", {}, "`file_path` is missing"),
    ("Read", {"file_path": 3}, "must be a string, not 3"),
    ("Read", {"file_path": "a", "ofset": 1}, "Did you mean `offset`?"),
    ("Read", {"file_path": "a", "limit": 0}, "at least 1"),
    ("Read", {"file_path": "a", "limit": True}, "must be an integer"),
    ("Edit", {"file_path": "a", "old_string": "b"}, "`new_string` is missing"),
    ("MultiEdit", {"file_path": "a", "edits": []}, "at least 1"),
    ("MultiEdit", {"file_path": "a", "edits": [{"old_string": "x"}]}, "`edits[0].new_string`"),
    ("Grep", {"pattern": "x", "output_mode": "lines"}, "must be one of"),
    ("Bash", {"command": ["ls"]}, "must be a string"),
    ("bash", {"command": "ls"}, "There is no tool 'bash'"),
    ("Glob", {"pattern": ""}, "must not be empty"),
]


@pytest.mark.parametrize(("name", "args", "says"), WRONG)
async def test_wrong_arguments_go_back_to_the_model(
    desk: Desk, name: str, args: dict[str, object], says: str
) -> None:
    result = await desk.use(name, **args)
    assert result.status == "error"
    assert says in result.content
    assert not desk.host.asked


async def test_nulls_for_what_is_left_out_are_taken(desk: Desk) -> None:
    (desk.ws / "a").write_text("x")
    assert (await desk.use("Read", file_path="a", offset=None)).status == "ok"


def test_schema_survives_deep_nesting() -> None:
    value: object = 1
    kind: dict[str, object] = {"type": "integer"}
    for _ in range(200):
        value, kind = [value], {"type": "array", "items": kind}
    assert schema.check(value, kind)


def test_definitions_do_not_change(desk: Desk) -> None:
    first = desk.box.definitions()
    first[0]["name"] = "spoilt"
    assert desk.box.definitions()[0]["name"] == "Read"
    assert desk.box.definitions() == desk.box.definitions()
    assert [d["name"] for d in desk.box.definitions()] == [
        "Read", "Write", "Edit", "MultiEdit", "LS", "Glob", "Grep", "Bash", "BashOutput",
        "KillBash", "AskUserQuestion",
    ]  # fmt: skip


async def test_result_is_capped_with_a_pointer_to_the_rest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, mode="edit", options=ToolOptions(result_tokens=200))
    (desk.ws / "a").write_text("".join(f"line {n}\n" for n in range(1000)))
    result = await desk.use("Read", file_path="a")
    assert result.truncated
    assert len(result.content) < 1500
    assert str(desk.files / result.path) in result.content
    assert "line 500" in (desk.files / result.path).read_text()


class Meeting:
    """A tool whose calls wait for each other: it ends only if they run at the same time."""

    name = "Meet"
    definition = define("Meet", "Meet.", {"on": {"type": "string"}, "write": {"type": "boolean"}})

    def __init__(self, count: int) -> None:
        self.barrier = asyncio.Barrier(count)
        self.running = 0
        self.most = 0

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        return frozenset({args["on"]}), bool(args.get("write"))

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        return Verdict("allow", quiet=True)

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            async with asyncio.timeout(5):
                await self.barrier.wait()
        finally:
            self.running -= 1
        return Outcome("met")


async def test_calls_that_touch_different_things_run_at_once(desk: Desk) -> None:
    tool = Meeting(3)
    box = Toolbox(desk.box.state, [tool])
    calls = [desk.call("Meet", on=str(n), write=True) for n in range(3)]
    assert [r.content for r in await box.run(calls, desk.host)] == ["met"] * 3


async def test_reads_of_one_thing_run_at_once(desk: Desk) -> None:
    tool = Meeting(3)
    box = Toolbox(desk.box.state, [tool])
    calls = [desk.call("Meet", on="x") for _ in range(3)]
    assert [r.content for r in await box.run(calls, desk.host)] == ["met"] * 3


async def test_writes_to_one_thing_run_one_after_the_other(desk: Desk) -> None:
    tool = Meeting(1)
    box = Toolbox(desk.box.state, [tool])
    await box.run([desk.call("Meet", on="x", write=True) for _ in range(3)], desk.host)
    assert tool.most == 1


async def test_edits_of_one_file_in_one_answer_are_all_made(desk: Desk) -> None:
    (desk.ws / "a").write_text("".join(f"<{n}>" for n in range(20)))
    calls = [
        desk.call("Edit", file_path="a", old_string=f"<{n}>", new_string=f"[{n}]")
        for n in range(20)
    ]
    results = await desk.box.run(calls, desk.host)
    assert {r.status for r in results} == {"ok"}
    assert [r.call for r in results] == [c.call for c in calls]
    assert (desk.ws / "a").read_text() == "".join(f"[{n}]" for n in range(20))


async def test_one_failing_call_does_not_stop_the_others(desk: Desk) -> None:
    (desk.ws / "a").write_text("x")
    calls = [desk.call("Nope"), desk.call("Read", file_path="a"), desk.call("Read")]
    results = await desk.box.run(calls, desk.host)
    assert [r.status for r in results] == ["error", "ok", "error"]


async def test_interrupt_answers_every_open_call(desk: Desk) -> None:
    """A request that waits, and calls that wait for it: each gets its result."""
    desk.host.answer = None
    calls = [desk.call("Bash", command="ls"), desk.call("Bash", command="pwd")]
    task = asyncio.create_task(desk.box.run(calls, desk.host))
    await desk.host.until(lambda: bool(desk.host.asked))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    results = desk.host.of(ev.ToolResult)
    assert sorted(r.call for r in results) == ["c1", "c2"]
    assert {r.status for r in results} == {"cancelled"}


async def test_a_request_never_times_out_into_a_yes(desk: Desk) -> None:
    desk.host.answer = say("cancelled")
    assert (await desk.bash("touch made")).status == "denied"
    assert not (desk.ws / "made").exists()


@pytest.mark.parametrize("decision", ["yes", "", "allow", "always-prefix", "y", "once "])
async def test_an_answer_that_was_not_offered_is_no(desk: Desk, decision: str) -> None:
    desk.host.answer = say(decision)
    assert (await desk.bash("touch made; true")).status == "denied"
    assert not (desk.ws / "made").exists()
