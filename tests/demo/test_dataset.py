"""The demonstration's data fits together and keeps the rules that it will be held to when it is loaded."""

import csv
import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra_access.catalogue.vocabularies import (
    AccessMode,
    AccessType,
    AccessUnit,
    IdentifierScheme,
    Listing,
    OperationalStatus,
    Regime,
    ResourceKind,
    Sector,
    SizeBand,
    Trust,
)
from infra_access.core.ids import normalise_ror
from infra_access.core.timespan import TimeSpan
from infra_access.core.zones import named_zone
from infra_access.demo.activity import WEEKDAYS, Booking
from infra_access.demo.dataset import Dataset, Facility, Instrument, dataset
from infra_access.policy.countries import COUNTRY_CODES
from infra_access.policy.documents import load_policy
from infra_access.policy.passing_by import approvals_passed_by
from infra_access.policy.rule_json import effect_type
from infra_access.policy.vocabulary import END_USE_DECLARATION
from infra_access.scheduling.booking_rules import broken, from_json

MONDAYS = (date(2026, 11, 16), date(2026, 3, 16), date(2026, 10, 19))  # the last two have a clock change near


@pytest.fixture(scope="module")
def data() -> Dataset:
    return dataset()


def facility_of(data: Dataset, instrument: Instrument) -> Facility:
    return next(each for each in data.facilities if each.key == instrument.facility)


def instrument_of(data: Dataset, key: str) -> Instrument:
    return next(each for each in data.instruments if each.key == key)


def zone_of(data: Dataset, booking: Booking) -> ZoneInfo:
    return named_zone(facility_of(data, instrument_of(data, booking.instrument)).zone)


def open_spans(facility: Facility, monday: date) -> list[TimeSpan]:
    zone = named_zone(facility.zone)
    spans = []
    for day in (monday + timedelta(days=n) for n in range(-28, 42)):
        for hours in facility.opening_hours:
            if WEEKDAYS[day.weekday()] in hours.days:
                start = datetime.combine(day, time.fromisoformat(hours.opens), zone)
                midnight = hours.closes == "24:00"
                end_day = day + timedelta(days=1) if midnight else day
                end = datetime.combine(end_day, time() if midnight else time.fromisoformat(hours.closes), zone)
                spans.append(TimeSpan(start, end))
    return spans


def test_it_is_as_large_as_promised(data: Dataset) -> None:
    real = [each for each in data.organisations if each.ror]
    invented = [each for each in data.organisations if not each.ror]
    assert len(real) >= 12
    assert len({each.country for each in real}) >= 11
    assert {each.country for each in invented} == {"KE", "BR", "DE", "VN"}
    assert len(data.facilities) >= 14
    assert len(data.instruments) >= 44
    assert len({each.kind for each in data.instruments}) >= 15
    assert len({each.status for each in data.instruments}) >= 6
    assert len({each.instrument for each in data.activity.bookings}) >= 12


def test_each_key_is_unique(data: Dataset) -> None:
    resources = [r.key for i in data.instruments for r in i.resources] + [
        p.key for f in data.facilities for p in f.plants
    ]
    for keys in (
        [each.key for each in data.organisations],
        [each.key for each in data.facilities],
        [each.key for each in data.instruments],
        [each.key for each in data.routes],
        [each.key for each in data.policies],
        [rule["id"] for policy in data.policies for rule in policy.rules],
        [each.code for each in data.country_groups],
        [each.email for each in data.people],
        [(each.key, each.version) for each in data.terms],
        [each.key for each in data.activity.bookings],
        [each.key for each in data.activity.requests],
        [value for each in data.organisations for value in each.identifiers],
        resources,
    ):
        assert keys
        assert len(keys) == len(set(keys))


def test_each_ror_id_has_right_check_digits_and_its_full_form(data: Dataset) -> None:
    for organisation in data.organisations:
        if organisation.ror:
            assert normalise_ror(organisation.ror) == organisation.ror


def test_each_ror_id_is_that_organisation_s_in_the_register(data: Dataset, shared_data: Path) -> None:
    sample = shared_data / "ror" / "ror_sample.csv"
    with sample.open(encoding="utf-8", newline="") as lines:
        rows = {row["id"]: row for row in csv.DictReader(lines)}
    for organisation in data.organisations:
        if organisation.ror:
            row = rows[organisation.ror]
            assert (row["country_code"], row["city"]) == (organisation.country, organisation.city)
            assert (float(row["lat"]), float(row["lng"])) == (organisation.latitude, organisation.longitude)
            assert row["website"].partition("://")[2] == organisation.website.partition("://")[2]


