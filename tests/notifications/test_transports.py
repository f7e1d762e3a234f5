import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest

from infra_access.notifications.file_box import FileBox
from infra_access.notifications.memory import MemoryTransport
from infra_access.notifications.ports import MailTransport, Undeliverable
from infra_access.notifications.smtp import SmtpTransport
from infra_access.notifications.transports import transport_for


def _mail(recipient: str = "wanjiku@example.org") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "no-reply@example.org"
    mail["To"] = recipient
    mail["Subject"] = "Booked: 東京"
    mail["Message-ID"] = "<7.abc@example.org>"
    mail.set_content("Hello\n")
    return mail


class _Smtp(socketserver.StreamRequestHandler):
    """As much of an SMTP server as one mail needs; it knows no address that begins with `gone`."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines))  # type: ignore[attr-defined]
            gone = word == b"RCPT" and b"<gone" in line
            self.wfile.write(b"550 unknown\r\n" if gone else b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def server() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        server.mails = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_mail_becomes_one_file_however_often_it_is_sent(tmp_path: Path) -> None:
    box = FileBox(tmp_path / "mail")
    box.send(_mail())
    box.send(_mail())
    files = list((tmp_path / "mail").iterdir())
    assert [file.name for file in files] == ["7.abc_example.org.eml"]
    assert message_from_bytes(files[0].read_bytes())["To"] == "wanjiku@example.org"


def test_a_mail_leaves_through_smtp(server: socketserver.ThreadingTCPServer) -> None:
    host, port = server.server_address[:2]
    SmtpTransport(str(host), int(port), "none").send(_mail())
    [received] = server.mails  # type: ignore[attr-defined]
    assert b"Message-ID: <7.abc@example.org>" in received


def test_a_recipient_that_does_not_exist_is_refused_for_good(server: socketserver.ThreadingTCPServer) -> None:
    host, port = server.server_address[:2]
    with pytest.raises(Undeliverable):
        SmtpTransport(str(host), int(port), "none").send(_mail("gone@example.org"))


def test_no_mail_leaves_in_the_clear_where_tls_is_demanded(server: socketserver.ThreadingTCPServer) -> None:
    host, port = server.server_address[:2]
    with pytest.raises(Exception, match="STARTTLS"):
        SmtpTransport(str(host), int(port)).send(_mail())
    assert server.mails == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("file:var/mail", FileBox(Path("var/mail"))),
        ("smtp://mail.example.org", SmtpTransport("mail.example.org", 587, "starttls")),
        ("smtps://me:p%40ss@mail.example.org", SmtpTransport("mail.example.org", 465, "tls", "me", "p@ss")),
        ("smtp+plain://127.0.0.1:1025", SmtpTransport("127.0.0.1", 1025, "none")),
    ],
)
def test_the_setting_names_the_transport(setting: str, expected: MailTransport) -> None:
    assert transport_for(setting) == expected


@pytest.mark.parametrize("setting", ["", "file:", "http://x", "smtp://"])
def test_another_setting_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="mail must be"):
        transport_for(setting)


def test_a_password_never_shows() -> None:
    assert "secret" not in repr(transport_for("smtp://me:secret@mail.example.org"))


def test_memory_keeps_mails_in_order() -> None:
    memory = MemoryTransport()
    memory.send(_mail())
    assert [mail["Subject"] for mail in memory.sent] == ["Booked: 東京"]
