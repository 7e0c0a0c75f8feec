"""feelit analyze"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args, get_type_hints

import typer

if TYPE_CHECKING:  # heavy rooms are entered by the command that needs them, not by --help
    from feelit.config import AnalyzeConfig, RunConfig
    from feelit.run.job import VideoReport
    from feelit.run.plan import Source


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a run shows and makes besides its timeline."""

    annotate: Path | None
    json_lines: bool
    quiet: bool


class DeviceName(StrEnum):
    """Where models run."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class EngineName(StrEnum):
    """Where segments are run."""

    local = "local"
    ray = "ray"


def _load_config(context: typer.Context, path: Path | None) -> Path | None:
    """Options of a TOML file become defaults, which the command line overrides. They are spelt as on the command line."""
    if path is not None:
        from feelit.config import read_toml

        params = {str(p.opts[0]).lstrip("-").replace("-", "_"): p for p in context.command.params if p.name != "config"}
        options = read_toml(path, set(params))
        values = {str(params[key].name): _typed(path, key, value, str(params[key].name)) for key, value in options.items()}
        context.default_map = {**(context.default_map or {}), **values}
    return path


def _typed(path: Path, key: str, value: object, parameter: str) -> object:
    """A value as the parameter wants it; the words of a choice are texts like paths."""
    from feelit.config import KINDS, checked

    hint, option = get_type_hints(analyze)[parameter], key.replace("_", "-")
    if hint == list[str]:
        return [checked(path, option, item, Path) for item in (value if isinstance(value, list) else [value])]
    if parameter == "out":  # a text, for an address is no path; but a number is neither
        return checked(path, option, value, Path)
    return checked(path, option, value, next((kind for kind in KINDS if kind in (hint, *get_args(hint))), Path))


def analyze(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Videos or folders, here or in a bucket, or - for a list on standard input.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str,
        typer.Option(help="A .parquet file for one table of all videos, or a folder for one file a video."),
    ] = "results.parquet",
    rate: Annotated[str, typer.Option(help="Samples a second of video, or native for every frame.")] = "10",
    start: Annotated[float, typer.Option(help="Begin here, in seconds.")] = 0.0,
    end: Annotated[float, typer.Option(help="End before this, in seconds.", show_default="its end")] = float("inf"),
    min_face: Annotated[
        float | None,
        typer.Option(help="Side of the smallest face to look for, in px.", show_default="1/30 of the picture's short side"),
    ] = None,
    detector: Annotated[str, typer.Option(help="Name of a detector, or the path of an ONNX file.")] = "face",
    classifier: Annotated[str, typer.Option(help="Name of a classifier, or an ONNX file with its card.")] = "expression",
    device: Annotated[DeviceName, typer.Option(help="Where models run; auto takes CUDA where it loads.")] = DeviceName.auto,
    workers: Annotated[int | None, typer.Option(help="Segments at a time.", show_default="one a core")] = None,
    batch: Annotated[int, typer.Option(help="Frames, and faces, that go through a model at a time.")] = 16,
    engine: Annotated[EngineName, typer.Option(help="Worker processes of this machine, or a Ray cluster.")] = EngineName.local,
    ray_address: Annotated[str, typer.Option(help="The cluster: auto, HOST:PORT or ray://HOST:PORT.")] = "auto",
    segment_timeout: Annotated[
        float | None,
        typer.Option(help="Seconds a segment may take.", show_default="120, or one a frame if that is more"),
    ] = None,
    memory_limit: Annotated[str | None, typer.Option(help="Memory a worker may take, such as 2G.", show_default=False)] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(help="Also write annotated video: a file for one input, a folder for several.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace outputs that exist.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Only the videos that failed before.")] = False,
    shard: Annotated[
        str | None, typer.Option(help="Only one of several parts of the videos, as in 2/8.", show_default=False)
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Where finished segments are kept until then.", show_default="beside the output")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on where an interrupted run stopped.")] = True,
    json_lines: Annotated[bool, typer.Option("--json", help="Print one JSON object a finished video.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no table.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be done, and do nothing.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="A TOML file with any of these options.", is_eager=True, callback=_load_config, show_default=False),
    ] = None,
) -> None:
    """Find and track faces in videos and classify the emotion each one shows, into a Parquet timeline."""
    from feelit.config import AnalyzeConfig, EngineConfig, RunConfig, Shard
    from feelit.run.outputs import chosen
    from feelit.run.plan import find_videos, read_list
    from feelit.storage.location import location, refuse_url

    texts = [t for text in inputs for t in (read_list(_standard_input()) if text == "-" else [text])]
    look = AnalyzeConfig(rate, start, end, min_face, detector, classifier, device.value)
    part = None if shard is None else Shard.parse(shard)
    where = EngineConfig(engine.value, ray_address, segment_timeout, memory_limit)
    place = location(out)
    run = RunConfig(
        place, workers, batch, force, resume, shard=part, retry_failed=retry_failed, engine=where, workspace=workspace
    )
    if annotate is not None:
        refuse_url(annotate)
    planned = find_videos(texts)
    sources = chosen(planned, run)
    if dry_run:
        _list(sources, run)
        return
    shown = _Shown(annotate, json_lines, quiet)
    reports = _run(sources, planned, look, run, shown)
    _conclude(sources, reports, run, shown)


def _standard_input() -> str:
    """All of it, as file names are decoded: not every name is text."""
    return os.fsdecode(sys.stdin.buffer.read())


def _list(sources: list[Source], run: RunConfig) -> None:
    """What a run would do, a line a video: where its rows would go, and how long it is."""
    from feelit.console import clock
    from feelit.errors import FeelitError
    from feelit.run.outputs import target_of
    from feelit.storage.names import one_line
    from feelit.video.probe import probe

    for source in sources:
        try:
            columns = [clock(probe(source.path).info.duration_s), str(target_of(run.out, source))]
        except FeelitError as error:
            columns = [f"cannot be read: {error.message}"]
        typer.echo("\t".join(map(one_line, [source.name, *columns])))


def _run(sources: list[Source], planned: list[Source], look: AnalyzeConfig, run: RunConfig, shown: _Shown) -> list[VideoReport]:
    import time

    from feelit.console import AnalysisView
    from feelit.run.pipeline import analyze_videos

    start_s = time.perf_counter()
    with AnalysisView(len(sources), shown.quiet, shown.json_lines) as view:
        reports = analyze_videos(sources, look, run, view, planned)
    view.summary(reports, time.perf_counter() - start_s)
    return reports


def _conclude(sources: list[Source], reports: list[VideoReport], run: RunConfig, shown: _Shown) -> None:
    """What follows from how the videos fared."""
    from feelit.errors import SomeFailedError

    failures = [r for r in reports if not r.ok]
    if len(reports) == 1 and failures:
        raise typer.Exit(failures[0].exit_code)  # the reason was printed when it happened
    if shown.annotate is not None:
        _annotate(sources, reports, run, shown)
    if sys.stderr.isatty() and not shown.quiet:
        typer.echo("Outputs judge how a face looks, not what a person feels: see docs/responsible-use.md.", err=True)
    if failures:
        raise SomeFailedError(f"{len(failures)} of {len(reports)} videos failed", "the others are done")


def _annotate(sources: list[Source], reports: list[VideoReport], run: RunConfig, shown: _Shown) -> None:
    from feelit.cli.annotate import draw
    from feelit.render.annotate import AnnotateOptions
    from feelit.run.outputs import target_of
    from feelit.storage.atomic import output_errors

    assert shown.annotate is not None
    for source, report in zip(sources, reports, strict=True):
        if not report.ok or report.out is None:
            continue
        alone = len(sources) == 1 and bool(shown.annotate.suffix)
        target = shown.annotate if alone else shown.annotate / f"{source.place}.annotated.mp4"
        with output_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        draw(source.path, target_of(run.out, source), AnnotateOptions(target, force=run.force), shown.quiet)