def test_each_word_is_one_of_the_vocabularies(data: Dataset) -> None:
    for organisation in data.organisations:
        assert Sector(organisation.sector)
        assert SizeBand(organisation.size)
        assert Trust(organisation.trust)
        assert all(IdentifierScheme(scheme) for scheme, _value in organisation.identifiers)
    for instrument in data.instruments:
        assert OperationalStatus(instrument.status)
        assert Listing(instrument.listing)
        assert AccessUnit(instrument.access_unit)
        assert all(AccessType(each) for each in instrument.access_types)
        assert all(ResourceKind(each.kind) for each in instrument.resources)
        assert from_json(instrument.booking_rules).horizon_days > 0
    for route in data.routes:
        assert AccessMode(route.access_mode)
        assert AccessUnit(route.access_unit)
        assert all(Regime(each) for each in route.regimes)
        assert all(AccessType(each) for each in route.access_types)
        assert route.time_given in {"team_picks", "facility_schedules", "queue"}
        assert route.operated_by in {"self", "assisted", "staff"}


def test_each_country_and_zone_exists(data: Dataset) -> None:
    places = [*data.organisations, *data.facilities]
    countries = {each.country for each in places} | {each.country_of_work for each in data.people}
    countries |= {country for group in data.country_groups for country in group.countries}
    assert countries <= COUNTRY_CODES
    assert all(-90 <= each.latitude <= 90 and -180 <= each.longitude <= 180 for each in places)
    assert all(named_zone(each.zone) for each in [*data.facilities, *data.people])


def test_the_groups_of_countries_are_complete_for_their_date(data: Dataset) -> None:
    groups = {each.code: set(each.countries) for each in data.country_groups}
    assert len(groups["LDC:2024"]) == 44
    assert len(groups["ODA:2024"]) == 141
    assert len(groups["EU:2020"]) == 27
    assert groups["LDC:2024"] < groups["ODA:2024"]
    assert not groups["EU:2020"] & groups["ODA:2024"]
    assert {"KE", "BR", "VN"} <= groups["ODA:2024"]


def test_each_reference_leads_somewhere(data: Dataset) -> None:
    organisations = {each.key for each in data.organisations}
    facilities = {each.key: each for each in data.facilities}
    instruments = {each.key: each for each in data.instruments}
    terms = {each.key for each in data.terms}
    assert {each.organisation for each in data.facilities} <= organisations
    for instrument in data.instruments:
        facility = facilities[instrument.facility]
        own = {each.key for i in data.instruments if i.facility == facility.key for each in i.resources}
        assert set(instrument.always_needs) <= own
        assert set(instrument.depends_on) <= {each.key for each in facility.plants}
    for route in data.routes:
        assert route.instruments
        assert {instruments[key].facility for key in route.instruments} == {route.facility}
        assert {route.terms, *route.agreements.values()} <= terms
        assert {each.regime for each in route.tariffs} <= set(route.regimes)
    for person in data.people:
        assert person.affiliation in organisations
        for grant in person.roles:
            known = {"network": {""}, "country": COUNTRY_CODES, "organisation": organisations, "facility": facilities}
            assert grant.key in known[grant.scope]


def test_each_policy_stands_where_something_is(data: Dataset) -> None:
    known = {
        "network": {""},
        "country": COUNTRY_CODES,
        "facility": {each.key for each in data.facilities},
        "route": {each.key for each in data.routes},
        "instrument": {each.key for each in data.instruments},
        "tag": {tag for each in data.instruments for tag in each.tags},
    }
    for policy in data.policies:
        assert set(policy.scope_keys) <= known[policy.scope_kind]
        for rule in policy.rules:
            assert set(rule["message"]) == {"en", "ja"}
            assert rule.get("expected_days", 0) <= rule.get("latest_days", 0)


def test_each_policy_is_a_valid_document(data: Dataset) -> None:
    effects = set()
    for policy in data.policies:
        for key in policy.scope_keys:
            scope = f"{policy.scope_kind}:{key}" if key else policy.scope_kind
            rules = load_policy({"name": policy.names["en"], "rules": list(policy.rules)}, scope=scope)
            effects |= {effect_type(rule.effect) for rule in rules}
    assert effects == {"permit", "deny", "approve", "require", "limit", "prefer"}


