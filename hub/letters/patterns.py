"""What mail programs write round a quotation, in the languages of the families. Words as data, no rules."""

import re
from typing import Final


def _any_of(*words: str) -> str:
    return "|".join(words)


SAID: Final = re.compile(
    _any_of(
        r"a écrit|écri[tv]|nous a dit|\bwrote|\bwrites\b|\bsent:|schrieb|geschrieben|escribió|escribiu|escreveu"
        r"|escrito",
        r"\bscritto|ha scrito|schreef|schreven|geschreven|napisa[łl]|nadesłał|pisze|napsal|napísal|je napisa"
        r"|na?pisao",
        r"написал|напис[ау]|писал|пише[тш]?|skrev|skrifaði|kirjoitti|kirjutas|írta|ezt írta|a scris|έγραψε|γράφει",
        r"yazdı|yazmış|rakstīja|rašė|shkroi|shkruajti|va escriure|idatzi|menulis|כתב|كتب|كتابة|نوشت|लिखा|লিখেছ|எழுதி",
        r"写道|寫道|写了|寫了|のメール|のメッセージ|書きました|の書込|작성|썼습니다|쓴 글|보낸 메[시일]"
        r"|đã viết|viết|เขียน|geskryf|menulis",
    ),
    re.IGNORECASE,
)
"""« wrote », as the line over a quotation says it."""

OPENING: Final = re.compile(
    r"\b(?:on|at|le|el|em|il(?: giorno)?|am|op|den|på|dne|dňa|dnia|w dniu|în(?: data de)?|pe|la|στις|vào|lúc"
    r"|ngày|dana"
    r"|u|pada|data|kl|das|o|a|na|в)\s+(?:[^\W\d]{2,14}[.,]{0,2}\s+){0,2}\d{1,4}(?!\s?[\d:：hH])",
    re.IGNORECASE,
)
"""How the line over a quotation begins where it begins with a date."""

MESSAGE: Final = re.compile(
    _any_of(
        r"messag|mensa[jgx]|missatge|mesaj|mesazh|nachricht|bericht|boodskap|meddel|besked|melding|viesti"
        r"|zpráv|správ|wiadomo",
        r"üzenet|levél|e-?mail|\bmail\b|courriel|сообщени|повідомлен|письм|лист\b|съобщени|порук|poruk"
        r"|sporočil|sõnum",
        r"\bkiri\b|laišk|pranešim|ziņojum|vēstul|ileti|μήνυμα|הודעה|رسالة|پیام|संदेश|邮件|郵件|消息"
        r"|メッセージ|メール|메시지|메일|원본",
        r"\bthư\b|tin nhắn|pesan|ข้อความ|brev\b|skeyti",
    ),
    re.IGNORECASE,
)
"""« message »: what stands between the dashes over an original or a forwarded mail."""

FORWARD: Final = re.compile(
    r"forward|transfér|réexpédi|weitergeleit|weiterleit|reenviad|encaminhad|inoltrat|doorgestuurd|przekazan|пересыла"
    r"|переслан|пересил|vidarebe|videresend|továbbít|přepos|iletil|redirec|προωθ|препрат|转发|轉寄|転送|전달"
    r"|محول|הועבר",
    re.IGNORECASE,
)

PROCESSED_BY: Final = re.compile(r"^[\s>*\[_]{0,8}original message processed by david", re.IGNORECASE)
"""How one German mail server (David by Tobit) heads the old mail."""

