"""Mails that say that ours did not arrive, as each mail system words it."""
# ruff: noqa: E501 (a line of a mail is as long as it is)

TO = "rebond+b.5000.mfzwizltoqxq2@ecole.test"
LINA = "lina@familles.example"


def report(
    status: str | None = "5.1.1",
    *,
    action: str | None = "failed",
    sender: str = "MAILER-DAEMON@mx.familles.example",
    subject: str = "Undelivered Mail Returned to Sender",
    diagnostic: str | None = "smtp; 550 no such mailbox",
    final: str = f"rfc822; {LINA}",
    original: str | None = None,
    words: str = "Your mail could not be delivered.",
    encoding: str = "",
) -> str:
    """Write a bounce as RFC 3464 has it, of these fields."""
    fields = [
        f"Original-Recipient: {original}" if original else None,
        f"Final-Recipient: {final}" if final else None,
        f"Action: {action}" if action else None,
        f"Status: {status}" if status else None,
        f"Diagnostic-Code: {diagnostic}" if diagnostic else None,
    ]
    block = "\n".join(field for field in fields if field)
    return (
        f"From: {sender}\nTo: {TO}\nSubject: {subject}\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"\n\n'
        f"--cut\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\n"
        f"--cut\nContent-Type: message/delivery-status\n{encoding}\nReporting-MTA: dns; mx.familles.example\n\n{block}\n\n"
        "--cut\nContent-Type: message/rfc822\n\nFrom: info@ecole.test\nTo: Autre <autre@familles.example>\nSubject: R\n\nBonjour\n\n--cut--\n"
    )


def in_words(
    words: str, *, sender: str = "MAILER-DAEMON@mx.familles.example", subject: str = "failure notice", more: str = ""
) -> str:
    """Write a bounce that has only words."""
    return f"From: {sender}\nTo: {TO}\nSubject: {subject}\n{more}\n{words}\n"


