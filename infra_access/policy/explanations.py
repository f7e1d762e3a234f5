"""The sentences of a decision that no rule's author writes: what is asked, what would have to be otherwise, how."""

import math
from collections.abc import Mapping

from translationstring import TranslationString

from infra_access.core.decision import Missing
from infra_access.core.i18n import Text, _
from infra_access.policy.condition_json import dump_scalar
from infra_access.policy.conditions import Compare, Op, Share
from infra_access.policy.logic import Count, Shortfall
from infra_access.policy.rules import Approve, Require, RequirementKind, Rule
from infra_access.policy.vocabulary import (
    COLLECTIONS,
    END_USE_DECLARATION,
    GRANTED,
    LEDGER_FACTS,
    VOCABULARY,
    question_for,
)
from infra_access.policy.words import condition_in_words

_HOW: Mapping[RequirementKind, Text] = {
    RequirementKind.TRAINING: _("Take the training, or show that you have taken it, in your profile."),
    RequirementKind.DOCUMENT: _("Add the document to your request."),
    RequirementKind.AGREEMENT: _("Have the agreement accepted by someone who signs for your organisation."),
    RequirementKind.ASSURANCE: _("Log in with an account that gives the assurance asked for, or ask the facility."),
    RequirementKind.FUNDING: _("Name a source of funding in your request."),
    RequirementKind.ESCORT: _("Ask the facility for a person who accompanies you."),
    RequirementKind.GATE: _("Have this checked by the facility before the session."),
}

_VOUCHED = _("Whom to ask: the staff of the facility. They note it for your account; your own word does not meet it.")
"""How one comes by an assurance. `_HOW` has other words, since decisions that are kept are made again with them."""

_BY_ASKING = _("Ask for access; once it is granted, book or send samples on what was granted.")

_WANTED: Mapping[tuple[Op, bool], TranslationString] = {
    (Op.EQ, True): _("Needed: ${fact} is ${value}."),
    (Op.EQ, False): _("Needed: ${fact} is not ${value}."),
    (Op.IN, True): _("Needed: ${fact} is one of: ${value}."),
    (Op.IN, False): _("Needed: ${fact} is none of: ${value}."),
    (Op.OVERLAPS, True): _("Needed: ${fact} include one of: ${value}."),
    (Op.OVERLAPS, False): _("Needed: ${fact} include none of: ${value}."),
    (Op.CONTAINS, True): _("Needed: ${fact} include ${value}."),
    (Op.CONTAINS, False): _("Needed: ${fact} do not include ${value}."),
    (Op.MEMBER_OF, True): _("Needed: ${fact} include ${value}."),
    (Op.MEMBER_OF, False): _("Needed: ${fact} do not include ${value}."),
    (Op.GTE, True): _("Needed: ${fact} is at least ${value}."),
    (Op.GTE, False): _("Needed: ${fact} is less than ${value}."),
    (Op.LTE, True): _("Needed: ${fact} is at most ${value}."),
    (Op.LTE, False): _("Needed: ${fact} is more than ${value}."),
    (Op.BEFORE, True): _("Needed: ${fact} is before ${value}."),
    (Op.BEFORE, False): _("Needed: ${fact} is not before ${value}."),
    (Op.AFTER, True): _("Needed: ${fact} is after ${value}."),
    (Op.AFTER, False): _("Needed: ${fact} is not after ${value}."),
    (Op.WITHIN, True): _("Needed: ${fact} is between ${value}."),
    (Op.WITHIN, False): _("Needed: ${fact} is not between ${value}."),
    (Op.EXISTS, True): _("Needed: there is ${fact}."),
    (Op.EXISTS, False): _("Needed: there is not ${fact}."),
}
_LONGEST: Mapping[tuple[str, bool], TranslationString] = {
    ("approval", True): _(
        "What takes longest: approval by ${role} (${scope}), ${expected} days as a rule, ${latest} at most."
    ),
    ("approval", False): _(
        "What may take longest: approval by ${role} (${scope}), ${expected} days as a rule, ${latest} at most."
    ),
    ("requirement", True): _("What takes longest (${expected} days as a rule, ${latest} at most): ${what}"),
    ("requirement", False): _("What may take longest (${expected} days as a rule, ${latest} at most): ${what}"),
    ("check", True): _("What takes longest: a check by the facility, ${expected} days as a rule, ${latest} at most."),
    ("check", False): _(
        "What may take longest: a check by the facility, ${expected} days as a rule, ${latest} at most."
    ),
}
_OPPOSITE = {Op.NE: Op.EQ, Op.NOT_IN: Op.IN}
_YES_NO = {True: _("yes"), False: _("no")}


def missing_fact(path: str) -> Missing:
    """Return the question for a fact that nobody has stated; its code is the fact's path."""
    how = _("State it in your request or your profile.")
    if path.startswith(("instrument.", "facility.", "programme.")):
        how = _("Ask the facility to complete its record.")
    elif path in LEDGER_FACTS:
        how = _("Nobody need state it. Where it stays unknown once your request is sent, ask the facility why.")
    return Missing("fact", path, question_for(path), how)


