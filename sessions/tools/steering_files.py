"""Names by which a file steers other programs, and why: what stands there is run or obeyed later.

Changing one is asked for in every mode, at any depth; in the top of a workspace commands can't
change one, and one that they make is set aside. Compared folded (see `protected_paths.fold`);
`*` as in file names. The source of a name is its program's own documentation.
"""

from __future__ import annotations

import fnmatch
from functools import lru_cache

_TABLE: tuple[tuple[str, str], ...] = (
    (
        "{} is run by version control or its hooks",
        ".githooks .husky .huskyrc .huskyrc.* .hg .jj .gitmodules lefthook.* .lefthook.* "
        ".lefthook lefthook-local.* .lefthook-local.* .pre-commit-config.yaml "
        ".pre-commit-config.yml .pre-commit-hooks.yaml .overcommit.yml .lintstagedrc "
        ".lintstagedrc.* lint-staged.config.* .captainhook.json captainhook.json "
        ".simple-git-hooks.* simple-git-hooks.* prek.toml .trunk .grit .sapling .sl",
    ),
    (
        "{} is run by editors when the folder is opened",
        ".vscode .idea .zed .fleet .nova .theia .helix .nvim.lua .nvimrc .exrc .vimrc .gvimrc "
        ".lvimrc .local.vimrc .vim .dir-locals.el .dir-locals-2.el .emacs.d *.code-workspace "
        "*.sublime-project *.sublime-workspace .kakrc .lite_project.lua "
        ".lite_project_module.lua .neoconf.json .nvim .vimspector.json .ycm_extra_conf.py "
        ".cursorrules",
    ),
    (
        "{} is run when a container or an environment is entered",
        ".devcontainer .devcontainer.json devcontainer.json .envrc .direnv .mise .mise.toml "
        ".mise.*.toml mise.toml mise.*.toml .rtx.toml .autoenv .flox devbox.json devenv.nix "
        "devenv.yaml .hermit .gitpod.yml .gitpod.dockerfile .codesandbox .replit .idx "
        ".sdkmanrc",
    ),
    (
        "{} says which programs build tools run",
        ".cargo .yarnrc .yarnrc.yml .pnpmfile.cjs .pnpmfile.mjs .npmrc .bazelrc .bazeliskrc "
        ".buckconfig .buckconfig.local .mvn .sbtopts .jvmopts .sbtrc .ocamlinit .ghci "
        ".iex.exs .pryrc .irbrc .Rprofile .Renviron .pdbrc .pdbrc.py .pythonrc .gdbinit "
        ".lldbinit .perldb .octaverc .juliarc.jl .lldb .guile .sbclrc .scalafix.conf "
        ".justfile sitecustomize.py usercustomize.py .pythonstartup .bunfig.toml bunfig.toml "
        ".psrc .psqlrc .sqliterc .xonshrc .dagger",
    ),
    (
        "{} steers other agents",
        ".aider.conf.yml .roo .roomodes .roorules .cline .clinerules .kilocode .kilocodemodes "
        ".claude .codex .gemini .cursor .opencode .agents .mcp.json mcp.json .claude.json "
        "opencode.json opencode.jsonc .aider* .continue .continuerc.json .continuerules "
        ".windsurf .windsurfrules .codeium .roo* .cline* .kilocode* .kiro .goose .goosehints "
        ".vibe .amp .copilot .warp WARP.md .junie .qwen .kimi .kimi-code .crush .crush.json "
        "crush.json .factory .augment .augment-guidelines .augmentignore .antigravity "
        ".antigravitycli .trae .rules .pi .openhands .openhands_instructions .tabnine "
        ".zencoder .void .void-rules .forge .forge.yaml forge.yaml .replit.md replit.md .bolt "
        ".lovable .serena gptme.toml .gptme.toml .plandex* .rovodev .rovodev.yml .llm "
        ".prompts .cody .sourcegraph .tabby .codebuddy .iflow .lingma .marscode .codebuff "
        "codebuff.json .devin .jules .a0 .hermes .letta .swe-agent .fastagent "
        "fastagent.config.yaml fastagent.secrets.yaml .goose.yaml .ruler .firebender .mux "
        ".deepagents",
    ),
    (
        "{} tells agents what to do",
        "AGENTS.md AGENTS.*.md AGENT.md CLAUDE.md CLAUDE.local.md GEMINI.md QWEN.md CRUSH.md "
        "KIMI.md SKILL.md copilot-instructions.md *.mdc *.instructions.md *.prompt.md "
        "*.agent.md *.chatmode.md",
    ),
    (
        "{} is run by a forge's machines with its secrets",
        ".github .gitlab .gitlab-ci.yml .gitlab-ci.yaml .gitea .forgejo .woodpecker "
        ".woodpecker.yml .woodpecker.yaml bitbucket-pipelines.yml .circleci .travis.yml "
        ".drone.yml .drone.star azure-pipelines.yml azure-pipelines.yaml .azure-pipelines "
        ".azuredevops Jenkinsfile .buildkite .appveyor.yml appveyor.yml .cirrus.yml "
        ".cirrus.star .builds .build.yml .semaphore cloudbuild.yaml cloudbuild.yml "
        "codemagic.yaml .teamcity .tekton .concourse .harness bitrise.yml .bitrise "
        "buildspec.yml .space.kts .sourcehut .rultor.yml .zuul.yaml .zuul.d "
        ".onedev-buildspec.yml .renovaterc .renovaterc.json renovate.json renovate.json5 "
        ".mergify.yml .platform .ebextensions .do",
    ),
)  # fmt: skip
_WHY: dict[str, str] = {name.lower(): why for why, names in _TABLE for name in names.split()}
_PATTERNS = tuple(name for name in _WHY if "*" in name)

AT_THE_TOP = tuple(name for _, names in _TABLE for name in names.split() if "*" not in name)
"""As they are looked for in the top of a workspace."""


@lru_cache(maxsize=4096)
def why(name: str) -> str:
    """Why a folded name steers other programs, or ""."""
    told = _WHY.get(name)
    if told is None:
        known = next((p for p in _PATTERNS if fnmatch.fnmatchcase(name, p)), None)
        told = _WHY[known] if known is not None else ""
    return told.format(name) if told else ""
