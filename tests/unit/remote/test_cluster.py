"""Sessions of actors, without Ray: begun, followed, taken up again, lost, ended."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions import config
from sessions.engine.whole_deck import WholeDeck
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.ids import new_id
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.summary import ENGINE_STOPPED
from sessions.remote.cluster import settings
from sessions.remote.cluster.actor_homes import home
from sessions.remote.cluster.ledger import BegunActor
from sessions.remote.cluster.node_resources import Needs
from sessions.remote.mirrored_session import Mirrored
from sessions.safety import secrets_filter
from tests.support.messages_server import MessagesServer
from tests.support.nearby import NODE, Nearby, nearby
from tests.support.rig import rig_places, until

__all__ = ["nearby"]

_CONFIG = """
[defaults]
profile = "fake"
[backends.fake]
type = "anthropic"
base_url = "{url}"
api_key_env = "FAKE_KEY"
model = "m"
[profiles.fake]
backend = "fake"
[cluster]
address = "127.0.0.1:6379"
"""


@pytest.fixture
async def server() -> AsyncIterator[MessagesServer]:
    """A model's server."""
    async with MessagesServer() as made:
        yield made


async def _deck(root: Path, server: MessagesServer) -> WholeDeck:
    places = rig_places(root)
    places.config_file.parent.mkdir(parents=True, exist_ok=True)
    places.config_file.write_text(_CONFIG.format(url=server.url))
    deck = WholeDeck(places, config.load(places.config_file))
    await deck.open()
    return deck


async def _begun(deck: WholeDeck) -> Mirrored:
    session = new_id()
    await deck.features.cluster.site.begin(session, Needs({"cpus": 1}))
    await deck.elsewhere.ask("ray", "work.begin", {"id": session, "title": "far"})
    await until(lambda: session in deck.sessions)
    found = deck.sessions[session]
    assert isinstance(found, Mirrored)
    return found


def _said(session: Mirrored) -> str:
    return "".join(e.text for e in session.journal.events() if isinstance(e, ev.Text))


