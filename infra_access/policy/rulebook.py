"""The published rules in force, parsed once for each process and read again only when the policy's number changed.

A decision costs one statement here: the head. While the head stands still, so does every rule and every group of
countries, since whatever changes one of them advances the head in the same transaction.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, Select, select, true
from sqlalchemy.orm import Session

from infra_access.core.authority import NETWORK, Scope
from infra_access.core.errors import Unavailable
from infra_access.core.i18n import _
from infra_access.policy.canonical import canonical
from infra_access.policy.conditions import reads
from infra_access.policy.documents import load_rules
from infra_access.policy.evaluator import EVALUATOR_VERSION
from infra_access.policy.kept import MOST_DECISIONS, SECONDS, Kept, Recent
from infra_access.policy.models import CountryGroup, PolicyDocument, PolicyHead
from infra_access.policy.overrides import is_overridable
from infra_access.policy.places import InstrumentPlace
from infra_access.policy.rules import Require, Rule

HEAD_ID = 1
PUBLISHED = "published"
_MOST_SETS = 5_000
_ATTEMPTS = 5

_Head = tuple[int, str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that apply together, with what they read of the facts and their canonical bytes."""

    rules: tuple[Rule, ...]
    reads: frozenset[str]
    requires: frozenset[str]
    canonical: bytes

    def without(self, left_out: Collection[Rule]) -> "RuleSet":
        """Return the same rules but for some."""
        return rule_set_of(rule for rule in self.rules if rule not in left_out)


@dataclass(frozen=True, slots=True)
class GroupNote:
    """What stands behind a group of countries: its name, the day that it is of, and whose list it is."""

    code: str
    name: str
    as_of: date
    source: str


