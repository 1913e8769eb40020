"""The wheel holds everything that the tree holds; the example tells the truth."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from sessions import VERSION, config
from sessions.config.example import example

ROOT = Path(__file__).parents[2]
PACKAGES = ("sessions", "skills", "tui")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the tree."""
    out = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(out),
            str(ROOT),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def tracked() -> set[str]:
    """Files of the packages as they stand in the tree."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


@pytest.mark.timeout(300)
def test_the_wheel_holds_every_file(wheel: Path) -> None:
    names = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert names == tracked()
    assert any(n.endswith(".tcss") for n in names)
    assert sum(n.endswith("SKILL.md") for n in names) >= 8


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_the_example_is_what_the_model_says() -> None:
    assert (ROOT / "config.example.toml").read_text("utf-8") == example(), (
        "run: python -m sessions.config.example > config.example.toml"
    )


def test_the_example_is_a_configuration_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(example(), "utf-8")
    assert config.load(path) == config.load(tmp_path / "none.toml")


def test_every_commented_key_of_the_example_is_valid(tmp_path: Path) -> None:
    """With the marks of comment taken away, the file still loads."""
    lines = []
    for line in example().splitlines():
        bare = line.removeprefix("# ")
        is_key = " = " in bare and bare.split(" = ")[0].isidentifier()
        lines.append(bare if is_key or bare.startswith("[") else "")
    text = "\n".join(lines).replace('cwd = ""', "").replace('theme = ""', "")
    path = tmp_path / "config.toml"
    # A server has either a command or an address, a host ssh or a command; the example names both.
    text = text.replace('url = "http://127.0.0.1:9000/mcp"', "").replace('ssh = "build"', "")
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    assert config.load(path).backends["claude"].model
