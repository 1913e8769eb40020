"""Schemas of MCP servers' tools, in the shape that the Messages API takes.

The API wants an object at the top, no `anyOf`, `oneOf`, `allOf` beside it, property names of few
letters, and JSON Schema of 2020-12; one tool that has it otherwise ends every request. What a
server says is put into that shape where it can be; what a call gives is checked against the
schema as the server has it.
"""

from __future__ import annotations

import copy
import importlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sessions.record import events as ev
from sessions.tools.schema import article

_MAX_BYTES = 256 * 1024
_MAX_DEPTH = 48
_MAX_PRUNED = 64
_MAX_MERGED = 200
_MAX_FAULTS = 8
_MAX_FOLLOWED = 5000
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_COMBINED = ("allOf", "anyOf", "oneOf")
_ONE = {"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames",
        "unevaluatedItems", "unevaluatedProperties", "contentSchema"}  # fmt: skip
_SEVERAL = {*_COMBINED, "prefixItems"}
_NAMED = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_VALUES = {"const", "default", "enum", "examples"}
_WORDS = {"title", "description", "format", "$comment", "$ref"}
_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_FOREIGN = {"$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef"}
"""Keywords that point out of the schema, or that say how it is to be read."""
_TYPES = {
    "str": "string", "text": "string", "int": "integer", "long": "integer", "float": "number",
    "double": "number", "bool": "boolean", "dict": "object", "map": "object", "list": "array",
    "none": "null",
}  # fmt: skip
_KNOWN_TYPES = frozenset(["string", "integer", "number", "boolean", "object", "array", "null"])


class Unusable(Exception):
    """A schema that can't be put into shape; the message says why, without a subject."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """`schema` as a model is told it; `names`: property names that were changed, to the server's.

    `note` says what the shape had to leave out, for the tool's description.
    """

    schema: ev.JSON
    names: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def restored(self, args: Any) -> Any:
        """Arguments with the server's own names."""
        if not self.names:
            return args
        if isinstance(args, dict):
            return {self.names.get(k, k): self.restored(v) for k, v in args.items()}
        return [self.restored(v) for v in args] if isinstance(args, list) else args


def shape(given: object) -> Shaped:
    """A server's schema as the API takes it. Raises Unusable."""
    if given is None or given is True:
        given = {}
    if not isinstance(given, dict):
        raise Unusable(f"its input schema is {_kind(given)}, not an object")
    try:
        if (size := len(json.dumps(given))) > _MAX_BYTES:
            raise Unusable(f"its input schema has {size:,} bytes; at most {_MAX_BYTES:,} are sent")
        schema = _cleaned(given, 0)
        assert isinstance(schema, dict)
        schema, note = _flat(schema)
        names = _renamed(schema)
        _resolved(schema)
    except (RecursionError, ValueError, TypeError) as error:
        raise Unusable("its input schema is nested too deeply or is no JSON") from error
    _prune(schema)
    return Shaped(schema, names, note)


def _kind(value: object) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", int: "a number"}
    return names.get(type(value), "something else")


# -- one schema after another


def _cleaned(node: Any, depth: int) -> Any:
    """A copy without what 2020-12 does not have; older ways of saying it are said in its own."""
    if isinstance(node, bool):
        return node
    if not isinstance(node, dict) or depth > _MAX_DEPTH:
        return {}
    new: ev.JSON = {}
    for key, value in node.items():
        if key in _VALUES:
            new[key] = _plain(value)
        elif value is None or (key in _FOREIGN and isinstance(value, str)):
            continue
        elif key in _SEVERAL or (key == "items" and isinstance(value, list)):
            if isinstance(value, list) and value:
                name = "prefixItems" if key == "items" else key
                new[name] = [_cleaned(item, depth + 1) for item in value]
        elif key in _ONE:
            new[key] = _cleaned(value, depth + 1)
        elif key in _NAMED and isinstance(value, dict):
            new[key] = {_plain(k): _cleaned(v, depth + 1) for k, v in value.items()}
        else:
            new[key] = _plain(value)
    _modern(new, node, depth)
    return new


