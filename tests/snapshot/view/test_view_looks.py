"""How a transcript looks: at two sizes, in light and dark, and in ASCII."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from textual.pilot import Pilot

from sessions.record import events as ev
from tests.support.viewrig import ViewApp
from tui.terminal import glyphs

ANSWER = """## What was wrong

The parser took the **first** fence for the last one. See [the rule](https://spec.example/fences),
and `split.py` where it is kept.

1. Read the line
   - indented at most three
   - of the same kind
2. Close the block

- [x] fixed
- [ ] documented

> A closing fence may not have an info string.

```python
def closes(line: str, fence: str) -> bool:
    \"\"\"Whether a line ends the block.\"\"\"
    return line.strip() == fence  # no info string
```

| case | before | now |
|:-----|:------:|----:|
| plain | 1 | 1 |
| 日本語 | 2 | 3 |
"""


def told(app: ViewApp) -> None:
    """One conversation with a bit of everything."""
    app.say(ev.UserMessage, text="Why does the fence not close?", origin="broadcast")
    app.say(ev.Thinking, text="Let me look at the rule for closing fences.", signature="s")
    app.say(ev.ToolCall, call="a", name="shell", input={"command": "pytest -q tests/unit"})
    app.say(
        ev.ToolResult,
        call="a",
        status="error",
        content="\n".join(f"tests/unit/test_{n}.py ." for n in range(9)),
        data={"exit_code": 1},
    )
    app.say(ev.ToolCall, call="b", name="edit", input={"path": "split.py"})
    diff = "@@ -1,2 +1,2 @@\n def closes(line, fence):\n"
    diff += "-    return fence in line\n+    return line == fence"
    app.say(ev.ToolResult, call="b", status="ok", data={"diff": diff})
    app.say(ev.Text, text=ANSWER)
    app.say(ev.ToolCall, call="c", name="shell", input={"command": "make check"})
    app.say(ev.Retry, kind="overloaded", wait_s=8.0, attempt=2)
    app.say(ev.Error, message="The server closed the stream.", hint="Ask again with ctrl+r.")


@pytest.fixture
def ascii_shapes() -> Iterator[None]:
    glyphs.use_ascii(True)
    yield
    glyphs.use_ascii(None)


@pytest.fixture(autouse=True)
def _shapes() -> Iterator[None]:
    glyphs.use_ascii(False)
    yield
    glyphs.use_ascii(None)


def looks(theme: str, cursor: bool = False) -> tuple[ViewApp, Callable[[Pilot[None]], object]]:
    app = ViewApp()

    async def before(pilot: Pilot[None]) -> None:
        app.theme = theme
        told(app)
        app.view.flush()
        if cursor:
            app.view.action_scroll_home()
            app.view.take(0)
            app.view.search("fence")
        await pilot.pause()

    return app, before


def test_dark_120x36(snap_compare: Callable[..., bool]) -> None:
    app, before = looks("textual-dark")
    assert snap_compare(app, terminal_size=(120, 36), run_before=before)


def test_light_80x24(snap_compare: Callable[..., bool]) -> None:
    app, before = looks("textual-light")
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


def test_search_and_block_in_hand_80x24(snap_compare: Callable[..., bool]) -> None:
    app, before = looks("textual-dark", cursor=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


@pytest.mark.usefixtures("ascii_shapes")
def test_ascii_80x24(snap_compare: Callable[..., bool]) -> None:
    app, before = looks("textual-dark")
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)
