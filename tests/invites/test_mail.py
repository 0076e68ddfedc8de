"""Mails as bytes: their parts, their words, and what must never be in them."""

import email
import email.policy
import tomllib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from importlib.resources import files
from typing import Any, get_args

import pytest

from invites.sample import START, cancel, event, notice
from mdk_calendar.events import Event, News
from mdk_calendar.ics import to_ics
from mdk_calendar.mail import (
    CASE_LISTS,
    INBOXES,
    KEEPING,
    LATE,
    MEETINGS,
    NoticeKind,
    message_id,
    notice_message_id,
    to_mail,
    to_notice,
)
from mdk_calendar.safe import Unsendable

ENDS = {"cancelled", "dropped"}


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert [part.defects for part in message.walk()] == [[] for _ in message.walk()]
    return message


def texts(raw: bytes) -> str:
    """Everything a person or a program can read in it: headers and every decoded part."""
    message = parsed(raw)
    bodies = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    return "\n".join([*map(str, message.values()), *(body.decode() for body in bodies if isinstance(body, bytes))])


def plain(raw: bytes) -> str:
    part = parsed(raw).get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("called", get_args(News))
def test_the_parts_stand_in_the_order_that_mail_programs_expect(called: News) -> None:
    told = cancel() if called in ENDS else event()
    message = parsed(to_mail(told, news=called))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    calendar, attached = list(message.walk())[4:]
    assert calendar["Content-Type"].params == {"method": told.method, "charset": "utf-8"}
    assert calendar.get_payload(decode=True) == to_ics(told) == attached.get_payload(decode=True)
    assert f"METHOD:{told.method}\r\n".encode() in to_ics(told)
    assert (attached.get_content_disposition(), attached.get_filename()) == ("attachment", "mdk.ics")


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_the_method_stands_unquoted_as_in_the_contract(method: str) -> None:
    raw = to_mail(event(), news="invited") if method == "REQUEST" else to_mail(cancel(), news="dropped")
    assert f"\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n".encode() in raw


@pytest.mark.parametrize("name", ["Åsa Öström", "Å" * 300, "👩🏽‍⚕️ Bo", "Bo, Ek"])
def test_the_mail_is_seven_bit_with_short_crlf_lines(name: str) -> None:
    raw = to_mail(event(attendee_name=name, organizer_name=name), news="invited")
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_the_same_event_gives_the_same_bytes_and_another_sequence_another_message() -> None:
    assert to_mail(event(), news="invited") == to_mail(event(), news="invited")
    ids = {message_id(told) for told in (event(), event(sequence=1), cancel(), event(uid="b@mdk.example"))}
    assert len(ids) == 4
    assert message_id(event()) == message_id(event(case_count=7))


def test_two_mails_share_no_boundary() -> None:
    boundaries = [parsed(to_mail(event(sequence=n), news="moved")).get_boundary() for n in range(3)]
    assert len(set(boundaries)) == 3


@pytest.mark.parametrize(
    ("called", "told", "subject"),
    [
        ("invited", event(), "MDK smärta: kallelse ons 25 nov 13:00"),
        ("moved", event(sequence=1), "MDK smärta: ändrad tid ons 25 nov 13:00"),
        ("changed", event(sequence=1), "MDK smärta: ändrad kallelse ons 25 nov 13:00"),
        ("cancelled", cancel(), "MDK smärta: inställd ons 25 nov 13:00"),
        ("dropped", cancel(), "MDK smärta: avbokad ons 25 nov 13:00"),
        ("invited", event(language="en"), "MDK smärta: invitation Wed 25 Nov 13:00"),
    ],
)
def test_the_subject_says_what_and_when(called: News, told: Event, subject: str) -> None:
    assert parsed(to_mail(told, news=called))["Subject"] == subject


def test_the_headers_say_who_when_and_that_a_machine_wrote() -> None:
    message = parsed(to_mail(event(), news="invited"))
    shown = {name: message[name] for name in ("From", "To", "Date", "Auto-Submitted", "Content-Language")}
    assert shown == {
        "From": "MDK smärta <mdk@demo.mdk>",
        "To": "Åsa Öström <remittent.vaxjo@demo.mdk>",
        "Date": "Fri, 20 Nov 2026 08:30:05 +0000",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "sv",
    }
    assert message["Message-ID"] == message_id(event())


