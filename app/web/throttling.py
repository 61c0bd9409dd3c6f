"""Guessing of keys: wrong pairs are counted by where they come from, and a source of many waits longer and longer.

Counted in each process for itself, in bounded memory, so that a source that is to wait costs no query.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

MINUTE_SECONDS = 60.0
# After so long without a wrong pair a source begins anew.
FORGET_SECONDS = 600.0
MAX_SOURCES = 10_000
# A provider gives every customer at least so much of its IPv6 space (RFC 6177), so that single addresses say nothing.
IPV6_SOURCE_BITS = 64


@dataclass
class Record:
    """What is remembered of one source: since when it is counted, how many pairs were wrong, until when it waits."""

    since: float
    failures: int = 0
    until: float = 0.0


class GuessLimit:
    """Lets each source be wrong `per_minute` times in a minute; then it waits 1, 2, 4, … seconds after each wrong pair."""

    def __init__(self, per_minute: int, max_wait_seconds: float) -> None:
        self._per_minute = per_minute
        self._max_wait_seconds = max_wait_seconds
        self._records: OrderedDict[str, Record] = OrderedDict()
        # Requests come from the event loop, the status page from a thread.
        self._lock = threading.Lock()

    def seconds_to_wait(self, source: str) -> float:
        """Return how long nothing new is looked up for this source; 0 when it may try."""
        with self._lock:
            record = self._records.get(source)
            return max(0.0, record.until - time.monotonic()) if record else 0.0

    def note_failure(self, source: str) -> None:
        """Count one wrong pair; the source that was wrong longest ago is forgotten when there are too many."""
        now = time.monotonic()
        with self._lock:
            record = self._records.pop(source, None)
            if record is None or self._is_over(record, now):
                record = Record(since=now)
            record.failures += 1
            excess = record.failures - self._per_minute
            if excess >= 0:
                record.until = now + min(2.0 ** min(excess, 32), self._max_wait_seconds)
            if len(self._records) >= MAX_SOURCES:
                self._records.popitem(last=False)
            self._records[source] = record

    def clear(self) -> None:
        """Forget every source."""
        with self._lock:
            self._records.clear()

    def _is_over(self, record: Record, now: float) -> bool:
        if record.failures < self._per_minute:
            return now >= record.since + MINUTE_SECONDS
        return now >= record.until + FORGET_SECONDS


def source_of(address: str | None) -> str:
    """Return what an address counts as: itself, or its /64 network for IPv6. Without one (a socket file) all are one."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, IPV6_SOURCE_BITS), strict=False))
