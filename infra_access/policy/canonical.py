"""Facts, rules and decisions as canonical JSON, and back: the same inputs give the same bytes.

Source: the key order and separators of RFC 8785, without its numbers: a fraction is written as text.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

from translationstring import TranslationString

from infra_access.core.decision import ApprovalDue, Decision, EarliestStart, Missing, Outcome, Reason
from infra_access.core.i18n import DOMAIN, Text
from infra_access.policy.condition_json import dump_scalar, parse_number
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.kinds import Kind, Value
from infra_access.policy.rule_json import dump_rule
from infra_access.policy.rules import Rule
from infra_access.policy.vocabulary import VOCABULARY
from infra_access.policy.wording import Wording

_MOMENT = "now"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HEARD = str.maketrans("OIL", "011")


def canonical(subject: Facts | Decision | Iterable[Rule]) -> bytes:
    """Return the one byte form of facts, of a decision, or of rules in whatever order."""
    if isinstance(subject, Facts):
        return _bytes(_facts(subject))
    if isinstance(subject, Decision):
        return _bytes(_decision(subject))
    return _bytes(sorted((dump_rule(rule) for rule in subject), key=_bytes))


def case_code(inputs: bytes) -> str:
    """Return the case number for canonical inputs, to be read out on the telephone (Crockford's base 32).

    >>> case_code(b"facts and rules")
    'E97K-ZDGM'
    """
    number = int.from_bytes(hashlib.sha256(inputs).digest()[:5], "big")
    letters = "".join(_CROCKFORD[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{letters[:4]}-{letters[4:]}"


def as_case(text: str) -> str:
    """Return a case number as it is written, of what somebody heard or typed.

    >>> as_case(" e97k zdgm"), as_case("E97K-ZDGM"), as_case("E9-IO"), as_case("")
    ('E97K-ZDGM', 'E97K-ZDGM', 'E910', '')
    """
    letters = "".join(one for one in text.upper().translate(_HEARD) if one in _CROCKFORD)
    return f"{letters[:4]}-{letters[4:]}" if letters[4:] else letters


def case_of(
    action: str, now: datetime, policy_version: str, facts: Iterable[bytes], rules: Iterable[bytes], *more: bytes
) -> str:
    """Return the case number of a decision, which stands for all that went in: facts and rules, canonical, by part."""
    inputs = [action.encode(), now.isoformat().encode(), policy_version.encode(), listed(facts), listed(rules), *more]
    return case_code(b"\n".join(inputs))


def listed(entries: Iterable[bytes]) -> bytes:
    """Return canonical JSON values as one canonical JSON list."""
    return b"[" + b",".join(entries) + b"]"


def timeless(facts: bytes, now: datetime) -> bytes:
    """Return canonical facts with a mark for the moment, where they were asserted at `now`.

    Quotes inside a text are escaped, so nothing that somebody wrote can read like it.
    """
    return facts.replace(_asserted(_instant(now)), _asserted(_MOMENT))


def dated(facts: bytes, now: datetime) -> bytes:
    """Return the facts that `timeless` marked as they are at another moment."""
    return facts.replace(_asserted(_MOMENT), _asserted(_instant(now)))


def restore_facts(data: bytes | str) -> Facts:
    """Return the facts that `canonical` wrote. Raises ValueError where they are none."""
    raw = json.loads(data)
    return Facts.of(
        {path: _restored_fact(path, fact) for path, fact in raw["values"].items()},
        {
            name: [{p: _restored_fact(f"{name}[].{p}", fact) for p, fact in item.items()} for item in items]
            for name, items in raw["collections"].items()
        },
    )


def restore_decision(data: bytes | str) -> Decision:
    """Return the decision that `canonical` wrote, its texts ready for any language."""
    raw = json.loads(data)
    start = raw["earliest_start"]
    return Decision(
        outcome=Outcome(raw["outcome"]),
        as_of=datetime.fromisoformat(raw["as_of"]),
        policy_version=raw["policy_version"],
        case=raw["case"],
        earliest_start=start
        and EarliestStart(
            date.fromisoformat(start["likely"]), date.fromisoformat(start["safe"]), _restored_text(start["because"])
        ),
        reasons=tuple(Reason(**_restored(entry)) for entry in raw["reasons"]),
        missing=tuple(Missing(**_restored(entry)) for entry in raw["missing"]),
        approvals=tuple(ApprovalDue(**_restored(entry)) for entry in raw["approvals"]),
        limits=_restored_limits(raw["limits"]),
    )


def _bytes(plain: Any) -> bytes:
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_refuse).encode()


def _refuse(value: object) -> Any:
    raise TypeError(f"{value!r} has no canonical form")


def _asserted(at: str) -> bytes:
    return f'"asserted_at":"{at}"'.encode()


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def _value(value: Value | None) -> Any:
    return sorted(value) if isinstance(value, frozenset) else dump_scalar(value)


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "value": _value(fact.value),
        "source": fact.source,
        "asserted_by": fact.asserted_by,
        "asserted_at": _instant(fact.asserted_at),
        "expires_at": None if fact.expires_at is None else _instant(fact.expires_at),
    }


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "values": {path: _fact(fact) for path, fact in facts.values.items()},
        "collections": {
            name: [{path: _fact(fact) for path, fact in item.values.items()} for item in items]
            for name, items in facts.collections.items()
        },
    }


def _restored_fact(path: str, raw: Mapping[str, Any]) -> Fact:
    definition, value = VOCABULARY.get(path), raw["value"]
    if value is not None and definition is not None:
        if definition.kind.is_set:
            value = frozenset(value)
        elif definition.kind is Kind.NUMBER:
            value = parse_number(value)
        elif definition.kind is Kind.DATE:
            value = date.fromisoformat(value)
    expires = raw["expires_at"]
    return Fact(
        value,
        raw["source"],
        raw["asserted_by"],
        datetime.fromisoformat(raw["asserted_at"]),
        None if expires is None else datetime.fromisoformat(expires),
    )


def _decision(decision: Decision) -> dict[str, Any]:
    start = decision.earliest_start
    return {
        "outcome": decision.outcome.value,
        "as_of": _instant(decision.as_of),
        "policy_version": decision.policy_version,
        "case": decision.case,
        "earliest_start": start
        and {"likely": start.likely.isoformat(), "safe": start.safe.isoformat(), "because": _text(start.because)},
        "reasons": [_entry(reason) for reason in decision.reasons],
        "missing": [_entry(entry) for entry in decision.missing],
        "approvals": [_entry(due) for due in decision.approvals],
        "limits": {key: _limit(value) for key, value in decision.limits.items()},
    }


def _limit(value: Any) -> Any:
    if isinstance(value, float):
        _refuse(value)
    return value if isinstance(value, list) else dump_scalar(value)


def _entry(entry: Reason | Missing | ApprovalDue) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name in (one.name for one in fields(entry) if one.compare):
        value = getattr(entry, name)
        if name == "asks" and not value:
            continue  # Decisions of before anything could be asked are made again to the same bytes.
        plain[name] = list(value) if isinstance(value, tuple) else _text(value) if isinstance(value, str) else value
    return plain


def _text(text: Text) -> Any:
    if isinstance(text, Wording):
        return {"wording": dict(text.by_locale)}
    if isinstance(text, TranslationString):
        mapping = {name: _text(v) if isinstance(v, str) else v for name, v in (text.mapping or {}).items()}
        return {"msgid": str(text), "mapping": mapping}
    return str(text)


def _restored(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else _restored_text(v) for name, v in entry.items()}


def _restored_text(raw: Any) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    if "wording" in raw:
        return Wording(raw["wording"])
    mapping = {name: _restored_text(value) for name, value in raw["mapping"].items()}
    return TranslationString(raw["msgid"], domain=DOMAIN, mapping=mapping or None)


def _restored_limits(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: parse_number(value) if name == "amount" else value for name, value in raw.items()}
