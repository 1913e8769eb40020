"""Files of others: configurations, conversations of other harnesses, skills, Atom feeds."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions import config
from sessions.config.example import example
from sessions.errors import UsageError
from sessions.importers.run import import_paths
from sessions.priming.arxiv.feed import NotAFeed, read_feed
from sessions.record.journal import NAME, Faults, read
from sessions.safety import secrets_filter
from skills.errors import SkillError
from skills.parse import first_paragraph, load
from skills.validate import validate
from tests.support.rig import rig_places
from tests.unit.fuzz.strategies import WORDS, bytes_gone_bad, fuzzed, gone_bad
from tests.unit.importers import test_importers as formats

pytestmark = pytest.mark.timeout(300)

CONFIG = (
    '[defaults]\nprofile = "a"\n[backends.b]\nbase_url = "http://127.0.0.1:1"\nretries = 3\n'
    'api_key = "sk-1234567890"\nmodels = ["x", "y"]\n[profiles.a]\nbackend = "b"\n'
    'skills = {x = "on"}\n[limits]\nsession_usd = 1.5\n[keys]\nzoom = ["f11"]\n'
    '[mcp.servers.m]\ncommand = ["x"]\nenv = {A = "b"}\n[[permissions.rules]]\nargv = ["make"]\n'
)


@given(data=st.one_of(bytes_gone_bad(CONFIG.encode()), bytes_gone_bad(example().encode())))
@fuzzed
def test_any_configuration_loads_or_is_a_fault_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz-config.toml"
    file.write_bytes(data)
    file.chmod(0o600)
    try:
        config.load(file)
    except UsageError as error:
        assert str(file) in error.message
    finally:
        secrets_filter.known.remember(())


CONVERSATIONS: dict[str, tuple[str, list[Any]]] = {
    "claude": ("s.jsonl", formats.CLAUDE),
    "codex": ("rollout-1.jsonl", formats.CODEX),
    "gemini": ("session-1.jsonl", formats.GEMINI),
    "plain": ("chat.json", [{"role": "user", "content": "Hi"}, {"role": "assistant",
                                                                "content": "Hello"}]),
}  # fmt: skip


@pytest.mark.parametrize("harness", CONVERSATIONS)
@given(data=st.data())
@fuzzed
def test_any_conversation_of_another_harness_is_imported_or_told_as_failed(
    tmp_path_factory: pytest.TempPathFactory, harness: str, data: st.DataObject
) -> None:
    name, good = CONVERSATIONS[harness]
    lines = data.draw(gone_bad(good, 5))
    root = tmp_path_factory.getbasetemp() / f"fuzz-import-{harness}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    if harness == "plain":
        text = json.dumps(lines).encode()
    else:
        told = lines if isinstance(lines, list) else [lines]
        text = b"".join(json.dumps(line).encode() + b"\n" for line in told)
    (root / name).write_bytes(data.draw(bytes_gone_bad(text)))
    places = rig_places(root / "home")
    for imported in import_paths([root / name], places):
        assert imported.status in ("new", "grown", "known", "empty", "failed")
        if imported.status == "new":
            faults = Faults()
            events = list(read(places.session(imported.session) / NAME, faults))
            assert [e.seq for e in events] == list(range(1, len(events) + 1))
            assert faults.found == []


SKILL = b"""---
name: demo
description: Does it. Use when asked.
license: MIT
allowed-tools: Read, Bash(git:*)
metadata:
  version: "1.2"
  tags: [a, b]
---
# Demo

See [notes](references/notes.md).
"""


@given(data=bytes_gone_bad(SKILL))
@fuzzed
def test_any_skill_is_read_or_told_why_not(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz-skill" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_bytes(data)
    for finding in validate(folder).findings:
        assert finding.rule and finding.message
    try:
        first_paragraph(load(folder / "SKILL.md").body)
    except SkillError as error:
        assert str(error)


ENTRY = (
    "<entry><id>http://arxiv.org/abs/2401.01234v1</id><published>2024-01-02T00:00:00Z</published>"
    "<title>On a\n thing &amp; more</title><summary>We $a&lt;b$ show.</summary>"
    "<author><name>A. Author</name></author><category term='cs.CL'/>"
    "<arxiv:primary_category xmlns:arxiv='http://arxiv.org/schemas/atom' term='cs.CL'/></entry>"
)
FEED = (
    "<?xml version='1.0' encoding='UTF-8'?><feed xmlns='http://www.w3.org/2005/Atom'>"
    "<opensearch:totalResults xmlns:opensearch='http://a9.com/-/spec/opensearch/1.1/'>3"
    f"</opensearch:totalResults>{ENTRY}{ENTRY}</feed>"
).encode()


@given(data=bytes_gone_bad(FEED), title=WORDS)
@fuzzed
def test_any_feed_gives_papers_of_plain_text_or_is_none(data: bytes, title: str) -> None:
    data = data.replace(b"On a", title.encode("utf-8", "replace"))
    try:
        feed = read_feed(data)
    except NotAFeed as error:
        assert str(error)
        return
    for paper in feed.papers:
        told = [paper.title, paper.abstract, *paper.authors, *paper.categories, paper.published]
        assert all(char >= " " or char == "\n" for text in told for char in text)
        assert len(paper.title) <= 600
