"""A harvest from end to end, for the command line and for the deck.

Byproducts → basket → draft → better words → neighbours → checks → my skills. Drafts lie under
`data/drafts` until they are installed or thrown away; nothing is asked of a model unless the
caller says so.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from sessions.api.harvest import (
    ByproductOrigin,
    ByproductSignals,
    CheckShown,
    SkillKept,
    SkillPutAway,
)
from sessions.config.model import UpkeepConfig
from sessions.errors import AgentdeckError, NotFound, UsageError
from sessions.harvest import checks, creator, merge
from sessions.harvest.added_commands import still_there
from sessions.harvest.basket import Basket, Lessons
from sessions.harvest.byproduct_cache import all_sessions, gather
from sessions.harvest.byproducts import ASKS, Found
from sessions.harvest.draft import SkillDraft, sha256, slug, split
from sessions.harvest.draft_record import DraftRecord
from sessions.harvest.draft_store import Shelf
from sessions.harvest.language import PROPOSAL
from sessions.harvest.pictures import MOST_OF_ALL, plain_bytes
from sessions.harvest.redact import Redactor, general
from sessions.harvest.similar_skills import Neighbour, neighbours
from sessions.harvest.suggestions import Suggestions
from sessions.harvest.usage import Uses, uses
from sessions.library import library
from sessions.paths import Places, private_folder
from sessions.record import events as ev
from sessions.record.closed_sets import MergedHow
from sessions.record.journal import NAME, read
from sessions.record.textlines import lines
from skills import private_files
from skills.errors import SkillError
from skills.install import removed

_NEGATIVES = 200
_PROPOSED = 600
"""Characters at the end of an answer, in which a skill is proposed."""
_LONGEST = 4_000
"""Of a message, how much is looked at: what it asks stands at its beginning."""
# Byproducts that a draft is made of when nobody picked: those with a signal of their own.
_WORTH = 2
_THINGS = ("code", "file", "picture", "command", "text")
"""Kinds that hold something which a skill can be made of by itself."""


class Harvest:
    """Harvests of one installation."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.basket = Basket(places)
        self.lessons = Lessons(places)
        self.shelf = Shelf(places.data / "drafts")
        self.suggestions = Suggestions(places, self.byproducts)

    @property
    def drafts(self) -> Path:
        """Where drafts lie."""
        return self.shelf.folder

    # -- what there is

    def byproducts(
        self, sessions: Sequence[str] = (), progress: Callable[[int, int], None] | None = None
    ) -> list[Found]:
        """The byproducts of some sessions, or of all. Raises NotFound."""
        return gather(sessions or all_sessions(self.places), self.places, progress)

    def as_file(self, found: Found, folder: Path, cwd: str) -> Path:
        """A file with the byproduct in it: as the session has it, else written beside the basket.

        `folder` is the session's, `cwd` its working directory where that is here. Raises NotFound.
        """
        if found.path:
            kept = [folder / "files" / found.path, folder / found.path]
            places = [path for path in kept if path.resolve().is_relative_to(folder.resolve())]
            places += [Path(cwd) / found.path] if cwd else []
            for path in places:
                if path.is_file():
                    return path
        if not found.text:
            raise NotFound(f"{found.path or 'It'} is not there any more.")
        suffix = Path(found.path).suffix or {"svg": ".svg", "html": ".html"}.get(
            found.language, ".txt"
        )
        target = private_folder(self.places.data / "harvest" / "seen") / f"{found.id}{suffix}"
        private_files.write(target, found.text, synced=False)
        return target

    def of_named(
        self, sessions: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> list[Found]:
        """What a draft is made of when somebody names sessions: what has signals of its own, else
        whatever was done there, else what was asked and answered. Empty where nothing was said.
        """
        found = gather(sessions, self.places, progress, once=True)
        chosen = self.worth([f for f in found if not _ran_once(f)], named=True)
        made = {f.signals.get("command") for f in chosen if f.signals.get("made")}
        made -= {f.signals.get("command") for f in chosen if not f.signals.get("made")}
        chosen += [f for f in found if f.kind == "command" and f.text in made and f not in chosen]
        if any(f.kind in (*_THINGS, "skill") and f.kind != "command" for f in chosen):
            return chosen  # else commands are all there is: the whole way, also what ran once
        chosen += [f for f in found if _ran_once(f) and f.signals.get("passed")]
        if any(f.kind in _THINGS for f in chosen):
            return chosen
        return [*chosen, *(f for each in sessions for f in self._said(each))]

    def accepted(self, session: str) -> SkillDraft | None:
        """The draft that somebody has said yes to: of a session whose last answer proposed a skill.

        None where it proposed none.
        """
        answer = [f for f in self._said(session) if f.kind == "text"]
        if not answer or not PROPOSAL.search(answer[0].text[-_PROPOSED:]):
            return None
        return self.create(self.of_named([session]))

    def _said(self, session: str) -> list[Found]:
        """A session's first question and its last answer, where it left nothing else."""
        journal = self._journal(session)
        asked: list[Found] = []
        answer: dict[int, list[str]] = {}
        at: dict[int, int] = {}
        for event in read(journal) if journal.exists() else ():
            if isinstance(event, ev.UserMessage) and event.text.strip():
                origin: ByproductOrigin = {
                    "session": session, "turn": event.turn, "seq": event.seq
                }  # fmt: skip
                asked.append(Found("question", event.text, origin=origin))
            elif isinstance(event, ev.Text):
                answer.setdefault(event.turn, []).append(event.text)
                at.setdefault(event.turn, event.seq)
        told = asked[:1]
        if answer:
            turn = max(answer)
            origin = {"session": session, "turn": turn, "seq": at[turn]}
            signals: ByproductSignals = {"asked": asked[0].text[:200]} if asked else {}
            told.append(Found("text", "".join(answer[turn]), origin=origin, signals=signals))
        return told

    def worth(self, found: Sequence[Found], *, named: bool = False) -> list[Found]:
        """Those with signals of their own, strongest first: what ran, was marked or reused.

        `named`: somebody named these sessions. Where nothing that ran, was marked or was reused
        holds anything, the files that were written are taken, or whatever else there is.
        """
        if named and (skills := [f for f in found if f.kind == "skill"]):
            return skills[-1:]  # it is a skill already: nothing is added to what its writer wrote
        found = [f for f in found if f.kind != "skill"]
        strong = [f for f in found if f.weight >= _WORTH or f.kind == "correction"]
        if named and not any(f.kind in _THINGS for f in strong):
            strong += [f for f in found if f.kind in _THINGS and f not in strong]
            strong = strong or list(found)
        files = {f.signals.get("file") for f in strong if f.kind == "code"}
        kept = [
            f for f in strong if f.kind != "code" or f.signals.get("file") not in files - {None}
        ]
        # What a run that is kept has made shows what comes of it.
        runs = {f.signals.get("command") for f in kept if f.kind in ("file", "code")} - {None}
        kept += [
            f
            for f in found
            if f.signals.get("made") and f.signals.get("command") in runs and f not in kept
        ]
        return sorted(kept, key=lambda f: f.weight, reverse=True)[:40]

    def picked(self, found: Sequence[Found], ids: Sequence[str]) -> list[Found]:
        """Those of the ids, or of their beginnings, in that order. Raises NotFound, UsageError."""
        chosen: list[Found] = []
        for wanted in ids:
            same = [f for f in found if f.id.startswith(wanted.casefold())]
            if not same:
                raise NotFound(f"There is no byproduct {wanted} here.", "See the ids with --list.")
            if len(same) > 1:
                told = ", ".join(f.id for f in same[:5])
                raise UsageError(
                    f"{wanted} can mean {len(same)} byproducts: {told}.", "Say more of it."
                )
            chosen += [f for f in same if f not in chosen]
        return chosen

    # -- drafting

    def create(self, found: Sequence[Found], name: str = "") -> SkillDraft:
        """A draft by code alone, written to `drafts`. Raises DraftError."""
        held = [self._held(f) for f in found]
        draft = creator.create(held, self._redactor(found), name, self._pictures(held))
        if self._made_once_more(draft, named=bool(name)):
            self.shelf.take_away(draft.name)
        return self.shelf.add(draft)

    async def improve(self, name: str, ask: creator.Ask, wish: str = "") -> SkillDraft:
        """Let a model put the draft into better words. Raises DraftError; the old one stays."""
        before = self.draft(name)
        after = await creator.improve(before, ask, wish, self.lessons.reasons())
        if before.into or after.name == before.name:
            after.name = before.name  # a new version of a skill keeps its name
        else:
            after.name = self.shelf.free(after.name)
        after.rounds[-1]["diff"] = diff(before.skill_md(), after.skill_md())
        after.checks = _still_true(after, before.harvest_json())
        return self.shelf.replace(before.name, after)

    def draft(self, name: str) -> SkillDraft:
        """A draft as it lies on disk, edits included. Raises NotFound or UsageError."""
        return self.shelf.draft(name)

    def names(self) -> list[str]:
        """Names of all drafts."""
        return self.shelf.names()

    def edited(self, name: str) -> SkillDraft:
        """Record that the user has edited the draft by hand."""
        draft = self.draft(name)
        written = self.shelf.recorded(name)
        changes = diff(written.get("skill_md", ""), draft.skill_md())
        hashes = {path: sha256(data) for path, data in draft.files.items()}
        if not changes and hashes == written.get("sha256"):
            return draft  # looked at, not changed
        draft.rounds.append({"at": ev.now(), "by": "user", "diff": changes})
        draft.changed_files = sorted(
            {*draft.changed_files, *_changed(hashes, written.get("sha256", {}))}
        )
        draft.version += 1
        draft.checks = _still_true(draft, written)
        draft.name = draft.name if draft.name == name else self.shelf.free(slug(draft.name))
        return self.shelf.replace(name, draft)

    def merge(self, name: str, into: str, how: MergedHow = "update") -> SkillDraft:
        """Make a draft a new version of a skill of mine. Raises NotFound, AgentdeckError.

        `how`: `update` brings the texts together, `extend` only adds to the skill's, `split` does
        so with the files that the skill has already and leaves the rest as a draft.
        """
        draft = self.draft(name)
        folder = self.places.my_skills / slug(into, words=99)
        if not (folder / "SKILL.md").is_file():
            raise NotFound(
                f"{into} is not one of your skills.", "Only those can be updated from here."
            )
        rest = None
        if how == "split":
            near = neighbours(draft, [folder])
            draft, rest = merge.split_off(draft, near[0].parts if near else ())
        try:
            after = merge.merged(draft, folder, extend=how == "extend")
            mine = (folder / "SKILL.md").read_text("utf-8", "replace")
        except OSError as error:
            raise AgentdeckError(f"{folder} can't be read: {error.strerror}.") from error
        after.rounds[-1] |= {"diff": diff(mine, after.skill_md()), "how": how}
        if after.name in self.names() and (after.name != name or rest is not None):
            raise AgentdeckError(
                f"There is another draft called {after.name}.", "Install or reject that one first."
            )
        if rest is None:
            return self.shelf.replace(name, after)
        self.shelf.add(after)
        rest.rounds.append({"at": ev.now(), "by": "split", "into": after.name})
        self.shelf.replace(name, rest)
        return after

    def resolve(self, name: str, number: int, keep: str) -> SkillDraft:
        """Decide a place that was changed by the user and by the draft. Raises UsageError."""
        draft = self.draft(name)
        before = draft.skill_md()
        merge.resolved(draft, number, keep)
        changes = diff(before, draft.skill_md())
        draft.rounds.append({"at": ev.now(), "by": "user", "kept": keep, "diff": changes})
        return self.shelf.replace(draft.name, draft)

    def installed(self, draft: SkillDraft) -> Path | None:
        """Where the very same skill is one of mine already, or None."""
        folder = self.places.my_skills / draft.name
        try:
            if (folder / "SKILL.md").read_text("utf-8") != draft.skill_md():
                return None
            same = all((folder / name).read_bytes() == data for name, data in draft.files.items())
        except (OSError, ValueError):
            return None
        return folder if same else None

    def reject(self, name: str, reason: str) -> None:
        """Throw a draft away, and remember why for the next one."""
        draft = self.draft(name)
        self.lessons.reject(draft.name, reason)
        self.shelf.take_away(draft.name)

    def neighbours(self, draft: SkillDraft) -> list[Neighbour]:
        """Skills that are near; update or extend comes before create."""
        folders = [skill.path for skill in library([], self.places).scan()]
        return neighbours(draft, folders)

    # -- checking and saving

    def check(self, draft: SkillDraft) -> list[checks.DraftCheck]:
        """The checks that cost nothing: strict rules, the trigger by words, what is risky, and what
        a model has added.
        """
        trigger = checks.trigger(draft, *self.messages(draft))
        found = [checks.valid(draft), trigger, checks.risks(draft)]
        by_model = any(each.get("by") == "model" for each in draft.rounds)
        return [checks.commands(draft), *found] if by_model else found

    async def check_by_model(self, draft: SkillDraft, ask: creator.Ask) -> checks.DraftCheck:
        """The trigger, as a model would pull it; one question."""
        return await checks.trigger_by_model(draft, *self.messages(draft), ask)

    def keep_check(self, name: str, check: checks.DraftCheck) -> SkillDraft:
        """Write a check's result into the draft's harvest.json."""
        draft = self.draft(name)
        draft.checks[check.name] = check.record()
        return self.shelf.replace(draft.name, draft)

    def messages(self, draft: SkillDraft) -> tuple[list[str], list[str]]:
        """The user's messages that led to a draft, and those of the latest other sessions.

        Without what must not leave a session: they go to a model, and into `harvest.json`.
        """
        mine = _sessions_of(draft)
        positives = self.prompts(draft)
        theirs = [s for s in all_sessions(self.places) if s not in mine][-50:]
        negatives = [text for s in theirs for text in self._messages(s)][:_NEGATIVES]
        asked = {" ".join(text.split()).casefold() for text in positives}
        # The same words in another session led there as well: no near-miss.
        others = [t for t in negatives if " ".join(t.split()).casefold() not in asked]
        positives = positives[:20]
        redactor = self._redactor_of([*mine, *theirs])

        def clean(texts: list[str]) -> list[str]:
            return [general(redactor.redact(text[:_LONGEST]).text) for text in texts]

        return clean(positives), clean(others)

    def prompts(self, draft: SkillDraft) -> list[str]:
        """The user's messages that led to a draft, as they were."""
        return [text for s in sorted(_sessions_of(draft)) for text in self._messages(s)]

    def uses(self, limits: UpkeepConfig | None = None) -> list[Uses]:
        """How often each skill of mine was used, and whether it helped."""
        return uses(self.places, self._mine(), limits)

    def upkeep(self, limits: UpkeepConfig | None = None) -> list[SkillKept]:
        """Skills of mine with their figures and what there is to say of each."""
        from sessions.harvest.upkeep import upkeep

        return upkeep(self.places, self._mine(), limits)

    def put_away(self) -> list[SkillPutAway]:
        """Skills of mine that were put away, newest first."""
        mine = library([], self.places)
        here = self.places.my_skills
        return [
            {"name": item.name, "at": item.at}
            for item in removed(mine.places.trash)
            if item.was.parent == here and not item.was.exists()
        ]

    async def replay(self, draft: SkillDraft) -> checks.DraftCheck:
        """Run the scripts again in the sandbox, as they were recorded."""
        there = [s for s in sorted(_sessions_of(draft)) if self._journal(s).exists()]
        found = self.byproducts(there) if there else []
        here = self.places
        own = [p for p in (here.config_file.parent, here.data, here.state) if p.exists()]
        redactor = self._redactor(found)
        return await checks.replay(
            draft,
            found,
            lambda session: read(self._journal(session)),
            own,
            lambda text: redactor.redact(text).text,
        )

    def install(self, name: str, *, replace: bool = False, added: bool = False) -> Path:
        """Copy a draft to my skills; valid by the strict rules or refused.

        `added`: the user has seen what a model added that no session ran.

        Raises AgentdeckError: it is not valid, has conflicts, or there is one of that name.
        """
        draft = self.draft(name)
        if not added and (more := still_there(draft)):
            raise AgentdeckError(
                f"A model added what no session ran: {more[0]}",
                "Take it out, or install it from the deck's review (F5), which asks.",
            )
        if count := merge.conflicts(draft.body):
            raise AgentdeckError(
                f"{count} places were changed by you and by the draft; both stand there.",
                "Edit SKILL.md: keep what is right and take the marks out.",
            )
        replace = replace or draft.into == draft.name
        if not replace and (self.places.my_skills / draft.name).exists():
            raise AgentdeckError(
                f"You have a skill {draft.name} already.",
                f"Bring the draft into it (u in its review, or --into {draft.name}), or give it "
                "another name.",
            )
        done = checks.valid(draft)
        if not done.passed:
            first = done.findings[0]
            raise AgentdeckError(
                f"The draft is not valid: {first['message']}", str(first.get("remedy", ""))
            )
        draft.checks |= {check.name: check.record() for check in self.check(draft)}
        self.shelf.replace(draft.name, draft)
        mine = library([], self.places)
        try:
            skill = mine.add(str(self.drafts / draft.name), replace=replace)
            mine.lock.trust(skill)  # the user has just reviewed exactly these files
        except SkillError as error:
            raise AgentdeckError(error.message, error.hint) from error
        self.shelf.take_away(draft.name)
        for session in _sessions_of(draft):
            self.suggestions.dismiss(session)  # it has been made
        return skill.path

    def uninstall(self, name: str) -> Path:
        """Undo an install: the skill goes to the trash; where it was a new version, the one
        before comes back. Returns where it lies now.
        """
        mine = library([], self.places)
        try:
            skill = mine.get(name)
            older = next((r for r in removed(mine.places.trash) if r.name == skill.path.name), None)
            updated = SkillDraft.is_version(skill.path)
            now = mine.remove(skill).now
            if updated and older is not None:
                older.now.rename(older.was)
                mine.lock.trust(mine.get(name))
        except SkillError as error:
            raise AgentdeckError(error.message, error.hint) from error
        except OSError as error:
            raise AgentdeckError(
                f"The version before can't be put back: {error.strerror}.",
                "Both are in the trash: see `agentdeck skills`.",
            ) from error
        return now

    def export(self, name: str, out: Path) -> Path:
        """Write a draft as a `.skill` archive into the folder `out`."""
        from skills.archive import pack

        draft = self.draft(name)
        target = out / f"{draft.name}.skill"
        try:
            pack(self.drafts / draft.name, target)
        except (SkillError, OSError) as error:
            raise AgentdeckError(f"{target} can't be written: {error}.") from error
        return target

    # -- parts

    def _mine(self) -> list[Path]:
        """The folders of my skills."""
        folder = self.places.my_skills
        there = sorted(folder.iterdir()) if folder.is_dir() else []
        return [path for path in there if (path / "SKILL.md").is_file()]

    def _held(self, found: Found) -> Found:
        """A small text that a command made or a script read, as it lies in the folder; one that was
        made, if it is as it was made.
        """
        digest, made = found.signals.get("sha256"), found.signals.get("made")
        if found.text or not (digest if made else found.signals.get("input")):
            return found
        cwd = self._folder_here(str(found.origin.get("session") or ""))
        try:
            data = plain_bytes(Path(cwd), found.path) if cwd else b""
            text = data.decode("utf-8") if not made or sha256(data) == digest else ""
        except ValueError:
            return found
        return replace(found, text=text)

    def _pictures(self, found: Iterable[Found]) -> dict[str, bytes]:
        """Pictures that are no text, as they were made or handed over; those that are small."""
        pictures: dict[str, bytes] = {}
        room = MOST_OF_ALL
        for each in found:
            if each.kind != "picture" or each.text or not each.path:
                continue
            session = str(each.origin.get("session") or "")
            digest = each.signals.get("sha256")
            folder: Path | None = self.places.session(session) / "files"
            if each.signals.get("made"):
                cwd = self._folder_here(session)
                folder = Path(cwd) if cwd else None
            data = plain_bytes(folder, each.path) if folder is not None else b""
            changed = each.signals.get("made") and sha256(data) != digest
            if data and not changed and len(data) <= room:
                pictures[each.id], room = data, room - len(data)
        return pictures

    def _redactor(self, found: Sequence[Found]) -> Redactor:
        """Knows the working directories of the sessions, so that their paths become relative."""
        return self._redactor_of(str(each.origin.get("session") or "") for each in found)

    def _redactor_of(self, sessions: Iterable[str]) -> Redactor:
        return Redactor(cwd=self._folders(sessions))

    def _folders(self, sessions: Iterable[str]) -> set[str]:
        """The working directories of sessions."""
        made = [self._created(session) for session in {each for each in sessions if each}]
        return {each.cwd.removeprefix(f"{each.host}:") for each in made if each is not None}

    def _folder_here(self, session: str) -> str:
        """A session's working directory; "" where it works on another machine."""
        made = self._created(session)
        return made.cwd if made is not None and not made.host else ""

    def _created(self, session: str) -> ev.SessionCreated | None:
        journal = self._journal(session)
        first = next(iter(read(journal)), None) if session and journal.exists() else None
        return first if isinstance(first, ev.SessionCreated) else None

    def _made_once_more(self, draft: SkillDraft, *, named: bool) -> bool:
        """Whether one like it lies there, as from cron, and nothing of anybody's is in that."""
        if draft.name not in self.names() or self.shelf.touched(draft.name):
            return False
        return named or self.draft(draft.name).receipts == draft.receipts

    def _journal(self, session: str) -> Path:
        return self.places.session(session) / NAME

    def _messages(self, session: str) -> list[str]:
        journal = self._journal(session)
        if not journal.exists():
            return []
        found = (e for e in read(journal) if isinstance(e, ev.UserMessage))
        return [e.text for e in found if e.origin in ASKS]


def _ran_once(found: Found) -> bool:
    once = found.kind == "command" and found.signals.get("count") == 1
    return once and not {"sessions", "marked", "copied"} & found.signals.keys()


def _still_true(draft: SkillDraft, before: DraftRecord) -> dict[str, CheckShown]:
    """The checks that still speak of this draft: others looked at one that is no more.

    Those that are free are done again anyhow.
    """
    same = {path: sha256(data) for path, data in draft.files.items()} == before.get("sha256")
    described = split(before.get("skill_md", ""))[:2] == (draft.name, draft.description)
    holds = {"replay": same, "trigger (model)": described, "pair": False}
    return {name: each for name, each in draft.checks.items() if holds.get(name, True)}


def _sessions_of(draft: SkillDraft) -> set[str]:
    """The sessions that a draft came from; some may be gone by now."""
    return {s for r in draft.receipts.values() if (s := str(r["from"].get("session") or ""))}


def diff(before: str, after: str) -> str:
    """What changed, as a unified diff; "" when nothing did."""
    made = difflib.unified_diff(lines(before), lines(after), "before", "after", lineterm="", n=2)
    return "\n".join(made)


def _changed(now: dict[str, str], before: dict[str, str]) -> list[str]:
    return [path for path, told in now.items() if before.get(path, told) != told]
