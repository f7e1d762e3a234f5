"""What rules may look at: each fact's name, kind, allowed values, and the question that asks a person for it.

A name is a dotted path. `participants[].role` is the role of one participant; it can be read only inside a
quantifier over `participants`. `field` is the field of an access request that the fact comes from, so that an
approval knows which changes void it.
"""

import re

from infra_access.catalogue.vocabularies import AccessType, Biosafety, Fate, OperationalStatus, Regime, Sector, SizeBand
from infra_access.core.i18n import Text, _
from infra_access.policy.kinds import Collection, Definition, Kind

COLLECTIONS = {
    c.name: c
    for c in (
        Collection("participants", _("Who takes part, from where and in which role?"), ("participants",)),
        Collection(
            "legs",
            _("Between which countries do people, samples, data and funds move?"),
            ("acting_for", "participants", "project", "samples"),
        ),
        Collection("samples", _("Which samples are to be measured, and where do they come from?"), ("samples",)),
    )
}

END_USE_DECLARATION = "end-use-declaration"
"""The document that a request contains itself: what the results are for, and who will have them."""

LEDGER_RECEIVED, LEDGER_GIVEN = "ledger.received_units", "ledger.given_units"
LEDGER_BALANCE = "ledger.balance_value"
LEDGER_FACTS = frozenset({LEDGER_RECEIVED, LEDGER_GIVEN, LEDGER_BALANCE})
"""What two countries gave each other in the last 365 days (`access_requests.exchange`).

Units are those of the way in, and the balance is an amount in its currency. Rules may rank or reserve by them and keep
nobody out who is eligible for development assistance (`policy.lint`).
"""

GRANTED = "allocation"
"""The gate that only what was granted on a request opens."""

_SECTORS = frozenset(Sector)
_YES_NO = Kind.BOOLEAN
_PRESENCE = frozenset({"on-site", "remote", "none"})
_ROLES = frozenset({"principal", "member", "operator", "local-contact", "data-only"})
_LEG_KINDS = frozenset({"organisation", "participant", "session", "sample", "data", "funder"})

