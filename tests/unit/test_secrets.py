"""Keys planted everywhere, and looked for byte by byte in all that is written down or shown.

The engine is the real one, in a process of its own; its server answers with the key that it was
sent: in a refusal, in text (in two pieces), in tool calls whose commands print it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest

from sessions import config
from sessions.archive import messages
from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.errors import AgentdeckError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.journal import NAME, Faults, Journal, read
from sessions.record.recorder import Recorder
from sessions.record.summary_parts import PendingAsk
from sessions.safety import secrets_filter
from sessions.tools.command_output import Spool
from sessions.tools.process import environment
from tests.support.forked import COMMAND, Forked, fork_engines, relayed
from tests.support.messages_server import (
    MessagesServer,
    Request,
    Sleep,
    Status,
    Step,
    call,
    say,
    start,
    stop,
    text,
)
from tests.support.rig import rig_places, until
from tui.terminal.output_guard import crash_notice

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]

# Put together at run time, so that no scanner takes this file for a leak.
KEYS = {
    "environment": "sk-ant-" + "api03-EnvironmentKey0123456789",
    "token": "tok_" + "AnotherOfTheEnvironment42",
    "password": "Pw-" + "of/the+environment=7",
    "file": "sk-" + "file-ConfiguredKey-0123456789",
    "address": "pa55" + "word-in-an-address",
    "agent": "agent-" + "secret-0123456789",
    "server": "mcp-" + "secret-0123456789",
    "option": "opt-" + "secret-0123456789",
    "quoted": 'quo"ted\\' + "sécret-0123456789",
}
DOTENV = "dotenv-" + "secret-0123456789"
VARIABLES = {
    "ANTHROPIC_API_KEY": KEYS["environment"],
    "SOME_SERVICE_TOKEN": KEYS["token"],
    "DATABASE_PASSWORD": KEYS["password"],
    "QUOTED_SECRET": KEYS["quoted"],
}


def leaks(data: bytes, keys: Sequence[str] = tuple(KEYS.values())) -> list[str]:
    """Which keys stand in some bytes: as they are, or as JSON has them."""
    found = []
    for key in keys:
        forms = {key, json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1]}
        if any(form.encode() in data for form in forms):
            found.append(key)
    return found


def leaks_on_disk(root: Path, but: Sequence[Path] = ()) -> dict[str, list[str]]:
    """Files below a folder that hold a key, in their bytes or (a database) in their rows."""
    found = {}
    for path in root.rglob("*"):
        if path in but or not path.is_file():
            continue
        data = path.read_bytes() + os.fsencode(path)
        if data.startswith(b"SQLite format 3"):
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
                data += "\n".join(base.iterdump()).encode("utf-8", "surrogatepass")
                if base.execute("select 1 from sqlite_master where name = 'messages'").fetchone():
                    for (text,) in base.execute("select text from messages"):
                        data += messages.unpacked(text).encode("utf-8", "surrogatepass")
        if holds := leaks(data):
            found[str(path.relative_to(root))] = holds
    return found


@dataclass
class Planted:
    """An installation full of keys, its engine, and a client of it."""

    root: Path
    server: MessagesServer

    @property
    def home(self) -> Path:
        """What AGENTDECK_HOME says."""
        return self.root / "h"

    @property
    def work(self) -> Path:
        """The working directory."""
        return self.root / "work"

    @property
    def env(self) -> dict[str, str]:
        """The environment of everything here."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC", "TMUX"))}
        return {
            **kept,
            **VARIABLES,
            "AGENTDECK_HOME": str(self.home),
            "HOME": str(self.root),
            "LC_ALL": "C.UTF-8",
        }

    def plant(self) -> None:
        """Keys in the configuration and in the project."""
        self.work.mkdir()
        self.home.mkdir(mode=0o700)
        (self.work / ".env").write_text(f"API_KEY={DOTENV}\n")
        host = self.server.url.removeprefix("http://")
        file = self.home / "config.toml"
        mcp = relayed(str(ROOT / "tests/support/mcp_server.py"), "--token", KEYS["option"])
        file.write_text(
            '[defaults]\nprofile = "env"\n'
            f'[backends.env]\nbase_url = "{self.server.url}"\nmodel = "m"\nretries = 0\n'
            'api_key_env = "ANTHROPIC_API_KEY"\n'
            f'[backends.file]\nbase_url = "http://me:{KEYS["address"]}@{host}"\nmodel = "m"\n'
            f'api_key = "{KEYS["file"]}"\nretries = 0\n'
            f'[backends.gone]\nbase_url = "http://me:{KEYS["address"]}@127.0.0.1:9"\nmodel = "m"\n'
            "retries = 0\n"
            f'[backends.agent]\ntype = "acp"\ncommand = ["sh", "-c", "env >&2; echo $AGENT_TOKEN; '
            'exit 3"]\n'
            f'[backends.agent.env]\nAGENT_TOKEN = "{KEYS["agent"]}"\n'
            '[profiles.env]\nbackend = "env"\npermission = "full"\n'
            '[profiles.file]\nbackend = "file"\npermission = "full"\n'
            '[profiles.gone]\nbackend = "gone"\n[profiles.agent]\nbackend = "agent"\n'
            f"[mcp.servers.db]\ncommand = {json.dumps(mcp)}\n"
            f'[mcp.servers.db.env]\nDB_SECRET = "{KEYS["server"]}"\n'
        )
        file.chmod(0o600)

    async def cli(self, *args: str, stdin: str = "") -> bytes:
        """All that a command prints."""
        with Forked(
            [sys.executable, "-P", "-m", COMMAND, *args], stdin=PIPE, stdout=PIPE, stderr=STDOUT,
            encoding="utf-8", errors="surrogateescape", cwd=self.work, env=self.env,
        ) as process:  # fmt: skip
            printed, _ = await asyncio.to_thread(process.communicate, stdin, 60)
        assert "Traceback" not in printed, printed
        return printed.encode(errors="surrogateescape")

    async def exports(self, sessions: Sequence[str]) -> None:
        """Every session in every format, by one process."""
        calls = [
            ["sessions", "export", session, "--format", fmt, "--out", f"{session}.{fmt}"]
            for session in sessions
            for fmt in ("md", "json", "html")
        ]
        code = (
            "import json, sys\nfrom sessions.cli.commands import cli\n"
            "for call in json.loads(sys.stdin.read()):\n    cli(call, standalone_mode=False)\n"
        )
        script = self.root / "exports.py"
        script.write_text(code)
        process = await asyncio.create_subprocess_exec(
            *relayed(str(script)), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            cwd=self.work, env=self.env,
        )  # fmt: skip
        printed, _ = await process.communicate(json.dumps(calls).encode())
        assert process.returncode == 0 and not leaks(printed), printed
        assert len(list(self.work.glob("*.html"))) == len(sessions)

    def stop(self) -> None:
        """No engine is left."""
        with contextlib.suppress(AgentdeckError):
            lifecycle.stop(rig_places(self.home))