def how_to_meet(kind: RequirementKind) -> Text:
    """Return how one comes by what is required."""
    return _VOUCHED if kind is RequirementKind.ASSURANCE else _HOW[kind]


def next_action(missing: Missing) -> Text:
    """Return how one comes by what a decision misses, in the words of today."""
    if (missing.kind, missing.code) == (RequirementKind.GATE, GRANTED):
        return _BY_ASKING
    return _VOUCHED if missing.kind == RequirementKind.ASSURANCE else missing.how


def missing_requirement(rule: Rule, effect: Require) -> Missing:
    """Return what a rule requires and how to come by it."""
    how = _HOW[effect.kind]
    if (effect.kind, effect.code) == (RequirementKind.DOCUMENT, END_USE_DECLARATION):
        how = _("Declare the end use in your request: for what, for whom, in which countries.")
    return Missing(effect.kind.value, effect.code, rule.message, how)


def shortfall_sentence(shortfall: Shortfall) -> Text:
    """Return what would have to be otherwise for a permit to match."""
    condition = shortfall.condition
    if isinstance(condition, Share) and shortfall.counted is not None and shortfall.counted.total:
        return _too_few(condition, shortfall.counted, wanted=shortfall.wanted)
    if not isinstance(condition, Compare):
        return _("Needed is another answer to: ${question}", mapping={"question": COLLECTIONS[condition.over].question})
    op = _OPPOSITE.get(condition.op, condition.op)
    wanted = shortfall.wanted is (op is condition.op)
    fact = VOCABULARY[condition.fact].label
    return _WANTED[op, wanted] % {"fact": fact, "value": _value(condition)}


def just_enough(condition: Share, counted: Count) -> Text:
    """Return the sentence for a share that is met by one member only: who they are, and that none may be missing."""
    return _(
        "This is so of ${count} of ${total} ${members} (number ${numbers}), which is just enough: ${condition}. With "
        "one fewer it would not be open to you.",
        mapping=_counted(condition, counted, counted.met) | {"count": len(counted.met)},
    )


def _too_few(condition: Share, counted: Count, *, wanted: bool) -> Text:
    numbers = counted.others if wanted else counted.met
    most = math.floor(condition.gt * counted.total)
    needed = most + 1 - len(counted.met) if wanted else len(counted.met) - most
    values = _counted(condition, counted, numbers) | {"count": len(counted.met), "needed": needed}
    if wanted:
        return _(
            "Needed is ${needed} more: this is so of ${count} of ${total} ${members}, but not of number ${numbers}: "
            "${condition}.",
            mapping=values,
        )
    return _(
        "Needed is ${needed} fewer: this is so of ${count} of ${total} ${members}, which are number ${numbers}: "
        "${condition}.",
        mapping=values,
    )


_MEMBERS = {"participants": _("participants"), "samples": _("samples"), "legs": _("movements between countries")}


def _counted(condition: Share, counted: Count, numbers: tuple[int, ...]) -> dict[str, object]:
    return {
        "total": counted.total,
        "members": _MEMBERS[condition.over],
        "numbers": ", ".join(str(number) for number in numbers),
        "condition": condition_in_words(condition.when).sentence,
    }


def why_so_late(rule: Rule, *, certain: bool, readable: bool) -> Text:
    """Return the sentence for an earliest date that this rule decides; `certain` is false where it may not apply."""
    days = {"expected": rule.expected_days, "latest": rule.latest_days}
    if not readable:
        return _LONGEST["check", certain] % days
    if isinstance(rule.effect, Approve):
        role = rule.effect.role.replace("_", " ")
        return _LONGEST["approval", certain] % {**days, "role": role, "scope": rule.effect.scope.value}
    return _LONGEST["requirement", certain] % {**days, "what": rule.message}


def not_met(rule: Rule) -> Text:
    """Return the sentence that a permit is near but does not match."""
    return _("Not met: ${rule}", mapping={"rule": rule.message})


def may_be_met(rule: Rule) -> Text:
    """Return the sentence that a permit would match if the missing facts turned out well."""
    return _("This may be open to you once the missing facts are stated: ${rule}", mapping={"rule": rule.message})


def undecided(rule: Rule) -> Text:
    """Return the sentence that a rule cannot be decided and so counts against the applicant."""
    return _("Cannot be decided without the missing facts: ${rule}", mapping={"rule": rule.message})


def _value(condition: Compare) -> Text:
    if condition.other is not None:
        return VOCABULARY[condition.other].label
    value = condition.value
    if isinstance(value, bool):
        return _YES_NO[value]
    many = value if isinstance(value, tuple) else (value,)
    return ", ".join(str(dump_scalar(one)) for one in many)
