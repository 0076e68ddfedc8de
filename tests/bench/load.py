"""Owns the load: keep-alive connections that ask for one page again and again, and the time of each answer."""

import asyncio
import time
from collections.abc import Iterator
from typing import NamedTuple

from mdk.people.structs import Door

DEMO = Door(issuer="demo")  # the sessions that are measured were opened by choosing who one is


class Measured(NamedTuple):
    """What a block of requests took: requests a second, and the latencies in milliseconds."""

    per_second: float
    latencies: list[float]


async def ask(port: int, path: str, cookie: str, *, connections: int, requests: int) -> Measured:
    """Ask `requests` times over `connections`; raises when an answer is not 200."""
    left = iter(range(requests))
    latencies: list[float] = []
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, head, left, latencies) for _ in range(connections)))
    return Measured(requests / (time.perf_counter() - began), latencies)


def percentile(latencies: list[float], share: float) -> float:
    """The latency that `share` of the requests stay below."""
    ranked = sorted(latencies)
    return ranked[min(int(len(ranked) * share), len(ranked) - 1)]


async def _connection(port: int, head: bytes, left: Iterator[int], latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in left:
        began = time.perf_counter()
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.split(b"\r\n", 1)[0].decode())
        length = int(answer.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        latencies.append((time.perf_counter() - began) * 1000)
    writer.close()
