"""Rules in the user's configuration: written, listed, revoked; nothing else is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessions.errors import NotFound, UsageError
from sessions.tools.rules import FileRules, Rule, parse
from tests.support.toolhost import Desk, say

CONFIG = """\
# my deck
[defaults]
profile = "claude"   # the good one

[permissions]
# rules below were allowed from the deck

[profiles.claude]
backend = "claude"
"""


def rule(*argv: str, workspace: str = "/w") -> Rule:
    return Rule("", "Bash", "argv", workspace, argv, f"/usr/bin/{argv[0]}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deck" / "config.toml"
    path.parent.mkdir(mode=0o700)
    path.write_text(CONFIG)
    path.chmod(0o600)
    return path


def test_a_rule_is_written_and_read_again(file: Path) -> None:
    added = FileRules(file).add(rule("git", "status"))
    assert FileRules(file).rules() == [added]
    assert added.id.startswith("r-")
    assert added.made


def test_everything_else_stays_as_it_was(file: Path) -> None:
    rules = FileRules(file)
    first = rules.add(rule("git", "status"))
    rules.add(rule("ls"))
    text = file.read_text()
    for line in CONFIG.splitlines():
        assert line in text
    rules.revoke(first.id)
    assert [r.argv for r in rules.rules()] == [("ls",)]
    assert "# the good one" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_configuration_is_made_if_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    FileRules(file).add(rule("ls"))
    assert FileRules(file).rules()[0].argv == ("ls",)
    assert file.stat().st_mode & 0o777 == 0o600


def test_only_rules_of_the_workspace_are_given(file: Path) -> None:
    rules = FileRules(file)
    rules.add(rule("ls", workspace="/a"))
    rules.add(rule("ls", workspace="/b"))
    assert [r.workspace for r in rules.rules(Path("/a"))] == ["/a"]


def test_a_rule_revoked_elsewhere_stops_at_once(file: Path) -> None:
    here, there = FileRules(file), FileRules(file)
    added = here.add(rule("ls"))
    assert there.rules()
    here.revoke(added.id)
    assert not there.rules()


def test_revoking_what_is_not_there_says_so(file: Path) -> None:
    with pytest.raises(NotFound):
        FileRules(file).revoke("r-0")


def test_a_link_to_the_configuration_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    file.rename(real)
    file.symlink_to(real)
    FileRules(file).add(rule("ls"))
    assert file.is_symlink()
    assert "ls" in real.read_text()


def test_broken_toml_is_left_alone(file: Path) -> None:
    file.write_text("[broken\n")
    with pytest.raises(UsageError):
        FileRules(file).add(rule("ls"))
    assert file.read_text() == "[broken\n"
    assert FileRules(file).rules() == []


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_rules_that_others_can_write_are_not_followed(file: Path) -> None:
    rules = FileRules(file)
    rules.add(rule("ls"))
    file.chmod(0o666)
    assert FileRules(file).rules() == []


WRONG = [
    "text",
    {},
    {"tool": "Bash", "kind": "argv", "workspace": "/w", "program": "/bin/ls"},
    {"tool": "Bash", "kind": "tool", "workspace": "/w"},
    {"tool": "Bash", "kind": "regex", "argv": ["ls"], "workspace": "/w", "program": "/bin/ls"},
    {"tool": "Bash", "kind": "argv", "argv": "ls", "workspace": "/w", "program": "/bin/ls"},
    {"tool": "Bash", "kind": "argv", "argv": [1], "workspace": "/w", "program": "/bin/ls"},
    {"tool": "Bash", "kind": "argv", "argv": ["ls"], "workspace": "w", "program": "/bin/ls"},
    {"tool": "Bash", "kind": "argv", "argv": ["ls"], "workspace": "/w"},
]


@pytest.mark.parametrize("entry", WRONG)
def test_what_is_no_rule_allows_nothing(entry: object) -> None:
    with pytest.raises(ValueError):
        parse(entry)


def test_one_wrong_rule_does_not_switch_off_the_others(file: Path) -> None:
    rules = FileRules(file)
    rules.add(rule("ls"))
    file.write_text(file.read_text() + '\n[[permissions.rules]]\ntool = "Bash"\n')
    assert [r.argv for r in rules.rules()] == [("ls",)]
    assert len(rules.faults) == 1


async def test_always_is_written_and_holds_in_the_next_session(tmp_path: Path) -> None:
    config = tmp_path / "deck" / "config.toml"
    desk = Desk(tmp_path, answer=say("always"), rules=FileRules(config))
    await desk.bash("ls -a")
    assert len(desk.host.asked) == 1
    later = Desk(tmp_path, answer=say("no"), rules=FileRules(config))
    assert (await later.bash("ls -a")).status == "ok"
    assert not later.host.asked


async def test_rules_in_the_workspace_count_for_nothing(tmp_path: Path) -> None:
    """CVE-2025-59536, CVE-2026-21852, CVE-2025-61260: nothing is read from the workspace."""
    desk = Desk(tmp_path, answer=say("no"))
    text = (
        '[[permissions.rules]]\nid="r"\ntool="Bash"\nkind="prefix"\nargv=["ls"]\n'
        f'program="/usr/bin/ls"\nworkspace="{desk.ws}"\n'
    )
    for name in ("config.toml", ".agentdeck/config.toml", "agentdeck.toml", ".env"):
        path = desk.ws / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert (await desk.bash("ls")).status == "denied"


async def test_a_yes_that_cannot_be_kept_holds_once_and_says_so(tmp_path: Path) -> None:
    config = tmp_path / "deck" / "config.toml"
    desk = Desk(tmp_path, answer=say("always"), rules=FileRules(config))
    config.write_text("[broken\n")
    assert (await desk.bash("echo x")).content == "x"
    assert any(e.type == "error" for e in desk.host.events)
    await desk.bash("echo x")
    assert len(desk.host.asked) == 2


def test_the_configuration_with_a_rule_is_still_valid(file: Path) -> None:
    """The strict reader of the configuration and the rules agree on what stands in the file."""
    from sessions.config import load

    file.write_text('[profiles.local]\nbackend = "local"\n')
    FileRules(file).add(rule("git", "status"))
    rules = load(file).permissions.rules
    assert [list(r.argv) for r in rules] == [["git", "status"]]
