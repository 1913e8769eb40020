"""A plan made from a spec: by a model, with the questions that the spec leaves open.

What a model writes is read as strictly as any plan, and goes back with its faults. What it can't
bring into order is not passed on: then the spec's own parts become the tasks, and that is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sessions.api.plans import PlanDrafted
from sessions.config.model import Config
from sessions.errors import AgentdeckError, UsageError
from sessions.plans.keys import keys
from sessions.plans.read import PlanError, parse
from sessions.priming.untrusted import quote
from sessions.record import events as ev
from sessions.record.textlines import lines
from sessions.safety.sanitise import clean, clean_line

MOST_SPEC = 200_000
ROUNDS = 2
"""How often a plan that is wrong goes back with its faults."""
_MAX_TOKENS = 8_192
_TEXTS = (".md", ".markdown", ".txt", ".rst", ".org")
_FENCE = re.compile(r"```(?:toml)?[ \t]*\n(.*?)```", re.DOTALL)
_QUESTION = re.compile(r"^\s*(?:[-*]|\d+[.)])\s+(.*\S)\s*$")
_PART = re.compile(r"^\s*(?:#{2,6}\s+|[-*]\s+(?:\[[ xX]\]\s+)?|\d+[.)]\s+)(.*\S)\s*$")
_MOST_PARTS = 30

_EXAMPLE = """\
[plan]
title = "Port the parsers"
goal = "What done means for the whole."
parallel = 4
budget = {hours = 8.0}
[[task]]
name = "survey"
prompt = "List what every parser must keep. Answer with a JSON list of file names alone."
[[task]]
name = "port"
needs = ["survey"]
for_each = {answer = "survey"}
prompt = "Port {item}."
check = ["make", "test"]
tries = 3
[[task]]
name = "report"
needs = ["port"]
partial = true
prompt = "Write what changed: {port.answers}"
"""
_ASK = """\
Make a plan from the specification below: a TOML file whose tasks are worked on by sessions of a
coding agent, one session a task, many at once. Split the work so that each task is small, can be
done without the others as far as possible, and can be checked by a program where there is one.

What a task makes goes to the next by `needs` and a placeholder: {{survey.answer}}, and of many
{{port.answers}}, {{port.diffs}}. With for_each a task is done for many items, each as {{item}} (of
rows {{item.COLUMN}}, of files {{item.path}}, {{item.stem}}). A check is a program and its
arguments, no shell; name only
programs that are there. End with a task that sums up. An example:

```toml
{example}```

All keys:

{keys}

Profiles: {profiles}. Skills: {skills}. In the working directory: {there}.

The specification:
{spec}

Answer with the plan in one ```toml block. Below it write the line QUESTIONS and then, each with a
dash, what the specification leaves open and a person should decide; none if nothing is open."""
_AGAIN = (
    "That plan is wrong:\n{faults}\nAnswer with the whole plan again, mended, in one ```toml block."
)


class Said(Protocol):
    """What a model answered."""

    @property
    def text(self) -> str:
        """Its words."""


