"""The mails that come back from families and post offices: answers, and reports of what could not be delivered."""

from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from sandbox.record import Arrived, now

POST_OFFICE = "sandbox.test"


def bounce(message: Arrived, status: str) -> bytes:
    """Report that `message` could not be delivered, for the sender on its envelope.

    Source: RFC 3464 (multipart/report with message/delivery-status), RFC 3463 for `status`, such as "5.1.1".
    """
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{POST_OFFICE}>"
    report["To"] = message.headers.return_path
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(now())
    report["Message-ID"] = make_msgid(domain=POST_OFFICE)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(f"I could not deliver your mail to {message.address}.\n", "plain", "utf-8"))
    report.attach(_delivery_status(message, status))
    report.attach(_original_headers(message))
    return report.as_bytes(policy=SMTP)


def answer(message: Arrived, words: str) -> bytes:
    """Write back above the quoted mail, as common mail programs do. Source: RFC 5322, 3.6.4."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = message.address
    mail["To"] = message.headers.reply_to or message.from_
    subject = message.subject or ""
    mail["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    mail["Date"] = format_datetime(now())
    mail["Message-ID"] = make_msgid(domain=message.address.rpartition("@")[2])
    if message.headers.message_id:
        mail["In-Reply-To"] = message.headers.message_id
        mail["References"] = message.headers.message_id
    quoted = "\n".join(f"> {line}" for line in message.text.splitlines())
    author = message.headers.every.get("from", message.from_)
    written = f"Le {message.at:%d/%m/%Y à %H:%M}, {author} a écrit :"
    mail.set_content(f"{words}\n\n{written}\n\n{quoted}\n")
    return mail.as_bytes()


def _delivery_status(message: Arrived, status: str) -> Message:
    whole, each = Message(), Message()
    whole["Reporting-MTA"] = f"dns; {POST_OFFICE}"
    whole["Arrival-Date"] = format_datetime(message.at)
    each["Final-Recipient"] = f"rfc822; {message.address}"
    each["Action"] = "failed"
    each["Status"] = status
    code = "550" if status.startswith("5") else "450"
    each["Diagnostic-Code"] = f"smtp; {code} {status} <{message.address}>: the post office of the box gave up"
    part = MIMEBase("message", "delivery-status")
    part.attach(whole)
    part.attach(each)
    return part


def _original_headers(message: Arrived) -> Message:
    lines = "".join(f"{name}: {value}\r\n" for name, value in message.headers.every.items())
    part = MIMEText(lines, "rfc822-headers", "utf-8")
    part.replace_header("Content-Type", "text/rfc822-headers; charset=utf-8")
    return part
