"""How the command ends: its exit codes, and sentences instead of tracebacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sessions import VERSION
from sessions.cli import commands as command
from sessions.errors import AgentdeckError, NeedsPerson, UsageError
from tests.unit.cli.conftest import COMMAND, Home


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Lets a test decide what the command `config path` raises, in this process."""
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path / "h"))
    return monkeypatch


def ends_with(error: BaseException, patch: pytest.MonkeyPatch) -> int:
    """The exit code when a command raises `error`."""

    def fail() -> None:
        raise error

    from sessions.cli import config

    patch.setattr(config.path, "callback", fail)
    return command._main(["config", "path"])


def test_the_version_is_printed(bare: Home) -> None:
    bare.fresh = True
    assert bare.out("--version").strip() == f"agentdeck, version {VERSION}"


@pytest.mark.parametrize(
    "words",
    [(), ("run",), ("sessions",), ("sessions", "list"), ("skills",), ("prime",), ("prime", "arxiv"),
     ("engine", "status"), ("config",), ("doctor",), ("acp",), ("completion",)],
)  # fmt: skip
def test_every_command_has_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert command._main([*words, "-h"]) == 0
    assert "Usage: agentdeck" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("--nonsense",), ("run",), ("run", ""), ("run", "hi", "--permission", "maybe"),
     ("sessions", "export"), ("completion", "cmd"), ("prime", "acronym", "--letters", "x")],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_a_sentence(bare: Home, words: tuple[str, ...]) -> None:
    done = bare.call(*words)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert not done.stdout


def test_the_deck_without_a_terminal_says_what_to_use_instead(bare: Home) -> None:
    done = bare.call()
    assert done.returncode == 2
    assert "agentdeck run" in done.stderr


def test_a_wrong_configuration_ends_with_2_and_names_the_key_and_its_neighbour(bare: Home) -> None:
    bare.home.mkdir(mode=0o700)
    bare.places.config_file.write_text('[defaults]\nprofil = "x"\n')
    done = bare.call("config", "show")
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert "did you mean profile" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AgentdeckError("It broke.", "Mend it."), 1),
        (UsageError("Not so.", "But so."), 2),
        (NeedsPerson("Somebody must look.", "Look."), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    failing: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    assert ends_with(error, failing) == code
    said = capsys.readouterr().err
    if isinstance(error, AgentdeckError):
        assert said == f"agentdeck: {error.message}\n{error.hint}\n"


def test_an_error_cannot_steer_the_terminal(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_with(AgentdeckError("no \x1b]0;title\x07 such", "try \x1b[2J"), failing)
    assert "\x1b" not in capsys.readouterr().err


def test_a_crash_names_the_log_and_the_log_has_the_traceback(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert ends_with(RuntimeError("unforeseen"), failing) == 1
    log = tmp_path / "h/state/agentdeck.log"
    said = capsys.readouterr().err
    assert str(log) in said
    assert "Traceback" not in said
    assert "RuntimeError: unforeseen" in log.read_text("utf-8")


def test_a_crash_where_no_log_can_be_written_still_ends_with_a_sentence(
    failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "h").write_text("not a folder")
    assert ends_with(RuntimeError("unforeseen"), failing) == 1
    assert "log can't be written" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error_to_tell_of(bare: Home) -> None:
    with subprocess.Popen(
        [*COMMAND, "config", "show"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=bare.work,
        env=bare.env,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1


def test_a_home_that_cannot_be_written_is_named(bare: Home) -> None:
    bare.home.write_text("a file where the folder should be")
    done = bare.call("sessions", "list")
    assert done.returncode == 1
    assert str(bare.home) in done.stderr


def test_a_project_that_has_a_folder_called_sessions_does_not_shadow_ours(bare: Home) -> None:
    bare.fresh = True
    for name in ("sessions", "skills", "tui"):
        (bare.work / name).mkdir()
        (bare.work / name / "__init__.py").write_text("raise SystemExit('shadowed')")
    assert VERSION in bare.out("--version")


def test_ctrl_c_while_a_command_is_imported_is_no_traceback() -> None:
    script = (
        "import sys\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'sessions.cli.commands':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "sys.argv = ['agentdeck', '--version']\n"
        "from sessions.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