async def test_a_session_lives_in_an_actor_and_is_mirrored_here(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """Its journal here is the journal there, but for where it lives."""
    deck = await _deck(tmp_path, server)
    session = await _begun(deck)
    await session.send("say hello")
    await until(lambda: session.summary.status == "done")
    assert _said(session) == "You said: say hello"
    await deck.features.cluster.site.end(session.id)
    there = (home(session.id) / "data" / "sessions" / session.id / "journal.jsonl").read_text()
    here = (session.folder / "journal.jsonl").read_text()
    assert here.splitlines()[1:] == there.splitlines()[1:]
    assert json.loads(here.splitlines()[0])["host"] == "ray"
    assert not nearby.bodies
    with pytest.raises(NotFound, match="has ended"):
        await session.send("more")
    await deck.close()


async def test_the_next_engine_takes_actors_up_with_nothing_twice(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """What was said between two engines is mirrored by the second."""
    deck = await _deck(tmp_path, server)
    session = await _begun(deck)
    await deck.close()
    asked = codec.encode({"session": session.id, "text": "say it meanwhile"})
    await nearby.bodies[session.id].call("session.send", asked)
    seen, before = session.last_seq, len(nearby.asked)
    site = deck.features.cluster.site
    site.ledger.note(BegunActor(session.id))  # the engine died before it knew where the actor is
    deck = await _deck(tmp_path, server)
    await until(lambda: session.id in deck.sessions)
    again = deck.sessions[session.id]
    assert isinstance(again, Mirrored)
    await until(lambda: again.summary.status == "done")
    assert _said(again) == "You said: say it meanwhile"
    news = [args["known"] for op, args in nearby.asked[before:] if op == "news"]
    assert news[0] == {session.id: seen}  # and not the whole record once more
    assert [e.seq for e in again.journal.events()] == [*range(1, again.last_seq + 1)]
    ledger = deck.features.cluster.site.ledger
    await until(lambda: ledger.all() == [BegunActor(session.id, "127.0.0.9")])
    await deck.features.cluster.site.end(session.id)
    await deck.close()


async def test_an_actor_may_end_while_it_is_greeted(
    tmp_path: Path, nearby: Nearby, server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deck = await _deck(tmp_path, server)
    site, session = deck.features.cluster.site, new_id()

    async def greeted(*_: object) -> None:
        site.parted(session)

    monkeypatch.setattr(site, "_greeted", greeted)
    await site.begin(session, Needs({"cpus": 1}))
    assert site.ledger.empty
    await deck.close()
    await nearby.bodies[session].end({})


async def test_nothing_more_is_mirrored_where_sessions_are_closed(
    tmp_path: Path, nearby: Nearby, server: MessagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes in between would open a session again that nobody closes then."""
    deck = await _deck(tmp_path, server)
    session = await _begun(deck)
    followed: list[int] = []
    close = session.close

    async def closed() -> None:
        followed.append(deck.features.cluster.site.running)
        await close()

    monkeypatch.setattr(session, "close", closed)
    await deck.close()
    assert followed == [0]
    await nearby.bodies[session.id].end({})


async def test_a_lost_actor_is_a_turn_that_was_cut_off(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """With its node gone too, the turn is ended here, and what is unknown is said."""
    deck = await _deck(tmp_path, server)
    session = await _begun(deck)
    await session.send("stream 2000 10")
    await until(lambda: session.summary.status == "working")
    body = nearby.bodies.pop(session.id)
    await until(lambda: session.summary.status != "working")
    events = list(session.journal.events())
    ended = events[-1]
    assert isinstance(ended, ev.TurnEnded) and ended.detail == ENGINE_STOPPED
    told = [e.message for e in events if isinstance(e, ev.Error)]
    assert told and "is not known" in told[0] and not session.offline
    assert deck.features.cluster.site.ledger.empty
    await deck.close()
    await body.end({})


async def test_an_actor_writes_in_no_other_s_record(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """What it says of a session that is not its own is passed over."""
    deck = await _deck(tmp_path, server)
    one, two = await _begun(deck), await _begun(deck)
    site = deck.features.cluster.site
    forged = codec.line(ev.stamp(ev.Notice(message="forged"), two.last_seq + 1))
    before = two.last_seq
    await site._actors[one.id].take({two.id: [forged]})
    assert two.last_seq == before and site.owns(two.id, two.id) and site.owns(one.id, new_id())
    for each in (one, two):
        await site.end(each.id)
    await deck.close()


async def test_a_cluster_without_a_token_gets_nothing(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """Not even the configuration is sent."""
    nearby.mode = "disabled"
    deck = await _deck(tmp_path, server)
    with pytest.raises(UsageError, match="asks nobody for a token"):
        await deck.features.cluster.site.begin(new_id(), Needs())
    assert "begin" not in [op for op, _ in nearby.asked]
    assert deck.features.cluster.site.ledger.empty
    await deck.close()


async def test_what_no_node_has_is_said_at_once(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """Instead of waiting for it for ever."""
    deck = await _deck(tmp_path, server)
    with pytest.raises(UsageError, match="gpus 1, site=right"):
        await deck.features.cluster.site.begin(new_id(), Needs({"gpus": 1}, {"site": "right"}))
    await deck.close()


async def test_a_cluster_that_is_away_leaves_its_sessions_offline(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """And a message to one is refused, not lost."""
    deck = await _deck(tmp_path, server)
    session = await _begun(deck)
    nearby.away = "The network is down."
    await until(lambda: session.summary.status == "offline")
    with pytest.raises(AgentdeckError, match="not known"):
        await session.send("say hello")
    nearby.away = ""
    await until(lambda: session.summary.status != "offline")
    await deck.features.cluster.site.end(session.id)
    await deck.close()


async def test_each_node_says_what_it_has(
    tmp_path: Path, nearby: Nearby, server: MessagesServer
) -> None:
    """Version, models, free memory, labels."""
    deck = await _deck(tmp_path, server)
    (node,) = await deck.features.cluster.site.nodes()
    assert node["fault"] == "" and node["labels"] == {"site": "left"}
    assert node["memory"] >= 0 and {b["name"] for b in node["backends"]} >= {"claude", "local"}
    await deck.close()


def test_keys_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a key, nor a backend whose address or command holds one."""
    file = tmp_path / "config.toml"
    file.write_text(
        '[backends.a]\ntype = "openai"\napi_key = "sk-aaaaaaaaaaaaaaaaaaaaaaaa"\nmodel = "m"\n'
        '[backends.b]\nbase_url = "https://user:hunter2hunter2@example.org"\n'
        '[backends.c]\ntype = "acp"\ncommand = ["x"]\nenv = {MY_TOKEN = "t0psecret", PLAIN = "1", '
        'DB = "x://u:hunter2hunter2@h", HEADER = "Bearer sk-bbbbbbbbbbbbbbbb"}\n'
        "[notify]\nbell = false\n"
    )
    monkeypatch.setattr(secrets_filter.known, "_values", ("sk-bbbbbbbbbbbbbbbb",))
    told = settings.sent(file)
    assert not any(key in told for key in ("sk-aaa", "sk-bbb", "hunter2", "t0psecret", "notify"))
    assert json.loads(told)["backends"]["c"]["env"] == {"PLAIN": "1"}


def test_a_node_s_own_configuration_comes_first(tmp_path: Path) -> None:
    """By the names of backends; what it does not say is what was sent."""
    own = tmp_path / "config.toml"
    own.write_text('[backends.a]\ntype = "local"\nmodel_path = "/models/x.gguf"\n')
    sent = json.dumps({"backends": {"a": {"type": "openai"}, "b": {"type": "local"}}})
    mine = tmp_path / "mine.toml"
    mine.write_text(settings.merged(sent, own))
    found = config.load(mine).backends
    assert found["a"].model_path == "/models/x.gguf" and found["b"].type == "local"


def test_needs_become_options_of_ray() -> None:
    """What has a name of its own there, and all else as it is called."""
    needs = Needs({"cpus": 2, "memory_gb": 0.5, "tpu": 1}, {"site": "left"})
    assert needs.options() == {
        "num_cpus": 2.0, "num_gpus": 0.0, "memory": 2**29, "resources": {"tpu": 1.0},
        "label_selector": {"site": "left"},
    }  # fmt: skip
    assert needs.lack([NODE]) == "cpus 2, memory_gb 0.5, tpu 1, site=left"
    assert Needs({"cpus": 2}, {"site": "left"}).lack([NODE]) == ""
