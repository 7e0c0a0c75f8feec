from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feelit.errors import OutputError, TimelineReadError, UsageError
from feelit.exports.run import FORMATS, Format, export_timelines, exported_text
from feelit.exports.selection import Selection
from feelit.options.timelines import ExportOptions
from tests.exports.made import speaks, write
from tests.timeline.rows import regular, table_of

ONE_VIDEO = [name for name, kind in FORMATS.items() if kind.one_video]
ANY_NUMBER = [name for name, kind in FORMATS.items() if not kind.one_video]


def timeline(path: Path, *names: str) -> Path:
    return write(path, *(speaks(table_of({1: "nnnhhh"}, regular(6), name)) for name in names))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_has_the_text_that_standard_output_has(name: str, here: Path) -> None:
    path, out = timeline(here / "t.parquet", "a.mp4"), here / f"t{FORMATS[name].suffix}"
    assert export_timelines([path], ExportOptions(out=out, format=name)) == [out]
    expected = "".join(exported_text([path], ExportOptions(format=name)))
    assert out.read_bytes() == expected.encode()
    assert expected


@pytest.mark.parametrize("name", ANY_NUMBER)
def test_some_formats_hold_any_number_of_videos(name: str, here: Path) -> None:
    paths = [timeline(here / "one.parquet", "a.mp4", "b.mp4"), timeline(here / "two.parquet", "c.mp4")]
    (out,) = export_timelines(paths, ExportOptions(out=here / "out.txt", format=name))
    assert isinstance(out, Path)
    text = out.read_text(encoding="utf-8")
    assert [video in text for video in ("a.mp4", "b.mp4", "c.mp4")] == [True] * 3
    headings = text.splitlines()[0]
    assert name == "jsonl" or text.count(headings) == 1


@pytest.mark.parametrize("name", ONE_VIDEO)
def test_the_others_have_a_file_a_video_named_by_where_it_lies(name: str, here: Path) -> None:
    path = timeline(here / "t.parquet", "may/a.mp4", "june/a.mp4", (here / "c.mp4").as_posix(), "/else/where.mp4")
    suffix = FORMATS[name].suffix
    made = [Path(str(file)) for file in export_timelines([path], ExportOptions(out=here / "out", format=name))]
    expected = [f"out/{video}{suffix}" for video in ("may/a.mp4", "june/a.mp4", "c.mp4", "else/where.mp4")]
    assert [file.relative_to(here).as_posix() for file in made] == expected
    assert sorted(p.as_posix() for p in (here / "out").rglob("*") if p.is_file()) == sorted(map(Path.as_posix, made))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param("../../a.mp4", None, id="upwards"),
        pytest.param("x/../../../../../../../../../../../a.mp4", "a.mp4", id="far-upwards"),
        pytest.param("<b>\"'&;\n.mp4", "<b>\"'&;\n.mp4", id="odd"),
        pytest.param("..", None, id="dots"),
        pytest.param(".", ".", id="dot"),
        pytest.param("a\\xff.mp4", "a\\xff.mp4", id="bytes-that-were-no-text"),
    ],
)
def test_no_name_of_a_video_leads_out_of_the_folder(name: str, place: str | None, here: Path) -> None:
    (file,) = export_timelines([timeline(here / "t.parquet", name)], ExportOptions(out=here / "out", format="srt"))
    assert isinstance(file, Path)
    assert file.resolve().is_relative_to((here / "out").resolve())
    assert place is None or file == here / "out" / f"{place}.srt"
    assert file.is_file()


def test_for_one_video_a_file_or_a_folder(here: Path) -> None:
    path = timeline(here / "t.parquet", "a.mp4")
    (here / "folder.srt").mkdir()
    for out, expected in (
        ("x.srt", "x.srt"),
        ("x.txt", "x.txt"),
        ("new", "new/a.mp4.srt"),
        ("folder.srt", "folder.srt/a.mp4.srt"),
    ):
        assert export_timelines([path], ExportOptions(out=Path(out), format="srt")) == [Path(expected)]


