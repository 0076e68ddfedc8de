"""The urgent lane: concluded in writing at once, and ratified by the next meeting."""

import pytest

import make
from lane import bad, broken, concluded, owed, review, view
from mdk.db import Database
from mdk.errors import NotAllowed, Stale
from mdk.journey import reviews
from mdk.minutes import queries as minutes
from mdk.minutes.structs import MinutesBody
from mdk.pathways import queries as pathways
from mdk.people import service as people
from mdk.people.structs import Role


# ------------------------------------------------------------------------------------------------- concluding
def test_a_conclusion_is_signed_minutes_and_starts_the_pathway_at_once(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.SURGEON)
    at = make.AT + 3 * make.HOUR
    make.conclude(clinic, number, make.minutes_body("intern_pump"), at=at)
    seen = view(clinic, number)
    assert (seen.state, seen.outcome, seen.clock.whose_move) == ("decided", "intern_pump", "neurosurgery")
    assert (seen.urgent_review.state, seen.urgent_review.concluded_at) == ("concluded", at)
    (signed,) = make.ask(clinic, make.REFERRER, minutes.of_case, number)
    assert (signed.signed.by, signed.signed.at, signed.kind) == ("Kim Smärtgren", at, "urgent")
    assert (signed.conference, signed.quorum_lacking) == (seen.urgent_review.conference, [])
    (referral,) = make.ask(clinic, make.SURGEON, pathways.referrals)[0]
    assert (referral.case, referral.conference) == (number, signed.conference)
    told = owed(clinic, number)
    assert [name for name, _ in told["notice.minutes-signed"]] == [make.REFERRER]
    row = make.conference_row(clinic, signed.conference)
    assert (row.kind, row.state, row.closed_at) == ("urgent", "closed", at)


def test_signing_s_own_rules_hold(clinic: Database) -> None:
    number = make.submitted(clinic, make.submission(**{"diagnosis.expected_treatment_months": 1}))
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)

    def concluding(body: MinutesBody) -> tuple[str, list[str]]:
        return broken(lambda: make.conclude(clinic, number, body))

    assert concluding(MinutesBody(outcome="not_suitable"))[0] == "minutes.incomplete"
    assert concluding(make.minutes_body("intern_pump")) == ("pump.departure-reason", ["departure_reason"])
    assert concluding(make.minutes_body("epidural", route="intrathecal")) == ("minutes.route-mismatch", ["route"])
    assert make.state_of(clinic, number) == "scheduled"
    assert review(clinic, number).state == "open"


