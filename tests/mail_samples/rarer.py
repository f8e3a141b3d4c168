"""Shapes of mail that come seldom: servers with their own words, machines that name a colleague, broken lines."""
# ruff: noqa: E501 (a line of a mail is as long as it is)

from mail_samples.bounces import LINA, TO, in_words, report

ANTIVIRUS = "Passerelle antivirus <smtp-gateway@familles.example>"
SENDMAIL = "The following addresses had permanent fatal errors -----"

BOUNCED = {
    "an action of its own": (report("5.0.0", action="error", diagnostic=None), True),
    "a failure without a status": (report("553 Too large", action="failure", diagnostic=None), True),
    "a status for now, an action of its own": (report("4.2.2", action="retrying", diagnostic=None), False),
    "only the words name whom": (
        report(final="", words=f"A message could not be delivered to:\n{LINA}\nCette adresse n'existe pas.").replace(
            "From: MAILER-DAEMON@mx.familles.example\n", ""
        ),
        True,
    ),
    "a report that bears a wrong name": (
        report(
            words=f"Your message\n\n To: Lina\n (mail from: {TO})\n\nReason: spam\n\nFinal-Recipient: rfc822; {LINA}"
        ).replace("message/delivery-status", "message/xdelivery-status"),
        True,
    ),
    "a telephone number is no code": (
        in_words(
            "Your mail message to the following address(es) could not be delivered. This\nis a permanent error. If you are still "
            f"having difficulty, please contact\nCustomer Support at 480-555-0100.\n\n<{LINA}>:\nchild status 100...The mailfolder is full.\n"
        ),
        True,
    ),
    "a virus gateway": (
        in_words(
            f"****** Message from the mail gateway ******\n\nUnable to deliver message to <{LINA}> (and others in the same domain).\n",
            sender=ANTIVIRUS,
            subject="Mail could not be delivered",
        ),
        True,
    ),
    "a virus gateway that goes on trying": (
        in_words(
            f"Your message could not be delivered to the following recipients:\n\n{LINA}\n\nDelivery attempts will continue to be made for 5 days.\n",
            sender=ANTIVIRUS,
            subject="Delivery failure notification",
        ),
        False,
    ),
    "put off": (
        in_words(
            f'Delivery of email to this address\n"{LINA}"\nhas been postponed due to a full mailbox.\nWe will try again over the next days.\n',
            sender=ANTIVIRUS,
            subject="Mail Delivery Warning",
        ),
        False,
    ),
    "the subject says it last": (
        in_words(
            f"Votre message n'a pas pu etre delivre a\n{LINA}\n",
            sender="relais@familles.example",
            subject="RE: Réunion de rentrée : non remis",
        ),
        True,
    ),
    "refused by a rule of the mailbox": (
        "From: Mail Delivery Subsystem <info@familles.example>\nTo: "
        + TO
        + "\nSubject: Automatically rejected mail\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="cut"\n\n--cut\nContent-Type: text/plain\n\n'
        f"Your message to <{LINA}> was automatically rejected:\nQuota exceeded\n\n--cut\nContent-Type: message/disposition-notification\n\n"
        f"Final-Recipient: rfc822; {LINA}\nDisposition: automatic-action/MDN-sent-automatically; deleted\n\n--cut--\n",
        True,
    ),
    "without a name or a subject": (
        in_words(
            f"You sent mail to {LINA}. That's not a valid user here.\n",
            sender="<>",
            subject="",
            more="Return-Path: <>\n",
        ),
        True,
    ),
    "an address of the server's own making": (
        in_words(
            f"   ----- {SENDMAIL}\nl.exemple@ailleurs.example\n    (reason: 553 not allowed)\n    (expanded from: <{LINA}>)\n",
            subject="Returned mail: see transcript for details",
        ),
        True,
    ),
    "only an address before a colon": (in_words(f"mx.familles.example\n\n<{LINA}>:\n\n", subject="?"), True),
    "japanese": (
        in_words(
            f"送信できませんでした。\n\nCould not be delivered to: <{LINA}>\n",
            sender="no-reply@familles.example",
            subject="メールエラー通知",
        ),
        True,
    ),
}
"""Each about LINA; whether for good."""

