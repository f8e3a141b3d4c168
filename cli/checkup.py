"""The school doctor: looks at an installation, prescribes nothing, and says what it cannot do."""

import asyncio
import stat
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from cli.bots import ask_bot
from cli.desk import configured, standing
from cli.finding import Finding, State
from cli.reaching import answers, lost, mail_listener, mail_server, mailbox, public_address, sms_lists, sms_provider
from cli.saying import many
from hub.database import Database
from hub.errors import ChannelError, MisconfiguredError, PasserelleError, SettingsError
from hub.migrating import head
from hub.models.school import ProgramRole
from hub.people.chat_lines import ChatLine, chat_lines
from hub.people.safe import prove_keys
from hub.people.schools import SenderState, installed
from hub.ports import ChannelName
from hub.post.press import may_print
from hub.presence import who_runs
from hub.sealing import keyring
from hub.settings import Settings
from hub.walls import may_pass

Look = Callable[[Settings], Awaitable[Finding]]


async def checkup() -> Sequence[Finding]:
    """Look at everything, side by side; takes about `PATIENCE` seconds, more where no letter was printed yet."""
    try:
        settings = configured()
    except SettingsError as error:
        return [Finding("settings", State.ERROR, str(error))]
    looks: tuple[Look, ...] = (
        _database, _keys, public_address, mail_listener, sms_provider, mail_server, _redis, _letters,
    )  # fmt: skip
    findings = list(await asyncio.gather(*(look(settings) for look in looks)))
    findings += [*lost(settings), *await mailbox(settings)]
    if findings[0].state is State.OK:
        findings += await _inside(settings)
    return findings


async def _database(settings: Settings) -> Finding:
    try:
        found = await standing(settings)
        kind = make_url(settings.database_url).get_backend_name()
    except PasserelleError as error:
        return Finding("database", State.ERROR, str(error))
    if found == head():
        return Finding("database", State.OK, f"{kind}, à la version {found}.")
    where = f"en est à {found}" if found else "n'a pas de registres"
    return Finding("database", State.ERROR, f"{kind}, {where} ; cette version veut {head()} : passerelle migrate.")


async def _keys(settings: Settings) -> Finding:
    file = settings.key_file
    if settings.master_keys is None:
        if not await asyncio.to_thread(file.is_file):
            return Finding(
                "master keys", State.WARNING, "Pas encore ; la première commande fait un fichier master.keys."
            )
        mode = stat.S_IMODE((await asyncio.to_thread(file.stat)).st_mode)
        if mode & 0o077:
            return Finding(
                "master keys", State.ERROR, f"D'autres peuvent lire master.keys (mode {mode:o}) : chmod 600."
            )
    try:
        keyring(settings)
    except (PasserelleError, OSError, ValueError):
        return Finding("master keys", State.ERROR, "Elles ne se lisent pas : version:base64, 32 octets, une par ligne.")
    where = "dans master.keys, pour son seul propriétaire" if settings.master_keys is None else "dans l'environnement"
    return Finding("master keys", State.OK, f"Lues, {where}. Gardez-en une copie à part des sauvegardes.")


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding("bell", State.OK, "Dans un seul programme ; chaque moteur regarde aussi à chaque seconde.")
    parts = urlsplit(settings.redis_url)
    if await answers(parts.hostname or "localhost", parts.port or 6379):
        return Finding("bell", State.OK, "Redis répond.")
    return Finding("bell", State.WARNING, "Redis ne répond pas : les messages partent jusqu'à une seconde plus tard.")


async def _letters(_settings: Settings) -> Finding:
    """Press one small page: what draws letters is Debian's, and may be missing."""
    wrong = await may_print()
    if wrong is None:
        return Finding("letters", State.OK, "Cette machine imprime des lettres (PDF).")
    return Finding("letters", State.WARNING, wrong)


async def _inside(settings: Settings) -> list[Finding]:
    """Look into the registers: their walls and keys, the schools, and what they send from."""
    database = Database(settings.database_url)
    try:
        findings = [*await _walls(database), *await _sealed(database, settings), *await _bots(database, settings)]
        findings += [*await sms_lists(database, settings), *await programs(database, settings)]
        async with database.engine_reading() as connection:
            schools, senders = await installed(connection)
    finally:
        await database.close()
    if not schools:
        return [*findings, Finding("schools", State.WARNING, "Aucune n'est ouverte : passerelle school add.")]
    return [*findings, Finding("schools", State.OK, f"Ouvertes : {schools}."), *_senders(settings, senders)]


async def programs(database: Database, settings: Settings) -> list[Finding]:
    """Say which programs of a deployment run, and what does not happen for want of one."""
    if settings.redis_url is None:
        return []
    async with database.engine_reading() as connection:
        runs = await who_runs(connection, now=await database.now(connection))
    missing = [f"{role.value} ({lost})" for role, lost in _WITHOUT.items() if not runs.get(role)]
    if missing:
        return [Finding("programs", State.WARNING, f"Ne tourne pas : {', '.join(missing)}.")]
    return [Finding("programs", State.OK, ", ".join(f"{role.value} : {runs[role]}" for role in sorted(runs)) + ".")]