Ask = Callable[[Sequence[Mapping[str, Any]]], Awaitable[Said]]


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan to be read, changed and started by a person. `note`: what to know about it."""

    text: str
    questions: list[str] = field(default_factory=list)
    note: str = ""

    def file(self, source: str) -> str:
        """As a file: the questions stand above the plan."""
        head = [f"# Drafted from {clean_line(source)}. Read it, change it, then start it."]
        if self.note:
            head.append(f"# {self.note}")
        if self.questions:
            head += ["#", "# Open questions:", *(f"# - {clean_line(q)}" for q in self.questions)]
        return "\n".join(head) + f"\n\n{self.text.strip()}\n"

    def to_json(self) -> PlanDrafted:
        """As `plan draft --json` prints it."""
        return {"plan": self.text, "questions": self.questions, "note": self.note}


def spec_of(path: Path) -> str:
    """The text of a file, or of all notes in a folder. Raises UsageError."""
    files = [path]
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.suffix in _TEXTS and p.is_file()]
        files = [p for p in files if not any(x.startswith(".") for x in p.relative_to(path).parts)]
        if not files:
            raise UsageError(f"{path} holds no notes.", f"They end in {', '.join(_TEXTS)}.")
    parts: list[str] = []
    for file in files:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} can't be read: {error}.") from error
        parts.append(f"# {file.relative_to(path)}\n\n{text}" if path.is_dir() else text)
    spec = "\n\n".join(parts)
    if not spec.strip():
        raise UsageError(f"{path} is empty.", "Write what is to be done.")
    if len(spec) > MOST_SPEC:
        raise UsageError(f"{path} is too long ({len(spec):,} characters).", "Name a part of it.")
    return spec


async def draft(
    ask: Ask, spec: str, folder: Path, config: Config, skills: Sequence[str] = ()
) -> PlanDraft:
    """A plan for a spec, that would lie in `folder`. Raises AgentdeckError if nobody answers."""
    there = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))[:60]
    text = _ASK.format(
        example=_EXAMPLE,
        keys=keys(),
        profiles=", ".join(list(config.profiles)[:20]),
        skills=", ".join(skills) or "none",
        there=clean_line(", ".join(there)) or "nothing",
        spec=quote(clean(spec)).text,
    )
    messages: list[ev.JSON] = [{"role": "user", "content": text}]
    why = ""
    for _ in range(ROUNDS + 1):
        try:
            said = (await ask(messages)).text
        except AgentdeckError as error:
            if not why and getattr(error, "kind", "") != "too_large":
                raise
            why = why or str(error)
            break
        found = _FENCE.findall(said)
        plan = clean(found[0]).strip() if found else ""
        try:
            if not plan or plan == _EXAMPLE.strip():
                raise UsageError("There is no ```toml block with a plan of its own.")
            parse(plan, folder, config, skills=skills)
        except PlanError as error:
            why = "\n".join(str(finding) for finding in error.findings)
        except UsageError as error:
            why = str(error)
        else:
            return PlanDraft(plan, questions_in(said))
        messages += [
            {"role": "assistant", "content": said or "(nothing)"},
            {"role": "user", "content": _AGAIN.format(faults=why)},
        ]
    first = clean_line(why.split("\n")[0])[:200]
    note = f"The model's plan could not be read ({first}): these are the spec's own parts."
    return PlanDraft(plain(spec), [], note)


def questions_in(said: str) -> list[str]:
    """What a model's answer asks behind the word QUESTIONS."""
    _, found, behind = said.rpartition("QUESTIONS")
    if not found:
        return []
    asked = [m[1] for line in lines(behind) if (m := _QUESTION.match(line))]
    return [clean_line(q) for q in asked if q.strip(". ").lower() not in ("none", "nothing")]


def plain(spec: str) -> str:
    """A plan without a model: each part of the spec (heading, list item) a task, then a summary."""
    parts = [clean_line(m[1]) for line in lines(spec) if (m := _PART.match(line))][:_MOST_PARTS]
    title = next((ln.strip("# ").strip() for ln in lines(spec) if ln.strip()), "A plan")
    out = ["[plan]", f"title = {_toml(clean_line(title)[:80])}", "parallel = 4", ""]
    wanted = parts or ["All of it"]
    for number, part in enumerate(wanted, 1):
        told = f"Do this part of the specification: {part}" if parts else "Do what it says."
        whole = f"{told}\n\nThe specification:\n{clean(spec)[:20_000]}"
        out += ["[[task]]", f'name = "part-{number}"', f"prompt = {_toml(whole)}", ""]
    answers = "\n".join(f"{{part-{n}.answer}}" for n in range(1, len(wanted) + 1))
    needs = ", ".join(f'"part-{n}"' for n in range(1, len(wanted) + 1))
    out += ["[[task]]", 'name = "report"', f"needs = [{needs}]"]
    return "\n".join([*out, f"prompt = {json.dumps('Sum up what was done. ' + answers)}"])


def _toml(text: str) -> str:
    """A text of the spec as a TOML string in which braces are braces."""
    escaped = re.sub(r"\{([A-Za-z_][^{}\n]*)\}", r"{{\1}}", text)
    return json.dumps(escaped, ensure_ascii=False).replace("\x7f", "\\u007F")


def write_new(folder: Path, title: str, text: str) -> Path:
    """Write a plan to a file that was not there, named after `title`. Raises AgentdeckError."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "session"
    for number in range(1, 1000):
        path = folder / f"{name}{f'-{number}' if number > 1 else ''}.plan.toml"
        try:
            write(path, text)
        except FileExistsError:
            continue
        except OSError as error:
            raise AgentdeckError(f"{path} can't be written: {error.strerror}.") from error
        return path
    raise AgentdeckError(f"{folder} is full of plans called {name}.", "Take some away.")


def write(path: Path, text: str) -> None:
    """Write a file that was not there. Raises OSError."""
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
