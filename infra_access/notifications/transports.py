"""Which adapter the setting `mail` names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra_access.notifications.file_box import FileBox
from infra_access.notifications.ports import MailTransport
from infra_access.notifications.smtp import SmtpTransport

_SECURITY = {"smtp": ("starttls", 587), "smtps": ("tls", 465), "smtp+plain": ("none", 25)}


def transport_for(mail: str) -> MailTransport:
    """Return the transport of file:FOLDER or of an smtp, smtps or smtp+plain URL. Raises ValueError for another.

    >>> transport_for("smtp://mail.example.org")
    SmtpTransport(host='mail.example.org', port=587, security='starttls', user='')
    """
    scheme, _colon, rest = mail.partition(":")
    if scheme == "file" and rest:
        return FileBox(Path(rest))
    url = urlsplit(mail)
    if scheme not in _SECURITY or not url.hostname:
        raise ValueError("mail must be file:FOLDER or smtp://HOST:PORT")
    security, port = _SECURITY[scheme]
    return SmtpTransport(
        url.hostname, url.port or port, security, unquote(url.username or ""), unquote(url.password or "")
    )
