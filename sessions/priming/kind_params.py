"""What each kind of priming takes, by its keys: the parameters of `sessions.priming.kinds`.

For the type checker, and as `PrimingKind.read` gives them: what a record of another version has
there is read as it stands, and may lack one that came later.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class AcronymParams(TypedDict, total=False):
    """Letter sets."""

    count: int
    letters: int
    alphabet: Literal["uniform", "initials"]
    mode: Literal["readings", "raw"]


class NamesParams(TypedDict, total=False):
    """People, by the letters of their names."""

    stage: int
    letters: str
    who: Literal["known", "ordinary"]


class PapersParams(TypedDict, total=False):
    """Papers of arXiv."""

    month: str
    category: str
    n: int
    any: Literal["no", "yes"]
    inject: Literal["insights", "abstracts", "both"]


class TermsParams(TypedDict, total=False):
    """Words of a domain."""

    terms: list[str]
    field: str
    n: int
