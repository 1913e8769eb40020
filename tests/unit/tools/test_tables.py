"""The tables of what holds keys and of what steers other programs: whole, and in force."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sessions.tools import credentials, protected_paths, steering_files
from tests.support.toolhost import Desk, say

HOME = Path.home()
KEYS = (
    ".claude.json", ".claude/.credentials.json", ".codex/auth.json", ".gemini/oauth_creds.json",
    ".local/share/opencode/auth.json", ".vibe/.env", ".qwen/oauth_creds.json",
    ".config/goose/secrets.yaml", ".config/github-copilot/hosts.json", ".aws/credentials",
    ".config/gcloud/credentials.db", ".azure/token.json", ".kube/config", ".docker/config.json",
    ".npmrc", ".pypirc", ".cargo/credentials.toml", ".m2/settings.xml", ".gem/credentials",
    ".config/gh/hosts.yml", ".config/glab-cli/config.yml", ".config/tea/config.yml", ".netrc",
    ".git-credentials", ".pgpass", ".ssh/id_ed25519", ".gnupg/private-keys-v1.d/a.key",
    ".cache/huggingface/token", ".config/rclone/rclone.conf", ".terraform.d/credentials.tfrc.json",
)  # fmt: skip
STEERS = (
    ".git/hooks/pre-commit", ".hg/hgrc", ".devcontainer/devcontainer.json", ".nvim.lua",
    ".dir-locals.el", ".helix/config.toml", ".zed/tasks.json", ".idea/workspace.xml",
    ".husky/pre-push", "lefthook.yml", ".lefthook.toml", ".pre-commit-config.yaml",
    ".cargo/config.toml", ".cursorrules", ".roomodes", ".roo/mcp.json", ".kiro/steering/a.md",
    "AGENTS.md", "CLAUDE.md", "GEMINI.md", "SKILL.md", ".github/workflows/ci.yml",
    ".gitlab-ci.yml", ".forgejo/workflows/ci.yml", ".gitea/workflows/ci.yml",
    "bitbucket-pipelines.yml", ".woodpecker.yml", "Jenkinsfile", ".vscode/tasks.json",
    ".mcp.json", "opencode.json", ".envrc", "mise.toml", ".bazelrc", ".mvn/jvm.config",
    "project.code-workspace", ".windsurfrules", ".clinerules/a.md", ".aider.conf.yml",
    ".gdbinit", "sitecustomize.py", ".pnpmfile.cjs", ".yarnrc.yml", ".exrc", ".gitmodules",
)  # fmt: skip


@pytest.mark.parametrize("name", [*credentials.NAMES, *steering_files.AT_THE_TOP])
def test_every_name_is_whole(name: str) -> None:
    assert re.fullmatch(r"[\w.@-][\w.@ -]*(/[\w.@-][\w.@ -]*)*", name)
    assert (
        name.split("/")[0].startswith(".") or name in steering_files.AT_THE_TOP or "library" in name
    )


@pytest.mark.parametrize("name", credentials.NAMES)
def test_every_credential_is_asked_for(name: str) -> None:
    assert protected_paths.secret(HOME / name)
    assert protected_paths.secret(HOME / name / "below")
    assert protected_paths.steering(HOME / name)


@pytest.mark.parametrize("name", STEERS)
@pytest.mark.parametrize("below", ["", "deep/down"])
def test_what_steers_is_known_at_any_depth(name: str, below: str) -> None:
    assert protected_paths.steering(Path("/work", below, name))


@pytest.mark.parametrize(
    "name", ["src/main.py", "README.md", "docs/agents.txt", "Makefile", "package.json", "github"]
)
def test_plain_files_steer_nothing(name: str) -> None:
    assert protected_paths.steering(Path("/work", name)) == ""


@pytest.mark.parametrize("mode", ["read-only", "ask", "edit", "full"])
@pytest.mark.parametrize("name", KEYS)
async def test_keys_are_asked_for_in_every_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, name: str
) -> None:
    home = tmp_path / "someone"
    (home / name).parent.mkdir(parents=True)
    (home / name).write_text("SECRET")
    monkeypatch.setenv("HOME", str(home))
    desk = Desk(tmp_path, mode=mode, answer=say("no"))
    result = await desk.use("Read", file_path=str(home / name))
    assert result.status == "denied"
    assert "SECRET" not in result.content
    assert len(desk.host.asked) <= 1
    await desk.box.close()


@pytest.mark.parametrize("mode", ["ask", "edit", "full"])
@pytest.mark.parametrize("name", STEERS)
async def test_what_steers_is_asked_for_in_every_mode(tmp_path: Path, mode: str, name: str) -> None:
    desk = Desk(tmp_path, mode=mode, answer=say("no"))
    result = await desk.use("Write", file_path=str(desk.ws / name), content="x")
    assert result.status == "denied"
    assert len(desk.host.asked) == 1
    assert not (desk.ws / name).exists()
    await desk.box.close()