def test_without_any_opinion_a_conclusion_needs_a_reason(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    body = make.minutes_body(attendance=[])
    assert broken(lambda: make.conclude(clinic, number, body)) == ("conference.no-quorum", ["quorum_reason"])
    make.conclude(clinic, number, make.minutes_body(quorum_reason="Ingen kunde nås i tid."))
    assert make.state_of(clinic, number) == "decided"


def test_only_a_consultant_concludes_and_not_past_an_opinion_unseen(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    seen = make.version_of(clinic, number)
    for name in (make.COORDINATOR, make.CHAIR, make.NURSE, make.REFERRER):
        with pytest.raises(NotAllowed):
            make.conclude(clinic, number, by=name)
    make.opine(clinic, number, make.NURSE, at=make.AT + make.MINUTE)
    with pytest.raises(Stale):
        make.conclude(clinic, number, version=seen)
    make.conclude(clinic, number)
    assert broken(lambda: make.conclude(clinic, number)) == ("urgent.not-open", [])


def test_a_deferral_sends_the_case_to_the_queue_where_a_meeting_takes_it(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)
    make.conclude(clinic, number, make.minutes_body("deferred"))
    row = make.case_row(clinic, number)
    assert (row.state, row.waiting_from, row.urgent_until) == ("accepted", make.AT, None)
    assert make.ask(clinic, make.COORDINATOR, reviews.waiting) == []
    make.released(clinic, [number])
    assert view(clinic, number).clock.whose_move == "conference"
    assert review(clinic, number).state == "concluded"


def test_a_case_may_pass_the_lane_again_after_a_deferral(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.NURSE)
    make.conclude(clinic, number, make.minutes_body("deferred"), at=make.AT + make.HOUR)
    again = make.AT + 2 * make.HOUR
    make.urgent(clinic, number, members=[make.email(make.PAEDIATRIC)], at=again, deadline=again + make.HOUR)
    found = review(clinic, number)
    assert (found.state, found.opinions, found.opened_at) == ("open", [], again)


def test_the_suggestion_marks_those_who_have_answered_as_present(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.urgent(clinic, number)
    make.opine(clinic, number, make.SURGEON)
    body = make.ask(clinic, make.CONSULTANT, reviews.suggestion, number)
    assert [(row.email, row.present) for row in body.attendance] == [
        (make.email(make.NURSE), False),
        (make.email(make.SURGEON), True),
        (make.email(make.CONSULTANT), True),
    ]
    assert body.informs_patient == "Vera Remitterius"


# ------------------------------------------------------------------------------------------------- ratifying
def test_a_meeting_in_session_lists_and_ratifies_what_was_concluded(clinic: Database) -> None:
    number = concluded(clinic)
    planned = make.released(clinic, [make.accepted(clinic)])
    assert make.ask(clinic, make.CHAIR, reviews.to_ratify, planned) == []
    make.opened(clinic, planned)
    assert [each.line.number for each in make.ask(clinic, make.CHAIR, reviews.to_ratify, planned)] == [number]
    assert make.ask(clinic, make.NURSE, reviews.to_ratify, planned) == []
    make.ratify(clinic, number, planned)
    assert make.ask(clinic, make.CHAIR, reviews.to_ratify, planned) == []
    found = review(clinic, number)
    assert (found.state, found.ratified_at) == ("ratified", make.MEETS)
    assert make.state_of(clinic, number) == "decided"
    assert broken(lambda: make.ratify(clinic, number, planned)) == ("urgent.nothing-to-ratify", [])


def test_a_remark_becomes_an_addendum_to_the_minutes(clinic: Database) -> None:
    number = concluded(clinic)
    make.ratify(clinic, number, make.in_session(clinic, []), remark=" Följs upp redan efter en vecka. ")
    (signed,) = make.ask(clinic, make.REFERRER, minutes.of_case, number)
    assert [(each.by, each.text) for each in signed.addenda] == [("Olga Förare", "Följs upp redan efter en vecka.")]


def test_ratifying_is_for_the_chair_of_a_meeting_in_session(clinic: Database) -> None:
    number = concluded(clinic)
    planned = make.released(clinic, [])
    assert broken(lambda: make.ratify(clinic, number, planned)) == ("urgent.not-in-session", [])
    make.opened(clinic, planned)
    for name in (make.COORDINATOR, make.CONSULTANT, make.NURSE):
        with pytest.raises(NotAllowed):
            make.ratify(clinic, number, planned, by=name)
    with clinic.writing() as session:
        people.add(
            session, email="annan@demo.mdk", name="Annan Förare", role=Role.CHAIR, unit_id="mdk-samordning",
            profession="läkare", at=make.AT,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        make.ratify(clinic, number, planned, by="annan")
    for unknown in ("x", review(clinic, number).conference):
        assert bad(lambda key=unknown: make.ratify(clinic, number, key)) == ["conference"]
    with pytest.raises(Stale):
        make.ratify(clinic, number, planned, version=1)
    make.ratify(clinic, number, planned)


def test_there_is_nothing_to_ratify_before_a_conclusion_or_after_a_deferral(clinic: Database) -> None:
    planned = make.in_session(clinic, [])
    never, number = make.submitted(clinic), make.submitted(clinic)
    assert broken(lambda: make.ratify(clinic, never, planned)) == ("urgent.nothing-to-ratify", [])
    make.urgent(clinic, number)
    assert broken(lambda: make.ratify(clinic, number, planned)) == ("urgent.nothing-to-ratify", [])
    deferred = concluded(clinic, "deferred")
    assert broken(lambda: make.ratify(clinic, deferred, planned)) == ("urgent.nothing-to-ratify", [])
