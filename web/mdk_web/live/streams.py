"""Owns the open streams of this process: how many there may be, what each has yet to be told, and their end."""

import asyncio
import signal
import threading
import uuid
from collections.abc import Iterator
from types import FrameType
from typing import Final

from mdk.errors import Unavailable
from mdk.live import RESYNC, News

MOST: Final = 400
MOST_OF_ONE: Final = 5  # a browser keeps six connections to one place; one is left for its pages


class Stream:
    """One browser that listens. News that it has not been told yet is kept once, however often it comes."""

    def __init__(self, sign_in: int) -> None:
        self.id, self.sign_in = uuid.uuid4().hex, sign_in
        self.is_over = self.is_unwanted = False
        self._loop, self._bell = asyncio.get_running_loop(), asyncio.Event()
        self._waiting: dict[News, None] = {RESYNC: None}
        self._bell.set()

    def hear(self, news: News) -> None:
        """Take in news, from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, news)

    def end(self, *, is_unwanted: bool = False) -> None:
        """Have the stream end, on its own loop; the browser of an unwanted one is told not to come back."""
        self.is_over, self.is_unwanted = True, is_unwanted
        self._bell.set()

    async def news(self, patience: float) -> list[News]:
        """What is new, as soon as there is something; nothing after `patience` seconds without any."""
        try:
            await asyncio.wait_for(self._bell.wait(), patience)
        except TimeoutError:
            return []
        told, self._waiting = list(self._waiting), {}
        self._bell.clear()
        return told

    def _take(self, news: News) -> None:
        self._waiting[news] = None
        self._bell.set()


class Streams:
    """The streams of one process."""

    def __init__(self) -> None:
        self._open: dict[str, Stream] = {}
        self.is_closing = self._is_heeding = False

    def __iter__(self) -> Iterator[Stream]:
        return iter(list(self._open.values()))

    def open(self, sign_in: int) -> Stream:
        """A new stream; one browser's oldest makes room for it. Raises `Unavailable` when the process has `MOST`."""
        if self.is_closing or len(self._open) >= MOST:
            raise Unavailable
        own = [stream for stream in self if stream.sign_in == sign_in and not stream.is_over]
        for stream in own[: max(0, len(own) + 1 - MOST_OF_ONE)]:
            stream.end(is_unwanted=True)
        self._heed_signals()
        opened = Stream(sign_in)
        self._open[opened.id] = opened
        return opened

    def forget(self, stream: Stream) -> None:
        """Count a stream no more."""
        stream.is_over = True
        self._open.pop(stream.id, None)

    def close(self) -> None:
        """End every stream and take no new one."""
        self.is_closing = True
        for stream in self:
            stream.end()

    def _heed_signals(self) -> None:
        """End the streams as soon as the process is told to stop.

        The server waits for open answers before it tells the application of its end. Its own handlers, which it sets
        after the application's start, stay at work.
        """
        if self._is_heeding or threading.current_thread() is not threading.main_thread():
            return
        self._is_heeding, loop = True, asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(number)

            def heed(number: int, frame: FrameType | None, *, before: object = before) -> None:
                loop.call_soon_threadsafe(self.close)
                if callable(before):
                    before(number, frame)

            signal.signal(number, heed)
