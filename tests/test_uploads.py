"""What is handed in as a file: the good is made harmless, the bad is refused in a sentence, and nothing is run."""

import zlib
from io import BytesIO
from pathlib import Path
from struct import pack
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from hub.papers.files import FILE_MAX, FILES_MAX, Given, PutAway, put_away
from hub.papers.kinds import RefusedFileError
from hub.papers.names import NAME_MAX, tidy
from hub.papers.pictures import SIDE_MAX, SMALL_SIDE, drawn
from hub.papers.store import SMALL, cabinet_of
from hub.sealing import Keyring
from hub.settings import Settings

PDF = b"%PDF-1.7\n1 0 obj\nsortie au musee\n%%EOF"
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


async def taken(keyring: Keyring, settings: Settings, name: str, body: bytes) -> PutAway:
    (one,) = await put_away(keyring, settings, [Given(name, body)])
    return one


async def refused(keyring: Keyring, settings: Settings, name: str, body: bytes) -> RefusedFileError:
    with pytest.raises(RefusedFileError) as caught:
        await put_away(keyring, settings, [Given(name, body)])
    assert await cabinet_of(settings).lying() == []
    return caught.value


def name_of(keyring: Keyring, one: PutAway) -> str:
    return keyring.seal(one.wrapped, one.master_version).open(one.name_sealed, b"stored_file.name").decode()


async def body_of(keyring: Keyring, settings: Settings, one: PutAway, *, small: bool = False) -> bytes:
    lying = await cabinet_of(settings).take(one.place + SMALL if small else one.place)
    assert lying is not None
    what = b"stored_file.small" if small else b"stored_file.body"
    return keyring.seal(one.wrapped, one.master_version).open(lying, what)


def a_picture(how: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **more: object) -> bytes:
    body = BytesIO()
    Image.new(mode, size, "red").save(body, how, **more)
    return body.getvalue()


def an_office_file(parts: dict[str, str], *, says: int | None = None) -> bytes:
    """An office file; `says`: how much its first part pretends to unpack to."""
    body = BytesIO()
    with ZipFile(body, "w", ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
        if says is not None:
            packed.infolist()[0].file_size = says
    return body.getvalue()


DOCX = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<w/>"}


@pytest.mark.parametrize("how", ["JPEG", "PNG", "WEBP", "HEIF"])
async def test_a_photo_of_any_telephone_is_taken_and_drawn_anew(keyring: Keyring, settings: Settings, how: str) -> None:
    one = await taken(keyring, settings, "IMG 1.HEIC", a_picture(how))

    body = await body_of(keyring, settings, one)
    assert (one.media_type, one.width, one.height) == ("image/jpeg", 64, 48)
    assert name_of(keyring, one) == "IMG 1.jpg"
    assert body[:3] == b"\xff\xd8\xff"
    assert Image.open(BytesIO(body)).format == "JPEG"


async def test_a_photo_stands_upright_and_tells_no_place(keyring: Keyring, settings: Settings) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Model] = "Telephone de Mahaut"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (IFDRational(47), IFDRational(54), IFDRational(0))
    body = a_picture("JPEG", exif=exif.tobytes(), comment=b"chez nous")
    assert b"Telephone de Mahaut" in body

    one = await taken(keyring, settings, "a.jpg", body)

    drawn_anew = await body_of(keyring, settings, one)
    assert (one.width, one.height) == (48, 64)
    assert Image.open(BytesIO(drawn_anew)).getexif() == {}
    assert not any(word in drawn_anew for word in (b"Exif", b"Mahaut", b"chez nous"))


async def test_a_large_photo_gets_as_large_as_a_page_needs_and_a_small_one(
    keyring: Keyring, settings: Settings
) -> None:
    one = await taken(keyring, settings, "a.jpg", a_picture("JPEG", (4000, 3000)))

    assert (one.width, one.height) == (SIDE_MAX, 1500)
    assert Image.open(BytesIO(await body_of(keyring, settings, one, small=True))).size == (SMALL_SIDE, 360)


def test_a_drawing_that_one_sees_through_stays_so() -> None:
    clear = BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 80)).save(clear, "PNG")
    dense = BytesIO(a_picture("PNG", mode="RGBA"))

    seen_through, not_seen_through = drawn(clear), drawn(dense)

    assert seen_through is not None
    assert not_seen_through is not None
    assert (seen_through.media_type, not_seen_through.media_type) == ("image/png", "image/jpeg")


