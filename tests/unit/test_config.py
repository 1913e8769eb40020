"""The configuration: strict, with every fault named; written without losing comments."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import tomlkit

from sessions import config
from sessions.config import Secret, write
from sessions.config.model import Price
from sessions.errors import UsageError
from skills import private_files


def load(tmp_path: Path, text: str) -> config.Config:
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return config.load(path)


FAULTS = [
    ('[defaults]\nprofle = "x"', ["line 2", "defaults.profle", "did you mean profile?"]),
    ("[limits]\nturns_at_once = true", ["line 2", "a whole number", "true"]),
    ("[limits]\nturns_at_once = -3", ["must not be negative"]),
    ('[backends.a]\ntype = "anthropc"', ["line 2", "did you mean anthropic?"]),
    ("[backends.a]\nbase_url = 5", ["must be text, not 5"]),
    ('[backends.a]\nbase_url = "localhost"', ["no http or https address"]),
    ('[profiles.a]\nbackend = "clade"', ["line 2", "did you mean claude?"]),
    ('[profiles.a]\nbackend = "claude"\npermission = "edt"', ["did you mean edit?"]),
    ('[defaults]\nprofile = "clade"', ["no profile is called", "did you mean claude?"]),
    ('[profiles.a]\nbackend = "claude"\nskills = {x = "sometimes"}', ["sometimes", "none of on"]),
    ("defaults = 3", ["must be a table"]),
    ('[backends.mine]\ntype = "acp"', ["needs its `command`"]),
    ("[mcp.servers.db]\ntimeout_s = 3", ["either `command` or `url`"]),
    ('[hosts.build]\nssh = "b"\ncommand = ["c"]', ["hosts.build", "either `ssh` or `command`"]),
    ('[hosts."../x"]\nssh = "b"', ["no name for a host"]),
    ('[hosts.any]\nssh = "b"', ["no name for a host"]),
    ('[profiles.p]\nbackend = "claude"\nhost = "nowhere"', ["no host is called 'nowhere'"]),
    ("not toml", ["is not TOML"]),
    ("[nonsense]\nx = 1", ["nonsense", "unknown key"]),
]


@pytest.mark.parametrize(("text", "words"), FAULTS)
def test_a_fault_names_key_line_and_remedy(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.exit_code == 2


def test_every_fault_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "[defaults]\na = 1\nb = 2\n[limits]\nc = 3")
    assert str(caught.value).count("unknown key") == 3


def test_a_file_with_a_key_must_be_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[backends.a]\napi_key = "sk-123"\n')
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        config.load(path)
    path.chmod(0o600)
    assert config.load(path).backends["a"].api_key.reveal() == "sk-123"


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret("sk-ant-123")
    assert "123" not in f"{secret} {secret!r} {[secret]} {secret:>20}"
    assert secret.reveal() == "sk-ant-123"


def test_the_default_is_the_best_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert load(tmp_path, "").choose().backend == "local"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert load(tmp_path, "").choose().backend == "claude"
    served = '[backends.mine]\nbase_url = "http://127.0.0.1:1"\nmodel = "m"'
    assert load(tmp_path, served).choose().backend == "mine"
    assert load(tmp_path, f'{served}\n[defaults]\nprofile = "local"').choose().backend == "local"
    # One that was made for some purpose is chosen, and never the default because it is there.
    purpose = f'{served}\n[profiles.audit]\nbackend = "mine"\npermission = "read-only"'
    assert load(tmp_path, purpose).default_profile() == "mine"


def test_an_agent_is_known_by_its_name(tmp_path: Path) -> None:
    assert load(tmp_path, "").choose(backend="opencode").backend == "opencode"
    assert load(tmp_path, "").backends["opencode"].command == ["opencode", "acp"]


def test_comments_survive_a_change(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('# mine\n[profiles.claude] # best\nbackend = "claude"\nskills = ["a"]\n')
    write.set_profile_skill(path, "claude", "b", "manual")
    text = path.read_text()
    assert "# mine" in text and "# best" in text
    assert config.load(path).profiles["claude"].skill_states() == {"a": "on", "b": "manual"}


def test_what_is_new_comes_above_the_words_on_the_next_table(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        "[tools]\nsandbox = true\n\n# On rules.\n[[permissions.rules]]\nid = 1\n\n# The end.\n"
        "[limits]\nusd = 3\n"
    )
    write.set_key(path, ("tools", "timeout_s"), 5)
    write.edit(path, lambda d: write.append(d["permissions"]["rules"], tomlkit.item({"id": 2})))
    assert path.read_text() == (
        "[tools]\nsandbox = true\ntimeout_s = 5\n\n# On rules.\n[[permissions.rules]]\nid = 1\n\n"
        "[[permissions.rules]]\nid = 2\n\n# The end.\n[limits]\nusd = 3\n"
    )


def test_a_file_that_is_no_toml_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("half [")
    with pytest.raises(UsageError):
        write.set_key(path, ("defaults", "theme"), "nord")
    assert path.read_text() == "half ["


def test_who_changes_the_file_keeps_others_from_it_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    def change(document: tomlkit.TOMLDocument) -> None:
        with pytest.raises(BlockingIOError):
            private_files.lock(tmp_path / ".config.lock", wait=False)
        document["defaults"] = {"theme": "nord"}

    write.edit(path, change)
    assert config.load(path).defaults.theme == "nord"


def test_a_price_says_its_unit_beside_each_figure() -> None:
    for each in fields(Price):
        assert "dollars per million tokens" in each.metadata["doc"], each.name
