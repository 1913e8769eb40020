"""Every command of the engine as a typed call.

Made by `python -m sessions.engine.protocol`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

if TYPE_CHECKING:
    from sessions.api.agents import AgentProvider, AgentSession, Restarted, SignInWay
    from sessions.api.answers import (
        BackendListed,
        Begun,
        BroadcastSent,
        CompactionCost,
        ContextFilled,
        EngineStatus,
        Greeting,
        Handed,
        HostState,
        McpServerState,
        ModelChoice,
        Restored,
        SandboxState,
        Sent,
        SessionListed,
        SettingChanged,
        SettingsShown,
        ShellEnded,
        TurnShown,
        TurnTimeline,
        Undone,
        UsageShown,
        Watched,
    )
    from sessions.api.cluster import ClusterNode
    from sessions.api.deck import OfferFound, ProfileShown, SearchHit
    from sessions.api.harvest import (
        DraftChecked,
        DraftShown,
        HarvestItem,
        HarvestSpan,
        PairDecided,
        PairToDecide,
        SkillKept,
        SkillPutAway,
        SkillUses,
    )
    from sessions.api.plans import PlanDrafted, PlanFound, PlanReport, RunLine, RunShown, Scheduled
    from sessions.api.priming import (
        ComparisonWaiting,
        DreamsWaiting,
        InjectionSent,
        PrimingItem,
        PrimingJudged,
        PrimingKindShown,
        PrimingKnown,
        PrimingLedger,
        PrimingPast,
        PrimingPrepared,
        PrimingPreview,
        PrimingRead,
        PrimingShown,
        PrimingWishes,
        SessionPrimed,
    )
    from sessions.api.requests import RunWishes, SessionEdits
    from sessions.api.skills import (
        NotSwitched,
        PutBack,
        SkillAdded,
        SkillFile,
        SkillReviewed,
        SkillsListed,
        SkillUsedAt,
    )
    from sessions.api.terminals import Pasted, Recorded, TerminalCommand, TerminalWatched
    from sessions.api.work import Changed, CheckSaid, Known, Packed
    from sessions.api.worktrees import (
        BranchChecked,
        BroughtBack,
        ChangesCommitted,
        ChangesShown,
        Discarded,
        Fetched,
        GivenBack,
        Landed,
        MessageDrafted,
        NotLanded,
        PicturesShown,
        Pruned,
        Staged,
        TakenBack,
    )
    from sessions.record import events as ev
    from sessions.record.closed_sets import (
        ByproductKind,
        ChosenBy,
        DrawnKind,
        LandedHow,
        MergedHow,
        Origin,
        Permission,
        Preferred,
        QueueMode,
        SkillState,
    )
    from sessions.record.summary import SessionSummary
    from sessions.record.summary_parts import AgentOption, AttachedFile, Attachment, MessageWaiting


class Calls(Protocol):
    """What can be asked of the engine. A wrong name or argument is found by the type checker."""

    @overload
    async def call(
        self, command: Literal["agent.authenticate"], /, *, backend: str, method: str
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["agent.choose"], /, *, session: str, option: str, value: str
    ) -> list[AgentOption]: ...

    @overload
    async def call(
        self, command: Literal["agent.delete"], /, *, backend: str, agent_session: str
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["agent.options"], /, *, session: str
    ) -> list[AgentOption]: ...

    @overload
    async def call(
        self, command: Literal["agent.providers"], /, *, backend: str
    ) -> list[AgentProvider]: ...

    @overload
    async def call(self, command: Literal["agent.restart"], /, *, backend: str) -> Restarted: ...

    @overload
    async def call(
        self,
        command: Literal["agent.sessions"],
        /,
        *,
        backend: str,
        cwd: str = ...,
        near: str = ...,
    ) -> list[AgentSession]: ...

    @overload
    async def call(
        self, command: Literal["agent.sign_in"], /, *, backend: str
    ) -> list[SignInWay]: ...

    @overload
    async def call(
        self, command: Literal["archive.import"], /, *, paths: list[str]
    ) -> dict[str, int]: ...

    @overload
    async def call(
        self, command: Literal["archive.search"], /, *, query: str, limit: int = ...
    ) -> list[SearchHit]: ...

    @overload
    async def call(
        self,
        command: Literal["archive.usage"],
        /,
        *,
        by: list[str],
        since: str = ...,
        until: str = ...,
        most: int = ...,
    ) -> UsageShown: ...

    @overload
    async def call(self, command: Literal["cluster.nodes"], /) -> list[ClusterNode]: ...

    @overload
    async def call(
        self, command: Literal["config.add"], /, *, keys: list[str], first: dict[str, str]
    ) -> SettingChanged: ...

    @overload
    async def call(
        self, command: Literal["config.check"], /, *, keys: list[str], text: str
    ) -> str: ...

    @overload
    async def call(
        self,
        command: Literal["config.put"],
        /,
        *,
        keys: list[str],
        text: str,
        before: str | None = ...,
    ) -> SettingChanged: ...

    @overload
    async def call(
        self, command: Literal["config.reset"], /, *, keys: list[str], before: str | None = ...
    ) -> SettingChanged: ...

    @overload
    async def call(self, command: Literal["config.settings"], /) -> SettingsShown: ...

    @overload
    async def call(self, command: Literal["deck.backends"], /) -> list[BackendListed]: ...

    @overload
    async def call(
        self,
        command: Literal["deck.broadcast"],
        /,
        *,
        sessions: list[str],
        text: str,
        attachments: list[AttachedFile] | None = ...,
    ) -> list[BroadcastSent]: ...

    @overload
    async def call(
        self, command: Literal["deck.hosts"], /, *, again: bool = ...
    ) -> list[HostState]: ...

    @overload
    async def call(
        self, command: Literal["deck.list"], /, *, archived: bool = ..., closed: bool = ...
    ) -> list[SessionSummary]: ...

    @overload
    async def call(
        self, command: Literal["deck.models"], /, *, backend: str
    ) -> list[ModelChoice]: ...

    @overload
    async def call(self, command: Literal["deck.offers"], /) -> list[OfferFound]: ...

    @overload
    async def call(
        self, command: Literal["deck.order"], /, *, first: list[str] | None = ...
    ) -> list[str]: ...

    @overload
    async def call(self, command: Literal["deck.profiles"], /) -> list[ProfileShown]: ...

    @overload
    async def call(
        self, command: Literal["deck.rows"], /, *, sessions: list[str]
    ) -> list[SessionListed]: ...

    @overload
    async def call(
        self, command: Literal["deck.sandbox"], /, *, backend: str = ...
    ) -> SandboxState: ...

    @overload
    async def call(self, command: Literal["deck.status"], /) -> EngineStatus: ...

    @overload
    async def call(
        self,
        command: Literal["harvest.basket"],
        /,
        *,
        add: list[HarvestItem] | None = ...,
        remove: list[str] | None = ...,
        clear: bool = ...,
    ) -> list[HarvestItem]: ...

    @overload
    async def call(
        self, command: Literal["harvest.byproducts"], /, *, sessions: list[str] | None = ...
    ) -> list[HarvestItem]: ...

    @overload
    async def call(
        self,
        command: Literal["harvest.check"],
        /,
        *,
        name: str,
        replay: bool = ...,
        session: str = ...,
    ) -> DraftChecked: ...

    @overload
    async def call(
        self, command: Literal["harvest.choose"], /, *, name: str, answer: Preferred
    ) -> PairDecided: ...

    @overload
    async def call(
        self,
        command: Literal["harvest.draft"],
        /,
        *,
        name: str = ...,
        items: list[HarvestItem] | None = ...,
        session: str = ...,
    ) -> DraftShown: ...

    @overload
    async def call(self, command: Literal["harvest.drafts"], /) -> list[str]: ...

    @overload
    async def call(self, command: Literal["harvest.export"], /, *, name: str, out: str) -> str: ...

    @overload
    async def call(self, command: Literal["harvest.file"], /, *, item: HarvestItem) -> str: ...

    @overload
    async def call(
        self, command: Literal["harvest.improve"], /, *, name: str, session: str, wish: str = ...
    ) -> DraftShown: ...

    @overload
    async def call(
        self,
        command: Literal["harvest.install"],
        /,
        *,
        name: str,
        replace: bool = ...,
        added: bool = ...,
    ) -> str: ...

    @overload
    async def call(
        self,
        command: Literal["harvest.mark"],
        /,
        *,
        session: str,
        kind: ByproductKind,
        text: str,
        turn: int,
        seq: int,
        copied: bool = ...,
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["harvest.merge"], /, *, name: str, into: str, how: MergedHow = ...
    ) -> DraftShown: ...

    @overload
    async def call(
        self, command: Literal["harvest.open"], /, *, name: str, edited: bool = ...
    ) -> DraftShown: ...

    @overload
    async def call(
        self,
        command: Literal["harvest.pair"],
        /,
        *,
        name: str,
        begin: bool = ...,
        prompts: list[str] | None = ...,
        count: int = ...,
    ) -> PairToDecide: ...

    @overload
    async def call(self, command: Literal["harvest.put_away"], /) -> list[SkillPutAway]: ...

    @overload
    async def call(
        self, command: Literal["harvest.reject"], /, *, name: str, reason: str = ...
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["harvest.resolve"], /, *, name: str, number: int, keep: str
    ) -> DraftShown: ...

    @overload
    async def call(self, command: Literal["harvest.spans"], /) -> list[HarvestSpan]: ...

    @overload
    async def call(
        self, command: Literal["harvest.suggestion"], /, *, session: str, dismiss: bool = ...
    ) -> str: ...

    @overload
    async def call(self, command: Literal["harvest.uninstall"], /, *, name: str) -> str: ...

    @overload
    async def call(self, command: Literal["harvest.uses"], /) -> list[SkillUses]: ...

    @overload
    async def call(
        self, command: Literal["hello"], /, *, version: str = ..., client: str = ...
    ) -> Greeting: ...

    @overload
    async def call(self, command: Literal["plan.add"], /, *, run: str, text: str) -> list[str]: ...

    @overload
    async def call(self, command: Literal["plan.draft"], /, *, session: str) -> PlanDrafted: ...

    @overload
    async def call(
        self, command: Literal["plan.files"], /, *, directory: str
    ) -> list[PlanFound]: ...

    @overload
    async def call(self, command: Literal["plan.going"], /) -> list[RunLine]: ...

    @overload
    async def call(self, command: Literal["plan.list"], /) -> list[RunLine]: ...

    @overload
    async def call(self, command: Literal["plan.new"], /, *, directory: str) -> PlanFound: ...

    @overload
    async def call(self, command: Literal["plan.pause"], /, *, run: str) -> RunShown: ...

    @overload
    async def call(self, command: Literal["plan.report"], /, *, run: str) -> PlanReport: ...

    @overload
    async def call(self, command: Literal["plan.resume"], /, *, run: str) -> RunShown: ...

    @overload
    async def call(
        self, command: Literal["plan.retry"], /, *, run: str, task: str
    ) -> list[str]: ...

    @overload
    async def call(
        self,
        command: Literal["plan.schedule"],
        /,
        *,
        file: str,
        at: str = ...,
        every: str = ...,
        wishes: RunWishes | None = ...,
    ) -> Scheduled: ...

    @overload
    async def call(self, command: Literal["plan.schedules"], /) -> list[Scheduled]: ...

    @overload
    async def call(
        self,
        command: Literal["plan.set"],
        /,
        *,
        run: str,
        parallel: int | None = ...,
        usd: float | None = ...,
        tokens: int | None = ...,
        hours: float | None = ...,
        until: str | None = ...,
    ) -> RunShown: ...

    @overload
    async def call(self, command: Literal["plan.show"], /, *, run: str) -> RunShown: ...

    @overload
    async def call(self, command: Literal["plan.skip"], /, *, run: str, task: str) -> list[str]: ...

    @overload
    async def call(
        self,
        command: Literal["plan.start"],
        /,
        *,
        file: str,
        parallel: int | None = ...,
        usd: float | None = ...,
        tokens: int | None = ...,
        hours: float | None = ...,
        until: str = ...,
    ) -> RunShown: ...

    @overload
    async def call(self, command: Literal["plan.stop"], /, *, run: str) -> RunShown: ...

    @overload
    async def call(self, command: Literal["plan.unschedule"], /, *, schedule: str) -> Scheduled: ...

    @overload
    async def call(
        self,
        command: Literal["priming.compare"],
        /,
        *,
        session: str,
        id: str,
        items: list[PrimingItem],
        follow_up: str = ...,
        neutral: str = ...,
        wishes: PrimingWishes | None = ...,
    ) -> PrimingJudged: ...

    @overload
    async def call(self, command: Literal["priming.comparing"], /) -> list[ComparisonWaiting]: ...

    @overload
    async def call(
        self,
        command: Literal["priming.deepen"],
        /,
        *,
        session: str,
        id: str,
        letters: list[str] | None = ...,
        wishes: PrimingWishes | None = ...,
    ) -> PrimingRead: ...

    @overload
    async def call(
        self,
        command: Literal["priming.draw"],
        /,
        *,
        session: str,
        kind: DrawnKind,
        params: dict[str, int | str | list[str]] | None = ...,
        seed: int | None = ...,
        wishes: PrimingWishes | None = ...,
    ) -> PrimingShown: ...

    @overload
    async def call(
        self,
        command: Literal["priming.each"],
        /,
        *,
        sessions: list[str],
        kind: DrawnKind,
        seed: int,
        params: dict[str, int | str | list[str]] | None = ...,
        wishes: PrimingWishes | None = ...,
    ) -> list[SessionPrimed]: ...

    @overload
    async def call(
        self,
        command: Literal["priming.expand"],
        /,
        *,
        session: str,
        id: str,
        wishes: PrimingWishes | None = ...,
    ) -> PrimingRead: ...

    @overload
    async def call(self, command: Literal["priming.inbox"], /) -> DreamsWaiting: ...

    @overload
    async def call(
        self,
        command: Literal["priming.inject"],
        /,
        *,
        session: str,
        id: str,
        items: list[PrimingItem],
        follow_up: str = ...,
        with_names: bool = ...,
        ban: list[str] = ...,
        params: dict[str, int | str | list[str]] | None = ...,
        without: list[str] = ...,
    ) -> InjectionSent: ...

    @overload
    async def call(
        self, command: Literal["priming.judge"], /, *, id: str, answer: Preferred
    ) -> PrimingJudged: ...

    @overload
    async def call(
        self, command: Literal["priming.judge_by"], /, *, id: str, backend: str
    ) -> PrimingJudged: ...

    @overload
    async def call(self, command: Literal["priming.kinds"], /) -> list[PrimingKindShown]: ...

    @overload
    async def call(self, command: Literal["priming.known"], /, *, session: str) -> PrimingKnown: ...

    @overload
    async def call(
        self, command: Literal["priming.ledger"], /, *, judge: str = ...
    ) -> PrimingLedger: ...

    @overload
    async def call(
        self,
        command: Literal["priming.one"],
        /,
        *,
        session: str,
        kind: DrawnKind,
        seed: int,
        params: dict[str, int | str | list[str]] | None = ...,
        wishes: PrimingWishes | None = ...,
    ) -> SessionPrimed: ...

    @overload
    async def call(
        self, command: Literal["priming.past"], /, *, session: str
    ) -> list[PrimingPast]: ...

    @overload
    async def call(
        self,
        command: Literal["priming.preview"],
        /,
        *,
        session: str,
        id: str,
        items: list[PrimingItem],
        follow_up: str = ...,
        with_names: bool = ...,
        ban: list[str] = ...,
        params: dict[str, int | str | list[str]] | None = ...,
        without: list[str] = ...,
    ) -> PrimingPreview: ...

    @overload
    async def call(
        self, command: Literal["priming.raw"], /, *, session: str, id: str
    ) -> list[PrimingItem]: ...

    @overload
    async def call(self, command: Literal["priming.resume"], /, *, id: str) -> PrimingJudged: ...

    @overload
    async def call(
        self, command: Literal["priming.run"], /, *, session: str, wanted: str
    ) -> PrimingPrepared: ...

    @overload
    async def call(
        self,
        command: Literal["priming.share"],
        /,
        *,
        session: str,
        id: str,
        items: list[PrimingItem],
        by: ChosenBy,
        total: int,
        drawn: ev.JSON | None = ...,
    ) -> InjectionSent: ...

    @overload
    async def call(
        self,
        command: Literal["priming.spread"],
        /,
        *,
        session: str,
        id: str,
        items: list[PrimingItem],
        sessions: list[str],
    ) -> dict[str, InjectionSent]: ...

    @overload
    async def call(
        self, command: Literal["priming.wake"], /, *, session: str, id: str, keep: bool = ...
    ) -> PrimingShown | None: ...

    @overload
    async def call(
        self, command: Literal["session.again"], /, *, session: str, turn: int | None = ...
    ) -> Begun: ...

    @overload
    async def call(
        self,
        command: Literal["session.answer"],
        /,
        *,
        session: str,
        ask: str,
        decision: str,
        reason: str = ...,
        allowed: bool | None = ...,
        content: ev.JSON | None = ...,
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.archive"], /, *, session: str, archived: bool = ...
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.budget"], /, *, session: str, text: str
    ) -> str: ...

    @overload
    async def call(self, command: Literal["session.compact"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.compaction"], /, *, session: str
    ) -> CompactionCost: ...

    @overload
    async def call(self, command: Literal["session.confirm_full"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.context"], /, *, session: str
    ) -> ContextFilled: ...

    @overload
    async def call(
        self,
        command: Literal["session.continue"],
        /,
        *,
        session: str,
        backend: str = ...,
        cwd: str = ...,
    ) -> SessionSummary: ...

    @overload
    async def call(
        self,
        command: Literal["session.create"],
        /,
        *,
        mcp: list[str] | None = ...,
        budget: str = ...,
        host: str = ...,
        bring: str = ...,
        profile: str = ...,
        backend: str = ...,
        model: str = ...,
        cwd: str = ...,
        title: str = ...,
        permission: Permission | Literal[""] = ...,
        skills: dict[str, SkillState] | None = ...,
        max_steps: int = ...,
        confirmed_full: bool = ...,
        strict: bool = ...,
        worktree: bool | None = ...,
        base: str = ...,
        about: str = ...,
    ) -> SessionSummary: ...

    @overload
    async def call(self, command: Literal["session.delete"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.export"], /, *, session: str, path: str
    ) -> str: ...

    @overload
    async def call(self, command: Literal["session.find"], /, *, wanted: str) -> SessionSummary: ...

    @overload
    async def call(
        self,
        command: Literal["session.fork"],
        /,
        *,
        session: str,
        turn: int | None = ...,
        title: str = ...,
    ) -> SessionSummary: ...

    @overload
    async def call(self, command: Literal["session.get"], /, *, session: str) -> SessionSummary: ...

    @overload
    async def call(
        self, command: Literal["session.hand"], /, *, session: str, to: list[str], words: str = ...
    ) -> list[Handed]: ...

    @overload
    async def call(
        self, command: Literal["session.interrupt"], /, *, session: str, why: str = ...
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.keep"], /, *, session: str, name: str, data: str
    ) -> Attachment: ...

    @overload
    async def call(
        self,
        command: Literal["session.mcp"],
        /,
        *,
        session: str,
        changes: dict[str, bool] | None = ...,
    ) -> list[McpServerState]: ...

    @overload
    async def call(
        self, command: Literal["session.next"], /, *, session: str, item: str = ...
    ) -> bool: ...

    @overload
    async def call(
        self, command: Literal["session.queue"], /, *, session: str, items: list[MessageWaiting]
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.rewind"], /, *, session: str, turn: int
    ) -> Restored: ...

    @overload
    async def call(self, command: Literal["session.seen"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self,
        command: Literal["session.send"],
        /,
        *,
        session: str,
        text: str,
        origin: Origin = ...,
        mode: QueueMode = ...,
        attachments: list[AttachedFile] | None = ...,
    ) -> Sent: ...

    @overload
    async def call(
        self, command: Literal["session.set"], /, *, session: str, changes: SessionEdits
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.shell"], /, *, session: str, line: str
    ) -> ShellEnded: ...

    @overload
    async def call(self, command: Literal["session.shell_stop"], /, *, session: str) -> int: ...

    @overload
    async def call(
        self, command: Literal["session.since"], /, *, session: str, seq: int
    ) -> list[ev.JSON]: ...

    @overload
    async def call(
        self, command: Literal["session.skill"], /, *, session: str, name: str, state: SkillState
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["session.timeline"], /, *, session: str, turn: int
    ) -> TurnTimeline: ...

    @overload
    async def call(
        self, command: Literal["session.turns"], /, *, session: str
    ) -> list[TurnShown]: ...

    @overload
    async def call(
        self,
        command: Literal["session.undo"],
        /,
        *,
        session: str,
        turn: int | None = ...,
        files: bool = ...,
    ) -> Undone: ...

    @overload
    async def call(self, command: Literal["session.unwatch"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self,
        command: Literal["session.watch"],
        /,
        *,
        session: str,
        from_seq: int = ...,
        compact: bool = ...,
    ) -> Watched: ...

    @overload
    async def call(
        self,
        command: Literal["session.when_done"],
        /,
        *,
        session: str,
        to: list[str],
        words: str = ...,
        by: str = ...,
    ) -> None: ...

    @overload
    async def call(
        self,
        command: Literal["skills.add"],
        /,
        *,
        source: str,
        session: str = ...,
        only: str = ...,
        replace: bool = ...,
    ) -> SkillAdded: ...

    @overload
    async def call(
        self, command: Literal["skills.default"], /, *, profile: str, name: str, state: SkillState
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["skills.everywhere"], /, *, name: str, state: SkillState
    ) -> NotSwitched: ...

    @overload
    async def call(
        self, command: Literal["skills.list"], /, *, session: str = ..., cwd: str = ...
    ) -> SkillsListed: ...

    @overload
    async def call(
        self,
        command: Literal["skills.read"],
        /,
        *,
        name: str,
        session: str = ...,
        path: str = ...,
        folder: str = ...,
    ) -> SkillFile: ...

    @overload
    async def call(
        self,
        command: Literal["skills.remove"],
        /,
        *,
        name: str,
        session: str = ...,
        path: str = ...,
    ) -> None: ...

    @overload
    async def call(
        self,
        command: Literal["skills.review"],
        /,
        *,
        name: str,
        session: str = ...,
        path: str = ...,
    ) -> SkillReviewed: ...

    @overload
    async def call(
        self,
        command: Literal["skills.trust"],
        /,
        *,
        name: str,
        session: str = ...,
        folder: bool = ...,
        path: str = ...,
    ) -> None: ...

    @overload
    async def call(self, command: Literal["skills.undo"], /, *, name: str = ...) -> PutBack: ...

    @overload
    async def call(self, command: Literal["skills.upkeep"], /) -> list[SkillKept]: ...

    @overload
    async def call(
        self, command: Literal["skills.uses"], /, *, session: str
    ) -> list[SkillUsedAt]: ...

    @overload
    async def call(self, command: Literal["terminal.again"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self, command: Literal["terminal.clipboard"], /, *, session: str, ask: str
    ) -> str: ...

    @overload
    async def call(
        self, command: Literal["terminal.input"], /, *, session: str, data: str, reply: bool = ...
    ) -> None: ...

    @overload
    async def call(self, command: Literal["terminal.kill"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self, command: Literal["terminal.last"], /, *, session: str
    ) -> TerminalCommand: ...

    @overload
    async def call(
        self,
        command: Literal["terminal.new"],
        /,
        *,
        argv: list[str] | None = ...,
        cwd: str = ...,
        session: str = ...,
        title: str = ...,
        keys: bool | None = ...,
        record: bool | None = ...,
        columns: int = ...,
        rows: int = ...,
    ) -> SessionSummary: ...

    @overload
    async def call(
        self,
        command: Literal["terminal.notify"],
        /,
        *,
        session: str,
        state: str = ...,
        message: str = ...,
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["terminal.paste"], /, *, session: str, text: str, run: bool = ...
    ) -> Pasted: ...

    @overload
    async def call(
        self, command: Literal["terminal.recorded"], /, *, session: str, offset: int = ...
    ) -> Recorded: ...

    @overload
    async def call(
        self, command: Literal["terminal.size"], /, *, session: str, columns: int, rows: int
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["terminal.took"], /, *, session: str, at: int
    ) -> None: ...

    @overload
    async def call(self, command: Literal["terminal.unwatch"], /, *, session: str) -> None: ...

    @overload
    async def call(
        self,
        command: Literal["terminal.watch"],
        /,
        *,
        session: str,
        columns: int = ...,
        rows: int = ...,
        history: int = ...,
    ) -> TerminalWatched: ...

    @overload
    async def call(
        self,
        command: Literal["work.begin"],
        /,
        *,
        id: str,
        run: str = ...,
        repository: str = ...,
        commit: str = ...,
        inner: str = ...,
        author: list[str] | None = ...,
        ref: str = ...,
        profile: str = ...,
        backend: str = ...,
        model: str = ...,
        cwd: str = ...,
        title: str = ...,
        permission: Permission | Literal[""] = ...,
        skills: dict[str, SkillState] | None = ...,
        max_steps: int = ...,
        confirmed_full: bool = ...,
        strict: bool = ...,
        worktree: bool | None = ...,
        base: str = ...,
        about: str = ...,
    ) -> SessionSummary: ...

    @overload
    async def call(self, command: Literal["work.changes"], /, *, session: str) -> Changed: ...

    @overload
    async def call(
        self,
        command: Literal["work.check"],
        /,
        *,
        session: str,
        argv: list[str],
        minutes: float,
        answer: str = ...,
        once: str = ...,
    ) -> CheckSaid: ...

    @overload
    async def call(
        self, command: Literal["work.commit"], /, *, session: str, message: str, loose: list[str]
    ) -> str: ...

    @overload
    async def call(
        self,
        command: Literal["work.fetch"],
        /,
        *,
        repository: str,
        commit: str,
        address: str,
        session: str = ...,
    ) -> Known: ...

    @overload
    async def call(
        self, command: Literal["work.known"], /, *, repository: str, commit: str, session: str = ...
    ) -> Known: ...

    @overload
    async def call(
        self,
        command: Literal["work.landed"],
        /,
        *,
        session: str,
        repository: str,
        onto: str,
        how: LandedHow,
        commit: str,
        before: str,
        commits: int,
        head: str,
    ) -> None: ...

    @overload
    async def call(self, command: Literal["work.pack"], /, *, session: str) -> Packed: ...

    @overload
    async def call(
        self,
        command: Literal["work.part"],
        /,
        *,
        name: str,
        offset: int,
        data: str,
        session: str = ...,
    ) -> int: ...

    @overload
    async def call(
        self, command: Literal["work.prime"], /, *, session: str, wanted: str, once: str = ...
    ) -> None: ...

    @overload
    async def call(
        self,
        command: Literal["work.read"],
        /,
        *,
        session: str,
        kind: str,
        name: str = ...,
        offset: int = ...,
    ) -> str: ...

    @overload
    async def call(self, command: Literal["work.stop"], /, *, session: str) -> int: ...

    @overload
    async def call(
        self, command: Literal["work.take"], /, *, name: str, repository: str, session: str = ...
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["work.tell"], /, *, session: str, texts: list[str]
    ) -> None: ...

    @overload
    async def call(
        self, command: Literal["worktree.bring_back"], /, *, session: str
    ) -> BroughtBack: ...

    @overload
    async def call(
        self, command: Literal["worktree.check"], /, *, session: str
    ) -> BranchChecked: ...

    @overload
    async def call(
        self,
        command: Literal["worktree.commit"],
        /,
        *,
        session: str,
        message: str,
        paths: list[str] | None = ...,
        staged: bool = ...,
    ) -> ChangesCommitted: ...

    @overload
    async def call(
        self,
        command: Literal["worktree.diff"],
        /,
        *,
        session: str,
        fold_space: bool = ...,
        context: int = ...,
    ) -> ChangesShown: ...

    @overload
    async def call(self, command: Literal["worktree.discard"], /, *, session: str) -> Discarded: ...

    @overload
    async def call(
        self, command: Literal["worktree.draft"], /, *, session: str
    ) -> MessageDrafted: ...

    @overload
    async def call(
        self, command: Literal["worktree.fetch"], /, *, session: str, message: str = ...
    ) -> Fetched: ...

    @overload
    async def call(
        self, command: Literal["worktree.give_back"], /, *, session: str
    ) -> GivenBack: ...

    @overload
    async def call(
        self,
        command: Literal["worktree.land"],
        /,
        *,
        session: str,
        onto: str = ...,
        how: LandedHow = ...,
        message: str = ...,
        check: bool = ...,
        hand_over: bool = ...,
    ) -> Landed | NotLanded: ...

    @overload
    async def call(
        self, command: Literal["worktree.pictures"], /, *, session: str, paths: list[str]
    ) -> PicturesShown: ...

    @overload
    async def call(
        self, command: Literal["worktree.prune"], /, *, orphans: bool = ..., kept: bool = ...
    ) -> Pruned: ...

    @overload
    async def call(
        self,
        command: Literal["worktree.stage"],
        /,
        *,
        session: str,
        path: str,
        hunk: str = ...,
        undo: bool = ...,
    ) -> Staged: ...

    @overload
    async def call(
        self, command: Literal["worktree.take_back"], /, *, session: str, path: str, hunk: str = ...
    ) -> TakenBack: ...

    async def call(self, command: str, /, **args: Any) -> Any:
        """Send a command and return its answer.

        Raises:
            AgentdeckError: the engine refused; of the class that it named.
            UsageError: the arguments are longer than the engine takes.
            EngineError: the engine went away.
        """
        return await self._ask(command, args)

    async def _ask(self, command: str, args: dict[str, Any]) -> Any:
        raise NotImplementedError
