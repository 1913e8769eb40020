"""Whether a command line is one plain program with plain words, so that a rule may cover it.

Safety is not decided by understanding shell. A line is *plain* when it is made of characters
that no shell gives a meaning to: then it is split at spaces and, if a rule allows the words,
run as they are without a shell. Anything else (and any program that runs another one that its
words name) is asked for every time. So a mistake here asks too often, never too seldom; the
lessons of other agents' parsers are in tests/unit/tools/evasions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sessions.tools import command_wrappers, rule_prefixes

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

# The dynamic loader runs a program by its name.
_LOADER = re.compile(r"(ld|ld-linux.*|ld-musl.*|ld64|ld-[0-9.]+)\.so(\.[0-9]+)*")
_RUNS_BY_SUBCOMMAND = _words(
    "bundle bundler conda mamba micromamba gem mix rustup stack cabal opam mvn gradle poetry pdm "
    "hatch rye uv composer brew nix guix raco spago dune lein clojure clj sbt scala-cli zig rails "
    "artisan pixi devbox hg jj"
)
_RUNNING_SUBCOMMANDS = _words("exec run x shell env sh dlx script runner console repl eval do util")
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
        ("split gsplit", r"--filter.*"),
        ("install ginstall", r"-s|--strip.*"),
        ("xz gzip bzip2 zstd", r"-o.*|--output.*"),
        ("uniq", r"(?!-).*"),
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
    if lower in command_wrappers.NAMES or _LOADER.fullmatch(lower):
        return f"`{program}` runs what its words name"
    if _INTERPRETER.fullmatch(program):
        return _interpreter(program, words[1:])
    if rule_prefixes.beginning(words):
        return ""  # every option is known
    dangerous = _DANGEROUS.get(lower)
    if dangerous is not None:
        for word in words[1:]:
            if any(dangerous.fullmatch(spelt) for spelt in _spellings(word, lower)):
                return f"`{program} {word}` can run or write something else"
    if lower in _RUNS_BY_SUBCOMMAND and (words[1:2] or [""])[0] in _RUNNING_SUBCOMMANDS:
        return f"`{program} {words[1]}` runs what its words name"
    return ""


_LONG = {
    program: sorted(set(re.findall(r"--[a-z][a-z-]*", pattern.pattern)))
    for program, pattern in _DANGEROUS.items()
}
"""The long options of each pattern, whole."""
_SINGLE_DASH = _words("find go gcc g++ cc c++ clang clang++ ld fd fdfind terraform")
"""Programs whose long options begin with one dash, and whose letters are not bundled."""


def _spellings(word: str, program: str) -> Iterator[str]:
    """An option as its program may take it: abbreviated ones whole, bundled letters apart."""
    yield word
    if word.startswith("--"):
        name, _, value = word.partition("=")
        for whole in _LONG[program]:
            if len(name) > 2 and whole.startswith(name):  # GNU getopt_long, git's parse-options
                yield f"{whole}={value}" if value else whole
    elif word.startswith("-") and program not in _SINGLE_DASH:
        for at in range(2, len(word)):
            yield f"-{word[at:]}"


def _interpreter(program: str, words: Sequence[str]) -> str:
    if not words:
        return f"`{program}` alone runs what it is given"
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            return ""
        if word in ("-X", "-W") and program.startswith(("python", "pypy")):
            next(rest, None)  # its value
            continue
        if not program.startswith(("python", "pypy", "node")):
            return f"`{program} {word}` may run code that stands elsewhere"
        if word == "-m":
            return ""  # the module's name is part of the rule, like a script's
        if _INLINE.fullmatch(word):
            return f"`{program} {word}` runs code that stands in the line"
    return f"`{program}` alone runs what it is given"