def sent_key(request: Request) -> str:
    """The key that came with a request."""
    return request.headers.get("x-api-key", "") or KEYS["file"]


def script(request: Request) -> Sequence[Step]:
    """A server that tells back what it was sent."""
    key, words = sent_key(request), request.last_text.split("\n")[-1]
    if request.results:
        return say("Seen.")
    if words.startswith("refuse"):
        told = {"type": "authentication_error", "message": f"The key {key} is not valid: {key}"}
        return [Status(401, json.dumps({"type": "error", "error": told}).encode())]
    if words.startswith("echo"):
        block = text(0, key[:9], key[9:] + " and on")
        return [start(), *block[:2], Sleep(0.3), *block[2:], *stop()]
    if words.startswith("call"):
        everything = "; ".join(f"printf '%s\\n' '{k}'" for k in KEYS.values())
        return call("Bash", {"command": f"{everything}; seq 60000; env; {everything}"})
    if words.startswith("env"):
        return call("Bash", {"command": "env | tee seen.txt; cat /proc/*/environ | tr '\\0' '\\n'"})
    if words.startswith("mcp"):
        return call("mcp__db__env", {})
    return say("You said: ", request.last_text[-2000:])


@pytest.fixture
async def planted(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Planted]:
    """Keys everywhere; whatever is started here is ended here."""
    root = Path(tempfile.mkdtemp(prefix="deck-"))
    async with MessagesServer(script) as server:
        made = Planted(root, server)
        made.plant()
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        fork_engines(monkeypatch)
        try:
            yield made
        finally:
            await asyncio.to_thread(made.stop)
            secrets_filter.known.remember(())
            shutil.rmtree(root, ignore_errors=True)


