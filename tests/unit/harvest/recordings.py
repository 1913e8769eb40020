"""Ten recorded sessions of different kinds, each of a person who left traces in it.

`KINDS` by name; each gives one session's events, some a second that confirms the first. `PRIVATE`:
what must stand in no skill that is made of them.
"""

from __future__ import annotations

from collections.abc import Callable

from sessions.record import events as ev
from sessions.record.closed_sets import ByproductKind
from sessions.record.event_parts import FileMade, ResultFacts

CWD = "/home/ada/work"
PRIVATE = (
    "/home/ada", "ada@", "lovelace", "Ada L", "build-07", "10.20.30.40", "Bea", "/srv/", "Quellweg",
    "+49 40", "corp.internal", "bea.miller", "Miller",
)  # fmt: skip


class Tape:
    """Records a session turn by turn."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []
        self.turn = 0
        self._calls = 0

    def ask(self, text: str) -> Tape:
        """The user says something: a turn begins."""
        if self.turn:
            self.events.append(ev.TurnEnded(turn=self.turn, reason="end_turn"))
        self.turn += 1
        self.events.append(ev.UserMessage(turn=self.turn, text=text))
        return self

    def say(self, text: str) -> Tape:
        """The model answers."""
        self.events.append(ev.Text(turn=self.turn, text=text))
        return self

    def write(self, path: str, content: str) -> Tape:
        """It writes a file."""
        call = self._call("Write", {"file_path": f"{CWD}/{path}", "content": content})
        self.events.append(ev.ToolResult(turn=self.turn, call=call, status="ok", content="written"))
        return self

    def run(self, command: str, printed: str = "", code: int = 0, made: str = "") -> Tape:
        """It runs a command, which may make files."""
        call = self._call("Bash", {"command": command})
        status: ev.CallStatus = "error" if code else "ok"
        data: ResultFacts = {"exit_code": code}
        self.events.append(
            ev.ToolResult(turn=self.turn, call=call, status=status, content=printed, data=data)
        )
        if made:
            files: list[FileMade] = [
                {"path": path, "size": 2048, "sha256": ""} for path in made.split()
            ]
            self.events.append(ev.FilesMade(turn=self.turn, call=call, files=files))
        return self

    def mark(self, kind: ByproductKind, text: str, *, copied: bool = False) -> Tape:
        """The user marks or copies a part of it."""
        origin = {"turn": self.turn, "seq": 0}
        signals = {"copied": True} if copied else {}
        self.events.append(ev.Byproduct(kind=kind, text=text, origin=origin, signals=signals))
        return self

    def _call(self, name: str, given: ev.JSON) -> str:
        self._calls += 1
        call = f"c{self._calls}"
        self.events.append(ev.ToolCall(turn=self.turn, call=call, name=name, input=given))
        return call


_TOTAL = """import csv, sys
from decimal import Decimal

rows = csv.DictReader(open(sys.argv[1]))
print(sum(Decimal(row["amount"]) for row in rows))
"""
_PLOT = """import csv
import matplotlib.pyplot as plt

rows = list(csv.DictReader(open("rain.csv")))
plt.bar([r["month"] for r in rows], [float(r["mm"]) for r in rows])
plt.title("Rain at Quellweg 7, 20095 Hamburg")
plt.savefig("rain.png")
print(len(rows), "months")
"""
_LINKS = """import re, sys, urllib.request
# asked for by Bea Miller <bea.miller@corp.internal>
for url in re.findall(r"https?://[^)\\s]+", open(sys.argv[1]).read()):
    code = urllib.request.urlopen(url).status
    print(code, url)