def test_the_text_tells_when_the_own_slots_how_to_join_and_where_to_read() -> None:
    assert plain(to_mail(event(), news="invited")) == (
        "Du är kallad till en videokonferens.\n\n"
        "Tid: onsdag 25 november 2026 kl. 13:00–14:00\n"
        "Dina tider: 13:00–13:15, 13:45–14:00\n"
        "Anslut: https://video.example/mdk\n"
        "Förbered: Läs igenom det du har skickat in och komplettera det som saknas. Du föredrar det på din tid.\n"
        "Konferensens sida: https://mdk.example/conferences/k1\n"
        "Frågor: mdk@demo.mdk\n\n"
        "2 ärenden. Underlaget finns bakom inloggning. Svara på kallelsen i din kalender.\n\n"
        "Skickat automatiskt av MDK smärta. Mejlet innehåller inga patientuppgifter; skriv inga sådana i ett svar.\n"
    )


def test_an_answer_link_stands_in_text_and_html_and_never_in_the_calendar() -> None:
    link = "https://mdk.example/rsvp/aaaa.bbbb.cccc"
    raw = to_mail(event(), news="invited", answer_url=link)
    assert f"\nSvara: {link}\n" in plain(raw)
    assert "Svara i din kalender eller med svarslänken, som bara är din." in plain(raw)
    html = parsed(raw).get_body(("html",))
    assert html is not None
    assert f'<a class="button" href="{link}">Svara på kallelsen</a>' in html.get_content()
    assert b"rsvp" not in to_ics(event())
    assert [part for part in list(parsed(raw).walk())[4:] if part.get_payload(decode=True) != to_ics(event())] == []


def test_the_text_of_a_cancellation_offers_no_way_to_join() -> None:
    assert plain(to_mail(cancel(slots=()), news="cancelled")) == (
        "Videokonferensen är inställd. Ärendena behåller sin plats i kön.\n\n"
        "Tid: onsdag 25 november 2026 kl. 13:00–14:00\n"
        "Konferensens sida: https://mdk.example/conferences/k1\n"
        "Frågor: mdk@demo.mdk\n\n"
        "Skickat automatiskt av MDK smärta. Mejlet innehåller inga patientuppgifter; skriv inga sådana i ett svar.\n"
    )


def test_a_member_reads_the_whole_meetings_time_and_the_number_of_cases() -> None:
    text = plain(to_mail(event(slots=(), case_count=1, attendee_role="member", video_url=None), news="invited"))
    assert text.splitlines()[2:9] == [
        "Tid: onsdag 25 november 2026 kl. 13:00–14:00",
        "Anslut: Länken till videomötet finns på konferensens sida.",
        "Förbered: Läs ärendena före konferensen.",
        "Konferensens sida: https://mdk.example/conferences/k1",
        "Frågor: mdk@demo.mdk",
        "",
        "1 ärende. Underlaget finns bakom inloggning. Svara på kallelsen i din kalender.",
    ]


def test_the_html_has_a_title_a_language_and_one_button() -> None:
    part = parsed(to_mail(event(), news="moved")).get_body(("html",))
    assert part is not None
    html = part.get_content()
    assert html.count('class="button"') == 1
    assert '<html lang="sv">' in html
    assert "<title>MDK smärta: ändrad tid ons 25 nov 13:00</title>" in html
    assert "<h1>Din tid för videokonferensen har ändrats.</h1>" in html


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("sv", "Tidigare tid: onsdag 25 november 2026 kl. 13:00–14:00"),
        ("en", "Previous time: Wednesday 25 November 2026 13:00–14:00"),
    ],
)
def test_a_new_time_is_told_beside_the_one_before(language: str, line: str) -> None:
    later = event(starts_at=START + timedelta(hours=1), sequence=1, language=language)
    raw = to_mail(later, news="moved", before=event())
    assert plain(raw).splitlines()[3] == line
    html = parsed(raw).get_body(("html",))
    assert html is not None
    assert f"<dd>{line.partition(': ')[2]}</dd>" in html.get_content()
    for other in (
        to_mail(later, news="changed", before=event()),
        to_mail(event(slots=()), news="moved", before=event()),
        to_mail(later, news="invited"),
    ):
        assert line.partition(":")[0] not in plain(other)


