"""Every handler of the application, in one place."""

from typing import Any

from mdk_web.cases import api as cases_api
from mdk_web.conferences import api as conferences_api
from mdk_web.minutes import api as minutes_api
from mdk_web.pathways import api as pathways_api
from mdk_web.sign_in import pages as sign_in

PAGE_HANDLERS: list[Any] = [*sign_in.HANDLERS]
API_HANDLERS: list[Any] = [
    *cases_api.HANDLERS,
    *conferences_api.HANDLERS,
    *minutes_api.HANDLERS,
    *pathways_api.HANDLERS,
]
