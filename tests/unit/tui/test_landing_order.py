"""Several sessions landed in an order that a person gives, and a discarded one brought back."""

from __future__ import annotations

from typing import Any

from sessions.api.worktrees import BroughtBack, Landed, NotLanded
from sessions.errors import UsageError
from tests.support.deckpilot import opened
from tests.support.fake_client import FakeClient, landed, not_landed
from tui.screens.review.order import LandingOrder
from tui.screens.review.screen import ChangeReview
from tui.widgets.rows import Rows


class Engine(FakeClient):
    """Lands the first, meets a conflict in the third, and refuses the second at first."""

    def __init__(self) -> None:
        super().__init__()
        for title in ("one", "two", "three", "elsewhere"):
            session = self.add(title)
            repository = "/r/.git" if title != "elsewhere" else "/other/.git"
            self.summaries[session].branch = f"agentdeck/{title}-{session}"
            self.summaries[session].worktree = {
                "session": session, "repository": repository, "path": f"/w/{title}",
                "base": "b" * 40, "base_ref": "refs/heads/main",
            }  # fmt: skip
        self.mended = False

    async def _worktree_land(
        self, session: str, hand_over: bool = False, **_: Any
    ) -> Landed | NotLanded:
        title = self.summaries[session].title
        if title == "two" and not self.mended:
            raise UsageError("The session has changes that are not committed.")
        if title == "three" and not self.mended:
            return not_landed(session, "a.py")
        return landed(session, 1)

    async def _worktree_bring_back(self, session: str) -> BroughtBack:
        branch = self.summaries[session].branch
        return {"id": session, "restored": True, "branch": branch, "path": ""}


async def test_sessions_land_in_the_order_that_was_given() -> None:
    engine = Engine()
    async with opened(0, client=engine) as here:
        ids = {s.title: s.id for s in engine.summaries.values()}
        here.deck.go(ids["one"])
        here.deck.start("land-several")
        await here.settle()
        screen = await here.screen(LandingOrder)
        assert sorted(s.title for s in screen.found.values()) == ["one", "three", "two"]
        keys, frame = screen.query_one("#order-keys"), screen.query_one("#dialog")
        assert keys.region.height and frame.content_region.contains_region(keys.region)
        await here.press("enter")
        assert "Give an order first" in here.notices()[-1]
        for title in ("two", "one", "three"):
            rows = screen.query_one(Rows)
            rows.cursor = [r.key for r in rows.rows].index(ids[title])
            await here.press("space")
        await here.press("minus", "plus", "plus")  # the third to the front, over both
        assert [engine.summaries[i].title for i in screen.order] == ["three", "two", "one"]
        await here.press("minus", "minus", "t", "t", "t", "enter")
        await here.until(lambda: not screen.running)
        assert [c["session"] for c in engine.said("worktree.land")] == [ids["two"]]
        assert "not committed" in screen.told[ids["two"]]
        screen.order.remove(ids["two"])
        await here.press("enter")
        await here.until(lambda: not screen.running)
        assert screen.landed == [ids["one"]]
        assert "conflicts in a.py" in screen.told[ids["three"]]
        await here.press("h")
        await here.until(lambda: "mends it" in screen.told[ids["three"]])
        engine.mended = True
        await here.press("enter")
        await here.until(lambda: screen.landed == [ids["one"], ids["three"]])
        await here.until(lambda: not screen.running)
        await here.press("escape")
        await here.until(lambda: here.app.screen is here.deck)


async def test_a_discarded_session_is_brought_back_by_its_key() -> None:
    engine = Engine()
    async with opened(0, client=engine) as here:
        summary = next(s for s in engine.summaries.values() if s.title == "one")
        assert summary.worktree is not None
        summary.worktree = {**summary.worktree, "kept": "refs/agentdeck/kept/x"}
        here.deck.go(summary.id)
        await here.press("alt+d")
        screen = await here.screen(ChangeReview)
        await here.until(lambda: "x brings it back" in screen.view.empty)
        await here.press("x")
        await here.until(lambda: here.app.screen is here.deck)
        assert engine.said("worktree.bring_back") == [{"session": summary.id}]