_WITHOUT = {
    ProgramRole.SERVE: "personne ne peut ni lire ni répondre",
    ProgramRole.WORKER: "rien ne part",
    ProgramRole.CLOCK: "rien de ce qui est prévu ne part",
}


async def _walls(database: Database) -> list[Finding]:
    if not await may_pass(database):
        return []
    sentence = (
        "Ce compte PostgreSQL (superutilisateur ou BYPASSRLS) passe tous les murs entre écoles : prenez-en un autre."
    )
    return [Finding("walls", State.WARNING, sentence)]


async def _sealed(database: Database, settings: Settings) -> list[Finding]:
    try:
        await prove_keys(database, settings)
    except (PasserelleError, OSError) as error:
        return [Finding("sealed keys", State.ERROR, str(error))]
    return []


async def _bots(database: Database, settings: Settings) -> list[Finding]:
    """Ask each working bot who it is, and how it hears the families; none: nothing is missing."""
    try:
        async with database.engine_reading() as connection:
            lines = await chat_lines(connection, keyring(settings))
    except (PasserelleError, OSError, ValueError):
        return []  # said beside the keys
    return [await _bot(settings, line) for line in lines]


async def _bot(settings: Settings, line: ChatLine) -> Finding:
    what = "telegram bot"
    try:
        bot = await ask_bot(settings, line.token)
    except MisconfiguredError:
        return Finding(what, State.ERROR, f"Telegram ne connaît plus le bot de la ligne {line.sender_id} : son jeton ?")
    except ChannelError:
        lost = "rien ne part par Telegram, et ce que les familles y écrivent attend"
        return Finding(what, State.WARNING, f"{line.bot} ne répond pas d'ici (PASSERELLE_TELEGRAM_URL) : {lost}.")
    wanted = settings.telegram_webhook and settings.public_url is not None
    if wanted and not bot.told_at:
        return Finding(what, State.WARNING, f"{bot.name} répond ; serve n'a pas encore dit à Telegram où poster.")
    if not wanted and bot.told_at:
        return Finding(what, State.WARNING, f"{bot.name} répond, mais Telegram poste ailleurs : lancez serve.")
    how = "Telegram lui poste les réponses" if wanted else "il va chercher les réponses, même sans adresse publique"
    waiting = f" ; {many(bot.waiting, 'réponse')} en attente" if bot.waiting else ""
    return Finding(what, State.OK, f"{bot.name} répond ; {how}{waiting}.")


def _senders(settings: Settings, senders: Sequence[SenderState]) -> list[Finding]:
    findings = []
    for channel in (ChannelName.SMS, ChannelName.EMAIL, ChannelName.VOICE, ChannelName.CHAT, ChannelName.PUSH):
        mine = [one for one in senders if one.channel is channel]
        if channel in (ChannelName.VOICE, ChannelName.CHAT, ChannelName.PUSH) and not mine:
            continue  # only for who wants it
        stopped = [str(one.sender_id) for one in mine if one.stopped]
        what = f"{channel.value} senders"
        if stopped:
            numbers = ", ".join(stopped)
            findings.append(Finding(what, State.ERROR, f"Arrêtées par une faute de réglage : {numbers}."))
        elif not mine:
            findings.append(Finding(what, State.WARNING, "Aucune : passerelle sender add."))
        elif channel is ChannelName.VOICE:
            findings.append(Finding(what, *_voice(settings, mine)))
        elif channel is ChannelName.PUSH:
            findings.append(Finding(what, *_push(settings, mine)))
        else:
            answered = "les familles peuvent répondre" if any(one.two_way for one in mine) else "sans réponse possible"
            findings.append(Finding(what, State.OK, f"{many(len(mine), 'ligne')} ; {answered}."))
    return findings


def _voice(settings: Settings, mine: Sequence[SenderState]) -> tuple[State, str]:
    """Say what calls need: a public address, at which the provider asks for the words."""
    if settings.public_url is None:
        return State.WARNING, "Sans adresse publique, rien ne sonne : une absence s'arrête après les messages écrits."
    hours = f"de {settings.calls_from:%H:%M} à {settings.calls_until:%H:%M}"
    return State.OK, f"{many(len(mine), 'ligne')} ; l'automate appelle {hours}, pour une absence ou une urgence."


def _push(settings: Settings, mine: Sequence[SenderState]) -> tuple[State, str]:
    """Say what notifications need: a key, and a page over HTTPS on which a family asks for them."""
    bare = ", ".join(str(one.sender_id) for one in mine if not one.has_key)
    if bare:
        return State.ERROR, f"Sans clé : {bare}. Rien ne part ; passerelle sender add en fait une."
    if settings.public_url is None:
        return State.WARNING, "Clé présente, mais sans adresse publique aucune famille ne peut en demander."
    if not settings.public_url.startswith("https://") and not settings.demo:
        return State.WARNING, "Clé présente, mais sans https:// aucun navigateur n'en propose."
    more = len(settings.push_hosts.split(",")) if settings.push_hosts else 0
    beside = f", et {many(more, 'autre')} (PASSERELLE_PUSH_HOSTS)" if more else ""
    return State.OK, f"Clé présente ; services permis : ceux de Chrome, Firefox, Safari et Edge{beside}."