def _nothing_kept() -> Recent[Kept]:
    return Recent(MOST_DECISIONS, SECONDS)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All published rules by the scope they are attached to, and the groups that each country is in.

    `exceptions_by` are the roles that any rule lets grant exceptions: without any, nobody need look for granted ones.
    """

    number: int
    stamp: str
    by_scope: Mapping[Scope, tuple[Rule, ...]]
    groups: Mapping[str, frozenset[str]]
    group_codes: frozenset[str]
    reads: frozenset[str] = frozenset()
    """All facts that any rule reads: what nobody reads need not be gathered."""
    group_notes: Mapping[str, GroupNote] = field(default_factory=dict)
    exceptions_by: frozenset[str] = frozenset()
    _sets: dict[tuple[object, ...], RuleSet] = field(default_factory=dict, init=False, compare=False, repr=False)
    kept: Recent[Kept] = field(default_factory=_nothing_kept, init=False, compare=False, repr=False)
    """What these rules decided on classes. A book that is made of this one begins without, and without its sets."""

    @property
    def version(self) -> str:
        """Return the number of the policy and of the evaluator, which together make a decision: `12.1`."""
        return f"{self.number}.{EVALUATOR_VERSION}"

    def groups_of(self, country: str) -> frozenset[str]:
        """Return the groups that a country is in, each with its date: {"LDC:2024", "ODA:2024"}."""
        return self.groups.get(country, frozenset())

    def countries_of_groups(self) -> dict[str, frozenset[str]]:
        """Return the countries of each group by its code."""
        return {
            code: frozenset(country for country, groups in self.groups.items() if code in groups)
            for code in sorted(self.group_codes)
        }

    def for_instrument(
        self, place: InstrumentPlace | None, route: str | None = None, at: date | None = None
    ) -> tuple[Rule, ...]:
        """Return the rules of every scope that contains the instrument and of the route; in force on `at`, if given."""
        return self.rule_set(place, route=route, at=at).rules

    def rule_set(
        self,
        place: InstrumentPlace | None,
        *,
        route: str | None = None,
        at: date | datetime | None = None,
        action: str | None = None,
    ) -> RuleSet:
        """Return the rules that apply to an instrument, on a day (UTC) and to an action where these are given.

        The same object comes back for instruments under the same scopes. Without a place, the network's and the
        route's rules apply.
        """
        scopes = [NETWORK] if place is None else list(place.scopes())
        if route is not None:
            scopes.append(("route", route))
        day = at.astimezone(UTC).date() if isinstance(at, datetime) else at
        present = tuple(scope for scope in scopes if scope in self.by_scope)
        key = (present, day, action)
        known = self._sets.get(key)
        if known is None:
            if len(self._sets) >= _MOST_SETS:
                self._sets.clear()  # days pass, and a process may live for months
            applicable = (rule for scope in present for rule in self.by_scope[scope])
            known = self._sets[key] = rule_set_of(
                rule
                for rule in applicable
                if (day is None or rule.holds_on(day)) and (action is None or action in rule.applies_to)
            )
        return known


_books: WeakKeyDictionary[Pool, RuleBook] = WeakKeyDictionary()
"""One book for each database: its pool of connections stands for it and forgets it at its end."""


def rulebook(session: Session, *, share_lock: bool = False) -> RuleBook:
    """Return the rules in force. One statement, and two more where they changed since this process last looked.

    With `share_lock` nothing is published until the transaction ends, so that what it decides stays true.
    """
    statement = select(PolicyHead.number, PolicyHead.stamp).where(PolicyHead.id == HEAD_ID)
    if share_lock:
        statement = statement.with_for_update(read=True)
    row = session.execute(statement).one_or_none()
    if row is None:
        raise Unavailable(
            "policy.no_head", _("The database was not set up completely. Run the migrations, then try again.")
        )
    return rulebook_at(session, (row.number, row.stamp))


def rulebook_at(session: Session, head: tuple[int, str]) -> RuleBook:
    """Return the rules of a head (its number and stamp) that was read already, in this transaction."""
    pool = session.get_bind().engine.pool
    book = _books.get(pool)
    if book is None or (book.number, book.stamp) != head:
        book = _books[pool] = _load(session)
    return book


def group_notes(session: Session) -> Mapping[str, GroupNote]:
    """Return what stands behind each group of countries, as this process last read it.

    No statement where it has read the rules of this database before, as every page with a decision has.
    """
    book = _books.get(session.get_bind().engine.pool)
    return (book or rulebook(session)).group_notes


def scope_text(kind: str, key: str) -> str:
    """Return a scope as rules write it: `network`, `country:KE`."""
    return f"{kind}:{key}" if key else kind


def rule_set_of(rules: Iterable[Rule]) -> RuleSet:
    """Return rules that apply together, with what they read."""
    chosen = tuple(rules)
    return RuleSet(
        chosen,
        frozenset().union(*(reads(rule.when) for rule in chosen)),
        frozenset().union(*(rule.effect.met_by for rule in chosen if isinstance(rule.effect, Require))),
        canonical(chosen),
    )


def _load(session: Session) -> RuleBook:
    # Each of the two statements brings along the head that it saw: where a publication came between, both run again.
    for _attempt in range(_ATTEMPTS):
        head, documents = _with_head(
            session,
            select(PolicyHead.number, PolicyHead.stamp, PolicyDocument.scope_kind, PolicyDocument.scope_key)
            .add_columns(PolicyDocument.rules)
            .outerjoin(PolicyDocument, PolicyDocument.state == PUBLISHED)
            .order_by(PolicyDocument.id),
        )
        same_head, groups = _with_head(
            session,
            select(PolicyHead.number, PolicyHead.stamp, CountryGroup.code, CountryGroup.countries)
            .add_columns(CountryGroup.name, CountryGroup.as_of, CountryGroup.source)
            .outerjoin(CountryGroup, true()),
        )
        if head == same_head:
            return _book(head, documents, groups)
    raise Unavailable("policy.busy", _("The access rules are being changed right now. Please try again."))


def rulebook_with(session: Session, book: RuleBook, document: PolicyDocument) -> RuleBook:
    """Return the rules that hold once a draft is in force in place of the published version of its name and scope."""
    scope = (document.scope_kind, document.scope_key)
    others = session.scalars(
        select(PolicyDocument.rules)
        .where(
            PolicyDocument.scope_kind == document.scope_kind,
            PolicyDocument.scope_key == document.scope_key,
            PolicyDocument.name != document.name,
            PolicyDocument.state == PUBLISHED,
        )
        .order_by(PolicyDocument.id)
    ).all()
    parsed = [load_rules(rules, scope=scope_text(*scope)) for rules in (*others, document.rules)]
    by_scope = {**book.by_scope, scope: tuple(rule for rules in parsed for rule in rules)}
    # What the rules of now read is gathered too, since both books decide on the same facts.
    return replace(
        book,
        by_scope=by_scope,
        reads=book.reads | _reads(by_scope),
        exceptions_by=_exceptions_by(by_scope),
    )


def _with_head(session: Session, statement: Select[Any]) -> tuple[_Head, list[tuple[Any, ...]]]:
    rows = session.execute(statement.where(PolicyHead.id == HEAD_ID)).all()
    return (rows[0].number, rows[0].stamp), [tuple(row[2:]) for row in rows if row[2] is not None]


def _book(head: _Head, documents: list[tuple[Any, ...]], groups: list[tuple[Any, ...]]) -> RuleBook:
    by_scope: dict[Scope, tuple[Rule, ...]] = {}
    for kind, key, rules in documents:
        scope = (kind, key)
        by_scope[scope] = (*by_scope.get(scope, ()), *load_rules(rules, scope=scope_text(*scope)))
    by_country: dict[str, set[str]] = {}
    for code, countries, *_about in groups:
        for country in countries:
            by_country.setdefault(country, set()).add(code)
    return RuleBook(
        number=head[0],
        stamp=head[1],
        by_scope=by_scope,
        groups={country: frozenset(codes) for country, codes in by_country.items()},
        group_codes=frozenset(code for code, *_about in groups),
        reads=_reads(by_scope),
        group_notes={code: GroupNote(code, *about) for code, _countries, *about in groups},
        exceptions_by=_exceptions_by(by_scope),
    )


def _reads(by_scope: Mapping[Scope, tuple[Rule, ...]]) -> frozenset[str]:
    return frozenset().union(*(reads(rule.when) for rules in by_scope.values() for rule in rules))


def _exceptions_by(by_scope: Mapping[Scope, tuple[Rule, ...]]) -> frozenset[str]:
    return frozenset(str(rule.overridable_by) for rules in by_scope.values() for rule in rules if is_overridable(rule))
