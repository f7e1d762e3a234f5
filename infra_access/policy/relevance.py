"""Of all facts those that some rules read: what a decision rests on, and no more is kept with it."""

from infra_access.policy.facts import Facts
from infra_access.policy.rulebook import RuleSet


def relevant(facts: Facts, rule_set: RuleSet) -> Facts:
    """Return the facts that the rules read, members of collections likewise, and of what is met what they require."""
    values = {path: fact for path, fact in facts.values.items() if path in rule_set.reads or path == "satisfied"}
    met = values.get("satisfied")
    if met is not None and "satisfied" not in rule_set.reads and isinstance(met.value, frozenset):
        del values["satisfied"]
        if rule_set.requires:
            values["satisfied"] = type(met)(
                met.value & rule_set.requires, met.source, met.asserted_by, met.asserted_at, met.expires_at
            )
    collections = {
        name: [
            {short: fact for short, fact in member.values.items() if f"{name}[].{short}" in rule_set.reads}
            for member in members
        ]
        for name, members in facts.collections.items()
        if name in rule_set.reads
    }
    return Facts.of(values, collections)
