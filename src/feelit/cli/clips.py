"""feelit clips"""

from __future__ import annotations

from pathlib import PurePosixPath

from feelit.cli.command import Timeline, Video, with_options
from feelit.cli.texts import note
from feelit.options.printing import JsonOptions, QuietOptions
from feelit.options.transcripts import SayOptions
from feelit.options.videos import ClipsOptions


@with_options
def clips(
    video: Video, timeline: Timeline, options: ClipsOptions, said: SayOptions, printed: JsonOptions, progress: QuietOptions
) -> None:
    """Cut the strongest moments, or what was said, out of a video into a folder of clips, exact to the frame and with sound."""
    from feelit.api.videos import cut
    from feelit.cli.texts import write_json
    from feelit.console import progress_bar

    with progress_bar(f"cutting {PurePosixPath(video).name}", progress.quiet) as advance:
        found = cut(video, timeline, str(options.out), options, said, advance)
    if not found:
        lacking = f"{said.transcript} has no such words" if said.say else f"{timeline} has no such event"
        note(f"{lacking}; there are no clips")
    if printed.json:
        for clip in found:
            write_json(clip.record())
