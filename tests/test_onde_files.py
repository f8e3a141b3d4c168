"""ONDE's files, in good and in bad days."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import InvalidError
from hub.people.adults import AdultTrace, Evidence, Likeness, Recognition, recognise, same_adult_evidence
from hub.people.names import name_key
from hub.people.onde import BadLine, ChildRef, PupilRow, read_guardians, read_pupils

PUPILS = (
    "Nom élève;Nom d'usage élève;Prénom élève;Date naissance;Sexe;INE;Adresse1;Cp1;Commune1;Pays1;Adresse2;Cp2;"
    "Commune2;Pays2; Cycle;Niveau;Libellé classe;Identifiant classe;Attestation fournie;Autorisation associations;"
    "Autorisation photo;Décision de passage\r\n"
)
ZOE = "EXEMPLE;;Zoé;03/09/2018;F;000000001ZZ;1 rue;45000;VILLE;FRANCE;;;;;CYCLE II;CE1;CE1 A;90001;Oui;Non;Non;\r\n"
LEO = "MODÈLE;LILAS;Léo;04/10/2017;M;000000002ZZ;1 rue;45000;VILLE;FRANCE;;;;;CYCLE II;CE2;CE2 A;90002;Oui;Non;Non;\r\n"
GUARDIANS = (
    "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable;Adresse responsable;"
    "CP responsable;Commune responsable;Pays;Courriel;Téléphone domicile;Téléphone travail;Téléphone portable"
)
CHILD = ";Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants"
ANNE = "MME;LILAS;EXEMPLE;Anne;1 rue;45000;VILLE;FRANCE;anne@familles.test;0261910000;;06 39 98 10 00"


def test_a_pupil_is_read_from_a_file_as_onde_writes_it() -> None:
    sheet = read_pupils((PUPILS + ZOE).encode("cp1252"))

    assert sheet.rows == (PupilRow(2, "EXEMPLE", "", "Zoé", date(2018, 9, 3), "000000001ZZ", "CE1", "CE1 A", "90001"),)
    assert (sheet.bad, sheet.doubts, sheet.encoding) == ((), (), "cp1252")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("cp1252", "cp1252"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16")],
)
def test_accents_survive_every_encoding(encoding: str, said: str) -> None:
    sheet = read_pupils((PUPILS + ZOE + LEO).encode(encoding))

    assert [row.first_name for row in sheet.rows] == ["Zoé", "Léo"]
    assert sheet.encoding == said


def test_one_broken_byte_in_a_utf8_file_costs_one_line() -> None:
    sheet = read_pupils((PUPILS + ZOE).encode() + LEO.encode().replace("é".encode(), b"\xe9"))

    assert [row.first_name for row in sheet.rows] == ["Zoé"]
    reason = "Il y a un retour à la ligne ou un caractère illisible dans le prénom de l'élève."
    assert sheet.bad == (BadLine(3, reason),)


def test_an_old_file_has_no_ine_and_one_class() -> None:
    data = '"Nom Elève";"Nom d\'usage Elève";"Prénom Elève";"Date naissance";"Sexe";"Classe"\n'
    data += '"EXEMPLE";;"Zoé";"2018-09-03";"F";"01 COURS PREPARATOIRE";\n'

    row = read_pupils(data.encode()).rows[0]

    assert (row.ine, row.class_label, row.class_code, row.born_on) == (
        None,
        "01 COURS PREPARATOIRE",
        "",
        date(2018, 9, 3),
    )


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_file_saved_again_by_a_spreadsheet_is_still_read(delimiter: str) -> None:
    data = "sep=;\r\n" if delimiter == ";" else "\r\n"
    data += delimiter.join(["NOM  ELEVE", "Prenom eleve", "Libellé  classe"]) + "\r\n"
    data += delimiter.join(["EXEMPLE", "Zoé", "CP A"]) + "\r\n"

    assert [(row.line, row.family_name) for row in read_pupils(data.encode()).rows] == [(3, "EXEMPLE")]


def test_excel_may_announce_its_delimiter() -> None:
    assert read_pupils(("sep=;\r\n" + PUPILS + ZOE).encode()).rows[0].line == 3


def test_bad_lines_are_told_by_number_and_good_ones_are_taken() -> None:
    lines = [
        ZOE,
        ";;Sans nom;03/09/2018;F\r\n",
        "EXEMPLE;;;03/09/2018;F\r\n",
        "EXEMPLE\x00;;Zoé\r\n",
        f"{'A' * 81};;Zoé\r\n",
        '"EXEMPLE;;guillemet ouvert\r\n',
        "EXEMPLE;0639981000;Zoé\r\n",
        ZOE,
        LEO.replace("\r\n", ";;;trop\r\n"),
        '"LIGNE\nDOUBLE";;Zoé\r\n',
        "\r\n",
        LEO,
    ]
    sheet = read_pupils((PUPILS + "".join(lines)).encode())

    assert [(row.line, row.first_name) for row in sheet.rows] == [(2, "Zoé"), (14, "Léo")]
    assert [(bad.number, bad.reason) for bad in sheet.bad] == [
        (3, "Il manque le nom de l'élève."),
        (4, "Il manque le prénom de l'élève."),
        (5, "Il y a un retour à la ligne ou un caractère illisible dans le nom de l'élève."),
        (6, "Plus de 80 caractères dans le nom de l'élève."),
        (7, "Les guillemets de cette ligne ne se ferment pas."),
        (8, "Il y a un numéro ou un courriel dans le nom d'usage de l'élève : les colonnes ont glissé."),
        (9, "Cet INE est déjà à la ligne 2."),
        (10, "Cette ligne a plus de cases que le fichier n'a de colonnes."),
        (11, "Il y a un retour à la ligne ou un caractère illisible dans le nom de l'élève."),
    ]


def test_an_address_of_two_lines_does_not_shift_the_numbers() -> None:
    sheet = read_pupils((PUPILS + ZOE.replace("1 rue", '"Bât. A\r\n1 rue"') + LEO).encode("cp1252"))

    assert [row.line for row in sheet.rows] == [2, 4]


def test_a_formula_is_a_name_like_any_other() -> None:
    assert read_pupils((PUPILS + ZOE.replace("EXEMPLE", "=cmd|calc!A1")).encode()).rows[0].family_name == "=cmd|calc!A1"


def test_a_doubtful_detail_does_not_cost_the_pupil() -> None:
    sheet = read_pupils((PUPILS + ZOE.replace("03/09/2018", "31/02/2018").replace("000000001ZZ", "12")).encode())

    assert (sheet.rows[0].born_on, sheet.rows[0].ine) == (None, None)
    assert [(doubt.number, doubt.reason) for doubt in sheet.doubts] == [
        (2, "La date de naissance n'est pas une date ; l'élève est pris sans elle."),
        (2, "L'INE n'a pas onze lettres et chiffres ; l'élève est pris sans lui."),
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Le fichier est vide."),
        (b"\xef\xbb\xbf\r\n", "Le fichier est vide."),
        (PUPILS.encode(), "Le fichier n'a que sa ligne de titres."),
        (b"%PDF-1.7 x", "Ce fichier est un PDF ; il faut le fichier CSV tel qu'ONDE le donne."),
        (
            b"PK\x03\x04\x00",
            (
                "Ce fichier est un classeur (Excel, LibreOffice) ou une archive ; "
                "il faut le fichier CSV tel qu'ONDE le donne."
            ),
        ),
        (b"<!DOCTYPE html>", "Ce fichier est une page web ; il faut le fichier CSV tel qu'ONDE le donne."),
        (b"ab\x00\x01", "Ce fichier n'est pas du texte ; il faut le fichier CSV tel qu'ONDE le donne."),
        (b"x" * 20_000_001, "Le fichier est trop gros (plus de 20 Mo)."),
        (
            b"Nom eleve;Prenom eleve\r\nEXEMPLE;Zoe\r\n",
            "Il manque la colonne « Libellé classe » dans ce fichier.",
        ),
        (
            b"a;b\r\n1;2\r\n",
            "Il manque les colonnes « Nom élève », « Prénom élève », « Libellé classe » dans ce fichier.",
        ),
        (
            (GUARDIANS + CHILD + "\r\n" + ANNE).encode(),
            "Ce fichier est celui des responsables ; il faut celui des élèves.",
        ),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        read_pupils(data)
    assert str(refusal.value) == sentence


def test_a_guardian_comes_with_every_child_and_without_the_postal_address() -> None:
    data = GUARDIANS + CHILD * 2 + "\r\n" + ANNE + ";;EXEMPLE;Zoé;CE1 A;LILAS;MODÈLE;Léo;CE2 A, ULIS\r\n"

    row = read_guardians(data.encode("cp1252")).rows[0]

    assert (row.civility, row.family_name, row.usage_name, row.first_name) == ("MME", "EXEMPLE", "LILAS", "Anne")
    assert (row.mailbox_raw, row.home_raw, row.work_raw) == ("anne@familles.test", "0261910000", "")
    assert row.mobile_raw == "06 39 98 10 00"
    assert row.children == (
        ChildRef("", "EXEMPLE", "Zoé", ("CE1 A",)),
        ChildRef("LILAS", "MODÈLE", "Léo", ("CE2 A", "ULIS")),
    )
    assert "1 rue" not in repr(row)


def test_children_beyond_the_title_line_are_not_lost() -> None:
    data = GUARDIANS + CHILD + "\r\n" + ANNE + ";;EXEMPLE;Zoé;CP A;;EXEMPLE;Léo;CP A;;EXEMPLE;Lubin;CP A;\r\n"

    children = read_guardians(data.encode()).rows[0].children

    assert [child.first_name for child in children] == ["Zoé", "Léo", "Lubin"]


def test_an_extension_number_does_not_shift_the_mobile() -> None:
    titles = GUARDIANS.replace("Téléphone portable", "Numéro de poste;Téléphone portable")
    anne = ANNE.replace(";06 39", ";12;06 39")

    row = read_guardians((titles + CHILD + "\r\n" + anne + ";;EXEMPLE;Zoé;CP A\r\n").encode()).rows[0]

    assert row.mobile_raw == "06 39 98 10 00"


def test_a_service_has_one_name() -> None:
    line = ";;FOYER DES EXEMPLES;;;;;;;;;0639981000;;EXEMPLE;Zoé;CP A\r\n"

    row = read_guardians((GUARDIANS + CHILD + "\r\n" + line).encode()).rows[0]

    assert (row.family_name, row.first_name) == ("FOYER DES EXEMPLES", "")


def test_guardians_lines_that_slipped_are_refused() -> None:
    slipped = ANNE.replace("1 rue;", "1; rue;") + ";;EXEMPLE;Zoé;CP A\r\n"
    data = GUARDIANS + CHILD + "\r\n" + ANNE + "\r\n" + ANNE + ";;;Zoé;CP A\r\n" + slipped

    assert [(bad.number, bad.reason) for bad in read_guardians(data.encode()).bad] == [
        (2, "Aucun enfant n'est nommé sur cette ligne."),
        (3, "Il manque le nom ou le prénom d'un enfant."),
        (4, "Il y a un numéro ou un courriel dans le nom d'usage d'un enfant : les colonnes ont glissé."),
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (PUPILS + ZOE, "Ce fichier est celui des élèves ; il faut celui des responsables."),
        (
            GUARDIANS + "\r\n" + ANNE,
            "Il manque les colonnes « Nom de famille enfant », « Prénom enfant » dans ce fichier.",
        ),
        (
            "Nom responsable;Prénom responsable" + CHILD + "\r\nEXEMPLE;Anne;;EXEMPLE;Zoé;CP A",
            "Il manque les colonnes « Courriel » et « Téléphone portable ».",
        ),
    ],
)
def test_a_guardians_file_that_cannot_be_taken_says_why(data: str, sentence: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        read_guardians(data.encode())
    assert str(refusal.value) == sentence


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300), st.text(alphabet='";\r\nEé,\t=\x00a', max_size=80).map(lambda t: (PUPILS + t).encode())
    )
)
def test_whatever_the_file_it_is_a_sheet_or_one_sentence(data: bytes) -> None:
    for read in (read_pupils, read_guardians):
        try:
            sheet = read(data)
        except InvalidError:
            continue
        assert all(bad.number > 1 for bad in sheet.bad)


def test_spellings_of_one_name_have_one_key() -> None:
    assert name_key("  D’Œuvre-Légère ") == name_key("d'oeuvre legere") == "d oeuvre legere"
    assert name_key("ÖRNEK") == "ornek"


def _adult(*, name: str = "exemple|anne", child: str = "", address: str = "") -> AdultTrace:
    return AdultTrace(name, frozenset(filter(None, [child])), frozenset(filter(None, [address])))


def test_a_name_alone_recognises_nobody() -> None:
    one = _adult(child="exemple|zoe", address="+33639981000")

    assert same_adult_evidence(one, _adult(child="exemple|zoe")) is Evidence.CHILD
    assert same_adult_evidence(one, _adult(address="+33639981000")) is Evidence.ADDRESS
    assert same_adult_evidence(one, _adult(child="exemple|leo")) is Evidence.NAME_ONLY
    assert same_adult_evidence(one, _adult(name="exemple|jean", child="exemple|zoe")) is None


def test_two_who_fit_wait_for_the_office() -> None:
    found = _adult(child="exemple|zoe")

    assert recognise(found, {1: _adult(child="exemple|zoe"), 2: _adult()}) == Recognition(Likeness.SAME, 1)
    assert recognise(found, {1: found, 2: found}) == Recognition(Likeness.AMBIGUOUS, candidates=(1, 2))
    assert recognise(found, {2: _adult()}) == Recognition(Likeness.AMBIGUOUS, candidates=(2,))
    assert recognise(found, {3: _adult(name="modele|jean")}) == Recognition(Likeness.NEW)