AWAY = [
    in_words(
        "I am temporarily out of the office. Please contact jeanne@familles.example.",
        sender=LINA,
        subject="Re: Réunion",
        more="Return-Path: <>\n",
    ),
    in_words(
        "Cette adresse n'existe plus : écrivez à jeanne@familles.example.",
        sender=LINA,
        subject="Réponse automatique : Réunion",
        more="Return-Path: <>\n",
    ),
    in_words(
        "Mails to this address could not be delivered to me, write to jeanne@familles.example",
        sender=LINA,
        subject="Réunion",
        more="Auto-Submitted: auto-replied (vacation)\n",
    ),
]
"""Machines that answer for somebody who is away; the colleague whom they name has not bounced."""

PEOPLE = [
    in_words(
        f"Bonjour, votre message est revenu : 550 5.1.1 user unknown {LINA}, pourquoi ?",
        sender="amina@familles.example",
        subject="Message non distribué",
    ).replace(TO, "reponse+r.1.abc@ecole.test"),
    in_words(
        f"Bonjour, mon dernier mail could not be delivered, écrivez à {LINA} svp",
        sender="amina@familles.example",
        subject="Message refusé",
    ).replace(TO, "reponse+r.1.abc@ecole.test"),
    in_words(
        f"Could not be delivered? Please write to {LINA}",
        sender="amina@familles.example",
        subject="Returned mail",
        more="In-Reply-To: <1@ecole.test>\n",
    ).replace(TO, "reponse+r.1.abc@ecole.test"),
]
"""People who write of mail that did not arrive."""

CUT = {
    "« below » is the forwarded mail": (
        (
            "Voir le message transféré ci-dessous.\n\n---------- Forwarded message ---------\nFrom: Docteur <d@cabinet.example>\n"
            "Date: Tue, Sep 1, 2026 at 6:02 PM\nSubject: Certificat\nTo: <amina@familles.example>\n\nLina est malade"
        ),
        "Voir le message transféré ci-dessous.",
    ),
    "broken within its date": (
        "Ja\n\nSchule Beispiel <info@schule.example> schrieb am So., 23.\nJuni 2024, 21:08:\n\n> Hallo\n",
        "Ja",
    ),
    "the date first, as in Hungary": (
        "Igen\n\n2026. 09. 01. 18:02 keltezéssel, Iskola Anna a következőt írta:\nKedves szülők\n",
        "Igen",
    ),
    "headed by a server": (
        "Ja, gern\n\nOriginal Message processed by david®\nTreffen 1. September 2026, 18:02 Uhr\nVon Schule\nAn Amina\n\nHallo",
        "Ja, gern",
    ),
    "only dashes and a quotation": ("--\n> Bonjour\n> Viendrez-vous ?\n", ""),
    "the end of a list": (
        f"Oui\n\n{'_' * 47}\nparents mailing list\nparents@listes.example\nhttps://listes.example/parents\n",
        "Oui",
    ),
    "many lines that name somebody, and then the quotation": (
        "amina@familles.example\n\n" * 20
        + "Oui\n\nLe 1 sept. 2026 à 18:02, École <info@ecole.test> a écrit :\n\nBonjour",
        ("amina@familles.example\n\n" * 20 + "Oui"),
    ),
}
"""A text and what of it is new."""

KEPT_WHOLE = [
    "Oui\n\nSent from my desk, is much easier than my mobile phone.",
    "Lina est malade\n\nEnvoyé de mon téléphone, c'est plus simple pour moi.",
    "Oui\n\nUne mailing list\nparents mailing list",
]
SIGNED = [
    "Sent from Inbox",
    "From My iPhone 6",
    "Amina from mobile",
    "Yahoo Mail : respectez vos contacts",
    "Missatge enviat des del meu iPhone",
    "أُرسلت من الـ iPhone الخاص بي",
]