BOUNCED = {
    "postfix": (report(), True),
    "postfix, dead domain": (report("5.4.4", diagnostic="X-Postfix; Host or domain name not found"), True),
    "postfix, given up": (report("4.4.1", diagnostic="X-Postfix; connect to mx: Connection timed out"), False),
    "delayed": (
        report("4.0.0", action="delayed", subject="Delayed Mail (still being retried)", diagnostic=None),
        False,
    ),
    "full for good": (report("5.2.2", diagnostic="smtp; 552 5.2.2 Mailbox full"), True),
    "full for now": (report("4.2.2", diagnostic="smtp; 452 4.2.2 Over quota"), False),
    "no status": (report(None), True),
    "no status, a code for now": (report(None, diagnostic="smtp; 451 try again later"), False),
    "no status, an extended code": (report(None, diagnostic="smtp; 550 5.7.1 rejected"), True),
    "no action": (report("5.1.1", action=None), True),
    "no action, for now": (report("4.4.7", action=None), False),
    "capitals": (report(action="FAILED"), True),
    "action with a remark": (report(action="failed (bad destination mailbox address)"), True),
    "status with a remark": (report("5.1.1 (bad destination mailbox address)"), True),
    "no type before the address": (report(final=LINA), True),
    "in brackets": (report(final=f"rfc822;<{LINA}>"), True),
    "forwarded elsewhere": (report(final="rfc822; x@ailleurs.example", original=f"rfc822;{LINA}"), True),
    "exchange": (
        report(
            "5.1.10",
            sender="postmaster@familles.example",
            subject="Non remis : Réunion",
            diagnostic="smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            words="Échec de la remise à ces destinataires ou groupes :",
        ),
        True,
    ),
    "exchange 365": (
        report(
            "5.1.1",
            sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@familles.example>",
            subject="Undeliverable: Réunion",
        ),
        True,
    ),
    "gmail": (
        report(
            "5.1.1",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            subject="Delivery Status Notification (Failure)",
            diagnostic="smtp; 550-5.1.1 The email account that you tried to reach does not exist.",
            words="** Address not found **",
        ),
        True,
    ),
    "gmail, delay": (
        report("4.4.1", action="delayed", subject="Delivery Status Notification (Delay)", diagnostic=None),
        False,
    ),
    "ses": (
        report("5.1.1", sender="MAILER-DAEMON@amazonses.example", subject="Delivery Status Notification (Failure)"),
        True,
    ),
    "one arrived, one did not": (
        report().replace(
            "Final-Recipient",
            "Final-Recipient: rfc822; ok@familles.example\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient",
            1,
        ),
        True,
    ),
    "qmail": (
        in_words(
            "Hi. This is the qmail-send program at mx.familles.example.\nI'm afraid I wasn't able to deliver your message to the "
            "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
            f"<{LINA}>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 User unknown\n\n"
            "--- Below this line is a copy of the message.\n\nReturn-Path: <info@ecole.test>\nTo: autre@familles.example\n"
        ),
        True,
    ),
    "exim": (
        in_words(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to "
            "one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
            f"  {LINA}\n    SMTP error from remote mail server after RCPT TO:<{LINA}>:\n    550 No such user\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\nTo: autre@familles.example\n",
            subject="Mail delivery failed: returning message to sender",
            sender="Mail Delivery System <Mailer-Daemon@mx.familles.example>",
        ),
        True,
    ),
    "exim, header": (
        in_words(
            "A message that you sent could not be delivered.",
            subject="Mail delivery failed",
            more=f"X-Failed-Recipients: {LINA}\n",
        ),
        True,
    ),
    "exim, delay": (
        in_words(
            "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to "
            f"one or more of its\nrecipients after more than 24 hours on the queue.\n\nThe address to which the message has not yet been "
            f"delivered is:\n\n  {LINA}\n\nNo action is required on your part. Delivery attempts will continue for some time.\n",
            subject="Warning: message delayed 24 hours",
        ),
        False,
    ),
    "sendmail": (
        in_words(
            "The original message was received at Tue, 1 Sep 2026 18:02:11 +0200\n\n   ----- The following addresses had permanent fatal "
            f"errors -----\n<{LINA}>\n    (reason: 550 5.1.1 <{LINA}>... User unknown)\n\n   ----- Transcript of session follows -----\n"
            "... while talking to mx.familles.example.:\n>>> DATA\n<<< 550 5.1.1 User unknown\n",
            subject="Returned mail: see transcript for details",
            sender="Mail Delivery Subsystem <MAILER-DAEMON@mx.familles.example>",
        ),
        True,
    ),
    "sendmail, warning": (
        in_words(
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
            "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n"
            f"   ----- The following addresses had transient non-fatal errors -----\n<{LINA}>\n",
            subject="Warning: could not send message for past 4 hours",
        ),
        False,
    ),
    "yahoo": (
        in_words(
            f"Sorry, we were unable to deliver your message to the following address.\n\n<{LINA}>:\n554: delivery error: dd This user "
            "doesn't have a familles.example account ("
            f"{LINA}) [0] - mta.familles.example\n\n--- Below this line is a copy of the message.\n",
            subject="Failure Notice",
            sender="MAILER-DAEMON@yahoo.example",
        ),
        True,
    ),
    "orange": (
        in_words(
            "Bonjour,\n\nVotre message n'a pas pu être remis au(x) destinataire(s) suivant(s) :\n\n"
            f"{LINA} : 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416\n",
            subject="Message non distribué",
            sender="postmaster@orange.example",
        ),
        True,
    ),
    "free": (
        in_words(
            f"<{LINA}>: host mx.familles.example[192.0.2.1] said: 550 5.2.1 This mailbox has been blocked due to inactivity\n"
            "    (in reply to RCPT TO command)\n",
            subject="Undelivered Mail Returned to Sender",
        ),
        True,
    ),
    "full, in words": (
        in_words(
            f"Delivery to the following recipient failed:\n\n     {LINA}\n\n452 4.2.2 The mailbox is full\n",
            subject="Delivery failure",
        ),
        False,
    ),
    "full, in French": (
        in_words(
            f"La boîte de {LINA} est pleine : le message sera réessayé, la remise est différée.\n",
            subject="Remise différée",
        ),
        False,
    ),
    "lotus": (
        in_words(
            f"Your message\n\n  Subject: R\n\nwas not delivered to:\n\n  {LINA}\n\nbecause:\n\n  User lina ({LINA}) not listed in Domino "
            "Directory\n",
            subject="DELIVERY FAILURE: User lina not listed in Domino Directory",
            sender="Postmaster@familles.example",
        ),
        True,
    ),
    "german": (
        in_words(
            f"Die folgende Nachricht konnte nicht zugestellt werden:\n{LINA}\nDie Adresse existiert nicht.\n",
            subject="Unzustellbar: Treffen",
            sender="Systemadministrator <admin@familles.example>",
        ),
        True,
    ),
    "spanish": (
        in_words(
            f"No se pudo entregar el mensaje a {LINA}: la dirección no existe.\n",
            subject="No se puede entregar: Reunión",
        ),
        True,
    ),
    "only the mail sent back names whom": (
        "From: MAILER-DAEMON@mx.familles.example\nTo: " + TO + "\nSubject: Returned mail\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="cut"\n\n--cut\nContent-Type: text/plain\n\nUser unknown. 550\n\n'
        f"--cut\nContent-Type: message/rfc822\n\nFrom: info@ecole.test\nTo: Lina <{LINA}>\nSubject: R\n\nB\n\n--cut--\n",
        True,
    ),
    "html alone": (
        "From: postmaster@familles.example\nTo: "
        + TO
        + "\nSubject: Undeliverable: R\nMIME-Version: 1.0\nContent-Type: text/html\n\n"
        f'<html><body><p>Delivery has failed to these recipients:</p><a href="mailto:{LINA}">{LINA}</a><p>#550 5.1.1 not found</p></body></html>\n',
        True,
    ),
    "report in base64": (
        report().replace(
            "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.familles.example\n\n"
            f"Final-Recipient: rfc822; {LINA}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such mailbox\n",
            "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
            "UmVwb3J0aW5nLU1UQTogZG5zOyBteC5mYW1pbGxlcy5leGFtcGxlCgpGaW5hbC1SZWNpcGllbnQ6\n"
            "IHJmYzgyMjsgbGluYUBmYW1pbGxlcy5leGFtcGxlCkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4x\nLjEK\n",
        ),
        True,
    ),
}
"""Each about LINA; whether for good."""

