"""Actions on what goes with a message: pictures and other files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from tui.actions import action

if TYPE_CHECKING:
    from tui.deck.action_interfaces import WritesInComposer
    from tui.deck.interfaces import HasComposer

GROUP = "Turns"


def has_files(deck: HasComposer) -> bool:
    """Something is attached."""
    return bool(deck.composer.files)


@action("attach", "Attach a file", group=GROUP, order=8)
async def attach(deck: WritesInComposer) -> None:
    """A picture or a text file goes with the message; pasting or dropping its path does it too."""
    from sessions.runtime.attachments import read
    from tui.screens.dialogs import Prompt
    from tui.start_directory import folder_of

    folder = Path(folder_of(deck.model.summary()))
    asked = Prompt("Which file?", "", "plot.png", enter="attaches it")
    name: str | None = await deck.app.push_screen_wait(asked)
    if name and name.strip():
        path = folder / Path(name.strip()).expanduser()
        await asyncio.to_thread(read, path)
        deck.composer.attach([path])


@action("paste_picture", "Attach the clipboard's picture", keys=("ctrl+v",), group=GROUP,
        order=9, priority=False)  # fmt: skip
async def paste_picture(deck: WritesInComposer) -> None:
    """The picture in the clipboard goes with the message (by wl-paste, xclip or pngpaste)."""
    from tui.deck.dropped_files import clipboard_picture, has_clipboard

    if not has_clipboard():
        raise AgentdeckError(
            "There is no way to the clipboard's pictures here.",
            "Install wl-clipboard, xclip or pngpaste; or paste a picture's path.",
        )
    path = await asyncio.to_thread(clipboard_picture)
    if path is not None:
        deck.composer.attach([path])
    elif deck.app.clipboard:
        deck.composer.paste_copied()
    else:
        deck.say("The clipboard holds no picture.")


@action("detach", "Take an attached file away", group=GROUP, when=has_files, order=9)
async def detach(deck: HasComposer) -> None:
    """The file that was attached last does not go; backspace at the beginning does it too."""
    deck.composer.detach()
