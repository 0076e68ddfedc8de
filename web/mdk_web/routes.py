"""Every handler of the application, in one place."""

from typing import Any

from mdk_web.about import pages as about_pages
from mdk_web.actions import api as actions_api
from mdk_web.actions import pages as actions_pages
from mdk_web.attachments import api as attachments_api
from mdk_web.attachments import pages as attachments_pages
from mdk_web.auditing import check_pages, opening_pages
from mdk_web.auditing import pages as auditing_pages
from mdk_web.blocks import api as blocks_api
from mdk_web.blocks import pages as blocks_pages
from mdk_web.calendars import api as calendars_api
from mdk_web.calendars import pages as calendars_pages
from mdk_web.cases import api as cases_api
from mdk_web.cases import form_pages as case_form
from mdk_web.cases import pages as cases_pages
from mdk_web.conferences import api as conferences_api
from mdk_web.conferences import pages as conferences_pages
from mdk_web.conflicts import api as conflicts_api
from mdk_web.conflicts import pages as conflicts_pages
from mdk_web.figures import api as figures_api
from mdk_web.figures import pages as figures_pages
from mdk_web.figures import register_pages
from mdk_web.follow_ups import api as follow_ups_api
from mdk_web.follow_ups import pages as follow_ups_pages
from mdk_web.home import pages as home_pages
from mdk_web.home_care import api as home_care_api
from mdk_web.home_care import link_pages as home_care_links
from mdk_web.home_care import pages as home_care_pages
from mdk_web.keeping import pages as keeping_pages
from mdk_web.learning import pages as learning_pages
from mdk_web.live import pages as live_pages
from mdk_web.minutes import api as minutes_api
from mdk_web.minutes import pages as minutes_pages
from mdk_web.outbox import pages as outbox_pages
from mdk_web.overdue import pages as overdue_pages
from mdk_web.pathways import api as pathways_api
from mdk_web.pathways import pages as pathways_pages
from mdk_web.pathways import standing_api, standing_pages
from mdk_web.queue import pages as queue_pages
from mdk_web.replies import api as replies_api
from mdk_web.replies import pages as replies_pages
from mdk_web.room import api as room_api
from mdk_web.room import pages as room_pages
from mdk_web.rsvp import pages as rsvp_pages
from mdk_web.series import api as series_api
from mdk_web.series import pages as series_pages
from mdk_web.sign_in import pages as sign_in
from mdk_web.sign_in import session_pages
from mdk_web.triage import pages as triage_pages
from mdk_web.urgent import api as urgent_api
from mdk_web.urgent import pages as urgent_pages

PAGE_HANDLERS: list[Any] = [
    *sign_in.HANDLERS,
    *session_pages.HANDLERS,
    *home_pages.HANDLERS,
    *cases_pages.HANDLERS,
    *case_form.HANDLERS,
    *attachments_pages.HANDLERS,
    *blocks_pages.HANDLERS,
    *auditing_pages.HANDLERS,
    *check_pages.HANDLERS,
    *opening_pages.HANDLERS,
    *keeping_pages.HANDLERS,
    *urgent_pages.HANDLERS,
    *triage_pages.HANDLERS,
    *queue_pages.HANDLERS,
    *conferences_pages.HANDLERS,
    *series_pages.HANDLERS,
    *conflicts_pages.HANDLERS,
    *calendars_pages.HANDLERS,
    *minutes_pages.HANDLERS,
    *live_pages.HANDLERS,
    *room_pages.HANDLERS,
    *pathways_pages.HANDLERS,
    *actions_pages.HANDLERS,
    *follow_ups_pages.HANDLERS,
    *overdue_pages.HANDLERS,
    *figures_pages.HANDLERS,
    *register_pages.HANDLERS,
    *learning_pages.HANDLERS,
    *standing_pages.HANDLERS,
    *home_care_pages.HANDLERS,
    *outbox_pages.HANDLERS,
    *replies_pages.HANDLERS,
]
LINK_HANDLERS: list[Any] = [*about_pages.HANDLERS, *home_care_links.HANDLERS, *rsvp_pages.HANDLERS]
API_HANDLERS: list[Any] = [
    *cases_api.HANDLERS,
    *attachments_api.HANDLERS,
    *blocks_api.HANDLERS,
    *series_api.HANDLERS,
    *conferences_api.HANDLERS,
    *conflicts_api.HANDLERS,
    *calendars_api.HANDLERS,
    *replies_api.HANDLERS,
    *minutes_api.HANDLERS,
    *room_api.HANDLERS,
    *pathways_api.HANDLERS,
    *actions_api.HANDLERS,
    *follow_ups_api.HANDLERS,
    *home_care_api.HANDLERS,
    *standing_api.HANDLERS,
    *urgent_api.HANDLERS,
    *figures_api.HANDLERS,
]
