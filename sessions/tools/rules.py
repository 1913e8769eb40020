"""What the user has allowed for good: rules in the user's configuration, for one workspace each.

    [[permissions.rules]]
    id = "r-3f2a9c"
    tool = "Bash"
    kind = "argv"              # or "prefix": these words and any that follow
    argv = ["git", "status"]
    program = "/usr/bin/git"   # what `git` was when it was allowed; another one asks again
    sha256 = ""                # the program's content, where it lies inside the workspace
    workspace = "/home/me/project"
    made = "2026-11-23"

A rule of another tool (of an MCP server, say) has no argv; its `sha256` is that of the tool's
definition, so that a tool that has changed behind its name asks again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sessions.errors import NotFound
from sessions.record.closed_sets import RuleKind, one_of
from sessions.tools import rule_prefixes


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is allowed in one workspace (a real path). See the module's text."""

    id: str
    tool: str
    kind: RuleKind
    workspace: str
    argv: tuple[str, ...] = ()
    program: str = ""
    sha256: str = ""
    made: str = ""

    @property
    def shown(self) -> str:
        """The rule in a few words."""
        if self.kind == "tool":
            return f"{self.tool} in {self.workspace}"
        more = " …" if self.kind == "prefix" else ""
        return f"{' '.join(self.argv)}{more} in {self.workspace}"

    def covers(self, argv: Sequence[str], program: str, sha256: str) -> bool:
        """Whether it allows this argv of this very program."""
        if self.tool != "Bash" or not self.argv:
            return False
        if self.program != program or self.sha256 != sha256:
            return False
        if self.kind == "argv":
            return tuple(argv) == self.argv
        return self.kind == "prefix" and rule_prefixes.allows(self.argv, argv)


class RuleStore(Protocol):
    """Where rules are kept."""

    def rules(self, workspace: Path | None = None) -> list[Rule]:
        """All rules, or those of one workspace (a real path)."""

    def add(self, rule: Rule) -> Rule:
        """Keep a rule; returns it with its id. Raises AgentdeckError."""

    def revoke(self, rule_id: str) -> None:
        """Forget a rule. Raises NotFound."""


class MemoryRules:
    """Rules that live as long as this object."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def rules(self, workspace: Path | None = None) -> list[Rule]:
        """All rules, or those of one workspace."""
        return [r for r in self._rules if workspace is None or r.workspace == str(workspace)]

    def add(self, rule: Rule) -> Rule:
        """Keep a rule."""
        rule = _dated(rule)
        self._rules.append(rule)
        return rule

    def revoke(self, rule_id: str) -> None:
        """Forget a rule. Raises NotFound."""
        kept = [r for r in self._rules if r.id != rule_id]
        if len(kept) == len(self._rules):
            raise NotFound(f"No rule is called {rule_id}.")
        self._rules = kept


class FileRules:
    """Rules in the user's `config.toml`; comments and order of everything else are kept.

    The file is read again when it has changed, so a rule that is revoked elsewhere stops at once.
    """

    def __init__(self, config_file: Path) -> None:
        self._file = config_file
        self._stamp: tuple[int, int, int] | None = None
        self._cached: list[Rule] = []
        self.faults: list[str] = []
        """What stands among the rules and is none; such an entry allows nothing."""

    def rules(self, workspace: Path | None = None) -> list[Rule]:
        """All rules, or those of one workspace. A file that can't be read allows nothing."""
        try:
            status = self._file.stat()
        except OSError:
            return []
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._cached, self.faults = _read(self._file, status)
            self._stamp = stamp
        return [r for r in self._cached if workspace is None or r.workspace == str(workspace)]

    def add(self, rule: Rule) -> Rule:
        """Write a rule into the configuration. Raises AgentdeckError."""
        rule = _dated(rule)
        from sessions.config.write import append, edit

        edit(self._file, lambda document: append(_table(document), _entry(rule)))
        return rule

    def revoke(self, rule_id: str) -> None:
        """Take a rule out of the configuration. Raises NotFound or AgentdeckError."""
        from sessions.config.write import edit

        def change(document: Any) -> None:
            entries = _table(document)
            for number, entry in enumerate(entries):
                if entry.get("id") == rule_id:
                    del entries[number]
                    return
            raise NotFound(f"No rule is called {rule_id}.", "See `agentdeck config show`.")

        edit(self._file, change)


