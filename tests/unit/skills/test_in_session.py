"""A skill in running sessions: switched, told, called, its script run; on a real engine's deck."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from sessions.errors import AgentdeckError
from sessions.features.session_skills import SessionSkills
from sessions.record import events as ev
from sessions.runtime.session import Session
from tests.support.messages_server import Request, Step, call, say
from tests.support.nativerig import NativeRig, of_type
from tests.support.rig import until
from tests.support.skill_folders import make_skill

SCRIPT = (
    "import csv, sys\nrows = list(csv.reader(open(sys.argv[1])))\nprint('columns', len(rows[0]))\n"
)
BODY = """# CSV profiler

1. Run `python3 scripts/profile.py FILE`, never guess.
2. Read `references/faults.md` for what each fault means.
"""


def profiler(parent: Path) -> Path:
    """A skill as public ones are: a script, a reference, a licence, tools it asks for."""
    return make_skill(
        parent,
        "csv-profiler",
        "Profiles a CSV file. Use when the user gives a table.",
        BODY,
        "license: MIT\nallowed-tools: Bash(python:*) Read\nmetadata:\n  author: somebody\n",
        {"scripts/profile.py": SCRIPT, "references/faults.md": "# Faults\n"},
    )


def folder_in(text: str) -> str:
    """The folder that a skill's text names."""
    return text.split("Folder of this skill: ")[1].split("\n")[0]


def model(request: Request) -> list[Step]:
    """Calls the skill when asked about a table, then runs its script, then says what came."""
    if not request.results:
        asked = request.last_text.rsplit("\n", 1)[-1]
        if asked.startswith("profile"):
            return call("skill", {"name": "csv-profiler", "args": "t.csv"}, f"s{request.number}")
        if "leave your view" in request.last_text:
            return say("They profile tables.")
        return say("Hello.")
    told = request.results[0]["content"]
    text = told if isinstance(told, str) else "".join(b.get("text", "") for b in told)
    if "<skill_content" in text:
        run = f"python3 {folder_in(text)}/scripts/profile.py t.csv"
        return call("Bash", {"command": run}, f"b{request.number}")
    return say("It said: ", text)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[NativeRig]:
    async with NativeRig.answering(tmp_path, model) as rig:
        (tmp_path / "work" / "t.csv").write_text("a,b\n1,2\n")
        yield rig


async def switched(rig: NativeRig, session: Session, state: str = "on") -> None:
    """The profiler, reviewed, in this state."""
    skills = rig.deck.features.skills.of(session)
    library = rig.deck.features.library
    library.lock.trust(library.get("csv-profiler", Path(session.summary.cwd)))
    await skills.switch("csv-profiler", state)


def sent(rig: NativeRig, begin: int = 0) -> list[list[ev.JSON]]:
    """The messages of each request since `begin`, without the marks of what is cached."""
    found = []
    for request in rig.server.asked[begin:]:
        text = json.dumps(request.body["messages"])
        found.append(json.loads(text.replace(', "cache_control": {"type": "ephemeral"}', "")))
    return found


def unchanged(requests: list[list[ev.JSON]]) -> bool:
    """Whether each request begins with all of the one before it."""
    return all(after[: len(before)] == before for before, after in pairwise(requests))


async def test_a_skill_switched_on_amid_a_session_is_used_and_its_script_asks(
    rig: NativeRig,
) -> None:
    first, other = await rig.session(), await rig.session()
    await rig.turn(first, "hello")
    await rig.turn(other, "hello")
    begin = len(rig.server.asked)
    profiler(rig.deck.places.my_skills)  # it lands as a folder, nothing is restarted
    await switched(rig, first)
    await first.send("profile t.csv")
    await until(lambda: bool(of_type(first, ev.PermissionAsked)), 60)
    asked = of_type(first, ev.PermissionAsked)[0]
    assert "scripts/profile.py" in asked.summary + asked.detail
    await first.answer(asked.ask, "once", "", True)
    await until(lambda: not first.working, 60)

    results = of_type(first, ev.ToolResult)
    assert [r.status for r in results] == ["ok", "ok"]
    assert "columns 2" in results[1].content
    assert [(s.name, s.state) for s in of_type(first, ev.SkillSet)] == [("csv-profiler", "on")]
    used = of_type(first, ev.SkillUsed)
    assert [(u.name, u.how, u.turn) for u in used] == [("csv-profiler", "tool", 2)]
    assert used[0].sha256 == of_type(first, ev.SkillSet)[0].sha256 != ""
    assert not of_type(other, ev.SkillSet)

    requests = rig.server.asked
    assert unchanged([json.loads(json.dumps(m)) for m in sent(rig, begin)])
    assert sent(rig)[0] == sent(rig, begin)[0][: len(sent(rig)[0])]
    fixed = {json.dumps([r.body["tools"], r.body.get("system")]) for r in requests}
    assert len(fixed) == 1, "tools and system prompt are what the provider has cached"


async def test_a_skill_that_is_off_is_not_mentioned(rig: NativeRig) -> None:
    profiler(rig.deck.places.my_skills)
    session = await rig.session()
    await switched(rig, session)
    await switched(rig, session, "off")
    await rig.turn(session, "hello")
    assert "csv-profiler" not in json.dumps(rig.server.asked[-1].body)


