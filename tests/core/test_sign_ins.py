"""Page sessions: what opens, rotates and ends them, and for whom an identity provider may vouch."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlmodel import col

import make
from mdk.audit.tables import AccessLog
from mdk.bearers import Bearer
from mdk.db import Database
from mdk.errors import Invalid, NotFound, SignInRefused
from mdk.people import queries, service, sign_ins
from mdk.people.structs import Arrival, Door, Holder, SignedIn, Vouched
from mdk.people.tables import Person, SignIn
from mdk.tokens import TokenRefused

ISSUER = "https://idp.example"
DOOR = Door(issuer=ISSUER)
HSA = "TSTNMT2321000156-1077"
COMMISSION = "TSTNMT2321000156-108K"
OTHER_COMMISSION = "TSTNMT2321000156-108L"
UNIT = "TSTNMT2321000156-10NK"


def entered(database: Database, name: str = make.CHAIR, *, door: Door = DOOR) -> str:
    assignment = make.viewer(database, name).assignment_id
    with database.writing() as session:
        return sign_ins.sign_in(session, assignment_id=assignment, at=make.AT, address="192.0.2.1", door=door)


def arrived(database: Database, **who: object) -> Arrival:
    given = Vouched(**{"issuer": ISSUER, "email": make.email(make.CHAIR), **who})  # type: ignore[arg-type]
    with database.writing() as session:
        return sign_ins.arrive(session, who=given, at=make.AT, address="192.0.2.1", agent="Firefox, Linux", door=DOOR)


def found(database: Database, cookie: str, *, after: timedelta = timedelta(), door: Door = DOOR) -> SignedIn | None:
    with database.reading() as session:
        return queries.signed_in(session, cookie=cookie, at=make.AT + after, address="192.0.2.1", door=door)


def held(database: Database, cookie: str) -> Holder:
    with database.reading() as session:
        holder = queries.holder(session, cookie=cookie, at=make.AT, door=DOOR)
    assert holder is not None
    return holder


def doctor(database: Database) -> tuple[int, int]:
    """Someone with two assignments that the provider has names for."""
    with database.writing() as session:
        first, second = (
            service.add(
                session, email="ny@demo.mdk", name="Ny Läkare", role=role, unit_id=unit, hsa_id=HSA,
                commission=commission, at=make.AT,
            )
            for role, unit, commission in (
                ("referrer", "palliativa-vaxjo", COMMISSION), ("member", "mdk-samordning", OTHER_COMMISSION),
            )
        )  # fmt: skip
        service.name_unit(session, unit_id="palliativa-vaxjo", hsa_id=UNIT, at=make.AT)
    return first, second


def test_a_session_ends_after_its_hours_however_much_it_is_used_and_its_cookie_is_not_stored(clinic: Database) -> None:
    cookie = entered(clinic)
    with clinic.writing() as session:
        assert cookie not in {row.cookie_hash for row in session.scalars(select(SignIn))}
        session.execute(update(SignIn).values(seen_at=make.AT + timedelta(hours=9.5)))
    for later, holds in ((timedelta(hours=9.9), True), (timedelta(hours=10), False)):
        assert (found(clinic, cookie, after=later) is not None) is holds
    assert found(clinic, cookie + "x") is None


def test_a_session_that_nobody_uses_ends_by_itself_and_use_keeps_it(clinic: Database) -> None:
    cookie = entered(clinic)
    assert found(clinic, cookie, after=timedelta(minutes=60)) is None
    signed_in = found(clinic, cookie, after=timedelta(minutes=59))
    assert signed_in is not None
    with clinic.reading() as session:
        sign_ins.note_use(session, signed_in=signed_in, at=make.AT + timedelta(minutes=59))
    assert found(clinic, cookie, after=timedelta(minutes=118)) is not None
    assert found(clinic, cookie, after=timedelta(minutes=119)) is None


def test_the_use_is_kept_at_most_every_other_minute(ward: Database) -> None:
    cookie = entered(ward)
    signed_in = found(ward, cookie, after=make.MINUTE)
    assert signed_in is not None
    with ward.reading() as session:
        sign_ins.note_use(session, signed_in=signed_in, at=make.AT + make.MINUTE)
    with ward.reading() as session:
        assert session.scalars(select(col(SignIn.seen_at))).one() == make.AT


def test_f24_a_clock_that_is_set_back_makes_no_session_eternal(clinic: Database) -> None:  # F24
    cookie = entered(clinic)
    assert found(clinic, cookie, after=timedelta(minutes=-4)) is not None
    assert found(clinic, cookie, after=timedelta(days=-3650)) is None


def test_a_session_that_another_vouched_for_opens_nothing(clinic: Database) -> None:
    cookie = entered(clinic, door=Door(issuer="demo"))
    assert found(clinic, cookie) is None
    assert found(clinic, cookie, door=Door(issuer="demo")) is not None


def test_who_has_one_assignment_is_in_and_who_has_several_chooses_first(clinic: Database) -> None:
    first, second = doctor(clinic)
    alone = arrived(clinic)
    assert (alone.must_choose, found(clinic, alone.cookie).viewer.email) == (False, make.email(make.CHAIR))
    several = arrived(clinic, email="NY@demo.mdk")
    assert (several.must_choose, found(clinic, several.cookie)) == (True, None)
    holder = held(clinic, several.cookie)
    with clinic.writing() as session:
        assert [line.assignment_id for line in queries.choices(session, holder)] == [first, second]
        chosen = sign_ins.switch(session, held=holder, assignment_id=second, at=make.AT, address="192.0.2.1")
    signed_in = found(clinic, chosen)
    assert signed_in is not None
    assert (signed_in.viewer.assignment_id, signed_in.can_switch) == (second, True)


def test_a_switch_gives_a_new_cookie_ends_the_old_one_and_wins_no_time(clinic: Database) -> None:
    first, second = doctor(clinic)
    with clinic.writing() as session:
        old = sign_ins.sign_in(session, assignment_id=first, at=make.AT, address="", door=DOOR)
    holder = held(clinic, old)
    with clinic.writing() as session:
        new = sign_ins.switch(session, held=holder, assignment_id=second, at=make.AT + make.HOUR, address="")
    assert found(clinic, old, after=make.HOUR) is None
    assert found(clinic, new, after=make.HOUR).viewer.assignment_id == second
    with clinic.reading() as session:
        newest = session.scalars(select(SignIn).order_by(col(SignIn.id).desc())).first()
        assert newest is not None
        assert newest.ends_at == make.AT + DOOR.lasts


@pytest.mark.parametrize(
    ("who", "offers"),
    [
        ({"hsa_id": HSA}, 2),
        ({"hsa_id": HSA, "commissions": (COMMISSION,)}, 1),
        ({"hsa_id": HSA, "commissions": (COMMISSION, OTHER_COMMISSION)}, 2),
        ({"hsa_id": HSA, "units": (UNIT,)}, 1),
        ({"hsa_id": HSA, "commissions": (COMMISSION,), "units": (UNIT,)}, 1),
    ],
)
def test_the_provider_narrows_the_assignments_that_may_be_chosen(
    ward: Database, who: dict[str, object], offers: int
) -> None:
    first, second = doctor(ward)
    holder = held(ward, arrived(ward, email=None, **who).cookie)
    with ward.writing() as session:
        assert [line.assignment_id for line in queries.choices(session, holder)] == [first, second][:offers]
        if offers == 1:
            with pytest.raises(NotFound):
                sign_ins.switch(session, held=holder, assignment_id=second, at=make.AT, address="")


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ({"email": "nobody@demo.mdk"}, "sign-in.unknown-person"),
        ({"email": None}, "sign-in.unknown-person"),
        ({"email": ""}, "sign-in.unknown-person"),
        ({"hsa_id": HSA.lower()}, "sign-in.unknown-person"),
        ({"hsa_id": HSA, "commissions": ("TSTNMT2321000156-9999",)}, "sign-in.no-assignment"),
        ({"hsa_id": HSA, "commissions": ()}, "sign-in.no-assignment"),
        ({"hsa_id": HSA, "commissions": (OTHER_COMMISSION,), "units": (UNIT,)}, "sign-in.no-assignment"),
    ],
)
def test_whom_nobody_here_knows_is_refused_and_told_why(ward: Database, who: dict[str, object], code: str) -> None:
    doctor(ward)
    with pytest.raises(SignInRefused) as refused:
        arrived(ward, **who)
    assert refused.value.code == code


def test_a_disabled_person_and_one_whose_assignment_has_ended_are_refused(ward: Database) -> None:
    with ward.writing() as session:
        service.disable(session, email=make.email(make.CHAIR), at=make.AT)
    with pytest.raises(SignInRefused, match="inte upplagd"):
        arrived(ward)


def test_own_sessions_are_listed_and_ended_one_by_one_or_all_but_this(clinic: Database) -> None:
    own, other, third, foreign = (entered(clinic, name) for name in (make.CHAIR,) * 3 + (make.NURSE,))
    signed_in, someone = found(clinic, own), found(clinic, foreign)
    assert signed_in is not None
    assert someone is not None
    by = signed_in.viewer
    with clinic.reading() as session:
        shown = queries.sessions(session, person_id=by.person_id, at=make.AT, idles=DOOR.idles)
    assert [each.address for each in shown] == ["192.0.2.1"] * 3
    with clinic.writing() as session:
        sign_ins.end(session, session_id=held(clinic, other).session_id, by=by, at=make.AT)
    for session_id in (someone.session_id, 10**8):
        with pytest.raises(NotFound), clinic.writing() as session:
            sign_ins.end(session, session_id=session_id, by=by, at=make.AT)
    with clinic.writing() as session:
        assert sign_ins.end_others(session, signed_in=signed_in, at=make.AT) == 1
    assert [found(clinic, each) is not None for each in (own, other, third, foreign)] == [True, False, False, True]


def test_everybody_s_sessions_can_be_ended_from_outside_and_the_person_may_come_again(clinic: Database) -> None:
    cookie, other = entered(clinic), entered(clinic)
    with clinic.writing() as session:
        assert sign_ins.end_all(session, email=make.email(make.CHAIR).upper(), at=make.AT) == 2
    assert (found(clinic, cookie), found(clinic, other)) == (None, None)
    assert found(clinic, entered(clinic)) is not None
    with pytest.raises(NotFound), clinic.writing() as session:
        sign_ins.end_all(session, email="nobody@demo.mdk", at=make.AT)


def bearer_of(database: Database, name: str, issued_at: datetime) -> Bearer:
    by = make.viewer(database, name)
    return Bearer(by.person_id, by.assignment_id, "x", issued_at, issued_at + timedelta(days=300))


def may_call(database: Database, bearer: Bearer) -> bool | None:
    """Whether a token still opens the API; None when it is of someone who has no access any more."""
    with database.reading() as session:
        try:
            viewer = queries.viewer_of_bearer(session, bearer, address="192.0.2.1")
        except TokenRefused:
            return False
    return None if viewer is None else (viewer.person_id, viewer.surface) == (bearer.person_id, "api")


def test_whoever_ends_every_session_of_a_person_ends_their_tokens_too_and_nobody_else_s(clinic: Database) -> None:
    old, other = bearer_of(clinic, make.CHAIR, make.AT - make.DAY), bearer_of(clinic, make.NURSE, make.AT - make.DAY)
    same = bearer_of(clinic, make.CHAIR, make.AT)
    after = bearer_of(clinic, make.CHAIR, make.AT + timedelta(seconds=1))
    assert [may_call(clinic, each) for each in (old, other, same, after)] == [True] * 4
    with clinic.writing() as session:
        sign_ins.end_all(session, email=make.email(make.CHAIR), at=make.AT + timedelta(seconds=0.5))
        assert queries.tokens_ended_at(session, old.person_id) == make.AT + timedelta(seconds=0.5)
    assert [may_call(clinic, each) for each in (old, other, same, after)] == [False, True, False, True]


def test_who_ends_all_their_other_sessions_ends_their_tokens_and_one_session_alone_ends_none(clinic: Database) -> None:
    own, other = entered(clinic), entered(clinic)
    signed_in, token = found(clinic, own), bearer_of(clinic, make.CHAIR, make.AT - make.DAY)
    assert signed_in is not None
    with clinic.writing() as session:
        session_id = held(clinic, other).session_id
        sign_ins.end(session, session_id=session_id, by=make.viewer(clinic, make.CHAIR), at=make.AT)
    assert may_call(clinic, token) is True
    with clinic.writing() as session:
        assert sign_ins.end_others(session, signed_in=signed_in, at=make.AT) == 0
    assert may_call(clinic, token) is False
    assert found(clinic, own) is not None


def test_the_tokens_of_someone_who_was_disabled_stay_void_when_they_are_let_in_again(clinic: Database) -> None:
    doctor(clinic)
    token = bearer_of(clinic, "ny", make.AT - make.DAY)
    with clinic.writing() as session:
        service.disable(session, email="ny@demo.mdk", at=make.AT)
    assert may_call(clinic, token) is None
    doctor(clinic)
    assert may_call(clinic, token) is False
    assert may_call(clinic, bearer_of(clinic, "ny", make.AT + make.MINUTE)) is True


def test_a_token_speaks_for_one_person_under_their_own_assignment(clinic: Database) -> None:
    own = bearer_of(clinic, make.CHAIR, make.AT)
    for person_id, assignment_id in (
        (make.viewer(clinic, make.NURSE).person_id, own.assignment_id),
        (own.person_id, 10**8),
    ):
        strange = Bearer(person_id, assignment_id, "x", make.AT, make.AT + make.DAY)
        assert may_call(clinic, strange) is None


def test_signing_out_ends_the_session_and_what_ended_long_ago_is_forgotten(clinic: Database) -> None:
    cookie = entered(clinic)
    holder = held(clinic, cookie)
    with clinic.writing() as session:
        sign_ins.sign_out(session, held=holder, at=make.AT, address="")
    assert found(clinic, cookie) is None
    later = make.AT + timedelta(days=31)
    assignment = make.viewer(clinic, make.CHAIR).assignment_id
    with clinic.writing() as session:
        sign_ins.sign_in(session, assignment_id=assignment, at=later, address="")
    with clinic.reading() as session:
        assert session.scalars(select(col(SignIn.created_at))).all() == [later]
        signed = select(col(AccessLog.act)).where(col(AccessLog.act).like("sign-%"))
        acts = session.scalars(signed.order_by(col(AccessLog.id)))
        assert list(acts) == ["sign-in", "sign-out", "sign-in"]


@pytest.mark.parametrize(
    "hsa_id", ["", "SE1", "SE2321000131_X", "SE2321000131-å", "se2321000131-P1", "SE2321000131-" + "1" * 19]
)
def test_an_hsa_id_has_its_form(ward: Database, hsa_id: str) -> None:
    with pytest.raises(Invalid), ward.writing() as session:
        service.name_unit(session, unit_id="palliativa-vaxjo", hsa_id=hsa_id, at=make.AT)


def test_an_hsa_id_is_one_person_s_and_one_unit_s_and_reference_data_leave_it(ward: Database) -> None:
    doctor(ward)
    with pytest.raises(Invalid), ward.writing() as session:
        service.add(
            session, email="annan@demo.mdk", name="Annan", role="member", unit_id="mdk-samordning", hsa_id=HSA,
            at=make.AT,
        )  # fmt: skip
    with pytest.raises(Invalid), ward.writing() as session:
        service.name_unit(session, unit_id="mdk-samordning", hsa_id=UNIT, at=make.AT)
    with pytest.raises(NotFound), ward.writing() as session:
        service.name_unit(session, unit_id="okand", hsa_id=UNIT, at=make.AT)
    make.people(ward)
    with ward.reading() as session:
        assert {unit.id: unit.hsa_id for unit in queries.units(session) if unit.hsa_id} == {"palliativa-vaxjo": UNIT}
        assert session.scalars(select(Person).where(col(Person.hsa_id) == HSA)).one().email == "ny@demo.mdk"
