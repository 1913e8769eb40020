"""Which beginnings of a command make a rule, and what may follow them.

`git log …` can be allowed as a beginning only because it is listed which options may follow: an
option that is not here asks, whatever it does, in whatever spelling. Nothing listed makes its
program run another one, or write where its words say. A program that is not here gets a rule for
its exact words.

An entry of the table: the words of the beginning, a colon, the options; what is indented goes on.
`-x` stands for the letter alone, bundled with others of its entry, and with a number behind it
(`-n5`); `--long` for the whole word alone and with `=value`, never abbreviated. `+` lets only words
that begin with it follow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

_TABLE = """
git status: -s -b -v -z --short --branch --porcelain --long --verbose --untracked-files
  --ignored
git log: -n -i -E -F -w --oneline --graph --all --decorate --stat --shortstat --numstat
  --name-only --name-status --since --until --after --before --author --grep --no-merges
  --merges --first-parent --reverse --abbrev-commit --date --format --pretty --follow
  --max-count --skip --diff-filter --branches --tags --no-color --color
git show: -s -w --stat --shortstat --numstat --name-only --name-status --format --pretty
  --oneline --abbrev-commit --date --no-patch --no-ext-diff --no-textconv --no-color --color
git diff: -w -b -U -M -R --stat --shortstat --numstat --name-only --name-status --cached
  --staged --unified --summary --check --exit-code --quiet --diff-filter --ignore-all-space
  --ignore-space-change --ignore-blank-lines --word-diff --no-color --color --no-ext-diff
  --no-textconv --merge-base
git branch: -a -r -v --all --remotes --list --show-current --contains --merged --no-merged
  --sort --format --verbose
git rev-parse: --short --abbrev-ref --show-toplevel --git-dir --is-inside-work-tree --verify
  --symbolic-full-name
git ls-files: -c -d -m -o -s -t -u -z --cached --deleted --modified --others --stage
  --exclude-standard --full-name
git blame: -L -w -M -s -e -l -t --date --show-email --line-porcelain --porcelain
git shortlog: -s -n -e --summary --numbered --email --since --until
git describe: --tags --all --always --long --dirty --abbrev --match
git add: -A -u -v -n -N --all --update --verbose --dry-run --intent-to-add
git commit: -m -a -q -s -v --message --all --amend --no-edit --allow-empty --quiet --signoff
  --dry-run
git switch: -c -q -d --create --detach --quiet
git stash list:
git remote show:
hg status: -m -a -r -d -u -n -q --all --modified --added --removed --unknown --quiet
hg log: -l -r -v -q --limit --verbose --quiet --graph --stat
jj status:
jj log: -n -r --limit --revisions --no-graph --stat --summary --reversed
npm test: -s --silent
npm run *: -s --silent --if-present
pnpm test: -s --silent
pnpm run *: -s --silent --if-present
yarn test: --silent
yarn run *: --silent
cargo build: -p -r -q -v -j -F --release --workspace --all --package --lib --bins --bin
  --examples --tests --all-targets --all-features --features --no-default-features --locked
  --offline --quiet --verbose --message-format --jobs --keep-going
cargo check: -p -r -q -v -j -F --release --workspace --all --package --lib --bins --bin --tests
  --all-targets --all-features --features --no-default-features --locked --offline --quiet
  --verbose --message-format --jobs --keep-going
cargo test: -p -r -q -v -j -F --release --workspace --all --package --lib --bins --bin --test
  --tests --doc --all-targets --all-features --features --no-default-features --no-run
  --no-fail-fast --locked --offline --quiet --verbose --jobs
cargo clippy: -p -q -v -F --release --workspace --all --package --lib --tests --all-targets
  --all-features --features --no-default-features --locked --offline --quiet --no-deps
cargo fmt: -p -v -q --all --check --package --verbose --quiet
cargo doc: -p --no-deps --workspace --package --document-private-items
cargo tree: -p -i -e -d --package --invert --edges --duplicates --depth --prefix
go build: -v -race -tags -trimpath -x
go test: -v -race -run -count -short -cover -bench -benchmem -timeout -json -tags -failfast
  -parallel -shuffle -skip -list
go vet: -v -json -tags
go list: -m -f -json -deps -test -e -u -versions -tags
go fmt: -n -x
go doc: -all -short -src -u
make *: -j -k -n -s -B -w --jobs --keep-going --dry-run --silent --quiet --always-make
  --no-print-directory
