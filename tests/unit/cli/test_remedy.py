"""What `run` says that would let a request through, by what is in force."""

from __future__ import annotations

import pytest

from sessions.api.answers import SandboxState
from sessions.cli.run_remedies import remedy
from sessions.record import events as ev
from sessions.record.closed_sets import Permission
from sessions.record.summary import Summary
from sessions.record.summary_parts import AskOption

INSIDE: SandboxState = {"works": False, "detail": "An agent runs its own tools.", "remedy": ""}


def asked(tool: str = "execute") -> ev.PermissionAsked:
    options: list[AskOption] = [{"id": "a", "name": "Always", "kind": "allow_always"}]
    return ev.PermissionAsked(turn=1, call="c", ask="a", tool=tool, summary="x", options=options)


@pytest.mark.parametrize(
    ("tool", "mode", "confirmed", "said", "unsaid"),
    [
        ("execute", "ask", False, "--permission full --yes-full for all", "--permission edit"),
        ("edit", "ask", False, "--permission edit for files in the working", "sandbox"),
        ("edit", "edit", False, "(session s1)", "--permission edit"),
        ("execute", "full", False, "confirm it: --yes-full", "--permission"),
        ("execute", "full", True, "always", "--permission"),
    ],
)
def test_for_an_agent_it_is_what_helps_with_agents(
    tool: str, mode: Permission, confirmed: bool, said: str, unsaid: str
) -> None:
    summary = Summary("s1", permission=mode, agent={"session_id": "x"}).to_json()
    told = remedy(asked(tool), summary, INSIDE, confirmed_full=confirmed)
    assert said in told and unsaid not in told
