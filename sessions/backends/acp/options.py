"""What an agent lets its user choose in a session: its mode, its model, its effort, …

Ways of the Agent Client Protocol (schema 1.19): `configOptions` with
`session/set_config_option`, and the older `modes` with `session/set_mode` and `models` with
`session/set_model`. All are one list here. What the user chose is kept and set again whenever the
session is entered; where nothing was chosen, the agent is put into the mode in which it asks.
"""

from __future__ import annotations

from typing import Any

from sessions.backends.acp import modes
from sessions.backends.acp.before_start import REASONS
from sessions.backends.acp.process import AgentProcess
from sessions.backends.acp.transport import Message
from sessions.config.known_agents import KnownAgent
from sessions.errors import BackendError, UsageError
from sessions.record.summary_parts import AgentChoice, AgentOption, AgentState

_UNASKED = "It was not prompted, as it might act unasked. Change its own configuration."
_CHOICES = (("modes", "modes"), ("config_options", "configOptions"), ("models", "models"))
"""How choices are called here, and in the answer by which a session is opened."""
MODE = "mode"
MODEL = "model"


class Options:
    """The choices of one agent session. `wanted`: what the user chose, by option id."""

    def __init__(self, known: KnownAgent | None) -> None:
        self.wanted: dict[str, str] = {}
        self._known = known
        self._modes: Message = {}
        self._models: Message = {}
        self._config: list[Message] = []
        self._told = ""
        """The mode that the agent said last that it is in."""
        self._permission = ""
        """The session's own mode, when the agent's was set last."""
        self._held: tuple[AgentChoice | None, AgentChoice | None] | None = None
        """The mode in which it was and the one in which it asks, where they had to be guessed."""

    def take(self, data: AgentState | Message) -> None:
        """What the agent said of itself: `modes`, `config_options`, `mode`."""
        if isinstance(modes := data.get("modes"), dict):
            self._modes = dict(modes)
        if isinstance(models := data.get("models"), dict):
            self._models = dict(models)
        if isinstance(config := data.get("config_options"), list):
            self._config = [option for option in config if isinstance(option, dict)]
        if data.get("mode"):
            self._modes["currentModeId"] = self._told = str(data["mode"])

    def opened(self, answer: Message) -> None:
        """What the answer by which a session was opened says of its choices."""
        self.take({ours: answer[theirs] for ours, theirs in _CHOICES if answer.get(theirs)})

    def went(self, title: str, data: AgentState) -> str:
        """Take what the agent says in a turn; what is to be told where it now acts unasked, or "".

        It goes there by itself, or by what its user has answered.
        """
        before, open_before = self._current(self._mode_id), self._open()
        self.take(data)
        now = self._current(self._mode_id)
        mode = self._mode(now) if now != before else None
        news = [modes.gone(title, mode) if mode is not None else ""]
        opened = (o for i, o in self._open().items() if i not in open_before)
        news += [modes.opened(title, option, now=True) for option in opened]
        return " ".join(filter(None, news))

    def state(self) -> AgentState:
        """What `backend.state` is to say: `options` as a person chooses among them, `wanted`."""
        return {"options": self.listed(), "wanted": dict(self.wanted)}

    def reasons(self, title: str, *, steers: bool = False) -> dict[str, str]:
        """What can't be done in a session of this agent, and why: for greyed entries."""
        found = dict(REASONS)
        if steers:
            del found["steer"]
        if not self.models():
            found["model"] = f"{title} names no models; set one in its own configuration."
        if not self.listed():
            found["agent_options"] = f"{title} offers no options."
        return found

    def models(self) -> list[AgentChoice]:
        """The models that the agent offers."""
        if option := self._option(MODEL):
            return _choices(option)
        given = self._models.get("availableModels")
        found = [m for m in given if isinstance(m, dict)] if isinstance(given, list) else []
        return [_choice(m, "modelId") for m in found if m.get("modelId")]

    def is_model(self, option: str) -> bool:
        """Whether an option is the model, which the session itself has a place for."""
        known = self._option(MODEL)
        return option == (known.get("id") if known is not None else MODEL)

    def listed(self) -> list[AgentOption]:
        """What there is to choose now."""
        found: list[AgentOption] = []
        for option in self._config:
            choices = _choices(option)
            current = option.get("currentValue")
            if option.get("type") == "boolean":
                choices = [{"value": "true", "name": "on"}, {"value": "false", "name": "off"}]
                current = "true" if current is True else "false"
            found.append(
                {
                    "id": str(option.get("id", "")),
                    "name": str(option.get("name") or option.get("id", "")),
                    "description": str(option.get("description") or ""),
                    "category": str(option.get("category") or ""),
                    "current": str(current or ""),
                    "choices": choices,
                }
            )
        if not self._option(MODEL) and (models := self.models()):
            found.append(
                {
                    "id": MODEL,
                    "name": "Model",
                    "description": "",
                    "category": MODEL,
                    "current": str(self._models.get("currentModelId") or ""),
                    "choices": models,
                }
            )
        offered = self._modes.get("availableModes")
        if isinstance(offered, list) and offered and not self._option(MODE):
            found.append(
                {
                    "id": MODE,
                    "name": "Mode",
                    "description": "How far the agent goes by itself.",
                    "category": MODE,
                    "current": str(self._modes.get("currentModeId") or ""),
                    "choices": [_choice(m, "id") for m in offered if isinstance(m, dict)],
                }
            )
        return found

    async def apply(
        self, agent: AgentProcess, agent_session: str, model: str, permission: str = ""
    ) -> None:
        """Set what is to hold, after the session was entered; `permission`: the session's mode.

        Raises BackendError when the mode in which the agent asks does not stick: it is not
        prompted then.
        """
        for option, value in self.wanted.items():
            if option != self._mode_id and self._current(option) != value:
                await self._try(agent, agent_session, option, value)
        known = self._option(MODEL)
        name = str(known["id"]) if known else MODEL if self.models() else ""
        if model and name and name not in self.wanted and self._current(name) != model:
            await self._try(agent, agent_session, name, model)
        self._held, self._permission = None, permission
        chosen = self.wanted.get(self._mode_id, "")
        mode = chosen if chosen in self._offered() else self._fitting(permission)
        if mode and mode != self._current(self._mode_id):
            await self.set(agent, agent_session, self._mode_id, mode)

    async def follow(self, agent: AgentProcess, agent_session: str, permission: str) -> None:
        """The session's own mode has changed, so that the agent's has to. Raises as `apply`.

        A mode that the agent went into meanwhile (its user let it, say) stays, unless it is so.
        """
        before, self._permission = self._fitting(self._permission), permission
        mode = self._fitting(permission)
        if mode != before and self.wanted.get(self._mode_id, "") not in self._offered():
            await self.set(agent, agent_session, self._mode_id, mode)

    async def _try(self, agent: AgentProcess, agent_session: str, option: str, value: str) -> None:
        """Set what the agent may have no more: then its own stays."""
        try:
            await self.set(agent, agent_session, option, value)
        except (BackendError, UsageError):
            if not agent.alive:
                raise

    async def set(self, agent: AgentProcess, agent_session: str, option: str, value: str) -> None:
        """Set one option. Raises UsageError for an unknown one, BackendError when it is refused."""
        found = next((o for o in self._config if o.get("id") == option), None)
        given: Message = {"sessionId": agent_session}
        if found is None and option == MODE and self._modes:
            self._told = ""
            await agent.request("session/set_mode", {**given, "modeId": value})
            if self._told not in ("", value):
                raise _stays("mode", self._told, _UNASKED)
            self._modes["currentModeId"] = value
            return
        if found is None and option == MODEL and self._models:
            await agent.request("session/set_model", {**given, "modelId": value})
            self._models["currentModelId"] = value
            return
        if found is None:
            raise UsageError(f"The agent has no option {option} here.")
        told: Any = value
        if found.get("type") == "boolean":
            given["type"], told = "boolean", value == "true"
        answer = await agent.request(
            "session/set_config_option", {**given, "configId": option, "value": told}
        )
        if isinstance(answer.get("configOptions"), list):
            self.take({"config_options": answer["configOptions"]})
        else:
            found["currentValue"] = told
        if self._current(option) != value:
            remedy = _UNASKED if option == self._mode_id else "Choose another value."
            raise _stays(found.get("name") or option, self._current(option), remedy)

    # -- looking

    @property
    def _mode_id(self) -> str:
        option = self._option(MODE)
        return str(option["id"]) if option else MODE

    def _option(self, category: str) -> Message | None:
        """The configuration option of a category (`mode`, `model`, …)."""
        for option in self._config:
            if category in (option.get("category"), option.get("id")) and option.get("id"):
                return option
        return None

    def _current(self, option: str) -> str:
        return next((o["current"] for o in self.listed() if o["id"] == option), "")

    def _choices_of_mode(self) -> list[AgentChoice]:
        """The modes that there are."""
        listed = next((o for o in self.listed() if o["id"] == self._mode_id), None)
        return list(listed["choices"]) if listed else []

    def _mode(self, value: str) -> AgentChoice | None:
        """One of them, or None."""
        return next((c for c in self._choices_of_mode() if c["value"] == value), None)

    def _offered(self) -> list[str]:
        """Their ids."""
        return [choice["value"] for choice in self._choices_of_mode()]

    def _fitting(self, permission: str) -> str:
        """The agent's mode for a mode of the session, "" where there is none to set."""
        full = self._known.full_mode if self._known is not None else ""
        return full if permission == "full" and full in self._offered() else self._asking()

    def _asking(self) -> str:
        """The mode in which the agent asks before it acts, "" where there is none to set."""
        if self._known and self._known.ask_mode in self._offered():
            return self._known.ask_mode
        if self._known and not self._known.ask_mode:
            return ""  # its configuration makes it ask (see agents.py)
        choices, current = self._choices_of_mode(), self._current(self._mode_id)
        found = modes.asking(choices, current)
        if choices:
            self._held = (self._mode(current), self._mode(found))
        return found

    def held(self, title: str) -> str:
        """What its user shall know of the mode it is held in, where that was guessed.

        And of each option that lets it act unasked though nobody chose it: none is ever set here.
        """
        said: list[str] = []
        if self._held is not None:
            unread = modes.unread(self._choices_of_mode())
            said.append(modes.told(title, *self._held, foreign=unread))
        said += [modes.opened(title, option) for option in self._open().values()]
        return " ".join(said)

    def _open(self) -> dict[str, AgentOption]:
        """The options by which the agent acts unasked, without its user's having chosen it."""
        found = (o for o in self.listed() if modes.acts_unasked(o))
        return {o["id"]: o for o in found if self.wanted.get(o["id"]) != o["current"]}


def _stays(name: object, value: str, remedy: str) -> BackendError:
    return BackendError(f"The agent stays with {name} {value}.", remedy, kind="agent_mode")


def _choices(option: Message) -> list[AgentChoice]:
    """The values of an option, groups of them in a row."""
    found: list[AgentChoice] = []
    given = option.get("options")
    for entry in given if isinstance(given, list) else []:
        if isinstance(entry, dict):
            group = entry.get("options")
            inner = group if isinstance(group, list) else [entry]
            found.extend(_choice(o, "value") for o in inner if isinstance(o, dict))
    return found


def _choice(entry: Message, key: str) -> AgentChoice:
    value = str(entry.get(key, ""))
    found: AgentChoice = {
        "value": value,
        "name": str(entry.get("name") or value),
        "description": str(entry.get("description") or ""),
    }
    if kind := _kind(entry.get("_meta")):
        found["kind"] = kind
    return found


def _kind(meta: Any) -> str:
    """What kind of mode it is, where an agent tells it beside the protocol: Codex's adapter."""
    given = meta.get("kind") if isinstance(meta, dict) else None
    return given if isinstance(given, str) else ""
