"""Settings are written one by one: comments kept, built-in tables whole, secrets never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sessions import config
from sessions.config import change
from sessions.config.settings import Setting, overview
from sessions.errors import UsageError

MINE = """\
# mine
[limits] # lim
session_usd = 2.5  # two

[backends.a]
base_url = "http://user:hidden-word@host/x"
env = {API_KEY = "sk-12345678", X="1"}

# next one is a profile
[profiles.p]
backend = "a" # why
"""


def written(tmp_path: Path, text: str = MINE) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def setting(path: Path, name: str) -> Setting:
    found = [s for section in overview(path).sections for s in section.settings]
    return next(s for s in found if ".".join(s.keys) == name)


def test_each_key_has_its_words_default_and_source_and_no_secret(tmp_path: Path) -> None:
    path = written(tmp_path)
    usd = setting(path, "limits.session_usd")
    assert (usd.value, usd.default, usd.source) == ("2.5", "0", "your file, line 3")
    assert setting(path, "profiles.p.backend").choices[:2] == ("a", "claude")
    assert setting(path, "backends.openai.type").source == "built in"
    shown = repr(overview(path))
    assert "hidden-word" not in shown and "sk-12345678" not in shown
    for section in overview(path).sections:
        assert all(s.words and s.force for s in section.settings if s.kind != "key")


def test_comments_and_hidden_parts_stay(tmp_path: Path) -> None:
    path = written(tmp_path)
    change.put(path, ("limits", "session_usd"), "3")
    change.put(path, ("backends", "a", "env"), "API_KEY=… X=2 Y='a b'")
    changed = MINE.replace("= 2.5", "= 3.0").replace('X="1"}', 'X = "2", Y = "a b"}')
    assert path.read_text() == changed
    with pytest.raises(UsageError, match="not shown"):
        change.put(path, ("backends", "a", "base_url"), setting(path, "backends.a.base_url").value)


def test_what_is_wrong_is_told_and_not_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    for keys, text, word in [
        (("limits", "max_steps"), "many", "must be a whole number"),
        (("limits", "max_steps"), "-1", "must not be negative"),
        (("profiles", "p", "backend"), "clade", "did you mean claude?"),
        (("profiles", "p", "permission"), "edt", "did you mean edit?"),
        (("backends", "a", "command"), "'open", "quotation mark"),
    ]:
        assert word in change.fault_of(path, keys, text)
        with pytest.raises(UsageError):
            change.put(path, keys, text)
    with pytest.raises(UsageError, match="no backend is called 'a'"):
        change.reset(path, ("backends", "a"))
    assert path.read_text() == MINE


def test_a_change_by_hand_of_another_key_stays_and_of_this_one_is_asked_about(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, MINE.replace("2.5", "7.0") + "permission = 'edit'\n")
    asked = change.put(path, ("limits", "session_usd"), "3", before="2.5")
    assert (asked.written, asked.now) == (False, "7")
    assert change.put(path, ("limits", "max_steps"), "9", before="100").written
    assert "permission = 'edit'" in path.read_text() and "max_steps = 9" in path.read_text()


def test_a_key_in_a_built_in_table_keeps_what_is_built_in(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    before = config.load(path).backends["openai"]
    change.put(path, ("backends", "openai", "model"), "m")
    after = config.load(path).backends["openai"]
    assert (after.type, after.api_key_env, after.model) == (before.type, before.api_key_env, "m")


def test_a_file_that_gets_a_key_is_its_owners_alone(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.chmod(0o644)
    change.put(path, ("backends", "a", "api_key"), "sk-abcdefghij")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert config.load(path).backends["a"].key == "sk-abcdefghij"


@pytest.mark.parametrize(
    "name",
    ["", "limits", "limits.nothing", "backends", "backends.a", "backends.a.b", "limits.max_steps.x",
     "backends.a.model.x", "keys", "permissions.rules", "mcp.servers", "mcp.servers.x", "no.such"],
)  # fmt: skip
def test_what_is_no_setting_is_refused_before_the_file_is_touched(
    tmp_path: Path, name: str
) -> None:
    path = written(tmp_path)
    keys = tuple(name.split(".")) if name else ()
    assert "no setting" in change.fault_of(path, keys, "1")
    with pytest.raises(UsageError, match="no setting"):
        change.put(path, keys, "1")
    assert path.read_text() == MINE


def test_tables_come_and_go_between_the_words_of_others(tmp_path: Path) -> None:
    path = written(tmp_path)
    change.add(path, ("backends", "b"), {"type": "acp", "command": "run it"})
    text = path.read_text()
    assert text.index("[backends.b]") < text.index("# next one") < text.index("[profiles.p]")
    change.reset(path, ("backends", "b"))
    assert "# next one" in path.read_text() and "[backends.b]" not in path.read_text()
    with pytest.raises(UsageError, match="already"):
        change.add(path, ("profiles", "claude"), {})
    with pytest.raises(UsageError, match="needs either"):
        change.add(path, ("mcp", "servers", "x"), {})


def test_a_table_goes_with_its_last_key_unless_words_stand_in_it(tmp_path: Path) -> None:
    path = written(tmp_path, MINE)
    change.put(path, ("tools", "timeout_s"), "90")
    assert "[tools]" in path.read_text()
    change.reset(path, ("tools", "timeout_s"))
    assert path.read_text().rstrip() == MINE.rstrip()
    path = written(tmp_path, "[tools]\n# mine\ntimeout_s = 90\n")
    change.reset(path, ("tools", "timeout_s"))
    assert path.read_text() == "[tools]\n# mine\n"