NOT_BOUNCED = {
    "delivered": report("2.0.0", action="delivered", diagnostic=None),
    "relayed": report("2.0.0", action="relayed", diagnostic=None),
    "expanded": report("2.1.5", action="expanded", diagnostic=None),
    "read receipt": (
        "From: lina@familles.example\nTo: reponse+r.1.abc@ecole.test\nSubject: Lu : R\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="cut"\n\n--cut\nContent-Type: text/plain\n\n'
        "Your message was read.\n\n--cut\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; lina@familles.example\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n\n--cut--\n"
    ),
    "complaint": (
        "From: complaints@familles.example\nTo: " + TO + "\nSubject: complaint\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="cut"\n\n--cut\nContent-Type: text/plain\n\nspam\n\n'
        "--cut\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: lina@familles.example\n\n--cut--\n"
    ),
    "away, at the address for bounces": in_words(
        "Je suis absente jusqu'au 12.", sender=LINA, subject="Réponse automatique : R"
    ),
}
"""Machines' mails, none of them a bounce."""

PEOPLE = [
    in_words("Bonjour, votre message ne passe pas ?", sender=LINA, subject="Réunion").replace(
        TO, "reponse+r.1.abc@ecole.test"
    ),
    in_words(
        f"J'ai reçu ceci, pourquoi ?\n\n<{LINA}>:\n550 5.1.1 User unknown\n",
        sender=LINA,
        subject="TR: Undelivered Mail Returned to Sender",
    ).replace(TO, "reponse+r.1.abc@ecole.test"),
    in_words("Zustellung der Brotdose bitte um 10 Uhr", sender=LINA, subject="Brotdose").replace(
        TO, "reponse+r.1.abc@ecole.test"
    ),
    in_words("Lina a rejeté le goûter, 550 g de farine", sender=LINA, subject="Rejet du goûter").replace(
        TO, "reponse+r.1.abc@ecole.test"
    ),
]
