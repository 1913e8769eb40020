"""The public registry of agents: read strictly, fetched only when asked, added by name."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sessions.backends.acp import registry
from sessions.cli.agents import agents
from sessions.config import load
from sessions.config.model import BackendConfig
from sessions.errors import AgentdeckError, NotFound, UsageError
from tests.support.invoked import invoke

NEW = {
    "id": "novum",
    "name": "Novum \x1b[31m",
    "version": "9.0.0",
    "description": "New",
    "distribution": {
        "npx": {"package": "@novum/agent@9.0.0", "args": ["--acp"], "env": {"N": "1"}}
    },
}


def only(*programs: str) -> Any:
    """A PATH with these programs alone."""
    return lambda name: f"/bin/{name}" if name in programs else None


def read(*entries: Any) -> dict[str, registry.RegistryEntry]:
    return registry.read(json.dumps({"version": "1", "agents": entries}).encode(), "it")


def with_id(**more: Any) -> Any:
    return NEW | more


def test_what_comes_with_agentdeck_names_the_well_known() -> None:
    found = registry.bundled()
    assert set(found) == {
        "goose", "kimi-code", "github-copilot-cli", "cursor", "auggie", "antigravity-acp",
    }  # fmt: skip
    assert all(each.website and each.version for each in found.values())


@pytest.mark.parametrize(
    ("there", "command"),
    [
        (("kimi", "npx"), ("kimi", "acp")),
        (("npx",), ("npx", "-y", "--package", "@moonshot-ai/kimi-code@2.1.0", "kimi", "acp")),
    ],
)
def test_what_is_installed_is_used_else_what_fetches_it(
    monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(registry.shutil, "which", only(*there))
    way = registry.bundled()["kimi-code"].way
    assert way is not None and way.command == command and way.here
    assert registry.bundled()["kimi-code"].installed is ("kimi" in there)


def test_an_archive_is_told_for_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "system", lambda: "linux-aarch64")
    monkeypatch.setattr(registry.shutil, "which", only())
    way = registry.bundled()["cursor"].way
    assert way is not None and way.command == ("cursor-agent", "acp") and not way.here
    assert "linux/arm64" in way.install
    monkeypatch.setattr(registry, "system", lambda: "")
    assert registry.bundled()["cursor"].way is None


@pytest.mark.parametrize(
    "entry",
    [
        with_id(id="Bad Id"),
        with_id(id=7),
        with_id(distribution="npx"),
        5,
    ],
)
def test_an_entry_that_is_none_is_left_out(entry: Any) -> None:
    assert list(read(entry, NEW)) == ["novum"]


@pytest.mark.parametrize(
    "distribution",
    [
        {"npx": {"package": "--evil"}},
        {"npx": {"package": "a b"}},
        {"npx": {"package": 5}},
        {"uvx": []},
        {"binary": {registry.system(): {"cmd": "./a", "archive": "http://x/a"}}},
        {"binary": {registry.system(): {"cmd": "./-a", "archive": "https://x/a"}}},
        {"carrier-pigeon": {}},
    ],
)
def test_a_way_that_could_mean_something_else_is_none(distribution: Any) -> None:
    assert read(with_id(distribution=distribution))["novum"].way is None


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"agents": 5}', b"\xff", b"[" * 100_000])
def test_what_is_no_registry_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(UsageError, match="no registry of agents"):
        registry.read(data, "it")


def test_words_are_made_safe() -> None:
    assert "\x1b" not in read(NEW)["novum"].name


def test_what_a_backend_starts_already_is_not_offered_again() -> None:
    entries = registry.bundled() | read(NEW)
    backends = {
        "mine": BackendConfig(type="acp", command=["ssh", "far", "/usr/bin/cursor-agent", "acp"]),
        "n": BackendConfig(type="acp", command=["npx", "-y", "@novum/agent@9.0.0", "--acp"]),
        "goose": BackendConfig(type="acp", command=["something"]),
    }
    rest = [each.id for each in registry.missing(entries, backends)]
    assert rest == ["kimi-code", "github-copilot-cli", "auggie", "antigravity-acp"]


def test_an_unknown_name_says_what_is_near() -> None:
    with pytest.raises(NotFound) as caught:
        registry.entry("kimi", registry.bundled())
    assert caught.value.hint.startswith("There are: kimi-code.")
    assert registry.entry("GOOSE", registry.bundled()).id == "goose"


class Served(BaseHTTPRequestHandler):
    """Answers with `body`."""

    body: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.send_response(200 if self.body else 503)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_what_was_fetched_is_kept_and_stands_above_what_comes_with_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {**NEW, "id": "goose", "version": "99.0.0"}
    Served.body = json.dumps({"version": "1", "agents": [NEW, newer]}).encode()
    assert set(registry.fetch(tmp_path, address)) == {"novum", "goose"}
    known = registry.known(tmp_path)
    assert known["goose"].version == "99.0.0" and "novum" in known and "cursor" in known
    Served.body = b"<html>"
    with pytest.raises(UsageError):
        registry.fetch(tmp_path, address)
    assert "novum" in registry.known(tmp_path), "what is no registry replaces none"
    Served.body = b""
    with pytest.raises(AgentdeckError, match="can't be fetched"):
        registry.fetch(tmp_path, address)
    Served.body = b" " * 3_000
    monkeypatch.setattr(registry, "_MOST_BYTES", 1_000)
    with pytest.raises(AgentdeckError, match="more than"):
        registry.fetch(tmp_path, address)
    (tmp_path / registry.KEPT).write_text("broken")
    assert "cursor" in registry.known(tmp_path)


def test_adding_one_writes_a_backend_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text("# mine\n[defaults]\n# words\n")
    (tmp_path / "own.json").write_text(json.dumps(NEW))
    given = ["add", "novum", "--from", str(tmp_path / "own.json")]
    done = invoke(agents, given)
    assert done.exit_code == 0 and "is the backend novum now" in done.output
    written = (tmp_path / "config.toml").read_text()
    assert written.startswith("# mine\n[defaults]\n# words\n")
    backend = load(tmp_path / "config.toml").backends["novum"]
    assert backend.command == ["npx", "-y", "@novum/agent@9.0.0", "--acp"]
    assert backend.env == {"N": "1"}
    again = invoke(agents, given)
    assert isinstance(again.exception, UsageError) and "already" in str(again.exception)
    assert invoke(agents, [*given, "--as", "second"]).exit_code == 0
    assert "second" in load(tmp_path / "config.toml").backends
