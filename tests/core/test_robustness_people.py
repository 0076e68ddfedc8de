"""Names and addresses that no list, header or mail could carry are refused or made plain."""

import pytest

import make
from mdk.db import Database
from mdk.errors import Invalid
from mdk.people import service
from mdk.people.queries import viewer
from mdk.people.structs import Role


def _add(database: Database, email: str, name: str) -> None:
    with database.writing() as session:
        service.add(session, email=email, name=name, role=Role.MEMBER, unit_id="mdk-samordning", at=make.AT)


@pytest.mark.parametrize(
    "address",
    [
        "", "x", "@demo.mdk", "a b@demo.mdk", "a@b@demo.mdk", "a\r\nbcc:x@demo.mdk", "a\x00@demo.mdk", "å@demo.mdk",
        '"a"@demo.mdk', "a@demo..mdk", "a" * 65 + "@demo.mdk", "a@" + "b" * 64, "a@" + ".".join(["b" * 60] * 4),
        "<a@demo.mdk>", "a@demo.mdk,b@demo.mdk", "\u202ea@demo.mdk",
    ],
)  # fmt: skip
def test_an_address_that_no_mail_could_be_sent_to_is_refused(embedded: Database, address: str) -> None:
    make.people(embedded)
    with pytest.raises(Invalid) as refused:
        _add(embedded, address, "Anna")
    assert [problem.field for problem in refused.value.problems] == ["email"]


@pytest.mark.parametrize("name", ["", " \t\n", "a" * 201, "a\x00b", "a\u202eb", "a\ud800b"])
def test_a_name_that_cannot_be_read_is_refused(embedded: Database, name: str) -> None:
    make.people(embedded)
    with pytest.raises(Invalid) as refused:
        _add(embedded, "anna@demo.mdk", name)
    assert [problem.field for problem in refused.value.problems] == ["name"]


def test_a_name_over_several_lines_becomes_one(embedded: Database) -> None:
    make.people(embedded)
    _add(embedded, "anna.o'hara+mdk@demo.mdk", ' Anna\r\nX-Evil: "1";\u00a0Öberg 💩 ')
    with embedded.reading() as session:
        assert viewer(session, email="anna.o'hara+mdk@demo.mdk").name == 'Anna X-Evil: "1"; Öberg 💩'
