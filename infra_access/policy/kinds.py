"""The kinds of value that a fact can have, and what one definition of the vocabulary says."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from infra_access.core.i18n import Text
from infra_access.policy.countries import COUNTRY_CODES

Scalar = str | int | Decimal | bool | date
Value = Scalar | frozenset[str]

GROUP = re.compile(r"[A-Z][A-Z0-9-]{0,30}:\d{4}(-\d{2}-\d{2})?")
"""A group of countries and its date: `ODA:2024`. Sources disagree on who belongs, so the date is part of the name."""


class Kind(StrEnum):
    """What sort of value a fact has."""

    STRING = "string"
    COUNTRY = "country"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    STRINGS = "strings"
    GROUPS = "groups"

    @property
    def is_set(self) -> bool:
        """Tell whether the value is a set of strings."""
        return self in (Kind.STRINGS, Kind.GROUPS)


@dataclass(frozen=True, slots=True)
class Definition:
    """One fact that rules may read."""

    path: str
    kind: Kind
    label: Text
    question: Text
    choices: frozenset[str] | None = None
    field: str | None = None

    def admits(self, value: object) -> bool:
        """Tell whether `value` is of this fact's kind and one of its choices; no float is of any kind."""
        match self.kind:
            case Kind.NUMBER:
                exact = isinstance(value, int) or (isinstance(value, Decimal) and value.is_finite())
                return exact and not isinstance(value, bool)
            case Kind.BOOLEAN:
                return isinstance(value, bool)
            case Kind.DATE:
                return isinstance(value, date) and not isinstance(value, datetime)
            case Kind.STRING | Kind.COUNTRY:
                return isinstance(value, str) and self.admits_member(value)
            case _:
                return isinstance(value, frozenset) and all(isinstance(v, str) and self.admits_member(v) for v in value)

    def admits_member(self, text: str) -> bool:
        """Tell whether `text` is allowed as this fact's value, or as one member where the value is a set."""
        if self.kind is Kind.COUNTRY:
            return text in COUNTRY_CODES
        if self.kind is Kind.GROUPS:
            return GROUP.fullmatch(text) is not None
        return self.choices is None or text in self.choices


@dataclass(frozen=True, slots=True)
class Collection:
    """Several of one thing, such as the participants; `fields` are those of the access request it comes from."""

    name: str
    question: Text
    fields: tuple[str, ...]
