"""How mail systems word that a mail did not arrive, in the languages of the families. Words as data, no rules."""

import re
from typing import Final

POSTMASTERS: Final = re.compile(
    r"mailer[-_.]?daemon|mail[-_.]?daemon|post[-_.]?master|mailerdaemon|microsoftexchange[0-9a-f]{20,}|mmdf|uucp"
    r"|x400-gateway|daemon"
    r"|bounces?|complaints|mail-?system|mail-?delivery|mdaemon|mail-admin|quota-?warning",
    re.IGNORECASE,
)
POSTMASTER_NAMES: Final = re.compile(
    r"mail delivery (?:sub)?system|mail administrator|system ?administrator|mailer[- ]daemon|mail router"
    r"|internet mail delivery"
    r"|administrateur syst|mail-?system|système de messagerie|amazon ses|post-?master",
    re.IGNORECASE,
)
SUBJECT: Final = re.compile(
    r"^\W{0,3}(?:undeliver|mail delivery (?:fail|problem|sub|status|system|error|warning)|mail (?:system )?error"
    r"|delivery (?:status )?(?:notification|failure|failed|report|error|has failed|delay|incomplete)"
    r"|failure (?:notice|delivery)|failed (?:mail|delivery)|returned (?:mail|to sender|e-?mail)|message (?:delivery"
    r"|not delivered|undeliver|could not)|non[- ]?(?:remis|delivery|distribu|délivr|acheminé)|échec (?:de la "
    r"|de )?(?:remise|distribution|livraison|l.envoi|d.envoi)"
    r"|warning: (?:could not|message|mail)|(?:email|mail|message) (?:bounce|returned|delivery)|rejected|bounce"
    r"|(?:e-?)?mail (?:could|was) not (?:be )?deliver"
    r"|courrier (?:non|retourné)|message (?:non|retourné|refusé|rejeté)|retour (?:de courrier|à l.expéditeur"
    r"|à l.envoyeur)|remise (?:impossible|différée|retardée)|(?:avis|rapport) de non[- ]"
    r"|unzustell|nicht zustell|zustell|unzustellbar|no (?:se )?(?:puede |pudo |ha podido )?entreg|no entreg"
    r"|error de entrega|não (?:entreg|é possível)|falha na entrega|impossibile recapitare|mancat[oa] (?:recapito"
    r"|consegna)|onbestelbaar|niet bezorgd|nie(?:dostarcz|\s?można dostar)|zwrot"
    r"|не ?доставлен|недоставлен|не удалось доставить|не доставлено|olevererbart|kunne ikke levere"
    r"|ei voitu toimittaa|kézbesíthetetlen|nedoručiteln|nelivrat|iletilemedi|teslim edilemedi|لم يتم التسليم|退信"
    r"|系统退信|无法投递|投递失败|未送達|メールエラー|配信不能|配信エラー|배달되지 않)",
    re.IGNORECASE,
)
STATUS: Final = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
CODE: Final = re.compile(
    r"(?<![\d.:+/-])(?:#|error:? ?|code:? ?)?([45])\d\d(?=[\s:;,-]{1,3}\S)(?!-\d{2}|\s?(?:octets|bytes|ko|kb|k\b))",
    re.IGNORECASE,
)
SUBJECT_END: Final = re.compile(
    r":\s?(?:non (?:remise?|distribuée?|délivrée?)|undeliver\w{0,6})\W{0,3}(?:\([^()]{0,60}\))?$", re.IGNORECASE
)
NOT_YET: Final = re.compile(
    r"delayed|will (?:be retried|retry|keep trying|continue)|has not yet been|not yet been delivered"
    r"|still (?:be )?(?:trying|in the queue)|temporar(?:y|ily)|transient|no action is required"
    r"|do not (?:need to )?resend"
    r"|warning message only|postponed|full mailbox|retard|différé|nouvelles? tentatives?|temporaire|réessa|verzögert"
    r"|vorübergehend"
    r"|weiterhin versucht|reintent|temporal|retras|temporane|ritard|opóźn|задерж|временн|vertraagd|tijdelijk|稍后|延迟"
    r"|一時的",
    re.IGNORECASE,
)
FAILED: Final = re.compile(
    r"(?:could|can|was|were|is|has|have|had)(?: ?not|n.t)(?: be| been| being)? (?:deliver|remis)|unable to deliver"
    r"|undeliver|non-delivery|not able to deliver|wasn.t able to deliver|failed to deliver|did not reach"
    r"|delivery (?:has |of .{0,80})?(?:failed|failure|attempt)|failed (?:recipient|address)|no valid recipient"
    r"|returned because|unknown (?:user|host|recipient)|not a valid (?:user|address|recipient)|automatically rejected"
    r"|invalid user|no such user|has been postponed|quota exceeded|mailbox (?:is )?(?:full|unavailable)"
    r"|exceed(?:s|ed)? (?:allowed|storage|quota|maximum)|n.a (?:pas )?pu [êe]tre (?:d[ée]livr|remis|distribu|achemin)"
    r"|pas [ée]t[ée] (?:remis|distribu|d[ée]livr|achemin)|n.a pas abouti|nicht (?:zugestellt|ausgeliefert)"
    r"|no (?:se )?(?:pudo|ha podido|puede|fue) (?:ser )?entreg|não (?:pôde|pode|foi) (?:ser )?entreg"
    r"|impossibile (?:recapit|consegn)|niet (?:bezorgd|afgeleverd)|не (?:удалось|может быть|было) доставл"
    r"|无法投递|投递失败|传输失败|退回|配信できません|届けられません",
    re.IGNORECASE,
)
"""What a server says that could not deliver; a person may say it too."""
GIVEN_UP: Final = re.compile(
    r"permanent|given up|giving up|(?<!non-)fatal|user unknown|unknown user|no such (?:user|mailbox|recipient"
    r"|address)|does(?:n.t| not) exist|not found|invalid (?:recipient|mailbox|address)|n.existe pas|inconnue?"
    r"|introuvable|définitive|existiert nicht|unbekannt|no existe|desconocid|não existe|inesistente|sconosciut"
    r"|не существует|onbekend",
    re.IGNORECASE,
)
GREETING: Final = re.compile(
    r"\W{0,5}(?:bonjour|bonsoir|madame|monsieur|chère?|salut|coucou|hello|hi|hey|dear|good (?:morning|evening)|hallo"
    r"|guten|liebe|sehr geehrte|hola|buen|querid|estimad|olá|bom dia|boa|caro|cara|ciao|buongiorno|gentile|beste|cześć"
    r"|dzień dobry|здравствуйте|привет|merhaba|sayın|السلام|مرحبا|您好|你好)\b",
    re.IGNORECASE,
)
"""How a person begins."""
REPORTED: Final = re.compile(
    r"^[ \t]{0,8}(?:(?:original|final)-recipient:|\(expanded from:).{0,200}$", re.IGNORECASE | re.MULTILINE
)
"""The field of a report, or what Sendmail writes below an address of its own making."""
RECIPIENT: Final = re.compile(r"[^\s<>;,:\"@]{1,64}@[^\s<>;,:\"@]{1,253}")
"""An address as a report gives it, also of a domain that cannot be."""
ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
ORIGINAL: Final = re.compile(
    r"^[^\w\n]{0,20}(?:-{2,}+.*(?:original|copy of (?:the|your)|below this line|returned|header|copie|kopie|copia"
    r"|message|nachricht).*|(?:original message|message d.origine|en-?têtes? (?:du message )?d.origine"
    r"|ursprüngliche nachricht|diagnostic information for admin|return-path:|received:|------ this is a copy).*)$",
    re.IGNORECASE | re.MULTILINE,
)
TO: Final = re.compile(r"^(?:to|à|an|para)\s?:\s*(.{3,200})$", re.IGNORECASE | re.MULTILINE)
