"""Every handler of the application, in one place."""

from typing import Any

from mdk_web.sign_in import pages as sign_in

PAGE_HANDLERS: list[Any] = [*sign_in.HANDLERS]
API_HANDLERS: list[Any] = []
