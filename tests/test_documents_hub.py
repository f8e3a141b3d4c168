"""Documents and signatures in the registers of either database: who is meant, who is missing, and what is counted."""

from factories import NOW, TODAY, SmallSchool, a_school, by_sms
from sqlalchemy import true

from hub.database import Database
from hub.home.files import require_theirs
from hub.models.notices import Needs
from hub.models.school import Role
from hub.notices.headlines import Reader
from hub.outbox.ladder import climb
from hub.papers.asking_again import ask_again
from hub.papers.files import PutAway, keep_files
from hub.papers.given import given_papers
from hub.papers.publishing import NewDocument, heard_by, publish_document, withdraw_document
from hub.papers.reading_rights import require_readable
from hub.papers.shown import paper, papers
from hub.papers.signing import sign, sign_on_paper
from hub.people.kin import children_of
from hub.people.rights import Rights
from hub.ports import Lane
from hub.sealing import Keyring


def director(small: SmallSchool) -> Reader:
    return Reader(small.director, Rights(frozenset({Role.DIRECTOR}), whole_school=True, classes=frozenset()), TODAY)


def teacher(small: SmallSchool) -> Reader:
    own = frozenset({small.classes["CP A"]})
    return Reader(small.teacher, Rights(frozenset({Role.TEACHER}), whole_school=False, classes=own), TODAY)


async def test_a_document_goes_its_whole_way_on_either_database(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    odile, noe = await small.family(by_sms(name="Odile"), by_sms("+33639981001", name="Noé"), children=("Lina", "Sami"))
    await small.family(by_sms("+33639981002", name="Iris"), class_label="CE1 B", children=("Lou",))
    here = {"school_id": small.school.key}
    wrapped, version, seal = keyring.new_key()
    lying = PutAway("aa/aa", wrapped, version, seal.close(b"a.pdf", b"stored_file.name"), "application/pdf", 3)
    async with database.school(small.school.key) as session:
        files = await keep_files(session, [lying], **here, made_by=small.director, now=NOW)
    new = NewDocument("k", "Sortie", "Mots", "class:CP A;pupil:3", Needs.BOTH, TODAY, tuple(files))

    async with database.school(small.school.key) as session:
        heard = await heard_by(session, **here, reader=director(small), new=new)
        given = {"school": small.school, "reader": director(small), "now": NOW}
        number = await publish_document(session, keyring, new=new, **given)
        again = await publish_document(session, keyring, new=new, **given)
    async with database.school(small.school.key) as session:
        one = {**here, "document_id": number, "now": NOW}
        signed = await sign(session, guardian_id=odile, pupils=[1, 2, 3], through="page", day=TODAY, **one)
        await sign_on_paper(session, guardian_id=noe, pupils=[1], reader=teacher(small), **one)
        await sign_on_paper(session, guardian_id=noe, pupils=[1], reader=teacher(small), **one)
    async with database.school(small.school.key) as session:
        (seen,), _ = await papers(session, keyring, **here, reader=director(small))
        (his,), _ = await papers(session, keyring, **here, reader=teacher(small))
        whole = await paper(session, keyring, **here, document_id=number, reader=teacher(small))
        told = await ask_again(
            session, keyring, school=small.school, document_id=number, reader=director(small), now=NOW
        )
        children = await children_of(session, **here, guardians=[noe], day=TODAY)
        (theirs,) = await given_papers(session, keyring, **here, children=children, day=TODAY)
        await require_readable(session, **here, file_id=files[0], reader=teacher(small))
        await require_theirs(session, **here, file_id=files[0], children=children, day=TODAY, notice_id=told.notice_id)

    assert (heard.wished.at_once, again, signed) == (3, number, 2)
    assert (seen.needed, seen.signed, seen.for_whom) == (5, 3, ("CP A", "Lou Exemple"))
    assert (his.needed, his.signed, his.missing) == (4, 3, 1)
    lacking = [(child.name, one.name) for child in whole.children for one in child.signers if one.at is None]
    assert lacking == [("Sami Exemple", "Noé Exemple")]
    assert told.adults == 2  # Noé for Sami, and Iris
    assert [one.first_name for one in theirs.to_sign] == ["Sami"]
    assert [file.name for file in (*whole.files, *theirs.files)] == ["a.pdf", "a.pdf"]
    async with database.school(small.school.key) as session:
        await withdraw_document(session, **one, reader=director(small))
        assert await given_papers(session, keyring, **here, children=children, day=TODAY) == ()


async def test_nobody_calls_about_a_document_that_is_only_to_be_read(database: Database, keyring: Keyring) -> None:
    small = await a_school(database, keyring)
    await small.family(by_sms(name="Odile"))
    async with database.school(small.school.key) as session:
        for key, needs in (("read", Needs.NONE), ("sign", Needs.ONE)):
            new = NewDocument(key, "Sortie", "Mots", "class:CP A", needs)
            given = {"school": small.school, "reader": director(small), "now": NOW}
            await publish_document(session, keyring, new=new, **given)
    await small.write("UPDATE address SET state = 'dead'")

    async with database.school(small.school.key) as session:
        await climb(session, true(), lane=Lane.ROUTINE, now=NOW)

    assert await small.rows("SELECT state FROM delivery ORDER BY notice_id") == [("expired",), ("to_call",)]
    assert await small.rows("SELECT delivery_id FROM call_task") == [(2,)]
