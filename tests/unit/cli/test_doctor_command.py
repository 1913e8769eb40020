"""`agentdeck doctor`: what works here, and what does not, each with its remedy."""

from __future__ import annotations

import json

from tests.unit.cli.conftest import Home


def test_it_prints_the_promised_shape(home: Home) -> None:
    rows = home.data("doctor")
    assert all(row.keys() == {"check", "ok", "detail", "remedy"} for row in rows)
    assert all(isinstance(row["ok"], bool) for row in rows)
    checks = {row["check"] for row in rows}
    assert checks >= {"python", "data folder", "disk", "configuration", "sandbox", "engine"}


def test_what_does_not_work_has_a_remedy(bare: Home) -> None:
    bare.extra_env = {"PATH": "/nowhere", "TERM": "dumb"}
    rows = json.loads(bare.call("doctor", "--json").stdout)
    bad = [row for row in rows if not row["ok"]]
    assert {"git", "rg", "terminal"} <= {row["check"] for row in bad}
    assert all(row["remedy"] for row in bad)
    assert [row["remedy"] for row in bad if row["check"] == "rg"] == ["Install ripgrep."]


def test_a_default_that_cannot_answer_ends_with_1(bare: Home) -> None:
    bare.home.mkdir(mode=0o700)
    bare.places.config_file.write_text('[defaults]\nprofile = "claude"\n')
    done = bare.call("doctor", "--json")
    assert done.returncode == 1
    row = next(r for r in json.loads(done.stdout) if r["check"] == "default backend")
    assert not row["ok"]
    assert "ANTHROPIC_API_KEY" in row["remedy"] + row["detail"]


def test_a_wrong_configuration_is_one_row_among_others(bare: Home) -> None:
    bare.home.mkdir(mode=0o700)
    bare.places.config_file.write_text("[nonsense]\n")
    done = bare.call("doctor", "--json")
    assert done.returncode == 1
    rows = {row["check"]: row for row in json.loads(done.stdout)}
    assert "nonsense" in rows["configuration"]["detail"]
    assert rows["python"]["ok"]


def test_it_shows_no_key(bare: Home) -> None:
    bare.extra_env = {"ANTHROPIC_API_KEY": "sk-ant-topsecret"}
    done = bare.call("doctor")
    assert "topsecret" not in done.stdout + done.stderr
    assert done.returncode == 0
