"""The ways to the outside world: what is set up, what answers, and what a PC without a public address goes without."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import aiosmtplib

from cli.finding import PATIENCE, Finding, State
from hub.database import Database
from hub.errors import ChannelError, MisconfiguredError, PasserelleError
from hub.people.text_lines import TextLine, text_lines
from hub.sealing import keyring
from hub.settings import Settings


async def public_address(settings: Settings) -> Finding:
    """Say whether families and providers can come here."""
    url = settings.public_url
    if url is None:
        return Finding(
            "public address",
            State.WARNING,
            "sortie seule : rien ne vient ici, tout est cherché (PASSERELLE_PUBLIC_URL n'est pas donné).",
        )
    if not url.startswith("https://") and not settings.demo:
        return Finding(
            "public address",
            State.ERROR,
            "Elle doit commencer par https:// : les liens ouvrent les pages des familles.",
        )
    return Finding("public address", State.OK, "Donnée ; les opérateurs doivent la joindre aussi.")


_LATER = (
    "les réponses et les appels manqués viennent en 15 secondes quand il y a classe, sinon en une minute, les accusés "
    "en 15 secondes à 10 minutes, et non aussitôt"
)
_CALLS = (
    "Un appel manqué n'est entendu que sur un numéro (+33…) et dans les trois jours, non sur un service ou un code."
)


def lost(settings: Settings) -> Sequence[Finding]:
    """Say what families go without where nobody can come; each in one line."""
    if settings.public_url is not None:
        return ()
    return tuple(
        Finding(what, State.WARNING, sentence)
        for what, sentence in (
            ("without links", "Les messages n'ont pas de lien : les familles n'ont pas de page où répondre."),
            ("without buttons", "Aucune famille ne peut demander de notifications, ni répondre par leurs boutons."),
            ("without calls", _CALLS),
            ("without haste", f"Par SMS, {_LATER}."),
        )
    )


async def mail_listener(settings: Settings) -> Finding:
    """Say whether mail is brought; who listens says so first (RFC 2033)."""
    what, listen = "mail listener", settings.mail_listen
    if listen is None:
        if settings.imap_url is not None:
            return Finding(what, State.OK, "Aucune ; le courrier est relevé dans une boîte.")
        neither = "ni PASSERELLE_MAIL_LISTEN ni PASSERELLE_IMAP_URL n'est donné"
        return Finding(what, State.WARNING, f"retours et réponses par mail ne sont pas entendus ({neither}).")
    host, _, port = listen.rpartition(":")
    if port.isdecimal() and await answers(host.strip("[]"), int(port)):
        return Finding(what, State.OK, f"{listen} répond, pour le courrier à {settings.mail_domain}.")
    return Finding(what, State.WARNING, f"{listen} ne répond pas : lancez serve ; le serveur de courrier attend.")


async def mailbox(settings: Settings) -> Sequence[Finding]:
    """Sign in where mail is fetched; nothing there is read or moved."""
    if settings.imap_url is None:
        return ()
    from imaplib import IMAP4

    from web.imap_box import ImapBox, read_place
    from web.mail_poll import EVERY, LISTENS

    what, box = "mailbox", ImapBox(read_place(settings.imap_url.get_secret_value()))
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.to_thread(box.open)
        at_once = box.tells
    except IMAP4.abort:
        return (Finding(what, State.WARNING, "Le serveur a raccroché ; le courrier y attend."),)
    except IMAP4.error:
        why = "Elle refuse ce nom, ce mot de passe ou ce dossier (PASSERELLE_IMAP_URL)"
        return (Finding(what, State.ERROR, f"{why} : retours et réponses par mail n'arrivent pas."),)
    except (OSError, TimeoutError):
        return (Finding(what, State.WARNING, "Elle ne répond pas d'ici (PASSERELLE_IMAP_URL) ; le courrier y attend."),)
    finally:
        box.close()
    soon = f"le courrier y est pris dès qu'il arrive, au plus tard en {LISTENS / 60:.0f} minutes"
    how = soon if at_once else f"relevée toutes les {EVERY:.0f} secondes"
    kept = "ce qu'un inconnu écrit à l'adresse d'envoi y reste, pour une personne"
    return (Finding(what, State.OK, f"Elle s'ouvre ; {how}, pour {settings.mail_domain} ; {kept}."),)


async def sms_provider(settings: Settings) -> Finding:
    """Connect and hang up: nothing is asked, so nothing is signed in and nothing costs."""
    parts = urlsplit(settings.twilio_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if await answers(parts.hostname or "", port):
        return Finding("sms provider", State.OK, "Son adresse répond.")
    return Finding("sms provider", State.WARNING, "Son adresse (PASSERELLE_TWILIO_URL) ne répond pas d'ici.")


async def sms_lists(database: Database, settings: Settings) -> Sequence[Finding]:
    """Where receipts and answers are fetched: ask for each line's list, as `serve` will."""
    if settings.public_url is not None:
        return ()
    try:
        async with database.engine_reading() as connection:
            lines = await text_lines(connection, keyring(settings))
    except (PasserelleError, OSError, ValueError):
        return ()  # said beside the keys
    return await asyncio.gather(*(_sms_list(settings, line) for line in lines))


async def _sms_list(settings: Settings, line: TextLine) -> Finding:
    from web.twilio_list import asks

    what, number = "sms list", line.sender_id
    try:
        async with asyncio.timeout(PATIENCE):
            hears_calls = await asks(settings, line)
    except MisconfiguredError:
        why = f"Twilio refuse le compte ou le secret de la ligne {number}"
        return Finding(what, State.ERROR, f"{why} : ni accusés ni réponses.")
    except (ChannelError, TimeoutError):
        return Finding(
            what, State.WARNING, f"Celle de la ligne {number} ne répond pas d'ici : réponses et accusés attendent."
        )
    if line.can_be_called and not hears_calls:
        deaf = f"Celle de la ligne {number} répond, mais non celle de ses appels : un appel manqué est perdu."
        return Finding(what, State.WARNING, deaf)
    heard = "accusés et réponses y sont cherchés" if line.can_be_answered else "les accusés y sont cherchés"
    if hears_calls:
        heard = "accusés, réponses et appels manqués y sont cherchés"
    return Finding(what, State.OK, f"Celle de la ligne {number} répond ; {heard}.")


async def mail_server(settings: Settings) -> Finding:
    """Connect and say EHLO; no mail is begun."""
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host, port=settings.smtp_port, timeout=PATIENCE, start_tls=settings.smtp_tls
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await client.connect()
            await client.ehlo()
            await client.quit()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        where = "PASSERELLE_SMTP_HOST et PASSERELLE_SMTP_PORT"
        return Finding("mail server", State.WARNING, f"Il ne répond pas ({where}) : aucun mail ne part.")
    return Finding("mail server", State.OK, "Il répond.")


async def answers(host: str, port: int) -> bool:
    """Say whether somebody listens there."""
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return True
