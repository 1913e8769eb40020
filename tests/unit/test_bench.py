"""The benchmark's own arithmetic: what misses says by how much, what dies says so."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from tests.bench import before, peers
from tests.bench.__main__ import parts, said
from tests.bench.harness import part
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.rows import of_measure
from tests.bench.harness.table import BEGIN, END, cells, into, merged
from tests.bench.probes import fill, index, record


@pytest.mark.parametrize(
    ("target", "runs", "anchor", "verdict"),
    [
        (None, [5], [], ""),
        (Target(5), [9, 5, 1], [], "met"),
        (Target(5), [10], [], "missed: 10 (2 ×)"),
        (Target(20, least=True), [10], [], "missed: 10 (2 ×)"),
        (Target(20, least=True), [25], [], "met"),
        (Target(1.5, "ratio"), [3], [2], "met"),
        (Target(1.5, "ratio"), [6], [2], "missed: 3 (2 ×)"),
        (Target(25, "over"), [30], [5], "met"),
        (Target(25, "over"), [55], [5], "missed: 50 (2 ×)"),
        (Target(5), [], [], "missed"),
    ],
)
def test_a_figure_is_judged_by_its_median_and_its_anchor(
    target: Target | None, runs: list[float], anchor: list[float], verdict: str
) -> None:
    assert Figure("x", runs, "ms", target, "anchor", anchor).verdict == verdict


def test_a_figure_survives_the_results_file() -> None:
    figure = Figure("x", (1.0, 2.0), "ms", Target(3, "ratio"), "bare", (4.0,))
    assert Figure.from_json(figure.to_json()) == figure


def test_a_figure_says_itself_as_it_comes() -> None:
    figure = Figure("key", (3.0, 1.0, 2.0), "ms", Target(1.5, "ratio"), "bare", (1.0,))
    assert said(figure) == "key: 2 ms (bare: 1) missed: 2 (1.33 ×)"
    assert said(Figure("key", (), "ms", failed="not within 90 s")) == "key: not within 90 s failed"


def test_a_part_that_dies_is_a_failed_figure_and_no_exception() -> None:
    (figure,) = part.run("no_such_part", quick=True)
    assert figure.verdict == "failed"
    assert "failed" in cells(figure)[-1]


@pytest.mark.parametrize("name", parts([]))
def test_every_part_measures_something(name: str) -> None:
    source = Path(before.__file__).with_name(f"{name}.py").read_text("utf-8")
    functions = {n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)}
    assert functions & {"figures", "measure"}


def test_the_table_replaces_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    into(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_plain_numbers_become_figures() -> None:
    figure = Figure("made", [1.0], "ms")
    found = of_measure("", {"draw_ms": {"median": 2, "kind": "x"}, "rows": [figure]})
    assert [(f.name, list(f.runs)) for f in found] == [("draw ms, median", [2.0]), ("made", [1.0])]


def test_probes_read_what_was_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.bench.probes.fill.OPEN", 1)
    monkeypatch.setattr("tests.bench.probes.record.EVENTS", 24)
    monkeypatch.setattr("sys.argv", ["fill", "small", str(tmp_path / "s"), "2"])
    fill.main()
    for probe in (record, index):
        monkeypatch.setattr("sys.argv", [probe.__name__, str(tmp_path / "s")])
        probe.main()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    rows = {row.key for group in ("record", "index", "small") for row in before.GROUPS[group][0]}
    assert rows <= {key for found in told for key in found}


def test_a_row_stands_beside_the_older_build() -> None:
    row = before.Row("read", "read", "MB/s", Target(8, "ratio", least=True))
    (figure,) = before._told([row], [{"read": 10.0}], [{"read": 90.0}])
    assert (figure.verdict, figure.anchor) == ("met", before.COMMIT)


def test_a_screen_is_painted_when_characters_stand_on_it() -> None:
    assert not peers.painted(b"\x1b[?1049h\x1b]0;a title that is no screen at all, long\x07" * 3)
    assert not peers.painted(b"\x1b[38;2;1;2;3m   \x1b[0m\r\n" * 100)
    assert peers.painted(b"\x1b[1;1H" + "─".encode() * 40)


def test_the_quickest_and_the_smallest_stand_beside() -> None:
    before = (5000.0, 900.0)  # a first start, told apart
    found = {
        "agentdeck": [before, (100.0, 80.0)],
        "Codex": [before, (300.0, 600.0)],
        "Qwen Code": [before, (900.0, 300.0)],
    }
    told = list(peers._told(found))
    assert [list(f.runs) for f in told if f.name == "first start, agentdeck"] == [[5000.0]]
    first, *_, small = [f for f in told if f.target]
    assert (first.anchor, first.verdict) == ("Codex", "met")
    assert (small.anchor, small.verdict) == ("Qwen Code", "met")


def test_some_parts_take_the_place_of_theirs_alone() -> None:
    old = "Taken one.\n\n### A\n\n| a |\n\n### B\n\n| b |"
    later = "\n\nTaken two.\n\n"
    assert merged(old, "Taken two.\n\n### B\n\n| c |\n\n### C\n\n| d |") == (
        f"Taken one.\n\n### A\n\n| a |\n\n### B{later}| c |\n\n### C{later}| d |"
    )
    whole = "Taken two.\n\n### A\n\n| x |\n\n### B\n\n| y |"
    assert merged(old, whole) == merged("", whole) == whole