def _modern(new: ev.JSON, node: ev.JSON, depth: int) -> None:
    """Older keywords, and types by other names."""
    if "prefixItems" in new and "additionalItems" in node:
        new["items"] = _cleaned(node["additionalItems"], depth + 1)
    new.pop("additionalItems", None)
    for limit in ("Minimum", "Maximum"):
        if new.get(f"exclusive{limit}") is True and limit.lower() in new:
            new[f"exclusive{limit}"] = new.pop(limit.lower())
        elif isinstance(new.get(f"exclusive{limit}"), bool):
            del new[f"exclusive{limit}"]
    properties = new.get("properties")
    required = new.pop("required", None)
    wanted = [r for r in required if isinstance(r, str)] if isinstance(required, list) else []
    if isinstance(properties, dict) and isinstance(node.get("properties"), dict):
        own = node["properties"]
        wanted += [k for k, v in own.items() if isinstance(v, dict) and v.get("required") is True]
    if wanted:
        new["required"] = list(dict.fromkeys(_plain(name) for name in wanted))
    if "type" in new and (types := _types(new.pop("type"))):
        new["type"] = types[0] if len(types) == 1 else types


def _types(given: Any) -> list[str]:
    names = [n.lower() for n in (given if isinstance(given, list) else [given]) if type(n) is str]
    return list(dict.fromkeys(t for n in names if (t := _TYPES.get(n, n)) in _KNOWN_TYPES))


