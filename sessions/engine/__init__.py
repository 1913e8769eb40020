"""The deck as a process: a user-only Unix socket, one JSON object a line.

Up (client → engine), every command answered once, in any order:

    {"id": 1, "do": "session.send", "args": {"session": "…", "text": "…"}}
    {"id": 1, "ok": …}    or    {"id": 1, "error": {"message", "hint", "exit_code"}}

Down, unasked:

    {"session": "…", "event": {…}}       an event of a session that this client watches
    {"summary": {…}}                     a session's summary changed (sessions.record.summary)
    {"gone": "…"}                        a session was deleted
    {"notice": {"kind", "message", …}}   something of the deck: a limit, a disk that is full
    {"bye": "…"}                         why the engine hangs up on this client: the last line

The first command is `hello` with the client's version. A hidden tile is not watched: it costs
its summaries and nothing else; `session.watch` with `from_seq` replays what it missed, in
order and without a gap, before anything newer. A client that reads slowly is sent events from
the journal as it reads, joined where it asked for that, and the newest of several summaries.
Before `bye` a line may be cut short.

| command | arguments | answer |
|---|---|---|
| hello | version, client | {version, pid, since} |
| deck.list | archived=false | [summary] |
| deck.status | | engine status, DESIGN 6.6 |
| deck.stop | force=false | null |
| deck.backends | | [{name, type, model, ok, detail, remedy, capabilities, default}] |
| deck.profiles | | [{name, backend, model, permission, skills, cwd, default}] |
| deck.models | backend | [{id, name, context}] |
| deck.sandbox | backend="" | {works, detail, remedy} |
| deck.asks | | [permission.asked + session, title], oldest first |
| deck.broadcast | sessions, text | [{session, turn or queued}] |
| session.create | profile, backend, model, cwd, title, permission, skills, mcp, … | summary |
|  | … worktree=null, base="", about="": on a branch of its own, named by title or about | |
| session.watch / session.unwatch | session, from_seq=1 | {last_seq} / null |
| session.send | session, text, origin, mode=queue or steer, attachments | {turn} or {queued} |
| session.interrupt | session | null |
| session.answer | session, ask, decision, reason | null |
| session.queue | session, items | null; sends nothing |
| session.next | session, item="" | true if a turn began with what waits |
| session.set | session, changes | null |
| session.seen | session | null |
| session.again | session, turn=null | {turn}: the last user message once more |
| session.turns | session | [{turn, at, text, origin, files, ended, undone}] |
| session.undo | session, turn=null, files=false | {turn, restored, removed, refused, note} |
| session.rewind | session, turn | {restored, removed, refused, note}: files alone |
| session.mcp | session, changes={name: on} | [{name, on, switched, where}] |
| session.continue | session, backend="", cwd="" | summary: an imported session goes on, live |
| agent.options | session | [{id, name, description, current, choices}]: an agent's own |
| agent.choose | session, option, value | the same |
| agent.sign_in | backend | [{id, name, kind, description, command, env}] |
| agent.authenticate | backend, method | null |
| agent.restart | backend | {restarted} |
| agent.sessions | backend, cwd="" | [{id, cwd, title, updated}]: those the agent has on disk |
| worktree.land | session, onto="", how=rebase, message="", check=true, hand_over | {landed, …} |
| worktree.discard | session, undo=false | {ref, commit, …} or {restored, …} |
| worktree.commit | session, message, paths=[] | {commit} |
| worktree.prune | orphans=false, kept=false | {removed, left} |
| session.fork | session, turn=null, title | summary |
| session.compact | session | null |
| session.compaction | session | {tokens, usd}: what compacting it will take; usd may be null |
| session.archive / session.delete | session | null |
| session.skill | session, name, state | null |
| plan.start / plan.list / plan.show | file, … / / run | runs of plans (sessions/plans/show) |
| plan.pause / .resume / .stop / .skip / .retry / .set | run, … | the run, or its tasks |
| priming.*, skills.*, harvest.* | | see sessions/engine/commands |
"""

from __future__ import annotations

MAX_COMMAND = 16 * 2**20
"""A command's line is no longer."""
