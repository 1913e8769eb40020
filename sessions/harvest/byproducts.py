"""What a session leaves behind, found in its events without asking any model.

Every byproduct carries its receipt (session, turn, the event it came from) and signals that
cost nothing: that it ran and passed, that the user kept, copied or marked it, that it recurs.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, cast

from sessions.api.harvest import ByproductOrigin, ByproductSignals, HarvestItem
from sessions.harvest.code_fences import fences
from sessions.harvest.commands import command_of, only_looks
from sessions.harvest.files import FileTracker, WrittenFile, skill_folders
from sessions.harvest.language import CORRECTION, QUESTION, content_terms, normal_command
from sessions.harvest.parameters import generalised, names_data, within
from sessions.harvest.requirements import is_step
from sessions.harvest.result_files import given, shown_name
from sessions.record import events as ev
from sessions.record.closed_sets import BY_A_PERSON, ByproductKind
from sessions.tools.files_made import worth

KINDS = ("skill", "code", "file", "command", "text", "picture", "term", "correction", "question")
ASKS = (*BY_A_PERSON, "plan")
"""Where a message comes from that asks for something: of a plan, a task does, and nobody talks."""
_MIN_CODE = 40
_MIN_REUSED = 60
_LONGEST_COMMAND = 500
"""Of a command that ran once; a longer one is a script of its own and does not come again."""
_ASKED = 200
_PRINTED, _LINES = 240, 5
"""Characters and lines of a command's output that are kept as an example."""
_LOOKED = 4_000
_ENDED = ("ok", "error")
"""What is denied, cancelled or lost with its engine has not run to an end."""
_ENDS_ANSWER = frozenset(
    [ev.UserMessage, ev.TurnStarted, ev.TurnEnded, ev.ToolCall, ev.ToolResult, ev.TurnUndone]
)
"""What stands between two answers; all else (a mark, a new title) may come amid one."""
_PICTURES = {"svg", "html", "mermaid"}
_PICTURE_FILES = (".svg", ".html", ".htm", ".png", ".jpg", ".jpeg", ".gif", ".webp")