async def test_a_name_that_came_later_is_accepted_beside_the_first_ones(rig: NativeRig) -> None:
    profiler(rig.deck.places.my_skills)
    session = await rig.session()
    await rig.deck.features.skills.of(session).switch("deepen", "on")
    await rig.turn(session, "hello")
    tool = next(t for t in rig.server.asked[-1].body["tools"] if t["name"] == "skill")
    assert tool["input_schema"]["properties"]["name"]["enum"] == ["deepen"]
    await switched(rig, session)
    await session.send("profile t.csv")
    await until(lambda: bool(of_type(session, ev.PermissionAsked)), 60)
    await session.interrupt()
    await until(lambda: not session.working, 60)
    assert of_type(session, ev.ToolResult)[0].status == "ok"


async def test_what_is_listed_and_what_was_used_survives_compaction(rig: NativeRig) -> None:
    profiler(rig.deck.places.my_skills)
    session = await rig.session()
    await switched(rig, session)
    await session.send("profile t.csv")
    await until(lambda: bool(of_type(session, ev.PermissionAsked)), 60)
    await session.answer(of_type(session, ev.PermissionAsked)[0].ask, "no", "", False)
    await until(lambda: not session.working, 60)
    await rig.turn(session, "hello")
    await rig.deck.features.compactor.compact(session)
    await rig.turn(session, "hello again")
    told = json.dumps(rig.server.asked[-1].body["messages"])
    assert "Run `python3 scripts/profile.py FILE`" in told
    assert told.count("- csv-profiler: Profiles a CSV") == 1


async def test_a_listing_that_was_undone_is_told_again(rig: NativeRig) -> None:
    profiler(rig.deck.places.my_skills)
    session = await rig.session()
    await rig.turn(session, "hello")
    await switched(rig, session)
    await rig.turn(session, "hello, listing")
    await session.undo(2)
    await rig.turn(session, "hello again")
    told = json.dumps(rig.server.asked[-1].body["messages"])
    assert told.count("- csv-profiler: Profiles a CSV") == 1


async def test_a_skill_for_the_user_alone_is_told_when_called_by_name(rig: NativeRig) -> None:
    profiler(rig.deck.places.my_skills)
    session = await rig.session()
    await switched(rig, session, "manual")
    await rig.turn(session, "hello")
    assert "csv-profiler" not in json.dumps(rig.server.asked[-1].body)
    await rig.turn(session, "/csv-profiler t.csv")
    told = json.dumps(rig.server.asked[-1].body["messages"])
    assert "<skill_content" in told and "never guess" in told
    assert [u.how for u in of_type(session, ev.SkillUsed)] == ["user"]


async def test_a_call_by_name_of_a_skill_that_is_off_is_said_to_the_user_alone(
    rig: NativeRig,
) -> None:
    profiler(rig.deck.places.my_skills)
    session = await rig.session()
    await rig.turn(session, "/csv-profiler t.csv")
    errors = of_type(session, ev.Error)
    assert [e.kind for e in errors] == ["skill"] and "is off here" in errors[0].message
    assert "<skill_content" not in json.dumps(rig.server.asked[-1].body["messages"])


async def test_a_skill_that_changed_is_not_told_and_the_message_is_kept(rig: NativeRig) -> None:
    folder = profiler(rig.deck.places.my_skills)
    session = await rig.session()
    await switched(rig, session, "manual")
    (folder / "scripts" / "profile.py").write_text("print('other')\n")
    ended = await rig.turn(session, "/csv-profiler the words of the user")
    assert ended.reason == "error" and not rig.server.asked
    assert of_type(session, ev.UserMessage)[0].text == "/csv-profiler the words of the user"
    assert "csv-profiler" in of_type(session, ev.Error)[0].message


async def test_of_too_many_skills_the_newest_survive_whole(rig: NativeRig) -> None:
    session = await rig.session()
    for number in range(3):
        body = f"# Skill {number}\n\n" + "word " * 8_000
        folder = make_skill(rig.deck.places.my_skills, f"long-{number}", body=body)
        library = rig.deck.features.library
        library.lock.trust(library.get(folder.name))
        await rig.deck.features.skills.of(session).switch(folder.name, "on")
        await rig.turn(session, f"/long-{number}")
    kept = rig.deck.features.skills.of(session).surviving()
    text = "\n".join(kept)
    assert ["# Skill 0" in text, "# Skill 1" in text, "# Skill 2" in text] == [False, True, True]
    assert "Also in use: long-0." in text
    assert "- long-0: " in kept[0], "the listing stays"
    await rig.deck.features.skills.of(session).switch("long-2", "off")
    assert "# Skill 2" not in "\n".join(rig.deck.features.skills.of(session).surviving())


async def test_no_more_skills_are_on_than_the_cap_says(rig: NativeRig) -> None:
    session = await rig.session()
    skills = SessionSkills(session, rig.deck.features.library, most=lambda: 2)
    for name in ("compose", "deepen"):
        await skills.switch(name, "on")
    with pytest.raises(AgentdeckError, match="2 skills are on here"):
        await skills.switch("skill-creator", "on")
    await skills.switch("skill-creator", "manual")  # the model is not told of it
    await skills.switch("compose", "off")
    await skills.switch("name-priming", "name-only")
    assert skills.cost()["most"] == 2
