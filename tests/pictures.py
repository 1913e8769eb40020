"""The pictures of the README, made by the real deck on a real engine; what it says is scripted.

make pictures      writes docs/pictures/*.svg
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from sessions.engine import lifecycle
from sessions.engine.client import Client
from sessions.paths import places
from tests.support.messages_server import (
    Hang,
    MessagesServer,
    Request,
    Step,
    call,
    say,
    start,
    text,
)
from tui.app import DeckApp
from tui.deck.memory import Memory
from tui.options import DeckOptions, Notify

OUT = Path(__file__).parents[1] / "docs" / "pictures"
LARGEST = 80_000
"""Bytes of one picture, at most."""

RETRY = """The client retries **before** it has a connection, but not in mid-stream:

| fault | today | better |
|---|---|---|
| refused | 3 tries | 3 tries |
| reset in mid-stream | gives up | ask again, keep the text |
| 429 | at once | after `retry-after` |

I would begin with the last row:

```python
async def wait(self, reply: Reply) -> None:
    after = reply.headers.get("retry-after", "1")
    await self.clock.sleep(float(after))
```
"""
NOTES = """## 2.4

- **Search** over all projects, also the archived ones
- Exports keep their footnotes
- `--quiet` no longer hides errors

Three commits have no line yet; shall I write one for each, or one for all?
"""
SCHEMA = """Two tables would do:

1. `reading(sensor, at, value)`, one row a minute
2. `sensor(id, room, unit)`

Keep raw values; averages can always be made from them. The other way round does not work.
"""
GREEK = """The word *symploke* (συμπλοκή) is a weaver's: the crossing of threads. Plato takes it \
over in the *Sophist*: statements come about when forms are woven into one another (259e)."""
PLAN = """I read all eleven call sites. Nine only ever pass a path, so the second argument can go. \
The other two build a """

ANSWERS: dict[str, list[Step]] = {
    "retry": say(RETRY),
    "release": say(NOTES),
    "schema": say(SCHEMA),
    "symploke": say(GREEK),
    "call sites": [start(), *text(0, PLAN)[:-1], Hang()],
    "red": call("Bash", {"command": "git log --oneline v2.3..HEAD -- tests"}, "c1",
                "The last green run was before the merge on Friday. What came after it?"),
}  # fmt: skip
TASKS = (
    ("retries", "How does the client retry, and what would you change?"),
    ("release notes", "Draft the release notes for 2.4."),
    ("why is CI red?", "Find out why CI is red since Friday."),
    ("sensor schema", "A schema for room sensors, please."),
    ("call sites", "Look at all call sites of open_store."),
    ("Plato", "Where does symploke come from?"),
)


READ = [
    {"letter": letter, "person": person, "concept": concept, "domain": domain, "gloss": gloss,
     "why": why, "leap": leap, "p": p, "confidence": "high"}
    for letter, person, concept, domain, gloss, why, leap, p in (
        ("E", "Agner Erlang", "busy hour", "telephony", "the hour that a network is built for",
         "Keep the worst hour of a day whole, thin out the rest.", "mid", 0.06),
        ("H", "Grace Hopper", "logbook moth", "computing", "the fault taped beside the entry",
         "A row for what was wrong, beside the value that it spoilt.", "mid", 0.04),
        ("N", "Florence Nightingale", "coxcomb", "statistics", "causes as areas, month by month",
         "Store the cause of a gap, not only the gap.", "far", 0.03),
        ("R", "Lewis Fry Richardson", "forecast factory", "weather", "rooms that pass numbers on",
         "A room's value is a function of its neighbours': store who they are.", "far", 0.02),
        ("S", "Mary Somerville", "connexion of sciences", "physics", "one law, many instruments",
         "One table of units, so that instruments can be compared.", "near", 0.11),
        ("T", "Tycho Brahe", "named instrument", "astronomy", "each reading says by what",
         "A sensor that is replaced is another sensor.", "mid", 0.05),
    )
]  # fmt: skip


def script(request: Request) -> list[Step]:
    """The answer whose word is in the request."""
    if '"items"' in request.last_text:  # the reading of a draw
        return say(json.dumps({"items": READ}))
    for word, steps in ANSWERS.items():
        if word in request.last_text.lower():
            return steps
    return say("Done.")


