"""Modes, borders, rules and grants put together: may this be read, written, run?

| mode | read inside, and skills | read outside, secrets | edit inside | edit elsewhere | run |
|---|---|---|---|---|---|
| read-only | yes | ask | no | no | no |
| ask | yes | ask | ask | ask | ask, or a rule |
| edit | yes | ask | yes | ask | ask, or a rule |
| full, sandboxed | yes | outside yes, secrets ask | yes | ask | yes, in the sandbox |
| full, no sandbox | as ask, until it is confirmed by typing | | | | |

In every mode: agentdeck's own files are refused; what steers other programs (git's own files,
other agents' configurations, shell start files, skills) is asked for each time; so is leaving
the sandbox, and using the network from it.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from sessions.record.closed_sets import PERMISSIONS, GrantKind, RuleKind
from sessions.record.summary_parts import Grant
from sessions.tools import plain_command as plain
from sessions.tools import rule_prefixes
from sessions.tools.base import CallContext, Option, ToolFault, Verdict
from sessions.tools.process import environment
from sessions.tools.rules import Rule, fingerprint, new_id
from sessions.tools.sandbox import describe
from sessions.tools.state import ToolState
from sessions.tools.workspace import Target
from skills.text import has_hidden, hidden

_SESSION, _ALWAYS = "This session", "Always here"
"""Answers in a few letters, for where there is no room for what exactly they allow."""

MODES = PERMISSIONS

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def mode_of(ctx: CallContext) -> str:
    """The mode that applies: an unknown one is `ask`, and `full` needs a sandbox or a yes."""
    mode = ctx.mode if ctx.mode in MODES else "ask"
    if mode == "full" and ctx.state.sandbox is None and not ctx.state.options.full_confirmed:
        return "ask"
    return mode


def full_note(ctx: CallContext) -> str:
    """Why `full` does not apply, or ""."""
    if ctx.mode == "full" and mode_of(ctx) != "full":
        return f"Mode full is not in force: {describe().detail} It must be confirmed by typing. "
    return ""


# -- reading


def judge_read(target: Target, ctx: CallContext) -> Verdict:
    """May this file or folder be read?"""
    if target.forbidden:
        return Verdict("deny", f"{target.path} may not be read: {target.forbidden}.")
    if target.own:
        return Verdict("allow", quiet=True)
    state = ctx.state
    if state.grants.covers_read(target.path, secret=bool(target.secret)):
        return Verdict("allow", "Allowed for this session.", quiet=True)
    if target.secret:
        options = (_grant("session", "Yes, for this session", _SESSION, "read", str(target.path)),)
        return _path_ask("Read", target, f"It may hold secrets: {target.secret}.", options)
    if target.inside or target.skill:
        return Verdict("allow", quiet=True)
    if mode_of(ctx) == "full":
        return Verdict("allow", "Mode full.", quiet=True)
    folder = target.path if target.path.is_dir() else target.path.parent
    name = f"Yes, everything in {folder} for this session"
    options = (_grant("session", name, "Folder, session", "read", str(folder)),)
    return _path_ask("Read", target, f"It lies outside {state.guard.root}.", options)


# -- writing


def judge_write(target: Target, ctx: CallContext, summary: str, diff: str) -> Verdict:
    """May this change be made? `diff` is shown to whoever is asked."""
    why, once_only = _write_border(target, ctx)
    if target.forbidden:
        return Verdict("deny", f"{target.path} may not be changed: {target.forbidden}.")
    mode = mode_of(ctx)
    if mode == "read-only":
        return Verdict("deny", "The session is in mode read-only: nothing may be changed.")
    grants = ctx.state.grants
    detail = f"{target.shown}\n\n{diff}"
    unseen = _unseen(detail)
    if why:
        if not once_only and target.path in grants.write:
            return Verdict("allow", "Allowed for this session.", summary=summary)
        whole = _grant(
            "session", "Yes, this file for this session", _SESSION, "write", str(target.path)
        )
        options = () if once_only else (whole,)
        return Verdict(
            "ask",
            f"{why} {unseen}".strip(),
            summary=summary,
            detail=detail,
            detail_kind="diff",
            options=options,
        )
    if mode in ("edit", "full"):
        return Verdict("allow", f"Mode {mode}.", summary=summary)
    if grants.edits:
        return Verdict("allow", "Edits here are allowed for this session.", summary=summary)
    name = f"Yes, and every edit in {ctx.state.guard.root} for this session"
    return Verdict(
        "ask",
        f"{full_note(ctx)}Mode ask: every change is asked for. {unseen}".strip(),
        summary=summary,
        detail=detail,
        detail_kind="diff",
        options=(_grant("session", name, "All edits, session", "edits"),),
    )


def _write_border(target: Target, ctx: CallContext) -> tuple[str, bool]:
    """Which border a change crosses ("" = none), and whether it is asked for each time."""
    if target.steering:
        return f"Asked in every mode: {target.steering}.", True
    if target.secret:
        return f"Asked in every mode: {target.secret}.", True
    if not target.inside:
        return f"It lies outside {ctx.state.guard.root}.", False
    return "", False


# -- running


@dataclass(frozen=True, slots=True)
class Command:
    """What will be run, as judged. `argv` empty: the line goes to a shell, as it stands."""

    line: str
    argv: tuple[str, ...] = ()
    sandboxed: bool = False
    network: bool = False


def judge_command(
    line: str, ctx: CallContext, *, network: bool, escape: bool
) -> tuple[Verdict, Command]:
    """May this line be run, and how?

    Raises:
        ToolFault: it holds control characters; those are refused before anything is looked at.
    """
    if _CONTROL.search(line):
        raise ToolFault("The command holds control characters; write it without them.")
    state = ctx.state
    sandboxed = state.sandbox is not None and not escape
    with_network = network or state.options.network or not sandboxed
    mode = mode_of(ctx)
    if mode == "read-only":
        verdict = Verdict("deny", "The session is in mode read-only: no command may be run.")
        return verdict, Command(line)
    words = plain.split(line)
    refusal = "it needs a shell" if words is None else plain.refuses_rule(words)
    command = Command(line, (), sandboxed, with_network)
    beyond = _beyond(ctx, network=network, escape=escape)
    if mode == "full" and not beyond:
        return Verdict("allow", "Mode full.", summary=f"Run: {_short(line)}"), command
    if words is not None and not refusal and not beyond:
        allowed = _allowed(words, state)
        if allowed is not None:
            program, verdict = allowed
            return verdict, Command(line, (program, *words[1:]), sandboxed, with_network)
    options = () if words is None or refusal or beyond else _rule_options(words, state)
    why = [full_note(ctx).strip(), beyond, _how(command, ctx), _unseen(line)]
    if refusal and not beyond:
        why.append(f"Asked every time: {refusal}.")
    verdict = Verdict(
        "ask",
        " ".join(w for w in why if w),
        summary=f"Run: {_short(line)}",
        detail=line,
        detail_kind="command",
        options=options,
    )
    return verdict, command


def _beyond(ctx: CallContext, *, network: bool, escape: bool) -> str:
    """What a command wants beyond the sandbox, in words for the person who is asked; or ""."""
    if ctx.state.sandbox is None:
        return ""  # there is none to leave
    if escape:
        return "It asks to run OUTSIDE the sandbox, with all your rights."
    if network and not ctx.state.options.network:
        return (
            "It asks to use the network: the internet, servers on this machine (loopback), and "
            "the abstract sockets of programs that run here."
        )
    return ""


def _how(command: Command, ctx: CallContext) -> str:
    root = ctx.state.guard.root
    if not command.sandboxed:
        return f"It runs in {root}, NOT sandboxed: with all your rights."
    words = ctx.state.sandbox.words if ctx.state.sandbox else ""
    net = "with network" if command.network else "no network"
    return f"It runs in {root}, {words}, {net}."


def _unseen(text: str) -> str:
    """What a person would not see in a command, a path or a diff (Trojan Source), or ""."""
    if not has_hidden(text):
        return ""
    runs = hidden(text)
    if not runs:
        return ""
    return f"It holds characters that are not seen: {', '.join(r.codes for r in runs[:4])}."


@dataclass(frozen=True, slots=True)
class Program:
    """What a word names: `path` is run, `real` and `sha256` are what a permission is bound to."""

    path: str
    real: str
    sha256: str


def program_of(word: str, state: ToolState) -> Program | None:
    """The program that a plain word names, if there is one."""
    root = state.guard.root
    path = str(root / word) if "/" in word else None
    if path is None:
        path = shutil.which(word, path=environment(state.options.env)["PATH"])
    if path is None:
        return None
    real = Path(path).resolve()
    try:
        return Program(path, str(real), fingerprint(real, root)) if real.is_file() else None
    except OSError:
        return None


def _key(program: Program, words: list[str]) -> tuple[str, ...]:
    return (program.real, program.sha256, *words)


def _allowed(words: list[str], state: ToolState) -> tuple[str, Verdict] | None:
    """The program to run and why it may, if a grant or a rule covers this argv."""
    program = program_of(words[0], state)
    if program is None:
        return None
    summary = f"Run: {_short(' '.join(words))}"
    if state.grants.covers_argv(_key(program, words)):
        verdict = Verdict("allow", "Allowed for this session.", by="rule", summary=summary)
        return program.path, verdict
    for rule in state.rules.rules(state.guard.root):
        if rule.covers(words, program.real, program.sha256):
            verdict = Verdict("allow", rule.shown, by="rule", rule=rule.id, summary=summary)
            return program.path, verdict
    return None


def _rule_options(words: list[str], state: ToolState) -> tuple[Option, ...]:
    """Session and always, for exactly this argv and, where that makes sense, its beginning."""
    program = program_of(words[0], state)
    if program is None:
        return ()
    shown, here = " ".join(words), state.guard.root
    options = [
        _grant(
            "session", f"Yes, `{shown}` for this session", _SESSION, "argv", *_key(program, words)
        ),
        _always(
            "always",
            f"Always `{shown}` in {here}",
            _ALWAYS,
            state,
            _rule("argv", words, program, here),
        ),
    ]
    if beginning := rule_prefixes.beginning(words):
        start, key = " ".join(beginning), _key(program, beginning)
        rule = _rule("prefix", beginning, program, here)
        options += [
            _grant(
                "session-prefix",
                f"Yes, `{start} …` for this session",
                f"Session {start}…",
                "prefix",
                *key,
            ),
            _always(
                "always-prefix",
                f"Always `{start} …` in {here}",
                f"Always {start}…",
                state,
                rule,
            ),
        ]
    return tuple(options)


def _rule(kind: RuleKind, words: list[str], program: Program, here: Path) -> Rule:
    return Rule("", "Bash", kind, str(here), tuple(words), program.real, program.sha256)


# -- tools of others (MCP, skills)


def judge_tool(
    name: str, digest: str, ctx: CallContext, *, summary: str, detail: str, why: str
) -> Verdict:
    """May a tool be used that agentdeck knows nothing about? `digest`: of its definition.

    It runs outside of any sandbox of ours, so it asks in every mode until it is allowed.
    """
    state = ctx.state
    if mode_of(ctx) == "read-only":
        return Verdict("deny", "The session is in mode read-only: foreign tools may not be used.")
    key = f"{name}#{digest}"
    if key in state.grants.tools:
        return Verdict("allow", "Allowed for this session.", by="rule", summary=summary)
    for rule in state.rules.rules(state.guard.root):
        if rule.kind == "tool" and rule.tool == name and rule.sha256 == digest:
            return Verdict("allow", rule.shown, by="rule", rule=rule.id, summary=summary)
    rule = Rule("", name, "tool", str(state.guard.root), sha256=digest)
    return Verdict(
        "ask",
        why,
        summary=summary,
        detail=detail,
        detail_kind="text",
        options=(
            _grant("session", f"Yes, {name} for this session", _SESSION, "tool", key),
            _always("always", f"Always {name} in {state.guard.root}", _ALWAYS, state, rule),
        ),
    )


def _path_ask(verb: str, target: Target, why: str, options: tuple[Option, ...]) -> Verdict:
    return Verdict(
        "ask",
        f"{why} {_unseen(target.shown)}".strip(),
        summary=f"{verb} {target.path}",
        detail=target.shown,
        detail_kind="path",
        options=options,
    )


def _grant(option_id: str, name: str, short: str, kind: GrantKind, *words: str) -> Option:
    grant: Grant = {"kind": kind, "words": list(words)}
    return Option(option_id, name, "allow_session", grant, short=short)


def _always(option_id: str, name: str, short: str, state: ToolState, rule: Rule) -> Option:
    """The option that writes a rule. Its id is known before, so that the answer can name it."""
    rule = replace(rule, id=new_id())

    def write() -> None:
        state.rules.add(rule)

    return Option(option_id, name, "allow_always", rule=rule.id, apply=write, short=short)


def _short(line: str) -> str:
    first = line.strip().split("\n", 1)[0]
    cut = first if len(first) <= 100 else first[:99] + "…"
    return cut if cut == line.strip() else f"{cut.rstrip('…')}…"
