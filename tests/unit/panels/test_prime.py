"""The Prime panel by keyboard, on a real engine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Static

from sessions.api.priming import PrimingKindShown, PrimingKnown
from sessions.priming.kinds import kind_of
from sessions.record import events as ev
from tests.support.messages_server import Request, Step, say
from tests.support.nativerig import of_type
from tests.support.panelrig import PanelRig, panel_rig
from tui.panels.prime import PrimePanel
from tui.panels.prime import settings as prime_settings
from tui.panels.prime.compare import Compare
from tui.panels.prime.paper import PaperScreen
from tui.panels.prime.state import Params, Prime, kind_spots, known_words
from tui.panels.prime.words import ReadingScreen, Words
from tui.screens.dialogs import Confirm

OFFLINE = '\n[priming.arxiv]\nurl = "http://127.0.0.1:9/none"\nmin_interval_s = 0.0\n'
WORDS = ("percolation", "quorum", "hysteresis", "lattice")
HOSTILE = "[red]x[/red]\x1b[31m\u202e"


def reader(request: Request) -> list[Step]:
    """Reads draws as JSON, one reading hostile; answers everything else in prose."""
    text = request.last_text
    if "letter sets" in text.casefold() and "Rewrite" not in text and "<<<" not in text:
        sets = [w for w in text.split() if len(w) == 4 and w.isalpha() and w.isupper()][:4]
        items = [
            {
                "id": f"a{n}", "source": s, "term": " ".join(f"{c}erm" for c in s), "leap": 4,
                "gloss": f"gloss {n}" if n else HOSTILE, "why": "it bears on this", "p": 0.1 * n,
            }
            for n, s in enumerate(sets)
        ]  # fmt: skip
        return say(json.dumps({"items": items, "skipped": []}))
    if "For each letter" in text or ("letter" in text[:400] and "person" in text):
        stage = 2 if "superficial" in text else 1
        items = [
            {"letter": c, "person": f"{c}da Test{stage}", "concept": f"{c}oncept {stage}",
             "domain": f"field {c}", "why": "so", "confidence": "sure", "leap": 2, "p": 0.5}
            for c in "AEIO"
        ]  # fmt: skip
        return say(json.dumps({"items": items}))
    if "come to your mind first" in text:
        items = [{"id": "t1", "source": "", "term": "caching", "gloss": "keep it", "why": "fast"}]
        return say(json.dumps({"items": items}))
    if "What would a specialist in" in text:
        items = [{"id": w, "source": "", "term": w, "gloss": "g", "why": "y"} for w in WORDS[:2]]
        return say(json.dumps({"items": items}))
    if "Rewrite it as" in text:
        return say(json.dumps({"ideas": [f"an idea in plain words {n}" for n in range(5)]}))
    return say(" ".join(f"{word}{n}" for n in "abcdefghijkl" for word in WORDS))


async def drawn(rig: PanelRig, *keys: str) -> PrimePanel:
    """Open the panel and draw."""
    await rig.press("f3", *keys)
    panel = rig.panel(PrimePanel)
    await rig.until(lambda: bool(panel.kinds))
    await rig.press("d")
    await rig.until(lambda: panel.prime.drawn is not None and not panel.prime.busy)
    await rig.press()
    return panel


async def read(rig: PanelRig, *keys: str) -> PrimePanel:
    """Draw and let the model read."""
    panel = await drawn(rig, *keys)
    await rig.press("enter")
    await rig.until(lambda: panel.prime.show == "items" and not panel.prime.busy)
    await rig.press()
    return panel


async def test_from_idle_to_injected_in_four_keys(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        await read(rig)  # f3 d enter
        ticked = [row for row in rig.rows() if row.startswith("[x]")]
        assert ticked, "the unlikely are ticked to begin with"
        await rig.press("i")
        await rig.until(lambda: bool(of_type(rig.session, ev.PrimingInjected)))
        await rig.quiet()
        (message,) = of_type(rig.session, ev.UserMessage)
        assert message.origin == "priming"
        assert len(of_type(rig.session, ev.PrimingInjected)[0].items) == len(ticked)


async def test_terms_are_asked_for_where_none_are_given(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await drawn(rig, "4")
        assert "no terms given" in rig.rows()[0]
        await rig.press("enter")
        await rig.until(lambda: panel.prime.show == "items" and not panel.prime.busy)
        assert [item["term"] for item in panel.prime.items] == ["percolation", "quorum"]
        await rig.press("i")
        await rig.until(lambda: bool(of_type(rig.session, ev.PrimingInjected)))


async def test_size_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await drawn(rig)
        asked = len(rig.server.asked)
        assert "reading it: about" in rig.text("#prime-cost")
        assert len(rig.server.asked) == asked == 0
        await rig.press("enter")
        await rig.until(lambda: bool(panel.prime.size))
        await rig.press()
        assert "sends about" in rig.text("#prime-cost")
        await rig.press("t")
        assert isinstance(rig.app.screen, ReadingScreen)
        shown = rig.app.screen.text
        await rig.press("escape", "i")
        await rig.until(lambda: bool(of_type(rig.session, ev.UserMessage)))
        sent = of_type(rig.session, ev.UserMessage)[0].text
        # The nonce is new for every message; all else is what was shown.
        assert sent.split("\n")[0] == shown.split("\n")[0] and len(sent) == len(shown)


async def test_candidates_are_filtered_ticked_and_rewritten(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await read(rig)
        await rig.press("a", "a")
        assert not panel.prime.ticked or len(panel.prime.ticked) == len(panel.prime.items)
        panel.prime.ticked.clear()
        await rig.press("slash")
        await rig.type("gloss 2")
        assert len(rig.rows()) == 1
        await rig.press("enter", "space")
        assert len(panel.prime.ticked) == 1
        await rig.press("o", *["ctrl+u"])
        await rig.type("my own word")
        await rig.press("enter")
        (item,) = panel.prime.chosen
        assert item["term"] == "my own word" and item["edited"]
        await rig.press("escape")
        assert len(rig.rows()) == len(panel.prime.items)


async def test_hostile_readings_are_drawn_as_plain_text(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await read(rig)
        rows = "\n".join(rig.rows())
        assert "[red]x[/red]" in rows and "\x1b" not in rows and "\u202e" not in rows
        assert panel.is_mounted


async def test_a_set_seed_draws_the_same_and_redraws_by_the_next(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await drawn(rig)
        panel.prime.seed = 7
        panel.prime.drawn = None
        draws = []
        for _ in range(2):
            await rig.press("d")
            await rig.until(lambda: panel.prime.drawn is not None and not panel.prime.busy)
            draws.append(panel.prime.drawn)
        assert [d["seed"] for d in draws if d] == [7, 8]
        panel.prime.seed, panel.prime.drawn = 7, None
        await rig.press("d")
        await rig.until(lambda: panel.prime.drawn is not None and not panel.prime.busy)
        assert draws[0] and panel.prime.drawn and panel.prime.drawn["draw"] == draws[0]["draw"]


async def test_that_is_superficial_takes_names_deeper(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await read(rig, "2")
        assert "4/26 letters, 4 domains" in rig.text("#prime-cost")
        assert all("?" in row for row in rig.rows()), "people are badged as unverified"
        await rig.press("n")
        await rig.until(lambda: "2" in panel.prime.items[0]["term"] and not panel.prime.busy)
        await rig.press("a")
        await asyncio.sleep(0.15)  # two letters at once would be words
        await rig.press("i")
        await rig.until(lambda: bool(of_type(rig.session, ev.UserMessage)))
        text = of_type(rig.session, ev.UserMessage)[0].text
        assert "Aoncept 2" in text and "Test2" not in text, "concepts by default, names by choice"


async def test_papers_are_read_and_left_out_before_the_model_sees_any(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader, extra=OFFLINE) as rig:
        panel = await drawn(rig, "3")
        assert "sample that ships" in rig.text("#prime-cost")
        assert panel.prime.drawn is not None
        opened: list[str] = []
        rig.app.open_url = lambda url, **_: opened.append(url)  # type: ignore[method-assign]
        await rig.press("enter")
        assert isinstance(rig.app.screen, PaperScreen)
        await rig.press("o", "escape")
        first, second, *_ = panel.prime.drawn["draw"]
        assert isinstance(first, dict) and isinstance(second, dict)
        assert opened == [f"https://arxiv.org/abs/{first['id']}"] and not rig.server.asked
        await rig.press("space", "m")
        await rig.until(lambda: not panel.prime.busy and bool(rig.server.asked))
        question = json.dumps(rig.server.asked[0].body["messages"])
        assert first["id"] not in question
        assert second["id"] in question
        assert len(of_type(rig.session, ev.PrimingDrawn)[-1].draw) == 10, "the record keeps all"


async def test_a_reply_that_can_t_be_read_says_so_and_the_draw_goes_in_as_it_is(
    tmp_path: Path,
) -> None:
    async with panel_rig(tmp_path, lambda _: say("no")) as rig:
        panel = await read(rig)
        assert panel.prime.items == [] and "could not be read" in rig.text("#prime-cost")
        await rig.press("w")
        await rig.until(lambda: bool(panel.prime.items))
        await rig.press("i")
        await rig.until(lambda: bool(of_type(rig.session, ev.PrimingInjected)))


async def test_what_came_of_a_priming_and_the_words_behind_it(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await read(rig)
        await rig.press("i")
        await rig.until(lambda: bool(of_type(rig.session, ev.PrimingMeasured)))
        await rig.until(lambda: bool(panel.prime.past) and bool(panel.prime.past[0]["gauge"]))
        await rig.press("v")
        assert "uptake" in rig.rows()[0]
        assert "other words, not better ideas" in rig.text("#prime-about")
        await rig.press("g")
        assert isinstance(rig.app.screen, ReadingScreen) and "percolationa" in rig.app.screen.text
        await rig.press("escape", "enter")
        assert panel.prime.show == "items" and panel.prime.items


async def test_a_draw_is_dealt_over_tiles_after_asking(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader, sessions=2) as rig:
        await read(rig)
        await rig.press("s", "ctrl+a", "enter")
        assert "over 2 sessions" in rig.text("#confirm-text Static")
        await rig.press("y")
        await rig.until(lambda: all(of_type(s, ev.PrimingInjected) for s in rig.sessions))
        await rig.quiet()
        shares = [of_type(s, ev.PrimingInjected)[0].items for s in rig.sessions]
        assert not {i["term"] for i in shares[0]} & {i["term"] for i in shares[1]}


async def test_each_tile_gets_a_seed_of_its_own(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader, sessions=2) as rig:
        await drawn(rig)
        await rig.press("s", "ctrl+a", "ctrl+o", "y")
        await rig.until(lambda: all(of_type(s, ev.PrimingInjected) for s in rig.sessions))
        await rig.quiet()
        seeds = {of_type(s, ev.PrimingDrawn)[-1].seed for s in rig.sessions}
        assert len(seeds) == 2


async def test_a_blind_comparison_by_keys(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        await rig.native.turn(rig.session, "How shall we store tides?")
        await read(rig)
        await rig.press("c")
        await rig.press("y")
        await rig.until(lambda: isinstance(rig.app.screen, Compare))
        await rig.press()
        screen = rig.app.screen
        assert isinstance(screen, Compare)
        assert "primed" not in rig.text("#compare-first Static")
        for given in range(1, 5):
            await rig.press("1")
            await rig.until(lambda n=given: screen.told["given"] == n and not screen._asking)
        await rig.press()
        assert "not enough to tell" in rig.text("#compare-end Static")
        assert "against sham" in rig.text("#compare-end Static")
        await rig.press("escape", "l")
        await rig.until(lambda: isinstance(rig.app.screen, ReadingScreen))


async def test_an_unfinished_comparison_comes_back(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        await rig.native.turn(rig.session, "How shall we store tides?")
        await read(rig)
        await rig.press("c")
        await rig.press("y")
        await rig.until(lambda: isinstance(rig.app.screen, Compare))
        await rig.press()
        await rig.press("2")
        await rig.until(lambda: rig.app.screen.told["given"] == 1)  # type: ignore[attr-defined]
        await rig.press("escape", "c")
        await rig.until(lambda: isinstance(rig.app.screen, Compare))
        assert rig.app.screen.told["given"] == 1  # type: ignore[attr-defined]


async def test_the_inbox_says_that_daydreams_are_off(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        await drawn(rig)
        await rig.press("x")
        await rig.until(lambda: rig.app.screen is not rig.deck)
        assert "Daydreams are off" in rig.app.screen.query_one("Rows").empty  # type: ignore[attr-defined]


async def test_words_are_pasted_or_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("sluice\nweir\n")
    async with panel_rig(tmp_path, reader) as rig:
        panel = await drawn(rig, "2")
        await rig.press("4", "e")
        await rig.press("enter")
        assert isinstance(rig.app.screen, Words)
        rig.app.screen.query_one("TextArea").text = f"@{tmp_path / 'nothing'}"  # type: ignore[attr-defined]
        await rig.press("ctrl+s")
        assert "can't be read" in rig.text("#words-fault")
        rig.app.screen.query_one("TextArea").text = f"@{tmp_path / 'words.txt'}"  # type: ignore[attr-defined]
        await rig.press("ctrl+s", "escape")
        assert panel.prime.given == {"terms": ["sluice", "weir"]}


async def test_another_session_in_focus_keeps_its_own_draw(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader, sessions=2) as rig:
        panel = await drawn(rig)
        first = panel.prime.drawn
        rig.deck.go(rig.sessions[1].id)
        await rig.press()
        assert panel.prime.drawn is None
        rig.deck.go(rig.sessions[0].id)
        await rig.press()
        assert panel.prime.drawn is first


KIND: PrimingKindShown = kind_of("acronym").to_json()


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("count", "50", ""),
        ("count", "0", "from 1 to 500"),
        ("count", "many", "from 1 to 500"),
        ("mode", "raw", ""),
        ("mode", "rare", "one of readings, raw"),
        ("seed", "12", ""),
        ("seed", "-1", "whole number"),
        ("seed", str(2**63), "below 2^63"),
        ("keep", "101", "from 1 to 100"),
        ("ban", "leverage; synergy", ""),
        ("then", "go on", ""),
    ],
)
def test_settings_are_checked_as_they_are_given(name: str, text: str, fault: str) -> None:
    prime = Prime()
    said = prime_settings.change(KIND, prime, name, text)
    assert (fault in said) if fault else said == ""
    if not fault:
        assert prime_settings.values(KIND, prime)[name][0].replace(",", ";") == text
        prime_settings.change(KIND, prime, name, "")
        default = {"count": "100", "mode": "readings"}.get(name, "")
        assert prime_settings.values(KIND, prime)[name][0] == default


async def test_another_kind_and_back_keeps_what_was_read(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        await rig.native.turn(rig.session, "How shall we store tides?")
        panel = await read(rig)
        rows, ticked = rig.rows(), set(panel.prime.ticked)
        kind = panel.prime.kind
        await rig.press("2" if kind != "names" else "1")
        assert panel.prime.drawn is None
        await rig.press({"acronym": "1", "names": "2", "arxiv": "3", "terms": "4"}[kind])
        assert (rig.rows(), panel.prime.ticked) == (rows, ticked)


async def test_what_is_written_into_the_panel_is_asked_about_before_it_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        await rig.native.turn(rig.session, "How shall we store tides?")
        panel = await read(rig)
        for guard in ("tui.panels.accidental_typing.WRITTEN_S", "tui.screens.dialogs.GUARD_S"):
            monkeypatch.setattr(guard, 20.0)
        before = rig.session.summary.turns
        for key in "yi":
            rig.app.post_message(events.Key(key, key))
        await rig.until(lambda: isinstance(rig.app.screen, Confirm))
        for key in "es y":  # a word that goes on answers nothing
            rig.app.post_message(events.Key("space" if key == " " else key, key))
        await rig.press()
        assert rig.session.summary.turns == before
        await rig.press("escape")
        monkeypatch.setattr("tui.panels.accidental_typing.WRITTEN_S", 0.0)
        # Nor does a panel send that nobody has used for long.
        panel._keys_here.since -= 60
        await rig.press("i")
        assert isinstance(rig.app.screen, Confirm)


async def test_esc_in_the_past_goes_back_to_what_was_drawn(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        await rig.native.turn(rig.session, "How shall we store tides?")
        panel = await read(rig)
        await rig.press("v")
        assert panel.prime.show == "past"
        await rig.press("escape")
        assert panel.prime.show == "items" and panel.has_focus_within
        await rig.press("escape")
        assert rig.app.focused is rig.deck.composer


def lost(*kinds: str, begin: dict[str, Params] | None = None) -> PrimingKnown:
    return {
        "model": "m",
        "measured": {},
        "suggested": "",
        "params": {},
        "says": "",
        "pairs": 0,
        "lost": [{"kind": kind, "part": "", "says": f"{kind}: 2 of 24."} for kind in kinds],
        "begin": begin or {},
    }


def test_a_fresh_panel_does_not_begin_with_what_lost() -> None:
    fresh, settled = Prime(), Prime()
    fresh.learn(lost("acronym", begin={"names": {"who": "ordinary"}}))
    assert fresh.kind == "names" and fresh.given == {"who": "ordinary"}
    settled.learn(lost("acronym"))
    settled.turn_to("acronym")
    settled.learn(lost("acronym"))
    assert settled.kind == "acronym", "what the user chose stays"
    chosen, all_lost = Prime(settled=True), Prime()
    chosen.learn(lost("acronym", begin={"names": {"who": "ordinary"}}))
    all_lost.learn(lost("acronym", "names", "arxiv", "terms"))
    assert chosen.kind == all_lost.kind == "acronym" and chosen.params.get("names") is None


def test_what_lost_stands_last_and_says_so() -> None:
    prime = Prime()
    prime.learn(lost("acronym", "arxiv"))
    told = [spot.text.strip() for spot in kind_spots(prime)]
    assert told == ["2 names", "4 terms", "1 acronym (lost)", "3 arxiv (lost)"]
    prime.turn_to("arxiv")
    assert "Offered less. arxiv: 2 of 24." in known_words(prime)


async def test_the_panel_says_what_is_measured_and_takes_a_suggestion(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, reader) as rig:
        panel = await drawn(rig)
        await rig.until(lambda: bool(panel.prime.known))
        await rig.press()
        assert "not measured on" in str(panel.query_one("#prime-known", Static).render())
        await rig.press("u")
        assert panel.prime.kind == "acronym", "there is nothing to suggest"
        assert panel.prime.known is not None
        panel.prime.known |= {
            "suggested": "names",
            "params": {"stage": 2},
            "says": "Suggested: it.",
        }
        panel.prime.known["measured"]["names ordinary"] = "measured on m: more spread"
        await rig.press("u")
        assert (panel.prime.kind, panel.prime.given) == ("names", {"stage": 2})
        said = str(panel.query_one("#prime-known", Static).render())
        assert "not measured on" in said and "Suggested: it. u uses it." in said
        panel.prime.given["who"] = "ordinary"
        panel.show_all()
        said = str(panel.query_one("#prime-known", Static).render())
        assert "measured on m: more spread" in said
