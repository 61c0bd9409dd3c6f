"""Decoders: processes of their own that read whole files, so that no file can crash, block or fill the process that asks."""

import atexit
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from typing import IO, Any

from app.media.frames import read_frame, write_frame
from app.media.previews import Picture

ROOT = Path(__file__).parents[2]
DECODE_SECONDS = 30
END_SECONDS = 1


@dataclass(frozen=True)
class Inspection:
    """What a file is: its SHA-256, and its picture, or why it has none; neither for a file that is no image.

    `fault` is the kind of a problem and its message.
    """

    sha256: bytes
    picture: Picture | None = None
    fault: tuple[str, str] | None = None


class Busy(Exception):
    """All decoders are at work."""


class _Ended(Exception):
    """The process ended while it had a file."""


class Decoder:
    """One process that decodes. It starts with the first image, and again after one that ended it."""

    def __init__(self, decode_seconds: float = DECODE_SECONDS) -> None:
        self._decode_seconds = decode_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._is_late = False

    def inspect(self, chunks: Iterable[bytes], filetype: str | None, content_encoding: str | None) -> Inspection:
        """Return what a file is that comes in `chunks`; what they raise passes.

        `filetype` is the format that its first bytes show, None for no image; `content_encoding` is how it is stored.
        """
        sha256 = hashlib.sha256()
        hashed = _hashed(chunks, sha256)
        found: Picture | tuple[str, str] | None = None
        if filetype:
            process = self._process = self._process or _start()
            try:
                found = self._decode(process, hashed, {"filetype": filetype, "content_encoding": content_encoding})
            except _Ended:
                found = "unreadable", self._reason()
            except BaseException:
                # It waits for the rest of the file.
                self.close()
                raise
        for _ in hashed:
            pass
        if isinstance(found, Picture):
            return Inspection(sha256.digest(), picture=found)
        return Inspection(sha256.digest(), fault=found)

    def turn(self, chunks: Iterable[bytes], filetype: str, turned: IO[bytes]) -> tuple[str, str] | None:
        """Write the picture of a file that comes in `chunks` as it is displayed; what they raise passes.

        Returns why that cannot be done: the kind of a problem and its message. Then something of it may have been written.
        """
        process = self._process = self._process or _start()
        request = {"filetype": filetype, "content_encoding": None, "turns": True}
        try:
            with self._answering(process, chunks, request) as results:
                result = json.loads(read_frame(results))
                while piece := read_frame(results):
                    turned.write(piece)
        except _Ended:
            return "unreadable", self._reason()
        except BaseException:
            # It waits for the rest of the file, or has more of its result.
            self.close()
            raise
        return (result["kind"], result["message"]) if "kind" in result else None

    def _decode(
        self, process: "subprocess.Popen[bytes]", chunks: Iterable[bytes], request: dict[str, Any]
    ) -> Picture | tuple[str, str]:
        with self._answering(process, chunks, request) as results:
            result = json.loads(read_frame(results))
            thumbnail, preview = read_frame(results), read_frame(results)
        return (result["kind"], result["message"]) if "kind" in result else Picture(result["dhash"], thumbnail, preview)

    @contextmanager
    def _answering(
        self, process: "subprocess.Popen[bytes]", chunks: Iterable[bytes], request: dict[str, Any]
    ) -> Iterator[IO[bytes]]:
        """Send a file, and give what the process answers to whoever reads it in time. Raises _Ended."""
        self._is_late = False
        source, results = process.stdin, process.stdout
        assert source is not None  # noqa: S101  # It is a pipe.
        assert results is not None  # noqa: S101  # It, too.
        _write(source, json.dumps(request).encode())
        for chunk in chunks:
            if chunk:
                _write(source, chunk)
        timer = threading.Timer(self._decode_seconds, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            _write(source, b"")
            yield results
        except EOFError as error:
            raise _Ended from error
        finally:
            timer.cancel()

    def _end_late(self) -> None:
        self._is_late = True
        if self._process is not None:
            self._process.kill()

    def _reason(self) -> str:
        """Return why the process has ended, in one sentence."""
        process, was_late = self._process, self._is_late
        self.close()
        if was_late:
            return f"Decoding the picture takes longer than {self._decode_seconds:g} s."
        status = process.returncode if process else None
        return f"The process that decoded the file ended unexpectedly (status {status})."

    def close(self) -> None:
        """End the process: at the end of its input, or by force when it is busy."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            process.kill()
            process.wait()


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "app.media.decode_process"]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _hashed(chunks: Iterable[bytes], sha256: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in chunks:
        sha256.update(chunk)
        yield chunk


def _write(stream: IO[bytes], content: bytes) -> None:
    try:
        write_frame(stream, content)
        stream.flush()
    except OSError as error:
        raise _Ended from error


class DecoderPool:
    """So many decoders, each for one thread at a time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free: LifoQueue[Decoder] = LifoQueue()
        for _ in range(size):
            self._free.put(Decoder())
        atexit.register(self.close)

    @contextmanager
    def borrow(self, timeout: float | None = None) -> Iterator[Decoder]:
        """A decoder of one's own; waits for one at most `timeout` seconds, and then raises Busy."""
        try:
            decoder = self._free.get(timeout=timeout)
        except Empty:
            raise Busy from None
        try:
            yield decoder
        finally:
            self._free.put(decoder)

    def close(self) -> None:
        """End the processes that nobody uses."""
        with suppress(Empty):
            while True:
                self._free.get_nowait().close()
