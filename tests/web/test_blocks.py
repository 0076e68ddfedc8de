"""The pages and the API of a patient's blocks, and what a protected identity looks like on a page."""

import make
from calling import Callers, refusal
from visiting import People


def test_a_block_is_recorded_and_lifted_on_its_page(people: People) -> None:
    number = make.submitted(people.database)
    referrer, consultant = people[make.REFERRER], people[make.CONSULTANT]
    assert f"/cases/{number}/blocks" in referrer.get(f"/cases/{number}").html
    page = referrer.get(f"/cases/{number}/blocks")
    assert "Patienten har inte spärrat någon." in page.html
    sent = referrer.post(f"/cases/{number}/blocks", person=make.email(make.CONSULTANT), wish="Vill inte att hon läser.")
    assert (sent.status, sent.to) == (303, f"/cases/{number}/blocks")
    assert consultant.get(f"/cases/{number}").status == 404
    assert number not in consultant.get("/cases").html + consultant.get("/triage").html + consultant.get("/").html
    assert "Vill inte att hon läser." in referrer.get(f"/cases/{number}/blocks").html
    lifted = referrer.post(f"/cases/{number}/blocks/1/lift", reason="Patienten har ändrat sig.")
    assert lifted.status == 303
    assert consultant.get(f"/cases/{number}").status == 200


def test_a_block_that_names_nobody_is_refused_and_the_typing_kept(people: People) -> None:
    number = make.submitted(people.database)
    page = people[make.REFERRER].post(f"/cases/{number}/blocks", wish="Patienten <vill>.")
    assert (page.status, page.links_of_summary()) == (422, ["#f-person"])
    assert "Patienten &lt;vill&gt;." in page.html
    page = people[make.REFERRER].post(f"/cases/{number}/blocks", person=make.email(make.CONSULTANT))
    assert (page.status, page.links_of_summary()) == (422, ["#f-wish"])


def test_blocks_are_kept_through_the_api(api: Callers) -> None:
    number = make.submitted(api.database)
    path = f"/cases/{number}/blocks"
    body = {"unit": "neurokirurgi-lund", "wish": "Patienten vill inte."}
    made = api[make.COORDINATOR].post(path, body)
    assert (made.status_code, [line["is_unit"] for line in made.json()["items"]]) == (201, [True])
    block_id = made.json()["items"][0]["id"]
    assert api[make.COORDINATOR].get(path).json() == made.json()
    assert refusal(api[make.SURGEON].get(path)) == (403, "not-allowed")
    assert refusal(api[make.OTHER_REFERRER].post(path, body)) == (404, "not-found")
    assert api[make.COORDINATOR].post(path, {"wish": ""}).status_code == 400
    lifted = api[make.COORDINATOR].post(f"{path}/{block_id}/lift", {"reason": "Vill nu."}).json()["items"][0]
    assert lifted["lift_reason"] == "Vill nu."


def test_a_protected_patient_is_named_on_no_page_of_those_who_only_lead(people: People) -> None:
    protected = make.submission(**{"patient.protected_identity": "yes"})
    number = make.accepted(people.database, protected)
    pages = [f"/cases/{number}", "/cases", "/queue", "/", f"/cases/{number}/attachments"]
    shown = "".join(people[make.COORDINATOR].get(path).html for path in pages)
    assert number in shown
    assert not [each for each in ("Elsa", "Provlund", "19400104", "2383") if each in shown]
    assert "Elsa Provlund" in people[make.REFERRER].get(f"/cases/{number}").html
