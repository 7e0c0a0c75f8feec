"""ELAN documents: read back with pympi, and held against schemas.

The published schema, EAFv3.0.xsd, comes without a licence that would let us keep a copy. `data/eaf_written.xsd` states in our
own words what we write of it. Who has the published one names it in the environment, EAF_SCHEMA=path/to/EAFv3.0.xsd, and it is
used as well; the source distribution of pympi-ling holds it.
"""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pyarrow as pa
import pytest
import xmlschema
from pympi import Elan

from feelit.analysis.event import Event, Kind
from feelit.exports.elan import Mark, Tier, tiers
from feelit.exports.selection import Selection
from feelit.timeline.recording import Recording, open_timelines
from feelit.types import EMOTIONS
from tests.exports.made import text_of, write
from tests.timeline.rows import regular, table_of

OURS = Path(__file__).parent / "data" / "eaf_written.xsd"
PUBLISHED = os.environ.get("EAF_SCHEMA")

EVENTFUL = table_of({1: "nnnhhhaaa" * 3, 2: "hh..hhuua" * 3, 3: "." * 27}, regular(27), "folder/a b.mp4")


def written(path: Path, tracks: tuple[int, ...] | None = None) -> Path:
    out = path.with_suffix(".eaf")
    out.write_text(text_of(path, "elan", tracks), encoding="utf-8", newline="")
    return out


def event(kind: Kind, start_s: float, end_s: float, tracks: tuple[int, ...] = (1,), p_value: float = 0.01) -> Event:
    emotion = None if kind is Kind.absence else "happiness"
    return Event("a.mp4", kind, tracks, emotion, start_s, end_s, start_s, 0.9, 0.1, 0, 1, p_value, p_value)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What is found in every timeline."""
    found: list[Event] = []
    monkeypatch.setattr("feelit.exports.elan.events_of", lambda rows, bouts, kinds, max_p: found)
    return found


def recording(tmp_path: Path, table: pa.Table) -> Recording:
    return open_timelines(write(tmp_path / "t.parquet", table))[0]


def made_of(recording: Recording, tracks: tuple[int, ...] | None = None) -> list[Tier]:
    selection = Selection((recording,), Path(), tracks)
    return tiers(recording, selection.labels(recording), selection.series(recording))


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(OURS, id="ours"),
        pytest.param(
            PUBLISHED, id="published", marks=pytest.mark.skipif(not PUBLISHED, reason="EAF_SCHEMA does not name EAFv3.0.xsd")
        ),
    ],
)
@pytest.mark.parametrize(
    "table",
    [
        pytest.param(EVENTFUL, id="eventful"),
        pytest.param(table_of({}, regular(3)), id="nobody"),
        pytest.param(table_of({1: "uuu"}, regular(3)), id="unreadable"),
        pytest.param(table_of({1: "n"}, [0.0], 'é <b> & "q"\n\x01%20.mkv'), id="odd-name"),
    ],
)
def test_documents_are_valid(schema: Path | str, table: pa.Table, tmp_path: Path, events: list[Event]) -> None:
    events += [event(Kind.peak, 0.1, 0.4), event(Kind.shared, 0, 0.2, (1, 2)), event(Kind.absence, 0.5, 0.7)]
    xmlschema.XMLSchema(schema).validate(written(write(tmp_path / "t.parquet", table)))


def test_our_schema_would_notice(tmp_path: Path) -> None:
    schema = xmlschema.XMLSchema(OURS)
    text = text_of(write(tmp_path / "t.parquet", EVENTFUL), "elan")
    assert schema.is_valid(text)
    wrong = {"TIME_VALUE": "VALUE", 'TIME_SLOT_REF1="ts1"': 'TIME_SLOT_REF1="ts999"', 'PARENT_REF="track 1"': 'PARENT_REF="?"'}
    wrong |= {
        'CVE_REF="happiness"': 'CVE_REF="joy"',
        "<TIME_ORDER>": "<TIER TIER_ID='x' LINGUISTIC_TYPE_REF='event'/><TIME_ORDER>",
    }
    for there, broken in wrong.items():
        assert there in text
        assert not schema.is_valid(text.replace(there, broken)), broken


def test_pympi_reads_the_bouts_and_their_confidence(tmp_path: Path) -> None:
    eaf = Elan.Eaf(str(written(write(tmp_path / "t.parquet", table_of({1: "nnnhhh", 2: "aa.aa."}, regular(6))))))
    assert list(eaf.get_tier_names()) == ["track 1", "track 1 confidence", "track 2", "track 2 confidence"]
    assert eaf.get_annotation_data_for_tier("track 1") == [(0, 300, "neutral"), (300, 600, "happiness")]
    assert eaf.get_annotation_data_for_tier("track 2") == [(0, 200, "anger"), (300, 500, "anger")]
    assert eaf.get_annotation_data_for_tier("track 2 confidence") == [(0, 200, "0.75", "anger"), (300, 500, "0.75", "anger")]
    assert eaf.get_parameters_for_tier("track 1 confidence")["PARENT_REF"] == "track 1"
    assert eaf.get_parameters_for_tier("track 2")["PARTICIPANT"] == "track 2"
    assert set(eaf.get_cv_entries("emotions")) == set(EMOTIONS)


def test_pympi_reads_the_events(tmp_path: Path, events: list[Event]) -> None:
    events += [event(Kind.peak, 0.1, 0.4, (2,), 0.002), event(Kind.shared, 0, 0.2, (1, 2)), event(Kind.absence, 0.5, 0.7)]
    eaf = Elan.Eaf(str(written(write(tmp_path / "t.parquet", table_of({1: "n" * 9, 2: "h" * 9}, regular(9))))))
    assert eaf.get_annotation_data_for_tier("track 2 peaks") == [(100, 400, "happiness, p = 0.002")]
    assert eaf.get_annotation_data_for_tier("shared shifts") == [(0, 200, "happiness of track 1, track 2, p = 0.010")]
    assert eaf.get_annotation_data_for_tier("track 1 absences") == [(500, 700, "away, p = 0.010")]


def test_time_slots_are_in_the_order_of_their_times(tmp_path: Path) -> None:
    root = ElementTree.parse(written(write(tmp_path / "t.parquet", EVENTFUL))).getroot()
    times = [int(slot.get("TIME_VALUE", "")) for slot in root.iter("TIME_SLOT")]
    assert len(times) > 20
    assert times == sorted(times)


def test_an_equal_timeline_gives_an_equal_document(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", EVENTFUL)
    assert text_of(path, "elan") == text_of(path, "elan")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("clips/a.mp4", "video/mp4", id="mp4"),
        pytest.param("a.MOV", "video/quicktime", id="mov"),
        pytest.param("a.odd", "unknown", id="unknown"),
        pytest.param("50% <b> 'é'\n.mp4", "video/mp4", id="odd-name"),
    ],
)
def test_the_video_is_linked(name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its whole path, and from the folder of the document."""
    monkeypatch.chdir(tmp_path)
    eaf = Elan.Eaf(str(written(write(tmp_path / "out" / "t.parquet", table_of({1: "nn"}, regular(2), name)))))
    (link,) = eaf.get_linked_files()
    url = urlsplit(link["MEDIA_URL"])
    assert (url.scheme, unquote(url.path)) == ("file", (tmp_path / name).as_posix())
    assert unquote(link["RELATIVE_MEDIA_URL"]) == f"../{name}"
    assert link["MIME_TYPE"] == kind


