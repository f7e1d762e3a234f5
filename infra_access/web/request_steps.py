"""The steps in which a request is written: what everybody is asked, what the rules ask for, and a last look."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra_access.access_requests.date_preferences import takes_dates
from infra_access.access_requests.models import AccessRoute
from infra_access.access_requests.needed import Needed
from infra_access.access_requests.questions import GROUP_OF, Group, Question, stated_in
from infra_access.core.decision import Missing
from infra_access.core.i18n import Text, _
from infra_access.policy.disclosure import Audience, is_hidden, may_read
from infra_access.policy.rules import Require, Rule
from infra_access.policy.vocabulary import COLLECTIONS, VOCABULARY
from infra_access.web.request_form import ABOUT, TEAM, Asked

DAYS, CHECK = "days", "check"
TITLES: Mapping[str, Text] = {
    ABOUT: _("What you ask for"),
    TEAM: _("Your team"),
    DAYS: _("On which days"),
    Group.SAMPLES: _("Samples"),
    Group.PROJECT: _("The project"),
    Group.ETHICS: _("Ethics and military use"),
    Group.END_USE: _("Declaration of end use"),
    Group.FUNDING: _("Who pays"),
    Group.STATEMENTS: _("What the rules ask for"),
    CHECK: _("Check and send"),
}
"""The steps in their order, by the name that their address has."""

_FOR_ALL = (ABOUT, TEAM)
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its place among those that are taken, None where nothing asks for it; why it is asked, of which facts.

    Without `facts` all of its questions are shown.
    """

    name: str
    number: int | None
    why: tuple[Text, ...] = ()
    facts: frozenset[str] = frozenset()

    @property
    def title(self) -> Text:
        """Return its heading."""
        return TITLES[self.name]


@dataclass(frozen=True, slots=True)
class Path:
    """The steps that are taken, the last look among them, and those in which more can be said that nothing asks for."""

    steps: tuple[Step, ...]
    others: tuple[Step, ...]

    def of(self, name: str) -> Step | None:
        """Return the step of this name, also one that nothing asks for."""
        return next((one for one in (*self.steps, *self.others) if one.name == name), None)

    def after(self, step: Step) -> str:
        """Return the name of the step that comes next; after one that nothing asks for, the last look."""
        return CHECK if step.number is None else self.steps[step.number].name

    def before(self, step: Step) -> str | None:
        """Return the name of the step that came before, None for the first."""
        if step.number is None:
            return CHECK
        return self.steps[step.number - 2].name if step.number > 1 else None


def path_of(needed: Needed, asked: Sequence[Asked], route: AccessRoute) -> Path:
    """Return the way through a request: what everybody is asked, then what the rules and the way in ask for."""
    required = {
        rule.effect.key
        for rule in needed.requiring
        if isinstance(rule.effect, Require) and not is_hidden(rule, Audience.APPLICANT)
    }
    # What somebody states of their own accord is no step of everybody.
    stated = {stated_in(one.kind, one.code) for one in asked if one.missing or f"{one.kind}:{one.code}" in required}
    by_group: dict[str, list[Question]] = {}
    for one in needed.questions:
        by_group.setdefault(one.group, []).append(one)
    taken: list[Step] = []
    others: list[Step] = []
    for name in TITLES:
        if name in (*_FOR_ALL, CHECK) or (name == DAYS and takes_dates(route)):
            taken.append(Step(name, len(taken) + 1))
        elif name in by_group or name in stated:
            found = by_group.get(name, [])
            facts = frozenset(question.fact for question in found)
            taken.append(Step(name, len(taken) + 1, _why(name, found, needed), facts))
            if facts and facts < {fact for fact, group in GROUP_OF.items() if group == name}:
                others.append(Step(name, None))
        elif name in (Group.SAMPLES, Group.PROJECT, Group.ETHICS, Group.END_USE, Group.FUNDING):
            others.append(Step(name, None))
    return Path(tuple(taken), tuple(others))


def step_for(missing: Missing) -> str | None:
    """Return the step in which what is missing can be supplied; None where no step can.

    >>> step_for(Missing("fact", "participants[0].role", "", "")), step_for(Missing("training", "laser-safety", "", ""))
    ('team', None)
    """
    if missing.kind != "fact":
        return stated_in(missing.kind, missing.code)
    name = missing.code.partition("[")[0]
    if name in GROUP_OF:
        return GROUP_OF[name]
    if name in COLLECTIONS:
        return TEAM
    field = VOCABULARY[name].field if name in VOCABULARY else None
    return None if field in (None, "instruments", "route") else ABOUT


def _why(name: str, found: Iterable[Question], needed: Needed) -> tuple[Text, ...]:
    """Return in whose name a group is asked, as far as the rules may be read."""
    rules = [rule for question in found for rule in question.rules]
    if name == Group.END_USE:
        rules += [one for one in needed.requiring if isinstance(one.effect, Require) and _declares(one.effect)]
    elif not rules:
        return (_("The access rules need what is named here, as far as it is so."),)
    return _named(rules) or (_("The facility asks for this."),)


def _declares(effect: Require) -> bool:
    return stated_in(effect.kind, effect.code) is Group.END_USE


def _named(rules: Iterable[Rule]) -> tuple[Text, ...]:
    readable = list(dict.fromkeys(rule.message for rule in rules if may_read(rule, Audience.APPLICANT)))
    return tuple(
        _("A rule asks for it. Where it applies, it says: ${rule}", mapping={"rule": one})
        for one in readable[:_MOST_NAMED]
    )
