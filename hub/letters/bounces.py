"""Reads the mail that says that ours did not arrive, and whether it ever will."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import Final

from flufl.bounce import all_failures

from hub.letters.parts import HOSTILE, bytes_of, header, parts_of, sender_of, text_of


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that did not arrive. `permanent`: it never will; `status` as in RFC 3463, where the server gave one.

    The class of the status decides (5: for good, 4: not yet): a mailbox that is full is 5.2.2 for some servers and
    4.2.2 for others, and each is believed.
    """

    address: str
    permanent: bool
    status: str | None = None
    diagnostic: str | None = None


_POSTMASTERS: Final = re.compile(
    r"mailer[-_.]?daemon|mail[-_.]?daemon|post-?master|mailerdaemon|microsoftexchange[0-9a-f]{20,}|mmdf|uucp"
    r"|x400-gateway|daemon"
    r"|bounces?|complaints|mail-?system|mail-?delivery|mdaemon|mail-admin|quota-?warning",
    re.IGNORECASE,
)
_POSTMASTER_NAMES: Final = re.compile(
    r"mail delivery (?:sub)?system|mail administrator|system ?administrator|mailer[- ]daemon|mail router"
    r"|internet mail delivery"
    r"|administrateur syst|mail-?system|système de messagerie|amazon ses|post-?master",
    re.IGNORECASE,
)
_SUBJECT: Final = re.compile(
    r"^\W{0,3}(?:undeliver|mail delivery (?:fail|problem|sub|status|system|error|warning)|mail (?:system )?error"
    r"|delivery (?:status )?(?:notification|failure|failed|report|error|has failed|delay|incomplete)"
    r"|failure (?:notice|delivery)|failed (?:mail|delivery)|returned (?:mail|to sender|e-?mail)|message (?:delivery"
    r"|not delivered|undeliver|could not)|non[- ]?(?:remis|delivery|distribu|délivr|acheminé)|échec (?:de la "
    r"|de )?(?:remise|distribution|livraison|l.envoi|d.envoi)"
    r"|warning: (?:could not|message|mail)|(?:email|mail|message) (?:bounce|returned|delivery)|rejected|bounce"
    r"|courrier (?:non|retourné)|message (?:non|retourné|refusé|rejeté)|retour (?:de courrier|à l.expéditeur"
    r"|à l.envoyeur)|remise (?:impossible|différée|retardée)|(?:avis|rapport) de non[- ]"
    r"|unzustell|nicht zustell|zustell|unzustellbar|no (?:se )?(?:puede |pudo |ha podido )?entreg|no entreg"
    r"|error de entrega|não (?:entreg|é possível)|falha na entrega|impossibile recapitare|mancat[oa] (?:recapito"
    r"|consegna)|onbestelbaar|niet bezorgd|nie(?:dostarcz|\s?można dostar)|zwrot"
    r"|не ?доставлен|недоставлен|не удалось доставить|не доставлено|olevererbart|kunne ikke levere"
    r"|ei voitu toimittaa|kézbesíthetetlen|nedoručiteln|nelivrat|iletilemedi|teslim edilemedi|لم يتم التسليم|退信"
    r"|系统退信|无法投递|投递失败|未送達|配信不能|配信エラー|배달되지 않)",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE: Final = re.compile(
    r"(?<![\d.:+/-])(?:#|error:? ?|code:? ?)?([45])\d\d(?=[\s:;,-]{1,3}\S)(?!\s?(?:octets|bytes|ko|kb|k\b))",
    re.IGNORECASE,
)
_NOT_YET: Final = re.compile(
    r"delayed|will (?:be retried|retry|keep trying|continue)|has not yet been|not yet been delivered"
    r"|still (?:be )?(?:trying|in the queue)|temporar(?:y|ily)|transient|no action is required"
    r"|do not (?:need to )?resend"
    r"|warning message only|retard|différé|nouvelles? tentatives?|temporaire|réessa|verzögert|vorübergehend"
    r"|weiterhin versucht|reintent|temporal|retras|temporane|ritard|opóźn|задерж|временн|vertraagd|tijdelijk|稍后|延迟"
    r"|一時的",
    re.IGNORECASE,
)
_GIVEN_UP: Final = re.compile(
    r"permanent|given up|giving up|(?<!non-)fatal|user unknown|unknown user|no such (?:user|mailbox|recipient"
    r"|address)|does(?:n.t| not) exist|not found|invalid (?:recipient|mailbox|address)|n.existe pas|inconnue?"
    r"|introuvable|définitive|existiert nicht|unbekannt|no existe|desconocid|não existe|inesistente|sconosciut"
    r"|не существует|onbekend",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_ORIGINAL: Final = re.compile(
    r"^[^\w\n]{0,20}(?:-{2,}+.*(?:original|copy of (?:the|your)|below this line|returned|header|copie|kopie|copia"
    r"|message|nachricht).*|(?:original message|message d.origine|en-?têtes? (?:du message )?d.origine"
    r"|ursprüngliche nachricht|diagnostic information for admin|return-path:|received:|------ this is a copy).*)$",
    re.IGNORECASE | re.MULTILINE,
)
_TO: Final = re.compile(r"^(?:to|à|an|para)\s?:\s*(.{3,200})$", re.IGNORECASE | re.MULTILINE)
_DISPLACED: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_READ_MOST: Final = 20_000
"""Signs of a bounce's text, and bytes of each of its parts, that are looked at; the rest is our own mail come back."""


def read_bounce(mail: Message, *, is_at_bounces: bool, own: list[str]) -> Bounce | None:
    """Read a bounce as RFC 3464 writes it, else as servers write it in words; None when it is none."""
    try:
        standard, was_reported = _standard_bounce(mail)
        if standard is not None or was_reported:
            return standard
        if is_at_bounces or _is_from_postmaster(mail):
            return _old_bounce(mail, own)
        named = _SUBJECT.match(header(mail, "Subject")[:300]) is not None and mail["In-Reply-To"] is None
        return _old_bounce(mail, own) if named and _STATUS.search(_said(mail)) else None
    except HOSTILE:
        return None


def _standard_bounce(mail: Message) -> tuple[Bounce | None, bool]:
    """Take the first recipient that failed, else the first delayed; say too whether the report names any at all.

    Action says what happened; where it is missing, the class of Status does.
    """
    delayed, named = None, False
    for block in _report_blocks(mail):
        address = _recipient(block)
        if address is None:
            continue
        named = True
        status = _STATUS.search(header(block, "Status"))
        diagnostic = header(block, "Diagnostic-Code") or None
        code = status[1] if status else None
        action = header(block, "Action").split("(")[0].strip().lower() or {"5": "failed", "4": "delayed"}.get(
            code[:1] if code else ""
        )
        if action == "failed":
            in_words = _STATUS.search(diagnostic or "") if code is None else status
            permanent = not in_words[1].startswith("4") if in_words else not re.search(r"\b4\d\d\b", diagnostic or "")
            return Bounce(address, permanent=permanent, status=code, diagnostic=diagnostic), True
        if action == "delayed":
            delayed = delayed or Bounce(address, permanent=False, status=code, diagnostic=diagnostic)
    return delayed, named


def _report_blocks(mail: Message) -> Iterator[Message]:
    """Yield the blocks of every delivery report, the one about the whole mail included: it names no recipient."""
    for part in parts_of(mail):
        if part.get_content_type() not in _DISPLACED:
            continue
        payload = part.get_payload()
        if header(part, "Content-Transfer-Encoding").lower() in ("base64", "quoted-printable"):
            yield from _blocks(_unpacked(part))
        elif isinstance(payload, list):
            yield from (block for block in payload if isinstance(block, Message))
        else:
            yield from _blocks(bytes_of(part))


def _unpacked(report: Message) -> bytes:
    """Undo the transfer encoding of a report, which no server should use and the standard parser does not expect."""
    plain = Message()
    plain["Content-Transfer-Encoding"] = header(report, "Content-Transfer-Encoding")
    plain.set_payload(report.as_string().partition("\n\n")[2])
    return bytes_of(plain)


def _blocks(data: bytes) -> Iterator[Message]:
    for block in re.split(rb"\r?\n[ \t]*\r?\n", data[:_READ_MOST].strip()):
        yield message_from_bytes(block)


def _recipient(block: Message) -> str | None:
    """Prefer the address that we wrote to over where its owner has it forwarded; undo xtext (RFC 3461 section 4)."""
    for name in ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient"):
        value = header(block, name)
        found = _ADDRESS.search(
            re.sub(r"\+([0-9A-F]{2})(?=[^@]*@)", _sign, value) if name.startswith("Orig") else value
        )
        if found:
            return found[0]
    return None


def _sign(code: re.Match[str]) -> str:
    return chr(int(code[1], 16)) if code[1] in ("2B", "3D") else code[0]


def _is_from_postmaster(mail: Message) -> bool:
    """Tell the mail system's own mail by its sender."""
    sender = sender_of(mail).partition("@")[0]
    if _POSTMASTERS.fullmatch(sender) or header(mail, "Return-Path") == "<>" or mail["X-Failed-Recipients"] is not None:
        return True
    with suppress(*HOSTILE):
        if _POSTMASTER_NAMES.search(parseaddr(header(mail, "From")[:500])[0]):
            return True
    return False


def _old_bounce(mail: Message, own: list[str]) -> Bounce | None:
    """Read a bounce from its words: where a header, flufl.bounce, the text or the mail sent back names whom."""
    if mail.get_content_type() == "multipart/report" and "disposition" in str(mail.get_param("report-type")):
        return None
    text = _said(mail)
    headed = _SUBJECT.match(header(mail, "Subject")[:300]) is not None
    status, code = _STATUS.search(text), _CODE.search(text)
    if not (headed or status or code or _GIVEN_UP.search(text) or _NOT_YET.search(text) or mail["X-Failed-Recipients"]):
        return None
    temporary, permanent = all_failures(_small(mail))
    addresses = sorted(address.decode("ascii", "replace") for address in (permanent or temporary))
    address = next(
        (found[0] for found in [_ADDRESS.search(header(mail, "X-Failed-Recipients"))] if found),
        next(iter(addresses), None) or _named_in(text, mail, own),
    )
    if address is None:
        return None
    return Bounce(address, permanent=_is_for_good(header(mail, "Subject") + "\n" + text), status=status and status[1])


def _is_for_good(text: str) -> bool:
    """Believe the status, then the reply code of SMTP, then the words; a server that says nothing has given up."""
    for found in (_STATUS.search(text), _CODE.search(text)):
        if found and found[1][0] in "45":
            return found[1][0] == "5"
    return not _NOT_YET.search(text) or _GIVEN_UP.search(text) is not None


def _said(mail: Message) -> str:
    """Give what the server wrote, without the mail that it sent back."""
    for part in parts_of(mail):
        if part.get_content_type() in ("text/plain", "text/html") and not part.get_filename():
            text = text_of(part)[:_READ_MOST]
            if part.get_content_type() == "text/html":
                text = re.sub(
                    r"&lt;|&gt;|<(?:style|head)\b.{0,5000}?</(?:style|head)>|<[^<>]{0,2000}>",
                    " ",
                    text,
                    flags=re.DOTALL,
                )
            if text.strip():
                return text[: original.start()] if (original := _ORIGINAL.search(text, 40)) else text
    return ""


def _small(mail: Message) -> Message:
    """Give flufl.bounce the words alone: it goes through every line many times."""
    small = Message()
    for name in ("From", "To", "Subject", "X-Mailer", "X-Failed-Recipients"):
        if mail[name] is not None:
            small[name] = header(mail, name)
    texts = [bytes_of(part) for part in parts_of(mail) if part.get_content_maintype() in ("text", "message")]
    small.set_payload(b"\n".join(texts)[:_READ_MOST].decode("ascii", "replace"))
    return small


def _named_in(text: str, mail: Message, own: list[str]) -> str | None:
    """Find whom a server means: the first address in its words that is neither ours nor its own, else our mail's To."""
    server = sender_of(mail)
    candidates = [found[0] for found in _ADDRESS.finditer(text)]
    for part in parts_of(mail):
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            candidates += [
                found[0] for line in _TO.findall(_as_text(part)[:_READ_MOST])[:1] for found in _ADDRESS.finditer(line)
            ]
    candidates += [found[0] for line in _TO.findall(_text_below(mail))[:1] for found in _ADDRESS.finditer(line)]
    for address in candidates:
        low = address.lower()
        if low != server and not any(ours in low for ours in own) and not _POSTMASTERS.fullmatch(low.partition("@")[0]):
            return address
    return None


def _as_text(part: Message) -> str:
    """Give the headers of our own mail, which the server has sent back as a mail or as text."""
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return f"To: {header(payload[0], 'To')}"
    return text_of(part)


def _text_below(mail: Message) -> str:
    return next((text_of(part)[:_READ_MOST] for part in parts_of(mail) if part.get_content_type() == "text/plain"), "")