def test_a_video_beside_the_document(tmp_path: Path) -> None:
    name = (tmp_path / "a.mp4").as_posix()
    eaf = Elan.Eaf(str(written(write(tmp_path / "t.parquet", table_of({1: "nn"}, regular(2), name)))))
    assert eaf.get_linked_files()[0]["RELATIVE_MEDIA_URL"] == "./a.mp4"


def test_only_some_tracks_and_their_events(tmp_path: Path, events: list[Event]) -> None:
    events += [
        event(Kind.peak, 0, 1),
        event(Kind.peak, 0, 1, (2,)),
        event(Kind.shared, 0, 1, (1, 2)),
        event(Kind.shared, 2, 3, (1, 3)),
    ]
    path = write(tmp_path / "t.parquet", table_of({1: "n" * 9, 2: "h" * 9, 3: "a" * 9}, regular(9)))
    made = made_of(open_timelines(path)[0], (2,))
    assert [tier.name for tier in made] == ["track 2", "track 2 peaks", "shared shifts"]
    assert [len(tier.marks) for tier in made] == [1, 1, 1]


def test_events_that_overlap_lie_on_several_tiers(tmp_path: Path, events: list[Event]) -> None:
    events += [event(Kind.peak, 0, 0.5), event(Kind.peak, 0.2, 0.4), event(Kind.peak, 0.4, 0.6), event(Kind.peak, 0.5, 0.7)]
    made = [tier for tier in made_of(recording(tmp_path, table_of({1: "n" * 9}, regular(9)))) if tier.kind == "event"]
    value = "happiness, p = 0.010"
    assert made == [
        Tier("track 1 peaks", "track 1", "event", [Mark(0, 500, value), Mark(500, 700, value)]),
        Tier("track 1 peaks 2", "track 1", "event", [Mark(200, 400, value), Mark(400, 600, value)]),
    ]


def test_events_end_with_the_video(tmp_path: Path, events: list[Event]) -> None:
    events += [event(Kind.peak, 1.9, 2.04)]
    (_, made) = made_of(recording(tmp_path, table_of({1: "n" * 20}, regular(20))))
    assert [(mark.start_ms, mark.end_ms) for mark in made.marks] == [(1900, 2000)]


def test_bouts_and_what_may_be_chance_are_no_events(tmp_path: Path, events: list[Event]) -> None:
    events += [event(Kind.bout, 0, 1, p_value=float("nan")), event(Kind.peak, 0, 1, p_value=0.06)]
    assert [tier.kind for tier in made_of(recording(tmp_path, table_of({1: "nn"}, regular(2))))] == ["emotion"]


def test_annotations_of_a_tier_do_not_overlap(tmp_path: Path) -> None:
    for tier in made_of(recording(tmp_path, EVENTFUL)):
        assert all(before.end_ms <= after.start_ms for before, after in pairwise(tier.marks))