async def turn(client: Client, planted: Planted, profile: str, words: str) -> str:
    """One session, one turn to its end; its id."""
    made = await client.call("session.create", cwd=str(planted.work), profile=profile)
    session = str(made["id"])
    if profile != "agent":
        await client.call("session.confirm_full", session=session)
    await client.call("session.send", session=session, text=words)

    def asks() -> list[PendingAsk]:
        summary = client.summaries.get(session)
        return summary.asks if summary is not None else []

    def ended() -> bool:
        return any(isinstance(e, ev.TurnEnded) for e in events_of(planted, session))

    await until(lambda: ended() or bool(asks()), 60)
    if not ended():
        ask = asks()[0]["ask"]
        await client.call("session.answer", session=session, ask=ask, decision="once", allowed=True)
        await until(ended, 60)
    return session


def events_of(planted: Planted, session: str) -> list[ev.Event]:
    """What is on disk of a session."""
    return list(read(rig_places(planted.home).session(session) / NAME, Faults()))


async def test_keys_planted_everywhere_are_found_nowhere(planted: Planted) -> None:
    shown: dict[str, bytes] = {}
    client = await Client.connect(rig_places(planted.home))
    heard = bytearray()
    client.on_event = lambda _, event: heard.extend(codec.encode(codec.to_json(event)))
    client.on_notice = lambda notice: heard.extend(codec.encode(notice))
    ids = {}
    for name, profile, words in (
        ("echo", "env", "echo"),
        ("echo of file", "file", "echo"),
        ("unreachable", "gone", "hello"),
        ("agent", "agent", "hello"),
        ("call", "env", "call"),
        ("env", "env", "env"),
        ("pasted", "env", "my keys: " + " ".join(KEYS.values())),
        # Last: a key that was refused is not tried again for a while.
        ("refused", "env", "refuse me"),
        ("refused by file", "file", "refuse me"),
    ):
        ids[name] = await turn(client, planted, profile, words)
        await client.call("session.watch", session=ids[name])
    await client.close()
    await planted.exports(list(ids.values()))
    for args in (
        ("config", "show"), ("config", "show", "--json"), ("doctor",), ("doctor", "--json"),
        ("sessions", "list"), ("sessions", "show", ids["pasted"]), ("engine", "status", "--json"),
        ("sessions", "show", ids["pasted"], "--json"), ("sessions", "search", "keys"),
        ("run", "refuse me"), ("run", "echo", "--json"), ("prime", "acronym", "--about", "refuse"),
    ):  # fmt: skip
        shown[" ".join(args)] = await planted.cli(*args)
    await asyncio.to_thread(planted.stop)
    # What was to happen has happened: else nothing would have been looked at.
    kinds = {
        n: [e.kind for e in events_of(planted, s) if isinstance(e, ev.Error)]
        for n, s in ids.items()
    }
    assert "auth" in kinds["refused"] and "auth" in kinds["refused by file"], kinds
    assert "network" in kinds["unreachable"] and kinds["agent"], kinds
    results = [e for e in events_of(planted, ids["call"]) if isinstance(e, ev.ToolResult)]
    assert results and results[0].status == "ok" and secrets_filter.MARK in str(results[0].content)
    assert results[0].path, "the output was to be kept in a file"
    said = "".join(e.text for e in events_of(planted, ids["echo"]) if isinstance(e, ev.Text))
    assert said == f"{secrets_filter.MARK} and on"
    assert secrets_filter.MARK.encode() in shown["run refuse me"]
    # And no key stands in it.
    assert {name: leaks(printed) for name, printed in shown.items() if leaks(printed)} == {}
    assert leaks(bytes(heard)) == []
    assert leaks_on_disk(planted.root, [planted.home / "config.toml"]) == {}
    assert leaks((planted.work / "seen.txt").read_bytes(), [*KEYS.values(), DOTENV]) == []


