"""The policy's answer about instruments that somebody names: the rules that reach them, the facts, the decision.

Each instrument is judged under its own rules, and the strictest answer counts. A ruling keeps the facts that its
rules read and the rules themselves as canonical JSON, one entry for each instrument, so that it can be made again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.core.decision import Decision
from infra_access.core.errors import NotFound
from infra_access.core.i18n import _
from infra_access.policy.applicants import Applicant
from infra_access.policy.canonical import canonical, case_of, listed
from infra_access.policy.disclosure import Audience
from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.further import further_actions, further_rules, judged_with
from infra_access.policy.joining import joined
from infra_access.policy.overrides import Overridden, Override, dump_overridden, overridden, standing, telling
from infra_access.policy.places import InstrumentPlace, facts_of_place, places_of
from infra_access.policy.relevance import relevant
from infra_access.policy.rulebook import RuleBook, RuleSet, rule_set_of, rulebook

_HERE = "this application"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision as its reader sees it and as an officer does, with what it rests on."""

    action: str
    decision: Decision
    officer: Decision
    facts: bytes
    rules: bytes
    overridden: bytes = b"[]"


@dataclass(frozen=True, slots=True)
class Part:
    """The rules and the facts, as far as these rules read them, of one instrument; `canonical` is of the facts.

    `overridden` are the rules that are left out, since an exception from them was granted.
    """

    rule_set: RuleSet
    facts: Facts
    canonical: bytes
    overridden: tuple[Overridden, ...] = ()


def rule_on(
    session: Session,
    *,
    action: str,
    instrument_ids: Sequence[int],
    applicant: Facts,
    now: datetime,
    route: str | None = None,
    extra: Facts | None = None,
    satisfied: Iterable[str] = (),
    audience: Audience | str = Audience.APPLICANT,
    share_lock: bool = False,
    book: RuleBook | None = None,
    places: Mapping[int, InstrumentPlace] | None = None,
    overrides: Collection[Override] = (),
    case: str | None = None,
) -> Ruling:
    """Return the policy's answer on an action with all the instruments together, in two statements.

    One less given `book`, and one less given `places`, where the caller has read the instruments already.

    `route` is the public id of an access route, `extra` adds facts about the request, `satisfied` what is met
    (`training:laser-safety`). Without instruments, the rules of the network and of the route decide. With
    `share_lock` the policy stays as it is until the transaction ends. `overrides` are the exceptions that were granted
    to the request that this is about, and `case` the number that it has. Raises NotFound `instrument.unknown`.
    """
    book = book or rulebook(session, share_lock=share_lock)
    if places is None:
        places = places_of(session, instrument_ids) if instrument_ids else {}
    if len(places) < len(set(instrument_ids)):
        raise NotFound("instrument.unknown", _("There is no such instrument."))
    facts = with_request(applicant, route=route, extra=extra, satisfied=satisfied, now=now)
    parts = [
        part
        for place in places.values() or (None,)
        for part in parts_of(
            book,
            place,
            applicant=facts,
            member_of=members(applicant),
            action=action,
            route=route,
            now=now,
            overrides=overrides,
        )
    ]
    return ruling_of(parts, action=action, now=now, policy_version=book.version, audience=audience, case=case)


def with_request(
    applicant: Facts, *, route: str | None, extra: Facts | None, satisfied: Iterable[str], now: datetime
) -> Facts:
    """Return the applicant's facts with those of the request, and everything that either says is met."""
    stated: dict[str, Fact] = {}
    if route is not None:
        stated["request.route"] = Fact(route, _HERE, _HERE, now)
    facts = applicant.joined(Facts.of(stated))
    if extra is not None:
        facts = facts.joined(extra)
    met = set(satisfied)
    for source in (applicant, extra):
        known = None if source is None else source.value("satisfied", now)
        met |= known if isinstance(known, frozenset) else set()
    if met:
        facts = facts.joined(Facts.of({"satisfied": Fact(frozenset(met), _HERE, _HERE, now)}))
    return facts


def members(applicant: Facts) -> frozenset[int] | None:
    """Return the organisations that confirmed the applicant; None where nothing is known of who it is."""
    return applicant.member_of if isinstance(applicant, Applicant) else None


