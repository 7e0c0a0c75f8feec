"""One object: asked for, read, written, and everything that can go wrong with that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feelit.errors import FeelitError, OutputError, TimelineReadError, VideoReadError
from feelit.storage import blocks, errors, objects, waiting
from feelit.storage.blocks import Pace
from feelit.storage.location import Url
from tests.storage.conftest import Bucket
from tests.storage.proxy import Fault, Trouble

CONTENT = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1024)
    monkeypatch.setattr(objects, "PART", 5 << 20)


def read(url: Url) -> bytes:
    return objects.open_object(url).read()


def test_an_object_is_read(bucket: Bucket) -> None:
    url = bucket.put("a/b.bin", CONTENT)
    assert read(url) == CONTENT
    assert bucket.proxy.count("HEAD") == 1
    assert bucket.proxy.bytes_given() == len(CONTENT)


@pytest.mark.parametrize("trouble", ["reset", "503", "slow", "break off", "too short"])
def test_a_passing_fault_is_not_noticed(bucket: Bucket, trouble: Trouble) -> None:
    url = bucket.put("a.bin", CONTENT)
    bucket.fail(Fault(trouble, times=3, after=1))
    assert read(url) == CONTENT


@pytest.mark.parametrize(
    ("trouble", "reported"),
    [
        pytest.param("reset", "cannot be reached: the connection was reset", id="reset"),
        pytest.param("503", "cannot be reached: the storage answered SlowDown", id="busy"),
        pytest.param("break off", "broke off while it was read", id="breaks off"),
        pytest.param("too short", "broke off while it was read", id="too short"),
    ],
)
def test_a_lasting_fault_is_reported_after_five_attempts(bucket: Bucket, trouble: Trouble, reported: str) -> None:
    url = bucket.put("a.bin", CONTENT)
    bucket.fail(Fault(trouble, times=99))
    with pytest.raises(VideoReadError) as caught:
        read(url)
    assert caught.value.message == f"s3://lab/a.bin {reported}"
    assert 5 <= bucket.proxy.count("GET") <= 10, "a connection that was reset is tried again by aiohttp as well, once"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transfers below 1 MB/s are broken off after half a second, and tried again once."""
    monkeypatch.setattr(objects, "ANSWER_S", 0.5)
    monkeypatch.setattr(Pace, "least_bytes_per_s", 1_000_000)
    monkeypatch.setattr(errors, "PAUSES_S", (0.01,))
    monkeypatch.setattr(blocks, "BLOCK", 1 << 20)


@pytest.mark.parametrize("trouble", ["stall", "trickle"])
def test_a_storage_that_drags_is_not_waited_for(trouble: Trouble, bucket: Bucket, hasty: None) -> None:
    """It sends headers and 1,000 bytes, then nothing, or next to nothing."""
    url = bucket.put("a.bin", CONTENT)
    bucket.fail(Fault(trouble, times=99))
    said: list[str] = []
    with pytest.raises(VideoReadError) as caught, waiting.heard_by(said.append):
        read(url)
    assert caught.value.message == "s3://lab/a.bin cannot be read: the storage sends too slowly"
    assert said == ["s3://lab/a.bin cannot be read: the storage sends too slowly; attempt 2 of 2"]


@pytest.mark.parametrize("trouble", ["stall", "trickle"])
def test_a_storage_that_drags_once_is_asked_again(trouble: Trouble, bucket: Bucket, hasty: None) -> None:
    url = bucket.put("a.bin", CONTENT)
    bucket.fail(Fault(trouble, times=1))
    assert read(url) == CONTENT


