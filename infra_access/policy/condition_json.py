"""Conditions as JSON: `{"op", "fact", "value" or "other"}`, `{"all": [...]}`, `{"some": {"over", "when"}}` and so on.

A number is an integer or a text of digits ("0.5"), a date a text (2026-05-01): never a float, so that the same
rule always gives the same bytes. Each problem is kept with its place (`all.0.op`), so that one answer names all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.input_text import clean_line
from infra_access.policy import conditions as c
from infra_access.policy.kinds import Definition, Kind, Scalar
from infra_access.policy.vocabulary import COLLECTIONS, VOCABULARY

MAX_DEPTH = 20
MAX_CONDITIONS = 1_000
MAX_VALUES = 300
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LARGEST = 10**15

Place = tuple[str | int, ...]


class _Refused(Exception):
    """The part of a condition at hand cannot be read; the problem is already noted."""


@dataclass(slots=True)
class Problems:
    """What is wrong, by place."""

    found: dict[str, list[Text]] = field(default_factory=dict)
    conditions: int = 0

    def add(self, place: Place, message: Text) -> None:
        """Note a problem."""
        self.found.setdefault(".".join(str(part) for part in place), []).append(message)

    def refuse(self, place: Place, message: Text) -> _Refused:
        """Note a problem and return what to raise."""
        self.add(place, message)
        return _Refused()


def parse_condition(raw: object, problems: Problems) -> c.Condition:
    """Return the condition; what is wrong is noted in `problems`, and the result then is of no use."""
    try:
        return _condition(raw, (), problems, frozenset(), 1)
    except _Refused:
        return c.ALWAYS


def parse_number(raw: object) -> int | Decimal:
    """Return an exact number from an integer or a text of digits. Raises ValueError."""
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) <= _LARGEST:
        return raw
    if isinstance(raw, str) and raw.isascii() and _NUMBER.fullmatch(raw):
        number = Decimal(raw)
        return int(number) if number == number.to_integral_value() else number.normalize()
    raise ValueError("no exact number")


def parse_day(raw: object) -> date:
    """Return a day written as 2026-05-01, and in no other way that the standard knows. Raises ValueError."""
    if isinstance(raw, str) and _DAY.fullmatch(raw):
        return date.fromisoformat(raw)
    raise ValueError("no day")


def dump_condition(condition: c.Condition) -> dict[str, Any]:
    """Return the JSON form."""
    match condition:
        case c.Compare(op, fact, value, other):
            compared: dict[str, Any] = {"op": op.value, "fact": fact}
            if other is not None:
                compared["other"] = other
            elif op is not c.Op.EXISTS:
                compared["value"] = [dump_scalar(v) for v in value] if isinstance(value, tuple) else dump_scalar(value)
            return compared
        case c.AllOf(parts):
            return {"all": [dump_condition(part) for part in parts]}
        case c.AnyOf(parts):
            return {"any": [dump_condition(part) for part in parts]}
        case c.Not(part):
            return {"not": dump_condition(part)}
        case c.Some(over, when):
            return {"some": {"over": over, "when": dump_condition(when)}}
        case c.Every(over, when):
            return {"every": {"over": over, "when": dump_condition(when)}}
        case c.Share(over, when, gt):
            return {"share": {"over": over, "when": dump_condition(when), "gt": dump_scalar(gt)}}


def dump_scalar(value: Scalar | None) -> Any:
    """Return a value as JSON without floats: dates and decimals as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _condition(raw: object, place: Place, problems: Problems, bound: frozenset[str], depth: int) -> c.Condition:
    problems.conditions += 1
    if problems.conditions > MAX_CONDITIONS:
        raise problems.refuse(place, _("There are more than ${most} conditions.", mapping={"most": MAX_CONDITIONS}))
    if depth > MAX_DEPTH:
        raise problems.refuse(place, _("Conditions may be nested ${most} deep at most.", mapping={"most": MAX_DEPTH}))
    if not isinstance(raw, Mapping) or not raw:
        raise problems.refuse(place, _("This must be a condition, such as an object with op, fact and value."))
    if "op" in raw or "fact" in raw:
        return _compare(raw, place, problems, bound)
    key = next(iter(raw))
    if len(raw) != 1 or key not in _JOINS:
        strange = [k for k in raw if k not in _JOINS] or [key]
        raise problems.refuse(
            (*place, *strange[:1]),
            _("A condition has op, fact and value, or exactly one of all, any, not, some, every, share."),
        )
    return _JOINS[key](raw[key], (*place, key), problems, bound, depth)


