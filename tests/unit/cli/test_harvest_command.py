"""`agentdeck harvest`: from a session in which a script was written and run to a skill in use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessions.api.harvest import ByproductSignals
from sessions.backends import local
from sessions.cli.harvest import _list
from sessions.harvest.byproducts import Found
from skills.validate import validate
from tests.unit.cli.conftest import Home

pytestmark = pytest.mark.timeout(300)

SCRIPT = "import sys\n\nprint(sum(int(word) for word in sys.argv[1:]))  # ünï\n"


def worked(home: Home) -> str:
    """A session in which a script was written, and run; its id."""
    given = json.dumps({"file_path": "total.py", "content": SCRIPT})
    home.out("run", f"tool Write {given}", "--permission", "full", "--yes-full")
    session = home.ids()[0]
    command = json.dumps({"command": "python3 total.py 1 2"})
    home.out("run", f"tool Bash {command}", "--session", session)
    return session


def skill(home: Home) -> Path:
    """Where the skill is installed."""
    return Path(home.env["AGENTDECK_HOME"]) / "skills" / "total"


def test_what_ran_becomes_a_skill_that_another_session_uses(home: Home) -> None:
    session = worked(home)
    listed = json.loads(home.out("harvest", session, "--list", "--json"))
    (found,) = [each for each in listed if each["kind"] == "file"]
    assert found["text"] == SCRIPT and found["signals"]["passed"] is True
    assert found["from"]["session"] == session and found["from"]["turn"] == 1
    told = json.loads(home.out("harvest", session, "--name", "total", "--yes", "--json"))
    assert told["installed"] and told["name"] == "total"
    assert (skill(home) / "scripts" / "total.py").read_bytes() == SCRIPT.encode()
    assert validate(skill(home)).findings == ()
    home.out("run", "hello", "--skill", "total")
    other = home.ids()[0]
    assert "scripts/total.py" in home.out("run", 'tool skill {"name": "total"}', "--session", other)
    shown = home.out("sessions", "show", other, "--json").splitlines()
    assert "skill.used" in [json.loads(line)["type"] for line in shown]


def test_what_is_named_or_picked_is_taken_whether_it_ran_or_not(home: Home) -> None:
    for name in ("one.py", "two.py"):
        given = json.dumps({"file_path": name, "content": f"# {name}\n{SCRIPT}"})
        more = () if name == "one.py" else ("--session", home.ids()[0])
        home.out("run", f"tool Write {given}", "--permission", "full", "--yes-full", *more)
    session = home.ids()[0]
    told = home.data("harvest", session, "--out", str(home.work / "drafts"))
    assert {"scripts/one.py", "scripts/two.py"} <= set(told["files"])
    assert Path(told["path"]).parent == home.work / "drafts"
    ids = {Path(f["path"]).name: f["id"] for f in home.data("harvest", session, "--list")}
    assert ids["one.py"] in home.out("harvest", session, "--list")
    for picked in (("--pick", ids["two.py"][:8]), ("--pick", ids["two.py"], session)):
        told = home.data("harvest", *picked)
        assert [f for f in told["files"] if f.startswith("scripts/")] == ["scripts/two.py"]
    both = home.data("harvest", session, "--pick", ids["one.py"], ids["two.py"])
    assert {"scripts/one.py", "scripts/two.py"} <= set(both["files"])
    done = home.call("harvest", session, "--pick", "0" * 16)
    assert done.returncode == 1 and "no byproduct" in done.stderr


def test_a_draft_asked_for_twice_keeps_its_name_unless_somebody_worked_on_it(home: Home) -> None:
    session = worked(home)
    for _ in range(2):
        told = json.loads(home.out("harvest", session, "--name", "total", "--json"))
        assert told["name"] == "total"
    text = Path(told["path"]) / "SKILL.md"
    text.write_text(text.read_text() + "\nMine.\n")
    told = json.loads(home.out("harvest", session, "--name", "total", "--json"))
    assert told["name"] == "total-2" and "Mine." in text.read_text()


def test_a_model_that_makes_no_draft_costs_its_words_alone(home: Home) -> None:
    session = worked(home)
    told = json.loads(home.out("harvest", session, "--name", "total", "--model", "--yes", "--json"))
    assert told["installed"]
    assert any("was no draft" in flag for flag in told["flags"])
    assert (skill(home) / "scripts" / "total.py").read_bytes() == SCRIPT.encode()


@pytest.mark.local_model
@pytest.mark.skipif(local.bundled_model() is None, reason="the small model is not installed")
def test_the_embedded_model_may_word_it_and_may_use_it(home: Home) -> None:
    home.configure('[backends.local]\ntype = "local"\nmax_tokens = 40\nthreads = 1\n')
    session = worked(home)
    command = ("harvest", session, "--name", "total", "--model", "--backend", "local", "--yes")
    told = json.loads(home.out(*command, "--json"))
    mine = Path(told["path"])
    assert told["installed"] and validate(mine).findings == ()
    assert (mine / "scripts" / "total.py").read_bytes() == SCRIPT.encode()
    home.out("run", f"/{told['name']} 1 2", "--backend", "local", "--skill", told["name"])
    shown = home.out("sessions", "show", home.ids()[0], "--json").splitlines()
    assert "skill.used" in [json.loads(line)["type"] for line in shown]


def test_what_is_refused_leaves_no_session(home: Home) -> None:
    before = len(home.ids()) if "[" in home.out("sessions", "list", "--json") else 0
    done = home.call("run", "hello", "--skill", "no-such-skill")
    assert done.returncode in (1, 2) and "no-such-skill" in done.stderr
    assert len(home.ids()) == before


def test_a_byproduct_is_listed_on_two_lines_whatever_its_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    signals: ByproductSignals = {
        "made": True,
        "command": 'python3 -c "\nprint(1)\n"' + "x" * 500,
        "sha256": "ab" * 32,
    }
    _list([Found("file", "", "a.csv", origin={"session": "s", "turn": 1}, signals=signals)], False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and "made, command python3 -c" in lines[1] and "abab" not in lines[1]
    assert len(lines[1]) < 250
