"""Progress bars and tables. The only module that imports rich, and only to show one of them."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from feelit.analysis.table import TextTable
from feelit.storage import waiting
from feelit.storage.names import for_terminal, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, TaskID

    from feelit.run.job import VideoReport
    from feelit.run.plan import Source
    from feelit.types import VideoInfo

PIPE_COLUMNS = 200

SHOWN = 8
"""The most videos with their own bar at a time."""

MOST_ROWS = 50
"""The most rows of the final table. With more videos, it lists failures first and leaves out unchanged ones."""


class AnalysisView:
    """Shows a run: bars on a terminal, else one line per video on stderr; JSON lines on stdout if requested; failures as lines
    on stderr. A log on stderr replaces bars and lines."""

    def __init__(self, quiet: bool, json_lines: bool, log: bool = False) -> None:
        self._console = None if quiet else _terminal()
        self._json, self._quiet = json_lines, quiet
        self._bars = _Bars(self._console) if self._console is not None and not quiet and not log else None
        self._lines = not (self._console is not None or quiet or json_lines or log)
        self._reports: dict[str, VideoReport | None] = {}  # in the order of the plan
        self._start_s = time.perf_counter()
        self._waits = contextlib.ExitStack()

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.progress.start()
            self._waits.enter_context(waiting.heard_by(self._bars.wait))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._waits.close()
        if self._bars:
            self._bars.progress.stop()

    def planned(self, sources: Sequence[Source]) -> None:
        self._reports = dict.fromkeys(source.name for source in sources)
        if self._bars:
            self._bars.expect(len(sources))

    def started(self, source: Source, info: VideoInfo) -> None:
        if self._bars:
            self._bars.open(source.name, info)

    def advanced(self, source: Source, frames: int) -> None:
        if self._bars:
            self._bars.advance(source.name, frames)

    def noted(self, message: str) -> None:
        if not self._quiet:
            self._say(f"feelit: {one_line(message)}")

    def drawn(self, source: Source, share: float) -> None:
        if self._bars:
            self._bars.draw(source.name, share)

    def finished(self, report: VideoReport) -> None:
        self._reports[report.video] = report
        if self._bars:
            self._bars.close(report.video)
        if self._json:
            line = json.dumps(report.record(), ensure_ascii=False)
            sys.stdout.write((one_line(line) if sys.stdout.isatty() else line) + "\n")
            sys.stdout.flush()
        if self._lines and report.status == "done":
            self._say(one_line(f"feelit: {report_text(report)}"))
        if not report.ok and len(self._reports) > 1:  # with a single video, the command itself ends with this error
            hint = f" ({report.hint})" if report.hint else ""
            self._say(f"feelit: {report.error}{hint}")

    def summary(self) -> None:
        """Print how many timelines are stale or unchanged and, on a terminal, one table of all videos."""
        reports = [report for report in self._reports.values() if report is not None]
        if not self._quiet and (stale := sum(report.stale for report in reports)):
            what = "timeline stands" if stale == 1 else "timelines stand"
            self._say(f"feelit: {stale} {what} as an earlier version made them (--stale makes them again)")
        if self._lines and (same := sum(report.status == "unchanged" for report in reports)):
            self._say(f"feelit: {'1 video is' if same == 1 else f'{same:,} videos are'} unchanged")
        if self._bars and self._console is not None:
            wall_s = time.perf_counter() - self._start_s
            _print(_overview(reports, wall_s), self._console)

    def _say(self, text: str) -> None:
        """Print one line on stderr, above the bars if there are any."""
        if self._console is None:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
            return
        from rich.text import Text

        self._console.print(Text(text), soft_wrap=True)


def _terminal() -> Console | None:
    """A console on stderr if that is a terminal, or the environment says so; else None, without importing rich (50 ms)."""
    if not (sys.stderr.isatty() or os.environ.get("FORCE_COLOR") or os.environ.get("TTY_COMPATIBLE")):
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_terminal else None


def report_text(report: VideoReport) -> str:
    """The result of a finished video, in one line."""
    counted = [(report.sampled, "sample"), (report.faces, "face"), (report.people, "person"), (report.tracks, "track")]
    words = [f"{number:,} {_plural(word, number)}" for number, word in counted if number is not None]
    speed = f" ({report.duration_s / report.wall_s:.1f} x real time)" if report.wall_s else ""
    where = f"; in {report.out}" if report.out else ""
    return f"{report.video}: {clock(report.duration_s)} took {report.wall_s:.1f} s{speed}: {', '.join(words)}{where}"


def _plural(word: str, number: int) -> str:
    if number == 1:
        return word
    return "people" if word == "person" else f"{word}s"


class _Bars:
    """A line for the whole run, and one for every open video."""

    def __init__(self, console: Console) -> None:
        from rich.progress import SpinnerColumn

        self.progress = _progress(console, SpinnerColumn(), speed=True)
        self._videos = 0
        self._total = self.progress.add_task("1 video", total=0, speed="")
        self._waiting = self.progress.add_task("", total=None, speed="", visible=False)
        self._tasks: dict[str, TaskID] = {}
        self._infos: dict[str, VideoInfo] = {}
        self._frames = self._packets = 0
        self._seconds = 0.0
        self._start_s = time.perf_counter()

    def wait(self, text: str) -> None:
        """Show why storage is waiting, until there is progress. May be called from any thread."""
        self.progress.update(self._waiting, description=one_line(text), visible=True)

    def expect(self, videos: int) -> None:
        self._videos = videos
        self.progress.update(self._total, description=f"{videos} videos" if videos > 1 else "1 video")

    def open(self, name: str, info: VideoInfo) -> None:
        self.progress.update(self._waiting, visible=False)
        self._infos[name] = info
        visible = len(self._tasks) < SHOWN
        self._tasks[name] = self.progress.add_task(
            one_line(Path(name).name), total=max(info.packets, 1), speed="", visible=visible
        )
        self._packets += info.packets
        # Videos not yet opened are assumed to be of average length.
        self.progress.update(self._total, total=max(1, self._packets * self._videos // max(1, len(self._infos))))

    def advance(self, name: str, frames: int) -> None:
        info = self._infos[name]
        seconds = frames / float(info.average_rate) if info.average_rate else 0.0
        self._frames += frames
        self._seconds += seconds
        wall_s = max(time.perf_counter() - self._start_s, 1e-3)
        self.progress.update(self._waiting, visible=False)
        self.progress.update(self._tasks[name], advance=frames)
        speed = f"{self._frames / wall_s:.0f} frames/s, {self._seconds / wall_s:.1f} x real time"
        self.progress.update(self._total, advance=frames, speed=speed)

    def draw(self, name: str, share: float) -> None:
        if name not in self._tasks:
            self._tasks[name] = self.progress.add_task(f"annotating {one_line(Path(name).name)}", total=1.0, speed="")
        self.progress.update(self._tasks[name], completed=share)
        if share >= 1:
            self.progress.remove_task(self._tasks.pop(name))

    def close(self, name: str) -> None:
        self.progress.update(self._waiting, visible=False)
        if name in self._tasks:
            self.progress.remove_task(self._tasks.pop(name))
        for task in islice(self._tasks.values(), SHOWN):
            self.progress.update(task, visible=True)


def _progress(console: Console, *first: ProgressColumn, speed: bool = False) -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [*first, TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %")]
    columns += [TextColumn("{task.fields[speed]}")] if speed else []
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)


@contextlib.contextmanager
def progress_bar(what: str, quiet: bool) -> Iterator[Callable[[float], None]]:
    """A progress bar on a terminal; yields a function to call with the share done, 0..1."""
    console = None if quiet else _terminal()
    if console is None:
        yield lambda share: None
        return
    with _progress(console) as progress:
        task = progress.add_task(one_line(what), total=1.0)
        yield lambda share: progress.update(task, completed=share)


def print_table(table: TextTable) -> None:
    """Print a table on stdout."""
    from rich.console import Console

    console = Console()
    # A pipe has no width.
    _print(table, console if console.is_terminal else Console(width=PIPE_COLUMNS))


def _print(table: TextTable, console: Console) -> None:
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=Text(one_line(table.title), "table.title"), title_justify="left")
    for i, heading in enumerate(table.headings):
        shown.add_column(heading, justify="left" if i < table.words else "right", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(for_terminal(cell)) for cell in row))
    unbounded = console.options.update(max_width=10_000)
    for heading in table.expendable:
        if Measurement.get(console, unbounded, shown).maximum <= console.width:
            break
        shown.columns = [column for column in shown.columns if column.header != heading]
    console.print(shown)


def _overview(reports: Sequence[VideoReport], wall_s: float) -> TextTable:
    headings = ("video", "status", "provider", "duration", "decoded", "sampled", "errors", "faces", "tracks", "x real time")
    rows = []
    changed = sorted((report for report in reports if report.status != "unchanged"), key=lambda report: report.ok)
    for report in reports if len(reports) <= MOST_ROWS else changed[:MOST_ROWS]:
        speed = f"{report.duration_s / report.wall_s:.1f}" if report.wall_s else "-"
        provider = (report.provider or "-").replace("ExecutionProvider", "")
        numbers = (report.decoded, report.sampled, report.decode_errors, report.faces, report.tracks)
        rows.append((one_line(report.video), report.status, provider, clock(report.duration_s), *map(str, numbers), speed))
    title = f"{len(reports)} video{'s' if len(reports) != 1 else ''} in {wall_s:.1f} s"
    if hidden := len(reports) - len(rows):
        counts = Counter(report.status for report in reports)
        title += f": {', '.join(f'{count} {status}' for status, count in sorted(counts.items()))}; {hidden} are not listed"
    return TextTable(title, headings, rows, 3, ("status", "errors", "faces", "decoded", "provider"))


def clock(seconds: float) -> str:
    """h:mm:ss or m:ss.s"""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{int(rest):02d}" if hours else f"{minutes}:{rest:04.1f}"