def test_html_in_a_link_is_escaped() -> None:
    part = parsed(to_mail(event(page_url='https://mdk.example/?a="><script>&b'), news="invited")).get_body(("html",))
    assert part is not None
    assert 'href="https://mdk.example/?a=%22%3E%3Cscript%3E&amp;b"' in part.get_content()


@pytest.mark.parametrize(
    "name",
    ["Bo\r\nBcc: tjuv@example.com", "Bo\nX: y", 'Bo" <tjuv@example.com>, "', "Bo\r\n\r\n<script>", "=?utf-8?q?Bo=0A?="],
)
def test_a_name_adds_no_header_and_no_receiver(name: str) -> None:  # F21, header-injection
    clean = parsed(to_mail(event(), news="invited"))
    message = parsed(to_mail(event(attendee_name=name), news="invited"))
    assert message.keys() == clean.keys()
    assert [mailbox.addr_spec for mailbox in message["To"].addresses] == ["remittent.vaxjo@demo.mdk"]


@pytest.mark.parametrize("address", ["a@b.se\r\nBcc: tjuv@example.com", "a@b.se, tjuv@example.com", "Bo <a@b.se>"])
def test_an_address_adds_no_header_and_no_receiver(address: str) -> None:  # header-injection
    with pytest.raises(Unsendable):
        to_mail(event(attendee_email=address), news="invited")
    with pytest.raises(Unsendable):
        to_notice(notice(to_email=address))


@pytest.mark.parametrize(("told", "called"), [(event(), "cancelled"), (event(), "dropped"), (cancel(), "invited")])
def test_news_that_disagree_with_the_method_are_refused(told: Event, called: News) -> None:
    with pytest.raises(ValueError, match="cannot carry the news"):
        to_mail(told, news=called)