def _plain(value: Any) -> Any:
    """A value that every server can read: no halves of surrogate pairs, no infinite numbers."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _below(node: ev.JSON) -> Iterator[Any]:
    """The schemas right inside a schema."""
    for key, value in node.items():
        if key in _ONE:
            yield value
        elif key in _SEVERAL and isinstance(value, list):
            yield from value
        elif key in _NAMED and isinstance(value, dict):
            yield from value.values()


def _all(node: Any) -> Iterator[ev.JSON]:
    if isinstance(node, dict):
        yield node
        for inner in _below(node):
            yield from _all(inner)


# -- the top


def _flat(schema: ev.JSON) -> tuple[ev.JSON, str]:
    """The schema with an object at its top and nothing combined beside it, and what that lost."""
    given = schema.get("type")
    if given is not None and "object" not in (given if isinstance(given, list) else [given]):
        raise Unusable(f"its input is {article(str(given))}, not an object")
    notes: list[str] = []
    flat = _merged(schema, schema, notes, [_MAX_MERGED])
    flat["type"] = "object"
    if not isinstance(flat.get("properties"), dict):
        flat["properties"] = {}
    return flat, " ".join(notes)


def _merged(node: ev.JSON, root: ev.JSON, notes: list[str], left: list[int]) -> ev.JSON:
    """One schema in place of a reference or a combination, with all the properties it may have.

    `left`: how many more may be looked at, since references may go round.
    """
    left[0] -= 1
    if left[0] < 0:
        return {}
    flat = {k: v for k, v in node.items() if k not in _COMBINED and k != "$ref"}
    if not isinstance(flat.get("properties"), dict):
        flat.pop("properties", None)
    branches: list[tuple[str, list[ev.JSON]]] = []
    target = _target(root, node["$ref"]) if isinstance(node.get("$ref"), str) else None
    if isinstance(target, dict):
        branches.append(("allOf", [_merged(target, root, notes, left)]))
    for key in _COMBINED:
        found = [b for b in node.get(key, ()) if isinstance(b, dict)]
        parts = [_merged(b, root, [], left) for b in found]
        # Another type beside it can't be: arguments are an object.
        parts = [p for p in parts if "object" in _types(p.get("type", "object"))]
        if parts:
            branches.append((key, parts))
    for key, parts in branches:
        _take(flat, key, parts, notes)
    return flat


def _take(flat: ev.JSON, key: str, parts: list[ev.JSON], notes: list[str]) -> None:
    """What the branches of a combination have, into the schema beside it."""
    properties: ev.JSON = dict(flat.get("properties", {}))
    found: dict[str, list[Any]] = {}
    for part in parts:
        for name, inner in part.get("properties", {}).items():
            if name not in properties and inner not in found.setdefault(name, []):
                found[name].append(inner)
        for name in ("$defs", "definitions"):
            if isinstance(part.get(name), dict):
                flat[name] = {**part[name], **flat.get(name, {})}
    combined = "allOf" if key == "allOf" else "anyOf"
    for name, ways in found.items():
        properties[name] = ways[0] if len(ways) == 1 else {combined: ways}
    if properties:
        flat["properties"] = properties
    if found:
        flat.pop("additionalProperties", None)
    if required := [*flat.get("required", ()), *_required(key, parts, notes)]:
        flat["required"] = list(dict.fromkeys(required))


def _required(key: str, parts: list[ev.JSON], notes: list[str]) -> list[str]:
    """What the branches want in any case; what one or the other wants is noted."""
    wanted = [list(part.get("required", ())) for part in parts]
    if key == "allOf":
        return [name for names in wanted for name in names]
    common = [name for name in wanted[0] if all(name in names for names in wanted)]
    told = [" and ".join(f"`{n}`" for n in names if n not in common) for names in wanted[:8]]
    if len(told) > 1 and all(told):
        notes.append(f"Give {', or '.join(dict.fromkeys(told))}.")
    return common


def _target(root: ev.JSON, reference: str) -> Any:
    """What a reference within the schema points to, or None."""
    if reference == "#":
        return root
    if not reference.startswith("#/"):
        return None
    node: Any = root
    for step in reference[2:].split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, dict) and name in node:
            node = node[name]
        else:
            return None
    return node


def _resolved(schema: ev.JSON) -> None:
    """References that lead nowhere, or to themselves, are taken out: anything fits there."""
    for node in list(_all(schema)):
        seen: list[int] = []
        at: Any = node
        while isinstance(at, dict) and "$ref" in at and id(at) not in seen:
            seen.append(id(at))
            at = _target(schema, at["$ref"]) if isinstance(at["$ref"], str) else None
        if at is None or (isinstance(at, dict) and "$ref" in at):
            node.pop("$ref", None)


# -- names of properties


def _renamed(schema: ev.JSON) -> dict[str, str]:
    """Give properties names that the API takes; answers with the server's name for each new one."""
    maps = [n["properties"] for n in _all(schema) if isinstance(n.get("properties"), dict)]
    taken = {name for names in maps for name in names}
    odd = sorted(name for name in taken if not _NAME.fullmatch(name))
    new: dict[str, str] = {}
    for name in odd:
        base = re.sub(r"[^a-zA-Z0-9_.-]", "_", name).strip("._-")[:60] or "field"
        fit, number = base, 2
        while fit in taken:
            fit, number = f"{base}_{number}", number + 1
        taken.add(fit)
        new[name] = fit
    if not new:
        return {}
    for node in list(_all(schema)):
        for key in ("properties", "dependentSchemas", "dependentRequired"):
            if isinstance(node.get(key), dict):
                node[key] = {new.get(k, k): v for k, v in node[key].items()}
        if isinstance(node.get("required"), list):
            node["required"] = [new.get(k, k) for k in node["required"]]
    return {fit: name for name, fit in new.items()}


# -- what is left is JSON Schema


def _plainly(node: Any) -> bool:
    """Whether a schema is one at a glance; most are, and the metaschema takes milliseconds."""
    if not isinstance(node, dict):
        return isinstance(node, bool)
    for key, value in node.items():
        if key in _WORDS:
            fine = isinstance(value, str)
        elif key in _NUMBERS:
            fine = type(value) in (int, float)
        elif key in _NAMED:
            fine = isinstance(value, dict) and all(map(_plainly, value.values()))
        elif key in _SEVERAL:
            fine = isinstance(value, list) and all(map(_plainly, value))
        elif key in _ONE:
            fine = _plainly(value)
        else:  # `type` and `required` are put right already
            fine = key in _VALUES - {"enum", "examples"} or key in ("type", "required")
            fine = fine or (key in ("enum", "examples") and isinstance(value, list))
        if not fine:
            return False
    return True


