"""Answers in HTML alone, as each program marks what it quotes."""
# ruff: noqa: E501 (a line of a mail is as long as it is)

WHO = 'Le mar. 1 sept. 2026 à 18:02, École &lt;<a href="mailto:info@ecole.test">info@ecole.test</a>&gt; a écrit :'
LABELS = (
    "<b>De :</b> École &lt;info@ecole.test&gt;<br><b>Envoyé :</b> mardi 1 septembre 2026 18:02<br>"
    "<b>À :</b> Amina &lt;amina@familles.example&gt;<br><b>Objet :</b> Réunion"
)
OLD = "<div>Bonjour,</div><div>Viendrez-vous&nbsp;?</div>"

WRITTEN = {
    "yahoo, address not escaped": (
        (
            "<div>Oui, à trois.</div><div class='ydp9b1f0a55yahoo_quoted'><div>On Tuesday, September 1, 2026 at 11:30:41 AM, École "
            f"<info@ecole.test> wrote:</div>{OLD}</div>"
        ),
        "Oui, à trois.",
    ),
    "an address not escaped": ("<p>Écrivez à <paul@familles.example> svp</p>", "Écrivez à <paul@familles.example> svp"),
    "mail.ru, forwarded": (
        (
            "Да<br><br>От кого: École &lt;info@ecole.test&gt;<br>Кому: Амина &lt;amina@familles.example&gt;<br>"
            f"Дата: Вторник, 1 сентября 2026, 18:02 +03:00<br>Тема: Собрание<br><br>{OLD}"
        ),
        "Да",
    ),
    "gmail": (
        (
            '<div dir="ltr">Oui, à trois.<div><br></div><div>Merci</div></div><br><div class="gmail_quote gmail_quote_container">'
            f'<div dir="ltr" class="gmail_attr">{WHO}<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">'
            f"{OLD}</blockquote></div>"
        ),
        "Oui, à trois.\n\nMerci",
    ),
    "gmail, inline": (
        (
            f'<div dir="ltr"><div class="gmail_quote"><div class="gmail_attr">{WHO}<br></div><blockquote>Viendrez-vous ?</blockquote>'
            "<div>Oui</div><blockquote>Combien ?</blockquote><div>3</div></div></div>"
        ),
        "Oui\n3",
    ),
    "gmail, below": (
        f'<div class="gmail_quote"><div class="gmail_attr">{WHO}<br></div><blockquote>{OLD}</blockquote></div><div>Oui</div>',
        "Oui",
    ),
    "gmail, signed": (
        (
            '<div dir="ltr">Oui<div><br clear="all"></div><span class="gmail_signature_prefix">-- </span><br>'
            '<div class="gmail_signature">Amina<br>06 39 98 00 01</div></div>'
        ),
        "Oui",
    ),
    "gmail, language unknown": (
        (
            '<div>Oui</div><div class="gmail_quote"><div class="gmail_attr">Ekole, 2026-09-01 18:02 ye sɛbɛn:<br></div>'
            f"<blockquote>{OLD}</blockquote></div>"
        ),
        "Oui",
    ),
    "apple": (
        (
            f'<html><body>Oui<br><br><div>Envoyé de mon iPhone</div><div><br><blockquote type="cite">{WHO}<br><br></blockquote></div>'
            f'<blockquote type="cite"><div>{OLD}</div></blockquote></body></html>'
        ),
        "Oui",
    ),
    "outlook web": (
        (
            '<html><head><style>P {margin:0}</style></head><body><div class="elementToProof">Oui</div><div id="appendonsend"></div>'
            f'<hr tabindex="-1" style="width:98%"><div id="divRplyFwdMsg" dir="ltr">{LABELS}</div>{OLD}</body></html>'
        ),
        "Oui",
    ),
    "outlook web, forwarded on": (
        f'<body><div>Oui</div><div id="x_appendonsend"></div><div id="x_divRplyFwdMsg">{LABELS}</div>{OLD}</body>',
        "Oui",
    ),
    "outlook web, language unknown": (
        f'<body><div>Oui</div><hr tabindex="-1"><div id="divRplyFwdMsg"><b>Bɔra:</b> École<br></div>{OLD}</body>',
        "Oui",
    ),
    "outlook desktop": (
        (
            "<body lang=FR><div class=WordSection1><p class=MsoNormal>Oui<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>"
            '<p class=MsoNormal>Merci</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
            f"<p class=MsoNormal>{LABELS}</p></div>{OLD}</div></body>"
        ),
        "Oui\n\nMerci",
    ),
    "outlook 2010": (
        (
            '<body><p class=MsoNormal>Oui</p><div style="border:none;border-top:solid #B5C4DF 1.0pt"><p class=MsoNormal>'
            f"{LABELS}</p></div>{OLD}</body>"
        ),
        "Oui",
    ),
    "outlook, no rule": (f"<body><p class=MsoNormal>Oui</p><p class=MsoNormal>{LABELS}</p>{OLD}</body>", "Oui"),
    "outlook mac": (
        f'<body><div>Oui</div><span id="OLK_SRC_BODY_SECTION"><div>{LABELS}</div>{OLD}</span></body>',
        "Oui",
    ),
    "outlook mobile": (
        (
            '<body><div dir="auto">Oui</div><div id="ms-outlook-mobile-signature">Télécharger <a href="https://aka.example/x">Outlook '
            f'pour Android</a></div><hr><div id="divRplyFwdMsg">{LABELS}</div>{OLD}</body>'
        ),
        "Oui",
    ),
    "outlook mobile, new": (
        f'<body><div>Oui</div><div id="mail-editor-reference-message-container"><div>{LABELS}</div>{OLD}</div></body>',
        "Oui",
    ),
    "yahoo": (
        (
            f'<div class="ydp1yahoo-style-wrap"><div>Oui</div></div><div id="yahoo_quoted_1234567890" class="yahoo_quoted"><div>{WHO}</div>'
            f"<div><div>{OLD}</div></div></div>"
        ),
        "Oui",
    ),
    "yahoo, deep": (
        (
            '<div>Oui</div><div class="yahoo_quoted"><div><div><div>x</div></div><table><tr><td><div>y</div></td></tr></table></div>'
            "<div>z</div></div>"
        ),
        "Oui",
    ),
    "thunderbird": (
        (
            f'<body><p>Oui</p><div class="moz-cite-prefix">Le 01/09/2026 à 18:02, École a écrit&nbsp;:<br></div>'
            f'<blockquote type="cite">{OLD}</blockquote><div class="moz-signature">-- <br>Amina</div></body>'
        ),
        "Oui",
    ),
    "proton": (
        (
            '<div style="font-family:Arial">Oui</div><div class="protonmail_signature_block">Envoyé avec la messagerie sécurisée '
            f'<a href="https://proton.example">Proton Mail.</a></div><div class="protonmail_quote">{WHO}<br><blockquote>{OLD}</blockquote></div>'
        ),
        "Oui",
    ),
    "zimbra": (
        f'<body><div>Oui</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">{LABELS}</div>{OLD}</body>',
        "Oui",
    ),
    "orange": (
        (
            '<p>Oui</p><blockquote style="border-left:#ff0000 2px solid">&gt; Message du 01/09/26 18:02<br>&gt; De : École<br>'
            f"&gt; A : Amina<br>{OLD}</blockquote>"
        ),
        "Oui",
    ),
    "gmx": (
        (
            '<html><body><div>Ja</div><div>&nbsp;<div name="quote" style="margin:10px"><div><b>Gesendet:</b> Dienstag, 1. September 2026 um '
            '18:02 Uhr<br><b>Von:</b> "Schule" &lt;info@ecole.test&gt;<br><b>An:</b> amina@familles.example<br><b>Betreff:</b> T</div>'
            f"{OLD}</div></div></body></html>"
        ),
        "Ja",
    ),
    "mail.ru": (
        (
            "<body><p>Да</p><blockquote>Вторник, 1 сентября 2026, 18:02 +03:00 от Школа &lt;info@ecole.test&gt;:<br>"
            f"{OLD}</blockquote></body>"
        ),
        "Да",
    ),
    "yandex": (
        f'<div>Да</div><div>01.09.2026, 18:02, "Школа" &lt;info@ecole.test&gt;:</div><blockquote>{OLD}</blockquote>',
        "Да",
    ),
    "qq": (
        (
            "<div>好的</div><div><br></div><div style='font-size:12px'>------------------&nbsp;原始邮件&nbsp;------------------</div>"
            f"<div><b>发件人:</b> École &lt;info@ecole.test&gt;</div>{OLD}"
        ),
        "好的",
    ),
    "163": (
        f'<div>好的</div><div id="isReplyContent"><p>在 2026-09-01 18:02:11，"École" 写道：</p>{OLD}</div>',
        "好的",
    ),
    "samsung": (
        (
            '<div>Oui</div><div><br></div><div id="composer_signature"><div>Envoyé depuis mon appareil Galaxy</div></div><div><br></div>'
            f"<div>-------- Message d'origine --------</div><div>De : École &lt;info@ecole.test&gt; </div>"
            f"<div>Date : 01/09/2026 18:02 (GMT+01:00) </div><div>À : amina@familles.example </div><div>Objet : R</div>{OLD}"
        ),
        "Oui",
    ),
    "bluemail": (
        (
            f'<div>Oui</div><div class="bluemail_signature">Obtenez BlueMail pour Android</div><div class="gmail_quote">{WHO}'
            f"<blockquote>{OLD}</blockquote></div>"
        ),
        "Oui",
    ),
    "tutanota": (
        f'<div>Oui</div><div>01.09.2026 à 18:02, info@ecole.test :</div><blockquote class="tutanota_quote">{OLD}</blockquote>',
        "Oui",
    ),
    "roundcube": (
        f'<p>Oui</p><p id="reply-intro">Le 01/09/2026 18:02, École a écrit :</p><blockquote>{OLD}</blockquote>',
        "Oui",
    ),
    "numbers of a list": ("<ol><li>Oui</li><li>Non</li></ol>", "1. Oui\n2. Non"),
    "a smiley drawn": ('<div>Merci <img alt="👍" src="cid:x"></div>', "Merci 👍"),
    "only spaces and a smiley": ("<div>&nbsp;</div><div>❤️</div><div>&nbsp;</div>", "❤️"),
    "only a quotation": (
        f'<div><br></div><div class="gmail_quote"><div>{WHO}</div><blockquote>{OLD}</blockquote></div>',
        "",
    ),
    "never closed": ("<html><head><title>x<body><div>Oui &amp; merci", "x Oui & merci"),
    "hidden words": ('<div style="display:none">rien</div><div>Oui</div>', "Oui"),
    "a blockquote of their own": ("<blockquote>Oui, nous venons</blockquote>", "Oui, nous venons"),
    "comments and scripts": ("<!-- x --><script>var a=1;</script><style>p{}</style><p>Oui</p>", "Oui"),
    "a picture written into it": (f'<div>Oui<img src="data:image/png;base64,{"A" * 4000}"></div>', "Oui"),
    "paragraphs": ("<p>Bonjour,</p><p>Oui.<br>Merci</p>", "Bonjour,\n\nOui.\nMerci"),
    "cells": (
        "<table><tr><td>Lina</td><td>oui</td></tr><tr><td>Tom</td><td>non</td></tr></table>",
        "Lina oui\nTom non",
    ),
}