@dataclass(slots=True)
class Found:
    """One byproduct. `text` holds it whole (a path alone, for pictures kept as files)."""

    kind: ByproductKind
    text: str = ""
    path: str = ""
    language: str = ""
    origin: ByproductOrigin = field(default_factory=ByproductOrigin)
    signals: ByproductSignals = field(default_factory=ByproductSignals)

    @property
    def id(self) -> str:
        """The same for the same thing from the same place."""
        told = "\0".join(self.same)
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def same(self) -> tuple[str, str, str, str]:
        """What makes two of them one, and the id."""
        text = "" if self.signals.get("made") else self.text  # which may be read later, or be gone
        return self.kind, self.path, text, str(self.origin.get("session"))

    @property
    def name(self) -> str:
        """What its file is called, for people; "" if it is none."""
        return str(self.signals.get("name") or "") or PurePath(self.path).name

    @property
    def weight(self) -> int:
        """How strong its free signals are; for sorting."""
        points = {"passed": 4, "marked": 5, "copied": 3, "ran": 1, "kept": 1, "led_to": 1}
        score = 5 if self.kind == "skill" else 0
        score += sum(points[name] for name in points if self.signals.get(name))
        return score + min(3, int(self.signals.get("sessions", 1)) - 1)

    def to_json(self) -> HarvestItem:
        """As DESIGN 6.6 has it, with an id beside."""
        return cast("HarvestItem", {"id": self.id, **self.kept()})

    def kept(self) -> ev.JSON:
        """The same without its id, which is found again from the rest."""
        return {
            "kind": self.kind,
            "text": self.text,
            "path": self.path,
            "language": self.language,
            "signals": self.signals,
            "from": self.origin,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Found:
        """The reverse of `to_json` and `kept`."""
        return cls(
            cast("ByproductKind", str(data.get("kind", ""))),
            str(data.get("text", "")),
            str(data.get("path", "")),
            str(data.get("language", "")),
            cast("ByproductOrigin", dict(data.get("from") or {})),
            cast("ByproductSignals", dict(data.get("signals") or {})),
        )


def byproducts(session_id: str, events: Iterable[ev.Event], *, once: bool = False) -> list[Found]:
    """All byproducts of one session, in the order in which they arose.

    `once`: also commands that ran once, which may recur in other sessions (see `recurring`).
    """
    finder = _Finder(session_id, once)
    for event in events:
        finder.take(event)
    return finder.finish()


class _Finder:
    """One pass over a session's events."""

    def __init__(self, session_id: str, once: bool) -> None:
        self._session = session_id
        self._once = once
        self._found: list[Found] = []
        self._answers: list[tuple[int, int, list[str]]] = []
        """Of each stretch of answer: turn, first seq, chunks."""
        self._calls: dict[str, ev.ToolCall] = {}
        self._told: dict[int, ev.ToolCall] = {}
        """Calls by the event that told them."""
        self._commands: dict[str, list[tuple[ev.ToolCall, int | None]]] = {}
        self._files = FileTracker()
        self._ended: dict[str, tuple[str, int | None]] = {}
        """Of each command that has ended, its line and its exit code; None: it was cut off."""
        self._printed: dict[tuple[str, int | None], tuple[str, str]] = {}
        """By a command without what varies and its exit code: the last such line, its output."""
        self._by_commands: dict[str, Found] = {}
        """What commands made, by place: the last state of each."""
        self._terms: list[tuple[Found, int]] = []
        self._questions: dict[int, Found] = {}
        self._asked: dict[int, str] = {}
        self._shown: dict[str, str] = {}
        """Names that were given to pictures which an answer showed, and of which file each is."""
        self._chosen: list[Found] = []
        """What the user marked or copied."""
        self._trials: set[int] = set()
        """Turns that try a draft out: what they make is no evidence of its own."""
        self._undone: set[int] = set()
        self._again: dict[int, int] = {}
        """By turn, how many of its code blocks an earlier turn has alike."""
        self._blocks: set[tuple[str, str]] = set()
        self._in_answer = False
        self._last_turn = 0
        self._takes: dict[type[ev.Event], Callable[[Any], None]] = {
            ev.Text: self._text,
            ev.SessionCreated: self._created,
            ev.ToolCall: self._call,
            ev.Byproduct: self._choice,
            ev.TurnUndone: self._undo,
            ev.UserMessage: self._user,
            ev.FileChanged: self._files.hashed,
            ev.ToolResult: self._result,
            ev.ShellRan: self._shell,
            ev.FilesMade: self._made,
            ev.PrimingInjected: self._injected,
        }

    def take(self, event: ev.Event) -> None:
        """Take one event in."""
        kind = type(event)
        if kind in _ENDS_ANSWER:
            self._in_answer = False
        if (taken := self._takes.get(kind)) is not None:
            taken(event)

    def finish(self) -> list[Found]:
        """Close the pass and return what was found and not undone."""
        for turn, seq, chunks in self._answers:
            self._found.extend(self._code_blocks(turn, seq, _whole(chunks)))
        skills, rest = skill_folders(self._files.files(), self._files)
        self._found.extend(self._skill(md, files) for md, files in skills)
        self._found.extend(self._file(f) for f in rest)
        written = {self._files.place(f.path) for f in self._files.files()}
        made = self._by_commands.items()
        self._found.extend(found for place, found in made if place not in written)
        known = written | self._by_commands.keys()
        self._found.extend(f for f in self._inputs(rest) if self._files.place(f.path) not in known)
        self._found.extend(self._recurring())
        self._join_chosen()
        self._join_runs()
        self._uptake()
        self._led()
        self._mark_asked()
        trials = self._trials
        told = [f for f in self._found if f.origin.get("turn") not in trials or was_chosen(f)]
        kept = [f for f in told if f.origin.get("turn") not in self._undone]
        distinct: dict[tuple[str, ...], Found] = {}
        for found in kept:
            distinct.setdefault(found.same, found)
        return sorted(distinct.values(), key=lambda f: int(f.origin.get("seq") or 0))

    # -- by event

    def _origin(self, turn: int, seq: int) -> ByproductOrigin:
        return {"session": self._session, "turn": turn, "seq": seq}

    def _text(self, event: ev.Text) -> None:
        if self._in_answer and self._answers and self._answers[-1][0] == event.turn:
            self._answers[-1][2].append(event.text)
            return
        self._answers.append((event.turn, event.seq, [event.text]))
        self._in_answer = True

    def _created(self, event: ev.SessionCreated) -> None:
        self._files.cwd = event.cwd

    def _call(self, event: ev.ToolCall) -> None:
        self._calls[event.call] = self._told[event.seq] = event

    def _choice(self, event: ev.Byproduct) -> None:
        """What the user marked or copied."""
        signals = cast("ByproductSignals", dict(event.signals))
        signals.setdefault("marked", not signals.get("copied"))
        found = Found(event.kind or "text", event.text, event.path, signals=signals)
        origin = {"session": self._session, **event.origin}
        found.origin = cast("ByproductOrigin", origin)
        if found.kind == "picture" and not signals.get("name"):
            turn = int(found.origin.get("turn") or 0)
            if name := shown_name(event.path, self._asked.get(turn, ""), self._shown):
                signals["name"] = name
        self._chosen.append(self._meant(found))

    def _undo(self, event: ev.TurnUndone) -> None:
        self._undone |= {t for t in range(event.turn, self._last_turn + 1)}

    def _user(self, event: ev.UserMessage) -> None:
        self._last_turn = max(self._last_turn, event.turn)
        if event.origin == "harvest":
            self._trials.add(event.turn)
        if event.origin in ASKS:
            self._asked.setdefault(event.turn, _beginning(event.text))
        if event.origin not in BY_A_PERSON:
            return
        origin = self._origin(event.turn, event.seq)
        self._found.extend(self._reused(event, origin))
        if (self._answers or self._told) and CORRECTION.search(event.text[:200]):
            self._found.append(Found("correction", event.text, origin=origin))
        if "?" in event.text and len(event.text) < 2000 and QUESTION.search(event.text):
            self._questions[event.turn] = Found("question", event.text, origin=origin)

    def _reused(self, event: ev.UserMessage, origin: ByproductOrigin) -> Iterator[Found]:
        """Parts of earlier answers that the user pasted back."""
        if len(event.text) < _MIN_REUSED:
            return
        for paragraph in re.split(r"\n\s*\n", event.text):
            told = paragraph.strip().removeprefix(">").strip()
            if len(told) < _MIN_REUSED:
                continue
            for turn, seq, chunks in reversed(self._answers):
                if told in _whole(chunks):
                    signals: ByproductSignals = {"copied": True, "reused_in": origin["turn"]}
                    yield Found("text", told, origin=self._origin(turn, seq), signals=signals)
                    break

    def _result(self, event: ev.ToolResult) -> None:
        call = self._calls.pop(event.call, None)
        if call is None:
            return
        if event.images or event.data.get("resources"):
            told = given(call, event, self._origin(event.turn, event.seq))
            self._found.extend(Found(**each) for each in told)
        command = command_of(call)
        if command is not None and event.status in _ENDED:
            code = event.data.get("exit_code")
            code = code if isinstance(code, int) else 0 if event.status == "ok" else 1
            key, printed = normal_command(command), _end(event.content)
            self._commands.setdefault(key, []).append((call, code))
            self._files.ran(command, code, call, event.seq, printed)
            self._ended[event.call] = command, code
            self._printed[key, code] = command, printed
        elif command is not None:
            self._ended[event.call] = command, None
        elif event.status == "ok":
            self._files.changed(call, event)

    def _shell(self, event: ev.ShellRan) -> None:
        """A command of the user's own: in a terminal that tells of them, or behind `!`."""
        name, turn = event.call, self._last_turn
        asked = {"command": event.command}
        call = ev.ToolCall(seq=event.seq, turn=turn, call=name, name="Bash", input=asked)
        self._calls[name] = self._told[event.seq] = call
        self._result(
            ev.ToolResult(
                seq=event.seq, turn=turn, call=name, content=event.output,
                status="unknown" if event.exit is None else "ok", data={"exit_code": event.exit},
            )
        )  # fmt: skip

    def _made(self, event: ev.FilesMade) -> None:
        """Files that a command made; their text is on disk, if it is still what it was."""
        command, code = self._ended.get(event.call, ("", 0))
        for told in event.files:
            path = str(told.get("path") or "")
            if not path or not worth(path):
                continue
            signals: ByproductSignals = {"kept": True, "made": True, "command": command}
            if told.get("size"):
                signals["size"] = told["size"]
            if told.get("sha256"):
                signals["sha256"] = told["sha256"]
            if code is None:
                signals["interrupted"] = True
            elif code:
                signals["failed"] = True
            kind: ByproductKind = "picture" if path.lower().endswith(_PICTURE_FILES) else "file"
            origin = self._origin(event.turn, event.seq)
            place = self._files.place(path)
            self._by_commands[place] = Found(kind, "", path, origin=origin, signals=signals)

    def _injected(self, event: ev.PrimingInjected) -> None:
        for item in event.items:
            term = str(item.get("term") or "").strip()
            if term:
                origin = self._origin(event.turn or 0, event.seq)
                found = Found("term", term, origin=origin, signals={"priming": event.id})
                self._terms.append((found, event.turn or 0))

    # -- at the end

    def _code_blocks(self, turn: int, seq: int, text: str) -> Iterator[Found]:
        goes = turn in self._undone or turn in self._trials
        for language, code in fences(text):
            if len(code) < _MIN_CODE:
                continue
            kind: ByproductKind = "picture" if language in _PICTURES else "code"
            if (kind, code) in self._blocks:  # the first of them is told
                self._again[turn] = self._again.get(turn, 0) + 1
                continue
            if not goes:
                self._blocks.add((kind, code))
            yield Found(kind, code, "", language, self._origin(turn, seq))

    def _skill(self, md: WrittenFile, files: dict[str, WrittenFile]) -> Found:
        """A skill's folder that was written here, as one thing."""
        ran = [f.ran for f in files.values() if f.ran is not None]
        signals: ByproductSignals = {"kept": True, "files": {p: f.text for p, f in files.items()}}
        if ran:
            signals |= {"ran": True, "passed": not any(ran)}
        last = max([md, *files.values()], key=lambda f: f.seq)
        origin = self._origin(last.turn, last.seq)
        return Found("skill", md.text, md.path, origin=origin, signals=signals)

    def _file(self, file: WrittenFile) -> Found:
        kind: ByproductKind = "picture" if file.path.lower().endswith(_PICTURE_FILES) else "file"
        signals: ByproductSignals = {"kept": True, "exact": file.exact}
        if file.ran is not None:
            signals |= {"ran": True, "passed": file.ran == 0, "command": file.command}
            signals["run_seq"] = file.run_seq
            if file.printed:
                signals["printed"] = file.printed
            if file.failed:
                signals["failed_as"] = list(file.failed)
        origin = self._origin(file.turn, file.seq)
        return Found(kind, file.text, file.path, origin=origin, signals=signals)

    def _inputs(self, files: list[WrittenFile]) -> Iterator[Found]:
        """Data of the session's folder that scripts read which ran: named in them, or given."""
        for file in files:
            if file.ran != 0:
                continue
            given = generalised(file.command)[1] if names_data(file.command) else []
            for each in (*within(file.text), *(p for p in given if p.what.endswith(" file"))):
                path = PurePath(each.recorded)
                into = re.search(rf">\s*{re.escape(each.recorded)}", file.command)
                if not into and not path.is_absolute() and ".." not in path.parts:
                    signals: ByproductSignals = {"input": True, "command": file.command}
                    origin = self._origin(file.turn, file.seq)
                    yield Found("file", "", each.recorded, origin=origin, signals=signals)

    def _recurring(self) -> Iterator[Found]:
        for key, runs in self._commands.items():
            call, _ = runs[0]
            if len(runs) < 2 and not (self._once and _may_recur(command_of(call) or "")):
                continue
            codes = [code for _, code in runs]
            signals: ByproductSignals = {"count": len(runs), "ran": True, "passed": codes[-1] == 0}
            for code in codes:
                said = self._printed.get((key, code), ("", ""))
                if said[1] and code == 0:
                    signals["printed"] = said[1]
                elif said[1]:
                    signals["failed_as"] = list(said)
            origin = self._origin(call.turn, call.seq)
            yield Found("command", command_of(call) or "", origin=origin, signals=signals)

    def _meant(self, chosen: Found) -> Found:
        """What the user chose by choosing a tool call: the command, or the file that it wrote."""
        call = self._told.get(int(chosen.origin.get("seq") or 0))
        whole = call is not None and chosen.text.startswith(f"{call.name} ")
        if call is None or not whole or chosen.kind != "code":
            return chosen  # a part of what it said was selected
        if command := command_of(call):
            chosen.kind, chosen.text = "command", command
        elif file := self._files.at(call):
            chosen.kind, chosen.text, chosen.path = "file", file.text, file.path
        return chosen

    def _join_chosen(self) -> None:
        """What was marked or copied and is found anyhow is told once, with all its signals."""
        if not self._chosen:
            return
        known = {f.text.strip(): f for f in reversed(self._found) if f.text}
        for chosen in self._chosen:
            same = known.get(chosen.text.strip()) if chosen.text else None
            if same is None:
                self._found.append(chosen)
                known[chosen.text.strip()] = chosen
            else:
                told = {k: v for k, v in chosen.signals.items() if v}
                same.signals |= cast("ByproductSignals", told)

    def _join_runs(self) -> None:
        """A code block whose text became a file is that file: its run is the block's too."""
        files = {f.text.strip(): f for f in self._found if f.kind in ("file", "picture") and f.text}
        for found in self._found:
            if found.kind == "code" and (same := files.get(found.text.strip())):
                names = ("ran", "passed", "command", "run_seq")
                told = {k: v for k, v in same.signals.items() if k in names}
                found.signals |= cast("ByproductSignals", told)
                found.signals["file"] = same.path

    def _uptake(self) -> None:
        if not self._terms:
            return
        lower = [(turn, _whole(chunks).lower()) for turn, _, chunks in self._answers]
        for found, injected in self._terms:
            used = 0
            term = found.text.lower()
            for turn, text in lower:
                if turn > injected and term in text:
                    used += 1
            if used:
                found.signals["uptake"] = used
                self._found.append(found)

    def _mark_asked(self) -> None:
        wishes = sorted(turn for turn, text in self._asked.items() if not CORRECTION.search(text))
        for found in self._found:
            if found.kind in ("question", "correction", "term"):
                continue
            turn = int(found.origin.get("turn") or 0)
            # A correction says how: what it is about was asked before it.
            before = bisect_right(wishes, turn)
            if asked := self._asked.get(wishes[before - 1] if before else turn):
                found.signals["asked"] = asked

    def _led(self) -> None:
        """A question led somewhere when its turn left things behind."""
        left = dict(self._again)
        for found in self._found:
            if found.signals.get("input"):
                continue
            if found.kind in ("code", "file", "picture") or found.signals.get("copied"):
                turn = int(found.origin.get("turn") or 0)
                left[turn] = left.get(turn, 0) + 1
        for turn, question in self._questions.items():
            if left.get(turn) and content_terms(question.text):
                question.signals["led_to"] = left[turn]
                self._found.append(question)


def was_chosen(found: Found) -> bool:
    """Whether the user marked or copied it."""
    return bool(found.signals.get("marked") or found.signals.get("copied"))


def _whole(chunks: list[str]) -> str:
    """An answer's text, put together once however often it is asked for."""
    if len(chunks) > 1:
        chunks[:] = ["".join(chunks)]
    return chunks[0]


def _end(text: str) -> str:
    """The last lines of what a command printed: what came of it stands behind what went on."""
    told: list[str] = []
    for line in reversed(text[-_LOOKED:].strip().splitlines()):
        if told and (len(told) == _LINES or len(line) + sum(map(len, told)) > _PRINTED):
            break
        told.insert(0, line[:_PRINTED])
    return "\n".join(told).strip()


def _beginning(text: str) -> str:
    """A message's first words, whole ones: half a secret could not be told from a word."""
    words = " ".join(text[: 2 * _ASKED].split())
    return words if len(words) <= _ASKED else words[:_ASKED].rpartition(" ")[0]


def _may_recur(command: str) -> bool:
    looks = only_looks(command) and not is_step(command)
    return len(command) <= _LONGEST_COMMAND and not looks
