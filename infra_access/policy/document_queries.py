"""Reading policy documents: those of the scopes in which one's roles lie, and of everything within them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import Session

from infra_access.catalogue.models import Facility, Instrument, Organisation
from infra_access.core.authority import NETWORK, PERMISSIONS, Actor, Permission
from infra_access.core.i18n import Text
from infra_access.core.paging import Page, clean_limit, decode_cursor, page_of
from infra_access.people.models import Training
from infra_access.people.roles import resolve_scope
from infra_access.policy.documents import load_rules
from infra_access.policy.lint import warnings
from infra_access.policy.models import PolicyDocument
from infra_access.policy.passing_by import approvals_on_nothing, approvals_passed_by
from infra_access.policy.publishing import DRAFT
from infra_access.policy.rulebook import PUBLISHED, rulebook, scope_text
from infra_access.policy.rules import Disclosure
from infra_access.policy.unanswered import held_by_nobody


def list_documents(
    session: Session,
    *,
    actor: Actor,
    scope_kind: str | None = None,
    scope_key: str | None = None,
    state: str | None = None,
    routes: Select[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[PolicyDocument]:
    """Return the documents that the actor may read, newest first. One statement.

    `routes` selects the public ids of the ways in whose rules the actor may read too, which lie above policy.
    """
    limit = clean_limit(limit)
    query = select(PolicyDocument).where(_readable(actor, routes))
    for column, wanted in (
        (PolicyDocument.scope_kind, scope_kind),
        (PolicyDocument.scope_key, scope_key),
        (PolicyDocument.state, state),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if cursor is not None:
        query = query.where(PolicyDocument.id < decode_cursor(cursor, (int,))[0])
    rows = session.scalars(query.order_by(PolicyDocument.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit, key=lambda row: (row.id,))


def in_force(session: Session, document: PolicyDocument) -> PolicyDocument | None:
    """Return the published version of a document's name and scope, which may be the document itself."""
    return session.scalars(
        select(PolicyDocument).where(
            PolicyDocument.scope_kind == document.scope_kind,
            PolicyDocument.scope_key == document.scope_key,
            PolicyDocument.name == document.name,
            PolicyDocument.state == PUBLISHED,
        )
    ).one_or_none()


def version_before(session: Session, document: PolicyDocument) -> PolicyDocument | None:
    """Return what a version is compared with: for a draft what is in force, for any other the one before it."""
    if document.state == DRAFT:
        return in_force(session, document)
    return session.scalars(
        select(PolicyDocument)
        .where(
            PolicyDocument.scope_kind == document.scope_kind,
            PolicyDocument.scope_key == document.scope_key,
            PolicyDocument.name == document.name,
            PolicyDocument.published_at.is_not(None),
            PolicyDocument.number < document.number,
        )
        .order_by(PolicyDocument.number.desc())
        .limit(1)
    ).one_or_none()


def warnings_of(
    session: Session, document: PolicyDocument, now: datetime, *, agreements: Collection[str]
) -> list[tuple[str, Text]]:
    """Return what is probably not meant in a document's rules, by place, also beside the rules of wider scopes.

    Of those, only the ones that everybody may read are named. `agreements` are the codes for which there is a text,
    which lies above policy.
    """
    rules = load_rules(document.rules, scope=scope_text(document.scope_kind, document.scope_key))
    own = (document.scope_kind, document.scope_key)
    book = rulebook(session)
    chain = (NETWORK,) if own[0] in ("route", "tag", "network") else resolve_scope(session, *own)[1]
    groups = book.countries_of_groups()
    above = [
        rule
        for scope in chain
        if scope != own
        for rule in book.by_scope.get(scope, ())
        if rule.disclosure is Disclosure.FULL
    ]
    trainings = set(session.scalars(select(Training.code).distinct()))
    return [
        *warnings(rules, today=now.date(), trainings=trainings, groups=groups, agreements=agreements, above=above),
        *approvals_passed_by(rules, above=above, groups=groups),
        *approvals_on_nothing(rules),
        *held_by_nobody(session, rules, chain=chain, now=now),
    ]


def facilities_read_by(actor: Actor) -> Select[int]:
    """Return the selection of the keys of facilities whose policies the actor's roles let them read."""
    held = _held(actor)
    return (
        select(Facility.id)
        .join(Organisation, Organisation.id == Facility.organisation_id)
        .where(
            or_(
                true() if NETWORK in held else false(),
                Facility.public_id.in_(_keys(held, "facility")),
                Organisation.public_id.in_(_keys(held, "organisation")),
                Facility.country.in_(_keys(held, "country")),
            )
        )
    )


def _readable(actor: Actor, routes: Select[str] | None) -> ColumnElement[bool]:
    held = _held(actor)
    if NETWORK in held:
        return true()
    facilities = facilities_read_by(actor)
    within: dict[str, Select[str]] = {
        "organisation": select(Organisation.public_id).where(Organisation.country.in_(_keys(held, "country"))),
        "facility": select(Facility.public_id).where(Facility.id.in_(facilities)),
        "instrument": select(Instrument.public_id).where(Instrument.facility_id.in_(facilities)),
    }
    if routes is not None:
        within["route"] = routes
    kind, key = PolicyDocument.scope_kind, PolicyDocument.scope_key
    own = [and_(kind == scope_kind, key == scope_key) for scope_kind, scope_key in sorted(held)]
    return or_(false(), *own, *(and_(kind == name, key.in_(keys)) for name, keys in within.items()))


def _held(actor: Actor) -> set[tuple[str, str]]:
    roles = PERMISSIONS[Permission.POLICY_READ].roles
    return {grant.scope for grant in actor.grants if grant.role in roles}


def _keys(held: set[tuple[str, str]], kind: str) -> list[str]:
    return sorted(key for name, key in held if name == kind)
