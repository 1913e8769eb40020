"""What a draft says, section by section: when and when not, needs, steps, an example, a check.

Every row rests on a byproduct. What several sessions confirm comes first; what one session showed
once says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from sessions.harvest import parameters, requirements
from sessions.harvest.byproducts import Found
from sessions.harvest.commands import acts
from sessions.harvest.parameters import MARKS, CommandParameter
from sessions.harvest.prompt_injection import LEFT_OUT, without_instructions
from sessions.harvest.rules import as_rules

Row = tuple[str, Found]
_MOST_ASKS = 3
_MOST_STEPS = 12
_SHORT = 80
_GOES_ON = re.compile(
    r"(?i)\s*(?:and|also|now|then|again|go on|the same|too \w+|und|auch|jetzt|"
    r"(?:it|they|that|this|these|those) (?:should|must|is|are))\b"
)
TRIED = "Tried with nothing but"


class Sections:
    """Of a draft: its byproducts by kind, its files, and how a text is told (`tell`: one line)."""

    def __init__(
        self,
        by_kind: Mapping[str, list[Found]],
        files: Mapping[str, Found],
        texts: Mapping[str, str],
        tell: Callable[[str], str],
        arguments: Mapping[str, list[CommandParameter]],
    ) -> None:
        self._by_kind = by_kind
        self._files = files
        """By path in the folder; the bytes that were drafted are in `texts`."""
        self._texts = texts
        self._tell = tell
        self._arguments = arguments
        """Of scripts that were made to take them: their files."""
        self._scripts = {p: f for p, f in files.items() if p.startswith("scripts/")}
        self._made = [f for f in self._of("file", "picture") if f.signals.get("made")]
        self._steps = list(self._found_steps())

    def all(self) -> Iterator[tuple[str, list[Row], bool]]:
        """Title, rows, and whether they are steps in an order."""
        yield "When", self.when(), False
        yield "When not", self.when_not(), False
        yield "Needs", self.needs(), False
        yield "How", self.how(), True
        yield "Parameters", self.parameters(), False
        yield "Rules", self.rules(), False
        yield "Example", self.example(), False
        yield "What goes wrong", self.faults(), False
        yield "How to know that it worked", self.check(), False
        yield "Files", self.files(), False
        yield "Worth keeping", self.kept(), False
        yield "Terms", [(self._tell(f.text), f) for f in self._of("term")], False

    # -- each

    def asks(self) -> list[Row]:
        """What was asked for, what most sessions asked first."""
        rows: dict[str, Found] = {}
        for found in _confirmed(self._of("question")):
            rows.setdefault(self._said(found.text), found)
        for found in self._everything():
            if asked := self._said(str(found.signals.get("asked", ""))):
                rows.setdefault(asked, found)
        # A question that began by the same words is the same one, cut.
        keys = [k for k in rows if not any(o != k and o.startswith(k) for o in rows)]
        # What goes on from another says nothing by itself.
        whole = [key for key in keys if not _GOES_ON.match(key)] or keys
        return [(key, rows[key]) for key in whole][:_MOST_ASKS]

    def when(self) -> list[Row]:
        """The user's words, so that it is known when it fits."""
        return [(f"Somebody asks something like: {text}", found) for text, found in self.asks()]

    def when_not(self) -> list[Row]:
        """What it is not for, as far as the recording shows."""
        rows = list(self._only_for())
        for command, found in self._steps:
            if what := requirements.outward(command):
                rows.append(
                    (f"Not before the user has agreed: `{what}` changes what others use.", found)
                )
                break
        if (texts := self._of("text")) and not self._steps:
            rows.append(("Not where facts are wanted: nothing was looked up or run.", texts[0]))
        asked = self.asks()
        if not (self._steps and rows) and asked:
            said = asked[0][0]
            said = said if len(said) <= _SHORT else f"{said[:_SHORT].rpartition(' ')[0]} …"
            others = len(asked) - 1
            more = f" and {'one' if others == 1 else others} more above" if others else ""
            rows.append((f"{TRIED} “{said}”{more}.", asked[0][1]))
        return rows

    def _only_for(self) -> Iterator[Row]:
        """The kinds of files that it was tried with: of scripts, of commands, of what it wrote."""
        for path, found in self._scripts.items():
            if kinds := {p.what for p in self._parameters_of(path, found) if _is_input(p)}:
                yield f"Not for anything but {_each(kinds)}: nothing else was tried.", found
                return
        for command, found in self._steps:
            kinds = {p.what for p in self._generalised(command)[1] if _is_input(p)}
            if kinds and (program := next(iter(acts(command)), ("", ""))[0]):
                told = f"{_each(kinds)} with `{program}`"
                yield f"Not for anything but {told}: nothing else was tried.", found
                return
        for path, found in self._files.items():
            if found.kind == "file" and (kind := parameters.file_kind(path)):
                yield f"Not for anything but {kind}: nothing else was written.", found
                return

    def needs(self) -> list[Row]:
        """Programs, packages, the network, files."""
        lines = [command for command, _ in self._steps]
        scripts = {path: self._texts.get(path, "") for path in self._scripts}
        basis = [found for _, found in self._steps] or list(self._scripts.values())
        if not basis:
            return []
        rows = [(each, basis[0]) for each in requirements.needed(lines, scripts)]
        for path, found in self._scripts.items():
            if names := parameters.columns(scripts[path]):
                told = ", ".join(f"`{name}`" for name in names)
                rows.append((f"a table with the columns {told} (`{path}` asks for them)", found))
        return rows

    def how(self) -> list[Row]:
        """The commands, in the order in which they were run first."""
        rows = []
        for command, found in self._steps[:_MOST_STEPS]:
            line, _ = self._generalised(command)
            rows.append((f"Run `{self._with_arguments(line)}` {_times(found)}", found))
        return rows

    def parameters(self) -> list[Row]:
        """Names of what varies, with what stood there."""
        rows: dict[str, Row] = {}
        for command, found in self._steps:
            for each in self._generalised(command)[1]:
                recorded = f", `{each.recorded}` in the recording"
                rows.setdefault(each.name, (f"`{each.name}`: {each.what}{recorded}", found))
        for path, taken in self._arguments.items():
            for each in taken:
                said = f"{each.what}, `{each.recorded}` in the recording and where none is given"
                rows[each.name] = f"`{each.name}`: {said}", self._scripts[path]
        for path, found in self._scripts.items():
            for each in parameters.within(self._texts.get(path, ""), self._outputs()):
                if each.name not in rows:
                    where = f"its name `{each.recorded}` stands in `{path}`: change it there"
                    rows[each.name] = f"`{each.name}`: {each.what}; {where}", found
        told = list(self._steps)
        told += [
            (self._texts.get(path, ""), found)
            for path, found in self._files.items()
            if path not in self._scripts
        ]
        scripts = {found.id for found in self._scripts.values()}
        told += [
            (self._tell(f.text), f)
            for f in self._everything()
            if f.kind != "skill" and f.id not in scripts
        ]
        for mark in MARKS:
            if by := next((f for text, f in told if mark in parameters.marks([text])), None):
                rows.setdefault(mark, (f"`{mark}`: {MARKS[mark]}; ask for it", by))
        for path, found in self._scripts.items():
            for mark in parameters.marks([self._texts.get(path, "")]):
                where = f"it was taken out of `{path}`: fill it in, or leave it out"
                rows.setdefault(mark, (f"`{mark}`: {MARKS[mark]}; {where}", found))
        return list(rows.values())

    def rules(self) -> list[Row]:
        """What the user corrected, what several sessions say first."""
        rows: list[Row] = []
        for found in _confirmed(self._of("correction")):
            often = int(found.signals.get("sessions") or 1)
            seen = f"(in {often} sessions)" if often > 1 else "(said once)"
            rows += [(f"{rule} {seen}", found) for rule in as_rules(self._rule(found.text))]
        return rows

    def example(self) -> list[Row]:
        """One, as it was recorded: what came in, what went out."""
        rows: list[Row] = []
        best = next((f for _, f in reversed(self._steps) if f.signals.get("printed")), None)
        best = best or next((f for _, f in self._steps), None)
        kept = next((f for f in self._of("text") if f.text), None)
        filed = next(((p, f) for p, f in self._files.items() if p not in self._scripts), None)
        basis = best or kept or (filed[1] if filed else None)
        if basis is None:
            return rows
        asked = self._said(str(basis.signals.get("asked", ""))) or next(
            (text for text, _ in self.asks()), ""
        )
        if asked:
            rows.append((f"In: {asked}", basis))
        if best is not None:
            command = next(c for c, f in self._steps if f is best)
            if self._with_arguments(self._generalised(command)[0]) != command:
                given = {each.name: each.recorded for t in self._arguments.values() for each in t}
                rows.append((f"Run: `{self._with_arguments(command, given)}`", best))
        if best is not None and (printed := self._printed(best)):
            rows.append((f"Out: {printed}", best))
        if outputs := self._outputs():
            rows.append((f"Made: {', '.join(f'`{name}`' for name in outputs[:5])}", basis))
        if best is None and kept is not None:
            rows.append((f"Out: {self._said(kept.text)}", kept))
        if best is None and kept is None and filed is not None:
            rows.append((f"Out: see `{filed[0]}`", filed[1]))
        return rows if len(rows) > 1 else []

    def faults(self) -> list[Row]:
        """What failed on the way, by its sign."""
        rows: dict[str, Found] = {}
        for found in self._everything():
            failed = found.signals.get("failed_as")
            if not isinstance(failed, list) or len(failed) != 2:
                continue
            command = self._placed(self._tell(str(failed[0])))
            printed = self._said(parameters.shaped(str(failed[1])))
            line, _ = self._generalised(command, self._usual(command))
            said = f" with `{printed}`" if printed else ""
            worked = ": a later run passed" if found.signals.get("passed") else ""
            rows.setdefault(f"`{line}` failed{said}{worked}", found)
        return list(rows.items())

    def check(self) -> list[Row]:
        """How to know that it worked, by what the recording shows."""
        rows: list[Row] = []
        if self._steps:
            found = self._steps[-1][1]
            one = len(self._steps) == 1
            which = "The command ends" if one else "Every step ends"
            said = self._printed(found)
            more = f"; {'it' if one else 'the last one'} printed {said}" if said else ""
            rows.append((f"{which} with exit code 0{more}.", found))
        for (folder, ending), group in self._made_in().items():
            if folder and len(group) > 1:
                kind = f"{ending} files" if ending else "files"
                told = f"`{folder}/` has new {kind} ({len(group)} in the recording)."
                rows.append((told, group[0]))
            else:
                rows += [(f"`{self._tell(f.name)}` is there, and new.", f) for f in group[:5]]
        for path, found in self._scripts.items():
            if not rows and not found.signals.get("ran"):
                rows.append((f"Nobody ran `{path}` in the recording: run it before use.", found))
        rules, texts = self.rules(), self._of("text")
        if not rows and rules:
            rows.append(("Each of the rules above holds in what was made.", rules[0][1]))
        if not rows and texts:
            how = "took over" if texts[0].signals.get("copied") else "marked"
            rows.append((f"The user takes it as it is, as they {how} this.", texts[0]))
        return rows

    def files(self) -> list[Row]:
        """Each file and where it came from."""
        rows = []
        for path, found in self._files.items():
            if found.kind == "skill":
                continue  # its own text tells of them
            how = ""
            if found.signals.get("made"):
                how = f": made by `{self._tell(str(found.signals.get('command', '')))}`"
            elif found.signals.get("input"):
                how = ": an example of what goes in, as it was read in the recording"
            elif command := found.signals.get("command"):
                outcome = "passed" if found.signals.get("passed") else "failed"
                more = "; its files are arguments now" if path in self._arguments else ""
                how = f": run as `{self._tell(str(command))}`, which {outcome}{more}"
            elif found.kind == "text":
                how = ": a text that the user kept; read it before you write another"
            rows.append((f"`{path}`{how}", found))
        return rows

    def kept(self) -> list[Row]:
        """Short texts that the user kept."""
        filed = {id(found) for found in self._files.values()}
        return [
            (f"{self._said(f.text)}{_seen(f)}", f)
            for f in _confirmed(self._of("text"))
            if id(f) not in filed
        ]

    # -- parts

    def _rule(self, text: str) -> str:
        return self._said(text).replace(LEFT_OUT, "")

    def _said(self, text: str) -> str:
        """What somebody or a program said, without what is meant for a model that reads it."""
        return self._tell(without_instructions(text))

    def _of(self, *kinds: str) -> list[Found]:
        return [found for kind in kinds for found in self._by_kind.get(kind, [])]

    def _everything(self) -> list[Found]:
        return [found for group in self._by_kind.values() for found in group]

    def _found_steps(self) -> Iterator[Row]:
        """Commands as they are told, each once: of commands that recur, and of what ran files."""
        seen: dict[str, list[Found]] = {}
        for found in sorted(self._everything(), key=_order):
            command = found.text if found.kind == "command" else ""
            if found.signals.get("passed") and not found.signals.get("made") and not command:
                command = str(found.signals.get("command") or "")
            told = self._placed(self._tell(command)) if command else ""
            if told:
                seen.setdefault(told, []).append(found)
        for told, same in seen.items():
            yield told, _together(same)

    def _placed(self, command: str) -> str:
        """A command whose scripts are those of the skill's folder."""
        for path, found in self._scripts.items():
            for said in dict.fromkeys((self._tell(found.path), PurePath(found.path).name)):
                if said and path not in command:
                    words = command.split(" ")
                    command = " ".join(path if w.strip("./") == said else w for w in words)
        return command

    def _generalised(
        self, command: str, like: Sequence[CommandParameter] = ()
    ) -> tuple[str, list[CommandParameter]]:
        """The command by names: those of its script, of what stands in its places in another
        command (`like`), or what its files are called.
        """
        same = parameters.generalised(command, self._files)[1] if like else []
        pairs = zip(same, like, strict=False)
        names = {one.recorded: other.name for one, other in pairs if one.what == other.what}
        words = [word.strip("'\"") for word in command.split()]
        for path in self._scripts:
            if path in words:
                given = [w for w in words[words.index(path) + 1 :] if not w.startswith("-")]
                called = parameters.names_within(self._texts.get(path, ""))
                names |= {w: n for w, n in zip(given, called, strict=False) if n}
        return parameters.generalised(command, self._files, names)

    def _usual(self, command: str) -> list[CommandParameter]:
        """The parameters of the step that does what this command was to do."""
        act = next(acts(command), None)
        steps = (c for c, _ in self._steps if next(acts(c), None) == act)
        return self._generalised(step)[1] if (step := next(steps, "")) else []

    def _with_arguments(self, command: str, given: Mapping[str, str] | None = None) -> str:
        """The command with what its script was made to take, by names, or as it was `given`."""
        for path, taken in self._arguments.items():
            told = " ".join((given or {}).get(each.name, each.name) for each in taken)
            command = re.sub(
                rf"(?<![\w./-]){re.escape(path)}(?=\s*(?:[;&|>]|\Z))",
                lambda found, told=told: f"{found[0]} {told}",  # type: ignore[misc]
                command,
            )
        return command

    def _parameters_of(self, path: str, found: Found) -> Iterator[CommandParameter]:
        for command, by in self._steps:
            if by is found or path in command:
                yield from self._generalised(command)[1]
        yield from parameters.within(self._texts.get(path, ""), self._outputs())

    def _made_in(self) -> dict[tuple[str, str], list[Found]]:
        """What commands made, by folder and kind."""
        groups: dict[tuple[str, str], list[Found]] = {}
        for found in self._made:
            place = PurePath(self._tell(found.path))
            folder = "" if str(place.parent) == "." else str(place.parent)
            groups.setdefault((folder, place.suffix.lstrip(".").upper()), []).append(found)
        return groups

    def _outputs(self) -> list[str]:
        return list(dict.fromkeys(self._tell(found.name) for found in self._made))

    def _printed(self, found: Found) -> str:
        said = self._said(parameters.shaped(str(found.signals.get("printed", ""))))
        return f"`{said[:160]}`" if said and "`" not in said else said[:160]


