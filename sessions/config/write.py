"""Changing the user's file by hand's rules: comments and order stay, the rest is not touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.errors import UsageError
from sessions.paths import private_folder
from skills import private_files

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def edit(path: Path, change: Callable[[TOMLDocument], None], *, private: bool = False) -> None:
    """Read, change and replace the file, whole or not at all; mode 0600 when it is new or
    `private`. Under a lock, so that two who change it at once don't lose one another's change.

    Raises UsageError when it can't be read or written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        private_folder(path.parent)
        with private_files.locked(path.parent / ".config.lock"):
            text = path.read_text("utf-8") if path.exists() else ""
            document = tomlkit.parse(text)
            change(document)
            target = path.resolve()  # a link to a file kept elsewhere stays a link
            mode = target.stat().st_mode & 0o777 if target.exists() and not private else 0o600
            private_files.write(target, tomlkit.dumps(document), mode=mode)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise UsageError(f"{path} can't be changed: {error}.") from error


def put(table: Any, key: str, value: Any) -> None:
    """Set a key of a table. A new one comes below the last, above the words that follow it.

    tomlkit (0.13 to 0.15) counts a comment above the next table to the one before, and would put
    a new key below that comment.
    """
    after = [] if key in table else words_after(table)
    table[key] = value
    if after:
        table.value.body.extend(after)


def append(tables: Any, table: Any) -> None:
    """Add a table to an array of tables, above the words that follow the last one."""
    import tomlkit

    after = words_after(tables[-1]) if tables else []
    if tables:
        tables[-1].value.body.append((None, tomlkit.nl()))
    tables.append(table)
    tables[-1].value.body.extend(after)


def put_table(parent: Any, key: str, table: Any) -> None:
    """Add a table below the last of its parent, above the words that belong to what follows."""
    import tomlkit

    last = parent[list(parent)[-1]] if len(parent) else None
    after = end_of(last) if not table.is_super_table() else []
    if last is not None and not table.is_super_table() and (body := body_of(last)):
        body.append((None, tomlkit.nl()))
    parent[key] = table
    if after and (body := body_of(parent[key])) is not None:
        body.extend(after)


def table_at(document: Any, keys: tuple[str, ...], first: Mapping[str, Any]) -> Any:
    """The table of that name, made where it is not there, with these first values."""
    import tomlkit

    table = document
    for place, key in enumerate(keys):
        if key not in table:
            last = place == len(keys) - 1
            fresh = tomlkit.table(is_super_table=not last)
            if last:
                fresh.update(first)
            put_table(table, key, fresh)
        table = table[key]
    return table


def body_of(table: Any) -> list[Any] | None:
    """The lines of a table, of the last one within it where it has others."""
    from tomlkit.items import AoT, Table

    if isinstance(table, AoT):
        return body_of(table[-1]) if len(table) else None
    if not isinstance(table, Table):
        return None
    body: list[Any] = table.value.body
    inner = body_of(body[-1][1]) if body and body[-1][0] is not None else None
    return body if inner is None else inner


def end_of(table: Any) -> list[Any]:
    """Take the comments and blank lines off the end of a table, or of the last one within it."""
    return _end_of(body_of(table))


def words_after(table: Any) -> list[Any]:
    """Take the comments and blank lines off the end of a table, of its own lines alone."""
    return _end_of(getattr(getattr(table, "value", None), "body", None))


def _end_of(body: list[Any] | None) -> list[Any]:
    after: list[Any] = []
    while body and body[-1][0] is None:
        after.insert(0, body.pop())
    return after


def set_key(path: Path, keys: tuple[str, ...], value: Any) -> None:
    """Set one key, making the tables above it."""
    import tomlkit

    def change(document: TOMLDocument) -> None:
        table: Any = document
        for key in keys[:-1]:
            if key not in table:
                table[key] = tomlkit.table()
            table = table[key]
        put(table, keys[-1], value)

    edit(path, change)


def set_profile_skill(path: Path, profile: str, name: str, state: str) -> None:
    """Set a skill's first state in a profile; a plain list of names becomes a table."""

    def change(document: TOMLDocument) -> None:
        import tomlkit

        profiles: Any = document.setdefault("profiles", tomlkit.table(is_super_table=True))
        entry = profiles.setdefault(profile, tomlkit.table())
        if "backend" not in entry:
            put(entry, "backend", profile)
        old = entry.get("skills", [])
        states = dict(old) if isinstance(old, dict) else dict.fromkeys(old, "on")
        states[name] = state
        table = tomlkit.inline_table()
        table.update(states)
        put(entry, "skills", table)

    edit(path, change)