NOTICES = {
    "case-submitted": "Ett nytt eller kompletterat ärende väntar på bedömning.",
    "case-supplemented": "Ett ärende som rör dig har kompletterats av remittenten.",
    "case-redirected": "Ett av dina ärenden är hänvisat vidare; vart och varför finns i ärendet.",
    "supplement-requested": "Ett av dina ärenden behöver kompletteras innan det kan tas upp.",
    "learning-sent": "Ett lärfall väntar på att du granskar det.",
    "learning-returned": "Konsulten har skickat tillbaka ett lärfall som du skrev.",
    "case-answered": "Ett av dina ärenden är besvarat utan konferens; svaret finns i ärendet.",
    "case-accepted": "Ett av dina ärenden är mottaget och står i kö till en konferens.",
    "case-declined": "Ett av dina ärenden tas inte upp på konferensen; skälet finns i ärendet.",
    "case-retriaged": "Ett av dina ärenden är bedömt på nytt efter det som rapporterades.",
    "case-taken-back": "Bedömningen av ett av dina ärenden är återtagen och görs om; du får besked.",
    "case-worsened": "Ett ärende som rör dig har en ny uppgift som kan göra det mer brådskande.",
    "case-ended": "Ett ärende som rör dig är avslutat av remittenten; du behöver inte göra något mer i det.",
    "case-revived": "Ett ärende som rör dig var avslutat av misstag och går vidare; var det står nu finns i ärendet.",
    "minutes-signed": "Protokollet för ett ärende som rör dig är signerat och kan läsas.",
    "minutes-unsigned": "Ett eller flera protokoll från konferensen {when} är inte signerade.",
    "urgent-overdue": (
        "Svarstiden i ett snabbspår är ute utan att det är sammanfattat; "
        "vem som inte har yttrat sig står på Mitt arbete."
    ),
    "follow-up-due": "Det är dags för en uppföljning efter en åtgärd. Den tar en minut och finns i ärendet.",
    "overdue": "Ett eller flera beslut har inte blivit utförda i tid; listan visar vad som är försenat och hos vem.",
    "overdue-digest": "Försenat nu: remisser 1, pumpuppdrag 0, åtgärder 2, uppföljningar 0, olästa svar 3.",
    "action-received": (
        "Konferensen har rekommenderat en åtgärd för ett av dina ärenden. Berätta där när den är gjord."
    ),
    "minutes-added": "Protokollet för ett ärende som rör dig har fått ett tillägg som du behöver läsa.",
    "answer-unread": "Konferensens svar på ett av dina ärenden väntar på att du bekräftar att du har läst det.",
    "treatment-departs": (
        "En behandlande läkare har beslutat annat än konferensen rekommenderade; skälet finns i ärendet."
    ),
    "referral-received": "En ny remiss för implantation väntar i er inkorg.",
    "assignment-received": "Ett nytt uppdrag om pumpbehandling väntar i er inkorg.",
    "consultant-lost": "Konsulten kommer inte till konferensen {when}. Utse en ersättare eller flytta konferensen.",
    "nurse-lost": "Ingen sjuksköterska kommer till konferensen {when}. Kalla en annan eller flytta konferensen.",
    "presenter-lost": (
        "Någon som skulle föredra ett ärende kommer inte till konferensen {when}. Hör efter vem som gör det i stället."
    ),
    "case-urgent": "Ett av dina ärenden bedöms skriftligt i snabbspåret; du får veta när rekommendationen finns.",
    "urgent-asked": "Du är ombedd att yttra dig skriftligt i snabbspåret; svarstiden är kort och står på Mitt arbete.",
    "urgent-begun": "Ett snabbspår är öppnat; du sammanfattar när yttrandena har kommit eller tiden är ute.",
    "urgent-reminder": "Halva svarstiden har gått och ditt yttrande i snabbspåret saknas.",
    "urgent-complete": "Alla tillfrågade har yttrat sig i ett snabbspår, som väntar på att du sammanfattar.",
    "urgent-deadline": "Svarstiden i ett snabbspår är ute, och det väntar på att du sammanfattar.",
    "referral-accepted": "Neurokirurgin har accepterat en remiss för ett av dina ärenden.",
    "information-requested": "Neurokirurgin behöver mer underlag för ett av dina ärenden; frågan finns på remissen.",
    "information-supplied": "En remiss för implantation är kompletterad och väntar i er inkorg.",
    "referral-declined": "Neurokirurgin har avböjt en remiss; ärendet står åter i kön och skälet finns i ärendet.",
    "implant-scheduled": "En implantation som rör er har fått ett datum, eller ett nytt; det står på remissen.",
    "pump-in-place": "Pumpen är på plats för ett av dina ärenden.",
    "referral-cancelled": "En implantation för ett av dina ärenden blir inte av; skälet finns på remissen.",
    "implant-reported": "Neurokirurgin har återrapporterat en implantation som rör er.",
    "assignment-accepted": "Den regionala funktionen har accepterat uppdraget för ett av dina ärenden.",
    "assignment-not-done": "Ett pumpuppdrag för ett av dina ärenden blir inte av; skälet finns på uppdraget.",
    "assignment-handed-over": "Ett pumpuppdrag för ett av dina ärenden har lämnats över till en annan region.",
    "support-asked": "En annan regions funktion ber om ert stöd med ett pumpuppdrag; frågan väntar i er inkorg.",
    "support-answered": "Frågan om stöd med ett pumpuppdrag är besvarad; svaret står på uppdraget.",
    "home-care-asked": "Fråga None: kan ni ta emot en patient med extern pump för smärtbehandling? "
    "Svaret tar en minut och kräver ingen inloggning.",
    "home-care-answered": "Hemsjukvården har svarat om den kan ta emot en extern pump; svaret står i ärendet.",
    "pathway-ended": "Ett uppdrag eller en remiss i er inkorg är avslutad; ni behöver inte göra något mer.",
    "pathway-resumed": "Ett uppdrag eller en remiss i er inkorg var avslutad av misstag och går vidare där den stod.",
    "reply-counter": (
        "Någon som är kallad till konferensen {when} föreslår en annan tid. Flytta konferensen, eller hör av dig."
    ),
    "reply-delegated": (
        "Någon som är kallad till konferensen {when} vill att en annan kommer i stället. Kalla den, eller hör av dig."
    ),
    "conference-lacking": (
        "Ett av dina ärenden till konferensen {when} saknar uppgifter som behövs då. Komplettera det före konferensen."
    ),
    "supplement-reminder": "Ett av dina ärenden väntar på en komplettering, och tiden går ut inom tre dagar.",
    "keeping-passed": (
        "Det finns uppgifter som har sparats så länge som lagen kräver. Hur många det är står under Bevarande; "
        "inget tas bort utan ett beslut."
    ),
    "supplement-overdue": (
        "En begärd komplettering har inte kommit i tid. Hör av dig till remittenten eller avsluta ärendet."
    ),
}


