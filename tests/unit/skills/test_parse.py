"""What the wild holds loads; nothing in it runs, grows or crashes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skills import frontmatter, parse
from skills.errors import Unreadable
from skills.skill import Scope, from_text, split_tools

FOLDER = Path("/somewhere/demo")


def loaded(text: str) -> dict[str, object]:
    return dict(parse.parse(text).values)


@pytest.mark.parametrize(
    ("front", "key", "value"),
    [
        ("description: Use when: asked", "description", "Use when: asked"),
        ("description: @mentions are handled", "description", "@mentions are handled"),
        ("description: `code` first", "description", "`code` first"),
        ("description: a: b\n  goes on: here", "description", "a: b goes on: here"),
        ("description: 'it's broken'", "description", "it's broken"),
        ("requires: {mcp: [rube]}", "requires", {"mcp": ["rube"]}),
        ("description: [a, b]", "description", ["a", "b"]),
        ("version: 1.10", "version", "1.10"),
        ("flag: no", "flag", "no"),
        ("date: 2026-01-01", "date", "2026-01-01"),
        ("empty:", "empty", ""),
        ("description: >\n  two\n  lines", "description", "two lines"),
    ],
)
def test_values_are_taken_as_they_were_meant(front: str, key: str, value: object) -> None:
    assert loaded(f"---\nname: demo\n{front}\n---\nbody\n")[key] == value


def test_one_broken_value_leaves_the_others_as_they_are() -> None:
    document = parse.parse("---\nname: demo\ndescription: a: b\nmetadata:\n  x: '1'\n---\n")
    assert document.values == {"name": "demo", "description": "a: b", "metadata": {"x": "1"}}
    assert document.repaired == ("description",)


@pytest.mark.parametrize("head", ["\ufeff", "\n\n", "  \n", ""])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_blank_lines_and_line_ends_do_not_matter(head: str, end: str) -> None:
    text = f"{head}---\nname: demo\ndescription: x\n---\n# Body\n".replace("\n", end)
    document = parse.parse(parse.decode(text.encode()))
    assert document.values == {"name": "demo", "description": "x"}
    assert document.body == "# Body\n"


def test_dashes_within_a_line_do_not_end_the_frontmatter() -> None:
    document = parse.parse("---\nname: demo\ndescription: a --- b\n---\nbody --- more\n")
    assert document.values["description"] == "a --- b"
    assert document.body == "body --- more\n"


def test_the_body_knows_its_line() -> None:
    document = parse.parse("---\nname: a\ndescription: b\n---\nfirst\n")
    assert document.body_line == 5


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "no-frontmatter"),
        ("# Just a page\n", "no-frontmatter"),
        ("---\nname: x\ndescription: y\n", "not-closed"),
        ("---\n---\nbody\n", "mapping"),
        ("---\n- a\n- b\n---\n", "mapping"),
        ("---\njust words\n---\n", "mapping"),
    ],
)
def test_what_is_no_skill_says_why(text: str, rule: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse.parse(text)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    "front",
    [
        "[" * 60_000,
        "a: " + "[" * 3_000,
        "a: " + "{" * 3_000,
        "- " * 30_000,
        "? " * 30_000,
        "a: &x [*x]",
        "a: &a [" + "x, " * 50 + "]\nb: &b [" + "*a, " * 50 + "]\nc: [" + "*b, " * 50 + "]",
        "a: " + "9" * 70_000,
        "\n".join(" " * i + f"k{i}:" for i in range(340)),
    ],
)
def test_a_bomb_is_refused_and_does_not_end_the_process(front: str) -> None:
    with pytest.raises(Unreadable):
        frontmatter.load(front)


def test_tags_construct_nothing() -> None:
    values = frontmatter.load("a: !!python/object/apply:os.system ['true']").values
    assert values == {"a": ["true"]}


def test_a_named_pipe_does_not_hold_up_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "SKILL.md")
    with pytest.raises(Unreadable):
        parse.load(tmp_path / "SKILL.md")


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(Unreadable):
        parse.read_bytes("/dev/zero")


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").write_bytes(b"x" * (parse.MAX_BYTES + 1))
    with pytest.raises(Unreadable) as caught:
        parse.load(tmp_path / "SKILL.md")
    assert caught.value.rule == "too-long"


def test_bytes_that_are_no_text_still_load() -> None:
    text = parse.decode(b"---\nname: demo\ndescription: caf\xe9\n---\n")
    assert parse.parse(text).values["description"] == "caf\ufffd"


def test_the_first_paragraph_stands_in_for_a_missing_description() -> None:
    text = "---\nname: demo\n---\n# Title\n\nMakes\ntea.\n\nMore.\n"
    skill = from_text(text, FOLDER, Scope.MINE, Path())
    assert skill.description == "Makes tea."
    assert any("first paragraph" in warning for warning in skill.warnings)


def test_the_folder_gives_the_name_that_is_missing() -> None:
    skill = from_text("---\ndescription: x\n---\n", FOLDER, Scope.MINE, Path())
    assert skill.name == "demo"
    assert not skill.valid


def test_a_name_and_a_description_carry_no_control_codes() -> None:
    text = '---\nname: "de\\emo"\ndescription: "a\\x1b[31mred\\u202e\\nb"\n---\n'
    skill = from_text(text, FOLDER, Scope.MINE, Path())
    assert skill.name == "demo"
    assert skill.description == "a[31mred b"


@pytest.mark.parametrize(
    ("value", "tools"),
    [
        ("Bash(git:*) Read", ("Bash(git:*)", "Read")),
        ("Read, Write,Edit", ("Read", "Write", "Edit")),
        ("Bash(git add *) Read", ("Bash(git add *)", "Read")),
        (["Read", "Bash(ls)"], ("Read", "Bash(ls)")),
        ("", ()),
    ],
)
def test_requested_tools_are_told_apart(value: object, tools: tuple[str, ...]) -> None:
    assert split_tools(value) == tools  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_loads_or_says_why(text: str) -> None:
    try:
        from_text(text, FOLDER, Scope.MINE, Path())
    except Unreadable as error:
        assert error.rule


LINES = st.lists(
    st.text(alphabet="ab:-#'\"|>[]{}&*!@%`, \t\n~0é", max_size=30), min_size=1, max_size=5
)


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_any_frontmatter_loads_or_says_why(lines: list[str]) -> None:
    text = "---\nname: demo\ndescription: " + "\nk: ".join(lines) + "\n---\nbody\n"
    try:
        skill = from_text(text, FOLDER, Scope.MINE, Path())
    except Unreadable as error:
        assert error.rule
    else:
        assert skill.description.isprintable()


@pytest.mark.parametrize("private", ["\ue085", "\ue029", "\U000f0000", "\\U000F0000", "\\uE028"])
def test_what_stands_for_an_old_line_break_is_nothing_that_the_text_says(private: str) -> None:
    said = private.encode().decode("unicode_escape") if private.startswith("\\") else private
    front = f'name: "a\u2028b {private}"'
    assert frontmatter.load(front).values == {"name": f"a\u2028b {said}"}


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        st.one_of(st.text(max_size=60), st.lists(st.text(max_size=10), max_size=3)),
        max_size=4,
    )
)
def test_what_a_yaml_writer_writes_is_read_back(values: dict[str, object]) -> None:
    # Written so that every text is a string in YAML, whatever it looks like.
    front = yaml.safe_dump(values, allow_unicode=True, default_style='"')
    assert frontmatter.load(front).values == values
