"""Breaking text into lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.view.line import break_text, keep_equal, wrap

# Narrow, wide, combining, joined and spaces; no controls, which the first gate takes out.
CHARS = st.one_of(
    st.sampled_from("abc defg hij  \n日本語、。é\u0301👩\u200d👩\u200d👧🇩🇪ﬀ✓⚠\ufe0f½"),
    st.characters(blacklist_categories=("Cc", "Cs", "Cf", "Zl", "Zp")),
)
TEXTS = st.text(CHARS, max_size=120)


@given(TEXTS, st.integers(2, 40))
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    assert all(line.width <= width for line in wrap([(text, "")], width))


@given(TEXTS, st.integers(2, 40))
def test_only_spaces_and_newlines_at_a_break_are_left_out(text: str, width: int) -> None:
    breaks = break_text(text, width)
    position = 0
    for start, end, _ in breaks:
        assert text[position:start].strip(" \n") == ""
        position = end
    assert text[position:] == ""


@given(TEXTS, st.integers(2, 40))
def test_joining_the_lines_as_they_say_gives_the_text(text: str, width: int) -> None:
    joined, joint = "", ""
    for line in wrap([(text, "")], width):
        joined += joint + line.text
        joint = "\n" if line.soft is None else line.soft
    assert joined == text


@given(TEXTS, st.integers(4, 40))
def test_styles_stay_with_their_characters(text: str, width: int) -> None:
    half = len(text) // 2
    spans = [(text[:half], "a"), (text[half:], "b")]
    found = [(char, style) for line in wrap(spans, width) for t, style in line.spans for char in t]
    expected = [(c, "a") for c in text[:half]] + [(c, "b") for c in text[half:]]
    kept = iter(expected)
    assert all(pair in kept for pair in found), "in order, none invented"


def test_words_move_whole_to_the_next_line() -> None:
    assert [line.text for line in wrap([("hello world again", "")], 11)] == ["hello world", "again"]


def test_a_word_wider_than_the_line_is_cut() -> None:
    assert [line.text for line in wrap([("abcdefgh", "")], 3)] == ["abc", "def", "gh"]


def test_wide_text_breaks_between_characters_but_not_before_closing_marks() -> None:
    lines = [line.text for line in wrap([("日本語。です", "")], 6)]
    assert lines == ["日本", "語。で", "す"]
    assert all(cell_len(line) <= 6 for line in lines)


def test_an_emoji_family_is_never_split() -> None:
    family = "👩\u200d👩\u200d👧"
    for width in range(2, 8):
        lines = [line.text for line in wrap([(f"ab{family}cd{family}", "")], width)]
        assert sum(line.count(family) for line in lines) == 2


def test_decoration_gives_way_where_there_is_no_room_for_words() -> None:
    lines = wrap([("abc", "")], 3, [("    ", "")])
    assert [line.text for line in lines] == ["abc"]


def test_lines_that_say_the_same_stay_the_ones_that_are_painted() -> None:
    old = wrap([("one two three", "")], 5)
    new = wrap([("one two four", "")], 5)
    keep_equal(new, old)
    assert [a is b for a, b in zip(new, old, strict=True)] == [True, True, False]
