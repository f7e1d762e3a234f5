"""What somebody does besides asking or booking: a session from afar, data that leave the country.

A request or a booking with a remote participant is also a remote session, and one whose data go to another country also
exports them. The rules on these actions are judged beside those on the action itself, and the strictest answer counts.
Where no rule says to whom such a thing is open, it is open to whom the action itself is.

A request is asked only what concerns asking: what applies to booking too is judged when one books, and so is what is
met between the two, such as a training, a check or an agreement.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from infra_access.policy.facts import Facts
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.rules import Action, Disclosure, Permit, Require, RequirementKind, Rule
from infra_access.policy.wording import Wording

FURTHER = (Action.REMOTE_SESSION, Action.EXPORT_DATA)
_BASES = (Action.REQUEST, Action.BOOK, Action.MAIL_IN)
_USE = frozenset({Action.BOOK, Action.MAIL_IN})
_REMOTE = "remote"
_MET_AFTERWARDS = frozenset(
    {RequirementKind.AGREEMENT, RequirementKind.TRAINING, RequirementKind.GATE, RequirementKind.ESCORT}
)


def further_actions(action: str, facts: Facts, now: datetime) -> tuple[Action, ...]:
    """Return what else an action comes to by these facts; what is not known of is not done."""
    if action not in _BASES:
        return ()
    people, legs = facts.members("participants") or (), facts.members("legs") or ()
    remote = facts.value("request.access_type", now) == _REMOTE or any(
        one.value("presence", now) == _REMOTE for one in people
    )
    abroad = any(one.value("kind", now) == "data" and one.value("crosses", now) is True for one in legs)
    done = {Action.REMOTE_SESSION: remote, Action.EXPORT_DATA: abroad}
    return tuple(one for one in FURTHER if done[one])


def further_rules(
    book: RuleBook, place: InstrumentPlace | None, *, route: str | None, at: date | datetime, base: str, further: Action
) -> tuple[Rule, ...]:
    """Return the rules on a further action that are judged with an action; none where nothing speaks about it."""
    rules = book.rule_set(place, route=route, at=at, action=further).rules
    return tuple(rule for rule in rules if not _comes_later(rule)) if base == Action.REQUEST else rules


def judged_with(rules: Iterable[Rule], base: str, further: Action) -> tuple[Rule, ...]:
    """Return rules on a further action so that they are judged with an action, as part of it."""
    given = [replace(rule, applies_to=tuple(dict.fromkeys((*rule.applies_to, Action(base))))) for rule in rules]
    if not any(isinstance(rule.effect, Permit) for rule in given):
        message = Wording({"en": "No rule says to whom else this is closed."})
        name = f"open-{further}".replace("_", "-")
        given.append(Rule(name, Permit(), (Action(base),), message, disclosure=Disclosure.NONE))
    return tuple(given)


def rules_asked(
    book: RuleBook,
    place: InstrumentPlace | None,
    *,
    route: str | None,
    at: datetime,
    action: str,
    facts: Facts | None = None,
) -> tuple[Rule, ...]:
    """Return each rule that is asked when somebody does an action and what it further comes to by these facts.

    Without facts, each that may be asked is among them.
    """
    rules = list(book.rule_set(place, route=route, at=at, action=action).rules)
    for further in FURTHER if facts is None else further_actions(action, facts, at):
        more = further_rules(book, place, route=route, at=at, base=action, further=further)
        rules += [rule for rule in more if rule not in rules]
    return tuple(rules)


def _comes_later(rule: Rule) -> bool:
    effect = rule.effect
    afterwards = isinstance(effect, Require) and effect.kind in _MET_AFTERWARDS
    return afterwards or not _USE.isdisjoint(rule.applies_to)
