"""`agentdeck prime …`, with a loopback arXiv and a scripted model."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from sessions.cli import prime as command
from sessions.errors import AgentdeckError, UsageError
from tests.support.arxiv_server import Answer, ArxivServer, share
from tests.support.invoked import invoke
from tests.unit.priming.fakes import FakeModel


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def arxiv(home: Path) -> Iterator[ArxivServer]:
    """arXiv in a thread of its own, since the command runs its own loop."""
    server = ArxivServer(share(0.5))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    (home / "config.toml").write_text(
        f'[priming.arxiv]\nurl = "{server.url}"\nmin_interval_s = 0.0\n'
    )
    (home / "config.toml").chmod(0o600)
    yield server
    asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def run(*arguments: str, input: str | None = None) -> Result:
    return invoke(command.prime, list(arguments), input=input, catch_exceptions=False)


def answers(monkeypatch: pytest.MonkeyPatch, *replies: object) -> FakeModel:
    model = FakeModel(*replies)
    monkeypatch.setattr(command, "_ask", lambda backend, model_id: model)
    return model


@pytest.mark.parametrize("kind", ["acronym", "names"])
def test_a_draw_alone_has_the_promised_shape_and_repeats(kind: str) -> None:
    first, again = (json.loads(run(kind, "--draw-only", "--json", "--seed", "3").stdout)
                    for _ in range(2))  # fmt: skip
    assert {"id", "kind", "seed", "params", "draw"} <= set(first)
    assert first["kind"] == kind and first["seed"] == 3
    assert first["draw"] == again["draw"] and all(isinstance(s, str) for s in first["draw"])


def test_options_change_the_draw() -> None:
    data = json.loads(
        run("acronym", "--count", "7", "--letters", "3", "--draw-only", "--json").stdout
    )
    assert len(data["draw"]) == 7 and all(len(made) == 3 for made in data["draw"])


def test_papers_have_the_promised_shape(arxiv: ArxivServer) -> None:
    data = json.loads(
        run(
            "arxiv", "--month", "2026-01", "--n", "4", "--seed", "1", "--draw-only", "--json"
        ).stdout
    )
    assert len(data["draw"]) == 4 and data["source"] == "network"
    keys = ["id", "title", "authors", "abstract", "primary_category", "categories", "published"]
    assert list(data["draw"][0]) == keys
    assert data["params"]["month"] == "2026-01"


def test_a_category_is_kept_to(arxiv: ArxivServer) -> None:
    args = ("arxiv", "--month", "2026-01", "--category", "hep-th", "--draw-only", "--json")
    data = json.loads(run(*args).stdout)
    assert all("hep-th" in paper["categories"] for paper in data["draw"])


def test_without_arxiv_the_sample_is_labelled_on_stderr(arxiv: ArxivServer) -> None:
    arxiv.faults = [Answer(429, b"Rate exceeded.", "text/plain")]
    result = run("arxiv", "--month", "2026-01", "--any", "--draw-only")
    assert result.exit_code == 0
    assert "Rate exceeded" in result.stderr and "ship with agentdeck" in result.stderr
    assert "sample that ships with agentdeck" in result.stdout


def test_offline_other_papers_than_asked_for_are_no_answer(arxiv: ArxivServer) -> None:
    with pytest.raises(AgentdeckError, match=r"no papers of .*hep-th") as told:
        run("arxiv", "--category", "hep-th", "--offline", "--draw-only")
    assert told.value.exit_code == 1


def test_readings_are_printed_with_their_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = json.loads(run("acronym", "--seed", "1", "--draw-only", "--json").stdout)["draw"]
    term = " ".join(f"{letter}ord" for letter in sets[0])
    model = answers(
        monkeypatch, {"items": [{"source": sets[0], "term": term, "p": 0.1, "leap": 3}]}
    )
    data = json.loads(
        run("acronym", "--seed", "1", "--about", "queues", "--term", "biology", "--json").stdout
    )
    assert data["draw"] == sets
    assert data["items"][0] | {"id": "a1"} == data["items"][0]
    assert data["items"][0]["term"] == term and data["items"][0]["p"] == 0.1
    assert data["usage"] == {"input": 10, "output": 5} and data["model"] == "fake-1"
    assert "queues" in model.questions[0] and "biology" in model.questions[0]


def test_stage_two_asks_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"items": [{"letter": "A", "person": "Ada Lovelace", "concept": "engine"}]}
    two = {"items": [{"letter": "A", "person": "Abel Ask", "concept": "abacus", "handle": "1702"}]}
    model = answers(monkeypatch, one, two)
    data = json.loads(run("names", "--letters", "A", "--stage", "2", "--json").stdout)
    assert len(model.asked) == 2 and data["stage"] == 2
    assert [item["concept"] for item in data["items"]] == ["abacus"]
    assert data["items"][0]["flags"][0]["code"] == "unverified"


def test_terms_come_from_arguments_files_and_stdin(tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("quorum\n\nhysteresis, drift\n")
    args = ("terms", "lichen", "--file", str(file), "--draw-only", "--json")
    assert json.loads(run(*args).stdout)["draw"] == ["lichen", "quorum", "hysteresis, drift"]
    piped = run("terms", "--file", "-", "--draw-only", "--json", input="a1\nb2\n")
    assert json.loads(piped.stdout)["draw"] == ["a1", "b2"]


def test_banned_terms_are_passed_on_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    model = answers(monkeypatch, {"items": [{"term": "lichen", "gloss": "a cache of water"}]})
    data = json.loads(run("terms", "lichen", "--ban", "cache", "--json").stdout)
    assert "Never use these words" in model.questions[0]
    assert data["items"][0]["flags"][0]["code"] == "banned" and data["ban"] == ["cache"]


def test_a_model_that_fails_to_read_leaves_the_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "hm", "hm")
    result = run("acronym", "--seed", "1", "--count", "5")
    drawn = json.loads(
        run("acronym", "--seed", "1", "--count", "5", "--draw-only", "--json").stdout
    )
    assert "could not be read" in result.stderr
    assert " ".join(drawn["draw"]) in result.stdout


def test_hostile_readings_do_not_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "\x1b]0;owned\x07 \x9b31m \u202e x\r\n[bold]"
    answers(monkeypatch, {"items": [{"term": evil, "gloss": evil, "why": evil}]})
    text = run("terms", "x").stdout
    assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 for c in text)
    assert "\u202e" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("acronym", "--count", "0"),
        ("acronym", "--letters", "1"),
        ("names", "--letters", "123"),
        ("arxiv", "--month", "2026-13"),
        ("arxiv", "--category", "no such thing"),
        ("arxiv", "--n", "0"),
        ("terms",),
        ("terms", "--file", "/nowhere/at/all"),
        ("terms", "--file", "/dev/zero"),
        ("terms", "--field", "x", "--draw-only"),
    ],
)
def test_wrong_usage_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as raised:
        run(*arguments)
    assert raised.value.message and raised.value.exit_code == 2


def test_a_draw_loads_neither_model_nor_network_library() -> None:
    code = (
        "import sys\n"
        "from sessions.cli.prime import prime\n"
        "prime(['acronym', '--draw-only', '--json'], standalone_mode=False)\n"
        "heavy = {'anthropic', 'httpx2', 'feedparser', 'sqlite3', 'textual', 'rich', 'pygments'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