def parts_of(
    book: RuleBook,
    place: InstrumentPlace | None,
    *,
    applicant: Facts,
    member_of: frozenset[int] | None,
    action: str,
    route: str | None,
    now: datetime,
    overrides: Collection[Override] = (),
) -> list[Part]:
    """Return what an action is judged by: its own rules, and those on what it further comes to, each for itself."""
    part = part_of(
        book,
        place,
        applicant=applicant,
        member_of=member_of,
        action=action,
        route=route,
        now=now,
        overrides=overrides,
    )
    parts = [part]
    for further in further_actions(action, applicant, now):
        rules = further_rules(book, place, route=route, at=now, base=action, further=further)
        if rules:
            left_out = overridden(rules, overrides)
            asked = rule_set_of(judged_with(standing(rules, overrides), action, further))
            facts = _around(place, applicant, member_of, now)
            read = relevant(facts, asked)
            parts.append(Part(asked, read, canonical(read), left_out))
    return parts


def part_of(
    book: RuleBook,
    place: InstrumentPlace | None,
    *,
    applicant: Facts,
    member_of: frozenset[int] | None,
    action: str,
    route: str | None,
    now: datetime,
    overrides: Collection[Override] = (),
) -> Part:
    """Return the rules that reach an instrument, and the facts that they read."""
    rule_set = book.rule_set(place, route=route, at=now, action=action)
    left_out = overridden(rule_set.rules, overrides)
    if left_out:
        rule_set = rule_set.without([one.rule for one in left_out])
    read = relevant(_around(place, applicant, member_of, now), rule_set)
    return Part(rule_set, read, canonical(read), left_out)


def _around(place: InstrumentPlace | None, applicant: Facts, member_of: frozenset[int] | None, now: datetime) -> Facts:
    """Return the applicant's facts with those of the instrument."""
    if place is None:
        return applicant
    relation = relation_to(place, applicant, member_of, now)
    return facts_of_place(place, now).joined(applicant).joined(Facts.of(relation))


def relation_to(
    place: InstrumentPlace, applicant: Facts, member_of: frozenset[int] | None, now: datetime
) -> Mapping[str, Fact]:
    """Return `applicant.relation`: internal to the facility's organisation or not, unless something else is stated."""
    if member_of is None or "applicant.relation" in applicant.values:
        return {}
    relation = "internal" if place.organisation_id in member_of else "external"
    return {"applicant.relation": Fact(relation, "affiliations", _HERE, now)}


def ruling_of(
    parts: Sequence[Part],
    *,
    action: str,
    now: datetime,
    policy_version: str,
    audience: Audience | str,
    case: str | None = None,
) -> Ruling:
    """Decide for the reader and for an officer."""
    reader, officer = (
        decide(parts, action=action, now=now, policy_version=policy_version, audience=one, case=case)
        for one in (audience, Audience.OFFICER)
    )
    return Ruling(action, reader, officer, _facts_of(parts), _rules_of(parts), dump_overridden(_left_out(parts)))


def decide(
    parts: Sequence[Part],
    *,
    action: str,
    now: datetime,
    policy_version: str,
    audience: Audience | str,
    case: str | None = None,
) -> Decision:
    """Evaluate each part and join the answers, as those of a case.

    Without a number of its own, that of the case stands for all that went in, whoever reads.
    """
    left_out = _left_out(parts)
    if case is None:
        facts, rules = ([part.canonical for part in parts], [part.rule_set.canonical for part in parts])
        case = case_of(action, now, policy_version, facts, rules, *([dump_overridden(left_out)] if left_out else ()))
    decision = joined(
        [
            evaluate(
                part.rule_set.rules,
                part.facts,
                action=action,
                as_of=now,
                policy_version=policy_version,
                case=case,
                audience=audience,
            )
            for part in parts
        ]
    )
    return telling(decision, left_out, audience) if left_out else decision


def _left_out(parts: Sequence[Part]) -> list[Overridden]:
    return [one for part in parts for one in part.overridden]


def _facts_of(parts: Sequence[Part]) -> bytes:
    return listed(part.canonical for part in parts)


def _rules_of(parts: Sequence[Part]) -> bytes:
    return listed(part.rule_set.canonical for part in parts)
