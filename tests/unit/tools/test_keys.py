"""Keys in files: neither shown to the model, nor destroyed by what it writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions.safety import secrets_filter
from sessions.tools import hidden_keys
from sessions.tools.process import environment
from tests.support.toolhost import Desk, say

ONE, TWO = "sk-one-0123456789abcdef", "sk-two-fedcba9876543210"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two keys that are known."""
    monkeypatch.setenv("FIRST_API_KEY", ONE)
    monkeypatch.setenv("SECOND_API_KEY", TWO)
    secrets_filter.known.remember(())
    yield
    monkeypatch.undo()
    secrets_filter.known.remember(())


@pytest.fixture
async def desk(tmp_path: Path, keys: None):
    desk = Desk(tmp_path, mode="edit", answer=say("no"))
    yield desk
    await desk.box.close()


async def read(desk: Desk, name: str) -> Path:
    path = desk.ws / name
    await desk.use("Read", file_path=str(path))
    return path


async def test_a_key_survives_that_the_file_is_written_anew(desk: Desk) -> None:
    (desk.ws / "a.ini").write_text(f"key = {ONE}\nother = 1\n")
    path = await read(desk, "a.ini")
    done = await desk.use("Write", file_path=str(path), content="key = [key hidden]\nother = 2\n")
    assert done.status == "ok"
    assert path.read_text() == f"key = {ONE}\nother = 2\n"


async def test_which_key_is_meant_is_told_by_its_line(desk: Desk) -> None:
    (desk.ws / "a.ini").write_text(f"one = {ONE}\ntwo = {TWO}\nthird = 1\n")
    path = await read(desk, "a.ini")
    text = "third = 2\ntwo = [key hidden] # mine\none = [key hidden]\n"
    assert (await desk.use("Write", file_path=str(path), content=text)).status == "ok"
    assert path.read_text() == f"third = 2\ntwo = {TWO} # mine\none = {ONE}\n"


async def test_what_is_ambiguous_is_refused_with_the_reason(desk: Desk) -> None:
    before = f"one = {ONE}\ntwo = {TWO}\n"
    (desk.ws / "a.ini").write_text(before)
    path = await read(desk, "a.ini")
    done = await desk.use("Write", file_path=str(path), content="new = [key hidden]\n")
    assert done.status == "error"
    assert "which of 2 keys" in done.content
    assert path.read_text() == before


async def test_a_new_file_gets_no_mark(desk: Desk) -> None:
    done = await desk.use("Write", file_path=str(desk.ws / "n"), content="key = [key hidden]\n")
    assert done.status == "error"
    assert not (desk.ws / "n").exists()


async def test_edits_find_and_keep_keys(desk: Desk) -> None:
    (desk.ws / "a.ini").write_text(f"one = {ONE}\ntwo = {TWO}\nx = 1\n")
    path = await read(desk, "a.ini")
    old, new = "one = [key hidden]\ntwo", "one = [key hidden] # first\ntwo"
    done = await desk.use("Edit", file_path=str(path), old_string=old, new_string=new)
    assert done.status == "ok", done.content
    edits = [
        {"old_string": "two = [key hidden]", "new_string": "second = [key hidden]"},
        {"old_string": "x = 1", "new_string": "x = 2"},
    ]
    assert (await desk.use("MultiEdit", file_path=str(path), edits=edits)).status == "ok"
    assert path.read_text() == f"one = {ONE} # first\nsecond = {TWO}\nx = 2\n"


async def test_a_file_that_speaks_of_the_mark_keeps_its_words(desk: Desk) -> None:
    path = desk.ws / "doc.md"
    path.write_text("It reads [key hidden] there.\n")
    await read(desk, "doc.md")
    done = await desk.use("Write", file_path=str(path), content="Now [key hidden] here.\n")
    assert done.status == "ok"
    assert path.read_text() == "Now [key hidden] here.\n"


async def test_a_command_with_the_mark_is_not_run(desk: Desk) -> None:
    done = await desk.bash("echo [key hidden] > made")
    assert done.status == "error"
    assert "key hidden" in done.content
    assert not (desk.ws / "made").exists()