def test_how_far_a_long_transfer_is_is_said(bucket: Bucket, hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.storage.blocks.NEWS_S", 0.0)
    said: list[str] = []
    with waiting.heard_by(said.append):
        read(bucket.put("a.bin", CONTENT))
    assert said[0].startswith("waiting for s3://lab/a.bin: 10 of 10 KiB after ")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_page_in_place_of_an_object_is_the_fault_of_the_storage(method: str, bucket: Bucket) -> None:
    url = bucket.put("a.bin", CONTENT)
    bucket.fail(Fault("page", method, times=3))
    assert read(url) == CONTENT
    bucket.fail(Fault("page", method, times=99))
    objects._latest.clear()
    with pytest.raises(VideoReadError) as caught:
        read(url)
    assert caught.value.message == "s3://lab/a.bin cannot be read: what answers is not the storage"


def test_a_page_in_answer_to_an_upload_is_no_success(bucket: Bucket, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    bucket.fail(Fault("page", "PUT", times=2))
    objects.write(tmp_path / "a.bin", Url("s3", "lab", "a.bin"), replace=True)
    assert bucket.get("a.bin") == CONTENT
    bucket.fail(Fault("page", "PUT", times=99))
    with pytest.raises(OutputError, match=r"s3://lab/b\.bin"):
        objects.write(tmp_path / "a.bin", Url("s3", "lab", "b.bin"), replace=True)


def test_a_page_in_place_of_a_listing_is_the_fault_of_the_storage(bucket: Bucket) -> None:
    bucket.put("in/a.mp4", b"x")
    bucket.fail(Fault("page", times=3))  # s3fs asks twice before it takes a folder for empty
    assert [url.key for url in objects.find(Url("s3", "lab", "in/"), VideoReadError)] == ["in/a.mp4"]


def test_a_failure_is_known_by_what_led_to_it() -> None:
    def stumble() -> None:
        try:
            raise TimeoutError
        except TimeoutError as error:
            error.args[0]

    with pytest.raises(IndexError) as caught:
        stumble()
    fault = errors.fault_of(caught.value, Url("s3", "lab", "a"))
    assert (fault.reason, fault.transient) == ("cannot be reached: the storage did not answer in time", True)


def test_what_is_denied_is_not_asked_for_again(bucket: Bucket) -> None:
    url = bucket.put("a.bin", CONTENT)
    bucket.fail(Fault("403", times=99))
    with pytest.raises(VideoReadError, match=r"s3://lab/a\.bin is refused: AccessDenied"):
        read(url)
    assert bucket.proxy.count("GET") == 1


def test_a_failure_is_raised_once_and_nothing_follows(bucket: Bucket) -> None:
    file = objects.open_object(bucket.put("a.bin", CONTENT))
    bucket.fail(Fault("403", times=1))
    with pytest.raises(VideoReadError):
        file.read(10)
    assert file.read(10) == b""


def test_an_object_that_changes_while_it_is_read_is_reported(bucket: Bucket) -> None:
    url = bucket.put("a.bin", CONTENT)
    bucket.fail(Fault("meanwhile", after=2, meanwhile=lambda: bucket.put("a.bin", CONTENT[::-1])))
    with pytest.raises(VideoReadError, match="has changed since it was opened"):
        read(url)
    assert bucket.proxy.count("GET") == 3


def test_another_version_than_was_meant_is_reported(bucket: Bucket) -> None:
    file = objects.open_object(bucket.put("a.bin", CONTENT))
    url = file.blocks.url
    assert file.read() == CONTENT
    bucket.put("a.bin", CONTENT[::-1])
    assert read(url) == CONTENT, "what is open stays open"
    objects._latest.clear()
    with pytest.raises(VideoReadError, match="has changed since it was opened"):
        read(url)


def test_what_is_opened_without_a_version_is_never_old(bucket: Bucket) -> None:
    url = bucket.put("a.bin", CONTENT)
    assert read(url) == CONTENT
    bucket.put("a.bin", CONTENT[::-1])
    assert read(url) == CONTENT[::-1]


@pytest.mark.parametrize(
    ("url", "reported"),
    [
        pytest.param(Url("s3", "lab", "none.mp4"), "s3://lab/none.mp4 does not exist", id="no object"),
        pytest.param(Url("s3", "lab", "folder"), "s3://lab/folder does not exist", id="a folder"),
        pytest.param(
            Url("s3", "other", "a.mp4"), "s3://other/a.mp4 cannot be reached: there is no such bucket", id="no bucket"
        ),
    ],
)
@pytest.mark.parametrize("kind", [VideoReadError, TimelineReadError])
def test_what_is_missing_is_reported(bucket: Bucket, url: Url, reported: str, kind: type[FeelitError]) -> None:
    bucket.put("folder/a.mp4", b"x")
    with pytest.raises(kind) as caught:
        objects.open_object(url, kind)
    assert caught.value.message == reported
    assert bucket.proxy.url in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        pytest.param({"AWS_ACCESS_KEY_ID": ""}, "no credentials were found", id="no credentials"),
        pytest.param({"AWS_PROFILE": "nobody"}, "no credentials were found", id="no such profile"),
        pytest.param({"AWS_ENDPOINT_URL": "http://me:hush@127.0.0.1:9"}, "there is no connection", id="no endpoint"),
        pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:9/?key=hush"}, "the storage's library refuses", id="a query"),
        pytest.param({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "there is no connection", id="no endpoint for S3"),
        pytest.param({"AWS_ENDPOINT_URL": "hush"}, "the storage's library refuses", id="not an endpoint"),
    ],
)
def test_settings_that_do_not_work_are_reported_without_secrets(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], reported: str, tmp_path: Path
) -> None:
    url = bucket.put("a.bin", CONTENT)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in changes.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    objects._system.cache_clear()
    with pytest.raises(VideoReadError) as caught:
        read(url)
    objects._system.cache_clear()
    assert caught.value.message == f"s3://lab/a.bin cannot be reached: {reported}"
    assert "hush@" not in caught.value.hint
    assert "key=" not in caught.value.hint
    assert caught.value.__suppress_context__, "the library's own words are not shown"


