"""How many runs of rules one person may ask for: one at a time, and so many a day, so that nobody waits behind them."""

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests.what_if_models import OPEN, WhatIfRun
from infra_access.core.errors import Conflict, TooMany
from infra_access.core.i18n import _

MOST_A_DAY = 20
"""Runs that one person may ask for within a day, unless the settings say otherwise."""

DAY = timedelta(days=1)


def refuse_more(session: Session, account_id: int, now: datetime, most_a_day: int) -> None:
    """Raise Conflict while a run of a person is under way, TooMany after so many within a day."""
    own = WhatIfRun.asked_by_id == account_id
    under_way = session.scalar(select(WhatIfRun.public_id).where(own, WhatIfRun.state.in_(OPEN)).limit(1))
    if under_way is not None:
        message = _(
            "Another answer that you asked for is still being worked out, and each person has one at a time. Ask again "
            "when it is there."
        )
        raise Conflict("what_if.under_way", message, details={"run": under_way})
    of_today = select(WhatIfRun.asked_at).where(own, WhatIfRun.asked_at > now - DAY)
    oldest = session.scalar(of_today.order_by(WhatIfRun.asked_at.desc()).offset(most_a_day - 1).limit(1))
    if oldest is not None:
        message = _(
            "Within a day, ${most} such answers are worked out for each person, and you have asked for as many. Look "
            "at those that are there, or ask again in ${hours} hours.",
            mapping={"most": most_a_day, "hours": ceil((oldest + DAY - now) / timedelta(hours=1))},
        )
        seconds = ceil((oldest + DAY - now).total_seconds())
        raise TooMany("what_if.too_many", message, details={"retry_after": seconds})
