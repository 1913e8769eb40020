"""Lines of a foreign program, bounded."""

from __future__ import annotations

from sessions.safety.bounded_lines import KEPT, Lines, texts

MOST = 3 * KEPT


def test_a_line_is_bounded_and_what_follows_it_is_read() -> None:
    lines = Lines(MOST)
    found = []
    for _ in range(14):
        found += lines.feed(b"x" * KEPT)
    found += lines.feed(b"end\nnext\n")
    (line, size), (following, whole) = found
    assert size == 14 * KEPT + 3
    assert len(line) < 2 * KEPT
    assert line.endswith(b"end")
    assert (following, whole) == (b"next", 4)


def test_a_line_that_comes_at_once_keeps_its_beginning_and_its_end() -> None:
    ((line, size),) = Lines(MOST).feed(b"begin" + b"x" * MOST + b"end\n")
    assert size == MOST + 8
    assert line.startswith(b"begin") and line.endswith(b"end")


def test_text_is_read_out_of_a_piece_wherever_it_was_cut() -> None:
    assert texts(b'{"text": "a\\n\\"b", "x": {"text" :"\\u00e4\\ud83d\\ud')[:2] == [
        'a\n"b',
        "\u00e4",
    ]
    assert texts('{"text":"ä'.encode()[:-1]) == [""]