"""


def total() -> Tape:
    """Code: a script, a correction, a run that fails and one that passes."""
    tape = Tape().ask("How can I sum the amount column of orders.csv?")
    tape.write("total.py", "print(1)\n").run("python3 total.py /srv/shop/orders.csv", "1")
    tape.ask("No, use Decimal instead of float, and read the file that I name")
    tape.write("total.py", _TOTAL)
    tape.run("python3 total.py missing.csv", "FileNotFoundError: missing.csv", 1)
    return tape.run("python3 total.py /srv/shop/orders.csv", "1234.50").say("It is 1234.50.")


def mending() -> Tape:
    """Code: tests run until they pass; nothing is written that could be kept but the way."""
    tape = Tape().ask("The tests of the parser fail since yesterday, please mend them")
    tape.run("python3 -m pytest -q tests/test_parser.py", "2 failed", 1)
    tape.run("git log --oneline -5 -- src/parser.py", "a1b2c3 Parse dates")
    tape.run("python3 -m pytest -q tests/test_parser.py", "7 passed")
    tape.ask("Never change the fixtures, change the parser")
    return tape.run("python3 -m pytest -q tests/test_parser.py", "7 passed")


def plot() -> Tape:
    """Analysis: a CSV is plotted by a script."""
    tape = Tape().ask("Plot the monthly rain in rain.csv for me")
    tape.write("plot.py", _PLOT)
    return tape.run("python3 plot.py", "12 months", made="rain.png").say("See rain.png.")


def query() -> Tape:
    """Analysis: one question to a table, by a command that is used again."""
    tape = Tape().ask("Which of our customers bought most in 2025? It is in sales.db")
    line = "sqlite3 sales.db 'select name, sum(price) from orders group by 1 order by 2 desc'"
    tape.run(line, "Miller Ltd|990").ask("And again, the table has changed")
    return tape.run(line, "Miller Ltd|1200").say("Still Miller Ltd.")


def letter() -> Tape:
    """Text: a letter, corrected twice, then copied."""
    tape = Tape().ask("Write a letter to my landlord Bea Miller about the broken heating")
    tape.say(
        "Dear Ms Miller,\n\nThe heating has been broken since Monday.\n\nRegards,\nAda Lovelace"
    )
    tape.ask("No, name a date by which it has to work, and stay friendly")
    last = (
        "Dear Ms Miller,\n\nThe heating at Quellweg 7, 20095 Hamburg has been broken since Monday. "
        "Please have it mended by the 14th; until then I keep the right to reduce the rent. You "
        "reach me at ada@lovelace.example or +49 40 1234567.\n\nKind regards,\nAda Lovelace"
    )
    return tape.say(last).mark("text", last, copied=True)


def translation() -> Tape:
    """Text: a way of translating that two corrections made."""
    tape = Tape().ask("Translate the notes in notes.de.md into English")
    tape.say("The sluice opens at high water.")
    tape.ask("Don't translate Siel as sluice: it is a tide gate")
    tape.write("notes.en.md", "# Notes\n\nThe tide gate opens at high water.\n")
    return tape.ask("Never shorten: every sentence of mine stays").say("Every sentence stands.")


def names() -> Tape:
    """Ideas: many, of which the user marks two."""
    tape = Tape().ask("Give me ten names for a bakery that opens at night")
    tape.say("Crumb Owl\nMidnight Crust\nThe Late Loaf\nOven Moon")
    tape.mark("text", "Midnight Crust").mark("text", "Oven Moon")
    tape.ask("No puns, and no animals").say("Night Bread\nThe Warm Door")
    return tape.mark("text", "The Warm Door")


def ideas() -> Tape:
    """Ideas: a question that led to a table of angles, pasted back later."""
    table = "Angles: who pays, who waits, who is never asked, what would break first without it?"
    tape = Tape().ask("What could we look at in a study about waiting rooms?").say(f"{table}\n")
    return tape.ask(f"{table}\n\nGo on with these for bus stops").say("At a bus stop, who waits …")


def deploy() -> Tape:
    """Operations: the same steps each time, on a host of one's own."""
    tape = Tape().ask("Deploy the docs to build-07.corp.internal")
    tape.run("make docs", "build succeeded")
    tape.run("rsync -a site/ ada@build-07.corp.internal:/srv/www/docs", "sent 2 files")
    tape.run("curl -fsS http://10.20.30.40:8080/health", "ok")
    return tape.say("It is there.")


def links() -> Tape:
    """Operations: a script that checks links, with a person's name in it."""
    tape = Tape().ask("Check all links of README.md, please")
    tape.write("links.py", _LINKS).run("python3 links.py README.md", "200 https://docs.python.org")
    return tape.ask("Stop at the first broken one").say("Right.")


KINDS: dict[str, Callable[[], Tape]] = {
    "total": total, "mending": mending, "plot": plot, "query": query, "letter": letter,
    "translation": translation, "names": names, "ideas": ideas, "deploy": deploy, "links": links,
}  # fmt: skip
