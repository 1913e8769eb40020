"""Markdown → lines."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.safety.sanitise import clean
from tests.unit.view.test_split import SOURCES
from tui.terminal import glyphs
from tui.view.inline import urls
from tui.view.line import Line
from tui.view.markdown import _Layout, _parser, code_lines, render

FRAGMENTS = st.sampled_from(
    [
        "**", "*", "`", "``", "[", "](", ")", "](http://a.b/c)", "![", "~~", "<", ">", "&amp;",
        "&#27;", "&#8238;", "\\", "|", "\n", "\n\n", "- ", "1. ", "# ", "> ", "```\n", "word",
        "日本", "é\u0301", "👩\u200d👧", " ", "    ", "---", "| a | b |\n|---|---|\n| c | d |\n",
        "[x]: http://r\n", "- [ ] ", "<b>", "https://x.y/z",
    ]
)  # fmt: skip
DOCUMENTS = st.one_of(SOURCES, st.lists(FRAGMENTS, max_size=30).map("".join), st.text(max_size=80))


def text(source: str, width: int = 60) -> list[str]:
    return [line.text.rstrip() for line in render(source, width)]


def styles(lines: list[Line]) -> set[tuple[str, str]]:
    return {(t, s) for line in lines for t, s in line.spans}


@given(DOCUMENTS, st.integers(2, 70))
@settings(max_examples=300, deadline=None)
def test_rendering_never_fails_and_never_exceeds_the_width(source: str, width: int) -> None:
    assert all(line.width <= width for line in render(clean(source).expandtabs(4), width))


@given(DOCUMENTS, st.integers(20, 70))
@settings(max_examples=300, deadline=None)
def test_every_word_of_the_source_is_on_screen(source: str, width: int) -> None:
    source = clean(source).expandtabs(4)
    shown = re.sub(r"\s", "", "".join(line.text[line.lead :] for line in render(source, width)))
    for word in ("word", "日本", "plain", "more", "item", "code", "heading", "continued"):
        told = source.count(word) - _in_info(source, word) - _beyond(source, word)
        assert shown.count(word) >= told


def _beyond(source: str, word: str) -> int:
    """Words in rows with more cells than a table has columns: GFM drops what stands beyond."""
    lines = source.split("\n")
    ruled = (line.count("|") for line in lines if re.fullmatch(r"[\s|:>-]*-[\s|:>-]*", line))
    least = min(ruled, default=len(source))
    return sum(line.count(word) for line in lines if line.count("|") > least)


def _in_info(source: str, word: str) -> int:
    """Words that are the name of a code block's language, which is not shown."""
    return sum(word in match for match in re.findall(r"(?:```|~~~)[^\n]*", source)) * 9


@given(DOCUMENTS)
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_drawn_controls_the_terminal(source: str) -> None:
    for line in render(clean(source).expandtabs(4), 40):
        assert clean(line.text) == line.text
        assert "\n" not in line.text


def test_headings_emphasis_code_and_rules() -> None:
    lines = render("# Top\n\nsome **bold** *slanted* `code`\n\n---", 40)
    assert lines[0].text.rstrip() == "Top"
    assert {("Top", "heading"), ("bold", "strong"), ("slanted", "em"), ("code", "code")} <= styles(
        lines
    )
    assert set(lines[-1].text) == {glyphs.mark("rule")}


def test_lists_nest_number_and_tick() -> None:
    assert text("- a\n  1. b\n  2. c\n- [x] d\n- [ ] e") == [
        "• a",
        "  1. b",
        "  2. c",
        "• ☑ d",
        "• ☐ e",
    ]


def test_a_list_that_starts_at_seven_goes_on_at_eight() -> None:
    assert text("7. a\n8. b") == ["7. a", "8. b"]


def test_a_table_has_columns_and_alignment() -> None:
    assert text("| n | v |\n|:-|-:|\n| aa | 1 |\n| b | 22 |") == [
        "n  │  v",
        "───┼───",
        "aa │  1",
        "b  │ 22",
    ]