LABELS: Final = {
    "from": r"from|de|von|da|van|od|from[: ]name|fra|från|lähettäjä|feladó|από|от(?: кого)?|від|од|expéditeur"
    r"|émetteur|absender|remitente|remetente|mittente|afzender|nadawca|avsändare|отправитель|kimden|gönderen"
    r"|de la|expeditor|מאת|من|المرسل"
    r"|از|فرستنده|प्रेषक|发件人|發件人|寄件者|寄件人|差出人|送信者|送信元|보낸 ?사람|발신|từ|người gửi|จาก"
    r"|dari|saatja|nuo|no|šalje|шаље",
    "sent": r"sent|date|envoyé(?: le)?|le|gesendet|datum|enviado(?: el| em)?|enviada(?: em)?|fecha|data|inviato"
    r"|verzonden(?: op)?"
    r"|wysłano|data wysłania|wysłane|отправлено|дата(?: отправки)?|надіслано|изпратено|skickat|sendt|dato|lähetetty"
    r"|päivämäärä"
    r"|elküldve|küldve|dátum|odesláno|odoslané|poslano|послато|στάλθηκε|ημερομηνία|gönderildi|gönderilme|tarih"
    r"|trimis|dată"
    r"|נשלח|תאריך|تاريخ(?: الإرسال)?|التاريخ|تم الإرسال|أرسلت|تاریخ|ارسال|भेजा|दिनांक|发送时间|发送日期|日期"
    r"|寄件日期|傳送時間|送信日時|日付|日時"
    r"|보낸 ?날짜|날짜|đã gửi|ngày|ngày gửi|วันที่|dikirim|tanggal|saadetud|išsiųsta|nosūtīts|sendt den|時間|时间",
    "to": r"to|à|a|an|para|pour|destinataires?|aan|do|komu|кому|до|за|till|til|vastaanottaja|címzett|προς|către|la"
    r"|kime|alıcı"
    r"|אל|إلى|الى|المستلم|به|گیرنده|प्रति|प्राप्तकर्ता|收件人|收件者|宛先|받는 ?사람|수신|đến|tới|ถึง|kepada"
    r"|kam|kellele|prima|за"
    r"|empfänger",
    "copy": r"b?cc|copie(?: à)?|kopie|copia|kopi|kopia|копия|копія|kopio|másolat|kópia|kop\.?|dw|cci|bilgi"
    r"|抄送|副本|参照"
    r"|참조|עותק|نسخة|رونوشت"
    r"|reply-to|répondre à|antwort an|responder a|rispondi a|organi[sz]ation|envoyé par|priorité|importance"
    r"|attachments?|pièces? jointes?",
    "about": r"subject|objet|sujet|betreff|betrifft|asunto|assunto|oggetto|onderwerp|temat|тема|ämne|emne|aihe"
    r"|tárgy|předmět|predmet"
    r"|θέμα|konu|subiect|נושא|الموضوع|موضوع|विषय|относно|主题|主旨|件名|제목|chủ đề|tiêu đề|เรื่อง|perihal"
    r"|subjek|teema"
    r"|tema|assumpte",
}
"""The labels of the block of headers that Outlook and its like write above the old mail."""

_SENT_FROM: Final = (
    r"^\W*(?:(?:je |message |mail |e-?mail |courriel )?(?:envoyée?|transmis)\s+(?:de(?:puis)?|à partir de"
    r"|à partir d.|avec|via|à l.aide d|sous|with|from)\b"
    r"|(?:message )?sent (?:from|via|with|by|using)\b|(?:get|download|try)\b.{0,12}\b(?:outlook|yahoo|bluemail|app)\b"
    r"|yahoo mail\s?:|télécharge[rz]?\b.{0,12}outlook|obten(?:ir|ez|er|ha)\b.{0,6}(?:outlook|bluemail)|(?:von|mit"
    r"|über)\s.*gesendet|gesendet (?:von|mit|über|aus)\b"
    r"|diese (?:nachricht|e-mail) wurde von"
    r"|(?:missatge )?envia(?:do|da|t) (?:desde|do|de|des|a partir|pelo|con|com|via)\b"
    r"|inviat[oa] (?:da|dal|con|tramite|via)\b"
    r"|(?:verzonden|verstuurd) (?:vanaf|vanuit|met|via)\b|skickat från|(?:hämta|hent|ottenere|baixar|pobierz|holen"
    r"|laden sie|scarica|descargar|stáhn)"
    r"|sendt (?:fra|via|med)|lähetetty|wysłan[oey] z|odesl[áa]no z|odoslané z|poslano (?:s|z|iz)|послато са"
    r"|trimis (?:de pe|din|de|cu)"
    r"|отправлено (?:с|из|через)|надіслано (?:з|із|через)|изпратено от|στάλθηκε από|נשלח מ|أ?ُ?رسلت? من|تم الإرسال من"
    r"|مُ?رسل من|ارسال ?شده از"
    r"|فرستاده شده از|发自|發自|来自|發送自|從我的|从我的|gửi từ|được gửi từ|dikirim dari|ส่งจาก"
    r"|(?:provenance|von|da|desde|de|van"
    r"|od|från)\s?:.{0,24}windows"
    r"|מה-|मेरे .* से भेजा)"
)
_SENT_AT_END: Final = (
    r"(?:gesendet|herunterladen|gönderildi|küldve|elküldve|から送信|より送信|傳送|发送|發送|에서 보냄"
    r"|에서 보냈|보낸 메일"
    r"|भेजा गया|lähetetty)\W*$"
)
_DEVICE: Final = (
    r"iphon|ipad|\binbox\b|polymail|acompli|\bios\b|ipod|\bmac\b|\bpc\b|android|\bcell\b|mailbox|alcatel|\bhtc\b|\blg\b|samsung|galaxy"
    r"|huawei|xiaomi|redmi|\bpoco\b|\boppo\b|realme|oneplus|pixel"
    r"|honor\b|nokia|xperia|sony|motorola"
    r"|fairphone|blackberry|smart ?-?phone|\bphone|téléphone|portable|mobil|móvil|celular|cellulare|telefon"
    r"|telefoon|telefone|telem[óo]vel|puhelim"
    r"|handy|tablet|ordinateur|outlook|windows|yahoo|gmail|aol|proton|tuta|bluemail|k-9|mymail|spark|airmail|newton"
    r"|edison|zoho|thunderbird|orange|\bsfr\b"
    r"|free\b|la ?poste|bouygues|zimbra|libero|web\.de|gmx|t-online|mail\.ru|яндекс|yandex|почт|пошт|телефон"
    r"|смартфон|устройств|мобильн|qq邮箱|邮箱|信箱"
    r"|手机|手機|网易|스마트폰|휴대|スマートフォン|携帯|điện thoại|هاتف|جوال|گوشی|טלפון|הנייד|cihaz|appareil"
    r"|gerät|device|fairemail"
    r"|\bapp\b|application"
)
_ONLY_FROM: Final = r"\W{0,3}(?:\w{1,20} )?from (?:my )?(?:mobile|i-?phone|i-?pad|android)[\w ]{0,8}\W{0,3}$"
_A_SENTENCE: Final = r".{0,100}(?:,|\b(?:my|mon|ma)\b.{0,30})\s(?:is|was|it|which|c.est|est|était)\b"
SENT_FROM: Final = re.compile(
    rf"(?!{_A_SENTENCE})(?=.*(?:{_DEVICE}))(?:{_SENT_FROM}|{_ONLY_FROM}|.{{0,80}}{_SENT_AT_END})",
    re.IGNORECASE,
)
"""The line that a telephone or a program signs with: it says how it was sent, and names the thing."""

