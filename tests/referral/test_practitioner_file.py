"""Every way in which a row can be wrong is told with its line, and then nothing is stored."""

from datetime import date
from pathlib import Path

import pytest

from needlepoint.referral.practitioner_file import (
    COLUMNS,
    PractitionerFileError,
    Problem,
    read_practitioners,
)
from needlepoint.referral.practitioners import list_practitioners, replace_practitioners

EXAMPLE = Path("data/referral/practitioners_example.csv")
GOOD = {
    "name": "Example Person",
    "titles": "L.Ac.",
    "gender": "woman",
    "licence_body": "Example Board",
    "licence_number": "1",
    "licence_expires": "2031-12-31",
    "specialities": "Sciatica; pregnancy",
    "languages": "English; es",
    "address": "1 Example Street",
    "city": "Asheville",
    "region": "NC",
    "postal_code": "28801",
    "country": "US",
    "latitude": "35.5951",
    "longitude": "-82.5515",
    "phone": "(828) 555-0100",
    "booking_url": "https://example.com/book?who=1",
}
CANADA = {"country": "CA", "region": "ON", "postal_code": "m5v2t6", "phone": "416-555-0100"}
BRITAIN = {"country": "GB", "region": "wls", "postal_code": "cf101ep", "phone": "029 2018 0100"}
# What is changed in a good row; the column and words of the reason that must be told.
BAD_CELLS: list[tuple[dict[str, str], str, str]] = [
    ({"name": " "}, "name", "fill it in"),
    ({"name": "x" * 201}, "name", "201 characters; shorten it to 200"),
    ({"name": "Ann\x1b[2J"}, "name", "U+001B at place 4"),
    ({"name": "Ann\0Lee"}, "name", "hidden character"),
    ({"name": "Ann \u202eeel"}, "name", "U+202E"),
    ({"titles": ""}, "titles", "fill it in"),
    ({"gender": "lady"}, "gender", "'lady' must be woman, man, nonbinary or empty"),
    ({"licence_body": ""}, "licence_body", "fill it in"),
    ({"licence_number": "A\u200b1"}, "licence_number", "U+200B"),
    ({"licence_expires": ""}, "licence_expires", "fill it in"),
    ({"licence_expires": "12/31/2031"}, "licence_expires", "year-month-day"),
    ({"licence_expires": "2031-02-30"}, "licence_expires", "'2031-02-30' is no date"),
    ({"licence_expires": "0231-12-31"}, "licence_expires", "the year 231"),
    ({"specialities": "x" * 101}, "specialities", "shorten it to 100"),
    ({"languages": "English; Klingonish"}, "languages", "'Klingonish' is not known"),
    ({"address": ""}, "address", "fill it in"),
    ({"city": "x" * 101}, "city", "shorten it to 100"),
    ({"region": "XX"}, "region", "'XX' is no state"),
    ({**CANADA, "region": ""}, "region", "is no province"),
    ({**BRITAIN, "region": "Wales"}, "region", "ENG, SCT, WLS, NIR"),
    ({"postal_code": "2880"}, "postal_code", "dropped a zero: 02880?"),
    ({"postal_code": "00000"}, "postal_code", "there is no ZIP code 00000"),
    ({**CANADA, "postal_code": "D5V 2T6"}, "postal_code", "of CA; write it as M5V 2T6"),
    ({**BRITAIN, "postal_code": "CF10"}, "postal_code", "of GB; write it as CF10 1EP"),
    ({"country": "UK"}, "country", "write GB"),
    ({"latitude": "35,5951"}, "latitude", "with a point"),
    ({"latitude": "95"}, "latitude", "from -90 to 90"),
    ({"longitude": "nan"}, "longitude", "is no number"),
    ({"longitude": "82.5515"}, "latitude", "check latitude, longitude and their minus signs"),
    ({**BRITAIN, "latitude": "0", "longitude": "0"}, "latitude", "in the sea"),
    ({"phone": "555"}, "phone", "'555' is no phone number of US"),
    ({"phone": "828-555-0100 ext. 12"}, "phone", "extension"),
    ({"booking_url": "http://example.com"}, "booking_url", "begin with https://"),
    ({"booking_url": "https://a:b@example.com"}, "booking_url", "user name"),
]
BAD_ROWS = {
    "short": "has 16 cells, and the first line has 17",
    "long": "has 18 cells, and the first line has 17",
    "twice": "line 3 has the same licence",
}
MORE_BAD_CELLS: list[tuple[dict[str, str], str, str]] = [
    ({"postal_code": ""}, "postal_code", "'' is no postal code of US"),
    ({"country": "Canada"}, "country", "two letters"),
    ({**BRITAIN, "phone": "828-555-0100"}, "phone", "of GB"),
    ({"phone": ""}, "phone", "is no phone number"),
    ({"longitude": "1e999"}, "longitude", "is no number"),
    ({"booking_url": "javascript:alert(1)"}, "booking_url", "begin with https://"),
    ({"booking_url": "https://localhost/"}, "booking_url", "no name of a web site"),
    ({"booking_url": "https://example.com/a b"}, "booking_url", "has a character"),
    ({"booking_url": "https://example.com/<b>"}, "booking_url", "has a character"),
    ({"booking_url": "https://example.com\\@evil.example"}, "booking_url", "has a character"),
    ({"booking_url": "https://example.com:99999/"}, "booking_url", "is no web address"),
    ({"booking_url": "https://[::1"}, "booking_url", "is no web address"),
    ({"booking_url": "https://"}, "booking_url", "no name of a web site"),
    ({"name": "x" * 10_000}, "name", "10000 characters"),
    ({"licence_number": "A\ufeff1"}, "licence_number", "U+FEFF"),
]


