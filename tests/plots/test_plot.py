"""A figure, from the timeline to the file."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import feelit
from feelit.errors import FeelitError, MissingExtraError, OutputError, TimelineReadError, UsageError
from feelit.options.timelines import PlotOptions
from feelit.plots.figure import draw
from feelit.plots.plot import content_of, plot_timeline
from feelit.render.theme import EMOTION_COLOUR
from feelit.timeline.schema import pack_metadata
from feelit.types import EMOTIONS
from tests.reports.meetings import Meeting, write
from tests.timeline.rows import regular, table_of
from tests.video.test_writer import files_no_larger_than

SVG = "{http://www.w3.org/2000/svg}"
TRACKS = {1: "h" * 40 + "n" * 40 + "uuuu" + "." * 16, 2: "." * 50 + "s" * 50}


def written(path: Path, videos: Mapping[str, Mapping[int, str]]) -> Path:
    """A timeline of videos with ten samples a second."""
    tables = [table_of(tracks, regular(max(map(len, tracks.values()), default=5)), name) for name, tracks in videos.items()]
    facts = {name: {"frames_sampled": 5} for name in videos}
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    for emotion in EMOTIONS:  # a face shows one emotion and nothing of the others
        place = table.schema.get_field_index(f"p_{emotion}")
        shown = pc.equal(pc.cast(table.column("emotion"), pa.string()), emotion)
        table = table.set_column(place, table.schema.field(place), pc.cast(shown, pa.float32()))
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": facts})), path)
    return path


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    return written(tmp_path / "t.parquet", {"a.mp4": TRACKS})


def texts(path: Path) -> list[str]:
    """All texts of an SVG file."""
    return ["".join(node.itertext()) for node in ElementTree.parse(path).iter(f"{SVG}text")]


def plot(timeline: Path, name: str, **asked: Any) -> Path:
    out = timeline.with_name(name)
    plot_timeline(timeline, PlotOptions(out=out, **asked))
    return out


def test_an_svg_says_what_it_shows_in_letters(timeline: Path) -> None:
    reported = texts(plot(timeline, "a.svg", title="Two people & <more>"))
    assert {"Two people & <more>", "track 1", "track 2", "time (h:mm:ss)", "probability, 0 to 1"} <= set(reported)
    assert {"neutral", "happiness", "surprise", "not readable"} <= set(reported)
    assert not {"sadness", "another emotion"} & set(reported)  # the legend names what appears
    assert reported.count("happiness") == reported.count("surprise") == 2  # in the legend, and on the bar
    assert {"0:00:00", "0:00:02", "0:00:10"} <= set(reported)


def test_colours_are_those_of_the_theme(timeline: Path) -> None:
    text = plot(timeline, "a.svg").read_text(encoding="utf-8")
    assert all(EMOTION_COLOUR[name].hex in text for name in ("neutral", "happiness", "surprise"))
    assert EMOTION_COLOUR["anger"].hex not in text


def test_a_png_has_the_size_that_was_asked_for_and_shows_the_tracks(timeline: Path) -> None:
    picture = cv2.imread(str(plot(timeline, "a.png", width_mm=90, dpi=254)))
    assert picture is not None
    assert picture.shape[1] == 900
    for name in ("happiness", "surprise", "neutral"):
        near = np.abs(picture.astype(int) - EMOTION_COLOUR[name][::-1]).max(axis=2) < 3
        assert near.mean() > 0.01, name
    assert (picture > 250).all(axis=2).mean() > 0.3


def test_where_a_track_is_away_nothing_is_drawn(timeline: Path) -> None:
    picture = cv2.imread(str(plot(timeline, "a.png", tracks=(2,), width_mm=128, dpi=254)))
    assert picture is not None
    yellow = np.abs(picture.astype(int) - EMOTION_COLOUR["surprise"][::-1]).max(axis=2) < 3
    columns = np.flatnonzero(yellow[picture.shape[0] // 3 :].any(axis=0)) / 10  # below the legend, in mm
    assert columns.min() == pytest.approx(22 + 100 * 0.5, abs=0.5)
    assert columns.max() == pytest.approx(122, abs=0.5)


def test_a_pdf_has_letters_that_can_be_searched(timeline: Path) -> None:
    out = plot(timeline, "a.pdf", title="Two people")
    content = out.read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/FontFile2" in content  # TrueType, embedded
    assert b"/Type3" not in content


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext")
def test_a_pdf_says_what_it_shows(timeline: Path) -> None:
    out = plot(timeline, "a.pdf", title="Two people")
    reported = subprocess.run(["pdftotext", str(out), "-"], capture_output=True, text=True, check=True).stdout
    assert {"Two people", "track 1", "happiness", "time (h:mm:ss)"} <= set(reported.splitlines())


def test_the_same_timeline_gives_the_same_bytes(timeline: Path) -> None:
    """In other processes too, at another time, and whatever the user's own style is."""
    names = ("a.pdf", "a.png", "A.SVG")
    here = {name: plot(timeline, name).read_bytes() for name in names}
    style = ("font.size: 30", "svg.fonttype: path", "axes.facecolor: red", "font.family: serif")
    (timeline.parent / "matplotlibrc").write_text("\n".join(style))
    script = "import sys, feelit; [feelit.plot(sys.argv[1], out) for out in sys.argv[2:]]"
    again = {name: timeline.with_name(f"again-{name}") for name in names}
    environment = {**os.environ, "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "", "TZ": "Asia/Tokyo"}
    del environment["SOURCE_DATE_EPOCH"]
    command = [sys.executable, "-c", script, str(timeline), *map(str, again.values())]
    subprocess.run(command, cwd=timeline.parent, env=environment, check=True)
    assert {name: path.read_bytes() for name, path in again.items()} == here


def test_settings_of_matplotlib_are_left_as_they_are(timeline: Path) -> None:
    before = dict(matplotlib.rcParams)
    plot(timeline, "a.svg")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("asked", "there", "gone"),
    [
        pytest.param({"tracks": (2,)}, {"track 2", "surprise"}, {"track 1", "happiness", "not readable"}, id="tracks"),
        pytest.param({"tracks": (2, 1), "end_s": 3.0}, {"track 1", "track 2"}, {"surprise"}, id="asked for, though away"),
        pytest.param({"end_s": 3.0}, {"track 1"}, {"track 2"}, id="away, so left out"),
        pytest.param({"start_s": 9.0}, {"track 2", "0:00:09"}, {"track 1", "0:00:00"}, id="the end"),
        pytest.param(
            {"emotions": ("happiness",)}, {"happiness", "another emotion"}, {"neutral", "surprise"}, id="an emotion alone"
        ),
    ],
)
def test_a_part_can_be_shown(timeline: Path, asked: dict[str, Any], there: set[str], gone: set[str]) -> None:
    reported = set(texts(plot(timeline, "a.svg", **asked)))
    assert there <= reported
    assert not gone & reported


