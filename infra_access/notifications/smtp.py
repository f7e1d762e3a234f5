"""Mails through an SMTP server, over TLS unless the server is a relay on the same machine."""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage

from infra_access.notifications.ports import Undeliverable

TIMEOUT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """An SMTP server. `security` is starttls (demanded, never skipped), tls (from the first byte) or none."""

    host: str
    port: int
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, message: EmailMessage) -> None:
        """Send the mail over a connection of its own. Raises Undeliverable if the server refuses it for good."""
        try:
            with self._connect() as server:
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            if all(code >= 500 for code, _text in error.recipients.values()):
                raise Undeliverable(str(error)) from error
            raise

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
