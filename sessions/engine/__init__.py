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

docs/protocol.md lists the commands.
"""

from __future__ import annotations

MAX_COMMAND = 16 * 2**20
"""A command's line is no longer."""