def _prune(schema: ev.JSON) -> None:
    """Take out what the metaschema refuses. Raises Unusable when there is no end to it."""
    if _plainly(schema):
        return
    sdk: Any = importlib.import_module("jsonschema")
    meta = sdk.Draft202012Validator(sdk.Draft202012Validator.META_SCHEMA)
    for _ in range(_MAX_PRUNED):
        error = next(iter(meta.iter_errors(schema)), None)
        if error is None:
            return
        path = list(error.absolute_path)
        if not path:
            break
        parent: Any = schema
        for step in path[:-1]:
            parent = parent[step]
        del parent[path[-1]]
        schema.setdefault("properties", {})
    raise Unusable("its input schema is no JSON Schema")


# -- what a call gives


class Arguments:
    """The check of calls against a server's schema, by jsonschema, made when first needed."""

    def __init__(self, given: object, shaped: Shaped) -> None:
        self._given = given
        self._shaped = shaped
        self._validator: Any = None
        self._followed = 0

    def faults(self, args: ev.JSON) -> list[str]:
        """What is wrong with arguments (by the server's names), at most 8 sentences.

        What the schema itself makes impossible to check is left to the server.
        """
        if self._validator is None:
            self._validator = self._made()
        self._followed = 0
        try:
            found: list[str] = []
            for error in self._validator.iter_errors(args):
                found.append(self._said(error))
                if len(found) == _MAX_FAULTS:
                    break
            return list(dict.fromkeys(found))
        except (RecursionError, Exception):  # noqa: BLE001 - a foreign schema: whatever it brings
            return []

    def _made(self) -> Any:
        sdk: Any = importlib.import_module("jsonschema")
        registry: Any = importlib.import_module("referencing").Registry()
        given = self._given if isinstance(self._given, dict) else {}
        kind = sdk.validators.validator_for(given, default=sdk.Draft202012Validator)
        try:
            kind.check_schema(given)
        except Exception:  # noqa: BLE001 - a foreign schema again
            given, kind = copy.deepcopy(self._shaped.schema), sdk.Draft202012Validator
            given = _with_names(given, self._shaped.names)
        # Patterns and references may take for ever; such the server reads with its own eyes.
        follow = kind.VALIDATORS["$ref"]

        def counted(*args: Any) -> Any:
            self._followed += 1
            if self._followed > _MAX_FOLLOWED:
                raise RecursionError
            return follow(*args)

        own = {"pattern": _unread, "$ref": counted}
        return sdk.validators.extend(kind, own)(given, registry=registry)

    def _said(self, error: Any) -> str:
        """One of jsonschema's errors in the words of `sessions.tools.schema`."""
        ours = {old: new for new, old in self._shaped.names.items()}
        where = ""
        for step in error.absolute_path:
            name = ours.get(step, step)
            where += f"[{step}]" if isinstance(step, int) else f".{name}" if where else str(name)
        subject = f"`{where}`" if where else "The input"
        if error.validator == "required":
            name = next((n for n in error.validator_value if n not in error.instance), "")
            full = f"{where}.{ours.get(name, name)}" if where else ours.get(name, name)
            return f"`{full}` is missing; it is required."
        if error.validator == "type":
            wanted = error.validator_value
            names = wanted if isinstance(wanted, list) else [wanted]
            told = " or ".join(article(str(name)) for name in names)
            return f"{subject} must be {told}, not {_short(error.instance)}."
        if error.validator in ("anyOf", "oneOf"):
            needs = [" and ".join(b["required"]) for b in error.validator_value
                     if isinstance(b, dict) and isinstance(b.get("required"), list)]  # fmt: skip
            if needs and len(needs) == len(error.validator_value):
                return f"{subject} needs one of these: {'; '.join(needs)}."
        said = " ".join(str(error.message).split())
        return f"{subject}: {said if len(said) <= 300 else said[:299] + '…'}."


def _with_names(schema: ev.JSON, names: Mapping[str, str]) -> ev.JSON:
    for node in list(_all(schema)):
        if isinstance(node.get("properties"), dict):
            node["properties"] = {names.get(k, k): v for k, v in node["properties"].items()}
        if isinstance(node.get("required"), list):
            node["required"] = [names.get(k, k) for k in node["required"]]
    return schema


def _unread(*_: Any) -> Iterator[Any]:
    return iter(())


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