async def test_a_picture_that_is_also_a_page_is_only_a_picture_afterwards(keyring: Keyring, settings: Settings) -> None:
    page = b"<script>alert(1)</script>"
    both = a_picture("JPEG", comment=page) + b"<html>" + page

    one = await taken(keyring, settings, "a.html", both)

    assert one.media_type == "image/jpeg"
    assert name_of(keyring, one) == "a.jpg"
    assert b"script" not in await body_of(keyring, settings, one)


def a_png_that_says(width: int, height: int) -> bytes:
    """A PNG of a few bytes which claims to be as large as that."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return pack(">I", len(body)) + name + body + pack(">I", zlib.crc32(name + body))

    head = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


async def test_a_picture_that_claims_60000_pixels_a_side_is_not_unpacked(keyring: Keyring, settings: Settings) -> None:
    error = await refused(keyring, settings, "plan.png", a_png_that_says(60_000, 60_000))

    assert str(error) == "Cette image a trop de points (plus de 50 millions) : réduisez-la et redonnez-la."
    assert error.name == "plan.png"


async def test_a_picture_just_too_large_is_refused_in_the_same_words(keyring: Keyring, settings: Settings) -> None:
    assert "trop de points" in str(await refused(keyring, settings, "plan.png", a_png_that_says(10_000, 5_001)))


@pytest.mark.parametrize("body", [a_picture("JPEG")[:-200], a_picture("PNG")[:60], a_png_that_says(900, 900)])
async def test_a_picture_cut_short_is_refused(keyring: Keyring, settings: Settings, body: bytes) -> None:
    assert "abîmé ou incomplet" in str(await refused(keyring, settings, "a.jpg", body))


SCRIPTED = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("logo.svg", SCRIPTED),
        ("logo.png", SCRIPTED),
        ("logo.txt", SCRIPTED),
        ("page.html", b"<!doctype html><script>alert(1)</script>"),
        ("page.csv", b"\n  <html>"),
        ("jeu.exe", b"MZ\x90\x00\x03"),
        ("jeu.pdf", b"\x7fELF\x02\x01\x01"),
        ("faire.txt", b"#!/bin/sh\nrm -rf ~\n"),
        ("vide.txt", b"a\x00b"),
        ("lettre.rtf", b"{\\rtf1 bonjour}"),
        ("archive.zip", an_office_file({"a.txt": "a"})),
        ("tableau.xlsb", an_office_file({"[Content_Types].xml": "<T/>", "xl/workbook.bin": "a"})),
        ("installer.doc", OLD_OFFICE + b"\0" * 600),
    ],
)
async def test_what_a_family_could_run_is_refused_whatever_its_name(
    keyring: Keyring, settings: Settings, name: str, body: bytes
) -> None:
    assert "ni une photo, ni un PDF" in str(await refused(keyring, settings, name, body))


async def test_a_moving_picture_is_refused(keyring: Keyring, settings: Settings) -> None:
    assert "GIF" in str(await refused(keyring, settings, "a.gif", a_picture("GIF")))


@pytest.mark.parametrize(
    ("name", "body", "ending"),
    [
        ("a.pdf", PDF, "pdf"),
        ("a.bin", an_office_file(DOCX), "docx"),
        ("a", an_office_file({"[Content_Types].xml": "<T/>", "xl/workbook.xml": "<w/>"}), "xlsx"),
        ("a", an_office_file({"[Content_Types].xml": "<T/>", "ppt/presentation.xml": "<p/>"}), "pptx"),
        ("a", an_office_file({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<o/>"}), "odt"),
        ("a.doc", OLD_OFFICE + b"\0" * 600 + "WordDocument".encode("utf-16-le") + b"\0\0", "doc"),
        ("liste.csv", "Nom;Prénom\r\nExemple;Zoé\r\n".encode("cp1252"), "csv"),
        ("mot.TXT", "À demain".encode(), "txt"),
    ],
)
async def test_papers_are_kept_as_they_are_under_the_ending_of_what_they_are(
    keyring: Keyring, settings: Settings, name: str, body: bytes, ending: str
) -> None:
    one = await taken(keyring, settings, name, body)

    assert await body_of(keyring, settings, one) == body
    assert name_of(keyring, one).endswith(f".{ending}")
    assert one.width is None


@pytest.mark.parametrize(
    "body",
    [
        an_office_file({"a": "a", **DOCX}, says=1 << 30),
        an_office_file({f"word/{n}": "" for n in range(6000)} | DOCX),
        an_office_file(DOCX).replace(b"PK\x05\x06", b"PK\x06\x07" + b"\0" * 16 + b"PK\x05\x06"),
    ],
    ids=["a gigabyte", "six thousand parts", "a list beside the list"],
)
async def test_a_paper_that_unfolds_into_far_too_much_is_refused_folded(
    keyring: Keyring, settings: Settings, body: bytes
) -> None:
    assert "bien trop de données" in str(await refused(keyring, settings, "a.docx", body))


@pytest.mark.parametrize(
    "body",
    [
        an_office_file({**DOCX, "word/vbaProject.bin": "Sub"}),
        an_office_file({"mimetype": "application/vnd.oasis.opendocument.text", "Basic/Standard/a.xml": "Sub"}),
        OLD_OFFICE + "WordDocument\0".encode("utf-16-le") + "_VBA_PROJECT\0".encode("utf-16-le"),
    ],
    ids=["docm", "odt", "doc"],
)
async def test_a_paper_with_macros_is_refused(keyring: Keyring, settings: Settings, body: bytes) -> None:
    assert "macros" in str(await refused(keyring, settings, "a.docx", body))


@pytest.mark.parametrize("body", [an_office_file(DOCX)[:-8], b"PK\x03\x04" + b"\0" * 90])
async def test_a_paper_cut_short_is_refused(keyring: Keyring, settings: Settings, body: bytes) -> None:
    assert "abîmé ou incomplet" in str(await refused(keyring, settings, "a.docx", body))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("D:\\Photos\\plan.pdf", "plan.pdf"),
        ("exe.\u202efdp.scr", "exe.fdp.pdf"),
        ("a\u2066b\u200fc\r\nSet-Cookie: x.pdf", "abcSet-Cookie x.pdf"),
        ("\u202e", "fichier.pdf"),
        ("...", "fichier.pdf"),
        ("", "fichier.pdf"),
        ("Liste élèves.PDF", "Liste élèves.pdf"),
        ("صورة.pdf", "صورة.pdf"),
        ("a" * 300, "a" * (NAME_MAX - 4) + ".pdf"),
    ],
)
def test_a_name_loses_its_folders_and_what_is_not_seen(name: str, kept: str) -> None:
    assert tidy(name, "pdf") == kept


async def test_the_name_in_a_refusal_is_harmless_too(keyring: Keyring, settings: Settings) -> None:
    assert (await refused(keyring, settings, "../a\u202egnp.exe", b"MZ")).name == "agnp.exe"


async def test_too_many_or_too_heavy_files_are_refused_before_one_is_looked_at(
    keyring: Keyring, settings: Settings
) -> None:
    heavy = Given("a.pdf", PDF + b"\0" * FILE_MAX)

    for given, words in (
        ([Given("a.pdf", PDF)] * (FILES_MAX + 1), "Pas plus de 10 fichiers"),
        ([Given("a.pdf", PDF), heavy, heavy], "plus de 40 Mo ensemble"),
        ([heavy], "plus de 20 Mo"),
        ([Given("a.pdf", b"")], "vide"),
    ):
        with pytest.raises(RefusedFileError, match=words):
            await put_away(keyring, settings, given)
    assert await cabinet_of(settings).lying() == []


async def test_what_lies_on_the_disk_says_nothing(keyring: Keyring, settings: Settings) -> None:
    one = await taken(keyring, settings, "Sortie au musée.pdf", PDF)

    lying = [path for path in settings.files_dir.rglob("*") if path.is_file()]
    assert [path.relative_to(settings.files_dir).as_posix() for path in lying] == [one.place]
    assert not any(word in lying[0].read_bytes() for word in (b"PDF", b"sortie", b"Sortie"))
    assert settings.files_dir.stat().st_mode & 0o777 == 0o700
    assert "musée" not in f"{one}{Given('musée', b'')}"