def row(**changes: str) -> dict[str, str]:
    return {**GOOD, **changes}


def write(path: Path, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    # Not by the csv module, which cannot write NUL.
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in [COLUMNS, *rows]]
    text = "".join(delimiter.join(cells) + "\n" for cells in quoted)
    path.write_bytes(text.encode(encoding))
    return path


def cells(values: dict[str, str]) -> list[str]:
    return [values[column] for column in COLUMNS]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "practitioners.csv"


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(PractitionerFileError) as caught:
        read_practitioners(path)
    assert str(caught.value).count("\n") == len(caught.value.problems) - 1
    assert str(caught.value).startswith(f"{path}:{caught.value.problems[0].line}: ")
    return caught.value.problems


def test_37_of_1000_rows_are_bad_each_in_its_own_way(file, engine) -> None:
    rows = [cells(row(licence_number=f"N{number}")) for number in range(1000)]
    expected = {}
    for number, (changes, column, reason) in enumerate(BAD_CELLS):
        position = 7 + 27 * number
        rows[position] = cells({**row(licence_number=f"N{position}"), **changes})
        expected[position + 2] = (column, reason)
    rows[990].pop()
    rows[991].append("one more")
    rows[992] = cells(row(licence_number="n 1"))  # as N1, in line 3
    for line, (column, reason) in zip(
        (992, 993, 994),
        zip((None, None, "licence_number"), BAD_ROWS.values(), strict=True),
        strict=True,
    ):
        expected[line] = (column, reason)
    assert len(expected) == 37
    replace_practitioners(engine, read_practitioners(EXAMPLE))
    before = list_practitioners(engine)
    assert before

    found = problems(write(file, rows))

    assert [problem.line for problem in found] == sorted(expected)
    for problem in found:
        column, reason = expected[problem.line]
        assert problem.column == column
        assert reason in problem.reason
    assert list_practitioners(engine) == before


@pytest.mark.parametrize(("changes", "column", "reason"), MORE_BAD_CELLS)
def test_more_bad_cells(file, changes, column, reason) -> None:
    (problem,) = problems(write(file, [cells(row(**changes))]))
    assert (problem.line, problem.column) == (2, column)
    assert reason in problem.reason


def test_all_problems_of_a_row_are_told(file) -> None:
    found = problems(write(file, [cells(row(name="", phone="1", country="XX"))]))
    # Without a country the phone number cannot be checked: that would be a guess.
    assert {problem.column for problem in found} == {"name", "country"}


def test_a_good_row_is_stored_in_one_form(file) -> None:
    (found,) = read_practitioners(write(file, [cells(GOOD)]))
    assert found.licence_expires == date(2031, 12, 31)
    assert found.languages == ("en", "es")
    assert found.specialities == ("sciatica", "pregnancy")
    assert found.phone == "+18285550100"
    canada, britain = read_practitioners(
        write(file, [cells(row(**CANADA)), cells(row(**BRITAIN, licence_number="2"))])
    )
    assert (canada.postal_code, canada.phone) == ("M5V 2T6", "+14165550100")
    assert (britain.postal_code, britain.region) == ("CF10 1EP", "WLS")