@dataclass
class Studio:
    """An engine of its own, and the deck on it."""

    client: Client
    work: Path

    async def session(self, title: str, prompt: str = "") -> str:
        """A new session; with a prompt, its turn has begun."""
        made = await self.client.call("session.create", cwd=str(self.work), title=title)
        if prompt:
            await self.client.call("session.send", session=made["id"], text=prompt)
        return str(made["id"])

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the sessions' statuses by title are as wanted."""
        async with asyncio.timeout(60):
            while not condition({s.title: s.status for s in self.client.summaries.values()}):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def studio() -> AsyncIterator[Studio]:
    """A home, a project and a scripted server; all gone at the end."""
    root = Path(tempfile.gettempdir()) / "ada"  # always the same: it is seen in pictures
    work = root / "atlas"
    work.mkdir(parents=True)
    os.environ["AGENTDECK_HOME"] = str(root / "h")
    os.environ["HOME"] = str(root)
    (root / "h").mkdir(mode=0o700)
    async with MessagesServer(script) as server:
        (root / "h" / "config.toml").write_text(
            '[defaults]\nprofile = "studio"\n'
            f'[backends.studio]\nbase_url = "{server.url}"\nmodel = "claude-sonnet-5-5"\n'
            '[profiles.studio]\nbackend = "studio"\n'
        )
        client = await Client.connect()
        await client.attach()
        try:
            yield Studio(client, work)
        finally:
            await client.close()
            await asyncio.to_thread(lifecycle.stop, places())
            shutil.rmtree(root, ignore_errors=True)


async def picture(
    name: str, size: tuple[int, int], *keys: str, theme: str = "", toured: bool = True
) -> None:
    """Open the deck, press keys, and write what is seen."""
    options = DeckOptions(theme=theme or "textual-dark", notify=Notify(deck=False))
    app = DeckApp(options, memory=Memory(toured=toured))
    async with app.run_test(size=size) as pilot:
        await _settle(pilot, lambda: app.deck.link.up)
        for key in keys:
            await pilot.press(key)
            await _settle(pilot)
        for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
            field.cursor_blink = False
        for tile in app.deck.grid.tiles():
            tile.view.flush()
        await _settle(pilot)
        svg = smaller(app.export_screenshot(title="agentdeck"))
    path = OUT / f"{name}.svg"
    path.write_text(svg, "utf-8")
    size_of = path.stat().st_size
    print(f"{path.name}: {size_of // 1000} kB{' — too large' if size_of > LARGEST else ''}")


def smaller(svg: str) -> str:
    """The same picture in a third of the bytes, and without a font fetched from elsewhere."""
    cell = r'<rect fill="(#\w+)" x="[^>]*/>'
    ground = Counter(re.findall(cell, svg)).most_common(1)[0][0]
    width, height = re.findall(r'<rect x="0" y="0" width="([\d.]+)" height="([\d.]+)"', svg)[0]
    first = re.search(cell, svg)
    assert first is not None
    whole = f'<rect fill="{ground}" width="{width}" height="{height}"/>'
    svg = svg[: first.start()] + whole + svg[first.start() :]
    for pattern, new in (
        (r"@font-face \{.*?\}\s*(?=@|\.)", ""),
        (r'<clipPath id="[^"]*-line-\d+">.*?</clipPath>\s*', ""),
        (r' clip-path="url\(#[^"]*-line-\d+\)"', ""),
        (rf'<rect fill="{ground}" x="[^>]*/>', ""),
        (r' shape-rendering="crispEdges"', ""),
        (r"</style>", "rect { shape-rendering: crispEdges }</style>"),
        (r"<text [^>]*>\s*</text>", ""),
        (r"terminal-\d+-", "t"),
        (r' textLength="12.2"', ""),  # a single cell
        (r"&#160;", "\u00a0"),
        (r"(\d+\.\d)\d{5,}", r"\1"),
    ):
        svg = re.sub(pattern, new, svg, flags=re.DOTALL)
    return svg


async def _settle(pilot: Pilot[None], condition: Callable[[], bool] = lambda: True) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.05)
    for _ in range(6):
        await pilot.pause(0.15)


BEFORE = """class Client:
    def get(self, path):
        for attempt in range(3):
            try:
                return self.open(path).read()
            except ConnectionError:
                continue
        raise ConnectionError(path)
"""
AFTER = """class Client:
    def get(self, path):
        for attempt in range(self.tries):
            try:
                return self.open(path).read()
            except ConnectionError:
                self.clock.sleep(wait(attempt))
        raise ConnectionError(path)


def wait(attempt):
    return min(30.0, 0.5 * 2**attempt)
"""


