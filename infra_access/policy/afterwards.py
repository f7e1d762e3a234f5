"""What asking for access promises besides its own answer: what a session needs afterwards, and when it is realistic.

Who asks wants a session, not an approval. What booking or sending samples asks for once a request was granted (terms
to accept, trainings) is named at once, and its days are added, or the first date would be a lie.
"""

from dataclasses import replace
from datetime import datetime

from infra_access.core.decision import Decision, Missing, Outcome
from infra_access.policy.demands import GRANT
from infra_access.policy.disclosure import numbered
from infra_access.policy.earliest import one_after_the_other


def with_what_follows(asked: Decision, then: Decision, now: datetime, *, written: bool = False) -> Decision:
    """Return the answer to a request with what follows it, under one case number; a refusal as it is.

    Where what follows is refused there is no day to promise, and why is told.

    What a session needs to know is named of a request that is `written`: before, nothing is known of any session.
    """
    if asked.earliest_start is not None and then.outcome is Outcome.DENY:
        refused = numbered(then, asked.case, asked.as_of).reasons
        return replace(asked, earliest_start=None, reasons=tuple(dict.fromkeys((*asked.reasons, *refused))))
    if asked.earliest_start is None or then.earliest_start is None:
        return asked
    start = one_after_the_other(asked.earliest_start, then.earliest_start, now)
    named = {f"{one.kind}:{one.code}" for one in asked.missing} | {GRANT}
    needed: tuple[Missing, ...] = tuple(
        one
        for one in numbered(then, asked.case, asked.as_of).missing
        if f"{one.kind}:{one.code}" not in named and (written or one.kind != "fact")
    )
    return replace(asked, earliest_start=start, afterwards=needed)
