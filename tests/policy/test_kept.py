"""What a process keeps of decisions: each is what would be decided now, for nobody else, and not for long."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from infra_access.core.authority import NETWORK
from infra_access.core.decision import Outcome
from infra_access.policy.applicants import Applicant, visitor_facts
from infra_access.policy.canonical import canonical, restore_facts, timeless
from infra_access.policy.classes import Classes
from infra_access.policy.disclosure import Audience
from infra_access.policy.eligibility import badges
from infra_access.policy.facts import Fact, Facts
from infra_access.policy.kept import Recent, known_at
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.rulebook import RuleBook, rulebook
from infra_access.policy.rules import Action, Deny, Disclosure, Limit, Mask, Require, RequirementKind
from tests.factories.catalogue import make_instrument
from tests.factories.policy import NOW, deny, fact, facts, make_country_group, make_policy, permit, raw_rule, rule
from tests.policy.test_properties import conditions, effects, hidden, whole_facts

PLACES = [
    InstrumentPlace(f"i{n}", f"f{n}", "o", n, country, frozenset(), frozenset(), frozenset(), "operating")
    for n, country in enumerate(("DE", "KE"))
]
TODAY = NOW.date()
EXAMPLES = 2_000 if os.environ.get("SOAK") else 25
MOMENTS = [timedelta(0), timedelta(microseconds=1), timedelta(hours=2), timedelta(hours=13), timedelta(days=3)]
"""Among them instants before and after midnight, and before and after facts expire."""


@st.composite
def books(draw):
    """Rules that hold for some days only, that tell more or less, at several scopes."""
    by_scope = {}
    for scope in (NETWORK, ("facility", "f1"), ("route", "r1")):
        parts = st.tuples(
            effects, conditions, st.sampled_from(Disclosure), st.sampled_from([None, 0, 1]), st.sampled_from([None, 1])
        )
        by_scope[scope] = tuple(
            rule(
                f"r{n}",
                effect,
                when,
                disclosure=shown,
                applies_to=draw(st.sampled_from([tuple(Action), (Action.BOOK,), (Action.REQUEST,)])),
                expected_days=n,
                latest_days=2 * n,
                valid_from=since if since is None else TODAY + timedelta(days=since),
                valid_to=until if until is None else TODAY + timedelta(days=until),
            )
            for n, (effect, when, shown, since, until) in enumerate(draw(st.lists(parts, max_size=3)))
        )
    return RuleBook(1, "tests", by_scope, {}, frozenset())


def asserted(draw, known, now):
    """Return the same facts, some of them asserted now and some until a moment."""

    def again(one):
        at = draw(st.sampled_from([one.asserted_at, now]))
        until = draw(st.sampled_from([None, NOW + timedelta(hours=1), NOW + timedelta(days=1)]))
        return Fact(one.value, one.source, one.asserted_by, at, until)

    members = [{path: again(one) for path, one in item.values.items()} for item in known.members("participants") or ()]
    collections = {"participants": members} if "participants" in known.collections else {}
    return Facts.of({path: again(one) for path, one in known.values.items()}, collections)


def told(decisions):
    """Return all that is said, to the byte; stages are no part of that."""
    return [(canonical(one), [due.stage for due in one.approvals]) for one in decisions]


@settings(max_examples=EXAMPLES)
@given(st.lists(books(), min_size=1, max_size=2), whole_facts(), st.data())
def test_what_is_kept_says_what_would_be_decided_now(published, known, data) -> None:
    people = [asserted(data.draw, hidden(data.draw, known), NOW) for _person in range(2)]
    whose = st.tuples(st.sampled_from(people), st.booleans())
    what = st.tuples(st.sampled_from(["book", "request"]), st.sampled_from(PLACES), st.sampled_from([None, "r1"]))
    questions = data.draw(st.lists(st.tuples(st.sampled_from(published), whose, what), min_size=2, max_size=4))
    for later, (book, (person, on_record), (action, place, route)) in product(MOMENTS, questions):
        now = NOW + later
        # Whoever is known by our records is so as of now, whenever that is.
        applicant = asserted_at(person, now) if on_record else person
        kept, made = (Classes(one, applicant, action, now) for one in (book, replace(book)))
        assert told(kept._decide(place, route, reader) for reader in Audience) == told(
            made._made(place, route, reader).decision for reader in Audience
        )
        assert kept.welcomes(place, route) is made.welcomes(place, route)


def asserted_at(known: Facts, now) -> Applicant:
    values = {path: replace(one, asserted_at=now) for path, one in known.values.items()}
    return Applicant(Facts.of(values).values, known.collections, frozenset({1}))


def test_only_the_moment_is_made_anew(session: Session) -> None:
    instrument = make_instrument(session)
    hidden_rule = raw_rule("export", {"type": "deny"}, disclosure="generic")
    make_policy(session, raw_rule("open", {"type": "permit"}), hidden_rule)
    book = rulebook(session)
    found = []
    for minute in range(3):
        now = NOW + timedelta(minutes=minute)
        said = visitor_facts("sector:company,country:KE", book, now)
        found.append(badges(session, [instrument.id], applicant=said, action="book", now=now)[instrument.id])
    assert len(book.kept) == 1
    assert len({one.case for one in found}) == len({one.as_of for one in found}) == 3
    assert [one.reasons[0].message.mapping["case"] for one in found] == [one.case for one in found]


def test_a_publication_and_a_group_of_countries_forget_what_was_decided(session: Session) -> None:
    instrument = make_instrument(session)
    make_policy(session, raw_rule("open", {"type": "permit"}), name="One")

    def outcome() -> str:
        said = visitor_facts("country:KE", rulebook(session), NOW)
        return badges(session, [instrument.id], applicant=said, action="book", now=NOW)[instrument.id].outcome

    assert [outcome(), outcome()] == [Outcome.PERMIT, Outcome.PERMIT]
    member = {"op": "member_of", "fact": "applicant.country_groups", "value": "LDC:2024"}
    make_country_group(session, "LDC:2024", "TZ")
    make_policy(session, raw_rule("open", {"type": "permit"}, member), name="One")
    assert len(rulebook(session).kept) == 0
    assert outcome() == Outcome.NOT_ELIGIBLE
    make_country_group(session, "LDC:2024", "TZ", "KE", reason="KE was left out")
    assert outcome() == Outcome.PERMIT


def test_people_share_a_decision_only_where_the_same_is_known_of_them() -> None:
    laser = rule("laser", Require(RequirementKind.TRAINING, "laser"))
    book = RuleBook(1, "tests", {NETWORK: (permit(), laser)}, {}, frozenset())
    trained = facts({"satisfied": frozenset({"training:laser"})})
    outcomes = [
        Classes(book, one, "book", NOW).decide(PLACES[0], None).outcome for one in (facts(), trained, facts(), trained)
    ]
    assert outcomes == [Outcome.CONDITIONAL, Outcome.PERMIT] * 2
    assert len(book.kept) == 2


def test_a_training_that_expires_and_a_rule_that_ends_count_from_then_on() -> None:
    hour = timedelta(hours=1)
    laser = rule("laser", Require(RequirementKind.TRAINING, "laser"))
    ended = deny("ended", valid_to=TODAY + timedelta(days=1))
    book = RuleBook(1, "tests", {NETWORK: (permit(), laser), ("facility", "f1"): (ended,)}, {}, frozenset())
    trained = Facts.of({"satisfied": fact(frozenset({"training:laser"}), expires_at=NOW + hour)})

    def outcome(place: InstrumentPlace, known: Facts, later: timedelta) -> str:
        return Classes(book, known, "book", NOW + later).decide(place, None).outcome

    for _time in range(2):
        assert outcome(PLACES[0], trained, timedelta(0)) == Outcome.PERMIT
        assert outcome(PLACES[0], trained, hour) == Outcome.CONDITIONAL
        assert outcome(PLACES[1], facts(), hour) == Outcome.DENY
        assert outcome(PLACES[1], facts(), timedelta(days=1)) == Outcome.CONDITIONAL


def test_threads_that_ask_at_once_are_each_told_their_own() -> None:
    book = RuleBook(1, "tests", {NETWORK: (permit(), rule("few", Limit(amount=3)))}, {}, frozenset())
    book = replace(book, by_scope={NETWORK: (*book.by_scope[NETWORK], rule("mask", Mask(("title", "team"))))})
    closed = deny("closed", disclosure=Disclosure.GENERIC, when=None)
    book.by_scope["facility", "f1"] = (closed,)  # type: ignore[index]
    people = [facts({"request.quantity": number}) for number in range(5)]

    def ask(number: int) -> bool:
        now = NOW + timedelta(seconds=1 + number % 7)
        known, place = people[number % 5], PLACES[number % 2]
        decision = Classes(book, known, "book", now).decide(place, None)
        wanted = canonical(Classes(replace(book), known, "book", now)._made(place, None, Audience.APPLICANT).decision)
        same = canonical(decision) == wanted
        decision.limits.get("masked", []).clear()  # what one reader does to theirs
        decision.limits.clear()
        return same

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))
    assert len(book.kept) == 10


def test_what_is_kept_is_bounded_in_number_and_in_time() -> None:
    clock = [0.0]
    recent = Recent[int](2, 10.0, lambda: clock[0])
    for number, key in enumerate("aab"):
        clock[0] = number
        recent.put(key, number)
    assert (recent.get("a"), recent.get("b"), len(recent)) == (0, 2, 2)
    recent.put("c", 3)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (None, 2, 3)
    clock[0] = 12.0
    assert recent.get("c") is None
    assert len(recent) == 0


def test_no_text_reads_like_the_moment() -> None:
    now = NOW.isoformat()
    sly = Fact("company", f'x","asserted_at":"{now}', '"asserted_at":"now"', NOW + timedelta(days=9))
    known = Facts.of({"applicant.sector": sly})
    assert timeless(canonical(known), NOW) == canonical(known)
    assert restore_facts(canonical(known)) == known
    assert known_at(known, NOW) != known_at(Facts.of({"applicant.sector": replace(sly, source="x")}), NOW)
    assert known_at(known, NOW) != known_at(known, NOW + timedelta(days=1))


def test_a_book_of_a_draft_keeps_its_own() -> None:
    book = RuleBook(1, "tests", {NETWORK: (permit(),)}, {}, frozenset())
    draft = replace(book, by_scope={NETWORK: (permit(), rule("no", Deny()))})
    for one, outcome in ((book, Outcome.PERMIT), (draft, Outcome.DENY), (book, Outcome.PERMIT)):
        assert Classes(one, facts(), "book", NOW).decide(PLACES[0], None).outcome is outcome
    assert len(book.kept) == len(draft.kept) == 1
