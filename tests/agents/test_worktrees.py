"""Six sessions of one repository at the same time, each on its branch, two of them real agents.

Two land and one conflicts, which its session (an agent) mends; one is discarded and brought back,
all from the keyboard; git finds nothing amiss afterwards. Run by `make agents`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sessions.engine.client import Client
from tests.agents import dialects
from tests.agents.engine import engine_of_agents
from tests.agents.setting import AGENTS, FOLDER
from tests.e2e.conftest import House
from tests.e2e.terminal import Terminal
from tests.support.gitrig import clean, git, repo
from tests.support.messages_server import MessagesServer, Request, Step
from tests.support.rig import until

pytestmark = [
    pytest.mark.skipif(
        not FOLDER or not {"opencode", "claude-code"} <= set(AGENTS), reason="run by `make agents`"
    ),
    pytest.mark.timeout(500),
]
START_S = 150.0
_COMMIT = "git add -A && git commit -qm"
_MEND = "git rebase main; echo both > shared; git add -A; GIT_EDITOR=true git rebase --continue"
WORK = {
    "first": ("native", f"echo mine > shared && {_COMMIT} first"),
    "second": ("opencode", f"echo two > two && {_COMMIT} second"),
    "third": ("claude-code", f"echo theirs > shared && {_COMMIT} third"),
    "fourth": ("native", "echo four > four && echo more >> shared"),
    "fifth": ("native", f"echo five > five && {_COMMIT} fifth"),
    "sixth": ("native", f"git mv shared moved && {_COMMIT} sixth"),
}
"""What each session does: its backend, and the command that it runs."""
_STEP = re.compile(r'do: (.*?) :end|(Landing your branch)|"tool_result"|"role": "tool"')


def model(request: Request) -> Sequence[Step]:
    """Runs the command that the user's words name, or mends what conflicts."""
    speak, shell = dialects.of(request), dialects.shell(request)
    found = list(_STEP.finditer(json.dumps(dialects.recent(request))))
    if shell and found and (found[-1][1] or found[-1][2]):
        given = dialects.filled(shell, {"command": found[-1][1] or _MEND})
        return speak.call(shell["name"], given, f"call_{request.number}")
    return speak.say("It is ", "done.")


class Stage:
    """An engine, six sessions of one repository, and a deck on a terminal."""

    def __init__(self, house: House, client: Client) -> None:
        self.house, self.client = house, client
        self.ids: dict[str, str] = {}

    async def make(self) -> None:
        """Six sessions, all at work at once."""
        for title, (backend, _) in WORK.items():
            made = await self.client.call(
                "session.create", backend=backend, cwd=str(self.house.work), title=title,
                worktree=True, permission="full", confirmed_full=True,
            )  # fmt: skip
            self.ids[title] = made["id"]
        for title, (_, command) in WORK.items():
            text = f"do: {command} :end"
            await self.client.call("session.send", session=self.ids[title], text=text)
        await self.done(*WORK)

    def path(self, title: str) -> Path:
        """Where a session works."""
        return Path(self.client.summaries[self.ids[title]].cwd)

    async def done(self, *titles: str) -> None:
        """Wait until their turns have ended well."""
        found = self.client.summaries
        await until(lambda: all(found[self.ids[t]].status == "done" for t in titles), START_S)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """All of it."""
    async with (
        MessagesServer(model) as server,
        engine_of_agents(server.url, monkeypatch) as (house, client),
    ):
        git(repo(house.work, shared="it\n"), "branch", "-M", "main")
        yield Stage(house, client)


def _line(deck: Terminal, title: str) -> int:
    """Where a session's row is in the list of what is to land."""
    rows = [n for n, line in enumerate(deck.text.splitlines()) if f". {title} " in line]
    assert len(rows) == 1, deck.text
    return rows[0]


def landed(deck: Terminal) -> list[str]:
    """Whose rows say that they have landed; the last message below says it once more."""
    return re.findall(r"\d\. (\w+) .* landed on main, 1 commit", deck.text)


def land_in_order(deck: Terminal, *titles: str) -> None:
    """From a session's tile: review, land, several; the order is given by `space`."""
    deck.insist("\x1bd", lambda: "Review: " in deck.text)
    deck.wait_for("commit")
    deck.insist("l", lambda: "in an order that you give" in deck.text)
    deck.send("\x1b[B" * 4 + "\r")
    deck.wait_for("Land several, one after another")
    deck.wait(lambda: all(f". {title} " in deck.text for title in titles))
    at = _line(deck, titles[0])
    for number, title in enumerate(titles, 1):
        by = _line(deck, title) - at
        deck.send(("\x1b[B" if by > 0 else "\x1b[A") * abs(by) + " ")
        deck.wait_for(f"{number}. {title}")
        at = _line(deck, title)
    deck.send("\r")


async def test_six_sessions_in_one_repository(stage: Stage) -> None:
    await stage.make()
    main = stage.house.work
    assert clean(main)
    deck = await asyncio.to_thread(stage.house.deck, 200, 60)

    def drive() -> None:
        for number, title in enumerate(WORK, 1):
            deck.wait_for(f"{number} {title} ", START_S)
        deck.insist("\x1b1", lambda: True)
        land_in_order(deck, "first", "second", "third")
        deck.wait_for("conflicts in shared", START_S)
        assert landed(deck) == ["first", "second"]
        deck.send("h")
        deck.wait_for("mends it")

    await asyncio.to_thread(drive)
    third = stage.client.summaries[stage.ids["third"]]
    await until(lambda: stage.client.summaries[third.id].turns == 2, START_S)
    await stage.done("third")

    def finish() -> None:
        deck.insist("\r", lambda: landed(deck) == ["first", "second", "third"], START_S)
        deck.insist("\x1b", lambda: "one after another" not in deck.text)
        deck.insist("\x1b", lambda: "Review: " not in deck.text)
        deck.send("\x1b4")
        deck.insist("\x1bd", lambda: "Review: 4 fourth" in deck.text)
        deck.insist("x", lambda: "Discard it?" in deck.text)
        deck.insist("y", lambda: "Discard it?" not in deck.text)
        deck.wait_for("The worktree was discarded")
        assert not stage.path("fourth").exists()
        deck.insist("\x1bd", lambda: "x brings it back" in deck.text)
        deck.send("x")
        deck.wait(lambda: (stage.path("fourth") / "four").exists())
        deck.wait_for("The worktree is back")

    await asyncio.to_thread(finish)
    assert git(main, "log", "--format=%s").split() == ["third", "second", "first", "one"]
    assert (main / "shared").read_text() == "both\n"
    assert (main / "two").read_text() == "two\n"
    fourth = stage.path("fourth")
    assert git(fourth, "status", "--porcelain").split("\n")[:2] == [" M shared", "?? four"]
    for title in ("first", "second", "third", "fifth", "sixth"):
        assert clean(stage.path(title)), title
    assert clean(main)
