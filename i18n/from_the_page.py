"""What we say of what is on a family's page: homework, a document, a result, the news of an evening; and its code."""

from collections.abc import Sequence

from hub.ports import News, NoticeKind, Slots
from i18n.tongues import Tongue

PAGE_KINDS = frozenset(
    {NoticeKind.HOMEWORK, NoticeKind.DOCUMENT, NoticeKind.RESULT, NoticeKind.DIGEST, NoticeKind.CODE}
)
"""Kinds whose sentences are said here; those of the author, if any, stand below them."""
NOBODYS = frozenset({NoticeKind.DIGEST, NoticeKind.CODE})
"""Kinds that the house writes by itself: no person stands behind the words."""

SEVERAL = 2
"""Children from whom on a digest says what is whose."""


def heading_of(speaks: Tongue, kind: NoticeKind, slots: Slots) -> str:
    """Name one of `PAGE_KINDS`."""
    _ = speaks.gettext
    match kind:
        case NoticeKind.HOMEWORK:
            return _("Des devoirs")
        case NoticeKind.DOCUMENT:
            return _("Un document à signer") if slots.signs else _("Un document de l'école")
        case NoticeKind.RESULT:
            return _("Un nouveau résultat")
        case NoticeKind.DIGEST:
            return _("Les nouvelles de ce soir")
        case _:
            return _("Votre code")


def sentences_of(
    speaks: Tongue, kind: NoticeKind, slots: Slots, pupils: str = "", names: Sequence[str] = ()
) -> tuple[str, ...]:
    """Say one of `PAGE_KINDS`, a sentence each.

    `pupils`: first names as one list, none when no child may be named; `names`: the same, one by one.
    """
    _ = speaks.gettext
    fields = {"pupils": pupils, "day": speaks.day(slots.day) if slots.day else ""}
    match kind:
        case NoticeKind.HOMEWORK:
            # TRANSLATORS: homework; pupils: first names; day: a day with its date (jeudi 26 novembre)
            return ((_("%(pupils)s : pour %(day)s.") if pupils else _("Pour %(day)s.")) % fields,)
        case NoticeKind.DOCUMENT:
            return (_document(speaks, slots) % fields,)
        case NoticeKind.RESULT:
            # TRANSLATORS: of a piece of school work; pupils: first names
            return (
                (_("Un nouveau résultat pour %(pupils)s.") if pupils else _("Un nouveau résultat vous attend."))
                % fields,
            )
        case NoticeKind.DIGEST if each := by_child(speaks, slots.news or News(), names):
            return each_said(speaks, each)
        case NoticeKind.DIGEST:
            # TRANSLATORS: the news of one evening; news: a list (3 devoirs et 1 résultat); pupils: first names
            said = _("Ce soir pour %(pupils)s : %(news)s.") if pupils else _("Ce soir : %(news)s.")
            return (said % {**fields, "news": news_in(speaks, slots.news or News())},)
        case _:
            return (
                _("Votre code : %(code)s") % {"code": code_in(speaks, slots)},
                _("Écrivez-le dans les dix minutes sur la page qui le demande."),
                _("Ne le donnez à personne, même si l'on vous dit appeler de l'école."),
            )


def news_in(speaks: Tongue, news: News, *, brief: bool = False) -> str:
    """List what is new: « 3 devoirs, 1 document à signer et 1 résultat »; what there is none of is not said.

    `brief`: beside documents to sign, those only to read are left out.
    """
    read = 0 if brief and news.to_sign else news.documents - news.to_sign
    listed = (
        (news.homework, speaks.ngettext("%(count)s devoir", "%(count)s devoirs", news.homework)),
        (news.to_sign, speaks.ngettext("%(count)s document à signer", "%(count)s documents à signer", news.to_sign)),
        (read, speaks.ngettext("%(count)s document", "%(count)s documents", read)),
        (news.results, speaks.ngettext("%(count)s résultat", "%(count)s résultats", news.results)),
    )
    return speaks.names(tuple(words % {"count": count} for count, words in listed if count > 0))


def by_child(speaks: Tongue, news: News, names: Sequence[str], *, brief: bool = False) -> tuple[tuple[str, str], ...]:
    """List what is new by child, (first name, its news) each: where there are several, and all of them may be named."""
    if len(names) < SEVERAL or len(names) != len(news.children) or not all(names):
        return ()
    return tuple((name, news_in(speaks, its, brief=brief)) for name, (_, its) in zip(names, news.children, strict=True))


def each_said(speaks: Tongue, each: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Say what is new by child, a line each: « Lina : 2 devoirs et 1 résultat. »."""
    # TRANSLATORS: of one child, one evening; pupil: a first name; news: a list (3 devoirs et 1 résultat)
    line = speaks.gettext("%(pupil)s : %(news)s.")
    return tuple(speaks.opening(line % {"pupil": name, "news": its}) for name, its in each)


def code_in(speaks: Tongue, slots: Slots) -> str:
    """Write a code in two groups; from right to left they stay in their order."""
    code = slots.code or ""
    return speaks.phone(f"{code[:3]} {code[3:]}")


def _document(speaks: Tongue, slots: Slots) -> str:
    _ = speaks.gettext
    if not slots.signs:
        return _("L'école vous donne un document à lire.")
    # TRANSLATORS: a document; day: a day with its date (jeudi 3 décembre)
    return _("À signer jusqu'au %(day)s.") if slots.day else _("Il attend votre signature.")
