"""Which beginnings of commands are offered as rules, and what they then cover."""

from __future__ import annotations

import re

import pytest

from sessions.tools import command_wrappers, rule_prefixes
from sessions.tools import plain_command as plain
from sessions.tools.base import NO_BECAUSE, ONCE, Option

# A beginning that is allowed, a command with it, whether the rule covers that.
COVERED = """
git status | git status -s | yes
git status | git status -sb | yes
git status | git status --porcelain=v2 | yes
git log | git log --oneline -n 5 | yes
git log | git log -5 src | yes
git log | git log -n5 --since=2.weeks | yes
git log | git log --outp=x | no
git log | git log --output x | no
git log | git log -p | no
git log | git log --ext-diff | no
git log | git log --onelin | no
git diff | git diff --stat -- src | yes
git diff | git diff --ext | no
git diff | git diff --text | no
git diff | git diff -wO/tmp/x | no
git diff | git diff --no-index a b | no
git show | git show HEAD~1 | no
git show | git show HEAD | yes
git add | git add -Av src | yes
git add | git add -i | no
git add | git add -e | no
git add | git add --pathspec-from-file=x | no
git commit | git commit -am words | yes
git commit | git commit -F /etc/passwd | no
git commit | git commit --template=x | no
git commit | git commit --no-verify | no
git branch | git branch -a | yes
git branch | git branch -D main | no
git branch | git branch --edit-description | no
git switch | git switch -c new | yes
git blame | git blame --content=x f | no
npm test | npm test -s | yes
npm test | npm test --script-shell=x | no
npm test | npm test --node-options=x | no
npm run build | npm run build | yes
npm run build | npm run build --prefix=x | no
npm run build | npm run deploy | no
make check | make check -j8 | yes
make check | make check -kj 8 | yes
make check | make check SHELL=/tmp/x | no
make check | make check -f x | no
make check | make check --eva=x | no
make check | make check -skf x | no
make check | make check -C dir | no
cargo test | cargo test --release -p a | yes
cargo test | cargo test --config x | no
cargo test | cargo test --conf x | no
cargo test | cargo test -Zx | no
cargo test | cargo test --manifest-path x | no
go test | go test -race -run=X ./... | yes
go test | go test -exec x | no
go test | go test -toolexec=x | no
go test | go test -o x | no
go test | go test --exec x | no
go build | go build -overlay=x | no
pytest | pytest -q tests | yes
pytest | pytest -qx -k expr | yes
pytest | pytest -p evil | no
pytest | pytest -qp evil | no
pytest | pytest -c x | no
pytest | pytest --pdbcls=x:y | no
pytest | pytest --rootd=x | no
pytest | pytest -o addopts=x | no
ruff check | ruff check --fix src | yes
ruff check | ruff check --config x | no
mypy | mypy --strict src | yes
mypy | mypy --python-executable=x | no
mypy | mypy --config-file x | no
eslint | eslint --fix src | yes
eslint | eslint --resolve-plugins-relative-to x | no
eslint | eslint -c x | no
prettier | prettier --check src | yes
prettier | prettier --plugin=x src | no
prettier | prettier --write src | no
tsc | tsc --noEmit | yes
tsc | tsc --project x | no
tsc | tsc --outDir x | no
ls | ls -lahtr src | yes
ls | ls --hyperlink | no
cat | cat -n a | yes
head | head -20 a | yes
tail | tail -n 5 -f a | yes
wc | wc -l a | yes
wc | wc --files0-from=x | no
grep | grep -rn --include=x word . | yes
grep | grep -f x y | no
grep | grep -rnf x y | no
grep | grep --file=x y | no
rg | rg -n word | yes
rg | rg --pre=x word | no
rg | rg --pr=x word | no
rg | rg -nz word | no
rg | rg --hostname-bin=x word | no
diff | diff -ru a b | yes
diff | diff --to-file=x a | no
stat | stat -c %s a | yes
file | file -C -m x | no
file | file -z a | no
du | du -sh a | yes
du | du --files0-from=x | no
date | date +%s | yes
date | date -u +%s | yes
date | date -s 2020 | no
date | date --se=2020 | no
date | date -f x | no
date | date 010100002030 | no
tree | tree -L 2 | yes
tree | tree -o x | no
tree | tree -R -H x | no
jq | jq -r .a f.json | yes
jq | jq -f x f.json | no
jq | jq -L x . | no
jq | jq --from-file x | no
cut | cut -d : -f 1 a | yes
sha256sum | sha256sum -c a | yes
uname | uname -a | yes
which | which -a git | yes
pip list | pip list --outdated | yes
pip list | pip list --index-url=x | no
pip list | pip list --python=x | no
gh pr list | gh pr list -L 5 | yes
gh pr view | gh pr view 5 --web | no
systemctl status | systemctl status x --no-pager | yes
systemctl status | systemctl status -H host | no
dotnet test | dotnet test --no-build | yes
dotnet test | dotnet test --logger x | no
dotnet test | dotnet test -s x | no
mix test | mix test --trace | yes
mix test | mix test -r x | no
"""
CASES = [tuple(p.strip() for p in line.split("|")) for line in COVERED.strip().splitlines()]

