"""Teams from elsewhere that ask at the same moment get no more of a programme together than one after the other."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.access_requests.test_programme import GROUP, programme, state
from tests.api.conftest import Caller, api_app, caller, stored  # noqa: F401 - fixtures
from tests.api.test_access_requests import body_of
from tests.factories.access_requests import World
from tests.factories.policy import make_country_group
from tests.races.crowd import all_at_once


def test_those_who_ask_at_once_are_counted_one_after_the_other(
    stored: Callable[..., Any],  # noqa: F811
    caller: Callable[..., Caller],  # noqa: F811
) -> None:
    stored(lambda session: make_country_group(session, GROUP, "DE", "FR"))
    world: World = stored(programme)
    startup = caller(actor=world.applicant)
    local = draft(startup, world, 80, "DE")
    abroad = [draft(startup, world, 5, "KE") for _number in range(8)]
    assert sent(startup, local).json["state"] == "active"

    answers = all_at_once([lambda path=path: sent(startup, path) for path in abroad])

    failed = [one for one in answers if isinstance(one, BaseException)]
    assert not failed, failed
    # Four times five of a hundred are a fifth.
    assert Counter(one.json["state"] for one in answers) == {"active": 4, "refused": 4}


def test_of_what_is_offered_those_who_ask_at_once_get_their_share_together(
    stored: Callable[..., Any],  # noqa: F811
    caller: Callable[..., Caller],  # noqa: F811
) -> None:
    stored(lambda session: make_country_group(session, GROUP, "DE", "FR"))
    world: World = stored(programme)
    stored(lambda session: state(session, world, 20))
    startup = caller(actor=world.applicant)
    abroad = [draft(startup, world, 2, "KE") for _number in range(2)] + [draft(startup, world, 1, "KE")]

    answers = all_at_once([lambda path=path: sent(startup, path) for path in abroad])

    failed = [one for one in answers if isinstance(one, BaseException)]
    assert not failed, failed
    # Two of the three fit in four of twenty: nobody got more, and whoever came last was refused.
    assert Counter(one.json["state"] for one in answers) == {"active": 2, "refused": 1}


def draft(program: Caller, world: World, amount: int, country: str) -> str:
    """Write a request for so many shifts of a team of one; return its address."""
    member = {"email": "one@team.example", "name": "T", "role": "member", "country_of_work": country}
    asked = {"quantity": {"amount": amount, "access_unit": "shift"}, "participants": [member]}
    return f"/access-requests/{program.post('/access-requests', body_of(world, **asked))['id']}"


def sent(program: Caller, path: str) -> Any:
    """Send a request."""
    return program.call("POST", f"{path}/submit", {}, status=200)