def test_without_keys_a_mark_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if secrets_filter.keyish(n)]:
        monkeypatch.delenv(name)
    secrets_filter.known.remember(())
    assert hidden_keys.put_back("[key hidden]", "") == "[key hidden]"


KEYISH = [
    "ANTHROPIC_API_KEY",
    "OPENAI_APIKEY",
    "GITHUB_TOKEN",
    "githubToken",
    "AWS_SECRET_ACCESS_KEY",
    "DB_PASSWORD",
    "PGPASSWORD",
    "MY_PASS",
    "SMTP_PWD",
    "NPM_AUTH_TOKEN",
    "BASIC_AUTH",
    "SENTRY_DSN",
    "SESSION_COOKIE",
    "GH_PAT",
    "apiKey",
    "SSH_KEY",
    "KEY",
    "STRIPE_KEY",
    "X_API_KEYS",
    "HF_TOKEN",
    "MYSECRET",
    "SERVICE_ACCOUNT_CREDENTIALS",
]
PLAIN = [
    "KEYCLOAK_URL",
    "AUTHOR",
    "GIT_AUTHOR_NAME",
    "KEYBOARD",
    "MONKEY_NAME",
    "TOKENIZERS_PARALLELISM",
    "HOTKEY",
    "PASSENGER",
    "XAUTHORITY",
    "KEYMAP",
    "COMPASS",
    "SECRETARY_NAME",
    "PATH",
    "HOME",
    "AUTHORITY",
    "PWD",
    "KEYRING",
]


@pytest.mark.parametrize("name", KEYISH)
def test_a_name_that_says_key(name: str) -> None:
    assert secrets_filter.keyish(name)
    assert name not in environment([name], {name: "x", "PATH": "/bin"})


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_that_only_looks_so(name: str) -> None:
    assert not secrets_filter.keyish(name)


def test_home_and_path_stay_whatever_else_holds_their_words() -> None:
    base = {
        "HOME": "/home/johnsmith",
        "PATH": "/home/johnsmith/bin:/usr/bin",
        "GIT_AUTHOR_NAME": "johnsmith",
        "MY_SECRET": "johnsmith",
        "DEPLOY_KEY": "/home/johnsmith",
        "LANG": "C",
    }
    passed = environment((), base)
    assert passed["HOME"] == "/home/johnsmith"
    assert passed["PATH"] == "/home/johnsmith/bin:/usr/bin"


def test_only_a_value_that_is_a_key_whole_is_left_out() -> None:
    base = {"A_TOKEN": "abcdefgh1234", "LC_ALL": "abcdefgh1234", "LC_TIME": "xabcdefgh1234"}
    passed = environment((), base)
    assert "LC_ALL" not in passed
    assert passed["LC_TIME"] == "xabcdefgh1234"


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("http://localhost:8080/auth", []),
        ("https://u:pa55word-long@host/x", ["pa55word-long"]),
        ("https://host/x?api_key=0123456789abcdef", ["0123456789abcdef"]),
    ],
)
def test_of_an_address_only_its_credentials_are_keys(
    monkeypatch: pytest.MonkeyPatch, value: str, hidden: list[str]
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", value)
    secrets_filter.known.remember(())
    shown = secrets_filter.hide(f"see {value} there")
    assert all(part not in shown for part in hidden)
    assert ("[key hidden]" in shown) == bool(hidden)
    monkeypatch.undo()
    secrets_filter.known.remember(())


def test_each_line_of_a_key_of_several_lines_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    body = ["MIIEpAIBAAKCAQEAtestline0001", "q83vEjRWeJCrze8testline0002"]
    pem = "\n".join(["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"])
    monkeypatch.setenv("DEPLOY_PRIVATE_KEY", pem)
    secrets_filter.known.remember(())
    shown = secrets_filter.hide("+" + "\n+".join(pem.split("\n")))
    assert not any(line in shown for line in body)
    monkeypatch.undo()
    secrets_filter.known.remember(())