def test_a_table_too_wide_wraps_its_cells_and_a_narrow_tile_shows_records() -> None:
    source = "| name | what it says |\n|---|---|\n| one | a long text that has to wrap |"
    assert max(line.width for line in render(source, 24)) <= 24
    narrow = [line.text for line in render(source, 9)]
    assert narrow[0] == "name: one"


def test_a_link_shows_its_address_and_only_web_addresses_look_like_links() -> None:
    lines = render("[here](https://a.b/c) [no](smb://x/y) <https://d.e>", 80)
    assert "here (https://a.b/c)" in lines[0].text
    assert ("https://a.b/c", "link") in styles(lines)
    assert not any("smb" in t and "link" in s for t, s in styles(lines))


@pytest.mark.parametrize("href", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x"])
def test_other_schemes_are_text(href: str) -> None:
    lines = render(f"[x]({href})", 80)
    assert href in lines[0].text
    assert not any("link" in style for _, style in styles(lines))


def test_html_images_and_definitions_are_shown_as_text() -> None:
    assert text("<b>x</b>") == ["<b>x</b>"]
    assert text("![alt](http://i)") == ["[image: alt] (http://i)"]
    assert text("[r]: http://x") == ["[r]: http://x"]


def test_an_entity_can_not_bring_in_what_the_gate_keeps_out() -> None:
    assert "\u202e" not in "".join(text("a &#8238; b"))
    assert "\x1b" not in "".join(text("a &#27; b"))


def test_code_is_coloured_and_its_bar_is_left_out_of_copies() -> None:
    lines, _ = code_lines("def f():\n    return 1", "python", 40)
    assert ("def", "tok-keyword block") in styles(lines)
    assert lines[0].text[lines[0].lead :] == "def f():"


def test_colours_go_on_where_a_piece_was_cut_inside_a_string() -> None:
    _, state = code_lines('x = """first\n', "python", 40)
    lines, _ = code_lines('second"""\ny = 1', "python", 40, state)
    assert ("second", "tok-string block") in styles(lines) or any(
        "second" in t and "tok-string" in s for t, s in styles(lines)
    )


def test_an_unknown_language_is_plain() -> None:
    lines, _ = code_lines("def f()", "no-such-language", 40)
    assert [line.text[2:] for line in lines] == ["def f()"]


def test_addresses_are_found_without_the_punctuation_round_them() -> None:
    assert urls("see https://a.b/c(d), (http://e.f) and https://a.b/c(d).") == [
        "https://a.b/c(d)",
        "http://e.f",
    ]


def test_ascii_shapes_draw_only_ascii() -> None:
    glyphs.use_ascii(True)
    try:
        shown = "".join(
            text("- a\n  - b\n- [x] c\n\n> q\n\n```\nx\n```\n\n|a|b|\n|-|-|\n|1|2|\n\n---")
        )
    finally:
        glyphs.use_ascii(None)
    assert shown.isascii()


MARKS = st.sampled_from(["- ", "* ", "+ ", "1. ", "007) ", "# ", "### ", "####### "])
WORDS = st.lists(FRAGMENTS.filter(lambda f: "\n" not in f), max_size=6).map("".join)


@given(MARKS, WORDS, st.sampled_from(["", "\n", "\n\n"]), st.integers(5, 60))
@settings(max_examples=100, deadline=None)
def test_what_is_read_without_the_parser_of_blocks_looks_as_with_it(
    mark: str, words: str, end: str, width: int
) -> None:
    source = f"{mark}a{words}{end}"
    if "&" not in words and _parser().parse(source):
        parsed = _Layout(width, "").run(_parser().parse(source))
        assert len(parsed) == len(lines := render(source, width))
        assert all(line.says(other) for line, other in zip(lines, parsed, strict=True))
