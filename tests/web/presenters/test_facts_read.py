"""What a decision rests on, as an approver reads it."""

import json
import re
from datetime import date

from infra_access.core.i18n import plain
from infra_access.policy.vocabulary import VOCABULARY
from infra_access.web.presenters.facts_read import facts_read


def kept(value, *, by="records", until=None):
    return {
        "value": value,
        "source": "records",
        "asserted_by": by,
        "asserted_at": "2026-03-02T09:00:00Z",
        "expires_at": until,
    }


def test_each_fact_says_who_says_so_since_when_and_until_when():
    sector = {"applicant.sector": kept("company", by="Ana")}
    member = {"country_of_work": kept("KE"), "trainings": kept(["laser"], until="2027-01-31T00:00:00Z")}
    stored = json.dumps(
        [{"values": sector, "collections": {"participants": [member]}}, {"values": sector, "collections": {}}]
    )
    found = [(plain(one.value), one.source, one.by, one.since, one.until) for one in facts_read(stored)]
    assert found == [
        ("Company", "records", "Ana", date(2026, 3, 2), None),
        ("Kenya, laser", "records", "", date(2026, 3, 2), date(2027, 1, 31)),
    ]
    assert facts_read("") == []


def test_an_officer_reads_of_the_applicant_and_words_for_what_is_met():
    country = {"applicant.country": kept("KE"), "satisfied": kept(["document:invention-form", "training:laser"])}
    found = facts_read(json.dumps([{"values": country, "collections": {}}]))
    assert [(plain(one.words), plain(one.value)) for one in found] == [
        ("the applicant's country", "Kenya"),
        ("what is already met", "Document: invention form; Training: laser"),
    ]
    assert [label for label in officers_labels() if re.search(r"\byours?\b", label)] == []


def officers_labels():
    """Return what an officer reads of each fact that rules can read."""
    values = {path: kept("x") for path in VOCABULARY if "[]" not in path}
    return [plain(one.words) for one in facts_read(json.dumps([{"values": values, "collections": {}}]))]


def test_a_team_is_not_told_by_the_id_of_who_asked_and_what_is_empty_is_shown_so():
    regime = kept("open", by="d7j1xg9ke7f1sm5j")
    found = facts_read(json.dumps([{"values": {"request.regime": regime}, "collections": {"samples": [{}]}}]))
    assert [(plain(one.value), one.by) for one in found] == [
        ("Open: results are published", ""),
        ("nothing that the rules look at", ""),
    ]


def test_values_are_told_in_words_and_not_by_their_keys():
    values = {"applicant.startup": kept(True), "applicant.country": kept("DE"), "instrument.tags": kept([])}
    leg = {"kind": kept("data"), "from": kept("PT"), "crosses": kept(True)}
    found = facts_read(json.dumps([{"values": values, "collections": {"legs": [leg]}}]), "ja")
    assert [plain(one.value) for one in found] == ["yes", "ドイツ", "–", "Data and results, ポルトガル, yes"]
