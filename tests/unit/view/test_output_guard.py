"""The output guard, and what a crash says."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.color import Color
from textual.content import Content
from textual.widgets import Static

from tests.support.viewrig import ViewApp
from tui.terminal.output_guard import GuardedApp, OutputGuard, crash_notice

BLACK = Color(0, 0, 0)
FORBIDDEN = [*range(0x00, 0x20), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x2028, 0x61C, 0xD800]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))


@pytest.mark.parametrize("code", FORBIDDEN, ids=hex)
def test_each_forbidden_character_becomes_a_visible_mark(code: int) -> None:
    (segment,) = OutputGuard().apply([Segment(f"a{chr(code)}b")], BLACK)
    assert chr(code) not in segment.text
    assert len(segment.text) == 3 and segment.text.isprintable()


@given(st.text())
def test_whatever_comes_nothing_controls_the_terminal(text: str) -> None:
    for segment in OutputGuard().apply([Segment(text)], BLACK):
        assert not any(ord(c) in FORBIDDEN for c in segment.text)


def test_plain_text_passes_as_the_same_object() -> None:
    segments = [Segment("plain 日本 é👩\u200d👧"), Segment("b", Style(bold=True))]
    assert [s.text for s in OutputGuard().apply(segments, BLACK)] == [s.text for s in segments]
    plain = [Segment("plain")]
    assert OutputGuard().apply(plain, BLACK) is plain


def test_a_hyperlink_that_carries_control_codes_is_dropped() -> None:
    style = Style(link="https://a.b/\x1b]52;c;eA==\x07")
    (segment,) = OutputGuard().apply([Segment("x", style)], BLACK)
    assert segment.style is not None and segment.style.link is None


async def test_every_widget_of_a_guarded_app_is_behind_the_gate() -> None:
    class Hostile(GuardedApp, App[None]):
        def compose(self) -> ComposeResult:
            yield Static(Content("a\x1b]52;c;eA==\x1b\\b\x9b2Jc"))

    app = Hostile()
    async with app.run_test() as pilot:
        await pilot.pause()
        shown = "".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "\x1b" not in shown and "\x9b" not in shown and "␛]52" in shown


async def test_markup_in_a_notice_is_text() -> None:
    app = ViewApp()
    async with app.run_test() as pilot:
        app.notify("[@click=app.quit]x[/] [/", title="t\x1b[2J")
        await pilot.pause()
        (notice,) = app._notifications
        assert notice.message == "[@click=app.quit]x[/] [/"
        assert not notice.markup and "\x1b" not in notice.title


def test_a_crash_is_a_sentence_and_its_traceback_has_no_local_variables(tmp_path: Path) -> None:
    def fail() -> None:
        api_key = "sk-ant-" + "very-secret"
        raise RuntimeError(f"no luck with {len(api_key)} characters")

    try:
        fail()
    except RuntimeError as error:
        said = crash_notice(error)
    log = tmp_path / "state" / "agentdeck.log"
    assert "RuntimeError" in said and str(log) in said and "\n" not in said
    written = log.read_text()
    assert "no luck with" in written and "in fail" in written
    assert "very-secret" not in written.replace('"very-secret"', "")  # only the source's own line
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_crash_without_a_home_to_log_to_is_still_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("AGENTDECK_HOME", str(blocked))
    assert "ValueError" in crash_notice(ValueError("x"))


async def test_an_error_in_the_app_prints_only_the_sentence() -> None:
    class Failing(ViewApp):
        def on_key(self) -> None:
            secret = "sk-ant-" + "hidden"
            raise RuntimeError("broken " + secret[:3])

    app = Failing()
    printed: list[str] = []
    with pytest.raises(RuntimeError):
        async with app.run_test() as pilot:
            app._print_error_renderables = lambda: printed.extend(  # type: ignore[method-assign]
                str(each) for each in app._exit_renderables
            )
            await pilot.press("k")
            await pilot.pause()
    assert printed and "The deck's screen failed (RuntimeError)" in printed[0]
    assert "hidden" not in "".join(printed) and "Traceback" not in "".join(printed)


async def test_the_clipboard_file_never_follows_a_link(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    other = tmp_path / "precious"
    other.write_text("keep me")
    (state / "clipboard.txt").symlink_to(other)
    app = ViewApp()
    async with app.run_test():
        app.copy_to_clipboard("new\x1b[2J")
    assert other.read_text() == "keep me"
    assert (state / "clipboard.txt").read_text() == "new␛[2J"


class Slips(GuardedApp, App[None]):
    """An app with a key that fails."""

    BINDINGS: ClassVar[list[BindingType]] = [("f", "fail", "fail"), ("g", "go", "go")]
    went = False

    def action_fail(self) -> None:
        """As a fault of ours would."""
        raise KeyError("nothing")

    def action_go(self) -> None:
        """As it should be."""
        self.went = True


async def test_a_key_that_fails_costs_itself_alone() -> None:
    app = Slips()
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f", "g")
        assert app.went
        assert [type(fault) for fault in app.faults] == [KeyError]
        (notice,) = app._notifications
        assert "KeyError" in notice.message
    assert not app.return_code