_DEFINITIONS = (
    Definition(
        "applicant.sector", Kind.STRING, _("your sector"), _("In which sector do you work?"), _SECTORS, "acting_for"
    ),
    Definition(
        "applicant.size",
        Kind.STRING,
        _("the size of your organisation"),
        _("How many people work in your organisation?"),
        frozenset(SizeBand),
        "acting_for",
    ),
    Definition(
        "applicant.startup", _YES_NO, _("being a startup"), _("Is your organisation a startup?"), None, "acting_for"
    ),
    Definition(
        "applicant.country",
        Kind.COUNTRY,
        _("your organisation's country"),
        _("In which country is the organisation you act for?"),
        None,
        "acting_for",
    ),
    Definition(
        "applicant.country_groups",
        Kind.GROUPS,
        _("the groups of countries your organisation's country is in"),
        _("In which country is the organisation you act for? The group of countries follows from it."),
        None,
        "acting_for",
    ),
    Definition(
        "applicant.relation",
        Kind.STRING,
        _("your relation to the facility"),
        _("Do you belong to the facility, to a partner of it, or to neither?"),
        frozenset({"internal", "partner", "external"}),
        "acting_for",
    ),
    Definition(
        "applicant.organisation_trust",
        Kind.STRING,
        _("how far your organisation is verified"),
        _("Which evidence shows who your organisation is?"),
        frozenset({"self-declared", "evidenced", "verified"}),
        "acting_for",
    ),
    Definition(
        "applicant.reports_overdue",
        Kind.NUMBER,
        _("the number of your overdue reports"),
        _("How many reports of earlier access are overdue, yours or your organisation's? Sign in, and it is known."),
        None,
        "acting_for",
    ),
    Definition(
        "satisfied", Kind.STRINGS, _("what is already met"), _("Which trainings, documents and agreements do you have?")
    ),
    Definition(
        "request.regime",
        Kind.STRING,
        _("the regime"),
        _("Are the results to be published (open), later (embargoed), or not at all (proprietary)?"),
        frozenset(Regime),
        "regime",
    ),
    Definition(
        "request.access_type",
        Kind.STRING,
        _("the access type"),
        _("Do you come on site, work remotely, or send samples?"),
        frozenset(AccessType),
        "access_type",
    ),
    Definition(
        "request.quantity", Kind.NUMBER, _("the quantity"), _("How many access units do you need?"), None, "quantity"
    ),
    Definition("request.purpose", Kind.STRING, _("the purpose"), _("What is the access for?"), None, "project"),
    Definition(
        "request.route", Kind.STRING, _("the access route"), _("By which access route do you ask?"), None, "route"
    ),
    Definition("project.funding", Kind.STRING, _("the funding"), _("Who pays for the access?"), None, "project"),
    Definition(
        "project.funder_country",
        Kind.COUNTRY,
        _("the funder's country"),
        _("In which country is your funder?"),
        None,
        "project",
    ),
    Definition(
        "project.sdgs",
        Kind.STRINGS,
        _("the development goals"),
        _("Which development goals does it serve?"),
        None,
        "project",
    ),
    Definition(
        "project.field",
        Kind.STRING,
        _("the field of research"),
        _("In which field of research is it?"),
        None,
        "project",
    ),
    Definition(
        "project.dual_use",
        _YES_NO,
        _("a possible military use"),
        _("Could the results also have a military use?"),
        None,
        "project",
    ),
    Definition(
        "project.ethics_approved",
        _YES_NO,
        _("the ethics approval"),
        _("Has an ethics board approved it?"),
        None,
        "project",
    ),
    Definition(
        "project.report_overdue", _YES_NO, _("an overdue report"), _("Is a report of an earlier access overdue?")
    ),
    Definition("instrument.id", Kind.STRING, _("the instrument"), _("Which instrument is it?"), None, "instruments"),
    Definition(
        "instrument.tags",
        Kind.STRINGS,
        _("the instrument's tags"),
        _("Which tags has the instrument?"),
        None,
        "instruments",
    ),
    Definition(
        "instrument.techniques",
        Kind.STRINGS,
        _("the instrument's techniques"),
        _("Which techniques does the instrument offer?"),
        None,
        "instruments",
    ),
    Definition(
        "instrument.country",
        Kind.COUNTRY,
        _("the instrument's country"),
        _("Where is the instrument?"),
        None,
        "instruments",
    ),
    Definition(
        "instrument.control_codes",
        Kind.STRINGS,
        _("the instrument's control codes"),
        _("Under which export control codes does the instrument fall?"),
        None,
        "instruments",
    ),
    Definition(
        "instrument.status",
        Kind.STRING,
        _("the instrument's status"),
        _("Is the instrument operating?"),
        frozenset(OperationalStatus),
    ),
    Definition("facility.id", Kind.STRING, _("the facility"), _("Which facility is it?"), None, "instruments"),
    Definition(
        "facility.country", Kind.COUNTRY, _("the facility's country"), _("Where is the facility?"), None, "instruments"
    ),
    Definition(
        "programme.units_granted",
        Kind.NUMBER,
        _("the access units that the programme grants, with these"),
        _("How much does the programme grant?"),
    ),
    Definition(
        "programme.units_offered",
        Kind.NUMBER,
        _("the access units that the programme offers"),
        _("How much does the programme offer?"),
    ),
    Definition(
        "programme.share_foreign",
        Kind.NUMBER,
        _("the share given to other countries"),
        _("How much of the programme went to other countries?"),
    ),
    Definition(
        LEDGER_RECEIVED,
        Kind.NUMBER,
        _("the access units that your country received from that of the facility in the last 365 days"),
        _("How much access did your country receive from that of the facility? It follows from the ledger."),
        None,
        "acting_for",
    ),
    Definition(
        LEDGER_GIVEN,
        Kind.NUMBER,
        _("the access units that your country gave that of the facility in the last 365 days"),
        _("How much access did your country give that of the facility? It follows from the ledger."),
        None,
        "acting_for",
    ),
    Definition(
        LEDGER_BALANCE,
        Kind.NUMBER,
        _(
            "the value of what your country gave that of the facility, and the network in kind, less what it received "
            "from there, in the last 365 days"
        ),
        _(
            "What is the balance of what your country gave that of the facility and received from there? It follows "
            "from the ledger, and is not known where amounts are in several currencies."
        ),
        None,
        "acting_for",
    ),
    Definition(
        "time.lead_days", Kind.NUMBER, _("the days until the start"), _("When do you want to start?"), None, "period"
    ),
    Definition("time.start", Kind.DATE, _("the start"), _("When do you want to start?"), None, "period"),
    Definition(
        "participants[].country_of_work",
        Kind.COUNTRY,
        _("the participant's country of work"),
        _("In which country does participant ${number} work?"),
        None,
        "participants",
    ),
    Definition(
        "participants[].country_groups",
        Kind.GROUPS,
        _("the groups of countries of the participant"),
        _("In which country does participant ${number} work? The group of countries follows from it."),
        None,
        "participants",
    ),
    Definition(
        "participants[].presence",
        Kind.STRING,
        _("the participant's presence"),
        _("Is participant ${number} on site, remote, or not present?"),
        _PRESENCE,
        "participants",
    ),
    Definition(
        "participants[].role",
        Kind.STRING,
        _("the participant's role"),
        _("Which role has participant ${number}?"),
        _ROLES,
        "participants",
    ),
    Definition(
        "participants[].trainings",
        Kind.STRINGS,
        _("the participant's trainings"),
        _("Which trainings has participant ${number} passed?"),
        None,
        "participants",
    ),
    Definition(
        "participants[].organisation",
        Kind.STRING,
        _("the participant's organisation"),
        _("For which organisation does participant ${number} act?"),
        None,
        "participants",
    ),
    Definition(
        "participants[].sector",
        Kind.STRING,
        _("the participant's sector"),
        _("In which sector does participant ${number} work?"),
        _SECTORS,
        "participants",
    ),
    Definition("legs[].kind", Kind.STRING, _("what crosses"), _("What moves on leg ${number}?"), _LEG_KINDS),
    Definition(
        "legs[].from", Kind.COUNTRY, _("the country of origin"), _("From which country does leg ${number} start?")
    ),
    Definition(
        "legs[].to", Kind.COUNTRY, _("the country of destination"), _("To which country does leg ${number} go?")
    ),
    Definition("legs[].crosses", _YES_NO, _("the crossing of a border"), _("Does leg ${number} cross a border?")),
    Definition(
        "samples[].kind",
        Kind.STRING,
        _("the substance or material of the sample"),
        _("Which substance or material is sample ${number}?"),
    ),
    Definition(
        "samples[].country", Kind.COUNTRY, _("the origin of the sample"), _("From which country is sample ${number}?")
    ),
    Definition(
        "samples[].hazards", Kind.STRINGS, _("the hazards of the sample"), _("Which hazards has sample ${number}?")
    ),
    Definition(
        "samples[].biosafety",
        Kind.STRING,
        _("the biosafety level of the sample"),
        _("Which biosafety level does sample ${number} need?"),
        frozenset(Biosafety),
    ),
    Definition(
        "samples[].fate",
        Kind.STRING,
        _("what becomes of the sample"),
        _("What becomes of sample ${number} afterwards?"),
        frozenset(Fate),
    ),
)

VOCABULARY = {definition.path: definition for definition in _DEFINITIONS}


def request_fields(path: str) -> frozenset[str]:
    """Return the fields of an access request that a fact or a collection comes from.

    >>> sorted(request_fields("legs[].crosses"))
    ['acting_for', 'participants', 'project', 'samples']
    """
    collection = COLLECTIONS.get(path.split("[]")[0])
    if collection is not None:
        return frozenset(collection.fields)
    field = VOCABULARY[path].field
    return frozenset() if field is None else frozenset({field})


def question_for(path: str) -> Text:
    """Return the question that asks for a fact; `participants[0].role` asks about the first participant."""
    if path in COLLECTIONS:
        return COLLECTIONS[path].question
    number = re.search(r"\[(\d+)\]", path)
    if number is None:
        return VOCABULARY[path].question
    question = VOCABULARY[path.replace(number[0], "[]")].question
    return question % {"number": int(number[1]) + 1}