def _is_input(each: CommandParameter) -> bool:
    return each.what.endswith(" file") or each.what == "a file of tests" or each.folder


def _each(kinds: set[str]) -> str:
    return " and ".join(sorted(kinds))


def _order(found: Found) -> tuple[str, int]:
    return str(found.origin.get("session") or ""), int(found.origin.get("seq") or 0)


def _together(same: list[Found]) -> Found:
    """What stands for the same command of several sessions, with how often it was run in all."""
    one = max(same, key=lambda f: int(f.signals.get("count") or 0))
    if len(same) == 1:
        return one
    sessions = {f.origin.get("session") for f in same}
    runs: dict[str, int] = {}
    for found in same:
        session = str(found.origin.get("session"))
        runs[session] = max(runs.get(session, 1), int(found.signals.get("count") or 1))
    often = one.signals.copy()
    often |= {"count": sum(runs.values()), "sessions": len(sessions)}
    return replace(one, signals=often)


def _confirmed(found: Iterable[Found]) -> list[Found]:
    """What several sessions show before what one does."""
    return sorted(found, key=lambda each: -int(each.signals.get("sessions") or 1))


def _times(found: Found) -> str:
    count = int(found.signals.get("count") or 1)
    often = int(found.signals.get("sessions") or 1)
    told = f"run {count} times" if count > 1 else "run once"
    return f"({told}, in {often} sessions)" if often > 1 else f"({told})"


def _seen(found: Found) -> str:
    often = int(found.signals.get("sessions") or 1)
    return f" (in {often} sessions)" if often > 1 else " (kept once)"