SMALL_PRINT: Final = re.compile(
    r"(?=.{0,900}(?:confiden[tc]i|vertraulich|riservat|privileg|poufn|důvěrn|конфиденц|конфіден|gizli|fortroli"
    r"|sekretess|bizalmas|סודי|سري|机密|機密|保密"
    r"|destinataire|vider|authori[sz]ed))"
    r"^\W{0,4}(?:(?:avis|notice|disclaimer|confidential\w*|aviso|haftungs|hinweis|important|attention)\b.{0,40})?"
    r"(?:(?:ce |cet |le présent )(?:courriel|message|e-?mail|mail|courrier)|(?:this"
    r"|the information (?:contained )?in this) (?:e-?mail|message|communication|electronic)"
    r"|(?:diese|dieses|der inhalt dieser) (?:e-?mail|nachricht|mail|schreiben)|est[ea] (?:mensaje|correo|e-?mail"
    r"|mensagem)|esta mensagem"
    r"|(?:questo|il presente|le informazioni) (?:messaggio|e-?mail|contenut)|(?:dit|deze) (?:e-?mail|bericht)"
    r"|(?:detta|dette|denne) "
    r"|(?:ta|niniejsza|treść tej) (?:wiadomo|e-?mail)|(?:это|данное) (?:сообщение|письмо)|bu (?:e-?posta|mesaj"
    r"|ileti)|本邮件|本郵件|هذه الرسالة)"
    r"|^\W{0,4}(?:pensez à l.environnement|(?:please )?(?:consider|think of) the environment|n.imprimez ce"
    r"|bitte denken sie an die umwelt"
    r"|(?:garanti )?sans virus|virus-free|virenfrei|libre de virus|(?:l.absence|cet? e-?mail"
    r"|this e-?mail) (?:de virus|a été vérifié|has been checked)"
    r"|une messagerie gratuite, garantie à vie)",
    re.IGNORECASE | re.DOTALL,
)
"""How a paragraph that a company's server adds begins: confidentiality, virus checkers, trees."""

LIST_FOOTER: Final = re.compile(r"^_{20,} \S{1,60} mailing list\b", re.IGNORECASE)
"""How Mailman ends each mail of a list."""

ANSWERED_WITHIN: Final = re.compile(
    r"(?:en|dans|au) (?:rouge|bleu|vert|gras|couleur|fil du texte|le (?:texte|corps|message)|votre (?:mail|message"
    r"|texte))|ci[- ]?(?:dessous|après)"
    r"|\bbelow\b|\bin ?line\b|\bin (?:red|blue|green|bold)\b|in rot\b|\bunten\b|im text\b|más abajo|en rojo"
    r"|in rosso|qui sotto|\babaixo\b|ниже|в тексте",
    re.IGNORECASE,
)
"""« My answers are in red below »: what follows is then not only the old mail."""
