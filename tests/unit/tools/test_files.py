"""The tools that read, change and search files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.tools import search, textfiles
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
    monkeypatch.setattr(search, "_GREP_S", 0.5)
    (desk.ws / "a").write_text("a" * 40 + "!\n")
    # ripgrep, where it is, can neither be slow nor understand \\1.
    result = await desk.use("Grep", pattern=r"(a+)+\1$")
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
