"""What the command prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import csv
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from labelapi.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

    from labelapi.api import LabelAPI

Column = tuple[str, Union[str, Callable[[Any], Any]]]
TABLE_ROWS = 100
LINE_SECONDS, JSON_SECONDS = 10.0, 1.0


@dataclass
class Console:
    """The global options, and the ways to print that follow from them."""

    profile: str | None = None
    is_json: bool = False
    is_csv: bool = False
    is_quiet: bool = False
    says_yes: bool = False
    is_dry_run: bool = False
    has_no_color: bool = False
    # What to say after "Interrupted.", so that one knows what goes on and how.
    after_interruption: str = ""

    @contextmanager
    def when_interrupted(self, line: str) -> Iterator[None]:
        """Say this line if Ctrl-C ends what is done here."""
        try:
            yield
        except KeyboardInterrupt:
            self.after_interruption = self.after_interruption or line
            raise

    def open(self) -> LabelAPI:
        """Return the client of the chosen profile."""
        from labelapi.api import LabelAPI

        api = LabelAPI.from_profile(self.profile, say=self.say)
        api.transport.is_dry_run = self.is_dry_run
        return api

    def say(self, line: str) -> None:
        """Print a line for people."""
        if not self.is_quiet:
            print(printable(line), file=sys.stderr, flush=True)  # noqa: T201

    def result(self, value: Any, line: str | None = None) -> None:
        """Print what came out: the value as JSON, or a line for people; the line is left out when only words are wanted."""
        if self.is_json:
            _print_json(value)
        elif self.is_csv:
            rows = value if isinstance(value, list) else [value]
            self.rows(rows, [(name, name) for name in rows[0]] if rows else [])
        elif line is not None:
            print(printable(line), flush=True)  # noqa: T201

    def event(self, **values: Any) -> None:
        """Print a line of JSON about the progress, where programs read."""
        if self.is_json:
            _print_json(values)

    def rows(self, rows: Iterable[Any], columns: Sequence[Column], limit: int | None = None) -> None:
        """Print a list: as JSON whole, as CSV and as a table by the columns, each a heading with a key or a function."""
        if self.is_json:
            _print_list(itertools.islice(rows, limit) if limit else rows)
        elif self.is_csv:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow([heading.lower().replace(" ", "_") for heading, _ in columns])
            for row in itertools.islice(rows, limit) if limit else rows:
                writer.writerow([_cell(row, source) for _, source in columns])
        else:
            self._table(rows, columns, limit or TABLE_ROWS)

    def facts(self, value: Any, facts: Sequence[tuple[str, Any]]) -> None:
        """Print one thing: as JSON whole, else each fact on a line."""
        if self.is_json:
            _print_json(value)
        elif self.is_csv:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow([name.lower().replace(" ", "_") for name, _ in facts])
            writer.writerow([fact for _, fact in facts])
        else:
            print("\n".join(_fact_lines(facts)), flush=True)  # noqa: T201

    def confirm(self, question: str) -> None:
        """Ask, and return when the answer is yes. Raises UsageError otherwise."""
        if self.says_yes or self.is_dry_run:
            return
        if not sys.stdin.isatty():
            raise UsageError(f"{question} There is nobody to ask.", "--yes answers yes.")
        print(f"{printable(question)} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UsageError("Nothing was done.")

    @contextmanager
    def live(self) -> Iterator[Callable[[Sequence[tuple[str, Any]]], None]]:
        """Give a function that shows facts in the place of those before on a terminal, and below them elsewhere."""
        if self.is_json or self.is_csv or not sys.stdout.isatty():
            yield lambda facts: self.facts(None, facts)
            return
        from rich.live import Live
        from rich.text import Text

        with Live(console=self.rich(), auto_refresh=False) as live:
            yield lambda facts: live.update(Text("\n".join(_fact_lines(facts))), refresh=True)

    @contextmanager
    def bar(self, words: str, *, unit: str = "bytes") -> Iterator[Bar]:
        """Show a progress bar on a terminal, else a line now and then; JSON Lines where programs read."""
        bar: Bar
        if self.is_json:
            bar = _JsonBar(words, self)
        elif self.is_quiet:
            bar = Bar(words)
        elif sys.stderr.isatty():
            bar = _RichBar(words, unit, self.rich(stderr=True))
        else:
            bar = _LineBar(words, unit, self)
        try:
            yield bar
        finally:
            bar.close()

    def rich(self, *, stderr: bool = False) -> RichConsole:
        """Return a console of Rich, without colors and as wide as needed where there is no terminal."""
        from rich.console import Console as RichConsole

        stream = sys.stderr if stderr else sys.stdout
        is_terminal = stream.isatty()
        no_color = self.has_no_color or "NO_COLOR" in os.environ or not is_terminal
        return RichConsole(
            file=stream,
            no_color=no_color,
            highlight=False,
            markup=False,
            emoji=False,
            width=None if is_terminal else 1000,
            force_terminal=None if is_terminal else False,
        )

    def _table(self, rows: Iterable[Any], columns: Sequence[Column], limit: int) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        iterator = iter(rows)
        shown = list(itertools.islice(iterator, limit))
        for heading, source in columns:
            is_number = all(isinstance(_value(row, source), (int, float)) for row in shown) and bool(shown)
            table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
        for row in shown:
            table.add_row(*(Text(printable(str(_cell(row, source)))) for _, source in columns))
        if shown:
            self.rich().print(table)
        else:
            self.say("Nothing.")
        if next(iterator, None) is not None:
            self.say(f"These are the first {limit}. --limit shows more, --json and --csv show all.")


class Bar:
    """The progress of something; threads may share it. This one shows nothing."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.done: float = 0
        self.total: float | None = None
        self.note = ""
        self._lock = threading.Lock()

    def advance(self, count: float) -> None:
        """Take so much more as done."""
        with self._lock:
            self.done += count
            self.show()

    def set(self, done: float, total: float | None, note: str = "") -> None:
        """Take what is done, of what, with a few words."""
        with self._lock:
            self.done, self.total, self.note = done, total, note
            self.show()

    def show(self) -> None:
        """Show it, if it is time."""

    def close(self) -> None:
        """End it."""