def new_id() -> str:
    """An id for a rule."""
    return f"r-{secrets.token_hex(4)}"


def _dated(rule: Rule) -> Rule:
    return replace(
        rule,
        id=rule.id or new_id(),
        made=rule.made or datetime.now(UTC).strftime("%Y-%m-%d"),
    )


def _read(path: Path, status: os.stat_result) -> tuple[list[Rule], list[str]]:
    if status.st_uid not in (os.getuid(), 0) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return [], [f"{path} can be written by others; its rules are not followed."]
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        return [], [f"{path}: {error}"]
    section = document.get("permissions", {})
    entries = section.get("rules", []) if isinstance(section, dict) else []
    rules: list[Rule] = []
    faults: list[str] = []
    for entry in entries if isinstance(entries, list) else []:
        try:
            rules.append(parse(entry))
        except ValueError as error:
            faults.append(f"{path}: a rule is not followed: {error}.")
    return rules, faults


def parse(entry: object) -> Rule:
    """A rule as it stands in the configuration. Raises ValueError saying what is wrong."""
    if not isinstance(entry, Mapping):
        raise ValueError("it is no table")
    texts = {k: entry.get(k, "") for k in ("id", "tool", "kind", "workspace", "program")}
    texts |= {k: entry.get(k, "") for k in ("sha256", "made")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise ValueError(f"`{key}` must be a text")
    argv = entry.get("argv", [])
    if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
        raise ValueError("`argv` must be a list of texts")
    if not texts["tool"] or not Path(str(texts["workspace"])).is_absolute():
        raise ValueError("`tool` and an absolute `workspace` are needed")
    kind: RuleKind | None = one_of(RuleKind, texts["kind"], None)
    if kind is None or (kind == "tool") == bool(argv):
        raise ValueError("`kind` must be argv or prefix with an argv, or tool without one")
    if kind != "tool" and not texts["program"]:
        raise ValueError("`program` is needed: the path of the program that was allowed")
    if kind == "tool" and texts["tool"] == "Bash":
        raise ValueError("no rule can allow every command")
    fixed: dict[str, Any] = {k: str(v) for k, v in texts.items() if k != "kind"}
    return Rule(kind=kind, argv=tuple(argv), **fixed)


def _entry(rule: Rule) -> Any:
    import tomlkit

    table = tomlkit.table()
    table["id"], table["tool"], table["kind"] = rule.id, rule.tool, rule.kind
    if rule.argv:
        table["argv"] = list(rule.argv)
    for key in ("program", "sha256", "workspace", "made"):
        if value := getattr(rule, key):
            table[key] = value
    return table


def _table(document: Any) -> Any:
    """The array of rules in a tomlkit document, made if it is not there."""
    import tomlkit
    from tomlkit.items import AoT

    if "permissions" not in document:
        document["permissions"] = tomlkit.table(is_super_table=True)
    section = document["permissions"]
    if not isinstance(section.get("rules"), AoT):
        old = list(section.get("rules") or [])
        section.pop("rules", None)
        section["rules"] = tomlkit.aot()
        for entry in old:  # an inline list, as somebody may have written by hand
            table = tomlkit.table()
            table.update(entry)
            section["rules"].append(table)
    return section["rules"]


def fingerprint(program: Path, workspace: Path) -> str:
    """The SHA-256 of a program that lies inside the workspace (it may be rewritten), else ""."""
    if not program.is_relative_to(workspace):
        return ""
    digest = hashlib.sha256()
    with open(program, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()