async def test_without_the_hiding_the_same_search_finds_them(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what the test above looks for can be found where it looks."""

    def write(folder: Path) -> None:
        created = ev.SessionCreated(id=folder.name, title=KEYS["quoted"], cwd="/")
        journal, _, _ = Journal.create(folder, created)
        for key in KEYS.values():
            journal.append(ev.Text(turn=1, text=f"the key {key} it is"))
        journal.close()

    config.load(planted.home / "config.toml")
    write(tmp_path / "hidden")
    assert leaks_on_disk(tmp_path) == {}
    monkeypatch.setattr(secrets_filter, "in_line", lambda line: False)
    write(tmp_path / "open")
    assert leaks_on_disk(tmp_path) == {f"open/{NAME}": list(KEYS.values())}


async def test_a_file_of_keys_in_the_project_is_not_read_into_the_environment(
    planted: Planted,
) -> None:
    client = await Client.connect(rig_places(planted.home))
    session = await turn(client, planted, "env", "env")
    await client.close()
    (result,) = (e for e in events_of(planted, session) if isinstance(e, ev.ToolResult))
    assert "PATH=" in str(result.content)
    assert DOTENV not in str(result.content)


def test_commands_see_no_key_even_where_one_hides_in_another_variable() -> None:
    base = {**VARIABLES, "PATH": "/bin", "TZ": f"x{KEYS['token']}x", "LANG": "C.UTF-8"}
    seen = environment(["TZ", "SOME_SERVICE_TOKEN"], base)
    assert seen["LANG"] == "C.UTF-8"
    assert leaks(json.dumps(seen).encode()) == []


def test_an_agent_gets_its_own_environment_and_no_key_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    agent = AcpBackend(AgentConfig("mine", ["sh"], {"AGENT_TOKEN": KEYS["agent"]}, "", tmp_path))
    given = agent._env()
    assert given["AGENT_TOKEN"] == KEYS["agent"]
    assert leaks(json.dumps(given).encode()) == [KEYS["agent"]]


async def test_a_crash_report_holds_no_key(planted: Planted) -> None:
    config.load(planted.home / "config.toml")
    try:
        raise ValueError(f"could not use {KEYS['file']} and {KEYS['environment']}")
    except ValueError as error:
        said = crash_notice(error)
        record = logging.makeLogRecord({"msg": "crash", "exc_info": sys.exc_info()})
    log = rig_places(planted.home).log.read_bytes()
    assert b"ValueError: could not use" in log and said
    assert leaks(log) == []
    assert leaks(logging.Formatter().format(record).encode()) != []
    assert leaks(secrets_filter.Formatter().format(record).encode()) == []


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ('[backends.a]\napi_key = ["{key}"]', "api_key"),
        ('[backends.a]\nbase_url = "me:{key}@host"', "base_url"),
        ('[backends.a]\nenv = "{key}"', "env"),
        ("[backends.a]\napi_key = {key}", "TOML"),
        ('[backends.a]\napi_key = "{key}"\nretries = -1', "retries"),
    ],
)
def test_a_wrong_configuration_is_told_without_its_keys(
    tmp_path: Path, wrong: str, names: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(wrong.format(key=KEYS["file"]))
    file.chmod(0o600)
    with pytest.raises(AgentdeckError) as told:
        config.load(file)
    assert names in str(told.value)
    assert leaks(str(told.value).encode()) == []


@pytest.mark.parametrize("cut", range(1, len(KEYS["file"])))
async def test_a_key_that_comes_in_two_pieces_is_seen_whole(tmp_path: Path, cut: int) -> None:
    key = KEYS["file"]
    secrets_filter.known.remember([key])
    created = ev.SessionCreated(id="s", title="", cwd="/")
    journal, _, _ = Journal.create(tmp_path / "s", created)
    recorder = Recorder(journal, lambda event, line: None, lambda error: None)
    spool = Spool(tmp_path / "files", "out", None)
    for piece in ("before " + key[:cut], key[cut:] + " after s", "k"):
        recorder.emit(ev.Text(turn=1, text=piece))
        recorder.flush()
        spool.feed(piece.encode())
    await recorder.close()
    spool.close(keep=True)
    told = "".join(e.text for e in journal.events() if isinstance(e, ev.Text))
    journal.close()
    secrets_filter.known.remember(())
    assert told == f"before {secrets_filter.MARK} after sk"
    assert (tmp_path / "files/out").read_text() == told


def test_words_and_paths_of_the_environment_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {
        "SSH_KEY": "/home/me/.ssh/key-of-mine-1",
        "TOKEN_KIND": "authorization",
        "KEY_MODE": "short1",
    }
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    secrets_filter.known.remember(["abc"])
    said = " ".join(["abc", *plain.values()])
    assert secrets_filter.hide(said) == said
    secrets_filter.known.remember(())