def test_a_storage_that_does_not_answer_is_not_waited_for_long(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy takes 0.3 s to answer."""
    url = bucket.put("a.bin", CONTENT)
    late = Fault("slow", "HEAD", times=99)
    bucket.fail(late)
    monkeypatch.setattr(objects, "ANSWER_S", 0.1)
    objects._system.cache_clear()
    with pytest.raises(VideoReadError, match=r"s3://lab/a\.bin cannot be reached: the storage did not answer in time"):
        read(url)
    objects._system.cache_clear()
    assert 99 - late.times == 5


def test_only_answers_are_faults_and_mistakes_are_mistakes(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(objects._system("s3"), "info", mistaken)
    with pytest.raises(ZeroDivisionError):
        objects.info(Url("s3", "lab", "a"), VideoReadError)


def test_a_listing_is_sorted_and_holds_what_is_below(bucket: Bucket) -> None:
    for key in ("may/b.mp4", "may/a.mp4", "may/deep/c.mp4", "mayor.mp4", "may/", "d.mp4"):
        bucket.put(key, b"x")
    for folder in ("may", "may/"):
        found = objects.find(Url("s3", "lab", folder), VideoReadError)
        assert [url.key for url in found] == ["may/a.mp4", "may/b.mp4", "may/deep/c.mp4"]
    assert [url.key for url in objects.find(Url("s3", "lab", "may"), VideoReadError, "a")] == ["may/a.mp4"]
    assert len(objects.find(Url("s3", "lab", ""), VideoReadError)) == 5
    assert objects.find(Url("s3", "lab", "june/"), VideoReadError) == []


def test_what_was_listed_is_not_asked_for_until_it_is_written(bucket: Bucket, tmp_path: Path) -> None:
    url = bucket.put("a", CONTENT)
    objects.find(Url("s3", "lab", ""), VideoReadError)
    bucket.proxy.forget()
    assert (objects.info(url, VideoReadError) or {})["size"] == len(CONTENT)
    assert bucket.proxy.asked == []
    (tmp_path / "a").write_bytes(b"less")
    objects.write(tmp_path / "a", url, replace=True)
    assert (objects.info(url, VideoReadError) or {})["size"] == 4
    objects.delete(url)
    assert objects.info(url, VideoReadError) is None
    objects.delete(url)


def test_a_file_becomes_an_object(bucket: Bucket, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(CONTENT)
    objects.write(file, Url("s3", "lab", "out/a"), replace=False)
    assert bucket.get("out/a") == CONTENT


def test_what_is_there_stays_unless_it_is_to_be_replaced(bucket: Bucket, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(CONTENT)
    url = bucket.put("a", b"mine")
    with pytest.raises(OutputError, match="s3://lab/a exists already"):
        objects.write(file, url, replace=False)
    assert bucket.get("a") == b"mine"
    objects.write(file, url, replace=True)
    assert bucket.get("a") == CONTENT


@pytest.mark.parametrize("trouble", ["reset", "503"])
def test_an_object_is_written_though_the_answer_is_lost(bucket: Bucket, tmp_path: Path, trouble: Trouble) -> None:
    """The first attempt did it, the second finds it there: nobody else's, and no reason to fail."""
    file = tmp_path / "a"
    file.write_bytes(CONTENT)
    bucket.fail(Fault(trouble, "PUT", lost_answer=True))
    objects.write(file, Url("s3", "lab", "a"), replace=False)
    assert bucket.get("a") == CONTENT
    assert bucket.proxy.count("PUT") == 2


def test_somebody_elses_object_stays_though_the_answer_is_lost(bucket: Bucket, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(CONTENT)
    bucket.fail(Fault("reset", "PUT", lost_answer=True, meanwhile=lambda: bucket.put("a", CONTENT[::-1])))
    with pytest.raises(OutputError, match="s3://lab/a exists already"):
        objects.write(file, Url("s3", "lab", "a"), replace=False)
    assert bucket.get("a") == CONTENT[::-1]


@pytest.mark.parametrize(
    ("fault", "reported"),
    [
        pytest.param(Fault("403", "PUT", times=99), "is refused: AccessDenied", id="denied"),
        pytest.param(Fault("503", "PUT", times=99), "the storage answered SlowDown", id="busy"),
        pytest.param(Fault("reset", "PUT", times=99), "the connection was reset", id="reset"),
    ],
)
@pytest.mark.parametrize("size", [1 << 10, 11 << 20], ids=["whole", "in parts"])
def test_what_cannot_be_written_leaves_nothing(bucket: Bucket, tmp_path: Path, fault: Fault, reported: str, size: int) -> None:
    file = tmp_path / "a"
    file.write_bytes(bytes(size))
    bucket.fail(Fault(**vars(fault)))
    with pytest.raises(OutputError, match=reported):
        objects.write(file, Url("s3", "lab", "a"), replace=False)
    assert bucket.names() == []
    assert bucket.client.list_multipart_uploads(Bucket="lab").get("Uploads", []) == []


def test_a_large_object_is_sent_in_parts_and_appears_whole(bucket: Bucket, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(CONTENT * 1100)
    seen: list[list[str]] = []
    bucket.fail(Fault("meanwhile", "PUT", times=99, meanwhile=lambda: seen.append(bucket.names())))
    objects.write(file, Url("s3", "lab", "a"), replace=False)
    assert bucket.get("a") == CONTENT * 1100
    assert seen == [[], [], []]


def answer(status: int) -> Exception:
    """An answer of a storage, as its library raises it."""
    metadata: Any = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error: Exception = pytest.importorskip("botocore.exceptions").ClientError(metadata, "GetObject")
    return error


@pytest.mark.parametrize(
    ("status", "again"),
    [(408, True), (409, True), (429, True), (500, True), (502, True), (503, True), (504, True), (400, False), (501, False)],
)
def test_which_answers_are_worth_another_attempt(status: int, again: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "PAUSES_S", (0.0, 0.0))
    calls = 0

    def call() -> str:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise answer(status)
        return "content"

    url = Url("s3", "lab", "a.mp4")
    if again:
        assert errors.attempt(call, url, VideoReadError) == "content"
    else:
        with pytest.raises(VideoReadError, match=f"the storage answered {status}"):
            errors.attempt(call, url, VideoReadError)
        assert calls == 1
