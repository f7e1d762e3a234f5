"""Framework agreements between two organisations: drafted by one side, offered, accepted by each, and ended by either.

Only verified organisations sign. A signatory of an organisation accepts for it, and nobody accepts for both.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from infra_access.access_requests.circles import is_same_person
from infra_access.access_requests.terms.framework_lifecycle import FrameworkKind, FrameworkState, FrameworkStep, step
from infra_access.access_requests.terms.framework_models import FrameworkAcceptance, FrameworkAgreement
from infra_access.access_requests.terms.framework_queries import HOST, PARTNER, SIDES, accepted_by, relations_to
from infra_access.access_requests.terms.points import clean_framework_points, hash_of, with_points
from infra_access.audit.record import record
from infra_access.catalogue import fields
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.vocabularies import Regime, Trust
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Conflict
from infra_access.core.i18n import _
from infra_access.core.ids import new_public_id
from infra_access.core.named_locks import lock_names
from infra_access.outbox.events import publish
from infra_access.policy.rulebook import rulebook
from infra_access.policy.rules import Disclosure, Require, RequirementKind

_CHECKS: Mapping[str, fields.Cleaner] = {
    "kind": fields.line(100, required=True),
    "title": fields.line(200, required=True),
    "text_version": fields.line(40, required=True),
    "text": fields.text(50_000),
    "regimes": fields.list_of(fields.one_of(Regime)),
}


def create_framework(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    host: Organisation,
    partner: Organisation,
    kind: str,
    title: str,
    text_version: str,
    text: str,
    regimes: Iterable[str],
    points: Mapping[str, Any] | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> FrameworkAgreement:
    """Draft an agreement on later requests of `partner` at the places of `host`; the other side sees it once offered.

    It never changes: another text is another version, and so another agreement. `valid_until` None is without an end.
    Beside those of `FrameworkKind` there is a kind for each code by which a rule in force asks for an agreement; it
    meets these rules while it is in force. Raises Invalid naming each field at fault, Conflict
    `organisation.not_verified`, Forbidden.
    """
    relations = relations_to(actor, host, partner)
    require(actor, Permission.FRAMEWORK_WRITE, (), relations)
    values = fields.cleaned(
        {"kind": kind, "title": title, "text_version": text_version, "text": text, "regimes": regimes}, _CHECKS
    )
    _refuse_unknown(session, values["kind"])
    if host.id == partner.id:
        raise fields.fault("framework.sides", "partner", _("An agreement has two sides. Name another organisation."))
    if not values["regimes"]:
        raise fields.fault("list.empty", "regimes", _("Name at least one."))
    said = clean_framework_points(points or {}, "points", values["regimes"])
    if values["kind"] == FrameworkKind.NDA and set(said) - {"confidentiality"}:
        message = _("A non-disclosure agreement is on confidentiality alone. Leave the other points out.")
        raise fields.fault("framework.nda", f"points.{min(set(said) - {'confidentiality'})}", message)
    starts = _instant(valid_from, "valid_from") or now
    ends = _instant(valid_until, "valid_until")
    if ends is not None and ends <= max(starts, now):
        raise fields.fault("time.order", "valid_until", _("This would end before it begins. Choose a later end."))
    _refuse_unverified(host, partner)
    whole = _whole_text(values["text"], said, values["regimes"], (host, partner), (starts, ends))
    framework = FrameworkAgreement(
        public_id=new_public_id(),
        host_id=host.id,
        partner_id=partner.id,
        points=said,
        text_hash=hash_of(whole),
        valid_from=starts,
        valid_until=ends,
        drafted_by=HOST if HOST in relations else PARTNER,
        state=FrameworkState.DRAFT,
        state_since=now,
        created_at=now,
        **values | {"text": whole},
    )
    session.add(framework)
    session.flush()
    _record(session, actor, "created", framework, now, {"kind": framework.kind, "title": framework.title})
    return framework


def further_kinds(session: Session) -> frozenset[str]:
    """Return the kinds beside those of `FrameworkKind` for which rules in force ask that everybody may read."""
    rules = (rule for found in rulebook(session).by_scope.values() for rule in found)
    open_to_all = [one.effect for one in rules if one.disclosure is Disclosure.FULL]
    codes = {one.code for one in open_to_all if isinstance(one, Require) and one.kind is RequirementKind.AGREEMENT}
    return frozenset(codes) & _kinds_of_rules(session)


def _kinds_of_rules(session: Session) -> frozenset[str]:
    return rulebook(session).agreements - frozenset(FrameworkKind) - {"terms", "access-terms"}


def offer_framework(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    framework: FrameworkAgreement,
    expected_version: int | None = None,
) -> FrameworkAgreement:
    """Show a draft to the other side, and ask the signatories of both to accept it.

    Raises Conflict `framework.state`, `framework.version` where this version was offered with another text,
    `organisation.not_verified`; Forbidden to everybody but the side that drafted it.
    """
    framework, host, partner = _locked(session, framework, expected_version)
    _require_side(actor, host, partner, {framework.drafted_by})
    after = step(FrameworkState(framework.state), FrameworkStep.OFFER)
    _refuse_unverified(host, partner)
    _refuse_over(framework, now)
    lock_names(session, [f"framework:{host.id}:{partner.id}"])
    same = select(FrameworkAgreement.id).where(
        FrameworkAgreement.host_id == host.id,
        FrameworkAgreement.partner_id == partner.id,
        FrameworkAgreement.kind == framework.kind,
        FrameworkAgreement.title == framework.title,
        FrameworkAgreement.text_version == framework.text_version,
        FrameworkAgreement.offered_at.is_not(None),
        FrameworkAgreement.text_hash != framework.text_hash,
    )
    if session.scalars(same.limit(1)).first() is not None:
        message = _(
            "Version ${version} of this agreement was offered before and says something else. Draft it under a new "
            "version.",
            mapping={"version": framework.text_version},
        )
        raise Conflict("framework.version", message)
    framework.state, framework.state_since, framework.offered_at = after, now, now
    session.flush()
    _record(session, actor, "offered", framework, now, {"text_hash": framework.text_hash})
    _tell(session, "offered", framework, now)
    return framework


def accept_framework(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    framework: FrameworkAgreement,
    text_hash: str,
    expected_version: int | None = None,
) -> FrameworkAgreement:
    """Accept an agreement for the side whose signatory the actor is; the second side's acceptance puts it in force.

    Raises Conflict `framework.state`, `framework.changed` where another text was read, `framework.accepted`,
    `framework.both_sides` for who accepted for the other side, or stands in for who did,
    `organisation.not_verified`; Forbidden.
    """
    framework, host, partner = _locked(session, framework, expected_version)
    relations = relations_to(actor, host, partner)
    require(actor, Permission.FRAMEWORK_ACCEPT, (), relations)
    after = step(FrameworkState(framework.state), FrameworkStep.ACCEPT)
    _refuse_unverified(host, partner)
    _refuse_over(framework, now)
    if text_hash != framework.text_hash:
        message = _("This is not the text that you read. Load it again before you accept.")
        raise Conflict("framework.changed", message, details={"text_hash": framework.text_hash})
    accepted = accepted_by(session, [framework.id]).get(framework.id, ())
    done = {one.side for one in accepted}
    side = next((one for one in SIDES if f"{one}_signatory" in relations and one not in done), None)
    if side is None:
        message = _("Your side has accepted already. The other side is still to do so.")
        raise Conflict("framework.accepted", message)
    if any(is_same_person(session, actor, one.account_id, at=one.at) for one in accepted):
        message = _("You or your stand-in accepted for the other side. Somebody else has to accept for this one.")
        raise Conflict("framework.both_sides", message)
    session.add(
        FrameworkAcceptance(
            framework_id=framework.id,
            side=side,
            account_id=int(actor.account_id or 0),
            accepted_at=now,
            text_hash=text_hash,
        )
    )
    complete = done | {side} == set(SIDES)
    if complete:
        framework.state, framework.state_since, framework.in_force_at = after, now, now
    flag_modified(framework, "state")  # who accepted is a part of its version too
    session.flush()
    details = {"side": side, "text_hash": text_hash, "state": framework.state}
    _record(session, actor, "accepted", framework, now, details)
    if complete:
        _tell(session, "in_force", framework, now)
    return framework


def end_framework(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    framework: FrameworkAgreement,
    reason: str = "",
    expected_version: int | None = None,
) -> FrameworkAgreement:
    """End an agreement, or take back a draft or an offer: it covers no new request. What rests on it stays.

    Raises Conflict `framework.state`, Forbidden.
    """
    framework, host, partner = _locked(session, framework, expected_version)
    drafted = framework.state == FrameworkState.DRAFT
    _require_side(actor, host, partner, {framework.drafted_by} if drafted else set(SIDES))
    after = step(FrameworkState(framework.state), FrameworkStep.END)
    reason = fields.text(2_000)(reason, "reason")
    framework.state, framework.state_since, framework.end_reason = after, now, reason or None
    session.flush()
    _record(session, actor, "ended", framework, now, {"reason": reason})
    if not drafted:
        _tell(session, "ended", framework, now)
    return framework


def _refuse_unknown(session: Session, kind: str) -> None:
    if kind not in _kinds_of_rules(session) and kind not in frozenset(FrameworkKind):
        message = _(
            "There is no such kind of agreement. It is one of ${known}, or the code by which a rule in force asks.",
            mapping={"known": ", ".join(FrameworkKind)},
        )
        raise fields.fault("framework.kind", "kind", message)


def _locked(
    session: Session, framework: FrameworkAgreement, expected_version: int | None
) -> tuple[FrameworkAgreement, Organisation, Organisation]:
    """Lock an agreement, and hold what its sides are trusted with."""
    session.flush()
    row = session.scalars(
        select(FrameworkAgreement)
        .where(FrameworkAgreement.id == framework.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    fields.check_version(row.version, expected_version)
    sides = session.scalars(
        select(Organisation)
        .where(Organisation.id.in_([row.host_id, row.partner_id]))
        .order_by(Organisation.id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    by_key = {one.id: one for one in sides}
    return row, by_key[row.host_id], by_key[row.partner_id]


def _require_side(actor: Actor, host: Organisation, partner: Organisation, sides: set[str]) -> None:
    require(actor, Permission.FRAMEWORK_WRITE, (), relations_to(actor, host, partner) & sides)


def _refuse_unverified(*sides: Organisation) -> None:
    for one in sides:
        if one.trust != Trust.VERIFIED:
            message = _(
                '"${name}" has not been verified yet, and only a verified organisation signs. Ask the access '
                "administrator of its country to verify it.",
                mapping={"name": one.name},
            )
            raise Conflict("organisation.not_verified", message, details={"organisation": one.public_id})


def _refuse_over(framework: FrameworkAgreement, now: datetime) -> None:
    if framework.valid_until is not None and framework.valid_until <= now:
        message = _("The time that this agreement was for is over. Draft it anew with a later end.")
        raise Conflict("framework.over", message, details={"until": framework.valid_until.isoformat()})


def _instant(value: datetime | None, field: str) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise fields.fault("time.naive", field, _("Give this time with its offset from UTC."))
    return value


def _whole_text(
    text: str,
    points: Mapping[str, Any],
    regimes: Iterable[str],
    sides: tuple[Organisation, Organisation],
    valid: tuple[datetime, datetime | None],
) -> str:
    """Return all that is agreed as one text, so that its hash covers points, regimes, time and both sides."""
    host, partner = sides
    starts, ends = valid
    until = f"until {ends:%Y-%m-%d %H:%M} UTC" if ends else "without an end"
    return (
        f"{with_points(text.strip(), points)}\n\n---\n\n"
        f"Between {host.name}, at whose facilities requests are made, and {partner.name}, for which they are made. "
        f"Regimes: {', '.join(regimes)}. From {starts:%Y-%m-%d %H:%M} UTC, {until}.\n"
    )


def _tell(session: Session, what: str, framework: FrameworkAgreement, now: datetime) -> None:
    publish(session, f"framework_agreement.{what}", {"framework_agreement": framework.public_id}, now=now)


def _record(
    session: Session, actor: Actor, what: str, framework: FrameworkAgreement, now: datetime, details: dict[str, Any]
) -> None:
    record(
        session,
        actor=actor,
        action=f"framework_agreement.{what}",
        object_kind="framework_agreement",
        object_id=framework.public_id,
        now=now,
        details=details,
    )