@pytest.mark.parametrize("kind", get_args(NoticeKind))
def test_a_notice_is_one_sentence_and_one_link(kind: NoticeKind) -> None:
    counts = {"referral": 1, "assignment": 0, "action": 2, "follow_up": 0, "unread": 3}
    raw = to_notice(notice(kind=kind, starts_at=START, counts=counts))
    button = "Öppna inkorgen" if kind in INBOXES else "Öppna Mitt arbete"
    button = "Öppna konferensen" if kind in MEETINGS else button
    button = "Öppna ärendelistan" if kind in CASE_LISTS else button
    button = "Öppna listan över försenat" if kind in LATE else button
    button = "Öppna Bevarande" if kind in KEEPING else button
    button = "Svara" if kind == "home-care-asked" else button
    assert plain(raw).splitlines()[:3] == [
        NOTICES[kind].format(when="ons 25 nov 13:00"),
        "",
        f"{button}: https://mdk.example/",
    ]
    assert "\nFrågor: mdk@demo.mdk\n" in plain(raw)
    assert [part.get_content_type() for part in parsed(raw).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert parsed(raw)["Subject"].startswith("MDK smärta: ")
    assert raw.isascii()


def test_a_notice_is_repeatable_and_told_apart_by_its_key() -> None:
    assert to_notice(notice()) == to_notice(notice())
    assert notice_message_id(notice()) != notice_message_id(notice(key="annan"))
    assert notice_message_id(notice()) != notice_message_id(notice(kind="case-accepted"))


def test_a_notice_whose_link_names_a_case_is_refused() -> None:
    with pytest.raises(Unsendable):
        to_notice(notice(page_url="https://mdk.example/cases/MDK-2026-0014"))


@pytest.mark.parametrize(
    "raw", [to_mail(event(), news="invited"), to_mail(cancel(), news="dropped"), to_notice(notice())]
)
def test_nothing_readable_names_a_case_and_ids_are_opaque(raw: bytes) -> None:
    assert "MDK-20" not in texts(raw)
    assert event().uid.encode() not in parsed(raw)["Message-ID"].encode()


def test_both_languages_say_everything() -> None:
    raw = tomllib.loads((files("mdk_calendar") / "data" / "words.toml").read_text(encoding="utf-8"))

    def shape(value: Any) -> Any:
        return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else type(value)

    assert shape(raw["sv"]) == shape(raw["en"])
    assert set(raw["sv"]["notice"]) == set(get_args(NoticeKind))
    assert set(raw["sv"]["subject"]) == set(raw["sv"]["sentence"]) == set(get_args(News))


@pytest.mark.parametrize(
    ("utc", "shown"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), "lör 28 mar 13:00"),
        (datetime(2026, 3, 29, 11, tzinfo=UTC), "sön 29 mar 13:00"),
        (datetime(2026, 10, 25, 12, tzinfo=UTC), "sön 25 okt 13:00"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "fre 1 jan 00:30"),
    ],
)
def test_the_time_in_words_is_stockholms(utc: datetime, shown: str) -> None:
    subject = parsed(to_mail(event(starts_at=utc, slots=()), news="invited"))["Subject"]
    assert subject == f"MDK smärta: kallelse {shown}"
