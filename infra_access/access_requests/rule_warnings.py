"""All that is probably not meant in a document of rules, by place: by itself, and beside ways in and agreements."""

from datetime import datetime

from sqlalchemy.orm import Session

from infra_access.access_requests.programme_warnings import warnings_on_programme
from infra_access.access_requests.terms.texts import codes_with_text
from infra_access.core.i18n import Text
from infra_access.policy.document_queries import warnings_of
from infra_access.policy.models import PolicyDocument


def warnings_on(session: Session, document: PolicyDocument, now: datetime) -> list[tuple[str, Text]]:
    """Return each place with what is probably not meant there; such rules may be published all the same."""
    return [
        *warnings_of(session, document, now, agreements=codes_with_text(session, document)),
        *warnings_on_programme(session, document, now),
    ]