def _several(
    raw: object, place: Place, problems: Problems, bound: frozenset[str], depth: int
) -> tuple[c.Condition, ...]:
    if not isinstance(raw, list):
        raise problems.refuse(place, _("This must be a list of conditions."))
    parts = []
    for n, part in enumerate(raw):
        try:
            parts.append(_condition(part, (*place, n), problems, bound, depth + 1))
        except _Refused:
            if problems.conditions > MAX_CONDITIONS:
                raise
    return tuple(parts)


def _all(raw: object, place: Place, problems: Problems, bound: frozenset[str], depth: int) -> c.Condition:
    return c.AllOf(_several(raw, place, problems, bound, depth))


def _any(raw: object, place: Place, problems: Problems, bound: frozenset[str], depth: int) -> c.Condition:
    if raw == []:
        raise problems.refuse(place, _("This list is empty, so it could never be true."))
    return c.AnyOf(_several(raw, place, problems, bound, depth))


def _not(raw: object, place: Place, problems: Problems, bound: frozenset[str], depth: int) -> c.Condition:
    return c.Not(_condition(raw, place, problems, bound, depth + 1))


def _quantifier(raw: object, place: Place, problems: Problems, bound: frozenset[str], depth: int) -> c.Condition:
    keys = {"over", "when", "gt"} if place[-1] == "share" else {"over", "when"}
    if not isinstance(raw, Mapping):
        raise problems.refuse(
            place, _("This must be an object with ${keys}.", mapping={"keys": ", ".join(sorted(keys))})
        )
    _check_keys(raw, keys, keys, place, problems)
    over = raw["over"]
    if not isinstance(over, str) or over not in COLLECTIONS:
        raise problems.refuse((*place, "over"), _one_of(COLLECTIONS))
    if over in bound:
        raise problems.refuse((*place, "over"), _("This collection is already quantified around this condition."))
    when = _condition(raw["when"], (*place, "when"), problems, bound | {over}, depth + 1)
    if place[-1] != "share":
        return c.Some(over, when) if place[-1] == "some" else c.Every(over, when)
    try:
        gt = Decimal(parse_number(raw["gt"]))
    except ValueError:
        gt = Decimal(-1)
    if not 0 <= gt < 1:
        raise problems.refuse((*place, "gt"), _('Give the share as a text from 0 up to but not 1, such as "0.5".'))
    return c.Share(over, when, gt)


_Join = Callable[[object, Place, Problems, frozenset[str], int], c.Condition]
_JOINS: Mapping[str, _Join] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "some": _quantifier,
    "every": _quantifier,
    "share": _quantifier,
}


def _compare(raw: Mapping[str, object], place: Place, problems: Problems, bound: frozenset[str]) -> c.Compare:
    name = raw.get("op")
    if not isinstance(name, str) or name not in set(c.Op):
        raise problems.refuse((*place, "op"), _one_of(c.Op))
    op = c.Op(name)
    definition = _fact(raw.get("fact"), (*place, "fact"), problems, bound)
    if op not in c.OPS_OF[definition.kind]:
        message = _(
            "${fact} is a ${kind}; it can be compared by: ${ops}.",
            mapping={"fact": definition.path, "kind": definition.kind.value, "ops": _listed(c.OPS_OF[definition.kind])},
        )
        raise problems.refuse((*place, "op"), message)
    if op is c.Op.EXISTS:
        _check_keys(raw, {"op", "fact"}, {"op", "fact"}, place, problems)
        return c.Compare(op, definition.path)
    if "other" in raw and op in c.FACT_OPS:
        _check_keys(raw, {"op", "fact", "other"}, {"op", "fact", "other"}, place, problems)
        other = _fact(raw["other"], (*place, "other"), problems, bound)
        if other.kind is not definition.kind:
            raise problems.refuse((*place, "other"), _("The two facts are not of the same kind."))
        return c.Compare(op, definition.path, other=other.path)
    _check_keys(raw, {"op", "fact", "value"}, {"op", "fact", "value"}, place, problems)
    return c.Compare(op, definition.path, _literal(op, definition, raw["value"], (*place, "value"), problems))


