"""Agents' archives: unpacked within their folder or not at all, and run from there."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sessions.backends.acp import archives, registry
from sessions.backends.acp.archives import Archive, get
from sessions.cli.agents import agents
from sessions.config import load
from sessions.errors import AgentdeckError, UsageError
from tests.support.invoked import invoke
from tests.unit.acp.test_registry import NEW, Served, address

__all__ = ["address"]

PROGRAM = b"#!/bin/sh\necho here\n"
Entry = tuple[str, bytes, int]
FILE, LINK = stat.S_IFREG, stat.S_IFLNK
GOOD: list[Entry] = [
    ("./dist/", b"", stat.S_IFDIR | 0o755),
    ("./dist/agent", PROGRAM, FILE | 0o755),
    ("dist/lib/words.txt", b"words", FILE | 0o644),
    ("dist/bin/agent", b"../agent", LINK | 0o777),
]


def tar(entries: list[Entry], how: str = "gz") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=f"w:{how}") as packed:  # type: ignore[call-overload]
        for name, data, mode in entries:
            info = tarfile.TarInfo(name)
            info.mode = mode & 0o777
            if stat.S_ISLNK(mode):
                info.type, info.linkname = tarfile.SYMTYPE, data.decode()
            elif stat.S_ISDIR(mode):
                info.type = tarfile.DIRTYPE
            elif stat.S_ISFIFO(mode):
                info.type = tarfile.FIFOTYPE
            elif mode == 0:
                info.type, info.linkname = tarfile.LNKTYPE, data.decode()
            else:
                info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return held.getvalue()


def zipped(entries: list[Entry]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            packed.writestr(info, data)
    return held.getvalue()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is served comes without a server, which takes most of a second to ask."""

    def download(archive: Archive, to: Path, progress: object) -> None:
        to.write_bytes(Served.body)

    monkeypatch.setattr(archives, "_download", download)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("agent.tar.gz", tar(GOOD)),
        ("agent.tgz", tar(GOOD)),
        ("agent.tar.bz2", tar(GOOD, "bz2")),
        ("agent.zip", zipped(GOOD)),
        ("agent", PROGRAM),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_is_unpacked_and_nothing_is_left_beside_it(
    name: str, data: bytes, here: None, tmp_path: Path
) -> None:
    Served.body = data
    archive = Archive(f"https://x.test/{name}", "dist/agent")
    folder = tmp_path / "agents" / "a-1"
    program = get(archive, folder)
    assert program == folder / "dist/agent" and program.read_bytes() == PROGRAM
    assert stat.S_IMODE(program.stat().st_mode) == 0o700
    assert [p.name for p in folder.parent.iterdir()] == ["a-1"]
    if name != "agent":
        assert (folder / "dist/bin/agent").read_bytes() == PROGRAM
        assert stat.S_IMODE((folder / "dist/lib/words.txt").stat().st_mode) == 0o600
    Served.body = b""
    assert get(archive, folder) == program, "what is there is not downloaded again"


EVIL: list[list[Entry]] = [
    [("../out", b"x", FILE)],
    [("/etc/out", b"x", FILE)],
    [("a/../../out", b"x", FILE)],
    [("C:\\out", b"x", FILE)],
    [("..\\out", b"x", FILE)],
    [("a", b"/etc", LINK)],
    [("a", b"..", LINK)],
    [("d/a", b"../..", LINK)],
    [("d/a", b"..", LINK), ("d/c", b"a/../x", LINK)],
    [("a", b"d", LINK), ("a/x", b"x", FILE)],
    [("x", b"1", FILE), ("x", b"2", FILE)],
    [("x", b"1", FILE), ("x/y", b"2", FILE)],
]
TAR_ONLY: list[list[Entry]] = [
    [("pipe", b"", stat.S_IFIFO)],
    [("hard", b"../../etc/passwd", 0)],
    [("hard", b"nothing", 0)],
    [("l", b"d", LINK), ("hard", b"l/x", 0)],
]
PACKS: list[tuple[str, Callable[[list[Entry]], bytes], list[Entry]]] = [
    *(("a.tgz", tar, evil) for evil in [*EVIL, *TAR_ONLY]),
    *(("a.zip", zipped, evil) for evil in EVIL),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("name", "pack", "evil"), PACKS, ids=range(len(PACKS)))
