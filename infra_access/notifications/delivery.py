"""Delivering one claimed event: compose its mails, send each. The worker calls this and keeps the account of it."""

import logging
from collections.abc import Callable
from datetime import datetime

from infra_access.core.db import Database
from infra_access.notifications.compose import Letterhead, compose
from infra_access.notifications.kinds import WITH_LINK, Kind
from infra_access.notifications.ports import MailTransport, Undeliverable
from infra_access.outbox.events import Claimed

log = logging.getLogger(__name__)

Deliver = Callable[[Claimed, datetime], None]


def deliver_by_mail(database: Database, transport: MailTransport, letterhead: Letterhead) -> Deliver:
    """Return what delivers an event by mail; it raises if the event is to be tried again.

    A kind that nobody is told of by mail counts as delivered. So does a mail that the other side refuses for good.
    """

    def deliver(event: Claimed, now: datetime) -> None:
        if event.kind not in set(Kind):
            log.debug("event %s of kind %s: nobody is told by mail", event.id, event.kind)
            return
        # A one-time link is made here, and must be known before its mail leaves; no other mail writes anything.
        opened = database.writer() if event.kind in WITH_LINK else database.reader()
        with opened as session:
            mails = compose(session, event, letterhead=letterhead, now=now)
        for mail in mails:
            try:
                transport.send(mail)
            except Undeliverable as error:
                log.warning("event %s: a mail was refused for good: %s", event.id, error)

    return deliver