class _RichBar(Bar):
    def __init__(self, words: str, unit: str, console: RichConsole) -> None:
        super().__init__(words)
        from rich import progress

        amount: list[Any]
        if unit == "bytes":
            amount = [progress.DownloadColumn(), progress.TransferSpeedColumn()]
        else:
            amount = [progress.MofNCompleteColumn(), progress.TextColumn(unit)]
        text = progress.TextColumn("{task.description}", markup=False)
        note = progress.TextColumn("{task.fields[note]}", markup=False)
        columns = [text, progress.BarColumn(), *amount, progress.TimeRemainingColumn(), note]
        self._progress = progress.Progress(*columns, console=console)
        self._task = self._progress.add_task(words, total=None, note="")
        self._progress.start()
        self._shown_at = 0.0

    def show(self) -> None:
        now = time.monotonic()
        if now - self._shown_at > 0.1:
            self._shown_at = now
            self._progress.update(self._task, completed=self.done, total=self.total, note=self.note)

    def close(self) -> None:
        self._progress.update(self._task, completed=self.done, total=self.total, note=self.note)
        self._progress.stop()


class _LineBar(Bar):
    def __init__(self, words: str, unit: str, console: Console) -> None:
        super().__init__(words)
        self._unit, self._console = unit, console
        self._began = self._shown_at = time.monotonic()

    def show(self) -> None:
        now = time.monotonic()
        if now - self._shown_at > LINE_SECONDS:
            self._shown_at = now
            self._line()

    def close(self) -> None:
        self._line()

    def _line(self) -> None:
        seconds = max(time.monotonic() - self._began, 0.001)
        if self._unit == "bytes":
            amount = (
                f"{self.done / 1e6:,.1f} of {(self.total or 0) / 1e6:,.1f} MB, {self.done / 1e6 / seconds:,.1f} MB/s"
            )
        else:
            amount = f"{self.done:,.0f} of {'?' if self.total is None else format(self.total, ',.0f')} {self._unit}"
        self._console.say(f"{self.words}: {amount}{f', {self.note}' if self.note else ''}")


class _JsonBar(Bar):
    def __init__(self, words: str, console: Console) -> None:
        super().__init__(words)
        self._console = console
        self._shown_at = 0.0

    def show(self) -> None:
        now = time.monotonic()
        if now - self._shown_at > JSON_SECONDS:
            self._shown_at = now
            values = {"done": self.done, "total": self.total, "note": self.note}
            self._console.event(event="progress", what=self.words, **values)


def _fact_lines(facts: Sequence[tuple[str, Any]]) -> Iterator[str]:
    width = max(len(name) for name, _ in facts)
    for name, fact in facts:
        lines = printable("-" if fact is None else str(fact), keep="\n").split("\n")
        yield f"{name:<{width}}  " + f"\n{'':<{width}}  ".join(lines)


def printable(text: str, keep: str = "") -> str:
    """Return a text in which no control character reaches the terminal."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else letter.encode("unicode_escape").decode()
        for letter in text
    )


def size_text(count: float) -> str:
    """Return a number of bytes for people."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} bytes"


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)  # noqa: T201


def _print_list(rows: Iterable[Any]) -> None:
    separator = "["
    for row in rows:
        print(f"{separator}{json.dumps(row, ensure_ascii=False)}", end="")  # noqa: T201
        separator = ",\n "
    print("]" if separator != "[" else "[]", flush=True)  # noqa: T201


def _value(row: Any, source: str | Callable[[Any], Any]) -> Any:
    return source(row) if callable(source) else row.get(source)


def _cell(row: Any, source: str | Callable[[Any], Any]) -> Any:
    value = _value(row, source)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
