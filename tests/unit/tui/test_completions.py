"""`@` in the composer offers files of the session's directory, and takes no key that is not its."""

import os
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static

from sessions.features.file_names import Names, names_under
from sessions.record import events as ev
from tests.support.deckpilot import opened
from tests.support.idle import threads_held
from tui.deck import completions
from tui.deck.memory import Memory
from tui.screens.new_session import NewSessionForm


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    for name in ("src/whale.py", "src/sail.py", "notes.md"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
async def test_an_arrow_chooses_and_enter_takes_what_is_chosen() -> None:
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("look at @")
        await here.until(lambda: len(offers.found) == 3)
        await here.type("whl")
        await here.until(lambda: [o.text for o in offers.found] == ["@src/whale.py"])
        await here.press("down", "enter")
        assert here.composer.text == "look at @src/whale.py "
        assert not offers.open
        assert here.client.said("session.send") == []


@pytest.mark.usefixtures("folder")
async def test_tab_takes_the_first_and_esc_closes_without_either_leaving_the_composer() -> None:
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("@sail")
        await here.until(lambda: offers.open)
        await here.press("tab")
        assert here.composer.text == "@src/sail.py "
        await here.type("@no")
        await here.until(lambda: offers.open)
        await here.press("escape")
        assert not offers.open
        assert here.composer.has_focus


async def test_a_list_that_comes_late_is_not_put_under_a_hand_that_chooses(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("@")
        await here.until(lambda: len(offers.found) == 3)
        (folder / "src/sail.py").unlink()
        begun, go_on = threading.Event(), threading.Event()
        best = Names.best

        def late(names: Names, letters: str, most: int) -> list[str]:
            begun.set()
            go_on.wait(30)
            return best(names, letters, most)[::-1]

        monkeypatch.setattr(Names, "best", late)
        with threads_held():
            await here.type("s")
            await here.until(begun.is_set)
            await here.press("down")
            chosen = offers.found[0].text
            go_on.set()
        await here.until(lambda: not here.composer.offers.workers._workers)
        await here.press("enter")
        assert here.composer.text == f"{chosen} "
        assert here.client.said("session.send") == []


@pytest.mark.usefixtures("folder")
async def test_enter_sends_while_nothing_is_chosen() -> None:
    async with opened(0) as here:
        await here.type("see @sail")
        await here.until(lambda: here.composer.offers.open)
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.send")))
        assert here.client.said("session.send")[0]["text"] == "see @sail"
        assert not here.composer.offers.open


@pytest.mark.usefixtures("folder")
async def test_an_address_of_mail_offers_nothing() -> None:
    async with opened(0) as here:
        await here.type("me@sail")
        await here.settle()
        assert not here.composer.offers.open


def test_git_says_which_files_there_are(folder: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    (folder / ".gitignore").write_text("notes.md\n")
    assert sorted(names_under(folder)) == [".gitignore", "src/sail.py", "src/whale.py"]


def test_a_directory_without_rights_has_no_files_and_one_below_hides_no_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def refused(path: str) -> Any:
        if str(path).endswith(closed):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    closed = "src"
    assert names_under(folder) == ["notes.md"]
    closed = folder.name
    assert names_under(folder) == []


@pytest.mark.usefixtures("folder")
async def test_a_directory_that_may_not_be_read_says_so_beside_the_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("@")
        await here.until(lambda: offers.open)
        assert "No files: You have no right to read the directory" in str(offers.content)
        await here.press("down", "escape")
        assert not offers.open
        await here.type("n")
        await here.until(lambda: offers.open)
        await here.press("tab")
        assert here.composer.text == "@n"


@pytest.mark.usefixtures("folder")
async def test_a_form_whose_directory_may_not_be_read_keeps_what_was_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = await here.screen(NewSessionForm)
        await here.type("sails")
        await here.press("enter")
        assert here.app.screen is form
        assert "no right to read the directory" in str(form.query_one("#fault", Static).content)
        assert form.query_one("#title", Input).value == "sails"
        assert form.query_one("#cwd", Input).has_focus


@pytest.mark.parametrize("letters", ["", "f", "file"])
def test_where_there_are_no_files_none_is_found(letters: str) -> None:
    names = Names(())
    assert (names.plain(letters, 8), names.best(letters, 8)) == ([], [])


async def test_what_was_made_meanwhile_is_offered_without_another_letter(folder: Path) -> None:
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("@")
        await here.until(lambda: len(offers.found) == 3)
        (folder / "fresh.md").touch()
        at, _, names = offers._known
        offers._known = (at, 0.0, names)  # known for long
        await here.type("fr")
        await here.until(lambda: [o.text for o in offers.found] == ["@fresh.md"])
        (folder / "frame.md").touch()
        await here.press("escape")
        offers._renew(here.composer)
        await here.until(lambda: "frame.md" in offers._known[2].names)  # type: ignore[union-attr]
        await here.settle()
        assert not offers.open


def test_a_directory_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert names_under(tmp_path / "gone") == []


def test_the_file_s_own_name_comes_before_its_path() -> None:
    names = ["whale/a.py", "b/whale.py", "w/h/a/l/e", "other"]
    assert Names(names).best("whale", 9) == ["b/whale.py", "whale/a.py", "w/h/a/l/e"]


async def test_a_slash_offers_what_the_deck_can_do_and_does_it() -> None:
    async with opened(1) as here:
        await here.type("/hel")
        await here.until(lambda: here.composer.offers.open)
        assert here.composer.offers.found[0].text == "/help"
        await here.press("tab")
        await here.until(lambda: type(here.app.screen).__name__ == "Help")
        assert here.composer.text == ""


async def test_a_slash_offers_the_agents_own_commands_as_text() -> None:
    async with opened(1) as here:
        summary = here.deck.model.summaries["s001"]
        commands = [{"name": "compact-all", "description": "Make it short"}]
        here.deck.model.summaries["s001"] = replace(summary, agent={"commands": commands})
        await here.type("/compact-a")
        await here.until(lambda: here.composer.offers.open)
        await here.press("down", "enter")
        assert here.composer.text == "/compact-all "
        assert here.client.said("session.send") == []


async def test_a_path_that_begins_a_message_is_sent_as_it_stands() -> None:
    async with opened(1) as here:
        await here.type("/etc/hosts")
        await here.press("enter")
        assert here.client.said("session.send") == [{"session": "s001", "text": "/etc/hosts"}]


async def test_what_was_sent_before_is_found_and_put_into_the_composer() -> None:
    memory = Memory(history=["about whales", "about ships"])
    async with opened(1, memory=memory) as here:
        await here.press("ctrl+r")
        await here.until(lambda: type(here.app.screen).__name__ == "Choose")
        await here.type("whal")
        await here.press("enter")
        await here.until(lambda: here.composer.text == "about whales")
        assert here.client.said("session.send") == []


def test_fifty_thousand_names_are_found_by_strewn_letters_and_with_one_wrong() -> None:
    names = Names([f"src/part{n % 90}/module_{n}.py" for n in range(50_000)] + ["src/Whale.py"])
    assert names.best("srcwhl", 8)[0] == "src/Whale.py"
    assert names.best("whalx", 8) == ["src/Whale.py"]
    assert names.best("zzzz", 8) == []
    assert len(names.best("", 8)) == 8


async def test_at_offers_other_sessions_by_their_titles() -> None:
    async with opened(3) as here:
        await here.type("like @task 2"[:10])
        await here.until(lambda: here.composer.offers.open)
        offered = [o.text for o in here.composer.offers.found if o.text.startswith("@session:")]
        assert offered == ["@session:s002", "@session:s003"]


async def test_a_slash_offers_the_sessions_skills_as_text() -> None:
    async with opened(1) as here:
        here.client.emit("s001", ev.SkillSet(name="tide-tables", state="on"))
        await here.type("/tide")
        await here.until(lambda: here.composer.offers.open)
        await here.press("tab")
        assert here.composer.text == "/tide-tables "


@pytest.mark.usefixtures("folder")
async def test_names_that_are_known_are_offered_while_new_ones_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()
    read = completions._read
    monkeypatch.setattr(completions, "_read", lambda folder: go_on.wait(30) and read(folder))
    async with opened(1) as here:
        offers = here.composer.offers
        offers._known = (offers.folder, -1000.0, Names(["old.py"]))
        with threads_held():
            await here.type("@")
            await here.until(lambda: any(o.text == "@old.py" for o in offers.found))
            go_on.set()
        await here.until(lambda: offers._known[2] is not None and offers._known[1] > -1000.0)


async def test_a_file_list_that_changes_while_it_is_shown(folder: Path) -> None:
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("@s")
        await here.until(lambda: len(offers.found) == 3)
        (folder / "src/sail.py").rename(folder / "src/spar.py")
        (folder / "src/new.py").touch()
        await here.press("down")
        chosen = offers.found[offers.at].text
        assert offers.found[offers.at].text == chosen  # nothing moves under the hand
        await here.press("enter")
        assert here.composer.text == f"{chosen} "
        offers._known = (offers._known[0], -1000.0, offers._known[2])
        await here.type("@sp")  # the names known are offered meanwhile, those there now after it
        await here.until(lambda: "src/spar.py" in (offers._known[2] or Names(())).names)
        await here.type("a")
        await here.until(lambda: [o.text for o in offers.found] == ["@src/spar.py"])
        for path in (folder / "src").iterdir():
            path.unlink()
        (folder / "src").rmdir()
        offers._known = (offers._known[0], -1000.0, offers._known[2])
        await here.type("r")
        await here.until(lambda: (offers._known[2] or Names(["?"])).names == ["notes.md"])
        await here.type(".")
        await here.until(lambda: not offers.open)
        assert here.composer.text.endswith("@spar.")


async def test_a_letter_more_changes_no_layout(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completions, "_SHRINKS_S", 3600.0)
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("@")
        await here.until(lambda: len(offers.found) == 3)
        await here.until(lambda: offers.size.height == 4)
        await here.settle()
        laid: list[object] = []
        refresh = here.deck._refresh_layout

        def spy(*given: Any, **named: Any) -> None:
            laid.append(given)
            refresh(*given, **named)

        monkeypatch.setattr(here.deck, "_refresh_layout", spy)
        await here.type("sail")
        await here.until(lambda: [o.text for o in offers.found] == ["@src/sail.py"])
        await here.settle()
        assert laid == []
        assert offers.size.height == 4
        assert [str(line).strip() for line in str(offers.content).split("\n")][:2] == ["", ""]
        offers._shrink()
        await here.until(lambda: offers.size.height == 2)


@pytest.mark.usefixtures("folder")
async def test_what_was_chosen_is_not_so_for_another_letter_that_finds_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Names, "plain", lambda *_: [f"{n}.py" for n in range(8)])
    async with opened(0) as here:
        offers = here.composer.offers
        await here.type("@")
        await here.until(lambda: len(offers.found) == 8)
        await here.press("down")
        assert "reverse" in str(offers.content.spans)  # type: ignore[union-attr]
        await here.type("p")
        assert len(offers.found) == 8 and offers.at == -1
        assert "reverse" not in str(offers.content.spans)  # type: ignore[union-attr]


@pytest.mark.usefixtures("folder")
async def test_the_names_are_read_once_however_many_letters_come_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sessions.features import file_names

    go_on, reads, read = threading.Event(), [], names_under

    def slow(folder: Path) -> list[str]:
        reads.append(folder)
        go_on.wait(60)
        return read(folder)

    monkeypatch.setattr(file_names, "names_under", slow)
    async with opened(0) as here:
        with threads_held():
            await here.type("@")
            await here.until(lambda: bool(reads))
            for letter in "sail":
                await here.type(letter)
            assert len(reads) == 1
            go_on.set()
        await here.until(lambda: [o.text for o in here.composer.offers.found] == ["@src/sail.py"])
