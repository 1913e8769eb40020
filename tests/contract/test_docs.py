"""What the documentation shows is there: commands, options, keys of the configuration, files."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from sessions import config
from sessions.cli.commands import cli
from sessions.config.builtin import with_builtins
from sessions.config.model import Config
from sessions.plans.keys import keys
from sessions.plans.read import parse
from tests.pictures import LARGEST

ROOT = Path(__file__).parents[2]
DOCS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/keys.md", "docs/permissions.md",
        "docs/review.md", "docs/browser.md")  # fmt: skip
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The README's fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def commands() -> list[str]:
    """Every call of agentdeck in a shell block, what stands before a pipe left out."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [
        line[line.index("agentdeck ") :] for line in lines if re.search(r"(^|\| )agentdeck ", line)
    ]


@pytest.mark.parametrize("document", DOCS)
def test_every_link_leads_to_a_file(document: str) -> None:
    folder = (ROOT / document).parent
    text = (ROOT / document).read_text("utf-8")
    links = [t for t in re.findall(r"\]\(([^)#]+)", text) if "://" not in t]
    assert [t for t in links if not (folder / t).exists()] == []


def test_the_readme_shows_commands() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_readme_can_be_called_so(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="agentdeck", help_option_names=["-h", "--help"])
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words[0]
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    command.parse_args(context, words)


def test_the_configuration_of_the_readme_loads(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("\n".join(blocks("toml")), "utf-8")
    loaded = config.load(path)
    assert {"lab", "far"} <= set(loaded.backends)
    assert loaded.profiles["review"].permission == "read-only"


def test_every_target_that_is_named_is_in_the_makefile() -> None:
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {
        target
        for document in DOCS
        for target in re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / document).read_text(), re.M)
    }
    assert named
    assert named <= there


def test_pictures_are_small_and_fetch_nothing() -> None:
    pictures = list((ROOT / "docs" / "pictures").glob("*.svg"))
    assert pictures
    for path in pictures:
        text = path.read_text("utf-8")
        assert path.stat().st_size < LARGEST, path.name
        assert not re.search(r"url\([\"']?https?:|href=[\"']http", text), path.name


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_plans_that_are_shown_can_be_started(tmp_path: Path) -> None:
    (tmp_path / "parsers").mkdir()
    (tmp_path / "parsers" / "a.py").touch()
    shown = re.findall(r"<<'EOF'\n(.*?)^EOF", README, re.M | re.S)
    more = (ROOT / "docs/plans.md").read_text("utf-8")
    shown += re.findall(r"^```toml\n(\[plan\].*?)^```", more, re.M | re.S)
    assert len(shown) == 2
    for text in shown:
        parse(text, tmp_path, with_builtins(Config()), skills=[])


def test_every_key_of_a_plan_is_explained() -> None:
    assert keys() in (ROOT / "docs/plans.md").read_text("utf-8")
