"""The skills that ship: valid, small, and their scripts run by themselves."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from skills.discover import BUNDLED
from skills.review import review
from skills.skill import Scope, read
from skills.validate import validate

NAMES = [
    "acronym-priming",
    "arxiv-priming",
    "code-simplifier",
    "compose",
    "deepen",
    "name-priming",
    "plain-objectivity",
    "skill-creator",
]
SCRIPTS = sorted(p.relative_to(BUNDLED).as_posix() for p in BUNDLED.glob("*/scripts/*.py"))
ACRONYMS = "acronym-priming/scripts/acronyms.py"
LETTERS = "name-priming/scripts/letters.py"
ARXIV = "arxiv-priming/scripts/arxiv_draw.py"
CREATOR = "skill-creator/scripts/skill.py"


def run(
    script: str, *args: str, text: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    # -I: neither our packages nor what is installed may be needed.
    command = [sys.executable, "-I", "-S", str(BUNDLED / script), *args]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, check=False, env=env
    )


def data(script: str, *args: str, text: str = "") -> Any:
    return json.loads(run(script, *args, text=text).stdout)


def test_all_of_them_are_there() -> None:
    assert sorted(p.name for p in BUNDLED.iterdir() if (p / "SKILL.md").exists()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_valid_and_has_nothing_to_mend(name: str) -> None:
    report = validate(BUNDLED / name)
    assert report.findings == ()
    assert report.advice == ()


@pytest.mark.parametrize("name", NAMES)
def test_each_costs_little(name: str) -> None:
    skill = read(BUNDLED / name, Scope.BUNDLED, BUNDLED)
    assert skill.listing_tokens <= 130
    assert skill.body_tokens <= 2_000


@pytest.mark.parametrize("name", NAMES)
def test_each_says_when_to_use_it(name: str) -> None:
    assert "Use " in read(BUNDLED / name, Scope.BUNDLED, BUNDLED).description


@pytest.mark.parametrize("name", NAMES)
def test_the_files_that_each_names_are_there(name: str) -> None:
    text = (BUNDLED / name / "SKILL.md").read_text(encoding="utf-8")
    for path in re.findall(r"(?:scripts|references|assets)/[\w.-]+\.\w+", text):
        assert (BUNDLED / name / path).exists(), path


@pytest.mark.parametrize("name", NAMES)
def test_none_hides_anything(name: str) -> None:
    notes = review(read(BUNDLED / name, Scope.BUNDLED, BUNDLED)).notes
    assert [n for n in notes if n.kind in ("hidden", "comment", "pipe-to-shell", "encoded")] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_explains_itself(script: str) -> None:
    done = run(script, "--help")
    assert done.returncode == 0
    assert "usage:" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_wrong_usage_is_no_traceback(script: str) -> None:
    done = run(script, "--nonsense")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_letter_sets_repeat_with_their_seed_and_lie_apart() -> None:
    first = data(ACRONYMS, "draw", "--seed", "7")
    assert first == data(ACRONYMS, "draw", "--seed", "7")
    assert first["draw"] != data(ACRONYMS, "draw", "--seed", "8")["draw"]
    sets = first["draw"]
    assert len(sets) == len(set(sets)) == 100
    assert all(re.fullmatch("[A-Z]{4}", one) for one in sets)
    apart = [sum(a != b for a, b in zip(x, y, strict=True)) for x in sets for y in sets if x < y]
    assert min(apart) >= 2


def test_readings_are_checked_against_their_letters() -> None:
    items = [
        {"source": "TGVR", "term": "Temporal Gating of Vesicle Release", "field": "biology"},
        {"source": "ABCD", "term": "A big cat dances", "field": "zoology"},
        {"source": "XYZW", "term": "Wrong words here", "field": "Biology"},
    ]
    done = run(ACRONYMS, "check", text=json.dumps(items))
    problems = [item["problems"] for item in json.loads(done.stdout)["items"]]
    assert done.returncode == 1
    assert problems[:2] == [[], []]
    assert len(problems[2]) == 2


def test_the_alphabet_is_shuffled_by_its_seed() -> None:
    first = data(LETTERS, "draw", "--seed", "1")["draw"]
    assert sorted(first) == list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert first == data(LETTERS, "draw", "--seed", "1")["draw"]
    assert first != sorted(first)
    assert len(data(LETTERS, "draw", "--letters", "5")["draw"]) == 5


def test_people_are_checked_against_letters_and_earlier_lists(tmp_path: Path) -> None:
    ban = tmp_path / "first.txt"
    ban.write_text("Alan Turing\n")
    items = [
        {"letter": "N", "person": "Emmy Noether", "concept": "symmetry"},
        {"letter": "É", "person": "Émilie du Châtelet", "concept": "energy"},
        {"letter": "T", "person": "Alan Turing", "concept": "machines"},
        {"letter": "Z", "person": "-", "concept": "a lemma"},
        {"letter": "Q", "person": "Emmy Noether", "concept": ""},
    ]
    done = run(LETTERS, "check", "--ban", str(ban), text=json.dumps(items))
    problems = [len(item["problems"]) for item in json.loads(done.stdout)["items"]]
    assert problems == [0, 0, 1, 0, 3]


@pytest.mark.parametrize("script", [ACRONYMS, LETTERS])
def test_input_that_is_no_json_is_no_traceback(script: str) -> None:
    done = run(script, "check", text="not json")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">{}</feed>"""
