"""The deck comes up behind the frame that `first_frame` has painted, and keeps the next one.

What the deck would paint before that frame, a line of its own and then its screen piece by piece,
is not shown meanwhile.
"""

from __future__ import annotations

import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from sessions.errors import AgentdeckError
from tui.terminal import first_frame
from tui.timing.idle import when_idle

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen

log = logging.getLogger("agentdeck.deck")

IDLE_S = 1.0
"""Without a key: then a frame is compared, and kept."""


class SecondDriver(LinuxDriver):
    """Takes over a terminal that shows the deck already."""

    _here_already = False

    def start_application_mode(self) -> None:
        """As in Textual; the attributes to be given back are those that the user had.

        To go to the alternate screen a second time would make it blank, and lose where the cursor
        was on the first one.
        """
        early = first_frame.standing()
        self._here_already = early is not None
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if early is not None:
            self.attrs_before = early.attributes
            first_frame.taken()

    def write(self, data: str) -> None:
        """As in Textual."""
        if self._here_already and data == first_frame.ENTER:
            self._here_already = False
            return
        super().write(data)


class PaintedEarly(App[None]):
    """An app whose first frame may stand there before it."""

    _painted: first_frame.Early | None = None
    _covered = False
    """Nothing is painted yet: that frame stands there."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, where nothing is painted yet."""
        self._painted = first_frame.standing()
        self._covered = self._painted is not None
        return SecondDriver if self._covered else super().get_driver_class()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if self._painted is not None and self._covered and self.size == Size(*self._painted.size):
            return
        super()._display(screen, renderable)

    def first_drawn(self, whole: bool) -> None:
        """What is painted from now on is seen, beginning with all that there is now.

        Args:
            whole: it is the first frame, with nothing in it of a session's or the user's: it is
                compared with what was painted early, and kept where that looked otherwise.
        """
        screen, covered = self.screen, self._covered
        self._covered = False
        if self.is_headless or not (covered or whole):
            return
        compositor, size = screen._compositor, self.size
        update = compositor.render_update(full=True, screen_stack=self._background_screens)
        self._display(screen, update)
        if whole and (key := self._key()) is not None:
            when_idle(self, partial(self._keep, size, key, update), IDLE_S)

    def _key(self) -> dict[str, Any] | None:
        if self._painted is not None:
            return self._painted.key
        with contextlib.suppress(AgentdeckError, OSError, ValueError):
            return first_frame.key()
        return None

    def _keep(self, size: Size, key: dict[str, Any], update: Any) -> None:
        frame = update.render_segments(self.console)
        if self._painted is not None and (self._painted.size, self._painted.frame) == (size, frame):
            return

        def write() -> None:
            try:
                first_frame.keep((size.width, size.height), key, frame)
            except (AgentdeckError, OSError) as error:
                log.warning("the first frame can't be kept: %s", error)

        self.run_worker(write, thread=True, group="first frame", exit_on_error=False)
