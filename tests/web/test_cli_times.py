"""Series and absences on the command line: the same acts, rules and refusals as on the pages."""

import pytest

import make
from mdk import clock
from web.commands import Run, is_one_line

COORDINATOR, CONSULTANT = make.email(make.COORDINATOR), make.email(make.CONSULTANT)
PLAN = (
    "series", "add", "Onsdagar", "--as", COORDINATOR, "--rrule", "FREQ=WEEKLY;BYDAY=WE", "--chair",
    make.email(make.CHAIR), "--consultant", CONSULTANT, "--member", make.email(make.NURSE),
)  # fmt: skip


def test_a_series_is_planned_listed_and_ended_and_an_absence_that_hits_it_is_told_and_taken_back(mdk: Run) -> None:
    meets = clock.today(clock.now() + (9 - clock.today(clock.now()).weekday()) * make.DAY)  # a Wednesday ahead
    planned = mdk(*PLAN, "--first-start", f"{meets}T13:00")
    assert (planned.exit_code, planned.stdout) == (0, "Onsdagar: 12 konferenser är planerade.\n")
    (line,) = mdk("series", "list", "--as", COORDINATOR).stdout.splitlines()
    *listed, series = line.split("\t")
    assert (listed[:2], listed[3:]) == (["Onsdagar", "FREQ=WEEKLY;BYDAY=WE"], ["60 min", "12"])
    away = mdk("absence", "add", str(meets), str(meets), "--as", CONSULTANT, "--deputy", make.email(make.SURGEON))
    assert (away.exit_code, away.stdout) == (0, f"{CONSULTANT} är borta {meets} till {meets}; 1 konferenser berörs.\n")
    (row,) = mdk("absence", "list", "--as", COORDINATOR).stdout.splitlines()
    *told, absence = row.split("\t")
    assert told == [CONSULTANT, str(meets), str(meets), make.email(make.SURGEON), "1"]
    removed = mdk("absence", "remove", absence, "--as", CONSULTANT)
    assert (removed.exit_code, removed.stdout) == (0, "Frånvaron är borttagen.\n")
    assert mdk("absence", "list", "--as", COORDINATOR).stdout == ""
    given = ("--from", str(meets + 7 * make.DAY), "--reason", "Sommar", "--as", COORDINATOR)
    ended = mdk("series", "end", series, *given)
    assert (ended.exit_code, ended.stdout) == (0, f"Onsdagar är avslutad från {meets + 7 * make.DAY}.\n")
    assert mdk("series", "list", "--as", COORDINATOR).stdout.split("\t")[4] == "1"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ((*PLAN, "--first-start", "2027-03-28T02:30"), "klockan ställs om"),
        ((*PLAN, "--first-start", "2027-10-31T02:30"), "klockan ställs om"),
        ((*PLAN, "--first-start", "igår"), "--first-start"),
        ((*PLAN, "--first-start", "2999-01-01T13:00", "--minutes", "0"), "duration_minutes"),
        (("series", "list", "--as", make.email(make.REFERRER)), "Din roll ger inte rätt"),
        (("series", "end", "x", "--as", COORDINATOR, "--from", "2999-01-01", "--reason", "Sommar"), "finns inte"),
        (("series", "end", "x", "--as", COORDINATOR, "--from", "snart", "--reason", "Sommar"), "from_day"),
        (("absence", "remove", "x", "--as", CONSULTANT), "finns inte"),
        (("absence", "add", "i dag", "2027-01-01", "--as", CONSULTANT), "first_day"),
        (("absence", "add", "2027-01-02", "2027-01-01", "--as", CONSULTANT), "last_day"),
        (("absence", "add", "2027-01-01", "2027-01-02", "--as", "nobody@demo.mdk"), ""),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(mdk: Run, call: tuple[str, ...], told: str) -> None:
    refused = mdk(*call)
    assert (refused.exit_code, is_one_line(refused), told in refused.stderr) == (2, True, True), refused.stderr
    assert mdk("series", "list", "--as", COORDINATOR).stdout == ""
