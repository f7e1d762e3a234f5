"""Import of a UNIQUIP file in two phases: everything is checked and planned before the first row is written.

An item is recognised by its ID within the organisation, one without an ID by its name within its facility, so that the
same file again changes nothing. What the file says wins over what stands here, except that a status set here stays
until the file states another one, and that an import never publishes what somebody holds back.
"""

from collections import Counter
from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.audit.record import record
from infra_access.catalogue.countries import valid_zone, zone_of
from infra_access.catalogue.import_plan import plan_rows
from infra_access.catalogue.import_report import ImportReport, Outcome, RowReport
from infra_access.catalogue.import_target import Target, find_target
from infra_access.catalogue.import_writing import NewRecords, write_plan
from infra_access.catalogue.models import Organisation
from infra_access.catalogue.naming import named_at
from infra_access.catalogue.organisations import add_organisation
from infra_access.catalogue.publishing import check_publication
from infra_access.catalogue.standards.problems import RowProblem, Severity
from infra_access.catalogue.standards.uniquip import UniquipFile, parse
from infra_access.catalogue.vocabularies import IdentifierScheme, Listing, PublicationState
from infra_access.core.authority import Actor, Permission, require
from infra_access.core.errors import Invalid
from infra_access.core.i18n import Text, _, plain

_MOST_ERRORS_TOLD = 100


def import_uniquip(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    content: bytes,
    filename: str,
    organisation_name_or_ror: str | None = None,
    country: str | None = None,
    timezone: str | None = None,
    publish: bool = True,
    dry_run: bool = False,
) -> ImportReport:
    """Import a CSV or XLSX file as the records of one organisation, which is entered, self-declared, if not yet known.

    A dry run writes nothing and reports errors; otherwise they raise Invalid `import.invalid` naming rows and fields.
    """
    file = parse(content, name=filename)
    if file.errors and not dry_run:
        raise _refusal(file)
    target = find_target(session, file, organisation_name_or_ror, country)
    require(actor, Permission.CATALOGUE_IMPORT, target.scopes)
    if file.errors:
        known = target.organisation.public_id if target.organisation else None
        return ImportReport(filename, target.name, known, known is None, True, (), file.problems)
    if publish:
        check_publication(actor, target.as_organisation, PublicationState.PUBLISHED)
    plan = plan_rows(session, file, target)
    zone, warnings = _zone(target, timezone, needed=any(place.existing is None for place in plan.facilities))
    if timezone:
        plan.move_to(zone)
    created = target.organisation is None
    writes = not dry_run and any(planned.outcome is not Outcome.UNCHANGED for planned in plan.all)
    organisation = target.organisation
    if writes:
        organisation = organisation or _enter(session, target, actor=actor, now=now)
        new = NewRecords(
            country=target.country,
            timezone=zone,
            listing=Listing.UNCLAIMED if actor.account_id is None else Listing.CLAIMED,
            publication=PublicationState.PUBLISHED if publish else PublicationState.DRAFT,
            named_at=named_at(actor, organisation, now),
        )
        write_plan(session, plan, organisation, new, now=now)
    rows = tuple(
        RowReport(
            number=planned.row.number,
            kind=planned.row.type,
            source_id=planned.row.id,
            name=planned.values["name"],
            outcome=planned.outcome,
            changed=planned.changed,
        )
        for planned in plan.all
        if planned.row is not None
    )
    report = ImportReport(
        filename=filename,
        organisation=target.name,
        organisation_public_id=organisation.public_id if organisation else None,
        organisation_created=created,
        dry_run=dry_run,
        rows=rows,
        problems=(*warnings, *file.problems),
        statuses=dict(Counter(row.status.value for row in file.equipment)),
    )
    if writes and organisation is not None:
        _record(session, report, organisation.public_id, actor=actor, now=now)
    return report


def _zone(target: Target, timezone: str | None, *, needed: bool) -> tuple[str, tuple[RowProblem, ...]]:
    """Return the zone of new facilities, with a warning where it is only that of the capital."""
    if timezone:
        return valid_zone(timezone), ()
    if not needed:
        return "", ()
    choice = zone_of(target.country)
    if choice.sure:
        return choice.zone, ()
    message = _(
        "${country} has several time zones; that of its capital, ${zone}, was taken. Give another one if it is wrong.",
        mapping={"country": target.country, "zone": choice.zone},
    )
    return choice.zone, (RowProblem(None, "timezone", Severity.WARNING, "import.zone", message),)


def _enter(session: Session, target: Target, *, actor: Actor, now: datetime) -> Organisation:
    return add_organisation(
        session,
        actor=actor,
        now=now,
        values={"name": target.name, "country": target.country},
        identifiers=[(IdentifierScheme.ROR, target.ror)] if target.ror else [],
    )


def _refusal(file: UniquipFile) -> Invalid:
    fields: dict[str, list[Text]] = {}
    for problem in file.errors[:_MOST_ERRORS_TOLD]:
        fields.setdefault(_place(problem), []).append(problem.message)
    first = file.errors[0]
    message = _(
        "Nothing was imported, since ${count} places in the file need a correction. ${place}: ${first}",
        mapping={"count": len(file.errors), "place": _place(first), "first": plain(first.message)},
    )
    return Invalid("import.invalid", message, fields=fields, details={"errors": len(file.errors)})


def _place(problem: RowProblem) -> str:
    row = "file" if problem.row_number is None else f"row {problem.row_number}"
    return f"{row}, {problem.field}" if problem.field else row


def _record(session: Session, report: ImportReport, organisation: str, *, actor: Actor, now: datetime) -> None:
    written = [row for row in report.rows if row.outcome is not Outcome.UNCHANGED]
    record(
        session,
        actor=actor,
        action="catalogue.imported",
        object_kind="organisation",
        object_id=organisation,
        now=now,
        details={
            "file": report.filename[:200],
            "organisation_created": report.organisation_created,
            "counts": report.counts,
            "rows": [
                {"row": row.number, "id": row.source_id, "outcome": row.outcome.value, "changed": list(row.changed)}
                for row in written
            ],
        },
    )