def test_of_very_many_tracks_those_seen_longest_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    crowd = {k: "n" * (100 + k) for k in range(1, 31)}
    crowd = {k: shown + "." * (130 - len(shown)) for k, shown in crowd.items()}
    timeline = written(tmp_path / "t.parquet", {"a.mp4": crowd})
    reported = texts(plot(timeline, "a.svg"))
    assert "+5 more people" in reported
    assert [t for t in reported if t.startswith("track")] == [f"track {k}" for k in range(6, 31)]
    everybody = PlotOptions(out=tmp_path / "b.svg", tracks=tuple(range(1, 31)))
    assert content_of(timeline, everybody).left_out == ""


def noise(path: Path, people: int, seconds: float) -> Path:
    """A timeline in which everything changes with every sample, which makes the largest files."""
    rng = np.random.default_rng(0)
    count = round(seconds * 10)
    tracks = {k + 1: "".join(rng.choice(list("nhsau."), count)) for k in range(people)}
    return written(path, {"a.mp4": tracks})


@pytest.mark.parametrize(
    ("seconds", "people", "most"), [(10, 1, 53_000), pytest.param(60, 25, 2_000_000, marks=pytest.mark.slow)]
)
def test_no_file_is_large(tmp_path: Path, people: int, seconds: int, most: int) -> None:
    out = plot(noise(tmp_path / "t.parquet", people, seconds), "a.svg")
    assert out.stat().st_size < most


