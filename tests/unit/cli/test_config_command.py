"""`agentdeck config`: where the configuration is, and what it says."""

from __future__ import annotations

import stat
import tomllib

from sessions.config.example import example
from tests.unit.cli.conftest import Home


def test_path_names_the_file_whether_it_is_there_or_not(bare: Home) -> None:
    assert bare.out("config", "path").strip() == str(bare.home / "config.toml")


def test_init_writes_the_example_for_the_user_alone(bare: Home) -> None:
    bare.out("config", "init")
    file = bare.places.config_file
    assert file.read_text("utf-8") == example()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_init_replaces_nothing_unasked(bare: Home) -> None:
    bare.home.mkdir(mode=0o700)
    bare.places.config_file.write_text("# mine\n")
    done = bare.call("config", "init")
    assert done.returncode == 2
    assert bare.places.config_file.read_text() == "# mine\n"
    bare.out("config", "init", "--force")
    assert bare.places.config_file.read_text("utf-8") == example()


def test_show_prints_what_is_in_force_as_toml(bare: Home) -> None:
    told = tomllib.loads(bare.out("config", "show"))
    assert told["limits"]["turns_at_once"] == 12
    assert told["backends"]["local"]["type"] == "local"


def test_show_redacts_keys_and_the_environment_of_agents(bare: Home) -> None:
    bare.home.mkdir(mode=0o700)
    file = bare.places.config_file
    file.write_text(
        '[backends.a]\napi_key = "sk-topsecret"\nbase_url = "http://127.0.0.1:1"\n'
        '[backends.b]\ntype = "acp"\ncommand = ["x"]\nenv = {TOKEN = "topsecret"}\n'
        '[mcp.servers.c]\ncommand = ["y"]\nenv = {DB = "topsecret"}\n'
    )
    file.chmod(0o600)
    for args in ((), ("--json",)):
        told = bare.out("config", "show", *args)
        assert "topsecret" not in told
        assert "TOKEN" in told


def test_a_key_in_a_file_that_others_can_read_is_refused(bare: Home) -> None:
    bare.home.mkdir(mode=0o700)
    file = bare.places.config_file
    file.write_text('[backends.a]\napi_key = "sk-topsecret"\n')
    file.chmod(0o644)
    done = bare.call("config", "show")
    assert done.returncode == 2
    assert "topsecret" not in done.stderr


def test_without_rules_none_are_listed(bare: Home) -> None:
    assert bare.data("config", "rules") == []
