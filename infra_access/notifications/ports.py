"""What mails leave by: one port, with an adapter each for files, SMTP and memory."""

from email.message import EmailMessage
from typing import Protocol


class Undeliverable(Exception):
    """The other side refused this mail for good; sending it again would not help."""


class MailTransport(Protocol):
    """A way to send one mail."""

    def send(self, message: EmailMessage) -> None:
        """Send the mail or raise: Undeliverable if trying again cannot help, anything else if it may."""