def test_what_may_be_empty_or_is_of_another_country(file) -> None:
    changes = {
        "gender": "", "specialities": "", "languages": "", "booking_url": "", "region": "",
        "postal_code": "", "country": "de", "latitude": "52.52", "longitude": "13.40",
        "phone": "030 901820",
    }  # fmt: skip
    (found,) = read_practitioners(write(file, [cells(row(**changes))]))
    assert (found.gender, found.booking_url, found.region, found.postal_code) == (None,) * 4
    assert (found.languages, found.specialities, found.country) == ((), (), "DE")
    assert found.phone == "+4930901820"


@pytest.mark.parametrize(
    "name",
    [
        "محمد علی‌پور",  # with a joiner that cannot be seen
        "דוד כהן \u200f(L.Ac.)",
        "李小龍 👩‍⚕️",
        '=HYPERLINK("https://evil.example","Click")',
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "<script>alert(1)</script>'); DROP TABLE practitioner;--",
        "O'Brien, “Zoë” \\ {name} %s",
    ],
)
def test_text_of_any_kind_is_kept_as_text(file, engine, name) -> None:
    rows = read_practitioners(write(file, [cells(row(name=name))]))
    assert rows[0].name == name
    replace_practitioners(engine, rows)
    assert list_practitioners(engine)[0].name == name


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_usual_kinds_of_csv(file, delimiter, encoding, newline) -> None:
    write(file, [cells(row(name="Zoë"))], delimiter, encoding)
    file.write_bytes(file.read_bytes().replace(b"\n", newline.encode()))
    assert [p.name for p in read_practitioners(file)] == ["Zoë"]


def test_names_of_columns_in_other_letters_and_another_order(file) -> None:
    names = [column.replace("_", " ").title() for column in reversed(COLUMNS)]
    file.write_text(",".join(names) + "\n" + ",".join(f'"{c}"' for c in reversed(cells(GOOD))))
    assert read_practitioners(file)[0].name == "Example Person"


def test_the_line_is_where_the_row_begins(file) -> None:
    rows = [
        cells(row(address="1 Example Street\n2nd floor\n\nleft")),
        ["" for _ in COLUMNS],
        cells(row(licence_number="2", phone="1")),
    ]
    (problem,) = problems(write(file, rows))
    assert problem.line == 7
    (found,) = read_practitioners(write(file, rows[:2]))
    assert found.address == "1 Example Street 2nd floor left"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ["is empty"]),
        (",".join(COLUMNS[1:]), ["is missing"]),
        (",".join((*COLUMNS, "shoe_size")), ["'shoe_size' is not known; remove it"]),
        (",".join((*COLUMNS, "name")), ["is there twice"]),
        (",".join(COLUMNS).replace("phone", "fone"), ["is phone meant?", "is missing"]),
        (",".join(COLUMNS).replace("licence_body", "license_body"), ["is licence_body", "missing"]),
        (",".join(COLUMNS), ["has no practitioner"]),
        ('"name', ["check the quotes"]),
    ],
)
def test_bad_headers(file, header, expected) -> None:
    file.write_text(header)
    found = problems(file)
    assert [p.line for p in found] == [1] * len(expected)
    assert all(words in p.reason for words, p in zip(expected, found, strict=True))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding(file, encoding) -> None:
    rows = [cells(GOOD), cells(row(name="Zoë", licence_number="2"))]
    (problem,) = problems(write(file, rows, encoding=encoding))
    assert "CSV UTF-8" in problem.reason
    assert problem.line == (3 if encoding == "latin-1" else 1)


def test_quotes_in_the_wrong_place(file) -> None:
    good = ",".join(f'"{cell}"' for cell in cells(GOOD))
    bad = good.replace('"Example Person"', '"Example" Person')
    later = good.replace('"28801"', '"00000"')
    unclosed = good.removesuffix('"')
    file.write_text("\n".join((",".join(COLUMNS), bad, later, good, unclosed)))
    found = problems(file)
    assert [problem.line for problem in found] == [2, 3, 5]
    assert "quotes" in found[0].reason
    assert found[1].column == "postal_code"
    assert "quotes" in found[2].reason


def test_the_example_file_is_clearly_fictional() -> None:
    rows = read_practitioners(EXAMPLE)
    assert 8 <= len(rows) <= 10
    assert sum(not p.is_licensed(date.today()) for p in rows) == 1
    for practitioner in rows:
        assert practitioner.name.startswith("Example ")
        assert practitioner.licence_number.startswith("EXAMPLE-")
        assert "55501" in practitioner.phone or practitioner.phone.startswith("+4429201801")
        assert ".example.com/" in (practitioner.booking_url or ".example.com/")
