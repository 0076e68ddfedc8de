"""Calendar objects as five independent readers understand them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import msgspec
import pytest

from invites.readers import Batch, by_icalendar, by_vobject, icaljs_reader, khal_reader, libical_reader, many
from invites.sample import START, cancel, event
from mdk_calendar.events import Event
from mdk_calendar.ics import to_ics
from mdk_calendar.safe import Unsendable

# UTC start and the Stockholm time that a person reads, around both changes of the clock.
AROUND_THE_CHANGES = [
    ("2026-03-28T12:00", "2026-03-28 13:00"),
    ("2026-03-29T00:30", "2026-03-29 01:30"),
    ("2026-03-29T01:00", "2026-03-29 03:00"),
    ("2026-03-29T11:00", "2026-03-29 13:00"),
    ("2026-03-30T11:00", "2026-03-30 13:00"),
    ("2026-06-24T11:00", "2026-06-24 13:00"),
    ("2026-10-24T11:00", "2026-10-24 13:00"),
    ("2026-10-24T23:30", "2026-10-25 01:30"),
    ("2026-10-25T02:00", "2026-10-25 03:00"),
    ("2026-10-25T12:00", "2026-10-25 13:00"),
    ("2026-10-26T12:00", "2026-10-26 13:00"),
    ("2027-03-27T12:00", "2027-03-27 13:00"),
    ("2027-03-28T00:59", "2027-03-28 01:59"),
    ("2027-03-28T01:00", "2027-03-28 03:00"),
    ("2027-03-28T11:00", "2027-03-28 13:00"),
    ("2027-03-31T11:00", "2027-03-31 13:00"),
]
ATTENDEE = (
    'ATTENDEE;CN="Åsa Öström";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE'
    ":mailto:remittent.vaxjo@demo.mdk"
)
DESCRIPTION = (
    "DESCRIPTION:Multidisciplinär konferens för svår cancersmärta (MDK smärta)\\n2 ärenden\\n"
    "Din tid: 13:00–13:15\\nDin tid: 13:45–14:00\\nAnslut: https://video.example/mdk\\n"
    "Konferensens sida: https://mdk.example/conferences/k1"
)
IN_THE_REPEATED_HOUR = ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"]


@pytest.fixture(scope="session")
def libical(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    return libical_reader(tmp_path_factory.mktemp("libical"))


@pytest.fixture(scope="session")
def khal(tmp_path_factory: pytest.TempPathFactory) -> Batch:
    return khal_reader(tmp_path_factory.mktemp("khal"))


@pytest.fixture(scope="session")
def icaljs() -> Batch:
    return icaljs_reader()


@pytest.fixture(params=["icalendar", "vobject", "libical", "icaljs", "khal"])
def read(request: pytest.FixtureRequest) -> Batch:
    own: dict[str, Batch] = {"icalendar": many(by_icalendar), "vobject": many(by_vobject)}
    found: Batch = own.get(request.param) or request.getfixturevalue(request.param)
    return found


def entry_of(told: Event) -> Any:
    return icalendar.Calendar.from_ical(to_ics(told)).walk("VEVENT")[0]


def unfolded(told: Event) -> list[str]:
    return to_ics(told).decode().replace("\r\n ", "").split("\r\n")


def lasting(utc: str, place: int) -> Event:
    """25 minutes from an instant, with a UID of its own."""
    start = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    return event(uid=f"{place:032x}@mdk.example", starts_at=start, ends_at=start + timedelta(minutes=25))


@pytest.mark.parametrize(("utc", "stockholm"), AROUND_THE_CHANGES)
def test_an_event_is_written_at_its_time_in_stockholm(utc: str, stockholm: str) -> None:
    local = datetime.fromisoformat(stockholm)
    assert f"DTSTART;TZID=Europe/Stockholm:{local:%Y%m%dT%H%M%S}" in unfolded(lasting(utc, 0))


def test_every_reader_understands_the_same_instants_around_both_changes(read: Batch) -> None:  # F23
    """Also in the hour that autumn repeats, which is carried in UTC so that nobody has to doubt which one is meant."""
    instants = [utc for utc, _ in AROUND_THE_CHANGES] + IN_THE_REPEATED_HOUR
    told = [lasting(utc, place) for place, utc in enumerate(instants)]
    assert read([to_ics(each) for each in told]) == [(each.starts_at, each.ends_at) for each in told]


EVERY_KIND = [
    event(),
    event(sequence=3, video_url=None, slots=(), attendee_role="chair"),
    event(language="en", partstat="ACCEPTED", attendee_role="member"),
    event(attendee_name="", organizer_name=""),
    event(attendee_name="Å" * 300),
    event(attendee_name="👩🏽‍⚕️" * 30),
]


def test_every_reader_takes_request_and_cancel_of_every_kind(read: Batch) -> None:
    for told in (EVERY_KIND, [ended(each) for each in EVERY_KIND]):
        raws = [to_ics(own_uid(each, place)) for place, each in enumerate(told)]
        assert read(raws) == [(START, START + timedelta(hours=1))] * len(raws)


def ended(told: Event) -> Event:
    return cancel(sequence=told.sequence + 1, attendee_name=told.attendee_name, video_url=told.video_url)


def own_uid(told: Event, place: int) -> Event:
    return msgspec.structs.replace(told, uid=f"{place:032x}@mdk.example")


@pytest.mark.parametrize("without", ["ORGANIZER", "DTSTAMP", "UID", "ATTENDEE"])
def test_the_strictest_reader_would_notice_a_missing_property(libical: Batch, without: str) -> None:
    calendar = icalendar.Calendar.from_ical(to_ics(event()))
    del calendar.walk("VEVENT")[0][without]
    with pytest.raises(AssertionError, match="error"):
        libical([calendar.to_ical()])


def test_a_request_says_what_the_contract_wants() -> None:
    assert [line for line in unfolded(event()) if not line.startswith(("DTSTART:1", "RRULE", "TZ"))] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Södra sjukvårdsregionen//MDK smärta//SV",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VTIMEZONE",
        "X-LIC-LOCATION:Europe/Stockholm",
        "BEGIN:DAYLIGHT",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "SUMMARY:MDK smärta",
        "DTSTART;TZID=Europe/Stockholm:20261125T130000",
        "DTEND;TZID=Europe/Stockholm:20261125T140000",
        "DTSTAMP:20261120T083005Z",
        "UID:f0a1b2c3d4e5@mdk.example",
        "SEQUENCE:0",
        ATTENDEE,
        "CLASS:PRIVATE",
        "CONFERENCE;FEATURE=AUDIO,VIDEO;LABEL=Anslut;VALUE=URI:https://video.example/mdk",
        DESCRIPTION,
        "LAST-MODIFIED:20261120T083005Z",
        "LOCATION:https://video.example/mdk",
        'ORGANIZER;CN="MDK smärta":mailto:mdk@demo.mdk',
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "URL:https://mdk.example/conferences/k1",
        "X-GOOGLE-CONFERENCE:https://video.example/mdk",
        "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_cancellation_has_the_same_uid_sender_and_a_status() -> None:
    before, after = entry_of(event()), entry_of(cancel())
    assert (after["UID"], after["ORGANIZER"]) == (before["UID"], before["ORGANIZER"])
    assert (after["STATUS"], after["SEQUENCE"], after["X-MICROSOFT-CDO-BUSYSTATUS"]) == ("CANCELLED", 1, "FREE")
    assert "METHOD:CANCEL" in unfolded(cancel())


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("chair", "CHAIR"),
        ("consultant", "REQ-PARTICIPANT"),
        ("deputy", "REQ-PARTICIPANT"),
        ("member", "REQ-PARTICIPANT"),
        ("presenter", "REQ-PARTICIPANT"),
    ],
)
def test_each_role_in_the_conference_has_its_role_in_the_calendar(role: str, shown: str) -> None:
    assert entry_of(event(attendee_role=role))["ATTENDEE"].params["ROLE"] == shown


def test_without_a_video_link_the_entry_says_where_it_will_be() -> None:
    entry = entry_of(event(video_url=None))
    assert (entry["LOCATION"], "CONFERENCE" in entry) == ("Videomöte", False)
    assert "Länken till videomötet finns på konferensens sida." in entry["DESCRIPTION"]


def test_a_link_with_foreign_letters_is_percent_encoded() -> None:
    assert entry_of(event(video_url="https://video.example/möte rum?a=b&c=å"))["LOCATION"] == (
        "https://video.example/m%C3%B6te%20rum?a=b&c=%C3%A5"
    )


def test_equal_events_give_equal_bytes() -> None:
    assert to_ics(event()) == to_ics(event())


@pytest.mark.parametrize("name", ["Å" * 300, "👩🏽‍⚕️ Ö" * 40, "a" * 61 + "å" * 20, "Ö" * 37])
def test_lines_fold_at_75_octets_and_never_inside_a_character(name: str) -> None:  # F21
    raw = to_ics(event(attendee_name=name, video_url="https://video.example/" + "å" * 100))
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert [line.decode() for line in lines if b"\n" in line] == []
    assert entry_of(event(attendee_name=name))["ATTENDEE"].params["CN"] == name[:100].rstrip()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('Ström; Å: "x", y', "Ström Å x y"),
        ("Ann\r\nATTENDEE:mailto:tjuv@example.com", "Ann ATTENDEE mailto tjuv@example.com"),
        ("Ann\nBEGIN:VALARM", "Ann BEGIN VALARM"),
        ("Ann^n^'\\n<b>", "Ann n ' n b"),
        ("Ann\u2028\u202egnp.exe\x00\x85\u200b", "Ann gnp.exe"),
        ("  Bo   Ek  ", "Bo Ek"),
    ],
)
def test_a_name_adds_no_property_and_no_parameter(written: str, shown: str) -> None:  # F21
    told = event(attendee_name=written, organizer_name=written)
    entry = entry_of(told)
    assert (entry["ATTENDEE"].params["CN"], entry["ORGANIZER"].params["CN"]) == (shown, shown)
    assert len(unfolded(told)) == len(unfolded(event()))


@pytest.mark.parametrize(
    "address",
    [
        "a@b.se\r\nATTENDEE:mailto:tjuv@example.com",
        "a@b.se,tjuv@example.com",
        "a@b.se?bcc=tjuv@example.com",
        '"a b"@b.se',
        "å@b.se",
        "a@b.se\n",
        "a",
        "@b.se",
        "a@",
        "",
        "a@@b.se",
        "a@b..se",
    ],
)
def test_an_address_that_would_need_quoting_is_refused(address: str) -> None:
    for changes in ({"attendee_email": address}, {"organizer_email": address}):
        with pytest.raises(Unsendable):
            to_ics(event(**changes))


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "video.example/mdk",
        "https://",
        "https://video.example/\r\nATTENDEE:mailto:tjuv@example.com",
        "https://[",
        "https://mdk.example/cases/MDK-2026-0014",
        "https://mdk.example/cases/mdk-2026-0014/minutes",
        "https://mdk.example/cases/MDK%2D2026%2D0014",
    ],
)
def test_a_link_that_is_no_web_address_or_names_a_case_is_refused(link: str) -> None:
    with pytest.raises(Unsendable):
        to_ics(event(page_url=link))
    with pytest.raises(Unsendable):
        to_ics(event(video_url=link))


@pytest.mark.parametrize(
    "changes",
    [
        {"starts_at": START.replace(tzinfo=None), "ends_at": START},
        {"ends_at": START},
        {"sequence": -1},
        {"case_count": -1},
        {"changed_at": START.replace(tzinfo=None)},
    ],
)
def test_an_event_that_no_calendar_could_hold_is_not_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="event"):
        event(**({"slots": ()} | changes))


def test_a_uid_that_is_not_opaque_text_at_a_domain_is_refused() -> None:
    with pytest.raises(Unsendable):
        event(uid="Åsa\r\nSUMMARY:x")
