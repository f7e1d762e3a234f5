"""What every template may use: filters, globals and the reader's own data. Nothing here queries the database."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from jinja2 import pass_context
from jinja2.runtime import Context as TemplateContext
from markupsafe import Markup
from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.events import BeforeRender
from pyramid.request import Request

from infra_access.catalogue.countries import country_name
from infra_access.catalogue.vocabularies import label
from infra_access.core import clock, i18n
from infra_access.core.authority import Actor
from infra_access.core.i18n import Text
from infra_access.http.localisation import LOCALES, cldr
from infra_access.policy.explanations import next_action
from infra_access.policy.kinds import GROUP
from infra_access.policy.rulebook import GroupNote, group_notes
from infra_access.policy.wording import render
from infra_access.web.words import words

STATIC = "infra_access:static"


def date_local(instant: datetime, zone: str, locale: str = "en") -> str:
    """Return an instant in a zone, with the zone's place: "Mon 2 Mar 2026, 10:00 (Berlin)"."""
    local = instant.astimezone(ZoneInfo(zone))
    day = i18n.day(local.date(), cldr(locale), weekday=True)
    return f"{day}, {local:%H:%M} ({place(zone)})"


def span_local(start: datetime, end: datetime, zone: str, locale: str = "en") -> str:
    """Return a span in a zone: one day is named once."""
    first, last = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    form = cldr(locale)
    day = i18n.day(first.date(), form, weekday=True)
    if first.date() == last.date():
        return f"{day}, {first:%H:%M}–{last:%H:%M} ({place(zone)})"
    until = i18n.day(last.date(), form, weekday=True)
    return f"{day}, {first:%H:%M} – {until}, {last:%H:%M} ({place(zone)})"


def local_days(start: datetime, end: datetime, zone: str) -> tuple[date, date]:
    """Return the first and the last day of a period at a place; the end is the instant after it."""
    there = ZoneInfo(zone)
    return start.astimezone(there).date(), (end - timedelta(microseconds=1)).astimezone(there).date()


def place(zone: str) -> str:
    """Return the place that a zone is named after: "Berlin", "Sao Paulo", "UTC"."""
    return zone.rpartition("/")[2].replace("_", " ")


def names_in(row: Any, locale: str) -> str:
    """Return a row's name in the reader's language, else its own."""
    return str(row.names.get(cldr(locale)) or row.name)


def _of(context: TemplateContext) -> str:
    return str(context.get("locale", "en"))


@pass_context
def _date_local(context: TemplateContext, instant: datetime, zone: str) -> str:
    return date_local(instant, zone, _of(context))


@pass_context
def _span_local(context: TemplateContext, start: datetime, end: datetime, zone: str) -> str:
    return span_local(start, end, zone, _of(context))


@pass_context
def _day(context: TemplateContext, value: date) -> str:
    return i18n.day(value, cldr(_of(context)))


@pass_context
def _country(context: TemplateContext, code: str) -> str:
    return country_name(code, cldr(_of(context)))


@pass_context
def _number(context: TemplateContext, value: Any) -> str:
    return format_decimal(value, locale=cldr(_of(context)))


@pass_context
def _tr(context: TemplateContext, text: Text) -> str:
    return render(text, context["request"].localize, _of(context))


@pass_context
def _name(context: TemplateContext, row: Any) -> str:
    return names_in(row, _of(context))


@pass_context
def _in_language(context: TemplateContext, texts: dict[str, str]) -> str:
    """Return the text in the reader's language, else English, else any."""
    return texts.get(cldr(_of(context))) or texts.get("en") or next(iter(texts.values()), "")


@pass_context
def _country_groups(context: TemplateContext, said: Any) -> list[GroupNote]:
    """Return what stands behind the groups of countries that a text, or any text of a decision, names."""
    parts = (
        [said] if isinstance(said, str) else [one.message for one in (*said.reasons, *said.missing, *said.approvals)]
    )
    named = {found.group() for text in parts for found in GROUP.finditer(_tr(context, text))}
    if not named:
        return []
    notes = group_notes(context["request"].db)
    return [notes[code] for code in sorted(named) if code in notes]


FILTERS = {
    "country_groups": _country_groups,
    "local_days": local_days,
    "date_local": _date_local,
    "span_local": _span_local,
    "day": _day,
    "country": _country,
    "number": _number,
    "tr": _tr,
    "name": _name,
    "in_language": _in_language,
    "label": label,
    "words": words,
    "next_action": next_action,
}


class Me:
    """The reader, as templates see them."""

    def __init__(self, actor: Actor) -> None:
        """Keep what is shown."""
        self.name = actor.name or actor.label
        self.roles = sorted({grant.role for grant in actor.grants})
        self.timezone = actor.timezone


def known_actor(request: Request) -> Actor | None:
    """Return the reader if the request already found out; an error page must not query to learn it."""
    if "infra_access.failed" in request.environ:
        actor: Actor | None = request.__dict__.get("actor")
        return actor
    known: Actor | None = request.actor
    return known


def here(request: Request) -> str:
    """Return the address being read, to come back to; the start page where it cannot be decoded."""
    try:
        return str(request.path_qs)
    except UnicodeDecodeError:
        return "/"


def add_globals(event: BeforeRender) -> None:
    """Give a template what it needs beside the view's own values."""
    request: Request | None = event.get("request")
    if request is None:
        return
    actor = known_actor(request)
    event["me"] = Me(actor) if actor else None
    event["locale"] = request.locale_name
    event["locales"] = tuple(LOCALES.items())
    event["now"] = clock.now()
    event["here"] = here(request)
    event["flash"] = [tuple(item) for item in request.session.pop_flash()]
    event["demo_banner"] = request.registry.get("infra_access.demo", False)
    event["csrf_field"] = lambda: Markup('<input type="hidden" name="csrf_token" value="{}">').format(
        get_csrf_token(request)
    )
    event["url"] = lambda name, **values: request.route_path(name, **values)
    event["static"] = lambda path: request.static_path(f"{STATIC}/{path}")


def flash(request: Request, kind: str, text: Text) -> None:
    """Show a notice on the next page; kind is info, success, error or quiet."""
    request.session.flash((kind, request.localize(text)), allow_duplicate=False)


def _by_its_own_name(name: str, _parent: str) -> str:
    """Return a template's name within the one folder of templates, whoever includes it.

    Else pyramid_jinja2 looks beside each parent first, and so compiles and keeps a layout and its components once for
    each page: some fifty for every page, which a cache of four hundred cannot hold.
    """
    return name


def includeme(config: Configurator) -> None:
    """Set Jinja up: autoescape, translations of the reader's language, strict about nothing silently missing."""
    config.add_settings(
        {
            "jinja2.directories": "infra_access.web:templates",
            "jinja2.newstyle": "true",
            "jinja2.i18n.domain": "infra_access",
            "jinja2.trim_blocks": "false",
            "jinja2.undefined": "strict",
        }
    )
    config.commit()
    environment = config.get_jinja2_environment()
    environment.filters.update(FILTERS)
    environment.join_path = _by_its_own_name
    config.add_static_view("static", STATIC, cache_max_age=3600)
    config.add_subscriber(add_globals, BeforeRender)
