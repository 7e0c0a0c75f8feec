"""The formats that timelines are exported to."""

from __future__ import annotations

from dataclasses import dataclass

from feelit.errors import UsageError
from feelit.exports.boris import boris_text
from feelit.exports.elan import elan_text
from feelit.exports.openface import openface_text
from feelit.exports.part import Write
from feelit.exports.plain import csv_text, jsonl_text
from feelit.exports.pyfeat import pyfeat_text
from feelit.exports.rttm import rttm_text
from feelit.exports.srt import srt_text
from feelit.exports.textgrid import textgrid_text
from feelit.exports.webvtt import webvtt_text
from feelit.storage.location import Location


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the ending of its files, whether a file holds one video or any number of them, and whether it shows when."""

    write: Write
    suffix: str
    one_video: bool
    needs_time: bool = True


FORMATS = {
    "csv": Format(csv_text, ".csv", one_video=False, needs_time=False),
    "jsonl": Format(jsonl_text, ".jsonl", one_video=False, needs_time=False),
    "elan": Format(elan_text, ".eaf", one_video=True),
    "webvtt": Format(webvtt_text, ".vtt", one_video=True),
    "srt": Format(srt_text, ".srt", one_video=True),
    "openface": Format(openface_text, ".csv", one_video=True, needs_time=False),
    "pyfeat": Format(pyfeat_text, ".csv", one_video=False, needs_time=False),
    "boris": Format(boris_text, ".tsv", one_video=False),
    "textgrid": Format(textgrid_text, ".TextGrid", one_video=True),
    "rttm": Format(rttm_text, ".rttm", one_video=False),
}


def format_named(name: str | None, out: Location | None) -> Format:
    """The format of that name; without a name, the first one whose ending `out` has.

    Raises
    ------
    UsageError
        if there is no such format, or neither name nor ending say which.
    """
    if name is None and out is not None:
        name = next((n for n, f in FORMATS.items() if f.suffix.lower() == out.suffix.lower()), None)
    if name is None:
        place = "standard output" if out is None else f"--out {out}"
        endings = ", ".join(dict.fromkeys(f.suffix for f in FORMATS.values()))
        hint = f"choose --format {', '.join(FORMATS)}, or a file that ends in {endings}"
        raise UsageError(f"{place} does not say what to write", hint)
    if name not in FORMATS:
        raise UsageError(f"there is no format {name}", f"choose {', '.join(FORMATS)}")
    return FORMATS[name]
