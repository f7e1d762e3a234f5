"""Assurances: that somebody vouches for a person, such as for who they are, noted by staff and never by themselves.

Rules ask for them by code. The codes are free; those of the REFEDS assurance framework, such as identity-medium and
identity-high, say how well somebody's identity was proved. What an applicant states of themselves is none.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.vocabularies import Trust
from infra_access.core.authority import Actor, Permission, Scope, Scopes, may, require
from infra_access.core.errors import Conflict, Forbidden, Invalid, NotFound
from infra_access.core.i18n import Text, _
from infra_access.core.ids import new_public_id
from infra_access.core.input_text import clean_line, clean_text
from infra_access.outbox.events import publish
from infra_access.people.accounts import account_by_email
from infra_access.people.addresses import normalise_email
from infra_access.people.models import Account, Assurance
from infra_access.people.roles import resolve_scope


def note_assurance(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    person: str,
    code: str,
    source: str,
    scope: Scope,
    valid_until: datetime | None = None,
) -> Assurance:
    """Note that somebody vouches for the person with this mail address; `scope` is where the actor has the right to.

    It counts in the whole network from now on. Raises Invalid naming the field; NotFound `account.unknown`; Forbidden,
    also for one's own and for staff of an organisation that nobody has verified; Conflict `assurance.unconfirmed` where
    nobody knows yet that the address is the person's.
    """
    key, scopes = resolve_scope(session, *scope)
    require(actor, Permission.ASSURANCE_NOTE, scopes)
    _refuse_unverified(session, scopes)
    account = account_by_email(session, person)
    _refuse_own(actor, account.id)
    if account.email_confirmed_at is None:
        message = _("This person has not confirmed their address yet. Ask them to open the link that was sent to it.")
        raise Conflict("assurance.unconfirmed", message)
    if valid_until is not None and valid_until <= now:
        raise _invalid("valid_until", _("This has passed already. Choose a later end, or none."))
    assurance = Assurance(
        public_id=new_public_id(),
        account_id=account.id,
        code=clean_line(code, field="code", max_length=80, required=True),
        source=clean_line(source, field="source", max_length=200, required=True),
        scope_kind=scope[0],
        scope_key=key,
        noted_by_id=actor.account_id,
        noted_at=now,
        valid_until=valid_until,
    )
    session.add(assurance)
    session.flush()
    _record(session, actor, "assurance.noted", account, assurance, now, {"source": assurance.source})
    publish(session, "assurance.noted", {"assurance": assurance.public_id}, now=now)
    return assurance


def withdraw_assurance(
    session: Session, *, actor: Actor, now: datetime, assurance: Assurance, reason: str
) -> Assurance:
    """Take an assurance back, with the reason; from the next decision on it counts no more.

    Raises Forbidden, also for one's own; Invalid naming the field; Conflict `assurance.withdrawn`.
    """
    require(actor, Permission.ASSURANCE_NOTE, scopes_of(session, assurance))
    _refuse_own(actor, assurance.account_id)
    assurance = session.scalars(
        select(Assurance)
        .where(Assurance.id == assurance.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if assurance.withdrawn_at is not None:
        raise Conflict("assurance.withdrawn", _("This was withdrawn already. Load the page again."))
    assurance.withdrawn_reason = clean_text(reason, field="reason", max_length=2_000, required=True)
    assurance.withdrawn_at = now
    session.flush()
    account = session.get_one(Account, assurance.account_id)
    _record(session, actor, "assurance.withdrawn", account, assurance, now, {"reason": assurance.withdrawn_reason})
    publish(session, "assurance.withdrawn", {"assurance": assurance.public_id}, now=now)
    return assurance


def assurances_of(session: Session, account_id: int, *, at: datetime) -> Sequence[Assurance]:
    """Return the assurances of a person that count at an instant, by code."""
    return session.scalars(
        select(Assurance)
        .where(
            Assurance.account_id == account_id,
            Assurance.noted_at <= at,
            or_(Assurance.valid_until.is_(None), Assurance.valid_until > at),
            or_(Assurance.withdrawn_at.is_(None), Assurance.withdrawn_at > at),
        )
        .order_by(Assurance.code, Assurance.id)
    ).all()


def assurances_to_withdraw(session: Session, person: str, *, actor: Actor, now: datetime) -> list[Assurance]:
    """Return the assurances of the person with this mail address that count and that the actor may withdraw."""
    account_id = session.scalar(select(Account.id).where(Account.email == normalise_email(person)))
    if account_id is None or account_id == actor.account_id:
        return []
    found = assurances_of(session, account_id, at=now)
    return [one for one in found if may(actor, Permission.ASSURANCE_NOTE, scopes_of(session, one))]


def assurance_by_public_id(session: Session, public_id: str, *, actor: Actor) -> tuple[Assurance, Scopes]:
    """Return an assurance and the scopes that contain where it was noted.

    Raises NotFound `assurance.unknown`, also for who is not of its staff.
    """
    found = session.scalars(select(Assurance).where(Assurance.public_id == public_id)).one_or_none()
    scopes = scopes_of(session, found) if found is not None else ()
    if found is None or not may(actor, Permission.ASSURANCE_NOTE, scopes):
        raise NotFound("assurance.unknown", _("There is no such assurance that you can change."))
    return found, scopes


def scopes_of(session: Session, assurance: Assurance) -> Scopes:
    """Return the scopes that contain where an assurance was noted: their staff may withdraw it."""
    return resolve_scope(session, assurance.scope_kind, assurance.scope_key)[1]


def _refuse_own(actor: Actor, account_id: int) -> None:
    if account_id == actor.account_id or account_id in actor.stands_in_for:
        message = _("Nobody vouches for themselves, nor whoever stands in for them. Ask a colleague to do it.")
        raise Forbidden("assurance.own", message)


def _refuse_unverified(session: Session, scopes: Scopes) -> None:
    """Raise Forbidden where the staff are those of an organisation that itself is known by its own word only."""
    within = [key for kind, key in scopes if kind == "organisation"]
    trust = session.scalar(select(Organisation.trust).where(Organisation.public_id.in_(within))) if within else None
    if trust == Trust.SELF_DECLARED:
        message = _("Nobody has verified this organisation yet, so it vouches for nobody. Ask an access administrator.")
        raise Forbidden("assurance.unverified", message)


def _record(
    session: Session,
    actor: Actor,
    action: str,
    account: Account,
    assurance: Assurance,
    now: datetime,
    details: dict[str, object],
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="account",
        object_id=account.public_id,
        now=now,
        details={"code": assurance.code, "scope": [assurance.scope_kind, assurance.scope_key], **details},
    )


def _invalid(field: str, message: Text) -> Invalid:
    return Invalid("assurance.invalid", message, fields={field: [message]})