@pytest.mark.parametrize(("width_mm", "people"), [(60, 1), pytest.param(60, 25, marks=pytest.mark.slow), (88, 6), (180, 6)])
def test_no_text_lies_on_another(tmp_path: Path, people: int, width_mm: float) -> None:
    timeline = noise(tmp_path / "t.parquet", people, 10)
    options = PlotOptions(out=tmp_path / "a.png", width_mm=width_mm, title="A title of some length that says what is shown")
    figure = draw(content_of(timeline, options), width_mm)
    FigureCanvasAgg(figure).draw()
    boxes = [t.get_window_extent() for t in figure.findobj(Text) if t.get_visible() and t.get_text()]
    assert len(boxes) > people + 8
    page = Bbox.from_extents(-1, -1, *(figure.get_size_inches() * figure.dpi + 1))
    for i, one in enumerate(boxes):
        assert Bbox.union([page, one]).bounds == page.bounds, "beyond the edge"
        assert not any(one.padded(-1).overlaps(other) for other in boxes[i + 1 :])


# What cannot be done


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        pytest.param({"tracks": (1, 9)}, "no track 9", "its tracks: 1, 2", id="unknown track"),
        pytest.param({"video": "b.mp4"}, "holds no video named b.mp4", "it holds a.mp4", id="unknown video"),
        pytest.param({"start_s": 20.0}, "no frame was looked at", "choose another", id="after the end"),
        pytest.param({"start_s": 2.0, "end_s": 2.0}, "no time lies between", "begin before", id="no time"),
        pytest.param({"start_s": -1.0}, "no time lies between", "begin before", id="before the video"),
        pytest.param({"width_mm": 20.0}, "--width 20 is out of range", "(180)", id="narrow"),
        pytest.param({"people": ("Ada",)}, "no person Ada", "its people: 1, 2", id="unknown person"),
        pytest.param({"tracks": (1,), "by": "person"}, "--tracks are no people", "--by track", id="tracks by person"),
        pytest.param({"people": ("1",), "by": "track"}, "--people are no tracks", "--by person", id="people by track"),
        pytest.param({"width_mm": float("nan")}, "out of range", "(180)", id="no width"),
        pytest.param({"dpi": 0}, "--dpi 0 is out of range", "300", id="no pixels"),
    ],
)
def test_impossible_wishes_are_refused(timeline: Path, asked: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plot(timeline, "a.svg", **asked)
    assert hint in caught.value.hint
    assert [p.name for p in timeline.parent.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.svgz", "t.parquet"])
def test_other_formats_are_refused(timeline: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not a name for a figure"):
        PlotOptions(out=timeline.with_name(name))


@pytest.mark.parametrize(
    ("videos", "message"),
    [
        pytest.param({"a.mp4": {}}, "nobody was seen in that time", id="nobody"),
        pytest.param({"a.mp4": {}, "b.mp4": {}}, "nobody was seen in that time", id="nobody in two videos"),
    ],
)
def test_what_shows_nothing(tmp_path: Path, videos: dict[str, dict[int, str]], message: str) -> None:
    timeline = written(tmp_path / "t.parquet", videos)
    with pytest.raises(UsageError, match=message):
        plot(timeline, "a.svg")


def test_a_name_that_two_videos_have_is_refused(tmp_path: Path) -> None:
    timeline = written(tmp_path / "t.parquet", {"x/a.mp4": {1: "n" * 9}, "y/a.mp4": {1: "n"}})
    with pytest.raises(UsageError, match=r"holds 2 videos named a\.mp4"):
        plot(timeline, "a.svg", video="a.mp4")


def test_people_have_a_panel_whatever_their_tracks_are(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.parquet", [Meeting(people=4, duration_s=20.0)], {1: 2, 2: 1, 3: 2, 4: None}, ["Ada Lovelace-Byron"]
    )
    reported = texts(plot(path, "a.svg"))
    assert [text for text in reported if text.startswith(("person", "Ada", "track"))] == ["Ada Lovelace…", "person 2"]
    assert "Ada Lovelace…" not in texts(plot(path, "b.svg", people=("2",)))
    assert {f"track {n}" for n in range(1, 5)} <= set(texts(plot(path, "c.svg", by="track")))


def test_several_videos_lie_one_below_the_other(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    written(tmp_path / "all" / "a.parquet", {"x/a.mp4": TRACKS})
    written(tmp_path / "all" / "b.parquet", {"x/b.mp4": {3: "n" * 300}, "x/nobody.mp4": {}})
    plot_timeline(tmp_path / "all", PlotOptions(out=tmp_path / "a.svg"))
    reported = texts(tmp_path / "a.svg")
    wanted = ["a.mp4", "track 1", "track 2", "b.mp4", "track 3"]
    assert [text for text in reported if text in wanted] == wanted
    assert "nobody.mp4" not in reported
    assert {"0:00:10", "0:00:30"} <= set(reported)  # each on a time axis of its own
    figure = plot_timeline(
        [tmp_path / "all" / "a.parquet", tmp_path / "all" / "b.parquet"], PlotOptions(out=tmp_path / "b.svg")
    )
    assert (tmp_path / "b.svg").read_bytes() == (tmp_path / "a.svg").read_bytes()
    assert figure.get_size_inches()[0] == pytest.approx(180 / 25.4)


def test_videos_that_there_is_no_room_for_are_counted(tmp_path: Path) -> None:
    timeline = written(tmp_path / "t.parquet", {f"{n:02}.mp4": {1: "n" * 5, 2: "h" * 5} for n in range(10)})
    assert "+1 more person and +1 more video" in texts(plot(timeline, "a.svg"))


@pytest.mark.parametrize(("width", "inches"), [("single", 88 / 25.4), ("double", 180 / 25.4), ("120", 120 / 25.4)])
def test_widths_are_those_of_journals_and_letters_of_8_points(timeline: Path, width: str, inches: float) -> None:
    figure = feelit.plot(timeline, timeline.with_name("a.pdf"), width_mm=width)
    assert figure.get_size_inches()[0] == pytest.approx(inches)
    sizes = {text.get_fontsize() for text in figure.findobj(Text) if text.get_text()}
    assert min(sizes) == 7  # the words on bars
    assert 8 in sizes


@pytest.mark.parametrize("video", ["x/a.mp4", "b.mp4"], ids=["whole name", "last part"])
def test_one_video_of_several_is_chosen_by_name(tmp_path: Path, video: str) -> None:
    timeline = written(tmp_path / "t.parquet", {"x/a.mp4": {4: "n" * 9}, "x/b.mp4": {4: "h" * 9}, "y/a.mp4": {5: "a" * 9}})
    shown = texts(plot(timeline, "a.svg", video=video))
    assert "track 4" in shown
    assert ("neutral" in shown, "happiness" in shown, "anger" in shown) == (
        video == "x/a.mp4",
        video == "b.mp4",
        False,
    )


def test_a_timeline_without_a_row_is_reported(tmp_path: Path) -> None:
    empty = table_of({}, []).replace_schema_metadata(pack_metadata({"videos": {"a.mp4": {"frames_sampled": 0}}}))
    pq.write_table(empty, tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="no frame was looked at"):
        plot(tmp_path / "t.parquet", "a.svg")
    pq.write_table(empty.replace_schema_metadata(pack_metadata({"videos": {}})), tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="holds no video"):
        plot(tmp_path / "t.parquet", "a.svg")


@pytest.mark.parametrize(
    ("break_it", "kind", "message"),
    [
        pytest.param(lambda t: t.unlink(), TimelineReadError, "does not exist", id="missing"),
        pytest.param(lambda t: t.write_text("rows"), TimelineReadError, "not a readable Parquet file", id="no Parquet"),
        pytest.param(
            lambda t: pq.write_table(pq.read_table(t).replace_schema_metadata({b"feelit": b'{"schema_version": 99}'}), t),
            TimelineReadError,
            "has schema version 99",
            id="another version",
        ),
        pytest.param(lambda t: t.with_name("a.svg").write_text("mine"), OutputError, "exists already", id="in the way"),
        pytest.param(lambda t: t.with_name("a.svg").mkdir(), OutputError, "exists already", id="a folder in the way"),
    ],
)
def test_files_that_are_not_what_they_should_be(
    timeline: Path, break_it: Callable[[Path], object], kind: type[FeelitError], message: str
) -> None:
    break_it(timeline)
    with pytest.raises(kind, match=message):
        plot(timeline, "a.svg")


def test_force_replaces(timeline: Path) -> None:
    first = plot(timeline, "a.svg").read_bytes()
    assert plot(timeline, "a.svg", tracks=(1,), force=True).read_bytes() != first
    assert {p.name for p in timeline.parent.iterdir()} == {"t.parquet", "a.svg"}


def test_a_folder_that_may_not_be_written_is_reported(timeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OutputError, match="permission denied"):
        plot(timeline, "a.svg")
    assert [p.name for p in timeline.parent.iterdir()] == ["t.parquet"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
@pytest.mark.parametrize("name", ["a.svg", "a.png", "a.pdf"])
def test_a_full_disk_is_reported_and_leaves_nothing(timeline: Path, name: str) -> None:
    with files_no_larger_than(1024), pytest.raises(OutputError, match="cannot be written"):
        plot(timeline, name)
    assert [p.name for p in timeline.parent.iterdir()] == ["t.parquet"]


def test_without_matplotlib_it_says_what_to_install(timeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="needs matplotlib") as caught:
        plot(timeline, "a.svg")
    assert caught.value.hint == "pip install 'feelit[plot]'"


TITLES = {
    "no formula": "$\\frac{1}{$",
    "markup": "</text><script>alert(1)</script>",
    "control characters": "a\x1b[31m\x00\nb",
    "letters that the font has not": "会議 😀 \udcff",
    "long": "word " * 60,
}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        *(pytest.param("a.svg", title, id=f"{about}-a.svg") for about, title in TITLES.items()),
        pytest.param("a.pdf", TITLES["letters that the font has not"], id="letters that the font has not-a.pdf"),
        *(
            pytest.param(name, title, id=f"{about}-{name}", marks=pytest.mark.slow)
            for name in ("a.pdf", "a.png")
            for about, title in TITLES.items()
            if (name, about) != ("a.pdf", "letters that the font has not")
        ),
    ],
)
def test_a_title_may_be_anything(timeline: Path, name: str, title: str) -> None:
    out = plot(timeline, name, title=title)
    assert out.stat().st_size > 1000
    if name == "a.svg":
        assert ElementTree.parse(out).find(f".//{SVG}script") is None
        assert any(title[:2] in reported for reported in texts(out)) or "\x1b" in title


def test_a_figure_of_what_lies_above_the_usual_face_says_so(timeline: Path, tmp_path: Path) -> None:
    plain = plot_timeline([timeline], PlotOptions(out=tmp_path / "plain.svg"))
    above = plot_timeline([timeline], PlotOptions(out=tmp_path / "above.svg", baseline="auto"))
    assert any(text.startswith("above") for text in texts(tmp_path / "above.svg"))
    assert "probability" in " ".join(texts(tmp_path / "plain.svg"))
    assert plain.get_size_inches().tolist() == above.get_size_inches().tolist()