mix test: --trace --stale --failed --seed --cover --max-failures --only --exclude --include
mix format: --check-formatted --dry-run
dotnet build: -c -v --configuration --no-restore --no-incremental --nologo --verbosity
dotnet test: -c -v --configuration --no-build --no-restore --nologo --filter --verbosity
swift build: -c -v --configuration --verbose
swift test: -v --filter --parallel --skip --verbose
pip list: -o -u -v --outdated --uptodate --format --local --user --not-required
pip show: -f -v --files --verbose
pip freeze: -l --all --local --user
pip check:
pip3 list: -o -u -v --outdated --uptodate --format --local --user
pip3 show: -f -v --files --verbose
pip3 freeze: -l --all --local --user
uv pip list: --outdated --format
uv tree: --depth --invert --outdated
gh pr view: --json --comments
gh pr list: -L -s -a -l -A --limit --state --author --assignee --label --json --search
gh pr diff: --name-only --patch --color
gh pr checks: --watch --required --json
gh issue view: --json --comments
gh issue list: -L -s -a -l --limit --state --author --assignee --label --json --search
gh run list: -L -w -b --limit --workflow --branch --json --status
gh run view: -v --verbose --log --log-failed --json
systemctl status: -l -n --no-pager --full --lines --user
pytest: -q -v -x -s -l -m -k -r --lf --ff --nf --sw --maxfail --tb --durations --collect-only
  --co --exitfirst --last-failed --failed-first --stepwise --showlocals --quiet --verbose
  --no-header --strict-markers
ruff check: -q -v -n --fix --diff --select --ignore --extend-select --statistics --output-format
  --show-fixes --exit-zero --quiet --no-cache --preview
ruff format: -q -n --check --diff --quiet --no-cache --preview --line-length
mypy: -v -p -m --strict --pretty --show-error-codes --show-error-context --no-incremental
  --ignore-missing-imports --warn-unused-ignores --package --module --python-version --platform
  --verbose
pyright: --stats --verbose --outputjson --warnings --level
flake8: -q -v --count --statistics --max-line-length --select --ignore --extend-ignore
  --show-source
isort: -c -v -q --check --check-only --diff --quiet --verbose
prettier: -c -l --check --list-different
eslint: --quiet --fix --ext --max-warnings --no-color --color
tsc: --noEmit --pretty --strict --skipLibCheck --version
shellcheck: -a -s -S -e -i -x --shell --severity --exclude --include --external-sources --color
ls: -a -A -l -h -t -r -R -1 -d -S -F -i -s -n -p -c -u -g -o -X -v -x -C -L -H -Z --all
  --almost-all --human-readable --recursive --reverse --sort --time --size --color --classify
  --directory --full-time --group-directories-first
cat: -n -b -A -s -e -t -v -E -T --number --number-nonblank --show-all --squeeze-blank
head: -n -c -q -v --lines --bytes --quiet --verbose
tail: -n -c -q -v -f -F -s --lines --bytes --quiet --follow --retry --pid --sleep-interval
wc: -l -w -c -m -L --lines --words --bytes --chars --max-line-length
grep: -r -R -n -i -v -w -x -l -L -c -o -h -H -E -F -P -G -A -B -C -e -s -q -m -a -I -z --include
  --exclude --exclude-dir --color --colour --count --ignore-case --invert-match --line-number
  --recursive --with-filename --no-filename --only-matching --files-with-matches --word-regexp
  --max-count --context --after-context --before-context
rg: -n -N -i -s -S -w -x -l -c -o -v -F -e -g -t -T -A -B -C -U -u -m -p -P -H -I -0 -a --hidden
  --glob --iglob --type --type-not --files --no-ignore --count --json --multiline --ignore-case
  --smart-case --fixed-strings --word-regexp --files-with-matches --max-count --max-depth
  --context --sort --stats --color --no-heading --heading --line-number --column --pcre2
  --only-matching --trim --version
diff: -u -r -q -b -w -B -N -i -y -a -c -s -U --brief --recursive --unified --side-by-side
  --ignore-all-space --ignore-space-change --ignore-blank-lines --new-file --color
  --report-identical-files --strip-trailing-cr
