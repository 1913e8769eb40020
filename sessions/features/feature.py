"""What is added to sessions: a feature says when it wants to be asked, and is put in `assembly`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessions.runtime.parts import Hooks

if TYPE_CHECKING:
    from sessions.runtime.session import Session
    from sessions.tools.base import Tool


class Feature(Hooks):
    """Something that is added to every session of the deck.

    `Hooks` tells when it is asked; features are, one after the other, in the order of
    `assembly.Features.all`.
    """

    def tools(self, session: Session) -> Sequence[Tool]:
        """Tools that it has for its whole life."""
        return ()