ENTRY = """<entry><id>http://arxiv.org/abs/{id}</id><title>On
  {id}</title><summary>{text}</summary><published>2026-01-05T00:00:00Z</published>
  <author><name>A. Author</name></author><arxiv:primary_category term="cs.AI"/>
  <category term="cs.AI"/></entry>"""


class Arxiv(http.server.BaseHTTPRequestHandler):
    """Stands in for arXiv: every second identifier exists."""

    asked: list[dict[str, list[str]]]
    headers_seen: list[dict[str, str]]
    answer: tuple[int, str] | None

    def do_GET(self) -> None:
        query = parse_qs(urlparse(self.path).query)
        self.asked.append(query)
        self.headers_seen.append({k.lower(): v for k, v in self.headers.items()})
        ids = query["id_list"][0].split(",")[::2]
        entries = [ENTRY.format(id=i, text="word \u200b" * 60) for i in reversed(ids)]
        status, body = self.answer or (200, FEED.format("".join(entries)))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def arxiv() -> Iterator[tuple[type[Arxiv], str]]:
    handler = type("Handler", (Arxiv,), {"asked": [], "headers_seen": [], "answer": None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_port}/api/query"
    server.shutdown()
    server.server_close()


def draw(url: str, cache: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {"XDG_CACHE_HOME": str(cache), "HOME": str(cache)}
    return run(ARXIV, "--url", url, "--month", "2026-01", *args, env=env)


def test_papers_are_drawn_in_one_polite_request(
    arxiv: tuple[type[Arxiv], str], tmp_path: Path
) -> None:
    handler, url = arxiv
    done = draw(url, tmp_path, "--n", "5", "--seed", "3")
    result = json.loads(done.stdout)
    asked = handler.asked[0]["id_list"][0].split(",")
    assert [paper["id"] for paper in result["draw"]] == asked[::2][:5]
    assert all(re.fullmatch(r"2601\.\d{5}v1", one) for one in asked)
    assert handler.asked[0]["max_results"] == [str(len(asked))]
    assert "atom+xml" in handler.headers_seen[0]["accept"]
    assert "agentdeck" in handler.headers_seen[0]["user-agent"]
    assert "\u200b" not in result["draw"][0]["abstract"]


def test_a_draw_is_repeated_from_the_cache(arxiv: tuple[type[Arxiv], str], tmp_path: Path) -> None:
    handler, url = arxiv
    first = json.loads(draw(url, tmp_path, "--seed", "3").stdout)
    second = json.loads(draw(url, tmp_path, "--seed", "3").stdout)
    assert first["draw"] == second["draw"]
    assert second["source"] == "cache"
    assert len(handler.asked) == 1


@pytest.mark.parametrize(("status", "body"), [(429, "x"), (200, "Rate exceeded.")])
def test_a_rate_limit_stops_this_run_and_the_next(
    arxiv: tuple[type[Arxiv], str], tmp_path: Path, status: int, body: str
) -> None:
    handler, url = arxiv
    handler.answer = (status, body)
    first, second = draw(url, tmp_path), draw(url, tmp_path)
    assert (first.returncode, second.returncode) == (1, 1)
    assert "limits the rate" in first.stderr
    assert "asked for a pause" in second.stderr
    assert len(handler.asked) == 1


def test_what_arxiv_says_of_a_bad_request_is_shown(
    arxiv: tuple[type[Arxiv], str], tmp_path: Path
) -> None:
    handler, url = arxiv
    entry = ENTRY.format(id="x", text="bad category").replace("abs/x", "api/errors")
    handler.answer = (400, FEED.format(entry))
    done = draw(url, tmp_path)
    assert done.returncode == 1
    assert "bad category" in done.stderr


@pytest.mark.parametrize("body", ["<feed", '<!DOCTYPE x [<!ENTITY a "b">]><feed/>'])
def test_a_feed_that_can_not_be_read_is_no_traceback(tmp_path: Path, body: str) -> None:
    (tmp_path / "feed.xml").write_text(body)
    done = run(ARXIV, "--feed", str(tmp_path / "feed.xml"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_arxiv_that_can_not_be_reached_is_no_traceback(tmp_path: Path) -> None:
    done = draw("http://127.0.0.1:9/", tmp_path)
    assert done.returncode == 1
    assert "--feed" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_creators_check_agrees_with_the_validator(name: str) -> None:
    assert data(CREATOR, "check", str(BUNDLED / name))["ok"] is True


def test_the_creator_packs_what_the_library_takes_in(tmp_path: Path) -> None:
    from skills.library import Library, SkillPlaces

    output = tmp_path / "deepen.skill"
    assert data(CREATOR, "pack", str(BUNDLED / "deepen"), "-o", str(output))["ok"] is True
    library = Library(SkillPlaces(tmp_path / "mine", tmp_path / "keep", tmp_path / "home"))
    assert library.add(str(output)).name == "deepen"


def test_the_creator_refuses_a_link(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: demo\ndescription: Use when asked.\n---\nDo.\n")
    (folder / "key").symlink_to("/etc/passwd")
    done = run(CREATOR, "pack", str(folder))
    assert done.returncode == 1
    assert not (tmp_path / "demo.skill").exists()