async def review(room: Studio) -> None:
    """A session in a worktree: one change commented on, one staged, a picture before and after."""
    from PIL import Image

    from tests.support.gitrig import git, repo

    def curve(path: Path, colour: tuple[int, int, int], power: float) -> None:
        made = Image.new("RGB", (88, 20), (24, 26, 32))
        for x in range(88):
            top = max(1, int(19 * (1 - (x / 88) ** power)))
            for y in range(top, 20):
                made.putpixel((x, y), colour)
        made.save(path)

    room.work.mkdir(exist_ok=True)
    curve(room.work / "waits.png", (196, 96, 80), 1.0)
    repo(room.work, **{"client.py": BEFORE, "README": "Tries three times.\n"})
    made = await room.client.call(
        "session.create", cwd=str(room.work), title="back off", worktree=True
    )
    folder = Path(made["cwd"])
    (folder / "client.py").write_text(AFTER)
    git(folder, "commit", "-qam", "Wait longer each time")
    (folder / "README").write_text("Tries five times, and waits longer each time.\n")
    (folder / "test_wait.py").write_text(
        "from client import wait\n\n\ndef test_it_ends():\n    assert wait(99) == 30.0\n"
    )
    curve(folder / "waits.png", (96, 168, 112), 2.5)
    to_it = ("alt+7", "alt+d", "right_square_bracket", "n", *["down"] * 4)
    words = [key for word in ("Add", "some", "jitter") for key in (*word, "space")][:-1]
    await picture(
        "review",
        (130, 36),
        *to_it,
        "c",
        *words,
        "enter",
        "right_square_bracket",
        "a",
        "left_square_bracket",
    )


CHECKED = """import unittest

from client import wait


class Wait(unittest.TestCase):
    def test_the_first_is_short(self):
        self.assertEqual(wait(0), 0.5)

    def test_it_ends(self):
        self.assertEqual(wait(99), 30.0)

    def test_a_server_may_say_more(self):
        self.assertEqual(wait(99, after=120), 120)
"""
PROMPT = r"""PS0='\e]133;C\a'
PROMPT_COMMAND='printf "\e]133;D;%s\a\e]133;A\a" "$?"'
PS1='\[\e[1;34m\]atlas\[\e[0m\] $ \[\e]133;B\a\]'
"""


async def terminal(room: Studio) -> None:
    """A shell on a terminal beside three of the sessions: tests have run there, one fails."""
    client = room.client
    (room.work / "client.py").write_text(AFTER)
    (room.work / "test_wait.py").write_text(CHECKED)
    prompt = room.work.parent / "prompt"
    prompt.write_text(PROMPT)
    for summary in list(client.summaries.values()):
        if summary.title not in ("retries", "release notes", "call sites"):
            await client.call("session.archive", session=summary.id)
    argv = ["bash", "--noprofile", "--rcfile", str(prompt), "-i"]
    made = await client.call("terminal.new", argv=argv, cwd=str(room.work), title="tests")
    lines = (("ls --color", "done"), ("python3 -m unittest test_wait", "failed"))
    await room.until(lambda now: now.get("tests") == "idle")
    for line, then in lines:
        await client.call("terminal.paste", session=made["id"], text=line, run=True)
        await room.until(lambda now, then=then: now["tests"] == then)  # type: ignore[misc]


async def all_pictures() -> None:
    """Every picture, in the order of the README."""
    OUT.mkdir(parents=True, exist_ok=True)
    async with studio() as room:
        await picture("first", (100, 28), toured=False)
        for title, prompt in TASKS:
            await room.session(title, prompt)
        await room.until(
            lambda now: (
                list(now.values()).count("done") == 4 and now["why is CI red?"] == "needs-you"
            )
        )
        await picture("deck", (138, 40))
        await picture("permission", (110, 30), "alt+3", "ctrl+z")
        await picture("small", (80, 24), "alt+1")
        await picture("inbox", (110, 30), "f8")
        await picture("settings", (110, 30), "alt+o", *"limits", "down", "down", "down")
        await picture("skills", (130, 36), "alt+4", "ctrl+z", "f4", "down", "space", "down")
        await picture(
            "prime", (130, 36), "alt+4", "ctrl+z", "f3", "2", "d", "enter", "space", "down"
        )
        await picture("harvest", (130, 36), "alt+1", "ctrl+z", "f5", "down", "space")
        await review(room)
        await picture("light", (110, 30), "alt+1", "ctrl+z", theme="textual-light")
        await picture("contrast", (110, 30), "alt+2", "ctrl+n", theme="high-contrast")
        await terminal(room)
        await picture("terminal", (138, 40), "alt+4", "f12")


if __name__ == "__main__":
    asyncio.run(all_pictures())