def test_two_videos_that_would_share_a_file_are_refused(here: Path) -> None:
    path = timeline(here / "t.parquet", "a.mp4", "b/../a.mp4")
    with pytest.raises(UsageError, match="would share the output"):
        export_timelines([path], ExportOptions(out=here / "out", format="srt"))


@pytest.mark.parametrize("name", ONE_VIDEO)
def test_several_videos_need_a_folder(name: str, here: Path) -> None:
    path = timeline(here / "t.parquet", "a.mp4", "b.mp4")
    for out in (None, here / f"out{FORMATS[name].suffix}"):
        options = ExportOptions(out=out, format=name)
        with pytest.raises(UsageError, match="holds one video, and there are 2") as caught:
            list(exported_text([path], options)) if out is None else export_timelines([path], options)
        assert "folder" in caught.value.hint
    assert [p.name for p in here.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("name", ANY_NUMBER)
def test_one_file_cannot_be_a_folder(name: str, here: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        export_timelines([timeline(here / "t.parquet", "a.mp4")], ExportOptions(out=here, format=name))


def test_nothing_is_written_if_one_file_is_in_the_way(here: Path) -> None:
    path, mine = timeline(here / "t.parquet", "a.mp4", "b.mp4"), here / "out" / "b.mp4.srt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        export_timelines([path], ExportOptions(out=here / "out", format="srt"))
    assert [p.name for p in mine.parent.iterdir()] == ["b.mp4.srt"]
    assert mine.read_text() == "mine"
    export_timelines([path], ExportOptions(out=here / "out", format="srt", force=True))
    assert mine.read_text() != "mine"


def test_a_timeline_is_never_replaced_by_what_it_becomes(here: Path) -> None:
    path = timeline(here / "t.parquet", "a.mp4")
    with pytest.raises(UsageError, match="would be replaced"):
        export_timelines([path], ExportOptions(out=path, format="csv", force=True))
    assert path.stat().st_size > 1000


def test_nothing_is_left_of_an_export_that_fails(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(selection: Selection) -> Iterator[str]:
        yield "the first rows"
        raise TimelineReadError("t.parquet is damaged", "fix it")

    monkeypatch.setitem(FORMATS, "csv", Format(half, ".csv", one_video=False))
    with pytest.raises(TimelineReadError, match="damaged"):
        export_timelines([timeline(here / "t.parquet", "a.mp4")], ExportOptions(out=here / "out.csv", format="csv"))
    assert [p.name for p in here.iterdir()] == ["t.parquet"]


def test_folders_of_timelines_are_searched(here: Path) -> None:
    timeline(here / "lines" / "a.parquet", "a.mp4")
    timeline(here / "lines" / "may" / "b.parquet", "b.mp4")
    made = export_timelines([here / "lines"], ExportOptions(out=here / "out", format="srt"))
    assert [file.name for file in made] == ["a.mp4.srt", "b.mp4.srt"]


@pytest.mark.parametrize("name", ONE_VIDEO)
def test_timelines_of_no_video_are_reported(name: str, here: Path) -> None:
    path = write(here / "t.parquet")
    with pytest.raises(TimelineReadError, match="hold no video"):
        export_timelines([path], ExportOptions(out=here / "out", format=name))
    with pytest.raises(TimelineReadError, match="hold no video"):
        list(exported_text([path], ExportOptions(out=None, format=name)))


def test_a_video_without_rows_has_its_file(here: Path) -> None:
    path = write(here / "t.parquet", videos={"none.mp4": {"frames_sampled": 0, "duration_s": 3}})
    for name in ONE_VIDEO:
        (file,) = export_timelines([path], ExportOptions(out=here / name, format=name))
        assert isinstance(file, Path)
        assert file.is_file()


def test_a_folder_that_is_none_is_reported(here: Path) -> None:
    path = timeline(here / "t.parquet", "a.mp4")
    (here / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        export_timelines([path], ExportOptions(out=here / "file" / "out.csv"))
