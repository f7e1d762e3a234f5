"""Points of terms: what is refused and where, and how they become a part of the text that is accepted."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from infra_access.access_requests import routes
from infra_access.access_requests.terms import agreements
from infra_access.access_requests.terms.framework_models import TermsVersion
from infra_access.access_requests.terms.points import clean_points, with_points
from infra_access.core.errors import Invalid
from tests.factories.access_requests import NOW, SYSTEM, TERMS, make_approved, make_world

POINTS: dict[str, Any] = {
    "ip": "joint",
    "sharing": {"what": "Measured data", "months": 24, "licence": "CC BY 4.0"},
    "publication": {"duty": "required"},
    "cost_shares": [
        {"party": "applicant", "percent": "33.33"},
        {"party": "host", "percent": "33.33"},
        {"party": "funder", "percent": "33.34"},
    ],
    "risk_shares": [{"party": "applicant", "percent": 60}, {"party": "host", "percent": 40}],
    "confidentiality": {"kind": "mutual", "years": 5},
    "liability": {"text": "Carelessness only | each side", "cap": {"amount": "10000", "currency": "EUR"}},
}


def shares(*percents: object) -> list[dict[str, object]]:
    return [
        {"party": party, "percent": percent}
        for party, percent in zip(("applicant", "host", "funder"), percents, strict=False)
    ]


@pytest.mark.parametrize("given", [(100,), ("33.33", "33.33", "33.34"), ("99.9999", "0.0001"), (60, 40), (33.3, 66.7)])
def test_shares_come_to_a_hundred_exactly(given: tuple[object, ...]) -> None:
    assert "cost_shares" in clean_points({"cost_shares": shares(*given)}, "points")


@pytest.mark.parametrize(
    ("given", "total"), [(("99.99",), "99.99"), (("60", "40.01"), "100.01"), (("33.3", "33.3", "33.3"), "99.9")]
)
def test_other_sums_are_refused_with_what_they_come_to(given: tuple[object, ...], total: str) -> None:
    with pytest.raises(Invalid, match="come to") as refusal:
        clean_points({"risk_shares": shares(*given)}, "points")
    assert refusal.value.code == "shares.sum"
    assert list(refusal.value.fields) == ["points.risk_shares"]
    assert refusal.value.message.mapping["total"] == total  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("points", "place"),
    [
        ({"cost_shares": [{"party": "ministry", "percent": 100}]}, "cost_shares.0.party"),
        ({"cost_shares": shares(120, -20)}, "cost_shares.0.percent"),
        ({"cost_shares": shares("-1", 101)}, "cost_shares.0.percent"),
        ({"cost_shares": [{"party": "host", "percent": 50}, {"party": "host", "percent": 50}]}, "cost_shares.1.party"),
        ({"cost_shares": [{"party": "host"}]}, "cost_shares.0.percent"),
        ({"cost_shares": shares("NaN")}, "cost_shares.0.percent"),
        ({"cost_shares": shares("1e-999999")}, "cost_shares.0.percent"),
        ({"cost_shares": shares(True)}, "cost_shares.0.percent"),
        ({"cost_shares": shares("1_00")}, "cost_shares.0.percent"),
        ({"cost_shares": shares(10**5_000)}, "cost_shares.0.percent"),
        ({"cost_shares": shares("33.33333", "66.66667")}, "cost_shares.0.percent"),
        ({"cost_shares": "all"}, "cost_shares"),
        ({"ip": "nobody"}, "ip"),
        ({"publication": {"duty": "embargoed"}}, "publication.months"),
        ({"publication": {"duty": "required", "months": 3}}, "publication.months"),
        ({"confidentiality": {"kind": "mutual"}}, "confidentiality.years"),
        ({"sharing": {"licence": "CC0-1.0"}}, "sharing.what"),
        ({"liability": {}}, "liability.text"),
        ({"liability": {"cap": {"amount": "-1", "currency": "EUR"}}}, "liability.cap.amount"),
        ({"penalty": "high"}, "penalty"),
    ],
)
def test_each_fault_is_named_by_its_place(points: dict[str, Any], place: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_points(points, "terms.open.points")
    assert f"terms.open.points.{place}" in refusal.value.fields


@pytest.mark.parametrize(
    ("regime", "duty", "fits"),
    [
        ("proprietary", {"duty": "required"}, False),
        ("proprietary", {"duty": "none"}, True),
        ("open", {"duty": "none"}, False),
        ("open", {"duty": "required"}, True),
        ("embargoed", {"duty": "embargoed", "months": 12}, True),
        ("embargoed", {"duty": "required"}, False),
    ],
)
def test_publication_fits_the_regime(regime: str, duty: dict[str, Any], fits: bool) -> None:
    if fits:
        assert clean_points({"publication": duty}, "points", [regime]) == {"publication": duty}
        return
    with pytest.raises(Invalid, match="contradicts the regime") as refusal:
        clean_points({"publication": duty}, "points", [regime])
    assert list(refusal.value.fields) == ["points.publication.duty"]


def test_the_points_are_a_part_of_the_text() -> None:
    text = with_points("# Terms", clean_points(POINTS, "points", ["open"]))
    assert text.splitlines()[:2] == ["# Terms", ""]
    assert "| Costs | applicant 33.33 %, host 33.33 %, funder 33.34 % |" in text
    assert "| Sharing and reuse | Measured data, within 24 months, under CC BY 4.0 |" in text
    assert "| Liability | Carelessness only \\| each side, up to 10000 EUR |" in text


def test_the_hash_of_an_agreement_covers_its_points(session: Session) -> None:
    world = make_world(session, terms={"open": TERMS["open"] | {"points": POINTS}})
    request = make_approved(session, world)
    view = agreements.agreement_of(session, request)
    assert "| Confidentiality | mutual, for 5 years |" in view.agreement.text
    assert view.text_hash == agreements.hash_of(view.agreement.text)
    assert view.agreement.points["risk_shares"] == [
        {"party": "applicant", "percent": "60"},
        {"party": "host", "percent": "40"},
    ]


def test_a_published_version_never_changes(session: Session) -> None:
    first = TERMS["open"]
    second = first | {"version": "2", "points": POINTS}
    world = make_world(session)
    request = make_approved(session, world)

    def change(**said: dict[str, Any]) -> None:
        routes.update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": said})

    for wrong in (first | {"text": "Nothing is."}, first | {"title": "Other"}, first | {"points": POINTS}):
        with pytest.raises(Invalid, match="Give the change a new version") as refusal:
            change(open=wrong)
        assert (refusal.value.code, list(refusal.value.fields)) == ("terms.version", ["terms.open.version"])
    change(open=first)
    change(open=second)
    with pytest.raises(Invalid):
        change(open=first | {"text": "What version 1 never said."})
    change(open=first)  # what it said may come back
    assert agreements.agreement_of(session, request).agreement.text.startswith("Results are published.")
    kept = session.execute(select(TermsVersion.part, TermsVersion.version).order_by(TermsVersion.id)).all()
    assert [tuple(row) for row in kept] == [("open", "1"), ("open", "2")]


def test_terms_that_stood_before_versions_were_kept_do_not_change_either(session: Session) -> None:
    world = make_world(session)
    session.query(TermsVersion).delete()
    changed = {"open": TERMS["open"] | {"text": "Else."}}
    with pytest.raises(Invalid):
        routes.update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": changed})
    new = {"open": TERMS["open"] | {"version": "2"}}
    routes.update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": new})
    with pytest.raises(Invalid):
        routes.update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": changed})


def test_what_a_route_may_not_say(session: Session) -> None:
    world = make_world(session)
    for terms, place in (
        ({"open": TERMS["open"] | {"cost_shares": []}}, "terms.open.cost_shares"),
        ({"mta": "none"}, "terms.mta"),
        ({"mta": {"title": "Samples", "version": "1", "text": "x", "points": {"ip": "x"}}}, "terms.mta.points.ip"),
        ({"secret": TERMS["open"]}, "terms"),
    ):
        with pytest.raises(Invalid) as refusal:
            routes.update_route(session, actor=SYSTEM, now=NOW, route=world.route, changes={"terms": terms})
        assert list(refusal.value.fields) == [place]
