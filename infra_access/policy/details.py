"""What of an instrument the rules on seeing its details hide from somebody, before access was granted to them.

The base record of a published instrument is public: what it is called, where it stands, by what it is searched. The
rest is shown unless a rule on seeing the details closes it, wants something first, or masks some of it; what hangs on
something unknown stays hidden. Where no rule says to whom the details are open, they are open to everybody.
"""

from datetime import datetime

from infra_access.core.decision import Decision, Outcome
from infra_access.core.i18n import _
from infra_access.policy.conditions import ALWAYS
from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Facts
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.rulebook import RuleBook
from infra_access.policy.rules import Action, Mask, Permit, Prefer, Rule
from infra_access.policy.ruling import members, part_of
from infra_access.policy.wording import Wording

DETAILS = (
    "description",
    "manufacturer",
    "model",
    "website",
    "capabilities",
    "hazards",
    "control_codes",
    "tags",
    "contact_name",
    "contact_email",
)
"""The fields of an instrument that can be hidden."""
_SEARCHED = ("description", "manufacturer", "model", "tags")
_TOGETHER = {"contact": ("contact_name", "contact_email")}
_OPEN = (Outcome.PERMIT, Outcome.PERMIT_WITH_LIMITS)
_PUBLIC = Rule("public", Permit(), (Action.VIEW_DETAILS,), Wording({"en": str(_("Its details are public."))}))


def masks_of(names: tuple[str, ...]) -> frozenset[str]:
    """Return the details that a mask hides; `contact` stands for all that says whom to ask.

    >>> sorted(masks_of(("contact", "serial_number")))
    ['contact_email', 'contact_name']
    """
    named = frozenset(field for name in names for field in _TOGETHER.get(name, (name,)))
    return named & frozenset(DETAILS)


def is_ruled(book: RuleBook) -> bool:
    """Tell whether any rule is about details at all: without one, nobody need ask."""
    return any(Action.VIEW_DETAILS in rule.applies_to for rules in book.by_scope.values() for rule in rules)


def hides_from_search(rule: Rule) -> bool:
    """Tell whether a rule may hide, from anybody, one of the details that searches look in."""
    if Action.VIEW_DETAILS not in rule.applies_to:
        return False
    match rule.effect:
        case Mask(names):
            return not masks_of(names).isdisjoint(_SEARCHED)
        case Permit():
            return rule.when != ALWAYS
        case _:
            return not isinstance(rule.effect, Prefer)


def hidden_from(book: RuleBook, place: InstrumentPlace, applicant: Facts, *, now: datetime) -> frozenset[str]:
    """Return the details that are hidden from somebody of whom `applicant` is known."""
    action = Action.VIEW_DETAILS
    part = part_of(book, place, applicant=applicant, member_of=members(applicant), action=action, route=None, now=now)
    masks = [rule for rule in part.rule_set.rules if isinstance(rule.effect, Mask)]
    others = [rule for rule in part.rule_set.rules if not isinstance(rule.effect, Mask)]
    if not any(isinstance(rule.effect, Permit) for rule in others):
        others.append(_PUBLIC)
    if _judged(book, others, part.facts, now).outcome not in _OPEN:
        return frozenset(DETAILS)
    return masks_of(tuple(_judged(book, [*masks, _PUBLIC], part.facts, now).limits.get("masked", ())))


def _judged(book: RuleBook, rules: list[Rule], facts: Facts, now: datetime) -> Decision:
    return evaluate(rules, facts, action=Action.VIEW_DETAILS, as_of=now, policy_version=book.version, case="")
