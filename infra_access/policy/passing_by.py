"""Approvals that are passed by: booking needs none where asking does, or no change of what was asked undoes them.

What is granted on a request was approved, so a rule that requires the gate of what was granted closes the way past.
"""

from collections.abc import Iterator, Sequence

from infra_access.core.i18n import Text, _
from infra_access.policy.conditions import AllOf, AnyOf, Condition, reads
from infra_access.policy.demands import GRANT
from infra_access.policy.impossible import Groups, follows, never_holds
from infra_access.policy.rules import Action, Approve, Deny, Permit, Require, Rule

_USE = (Action.BOOK, Action.MAIL_IN)
_STANDING = frozenset({"applicant.relation"})
"""How one stands to the facility: whom it knows may be let in without asking, which is meant so."""
_PAST: dict[tuple[Action, ...], Text] = {
    (Action.BOOK,): _(
        "Asking needs an approval here, but booking passes it by: whoever books without a request is seen by nobody. "
        "Let it apply to booking too (book), or require the gate ${gate} for that."
    ),
    (Action.MAIL_IN,): _(
        "Asking needs an approval here, but sending samples passes it by: whoever orders without a request is seen by "
        "nobody. Let it apply to sending samples too (mail_in), or require the gate ${gate} for that."
    ),
    _USE: _(
        "Asking needs an approval here, but booking or sending samples passes it by: whoever does so without a request "
        "is seen by nobody. Let it apply to these too (book, mail_in), or require the gate ${gate} for them."
    ),
}


def approvals_passed_by(
    rules: Sequence[Rule], *, above: Sequence[Rule] = (), groups: Groups
) -> Iterator[tuple[str, Text]]:
    """Yield the place of each approval of requests that the same people pass by; found by looking, not by proof."""
    known = [*rules, *above]
    for number, rule in enumerate(rules):
        if not isinstance(rule.effect, Approve) or Action.REQUEST not in rule.applies_to:
            continue
        open_ = tuple(action for action in _USE if _is_passed_by(rule, action, known, groups))
        if open_:
            yield f"rules.{number}.applies_to", _PAST[open_] % {"gate": GRANT.partition(":")[2]}


def approvals_on_nothing(rules: Sequence[Rule]) -> Iterator[tuple[str, Text]]:
    """Yield the place of each approval of requests that stands whatever is changed after it."""
    for number, rule in enumerate(rules):
        if isinstance(rule.effect, Approve) and Action.REQUEST in rule.applies_to and not rule.fields:
            yield (
                f"rules.{number}.rests_on",
                _(
                    "This approval reads nothing of the request and names nothing that it rests on, so it stands "
                    "whatever the team changes afterwards. Name the fields whose change asks it again (rests_on)."
                ),
            )


def _is_passed_by(approval: Rule, action: Action, known: Sequence[Rule], groups: Groups) -> bool:
    on_action = [rule for rule in known if action in rule.applies_to]
    if any(_closes(rule) and _covers(rule.when, approval.when, groups) for rule in on_action):
        return False
    return any(
        isinstance(rule.effect, Permit) and not never_holds(AllOf((rule.when, approval.when)), groups)
        for rule in on_action
    )


def _closes(rule: Rule) -> bool:
    effect = rule.effect
    return isinstance(effect, Approve | Deny) or (isinstance(effect, Require) and effect.key == GRANT)


def _covers(wide: Condition, narrow: Condition, groups: Groups) -> bool:
    """Tell whether a condition meets those whom another meets, but for such as the facility knows."""
    return not never_holds(AllOf((wide, narrow)), groups) and follows(_come(narrow), _whoever_it_is(wide))


def _whoever_it_is(condition: Condition) -> Condition:
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    return AllOf(tuple(part for part in parts if not reads(part) or not reads(part) <= _STANDING))


def _come(condition: Condition) -> Condition:
    """Return the condition as far as it meets people who come without a request, which alone states what moves."""
    if not isinstance(condition, AnyOf):
        return condition
    parts = tuple(part for part in condition.parts if not any(path.startswith("legs") for path in reads(part)))
    return parts[0] if len(parts) == 1 else AnyOf(parts)