# What is offered for a command that is plain: a beginning, exactly these words, or nothing.
OFFERED = """
git status | git status
git log --oneline | git log
git log -p | nothing
git fetch origin | exact
git push | exact
git checkout main | exact
git clone x | exact
npm install | exact
npm test | npm test
npm run build | npm run build
npx x | nothing
bundle exec rake | nothing
bundle install | exact
conda run x | nothing
conda list | exact
mamba run x | nothing
poetry run x | nothing
poetry show | exact
uv run x | nothing
uv pip list | uv pip list
pipx run x | nothing
cargo run x | exact
cargo build | cargo build
cargo install x | exact
gem exec x | nothing
rustup run stable x | nothing
stack exec x | nothing
dotnet run | exact
swift run | exact
flutter run | exact
go run x.go | exact
nix run x | nothing
brew list | exact
apt list | exact
terraform plan | exact
gradle build | exact
mvn test | exact
cmake . | exact
gh pr list | gh pr list
gh pr merge 5 | exact
hg status | hg status
hg log | hg log
uniq a b | nothing
sort a | exact
time x | nothing
flock f x | nothing
prlimit x | nothing
linux64 x | nothing
ssh-agent x | nothing
choom x | nothing
systemd-cat x | nothing
systemd-run x | nothing
cargo-watch x | nothing
split --filter=x f | nothing
split --filt=x f | nothing
split f | exact
tar --to-comm=x -xf a | nothing
tar -cf a b | exact
sort --compress-prog=x a | nothing
sort --outp=x a | nothing
install --strip-program=x a b | nothing
install -s a b | nothing
python -X dev -c x | nothing
python -Wignore -c x | nothing
python x.py | exact
python -m pytest | exact
/lib64/ld-linux-x86-64.so.2 x | nothing
ld-linux.so.2 x | nothing
ld-musl-x86_64.so.1 x | nothing
env x | nothing
nice x | nothing
setarch x | nothing
socat a b | nothing
watchexec x | nothing
unknown-program a | exact
./run.sh a | exact
make | exact
make check | make check
make -f x | nothing
make --ev=x | nothing
make -skf x | nothing
git -ccore.pager=x log | nothing
git diff --ext-d | nothing
git log --outpu=x | nothing
git grep --open-files=x y | nothing
git rebase main | nothing
find . -name x | exact
find . -exec x | nothing
fd x | exact
fd -Hx y | nothing
rsync a b | exact
rsync -ave x a b | nothing
rsync --rs=x a b | nothing
curl -so x y | nothing
curl --outp=x y | nothing
wget -qO x y | nothing
jq . f | jq
date | date
true | exact
echo a | exact
printf a | exact
test -f x | exact
docker ps | nothing
kubectl get pods | nothing
"""
OFFERS = [tuple(p.strip() for p in line.split("|")) for line in OFFERED.strip().splitlines()]


def test_the_tables_are_long_enough() -> None:
    assert len(CASES) + len(OFFERS) >= 150


@pytest.mark.parametrize(("start", "line", "covered"), CASES, ids=lambda c: c)
def test_a_beginning_covers_listed_options_alone(start: str, line: str, covered: str) -> None:
    words = plain.split(line)
    allowed = (
        words is not None
        and not plain.refuses_rule(words)
        and rule_prefixes.allows(start.split(), words)
    )
    assert allowed == (covered == "yes")


@pytest.mark.parametrize(("line", "offered"), OFFERS, ids=lambda c: c)
def test_what_is_offered_for_good(line: str, offered: str) -> None:
    words = plain.split(line)
    assert words is not None
    if plain.refuses_rule(words):
        assert offered == "nothing"
        return
    assert (" ".join(rule_prefixes.beginning(words)) or "exact") == offered


@pytest.mark.parametrize("name", sorted(command_wrappers.NAMES))
def test_every_wrapper_is_a_whole_name(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9._+-]*[a-z0-9]|[a-z]", name)
    assert plain.refuses_rule([name, "x"])
    assert plain.refuses_rule([f"/usr/bin/{name}", "x"])


@pytest.mark.parametrize("start", sorted(rule_prefixes.table()))
def test_every_option_of_the_table_is_whole(start: tuple[str, ...]) -> None:
    for option in rule_prefixes.table()[start]:
        single = r"-[a-z]+" if start[0] == "go" else r"-[A-Za-z0-9]"
        assert re.fullmatch(single + r"|--[a-z][A-Za-z0-9-]*|\+", option), option
    assert all(re.fullmatch(r"[a-z0-9.-]+|\*", word) for word in start)


@pytest.mark.parametrize("option", [ONCE, NO_BECAUSE], ids=lambda option: option.id)
def test_an_answer_s_short_words_are_shorter_than_the_whole(option: Option) -> None:
    assert 0 < len(option.short) < len(option.name)
