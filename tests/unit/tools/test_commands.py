"""What a command line may do without being asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.record import events as ev
from sessions.tools import plain_command as plain
from sessions.tools.policy import program_of
from sessions.tools.rules import MemoryRules, Rule
from tests.support.toolhost import Desk, say
from tests.unit.tools.evasions import EVASIONS, PLAIN, PREFIXES

PROGRAMS: dict[str, tuple[str, str]] = {}
"""Where each program is, and its digest: read once, not for every test."""


def allow_everything_named(desk: Desk) -> None:
    """A prefix rule, and a grant, for each program of the table."""
    for name in PREFIXES:
        if name not in PROGRAMS:
            program = program_of(name, desk.box.state)
            PROGRAMS[name] = (program.real, program.sha256) if program else (f"/usr/bin/{name}", "")
        real, digest = PROGRAMS[name]
        desk.rules.add(Rule("", "Bash", "prefix", str(desk.ws), (name,), real, digest))
        desk.box.state.grants.prefixes.add((real, digest, name))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, answer=say("no"))
    allow_everything_named(desk)
    return desk


def test_the_table_is_long_enough() -> None:
    assert len(EVASIONS) >= 60
    assert len({line for line, _ in EVASIONS}) == len(EVASIONS)


@pytest.mark.parametrize(("line", "tries"), EVASIONS, ids=[t for _, t in EVASIONS])
async def test_evasion_is_never_run_by_a_rule(desk: Desk, line: str, tries: str) -> None:
    result = await desk.bash(line)
    assert result.status in ("denied", "error"), tries
    if result.status == "error":  # refused outright, before any rule was looked at
        assert "control characters" in result.content or "empty" in result.content
    else:
        assert len(desk.host.asked) == 1
        kinds = {o["kind"] for o in desk.host.asked[0].options}
        assert not kinds & {"allow_session", "allow_always"}, "no rule may be offered for it"


@pytest.mark.parametrize(("line", "tries"), EVASIONS, ids=[t for _, t in EVASIONS])
def test_evasion_has_no_rule_to_fit(line: str, tries: str) -> None:
    words = plain.split(line)
    assert words is None or plain.refuses_rule(words), tries


@pytest.mark.parametrize(("line", "words"), PLAIN)
def test_plain_line_is_split(line: str, words: list[str]) -> None:
    assert plain.split(line) == words
    assert not plain.refuses_rule(words)


async def test_the_rules_of_the_table_do_allow_plain_lines(desk: Desk) -> None:
    """The control: without it the table would hold for rules that allow nothing."""
    result = await desk.bash("ls -la")
    assert result.status == "ok"
    assert not desk.host.asked


async def test_allowed_argv_is_run_without_a_shell(tmp_path: Path) -> None:
    rules = MemoryRules()
    desk = Desk(tmp_path, answer=say("always"), rules=rules)
    await desk.bash("printf %s-%s a b")
    assert [r.argv for r in rules.rules()] == [("printf", "%s-%s", "a", "b")]
    result = await desk.bash("printf %s-%s a b")
    assert result.content == "a-b"
    assert len(desk.host.asked) == 1
    answered = desk.host.of(ev.PermissionAnswered)[-1]
    assert answered.by == "rule"
    assert answered.rule == rules.rules()[0].id


async def test_exact_rule_does_not_cover_more_words(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("always"))
    await desk.bash("ls ws")
    await desk.bash("ls ws x")
    assert len(desk.host.asked) == 2


async def test_prefix_rule_covers_what_follows(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("always-prefix"))
    await desk.bash("git log --oneline")
    await desk.bash("git log -n 3")
    assert len(desk.host.asked) == 1
    await desk.bash("git status")
    assert len(desk.host.asked) == 2


async def test_session_grant_ends_with_the_session(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("session"))
    await desk.bash("ls")
    await desk.bash("ls")
    assert len(desk.host.asked) == 1
    assert not desk.rules.rules()
    other = Desk(tmp_path, answer=say("session"))
    await other.bash("ls")
    assert len(other.host.asked) == 1


async def test_rule_of_another_workspace_does_not_count(tmp_path: Path) -> None:
    rules = MemoryRules()
    program = program_of("ls", Desk(tmp_path).box.state)
    assert program
    rules.add(Rule("", "Bash", "argv", "/other", ("ls",), program.real))
    desk = Desk(tmp_path, answer=say("no"), rules=rules)
    assert (await desk.bash("ls")).status == "denied"


async def test_a_program_that_was_swapped_asks_again(tmp_path: Path) -> None:
    """CVE-2025-54136: an approval is bound to the content, not to the name."""
    desk = Desk(tmp_path, answer=say("always"))
    tool = desk.ws / "tool"
    tool.write_text("#!/bin/sh\necho one\n")
    tool.chmod(0o755)
    assert (await desk.bash("./tool")).content.startswith("one")
    assert (await desk.bash("./tool")).content.startswith("one")
    assert len(desk.host.asked) == 1
    tool.write_text("#!/bin/sh\necho two\n")
    await desk.bash("./tool")
    assert len(desk.host.asked) == 2


async def test_another_program_of_the_name_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, answer=say("always"))
    await desk.bash("uname")
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "uname").write_text("#!/bin/sh\necho fake\n")
    (fake / "uname").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    await desk.bash("uname")
    assert len(desk.host.asked) == 2


@pytest.mark.parametrize("mode", ["ask", "edit"])
async def test_running_asks(tmp_path: Path, mode: str) -> None:
    desk = Desk(tmp_path, mode=mode, answer=say("no"))
    assert (await desk.bash("ls")).status == "denied"
    assert desk.host.asked[0].detail == "ls"


async def test_read_only_runs_nothing_even_by_a_rule(desk: Desk) -> None:
    desk.mode("read-only")
    assert (await desk.bash("ls")).status == "denied"
    assert not desk.host.asked


async def test_unknown_mode_is_ask(tmp_path: Path) -> None:
    desk = Desk(tmp_path, mode="yolo", answer=say("no"))
    assert (await desk.bash("ls")).status == "denied"
    assert desk.host.asked


async def test_no_with_a_reason_reaches_the_model(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("no-reason", "use make instead"))
    result = await desk.bash("ls")
    assert result.status == "denied"
    assert "use make instead" in result.content


async def test_a_request_shows_the_whole_command(tmp_path: Path) -> None:
    line = "echo start; " + "x" * 3000 + "; rm -rf /"
    desk = Desk(tmp_path, answer=say("no"))
    await desk.bash(line)
    assert desk.host.asked[0].detail == line
    assert desk.host.asked[0].detail_kind == "command"


async def test_unseen_characters_in_a_command_are_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer=say("no"))
    await desk.bash("echo a\u202eb")
    assert "U+202E" in desk.host.asked[0].why


@pytest.mark.parametrize("line", ["ls\x1b[2K", "ls \x00", "ls \x9b1m", "ls \r rm"])
async def test_control_characters_are_refused_before_anything(tmp_path: Path, line: str) -> None:
    desk = Desk(tmp_path, mode="full", answer=say("once"))
    assert (await desk.bash(line)).status == "error"
    assert not desk.host.asked


async def test_fifty_commands_in_a_line_are_no_way_round(desk: Desk) -> None:
    """Claude Code 2.1.90 skipped its rules beyond 50 commands."""
    result = await desk.bash("; ".join(["true"] * 60))
    assert result.status == "denied"
