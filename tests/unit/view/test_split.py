"""Splitting a growing Markdown text."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui.view.split import CHUNK_LINES, PIECE_LIMIT, Splitter

LINES = st.sampled_from(
    [
        "",
        "plain text",
        "more *text* here",
        "- item",
        "- ",
        "* * *",
        "  continued",
        "    indented",
        "1. one",
        "2. two",
        "```",
        "```python",
        "  ```",
        "~~~",
        "code = 1",
        "# heading",
        "> quote",
        ">     deep",
        "> ```",
        "| a | b |",
        "|---|---|",
        "===",
        "---",
        "<div>",
        "    ```",
        "\ttab",
    ]
)
SOURCES = st.lists(LINES, max_size=14).map("\n".join)


def parts(*chunks: str) -> list[tuple[str, str, bool, str, bool]]:
    splitter = Splitter()
    for chunk in chunks:
        splitter.feed(chunk)
    splitter.close()
    return [(p.kind, p.text.rstrip("\n"), p.gap, p.lang, p.cont) for p in splitter.parts]


@given(SOURCES, st.data())
def test_however_the_text_is_chunked_the_parts_are_the_same(
    source: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(source)), max_size=6)))
    edges = [0, *cuts, len(source)]
    chunks = [source[a:b] for a, b in pairwise(edges)]
    assert parts(*chunks) == parts(source) == parts(*source)


@given(SOURCES)
def test_every_line_is_in_a_part_in_order(source: str) -> None:
    text = "\n".join(text for _, text, *_ in parts(source))
    at = 0
    for line in source.split("\n"):
        if not line.strip() or line.strip().startswith(("```", "~~~")):
            continue
        at = text.index(line.strip(), at) + len(line.strip())


@given(SOURCES)
def test_parts_before_the_last_never_change_again(source: str) -> None:
    splitter = Splitter()
    seen: dict[int, tuple[object, str]] = {}
    for char in source:
        splitter.feed(char)
        for number, part in enumerate(splitter.parts[:-1]):
            assert part.final
            before = seen.setdefault(number, (part, part.text))
            assert before[0] is part and before[1] == part.text


def test_a_long_code_block_is_cut_into_chunks_of_one_language() -> None:
    code = "".join(f"line{n}\n" for n in range(CHUNK_LINES * 2 + 5))
    found = parts(f"```py\n{code}```\nafter")
    assert [(kind, lang, cont) for kind, _, _, lang, cont in found] == [
        ("code", "py", False),
        ("code", "py", True),
        ("code", "py", True),
        ("md", "", False),
    ]
    assert "\n".join(text for kind, text, *_ in found if kind == "code") == code.rstrip("\n")


def test_a_fence_in_a_list_item_stays_with_the_item() -> None:
    assert len(parts("- a\n  ```\n  x\n\n  y\n  ```\n- b")) == 2


def test_a_paragraph_without_an_end_is_cut_so_that_the_open_part_stays_small() -> None:
    splitter = Splitter()
    for _ in range(PIECE_LIMIT):
        splitter.feed("word ")
    assert len(splitter.parts[-1].text) <= PIECE_LIMIT + 10
    assert sum(len(p.text) for p in splitter.parts) == PIECE_LIMIT * 5
