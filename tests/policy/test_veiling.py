"""What rules hide of an instrument is not told by a search either: no word of it finds the instrument."""

from datetime import timedelta

import pytest

from infra_access.catalogue.filters import Filters
from infra_access.catalogue.instruments import update_instrument
from infra_access.catalogue.models import Facility, Organisation
from infra_access.catalogue.search import search
from infra_access.core.authority import NETWORK, system_actor
from infra_access.core.timespan import TimeSpan
from infra_access.policy.publishing import withdraw_document
from infra_access.scheduling.find_time.candidates import candidates_for
from infra_access.scheduling.find_time.partitions import classes_now
from infra_access.scheduling.find_time.questions import Question
from tests.factories.catalogue import make_facility, make_instrument
from tests.factories.policy import make_policy, raw_rule
from tests.factories.scheduling import MONDAY
from tests.statements import count_statements

SYSTEM = system_actor("tests")
OPEN = raw_rule("open", {"type": "permit"})
MASK = {"type": "mask", "fields": ["description", "tags"]}
SECTOR = {"fact": "applicant.sector", "op": "eq", "value": "public"}


def seeing(effect, when=None):
    return raw_rule("seeing", effect, when, applies_to=["view_details"])


@pytest.fixture
def hidden(session):
    facility = make_facility(session, name="Ring Hall", city="Lübeck")
    return make_instrument(
        session,
        facility=facility,
        name="Beamline 7",
        description="Built for neutrino work",
        manufacturer="Zeiß",
        tags=["dual_use"],
        techniques=["EXAFS"],
    )


def found(session, q):
    page = search(session, q=q)
    assert page.total == len(page.items)
    return [item.name for item in page.items]


@pytest.mark.parametrize("kind", ["network", "country", "organisation", "facility", "tag", "instrument"])
def test_no_word_of_a_masked_text_finds_it_and_what_is_public_still_does(session, hidden, kind):
    facility = make_facility(session, name="Another", country="JP", timezone="Asia/Tokyo")
    make_instrument(session, facility=facility, name="Other", description="Also for neutrino work", tags=["dual"])
    assert found(session, "neutrino") == ["Beamline 7", "Other"]
    mine = session.get_one(Facility, hidden.facility_id)
    keys = {
        "network": "",
        "country": mine.country,
        "organisation": session.get_one(Organisation, mine.organisation_id).public_id,
        "facility": mine.public_id,
        "tag": "dual_use",
        "instrument": hidden.public_id,
    }
    document = make_policy(session, OPEN, seeing(MASK), scope=(kind, keys[kind]))
    left = [] if kind == "network" else ["Other"]
    assert found(session, "neutrino") == found(session, "neutr") == left
    assert found(session, "dual_use") == []
    for public in ("beamline", "exafs", "ring hall", "lubeck 7", "germany 7"):
        assert found(session, public) == ["Beamline 7"]
    withdraw_document(session, actor=SYSTEM, now=MONDAY, document=document)
    assert found(session, "neutrino") == ["Beamline 7", "Other"]


@pytest.mark.parametrize(
    ("effect", "when", "names"),
    [
        ({"type": "mask", "fields": ["contact"]}, None, ["Beamline 7"]),
        ({"type": "permit"}, None, ["Beamline 7"]),
        ({"type": "prefer", "weight": 2}, None, ["Beamline 7"]),
        ({"type": "mask", "fields": ["manufacturer"]}, SECTOR, []),
        ({"type": "permit"}, SECTOR, []),
        ({"type": "deny"}, SECTOR, []),
        ({"type": "require", "kind": "agreement", "code": "nda"}, None, []),
    ],
)
def test_only_rules_that_can_hide_what_is_searched_veil_it(session, hidden, effect, when, names):
    make_policy(session, OPEN, seeing(effect, when))
    assert found(session, "zeiss 7") == names


def test_a_changed_description_under_a_mask_is_not_found_and_a_mask_costs_no_statement(session, database, hidden):
    make_policy(session, OPEN, seeing(MASK), scope=("instrument", hidden.public_id))
    changes = {"description": "Axions", "name": "Line 8"}
    update_instrument(session, actor=SYSTEM, now=MONDAY, instrument=hidden, changes=changes)
    assert found(session, "axions") == []
    assert found(session, "line 8") == ["Line 8"]
    with count_statements(database) as sent:
        search(session, q="axions ring")
    assert sent.count <= 5


def test_times_are_not_found_by_hidden_words_either(session, hidden):
    def candidates(q):
        _book, kept = classes_now(session, MONDAY)
        window = TimeSpan(MONDAY, MONDAY + timedelta(hours=8))
        question = Question(timedelta(hours=1), window, filters=Filters(q=q))
        return len(candidates_for(session, question, kept).positions)

    make_policy(session, OPEN)
    assert candidates("neutrino") == 1
    make_policy(session, seeing(MASK), scope=NETWORK)
    assert candidates("neutrino") == 0
    assert candidates("beamline") == 1
