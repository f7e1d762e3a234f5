"""What asking promises of what follows it: a day, what it needs, or that it is refused."""

from infra_access.core.i18n import plain
from infra_access.policy.afterwards import with_what_follows
from infra_access.policy.documents import load_rules
from infra_access.policy.evaluator import evaluate
from infra_access.policy.facts import Facts
from tests.factories.policy import NOW, raw_rule


def decided(rules, action):
    return evaluate(load_rules(rules), Facts(), action=action, as_of=NOW, policy_version="1.3", case="AB12-CD34")


def test_where_booking_is_refused_no_day_is_promised_and_why_is_told():
    asked = [raw_rule("open", {"type": "permit"}, applies_to=["request", "book"])]
    closed = [*asked, raw_rule("closed", {"type": "deny"}, applies_to=["book"])]
    promised = with_what_follows(decided(asked, "request"), decided(asked, "book"), NOW)
    assert promised.earliest_start is not None
    found = with_what_follows(decided(closed, "request"), decided(closed, "book"), NOW)
    assert (found.outcome, found.earliest_start) == ("permit", None)
    assert [plain(one.message) for one in found.reasons] == ["Rule open.", "Rule closed."]
