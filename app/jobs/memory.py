"""How a worker uses memory: what jobs gave back goes to the system, and cycles of objects are looked for rarely."""

import ctypes
import gc

# Python looks for cycles after so many new containers; by itself, after 700.
NEW_OBJECTS = 10_000
# The numbers of these parameters in malloc.h of glibc.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
# What is as large as this has pages of its own, which go back as soon as it is freed.
OWN_PAGES_BYTES = 128 * 1024
MAX_ARENAS = 2


def collect_garbage_rarely() -> None:
    """Let Python look for cycles among the objects of jobs, not among those that are there from the start, and less often.

    Jobs make millions of records, none of which is part of a cycle. Half of the time of an import was the search among them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)


def return_memory_early() -> None:
    """Let glibc give large blocks back to the system when they are freed; do nothing with another C library.

    By itself it raises the threshold of what has pages of its own as soon as a larger block is freed, and has up to eight heaps
    for each processor. Pieces of files and statements of a megabyte then leave holes in the heap of each thread that a job has.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES)
        mallopt(M_ARENA_MAX, MAX_ARENAS)
