"""Facts about the machine that figures come from."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil


def facts() -> str:
    """Return one line: when, cores, memory, Python and kernel, and how busy the machine was besides."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({model}), {memory:.0f} GiB, Python "
        f"{platform.python_version()}, Linux {platform.release().split('-')[0]}; load average {load:.1f} at the end."
    )
