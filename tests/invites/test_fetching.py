"""A published calendar is fetched within bounds, and from public places only."""

import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from invites.hosting import MEETING, QUICK, Answer, calendar, dripping, giving, serving
from mdk_calendar.fetching import Asked, Bounds, Fetched, Unreadable, check_address, fetch, is_public


def failing(asked: Asked, **given: Any) -> str:
    with pytest.raises(Unreadable) as refused:
        fetch(asked, bounds=QUICK, **given)
    return refused.value.failure


# ------------------------------------------------------------------------------------------------- the call
def test_a_calendar_is_fetched_with_its_marks_and_not_again_while_it_is_the_same() -> None:
    marks: dict[str, Any] = {"ETag": '"one"', "Last_Modified": "Wed, 25 Nov 2026 12:00:00 GMT"}
    with serving(giving(b"", 304)) as unchanged, serving(giving(calendar(MEETING), **marks)) as host:
        found = fetch(host.ask(), bounds=QUICK)
        assert found == Fetched(body=calendar(MEETING), etag='"one"', modified="Wed, 25 Nov 2026 12:00:00 GMT")
        again = fetch(unchanged.ask(etag=found.etag, modified=found.modified), bounds=QUICK)
        assert again.body is None
        (_, headers) = unchanged.asked[0]
        assert (headers["if-none-match"], headers["if-modified-since"]) == (found.etag, found.modified)
        assert (headers["host"], headers["accept-encoding"]) == (unchanged.at, "identity")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (giving(b"", 404), "refused"),
        (giving(b"", 401), "refused"),
        (giving(b"", 503), "unreachable"),
        (giving(b"", 304), "refused"),
        (giving(b"x" * 30_000), "too-large"),
        (giving(b"x", Content_Encoding="gzip"), "refused"),
        (giving(b"", 302), "unreachable"),
        (giving(b"", 302, Location="/me.ics"), "redirects"),
        (giving(b"", 302, Location="http://127.0.0.1:1/x"), "address"),
        (giving(b"", 302, Location="http://localhost/x"), "address"),
        (giving(b"", 302, Location="http://[::ffff:127.0.0.1]/x"), "address"),
        (giving(b"", 302, Location="http://169.254.169.254/latest/meta-data"), "address"),
        (giving(b"", 302, Location="file:///etc/passwd"), "address"),
        (giving(b"", 302, Location="gopher://example.org/"), "address"),
        (lambda to: to.wfile.write(b"SSH-2.0-OpenSSH\r\n"), "unreachable"),
        (lambda to: to.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500), "unreachable"),
        (lambda to: to.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"), "unreachable"),
    ],
)
def test_a_host_that_answers_badly_is_given_up_with_the_reason(answer: Answer, failure: str) -> None:
    with serving(answer) as host:
        assert failing(host.ask()) == failure
        assert len(host.asked) <= 4


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b""])
def test_a_host_that_drips_is_hung_up_on(head: bytes) -> None:
    with serving(dripping(head)) as host:
        begun = time.monotonic()
        with pytest.raises(Unreadable) as refused:
            fetch(host.ask(), bounds=Bounds(seconds=0.5))
        assert refused.value.failure == "slow"
        assert time.monotonic() - begun < 4


def test_more_than_was_announced_is_cut_off_at_the_limit() -> None:
    def endless(to: BaseHTTPRequestHandler) -> None:
        to.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            to.wfile.write(b"x" * 1000)

    with serving(endless) as host:
        assert failing(host.ask()) == "too-large"


# ------------------------------------------------------------------------------------------------- where it goes
def test_a_redirect_is_followed_to_a_place_that_may_be_read() -> None:
    with serving(giving(calendar(MEETING))) as home:
        with serving(giving(b"", 301, Location=home.url("/new.ics?a=1"))) as old:
            found = fetch(Asked(url=old.url(), hosts=(old.at, home.at)), bounds=QUICK)
            assert (found.body, home.asked[0][0]) == (calendar(MEETING), "/new.ics?a=1")
            assert failing(Asked(url=old.url(), hosts=(old.at,))) == "address"
        assert len(home.asked) == 1


def test_nothing_on_this_machine_or_net_is_asked_unless_it_is_configured() -> None:  # ssrf
    with serving(giving(calendar(MEETING))) as host:
        assert failing(Asked(url=host.url())) == "address"
        assert failing(Asked(url=f"http://localhost:{host.port}/")) == "address"
        assert host.asked == []


def test_a_name_that_answers_differently_the_second_time_is_reached_where_it_was_checked() -> None:  # ssrf
    calls = list[str]()

    def rebinding(host: str, _: int) -> list[str]:
        calls.append(host)
        return ["127.0.0.1"] if len(calls) == 1 else ["10.0.0.1"]

    with serving(giving(calendar(MEETING))) as host:
        asked = Asked(url=f"http://kalender.example:{host.port}/me.ics", hosts=("kalender.example",))
        assert fetch(asked, bounds=QUICK, resolver=rebinding).body == calendar(MEETING)
        assert (calls, host.asked[0][1]["host"]) == (["kalender.example"], f"kalender.example:{host.port}")


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["::1"], ["fd00::1"], ["0.0.0.0"]])
def test_a_public_name_that_leads_to_a_private_place_is_not_asked(found: list[str]) -> None:
    assert failing(Asked(url="http://kalender.example/me.ics"), resolver=lambda *_: found) == "address"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001::1", "nonsense",
    ],
)  # fmt: skip
def test_what_is_not_public_is_known_in_every_disguise(address: str) -> None:  # ssrf
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2a00:1450:400f:80d::200e", "::ffff:93.184.216.34"])
def test_what_is_public_may_be_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "kalender", "ftp://x.example/a", "file:///etc/passwd", "http://", "http:///a", "https://u:p@x.example/",
        "https://x.example:99999/", "https://x.example/a b", "https://x.example/\r\nX: y", "javascript:alert(1)",
        "https://[::1/", "https://möte.example/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(Unreadable):
        check_address(url)


def test_a_webcal_address_is_read_over_https() -> None:
    assert check_address(" WebCal://x.example/a.ics?b=c ") == "https://x.example/a.ics?b=c"