def test_rules_name_only_groups_of_countries_that_are_here(data: Dataset) -> None:
    known = {each.code for each in data.country_groups}
    text = json.dumps([policy.rules for policy in data.policies])
    named = set(re.findall(r'"value": "([A-Z0-9]+:[0-9]{4})"', text))
    assert named <= known


def test_the_host_country_is_asked_again_only_when_the_team_changes(data: Dataset) -> None:
    policy = next(each for each in data.policies if each.key == "network-base")
    rules = {rule.id: rule for rule in load_policy({"name": "n", "rules": list(policy.rules)})}
    assert rules["host-country-approval"].fields == ("acting_for", "participants")


def test_nobody_from_outside_books_or_sends_samples_past_those_who_look_at_requests(data: Dataset) -> None:
    rules = {
        each.key: load_policy({"name": each.key, "rules": list(each.rules)}, scope=f"facility:{each.key}")
        for each in data.policies
    }
    # Their rules say what is booked directly: a laboratory for samples, the field station. Beamtime needs signed terms.
    free = {"swiss-light-source", "njoro-field-station"}
    for route in data.routes:
        if route.facility not in free and (
            route.access_mode == AccessMode.WIDE or AccessType.MAIL_IN in route.access_types
        ):
            kept = [*rules[f"{route.access_mode}-access"], *rules[f"{route.facility}-rules"]]
            assert list(approvals_passed_by(kept, groups={})) == [], route.key
    assert list(approvals_passed_by([*rules["wide-access"], *rules["dual-use"]], groups={})) == []


def test_what_is_on_the_list_of_controlled_goods_asks_for_its_end_use(data: Dataset) -> None:
    asking = [each for each in data.policies if any(END_USE_DECLARATION in str(rule["effect"]) for rule in each.rules)]
    controlled = {one.key for one in data.instruments if "3B001" in one.control_codes}
    assert controlled == {key for each in asking for key in each.scope_keys}


def test_each_route_has_the_rules_of_its_access_mode(data: Dataset) -> None:
    for mode in AccessMode:
        policy = next(each for each in data.policies if each.key == f"{mode}-access")
        assert set(policy.scope_keys) == {each.key for each in data.routes if each.access_mode == mode}


def test_each_working_instrument_has_a_way_in(data: Dataset) -> None:
    reached = {key for route in data.routes for key in route.instruments}
    assert {each.key for each in data.instruments if each.status == "operating"} <= reached


def test_one_beamline_can_be_reached_in_four_ways(data: Dataset) -> None:
    routes = [each for each in data.routes if "sls-micro-xas" in each.instruments]
    continuous = {each.key for each in routes if each.entry == "continuous"}
    call = next(each for each in routes if each.entry == "rounds")
    assert continuous == {"sls-rapid-open", "sls-proprietary", "sls-mail-in"}
    assert all(not each.opens_week <= 0 < each.closes_week for each in call.rounds), "it is closed now"
    assert any(each.opens_week > 0 for each in call.rounds), "and opens later"


def test_the_demo_accounts_are_those_of_the_contract(data: Dataset) -> None:
    people = {each.email: each for each in data.people}
    names = ("manager", "startup", "researcher", "administrator", "officer", "auditor", "admin")
    assert {f"{name}@demo.example" for name in names} <= set(people)
    assert all(each.endswith("@demo.example") for each in people)
    managed = {each.key for each in people["manager@demo.example"].roles if each.role == "facility_manager"}
    places = [each for each in data.facilities if each.key in managed]
    assert len(places) == 2
    assert len({each.organisation for each in places}) == 1
    assert people["startup@demo.example"].country_of_work not in {each.country for each in places}


def test_each_facility_has_a_manager_and_a_signatory(data: Dataset) -> None:
    grants = {(grant.role, grant.scope, grant.key) for person in data.people for grant in person.roles}
    for facility in data.facilities:
        assert ("facility_manager", "facility", facility.key) in grants
        assert ("signatory", "organisation", facility.organisation) in grants
    assert ("access_administrator", "network", "") in grants


def test_tokyo_can_be_found_in_both_scripts(data: Dataset) -> None:
    facility = next(each for each in data.facilities if each.city == "Tokyo")
    assert "Tokyo" in facility.names["en"]
    assert "東京" in facility.names["ja"]
    assert all("ja" in each.names for each in data.instruments if each.facility == facility.key)


def test_no_address_belongs_to_anyone(data: Dataset) -> None:
    addresses = [email for each in data.facilities for _role, email in each.contacts]
    addresses += [each.security_contact for each in data.facilities] + [each.email for each in data.people]
    addresses += [p.email for each in data.activity.requests for p in each.participants]
    assert all(each.endswith(".example") for each in addresses)