def _fact(raw: object, place: Place, problems: Problems, bound: frozenset[str]) -> Definition:
    definition = VOCABULARY.get(raw) if isinstance(raw, str) else None
    if definition is None:
        raise problems.refuse(place, _("There is no fact of this name. Look at the list of facts that rules may read."))
    collection, bracket, _name = definition.path.partition("[].")
    if bracket and collection not in bound:
        raise problems.refuse(
            place, _("This can only be read inside some, every or share over ${over}.", mapping={"over": collection})
        )
    return definition


def _literal(op: c.Op, definition: Definition, raw: object, place: Place, problems: Problems) -> c.Literal:
    if op is c.Op.WITHIN:
        if not isinstance(raw, list) or len(raw) != 2:
            raise problems.refuse(place, _("Give two values, the first and the last."))
        bounds = tuple(_scalar(definition, item, (*place, n), problems) for n, item in enumerate(raw))
        if not c.is_bound(bounds):
            raise problems.refuse(place, _("The first value must come before the last."))
        return bounds
    if op not in c.LIST_OPS:
        return _scalar(definition, raw, place, problems)
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_VALUES:
        raise problems.refuse(place, _("Give a list of 1 to ${most} values.", mapping={"most": MAX_VALUES}))
    return tuple(_scalar(definition, item, (*place, n), problems) for n, item in enumerate(raw))


def _scalar(definition: Definition, raw: object, place: Place, problems: Problems) -> Scalar:
    match definition.kind:
        case Kind.NUMBER:
            try:
                return parse_number(raw)
            except ValueError:
                raise problems.refuse(place, _('Give a whole number, or a text of digits such as "0.5".')) from None
        case Kind.BOOLEAN:
            if isinstance(raw, bool):
                return raw
            raise problems.refuse(place, _("Give true or false."))
        case Kind.DATE:
            try:
                return parse_day(raw)
            except ValueError:
                raise problems.refuse(place, _("Give a date such as 2026-05-01.")) from None
        case _:
            return _member(definition, raw, place, problems)


def _member(definition: Definition, raw: object, place: Place, problems: Problems) -> str:
    if not isinstance(raw, str):
        raise problems.refuse(place, _("Give a text."))
    try:
        text = clean_line(raw, field="value", max_length=200, required=True)
    except Invalid as invalid:
        raise problems.refuse(place, invalid.fields["value"][0]) from None
    if definition.admits_member(text):
        return text
    if definition.kind is Kind.COUNTRY:
        raise problems.refuse(place, _("This is no country code. Use two capital letters (ISO 3166), such as KE."))
    if definition.kind is Kind.GROUPS:
        raise problems.refuse(place, _("Name a group of countries and its date, such as ODA:2024."))
    raise problems.refuse(place, _one_of(definition.choices or ()))


def _check_keys(
    raw: Mapping[str, object], known: set[str], required: set[str], place: Place, problems: Problems
) -> None:
    missing = sorted(required - raw.keys())
    unknown = sorted(str(key) for key in raw.keys() - known)
    for key in missing:
        problems.add((*place, key), _("This is missing."))
    for key in unknown:
        problems.add((*place, key), _("There is no such key here."))
    if missing or unknown:
        raise _Refused


def _one_of(names: Any) -> Text:
    return _("Give one of: ${names}.", mapping={"names": _listed(names)})


def _listed(names: Any) -> str:
    return ", ".join(sorted(str(name) for name in names))
