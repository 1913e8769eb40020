"""Plans that come with agentdeck, to be written out, read and changed."""

from __future__ import annotations

from importlib.resources import files

from sessions.errors import NotFound


def names() -> list[str]:
    """What they are called."""
    found = [p.name for p in files(__name__).iterdir() if p.name.endswith(".toml")]
    return sorted(name.removesuffix(".toml") for name in found)


def text(name: str) -> str:
    """The file of that name. Raises NotFound."""
    if name not in names():
        raise NotFound(f"No example is called {name}.", f"There are: {', '.join(names())}.")
    return (files(__name__) / f"{name}.toml").read_text("utf-8")


def about(name: str) -> str:
    """Its first line."""
    return text(name).split("\n", 1)[0].lstrip("# ").strip()
