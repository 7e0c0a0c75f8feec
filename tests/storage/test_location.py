"""What a user's text means: a path, or an object in a bucket."""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.errors import UsageError
from feelit.storage.location import Url, location, object_called, redacted, refuse_url


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("a.mp4", Path("a.mp4"), id="file"),
        pytest.param("10:30.mp4", Path("10:30.mp4"), id="a time"),
        pytest.param("s3:a.mp4", Path("s3:a.mp4"), id="no slashes"),
        pytest.param("C:/a.mp4", Path("C:/a.mp4"), id="a disk"),
        pytest.param("s3://lab/may/a.mp4", Url("s3", "lab", "may/a.mp4"), id="object"),
        pytest.param("S3://lab/A b?.mp4", Url("s3", "lab", "A b?.mp4"), id="odd key"),
        pytest.param("s3://lab/../a.mp4", Url("s3", "lab", "../a.mp4"), id="dots are dots"),
        pytest.param("s3://lab/may/", Url("s3", "lab", "may/"), id="folder"),
        pytest.param("s3://lab", Url("s3", "lab", ""), id="bucket"),
        pytest.param("gs://lab/a.mp4", Url("gs", "lab", "a.mp4"), id="Google"),
        pytest.param("file:///may/a%20b.mp4", Path("/may/a b.mp4"), id="file address"),
        pytest.param("file://localhost/may/a?b#c.mp4", Path("/may/a?b#c.mp4"), id="file address with a host"),
    ],
)
def test_a_text_means_one_place(text: str, meant: Path | Url) -> None:
    assert location(text) == meant


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        pytest.param("https://me:hush@a.org/b.mp4?X-Amz-Signature=hush", "https://...@a.org/b.mp4?...", id="https"),
        pytest.param("s3://me:hush@lab/a.mp4", "s3://...@lab/a.mp4 holds more", id="credentials"),
        pytest.param("s3://lab/a.mp4?X-Amz-Signature=hush", "s3://lab/a.mp4?... holds more", id="query"),
        pytest.param("s3:///a.mp4", "s3:///a.mp4 names no bucket", id="no bucket"),
        pytest.param("s3://lab/\udcff.mp4", "is not UTF-8", id="no text"),
        pytest.param("file://elsewhere/a.mp4", "file://elsewhere/a.mp4 lies on another machine", id="other machine"),
        pytest.param("rtsp://camera/1", "rtsp://camera/1 cannot be read or written", id="camera"),
    ],
)
def test_other_addresses_are_refused_and_nothing_secret_is_shown(text: str, reported: str) -> None:
    with pytest.raises(UsageError) as caught:
        location(text)
    assert reported in caught.value.message
    assert "hush" not in caught.value.message + caught.value.hint


@given(st.text(alphabet=st.sampled_from("./\\a\0 é"), max_size=12), st.sampled_from(["", "a", "a/", "."]))
def test_no_key_leads_out_of_the_folder_of_outputs(key: str, folder: str) -> None:
    """Keys are any text: a mirrored one has to stay below."""
    for place in (Url("s3", "lab", key).place(), Url("s3", "lab", folder + key).place(Url("s3", "lab", folder))):
        assert not {"..", ".", ""} & set(place.split("/"))
        assert "\0" not in place
        assert "\\" not in place


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("s3://lab/may/a?b=c.mp4", Url("s3", "lab", "may/a?b=c.mp4"), id="object"),
        pytest.param("may/a.mp4", None, id="file"),
        pytest.param("https://a.org/b.mp4", None, id="no storage"),
    ],
)
def test_what_a_timeline_calls_a_video(name: str, meant: Url | None) -> None:
    assert object_called(name) == meant


def test_names_endings_and_places() -> None:
    url = Url("s3", "lab", "may/a.b.mp4")
    assert (url.name, url.suffix, str(url), url.path) == ("a.b.mp4", ".mp4", "s3://lab/may/a.b.mp4", "lab/may/a.b.mp4")
    assert Url("s3", "lab", "results.parquet/").suffix == ""
    assert url.place() == "lab/may/a.b.mp4"
    assert url.place(Url("s3", "lab", "may")) == url.place(Url("s3", "lab", "may/")) == "a.b.mp4"
    assert url.place(Url("s3", "lab", "")) == "may/a.b.mp4"


@pytest.mark.parametrize("folder", ["", "may", "may/"])
def test_what_lies_in_a_folder(folder: str) -> None:
    inside = Url("s3", "lab", folder) / "a/b.parquet"
    assert str(inside) == f"s3://lab/{'may/' if folder else ''}a/b.parquet"


def test_a_version_travels_and_is_not_shown() -> None:
    pinned = Url("s3", "lab", "a.mp4", "v1")
    assert ForkingPickler.loads(ForkingPickler.dumps(pinned)) == pinned != Url("s3", "lab", "a.mp4")
    assert str(pinned) == "s3://lab/a.mp4"


@pytest.mark.parametrize("text", ["s3://lab/a.mp4", "https://a.org/b?c=hush", "gs://lab"])
def test_a_path_that_was_an_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is an address, and a local file is needed here") as caught:
        refuse_url(Path(text))
    assert redacted(text) in caught.value.message
    assert "hush" not in caught.value.message


@pytest.mark.parametrize("text", ["", ".", "a.mp4", "s3:a", "10:30.mp4", "/s3:/a", "C:/a"])
def test_paths_are_not_refused(text: str) -> None:
    refuse_url(Path(text))