def test_what_would_leave_its_folder_is_refused_and_nothing_stays(
    name: str, pack: Callable[[list[Entry]], bytes], evil: list[Entry], here: None, tmp_path: Path
) -> None:
    Served.body = pack([*GOOD, *evil])
    with pytest.raises(AgentdeckError, match="can't be unpacked"):
        get(Archive(f"https://x.test/{name}", "dist/agent"), tmp_path / "agents" / "a")
    assert [p.name for p in tmp_path.rglob("*")] == ["agents"]


@pytest.mark.parametrize(
    ("name", "data"), [("a.zip", b"PK\x03\x04 torn"), ("a.tgz", b"\x1f\x8b torn"), ("a.tgz", b"x")]
)
def test_what_is_broken_is_told(name: str, data: bytes, here: None, tmp_path: Path) -> None:
    Served.body = data
    with pytest.raises(AgentdeckError, match="can't be unpacked"):
        get(Archive(f"https://x.test/{name}", "a"), tmp_path / "agents" / "a")


def test_bounds_hold(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "agents" / "a"
    Served.body = tar([("dist/agent", bytes(2_000_000), FILE | 0o755)])
    monkeypatch.setattr(archives, "MOST_UNPACKED", 1_000_000)
    with pytest.raises(AgentdeckError, match="unfolds to more"):
        get(Archive(address + "a.tgz", "dist/agent"), folder)
    monkeypatch.setattr(archives, "MOST_DOWNLOADED", 100)
    with pytest.raises(AgentdeckError, match="has more than 100 bytes"):
        get(Archive(address + "a.tgz", "dist/agent"), folder)


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (("a.tgz", "dist/other"), "holds no dist/other"),
        (("a.dmg", "dist/agent"), "of no kind that can be unpacked"),
        (("a.tar.xz", "dist/agent"), "of no kind that can be unpacked"),
    ],
)
def test_what_is_not_what_it_should_be_is_not_kept(
    archive: tuple[str, str], words: str, here: None, tmp_path: Path
) -> None:
    Served.body = tar(GOOD)
    name, program = archive
    with pytest.raises(AgentdeckError, match=words):
        get(Archive(f"https://x.test/{name}", program), tmp_path / "agents" / "a")
    assert not (tmp_path / "agents" / "a").exists()


def test_a_checksum_is_held_to(address: str, tmp_path: Path) -> None:
    Served.body = tar(GOOD)
    folder = tmp_path / "agents" / "a"
    with pytest.raises(AgentdeckError, match="is not what the registry says"):
        get(Archive(f"{address}a.tgz", "dist/agent", "0" * 64), folder)
    assert list(folder.parent.iterdir()) == []
    digest = hashlib.sha256(Served.body).hexdigest().upper()
    assert get(Archive(f"{address}a.tgz", "dist/agent", digest), folder).is_file()


def test_it_is_added_by_name_run_from_our_folder_and_taken_anew(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    monkeypatch.setattr(registry, "_address", lambda value: isinstance(value, str))
    Served.body = zipped(GOOD)

    def entry(version: str, system: str = registry.system()) -> Path:
        target = {"archive": f"{address}a.zip", "cmd": "./dist/agent", "args": ["acp"]}
        told = {**NEW, "version": version, "distribution": {"binary": {system: target}}}
        path = tmp_path / "own.json"
        path.write_text(json.dumps(told))
        return path

    given = ["add", "novum", "--from", str(entry("1.0.0")), "--download"]
    done = invoke(agents, given, catch_exceptions=False)
    assert "no checksum" in done.output and "is the backend novum now" in done.output
    folder = tmp_path / "data" / "agents"
    assert load(tmp_path / "config.toml").backends["novum"].command == [
        str(folder / "novum-1.0.0/dist/agent"), "acp",
    ]  # fmt: skip
    entry("2.0.0")
    invoke(agents, given, catch_exceptions=False)
    command = load(tmp_path / "config.toml").backends["novum"].command
    assert command[0] == str(folder / "novum-2.0.0/dist/agent")
    entry("3.0.0", "plan9-pdp11")
    with pytest.raises(UsageError, match="no archive of Novum"):
        invoke(agents, [*given, "--as", "n"], catch_exceptions=False)
