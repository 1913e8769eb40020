"""Whether a command line is one plain program with plain words, so that a rule may cover it.

Safety is not decided by understanding shell. A line is *plain* when it is made of characters
that no shell gives a meaning to: then it is split at spaces and, if a rule allows the words,
run as they are without a shell. Anything else (and any program that runs another one that its
words name) is asked for every time. So a mistake here asks too often, never too seldom; the
lessons of other agents' parsers are in tests/unit/tools/evasions.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MAX_CHARS = 4000
_MAX_WORDS = 200
_WORD = re.compile(r"[A-Za-z0-9_./:=,@%+\-]+")
# A word that is quoted from end to end and holds nothing that double quotes leave alive.
_QUOTED = re.compile(r"\"[A-Za-z0-9_./:=,@%+\- ]*\"|'[A-Za-z0-9_./:=,@%+\- ]*'")
_PROGRAM = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+\-]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The shell's own words: without a shell they mean something else, or nothing.
_BUILTINS = _words(
    ". : [ alias bg bind break builtin caller case cd command compgen complete compopt continue "
    "coproc declare dirs disown do done echo elif else enable esac eval exec exit export false fc "
    "fg fi for function getopts hash help history if in jobs kill let local logout mapfile popd "
    "printf pushd pwd read readarray readonly return select set shift shopt source suspend test "
    "then time times trap true type typeset ulimit umask unalias unset until wait while"
)
_HARMLESS_BUILTINS = _words("echo false kill printf pwd test true [")

# Programs whose words (or input, or settings) name what is run.
_WRAPPERS = _words(
    "ansible ansible-playbook ash at awk bash batch bpftrace bun bunx busybox bwrap byobu cargo- "
    "watch chpst chroot chrt cscript csh dash dbus-launch dbus-run-session ddrescue deno direnv "
    "doas docker dotenv ed elvish emacs entr env ex expect fakechroot fakeroot faketime firejail "
    "fish flatpak-spawn gawk gdb gosu helm ionice kdesu kitty ksh kubectl launchctl ld.so less "
    "lldb ltrace luajit m4 man mapfile mawk mksh more most mysql nano nawk nc ncat netcat newgrp "
    "nice nix-shell nohup npx nsenter numactl nvim osascript parallel perf pipenv pipx pkexec "
    "plink pnpx podman powershell pre-commit proot psql pwsh rbash rc rlwrap rsh run-parts "
    "runcon runuser schroot scp screen script scriptreplay sed sem setarch setpriv setsid sftp "
    "sg sh socat sqlite3 ssh sshpass start-stop-daemon stdbuf strace su sudo sudoedit systemd- "
    "run taskset tclsh tcsh tee telnet timeout tmux toybox tsocks unbuffer unshare uvx vi view "
    "viewdiff vim vimdiff visudo watch watchexec wish xargs xterm yash zellij zpty zsh"
)
_INTERPRETER = re.compile(
    r"(python|pypy|node|nodejs|ruby|perl|php|lua|tclsh|Rscript|julia"
    r"|ghci|scala|groovy|jshell|osascript)[0-9.]*"
)
_INLINE = re.compile(
    r"-[A-Za-z]*[cerp].*|--(eval|print|command|exec|run|require|import|loader)"
    r"(=.*)?|-"
)

# Words that make a program, which is none of the above, run or write something else.
_DANGEROUS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for names, pattern in (
        ("find fd fdfind", r"-exec.*|-ok.*|-delete|-fprint.*|-fls|-x|-X|--exec.*|-[a-zA-Z]*[xX].*"),
        (
            "git",
            r"-c.*|--config.*|--exec.*|-C.*|--git-dir.*|--work-tree.*|--upload-pack.*|-u.*"
            r"|--receive-pack.*|--output.*|-o.*|--ext-diff|--textconv|-O.*|--open-files-in-pager.*"
            r"|-x.*|--extcmd.*|--template.*|-p|--paginate|bisect|submodule|difftool|mergetool"
            r"|filter-branch|config|daemon|hook|instaweb|send-email|ext::.*|-i|--interactive"
            r"|--receive.*|--no-index|--edit.*|-e|fast-import|archive|credential.*|remote-.*|var"
            r"|alias|upload-.*|receive-.*|for-each-repo|maintenance|rebase|web--browse",
        ),
        ("tar gtar bsdtar", r".*(--to-command|--checkpoint-action|--use-compress|--rsh"
                            r"|--info-script|--new-volume).*|-[a-zA-Z]*[IF].*"),
        ("zip unzip 7z", r"-T.*|--unzip-command.*|-TT.*"),
        ("rsync", r"-[a-zA-Z]*e.*|--rsh.*|--rsync-path.*|-M.*|--remote-option.*"),
        ("sort", r"--compress.*|-[a-zA-Z]*[oTS].*|--output.*"),
        ("rg ripgrep", r"--pre.*|--hostname-bin.*|-z|--search-zip"),
        ("grep egrep fgrep", r"-[a-zA-Z]*f.*|--file.*"),
        ("curl", r"-[a-zA-Z]*[oOKTFdx].*|--output.*|--config.*|--upload.*|--data.*|--form.*"
                 r"|--proxy.*"),
        ("wget", r"--use-askpass.*|-[a-zA-Z]*[Oie].*|--execute.*|--config.*|--post.*|--output.*"),
        ("make gmake", r".*=.*|--eval.*|-f.*|--file.*|--makefile.*|-C.*|--directory.*|-E.*|-I.*"),
        ("npm pnpm yarn", r"exec|x|dlx|create|init|explore|config|set|--prefix.*|-C.*|--cwd.*"
                          r"|--script-shell.*|--node-options.*|--shell.*|--scripts-prepend.*"),
        ("cargo", r"--config.*|-Z.*|\+.*|--manifest-path.*|-C.*"),
        ("go", r"-exec.*|-toolexec.*|-C.*|-overlay.*|-vettool.*|env|generate|--exec.*"
               r"|--toolexec.*"),
        ("pip pip3 uv poetry hatch rye pdm", r"run|--python.*|tool|exec|shell|config|--index.*|-i"
                                             r"|--extra-index.*|--target.*|-t"),
        ("pytest py.test", r"-p.*|-c.*|--rootdir.*|--confcutdir.*|-o.*|--override-ini.*|--pdbcls.*"
                           r"|--basetemp.*|--debug.*|--import-mode.*|--config-file.*"),
        ("gcc g++ cc c++ clang clang++ ld", r"-wrapper.*|-B.*|-fplugin.*|-specs.*|@.*|-plugin.*"),
        ("date", r"-s.*|--set.*|-f.*|--file.*"),
        ("tree ls cat head tail wc", r"--output.*|-o"),
        ("ps top", r"-[a-zA-Z]*E.*"),
        ("mount umount dd mkfs ip iptables", r".*"),
        ("ctags etags", r"--options.*|--filter.*"),
        ("jq yq", r"-f.*|--from-file.*|-L.*|-i.*|--in-?place.*"),
        ("hg", r"--config.*|-R.*|--cwd.*"),
        ("gh glab", r"alias|extension|api|config|secret|auth"),
        ("terraform tofu vagrant cmake ctest ninja meson bazel gradle mvn ant", r"-D.*|-f.*|-e|-P.*"
         r"|--init-script.*|-I.*|-C.*|console|--build.*"),
        ("journalctl systemctl", r"edit|link|set-environment|import-environment|-H.*"),
        ("code subl atom", r".*"),
        ("xdg-open open start", r".*"),
    )
    for name in names.split()
}  # fmt: skip


def split(line: str) -> list[str] | None:
    """The words of a plain command line, or None when it needs a shell to be understood."""
    if len(line) > _MAX_CHARS:
        return None
    words: list[str] = []
    rest = line.strip(" ")
    while rest:
        match = _QUOTED.match(rest) or _WORD.match(rest)
        if match is None or not (match.end() == len(rest) or rest[match.end()] == " "):
            return None
        word = match.group()
        words.append(word[1:-1] if word[0] in "\"'" else word)
        if not words[1:] and (word[0] in "\"'" or not _PROGRAM.fullmatch(word)):
            return None  # a quoted program, or one that looks like an assignment or an option
        rest = rest[match.end() :].lstrip(" ")
    return words if 0 < len(words) <= _MAX_WORDS else None


def refuses_rule(words: Sequence[str]) -> str:
    """Why this argv is asked for every time, whatever a rule says; or ""."""
    program = words[0].rpartition("/")[2]
    if program in ("..", ""):
        return "the program is no file name"
    if words[0] in _BUILTINS - _HARMLESS_BUILTINS:
        return f"`{program}` is a word of the shell"
    lower = program.casefold()
    if lower in _WRAPPERS or program in _WRAPPERS:
        return f"`{program}` runs what its words name"
    if _INTERPRETER.fullmatch(program):
        return _interpreter(program, words[1:])
    dangerous = _DANGEROUS.get(lower)
    if dangerous is not None:
        for word in words[1:]:
            if dangerous.fullmatch(word):
                return f"`{program} {word}` can run or write something else"
    return ""


def _interpreter(program: str, words: Sequence[str]) -> str:
    if not words:
        return f"`{program}` alone runs what it is given"
    for word in words:
        if not word.startswith("-"):
            return ""
        if word == "-m":
            return ""  # the module's name is part of the rule, like a script's
        if _INLINE.fullmatch(word):
            return f"`{program} {word}` runs code that stands in the line"
    return f"`{program}` alone runs what it is given"


_SUBCOMMAND = re.compile(r"[a-z][a-z0-9:_-]*")
# Programs whose first word says what they do: a rule for `git status …` makes sense.
_WITH_SUBCOMMANDS = _words(
    "apt apt-get bazel brew bundle cargo cmake composer conda dotnet flutter gem gh git go gradle "
    "hg jj make mix mvn npm pip pip3 pnpm poetry rustup stack swift systemctl terraform tox uv "
    "yarn"
)
_PREFIX_OF_ONE = _words(
    "basename cat cmp cut date df diff dirname du eslint file flake8 grep head isort jq ls md5sum "
    "mypy nl prettier pyright pytest realpath rg ruff sha256sum shellcheck stat tail tr tree tsc "
    "uname uniq wc which"
)


def prefix(words: Sequence[str]) -> list[str]:
    """The beginning of this argv that makes a sensible rule, or [] when none does."""
    program = words[0]
    if program in _WITH_SUBCOMMANDS and len(words) > 1 and _SUBCOMMAND.fullmatch(words[1]):
        if program in ("npm", "pnpm", "yarn") and words[1] == "run":
            return list(words[:3]) if len(words) > 2 else []
        return list(words[:2])
    return [program] if program in _PREFIX_OF_ONE else []