@pytest.mark.parametrize("monday", MONDAYS)
def test_each_booking_keeps_the_rules_of_its_instrument(data: Dataset, monday: date) -> None:
    for booking in data.activity.bookings:
        instrument = instrument_of(data, booking.instrument)
        facility = facility_of(data, instrument)
        zone = named_zone(facility.zone)
        span = booking.span(monday, zone)
        made = booking.made(monday, zone)
        problems = broken(
            from_json(instrument.booking_rules), span, now=made, zone=zone, open_spans=open_spans(facility, monday)
        )
        assert not problems, (booking.key, problems)
        assert made <= datetime.combine(monday, time(), zone).astimezone(UTC), booking.key


@pytest.mark.parametrize("monday", MONDAYS)
def test_no_two_bookings_overlap_with_their_change_overs(data: Dataset, monday: date) -> None:
    taken: dict[str, list[TimeSpan]] = defaultdict(list)
    for booking in data.activity.bookings:
        instrument = instrument_of(data, booking.instrument)
        rules = from_json(instrument.booking_rules)
        copies = [each.key for each in instrument.resources if each.key not in instrument.always_needs]
        span = booking.span(monday, zone_of(data, booking))
        before, after = (timedelta(minutes=m) for m in (rules.buffer_before_minutes, rules.buffer_after_minutes))
        whole = TimeSpan(span.start - before, span.end + after)
        copy = booking.resource or copies[0]
        assert copy in copies, booking.key
        assert not any(whole.overlaps(other) for other in taken[copy]), booking.key
        taken[copy].append(whole)
    assert len(taken) >= 12


def test_bookings_and_requests_are_by_known_people_on_working_instruments(data: Dataset) -> None:
    people = {each.email: each for each in data.people}
    requests = {each.key: each for each in data.activity.requests}
    for booking in data.activity.bookings:
        assert booking.person in people
        assert instrument_of(data, booking.instrument).status in {"operating", "degraded"}
        if booking.request:
            request = requests[booking.request]
            assert booking.instrument in request.instruments
            assert booking.person in {each.email for each in request.participants}
            assert request.agreement_accepted_days_ago is not None
            day = booking.week * 7 + WEEKDAYS.index(booking.weekday) - booking.booked_days_before
            assert -day < request.agreement_accepted_days_ago, booking.key
    for request in data.activity.requests:
        route = next(each for each in data.routes if each.key == request.route)
        assert people[request.requester].affiliation == request.acting_for
        assert set(request.instruments) <= set(route.instruments)
        assert request.regime in route.regimes
        assert request.access_type in route.access_types
        assert request.access_unit == route.access_unit
        assert request.from_week < request.until_week
        for verdict in request.verdicts:
            assert verdict.role in {each.role for each in people[verdict.by].roles}
            assert people[verdict.by].affiliation != request.acting_for
            assert request.submitted_days_ago is not None
            assert verdict.days_ago <= request.submitted_days_ago <= request.created_days_ago


def test_the_time_booked_never_exceeds_what_was_granted(data: Dataset) -> None:
    used: dict[str, int] = defaultdict(int)
    for booking in data.activity.bookings:
        if booking.request:
            used[booking.request] += booking.minutes
    minutes = {"hour": 60, "shift": 480}
    for request in data.activity.requests:
        if request.key in used:
            assert used[request.key] <= int(request.amount) * minutes[request.access_unit]
    assert len(used) >= 2


def test_there_is_a_request_in_each_state_and_an_answered_question(data: Dataset) -> None:
    assert {each.state for each in data.activity.requests} == {
        "draft",
        "under_review",
        "changes_requested",
        "agreement_pending",
        "active",
        "refused",
        "withdrawn",
        "completed",
        "expired",
    }
    for conversation in data.activity.conversations:
        assert (conversation.instrument is None) != (conversation.request is None)
        assert len({message.by for message in conversation.messages}) >= 2


def test_each_agreement_says_what_it_must(data: Dataset) -> None:
    assert {each.key for each in data.terms} == {
        *("open-access", "proprietary-access", "mail-in", "material-transfer", "data-transfer"),
    }
    for terms in data.terms:
        for heading in (
            "Results and ideas",
            "Publishing and sharing",
            "Costs",
            "Confidentiality",
            "Safety, risk and liability",
        ):
            assert f"## {heading}\n" in terms.text
