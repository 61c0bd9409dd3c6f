"""What jobs have freed goes back to the system."""

import subprocess
import sys

from tests.workers import ROOT

# A block of 4 MB comes and goes, as a piece of a file does. Then blocks of 1 MB come and go, between which small ones stay.
PROGRAM = """
from mmap import PAGESIZE
from pathlib import Path
from threading import Thread
from app.jobs.memory import return_memory_early

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGESIZE

def work():
    del [bytearray(4 << 20)][0]
    before = resident()
    blocks, small = [], []
    for _ in range(40):
        blocks.append(bytearray(b"x") * (1 << 20))
        small.append(bytearray(b"x") * 5000)
    blocks.clear()
    print((resident() - before) >> 20)

return_memory_early()
thread = Thread(target=work)
thread.start()
thread.join()
"""


def test_freed_blocks_go_back_although_others_between_them_stay() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 5, done.stdout


def test_a_worker_does_without_the_programs_for_migrations() -> None:
    code = "import sys, app.cli, app.jobs.runner; sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
