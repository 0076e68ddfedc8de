"""The installation's own choices reach what the system computes."""

import pytest

import make
from mdk import settings
from mdk.cases import queries
from mdk.clinical.factor_sets import NAMES
from mdk.conferences import service
from mdk.journey import start
from mdk.people import queries as people
from mdk.settings import BadSetting

LINES = [{"drug": "hydromorphone", "route": "oral", "unit": "mg", "dose": "15", "per_day": "2"}]


def chosen(url: str, table: str) -> settings.Settings:
    return settings.load({"MDK_DATABASE_URL": url, "MDK_SECRET_KEY": "x" * 64, "MDK_OMEQ_TABLE": table})


def test_a_table_of_record_alone_decides_the_equivalents(sqlite_url: str) -> None:
    seen = {}
    for table in ("", "FPM21", "UPP20"):
        database = start.database(chosen(sqlite_url, table))
        make.people(database)
        number = make.case_in_state(database, "submitted", make.submission(**{"medicines.opioids": LINES}))
        seen[table] = make.ask(database, make.REFERRER, queries.view, number).omeq
        database.close()
    assert {table: (omeq.low, omeq.high) for table, omeq in seen.items()} == {
        "": (150, 225),
        "FPM21": (150, 150),
        "UPP20": (225, 225),
    }
    assert {table: omeq.verdict for table, omeq in seen.items()} == {
        "": "table_dependent",
        "FPM21": "not_over",
        "UPP20": "over",
    }


def test_another_table_of_record_is_shown_beside_what_was_assessed_and_does_not_replace_it(sqlite_url: str) -> None:
    database = start.database(chosen(sqlite_url, "FPM21"))
    make.people(database)
    number = make.case_in_state(database, "submitted", make.submission(**{"medicines.opioids": LINES}))
    assert make.ask(database, make.REFERRER, queries.view, number).newer_assessment is None
    database.close()
    database = start.database(chosen(sqlite_url, "UPP20"))
    view = make.ask(database, make.REFERRER, queries.view, number)
    database.close()
    assert (view.omeq.verdict, view.omeq.high) == ("not_over", 150)
    assert view.newer_assessment is not None
    assert (view.newer_assessment.omeq.verdict, view.newer_assessment.omeq.high) == ("over", 225)


def test_a_conference_without_a_link_gets_the_installation_s_own(sqlite_url: str) -> None:
    given = {"MDK_DATABASE_URL": sqlite_url, "MDK_VIDEO_URL_TEMPLATE": "https://video.example/{id}?mdk"}
    database = start.database(settings.load(given))
    make.people(database)
    for link, expected in ((None, "https://video.example/{id}?mdk"), ("https://own.example", "https://own.example")):
        body = make.plan(video_url=link)
        planned = make.act(database, make.COORDINATOR, service.plan, body=body)
        assert planned.video_url == expected.replace("{id}", planned.id)
    database.close()


def test_an_unknown_table_of_record_stops_the_start_and_names_the_setting(sqlite_url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        start.database(chosen(sqlite_url, "CDC14"))
    assert refused.value.message.startswith("MDK_OMEQ_TABLE: ")
    assert all(name in refused.value.message for name in NAMES)


def test_the_language_of_the_installation_is_a_new_person_s(sqlite_url: str) -> None:
    given = {"MDK_DATABASE_URL": sqlite_url, "MDK_SECRET_KEY": "x" * 64, "MDK_LANGUAGE": "en"}
    database = start.database(settings.load(given))
    make.people(database)
    with database.reading() as session:
        assert people.language_of(session, make.viewer(database, make.CHAIR).person_id) == "en"
    database.close()
