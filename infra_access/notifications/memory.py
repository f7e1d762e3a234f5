"""Mails kept in memory, for tests that read them."""

from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass(slots=True)
class MemoryTransport:
    """Keeps what was sent, in order."""

    sent: list[EmailMessage] = field(default_factory=list)

    def send(self, message: EmailMessage) -> None:
        """Keep the mail."""
        self.sent.append(message)
