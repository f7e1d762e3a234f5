"""Commands on policy documents and groups of countries: drafts, publication, and the head that each one advances."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.fields import check_version, fault
from infra_access.core.authority import NETWORK, Actor, Permission, Scopes, require
from infra_access.core.columns import table_of
from infra_access.core.errors import Conflict, Invalid
from infra_access.core.i18n import Text, _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line, clean_text
from infra_access.core.named_locks import lock_names, lock_table
from infra_access.outbox.events import publish
from infra_access.people.roles import resolve_scope
from infra_access.policy.countries import COUNTRY_CODES
from infra_access.policy.documents import load_policy
from infra_access.policy.kinds import GROUP
from infra_access.policy.lint import refuse_faults
from infra_access.policy.models import CountryGroup, PolicyDocument, PolicyHead
from infra_access.policy.rule_json import dump_rule
from infra_access.policy.rulebook import HEAD_ID, PUBLISHED, scope_text
from infra_access.policy.rules import Rule

DRAFT = "draft"
SUPERSEDED = "superseded"
SCOPE_KINDS = ("network", "country", "organisation", "facility", "route", "instrument", "tag")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,100}")


def create_document(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    scope_kind: str,
    scope_key: str,
    name: str,
    rules: Sequence[Mapping[str, Any]],
    scopes: Scopes | None = None,
) -> PolicyDocument:
    """Store a draft, the next version of the rules of this name and scope.

    `scopes` is the chain of a route, which lies above policy: without it, only the network's roles write its rules.
    Raises Invalid `scope.unknown` or `policy.invalid` by place; Forbidden.
    """
    key, chain = _scope_chain(session, scope_kind, scope_key, scopes)
    require(actor, Permission.POLICY_WRITE, chain)
    parsed = _parsed(scope_kind, key, name, rules)
    lock_names(session, [f"policy {scope_kind}:{key}:{name}"])  # so that two drafts at once get two numbers
    of_same = select(func.max(PolicyDocument.number)).where(*_same(scope_kind, key, name))
    document = PolicyDocument(
        scope_kind=scope_kind,
        scope_key=key,
        name=name,
        number=(session.scalar(of_same) or 0) + 1,
        state=DRAFT,
        rules=[dump_rule(rule) for rule in parsed],
        created_by=actor.label,
        created_at=now,
    )
    session.add(document)
    session.flush()
    _record(session, actor, now, "policy.drafted", document, {"rules": len(parsed)})
    return document


def revise_draft(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    document: PolicyDocument,
    rules: Sequence[Mapping[str, Any]],
    expected_version: int | None = None,
    scopes: Scopes | None = None,
) -> PolicyDocument:
    """Replace the rules of a draft. What was ever in force is not edited: Conflict `policy.not_draft`.

    Raises Invalid `policy.invalid` by place, PreconditionFailed, Forbidden.
    """
    _key, chain = _scope_chain(session, document.scope_kind, document.scope_key, scopes)
    require(actor, Permission.POLICY_WRITE, chain)
    _lock(session, document)
    check_version(document.version, expected_version)
    refuse_published(document)
    parsed = _parsed(document.scope_kind, document.scope_key, document.name, rules)
    document.rules = [dump_rule(rule) for rule in parsed]
    session.flush()
    _record(session, actor, now, "policy.revised", document, {"rules": len(parsed)})
    return document


def publish_document(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    document: PolicyDocument,
    expected_version: int | None = None,
    scopes: Scopes | None = None,
) -> PolicyDocument:
    """Put a draft in force in place of the published version of the same name and scope.

    Raises Invalid `policy.unfit` for unknown roles or groups, Conflict `policy.not_draft`, PreconditionFailed,
    Forbidden.
    """
    _key, chain = _scope_chain(session, document.scope_kind, document.scope_key, scopes)
    require(actor, Permission.POLICY_WRITE, chain)
    head = _locked_head(session)
    _lock(session, document)  # another publication may have ended while this one waited for the head
    check_version(document.version, expected_version)
    refuse_published(document)
    refuse_faults(session, _parsed(document.scope_kind, document.scope_key, document.name, document.rules))
    same = _same(document.scope_kind, document.scope_key, document.name)
    former = session.scalars(select(PolicyDocument).where(*same, PolicyDocument.state == PUBLISHED)).all()
    for old in former:
        old.state = SUPERSEDED
    document.state, document.published_at = PUBLISHED, now
    _advance(head, now)
    session.flush()
    _record(session, actor, now, "policy.published", document, {"policy": head.number})
    publish(session, "policy.published", {"document": document.public_id, "policy": head.number}, now=now)
    return document


def withdraw_document(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    document: PolicyDocument,
    expected_version: int | None = None,
    scopes: Scopes | None = None,
) -> PolicyDocument:
    """Take a published version out of force, with nothing in its place. Raises Conflict `policy.not_published`."""
    _key, chain = _scope_chain(session, document.scope_kind, document.scope_key, scopes)
    require(actor, Permission.POLICY_WRITE, chain)
    head = _locked_head(session)
    _lock(session, document)
    check_version(document.version, expected_version)
    if document.state != PUBLISHED:
        raise Conflict(
            "policy.not_published",
            _("This version is not in force, so there is nothing to withdraw."),
            details={"state": document.state},
        )
    document.state = SUPERSEDED
    _advance(head, now)
    session.flush()
    _record(session, actor, now, "policy.withdrawn", document, {"policy": head.number})
    publish(session, "policy.withdrawn", {"document": document.public_id, "policy": head.number}, now=now)
    return document


def set_country_group(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    code: str,
    name: str,
    as_of: date,
    source: str,
    countries: Iterable[str],
    reason: str = "",
) -> CountryGroup:
    """Enter a dated group of countries, such as ODA:2024, for the whole network, or correct a mistake in it.

    A later list has a code of its own, so that rules stay with the list that they name: what is there already changes
    only for a reason, which is recorded with who came in and who left. The same again changes nothing.

    Raises Invalid naming the field; Conflict `group.exists` where another list has the code and no reason is given.
    """
    require(actor, Permission.POLICY_WRITE, (NETWORK,))
    if not GROUP.fullmatch(code) or len(code) > 40:
        raise fault("group.code", "code", _("Name a group of countries and its date, such as ODA:2024."))
    members = sorted(set(countries))
    unknown = sorted(set(members) - COUNTRY_CODES)
    if unknown or not members:
        message = _(
            "Give country codes (ISO 3166), such as KE; unknown: ${codes}.", mapping={"codes": ", ".join(unknown)[:200]}
        )
        raise fault("group.countries", "countries", message)
    values = {
        "name": clean_line(name, field="name", max_length=200, required=True),
        "as_of": as_of,
        "source": clean_line(source, field="source", max_length=300, required=True),
        "countries": members,
    }
    why = clean_text(reason, field="reason", max_length=2_000)
    head = _locked_head(session)
    group = session.get(CountryGroup, code, populate_existing=True)
    before = group.countries if group else []
    if group is None:
        group = CountryGroup(code=code, **values)
        session.add(group)
    elif all(getattr(group, field) == value for field, value in values.items()):
        return group
    elif not why:
        raise Conflict(
            "group.exists",
            _(
                "There is a list ${code} already, and rules may rest on it. Enter a later list under its own date; to "
                "correct a mistake in this one, say why.",
                mapping={"code": code},
            ),
        )
    else:
        for field, value in values.items():
            setattr(group, field, value)
    _advance(head, now)
    session.flush()
    record(
        session,
        actor=actor,
        action="policy.country_group_set",
        object_kind="country_group",
        object_id=code,
        now=now,
        details={
            "countries": len(members),
            "in": sorted(set(members) - set(before)) if before else [],
            "out": sorted(set(before) - set(members)),
            "source": values["source"],
            "reason": why,
            "policy": head.number,
        },
    )
    return group


def refuse_published(document: PolicyDocument) -> None:
    """Refuse to edit what was ever in force. Raises Conflict `policy.not_draft`."""
    if document.state != DRAFT:
        raise Conflict(
            "policy.not_draft",
            _("This version no longer is a draft, so it stays as it is. Make a new draft of it."),
            details={"state": document.state},
        )


def _scope_chain(session: Session, kind: str, key: str, scopes: Scopes | None) -> tuple[str, Scopes]:
    if kind not in SCOPE_KINDS:
        known = {"kinds": ", ".join(SCOPE_KINDS)}
        raise fault("scope.unknown", "scope_kind", _("Rules attach to one of: ${kinds}.", mapping=known))
    if kind not in ("route", "tag"):
        return resolve_scope(session, kind, key)
    if not _KEY.fullmatch(key):
        raise fault("scope.unknown", "scope_key", _("Use letters, digits, dots, hyphens and underscores."))
    return key, ((kind, key), *(scopes or ()), NETWORK)


def _parsed(kind: str, key: str, name: str, rules: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    scope = scope_text(kind, key)
    parsed = load_policy({"name": name, "rules": rules}, scope=scope)
    # Whoever reads a decision must see where a rule really stands.
    astray: dict[str, list[Text]] = {
        f"rules.{number}.scope": [_("These rules are attached to ${scope}. Leave this out.", mapping={"scope": scope})]
        for number, rule in enumerate(parsed)
        if rule.scope != scope
    }
    if astray:
        raise Invalid("policy.invalid", _("A rule states another scope than its document has."), fields=astray)
    return parsed


def _same(kind: str, key: str, name: str) -> tuple[Any, ...]:
    return (PolicyDocument.scope_kind == kind, PolicyDocument.scope_key == key, PolicyDocument.name == name)


def _lock(session: Session, document: PolicyDocument) -> None:
    session.refresh(document, with_for_update={"key_share": True})


def _locked_head(session: Session) -> PolicyHead:
    """Return the head for who changes it. Whatever decides after this began waits until it is done."""
    lock_table(session, table_of(PolicyHead))
    statement = select(PolicyHead).where(PolicyHead.id == HEAD_ID).with_for_update()
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def _advance(head: PolicyHead, now: datetime) -> None:
    head.number += 1
    head.stamp = new_public_id()
    head.changed_at = now


def _record(
    session: Session, actor: Actor, now: datetime, action: str, document: PolicyDocument, details: Mapping[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="policy",
        object_id=document.public_id,
        now=now,
        details={
            "scope": [document.scope_kind, document.scope_key],
            "name": document.name,
            "number": document.number,
            **details,
        },
    )
