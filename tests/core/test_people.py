"""People and what their assignments let them do."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
import stores
from mdk import bearers
from mdk.audit.tables import AccessLog
from mdk.clinical import reference as published
from mdk.db import Choices, Database
from mdk.errors import Invalid, NotAllowed, NotFound
from mdk.journey import reference
from mdk.journey.demo import PEOPLE
from mdk.people import queries, service, sign_ins
from mdk.people.rules import ACCESS, CLINICAL_ROLES, Relation, check_may, check_role, may, may_ever
from mdk.people.structs import Role, Viewer
from mdk.people.tables import Person, Region, Unit

EVERY_RELATION = frozenset(Relation)
# Who may ever do what, as contract.md's table of paths has it.
MAY_EVER: dict[str, set[Role]] = {
    "case.create": {Role.REFERRER},
    "case.patch": {Role.REFERRER},
    "case.submit": {Role.REFERRER},
    "case.supplement": {Role.REFERRER},
    "case.confirm-read": {Role.REFERRER},
    "case.treatment-decision": {Role.REFERRER},
    "case.accept": {Role.COORDINATOR, Role.CONSULTANT},
    "case.request-supplement": {Role.COORDINATOR, Role.CONSULTANT},
    "case.answer": {Role.COORDINATOR, Role.CONSULTANT},
    "case.redirect": {Role.COORDINATOR, Role.CONSULTANT},
    "case.decline": {Role.COORDINATOR, Role.CONSULTANT},
    "urgent.open": {Role.COORDINATOR, Role.CONSULTANT},
    "urgent.opine": set(CLINICAL_ROLES),
    "urgent.read-opinions": set(CLINICAL_ROLES),
    "urgent.conclude": {Role.CONSULTANT},
    "urgent.ratify": {Role.CHAIR},
    "minutes.add": {Role.CHAIR, Role.CONSULTANT},
    "case.read": set(CLINICAL_ROLES),
    "case.break-glass": set(CLINICAL_ROLES),
    "case.access-log": {Role.AUDITOR},
    "queue.read": {Role.COORDINATOR, Role.CHAIR, Role.CONSULTANT},
    "series.create": {Role.COORDINATOR, Role.CHAIR},
    "conference.plan": {Role.COORDINATOR, Role.CHAIR},
    "conference.release": {Role.COORDINATOR, Role.CHAIR},
    "conference.open": {Role.CHAIR},
    "conference.run": {Role.CHAIR},
    "conference.close": {Role.CHAIR},
    "conference.read": set(CLINICAL_ROLES),
    "conference.reply": set(CLINICAL_ROLES),
    "minutes.write": {Role.CHAIR},
    "minutes.sign": {Role.CHAIR},
    "minutes.read-signed": set(CLINICAL_ROLES),
    "referral.work": {Role.NEUROSURGERY},
    "assignment.work": {Role.REGIONAL_FUNCTION},
    "people.change": {Role.ADMIN},
}


def someone(role: Role) -> Viewer:
    return Viewer(person_id=1, assignment_id=1, role=role, unit_id="u", email="a@b.c", name="A", unit_name="U")


@pytest.mark.parametrize("act", MAY_EVER)
def test_only_the_roles_of_the_contract_may_ever_do_an_act(act: str) -> None:
    assert {role for role in Role if may_ever(act, someone(role))} == MAY_EVER[act]


@pytest.mark.parametrize("act", ACCESS)
@pytest.mark.parametrize("role", Role)
def test_each_role_is_refused_without_a_relation_and_let_in_with_every(act: str, role: Role) -> None:
    viewer = someone(role)
    if role not in ACCESS[act]:
        with pytest.raises(NotAllowed):
            check_may(act, viewer, EVERY_RELATION, known=True)
        with pytest.raises(NotAllowed):
            check_role(act, viewer)
        return
    check_may(act, viewer, EVERY_RELATION)
    if Relation.ANY in ACCESS[act][role]:
        assert may(act, viewer, frozenset())
        return
    with pytest.raises(NotFound):
        check_may(act, viewer, frozenset())
    with pytest.raises(NotAllowed):
        check_may(act, viewer, frozenset(), known=True)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR, Role.STEERING])
def test_roles_without_patients_see_none(role: Role) -> None:
    seeing = {act for act in ACCESS if role in ACCESS[act]}
    counts = {"figures.read", "figures.set-goal", "prevalence.import", "register.read", "register.map"}
    keeping = {"keeping.read", "removal.decide", "removal.confirm", "removal.execute"}
    # A record leaves as a file and is shown on no page (infra/decisions/0024).
    log = {"case.access-log", "log.read", "log.extract", "log.check", "record.export"}
    may_be = {Role.AUDITOR: log | keeping, Role.ADMIN: counts | keeping, Role.STEERING: counts}
    assert seeing <= {"people.change", "session.end"} | may_be[role]


def test_the_demo_has_seventeen_people_and_loading_again_changes_nothing(clinic: Database) -> None:
    with clinic.reading() as session:
        before = queries.people(session)
    make.people(clinic)
    with clinic.reading() as session:
        assert queries.people(session) == before
    assert {line.email for line in before} == {person.email for person in PEOPLE}
    assert len(before) == 17
    assert {make.email(name) for name in make.EVERYONE} == {line.email for line in before}


def test_the_reference_data_holds_the_four_regions_and_every_unit(database: Database) -> None:
    for _ in range(2):
        with database.writing() as session:
            assert reference.load(session) == (4, len(published.units()))
    with database.reading() as session:
        assert set(session.scalars(select(col(Region.code)))) == {"skane", "halland", "kronoberg", "blekinge"}
        assert len(session.scalars(select(col(Unit.id))).all()) == len(published.units())
        assert {queries.function_unit(session, code).id for code in ("skane", "halland", "kronoberg", "blekinge")} == {
            "funktion-skane",
            "funktion-halland",
            "funktion-kronoberg",
            "funktion-blekinge",
        }
        assert queries.unit_of_kind(session, "neurosurgery").id == "neurokirurgi-lund"
        assert queries.region(session, "skane").has_asih
        with pytest.raises(NotFound):
            queries.function_unit(session, "norge")
        with pytest.raises(NotFound):
            queries.unit_of_kind(session, "x")
        with pytest.raises(NotFound):
            queries.region(session, "norge")


def add(database: Database, **changes: str) -> int:
    given: dict[str, Any] = {
        "email": "ny@demo.mdk",
        "name": "Ny Person",
        "role": "member",
        "unit_id": "mdk-samordning",
    } | changes
    with database.writing() as session:
        return service.add(session, at=make.AT, **given)


def test_a_new_person_s_mails_are_in_the_installation_s_language_and_a_known_one_s_as_before(
    database: Database,
) -> None:
    english = stores.made(database.url.render_as_string(hide_password=False), Choices(language="en"))
    make.people(database)
    for named, email, language in ((None, "ny", "en"), ("sv", "nyare", "sv"), (None, make.CHAIR, "sv")):
        with english.writing() as session:
            given: dict[str, Any] = {"role": "member", "unit_id": "mdk-samordning", "language": named}
            service.add(session, email=make.email(email), name="Ny Person", at=make.AT, **given)
            person = queries.viewer(session, email=make.email(email)).person_id
            assert queries.language_of(session, person) == language
    english.close()


def test_a_new_person_is_told_everything_that_is_wrong_at_once(clinic: Database) -> None:
    with pytest.raises(Invalid) as refused:
        add(clinic, email="ny demo", name=" ", role="nurse", unit_id="nowhere")
    assert [problem.field for problem in refused.value.problems] == ["email", "name", "role", "unit"]
    with pytest.raises(NotFound):
        make.viewer(clinic, "ny demo")


@pytest.mark.parametrize("address", ["", "a", "a b@c.d", "a@b,c@d", "a@b\r\nBcc: x@y", "<a@b>", "a;b@c"])
def test_an_address_that_could_split_a_mail_is_refused(ward: Database, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(ward, email=address)
    assert [problem.field for problem in refused.value.problems] == ["email"]


def test_an_address_is_one_person_however_it_is_written_and_may_have_many_assignments(clinic: Database) -> None:
    first = add(clinic)
    assert add(clinic, email=" NY@demo.mdk ") == first
    second = add(clinic, email="NY@demo.mdk", role="consultant")
    with clinic.reading() as session:
        person = queries.viewer(session, email="Ny@Demo.mdk")
        assert person.assignment_id == first
        assert queries.viewer(session, email="ny@demo.mdk", assignment_id=second).role == Role.CONSULTANT
        mine = [line.assignment_id for line in queries.people(session) if line.person_id == person.person_id]
        assert mine == [first, second]
        with pytest.raises(NotFound):
            queries.viewer(session, email=make.email(make.CHAIR), assignment_id=second)
        assert queries.person_ids(session, [" NY@demo.mdk", "nobody@demo.mdk"]) == {"ny@demo.mdk": person.person_id}


def test_a_disabled_person_is_out_at_once_and_can_be_let_in_again(clinic: Database) -> None:
    assignment = add(clinic)
    with clinic.writing() as session:
        cookie = sign_ins.sign_in(session, assignment_id=assignment, at=make.AT, address="192.0.2.1")
    with clinic.writing() as session:
        service.disable(session, email="NY@demo.mdk", at=make.AT + make.MINUTE)
    with clinic.reading() as session:
        assert queries.signed_in(session, cookie=cookie, at=make.AT + 2 * make.MINUTE, address="") is None
        assert queries.viewer_of_assignment(session, assignment_id=assignment, surface="page", address="") is None
        assert not any(line.email == "ny@demo.mdk" for line in queries.holders(session, Role.MEMBER))
        with pytest.raises(NotFound):
            queries.viewer(session, email="ny@demo.mdk")
    with pytest.raises(NotFound), clinic.writing() as session:
        sign_ins.sign_in(session, assignment_id=assignment, at=make.AT, address="")
    with pytest.raises(NotFound), clinic.writing() as session:
        service.disable(session, email="nobody@demo.mdk", at=make.AT)
    assert add(clinic) == assignment
    assert make.viewer(clinic, "ny").assignment_id == assignment


def test_the_log_says_whose_access_was_given_changed_and_ended(clinic: Database) -> None:
    assignment = add(clinic, email="Ny@demo.mdk")
    with clinic.writing() as session:
        service.change_address(session, email="ny@demo.mdk", to="nyare@demo.mdk", at=make.AT)
        given: dict[str, Any] = {"minutes": 90, "secret": make.SECRET, "issuer": "https://mdk.example", "at": make.AT}
        token = sign_ins.give_token(session, email="Nyare@demo.mdk", **given)
        sign_ins.end_all(session, email="nyare@demo.mdk", at=make.AT)
        service.disable(session, email="nyare@demo.mdk", at=make.AT)
    with clinic.reading() as session:
        rows = session.execute(
            select(col(AccessLog.act), col(AccessLog.reason)).order_by(col(AccessLog.id).desc()).limit(5)
        )
        assert [tuple(row) for row in rows] == [
            ("person.disable", "nyare@demo.mdk"),
            ("session.end-all", "nyare@demo.mdk"),
            ("token.give", "nyare@demo.mdk, 90 min"),
            ("person.change-address", "ny@demo.mdk → nyare@demo.mdk"),
            ("person.add", "ny@demo.mdk"),
        ]
    bearer = bearers.read(make.SECRET, token, make.AT + make.MINUTE, issuer="https://mdk.example")
    assert (bearer.assignment_id, bearer.expires_at) == (assignment, make.AT + 90 * make.MINUTE)


def test_names_of_people_and_of_the_system(clinic: Database) -> None:
    with clinic.reading() as session:
        person = session.scalars(select(Person).where(col(Person.email) == make.email(make.CHAIR))).one()
        assert queries.names(session, {person.id, None}) == {None: "Systemet", person.id: person.name}
        assert [line.email for line in queries.clinicians(session)] == sorted(
            {line.email for line in queries.clinicians(session)},
            key=lambda email: next(each.name for each in PEOPLE if each.email == email),
        )
        assert {unit.id for unit in queries.units(session)} == {unit.id for unit in published.units()}