cmp: -s -l -b -n --silent --verbose --bytes
stat: -c -f -L -t --format --printf --file-system --terse --dereference
file: -b -i -L -k --brief --mime --mime-type --mime-encoding --dereference
du: -a -h -s -c -d -k -m -x -b --all --human-readable --summarize --total --max-depth
  --apparent-size --si
df: -h -k -m -T -i -a -H --human-readable --total --type --inodes
date: + -u -I -R --utc --iso-8601 --rfc-3339 --rfc-email
basename: -a -s -z --multiple --suffix
dirname: -z
realpath: -e -m -s -q --relative-to --relative-base --strip
readlink: -f -e -m -n --canonicalize
uname: -a -s -n -r -v -m -p -i -o
which: -a -s
cut: -d -f -c -b -s -z --delimiter --fields --characters --bytes --only-delimited --complement
tr: -d -s -c -t --delete --squeeze-repeats --complement
nl: -b -w -s -n -v -i
md5sum: -c -b -t --check --quiet --status --tag
sha1sum: -c -b -t --check --quiet --status --tag
sha256sum: -c -b -t --check --quiet --status --tag
tree: -a -d -L -I -P -h -s -f -i -D -F -C -n --dirsfirst --noreport --prune --du --gitignore
jq: -r -c -s -e -M -S -n -C -j -a --raw-output --compact-output --slurp --sort-keys --null-input
  --exit-status --tab --indent --arg --argjson
column: -t -s -n -c --table --separator
comm: -1 -2 -3 -i --check-order --nocheck-order
uptime: -p -s
id: -u -g -n -G -r
whoami:
groups:
nproc: --all
free: -h -m -g -k -b --human --mega --giga --total
"""

_NUMBER = re.compile(r"-\d+")
_LETTERS = re.compile(r"-[A-Za-z0-9]+")
# Single-dash words of more than a letter are one option to these, not a bundle.
_UNBUNDLED = frozenset({"go"})


@cache
def table() -> dict[tuple[str, ...], frozenset[str]]:
    """The words of each beginning (`*` for one word of any kind), and the options for it."""
    found = {}
    for line in _TABLE.replace("\n  ", " ").strip().splitlines():
        words, _, options = line.partition(":")
        found[tuple(words.split())] = frozenset(options.split())
    return found


def beginning(words: Sequence[str]) -> list[str]:
    """The beginning of an argv that makes a sensible rule with what follows it, or []."""
    for length in (3, 2, 1):
        start = tuple(words[:length])
        if len(start) == length and _known(start) is not None and follows(start, words[length:]):
            return list(start)
    return []


def allows(start: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a rule for the beginning `start` covers this argv."""
    return tuple(words[: len(start)]) == tuple(start) and follows(start, words[len(start) :])


def follows(start: Sequence[str], rest: Sequence[str]) -> bool:
    """Whether these words may follow that beginning: no option among them that is not listed."""
    options = _known(tuple(start))
    if options is None:
        return False
    for number, word in enumerate(rest):
        if word == "--":
            return "+" not in options and not any("::" in w for w in rest[number:])
        if word.startswith("-") and word != "-":
            if not _listed(word, options, bundles=start[0] not in _UNBUNDLED):
                return False
        elif "::" in word and start[0] == "git":
            return False  # a transport that is a command
        elif ("+" in options and not word.startswith("+")) or (start[0] == "make" and "=" in word):
            return False
    return True


def _known(start: tuple[str, ...]) -> frozenset[str] | None:
    if not start or any(w.startswith("-") for w in start[1:]):
        return None
    found = table().get(start)
    if found is None and len(start) > 1 and re.fullmatch(r"[\w.:-]+", start[-1]):
        found = table().get((*start[:-1], "*"))
    return found


def _listed(word: str, options: frozenset[str], *, bundles: bool) -> bool:
    if word.startswith("--"):
        return word.partition("=")[0] in options
    if not bundles:
        return word.partition("=")[0] in options
    if _NUMBER.fullmatch(word):
        return "-n" in options
    if word in options:
        return True
    letters = re.sub(r"\d+$", "", word)  # a number behind the last letter is its value
    if len(letters) < 2 or not _LETTERS.fullmatch(letters):
        return False
    return all(f"-{letter}" in options for letter in letters[1:])
