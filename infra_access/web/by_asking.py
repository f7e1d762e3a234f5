"""What booking, or sending samples, misses and only a request states or has: the way to one, beside each of it."""

from collections.abc import Iterable, Sequence

from pyramid.request import Request

from infra_access.core.decision import Missing
from infra_access.policy.demands import GRANT
from infra_access.policy.rules import RequirementKind
from infra_access.web.request_steps import step_for


def by_asking(request: Request, instrument: str, missing: Iterable[Missing], ways: Sequence[str]) -> dict[str, str]:
    """Return the address of the steps of a request for each missing thing that comes with one, by its kind and code.

    Where there is one way in alone, it is chosen already.
    """
    query = {"route": ways[0]} if len(ways) == 1 else {}
    address = str(request.route_path("instrument_request_steps", id=instrument, _query=query))
    return {key: address for one in missing if _comes_with_one(one) for key in (f"{one.kind}:{one.code}",)}


def _comes_with_one(missing: Missing) -> bool:
    """Tell whether a request states a thing or has it: an answer, a grant, or terms that two sides accept.

    >>> one = Missing("fact", "request.access_type", "", "")
    >>> _comes_with_one(one), _comes_with_one(Missing("training", "laser-safety", "", ""))
    (True, False)
    """
    if missing.kind == RequirementKind.AGREEMENT or f"{missing.kind}:{missing.code}" == GRANT:
        return True
    return step_for(missing) is not None
