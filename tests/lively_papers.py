"""Documents of a lively school: a trip that every adult signs, and a menu to read."""

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

from factories import NOW, TODAY
from PIL import Image, ImageDraw

from hub.models.notices import Needs
from hub.notices.headlines import Reader
from hub.papers.files import Given, keep_files, put_away
from hub.papers.publishing import NewDocument, publish_document
from hub.people.rights import rights_on

if TYPE_CHECKING:
    from lively import Lively

TRIP = "Classe verte à la ferme des Aulnes"
PDF = b"%PDF-1.7\n1 0 obj\ntrousseau\n%%EOF"


def a_photo() -> bytes:
    """A picture as a telephone takes it: a sky over a field."""
    image, body = Image.new("RGB", (800, 600), "#9fc5e8"), BytesIO()
    ImageDraw.Draw(image).rectangle((0, 380, 800, 600), fill="#6a994e")
    image.save(body, "JPEG")
    return body.getvalue()


async def give_papers(lively: "Lively") -> None:
    """Give them to the families, and let the notice of the trip leave."""
    small, settings = lively.small, lively.house.settings
    given = [Given("IMG_2041.jpg", a_photo()), Given("Trousseau de la classe verte.pdf", PDF)]
    files = await put_away(small.keyring, settings, given)
    text = "Départ lundi à huit heures, retour vendredi.\n\nPrévoyez des bottes."
    drafts = {
        "trip": NewDocument("p" * 32, TRIP, text, "class:CP A", Needs.BOTH, TODAY + timedelta(days=9)),
        "menu": NewDocument("m" * 32, "Menu de décembre", "Frites le jeudi.", "school", tells=False),
    }
    director = lively.staff["director"]
    async with small.database.school(small.school.key) as session:
        rights = await rights_on(session, school_id=small.school.key, staff_id=director, day=TODAY)
        reader, school = Reader(director, rights, TODAY), small.school
        kept = await keep_files(session, files, school_id=school.key, made_by=director, now=NOW)
        lively.file = kept[1]
        for name, draft in drafts.items():
            new = NewDocument(
                draft.key, draft.title, draft.text, draft.audience, draft.needs, draft.due_on,
                tuple(kept) if name == "trip" else (), draft.tells,
            )  # fmt: skip
            lively.papers[name] = await publish_document(
                session, small.keyring, school=school, reader=reader, new=new, now=NOW
            )
    await lively.leave("document")
