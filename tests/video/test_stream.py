"""Cameras and streams: what they are called, and what becomes of those that are missing, silent or break off."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest
from av.container import InputContainer

from feelit.errors import UsageError, VideoReadError
from feelit.types import Sampling
from feelit.video.address import Address, address_of
from feelit.video.capture import Captured
from feelit.video.stream import Connection, StreamCapture, open_capture
from tests.video import clips
from tests.video.servers import Answer, answering, refusing, sending, silent

NATIVE = Sampling(None)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds."""
    return clips.plain(tmp_path_factory.mktemp("stream") / "a.ts", size=(320, 180))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param("rtsp://10.0.0.7/live", "rtsp://10.0.0.7/live", id="plain"),
        pytest.param("RTSP://me:secret@Cam.local:554/live?key=secret#secret", "rtsp://cam.local:554/live", id="secrets"),
        pytest.param("http://[2001:db8::1]:8080/a", "http://[2001:db8::1]:8080/a", id="IPv6"),
        pytest.param("srt://host:9000", "srt://host:9000", id="no path"),
    ],
)
def test_the_name_of_a_stream_holds_no_secret(given: str, name: str) -> None:
    address = address_of(given)
    assert address is not None
    assert (address.kind, address.name, address.target) == ("url", name, given)
    assert "secret" not in repr(address)


@pytest.mark.parametrize(
    ("platform", "given", "name", "target", "format_"),
    [
        ("linux", None, "/dev/video0", "/dev/video0", "v4l2"),
        ("linux", "2", "/dev/video2", "/dev/video2", "v4l2"),
        ("darwin", None, "avfoundation:0", "0:none", "avfoundation"),
        ("darwin", "1", "avfoundation:1", "1:none", "avfoundation"),
    ],
)
def test_cameras_have_numbers(
    platform: str, given: str | None, name: str, target: str, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    address = address_of(given)
    assert address is not None
    assert (address.kind, address.name, address.target, address.format) == ("device", name, target, format_)


def test_windows_gives_cameras_names(monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        def __init__(self, name: str, *media: str) -> None:
            self.name, self.media_types = name, list(media)

    found = [Found("Microphone", "audio"), Found("Camera", "video"), Found("Capture card", "video", "audio")]
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("av.device.enumerate_input_devices", lambda name: found)
    assert [address.target for n in "01" if (address := address_of(n))] == ["video=Camera", "video=Capture card"]
    with pytest.raises(VideoReadError, match="no camera 2") as caught:
        address_of("2")
    assert caught.value.hint == "found: Camera, Capture card"


@pytest.mark.parametrize("given", ["a.mp4", "a:b.mp4", "10:30.mp4", "C:\\a.mp4", "x/rtsp:/y", "video0"])
def test_what_is_no_address_is_a_file(given: str) -> None:
    assert address_of(given) is None


@pytest.mark.parametrize(
    "given", ["file:///etc/passwd", "concat://a|b", "ftp://host/a", "http://[bad/", "http://host:port/", ""], ids=repr
)
def test_what_cannot_be_watched_is_reported(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        address_of(given)
    assert caught.value.hint


def test_only_files_are_played_over_and_over() -> None:
    with pytest.raises(UsageError, match="--loop"):
        open_capture("rtsp://127.0.0.1:9/a", NATIVE, loop=True)


@pytest.mark.skipif(sys.platform != "linux", reason="names and errors of Linux")
@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param("99", "/dev/video99 cannot be opened: there is no such camera", id="missing"),
        pytest.param("/dev/null", "/dev/null cannot be opened: it is no camera", id="other device"),
    ],
)
def test_a_camera_that_is_not_there_is_reported(given: str, why: str) -> None:
    with pytest.raises(VideoReadError, match=why) as caught:
        open_capture(given, NATIVE, loop=False)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("error", "why"),
    [
        pytest.param(OSError(16, "Device or resource busy"), "another program is using it", id="busy"),
        pytest.param(PermissionError(13, "Permission denied"), "permission denied", id="forbidden"),
        pytest.param(OSError(5, "Input/output error"), "Input/output error", id="other"),
    ],
)
def test_a_camera_that_cannot_be_used_is_reported(error: OSError, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("av.open", refuse)
    with pytest.raises(VideoReadError, match=f"cannot be opened: {why}") as caught:
        open_capture("0", NATIVE, loop=False)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("answer", "why"),
    [pytest.param(silent, "nothing came for 0.5 s", id="silent"), pytest.param(refusing, "404 Not Found", id="not found")],
)
def test_a_stream_that_does_not_answer_is_reported(answer: Answer, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.video.stream.PATIENCE_S", 0.5)
    with answering(answer) as url, pytest.raises(VideoReadError, match=why):
        open_capture(url, NATIVE, loop=False)
    with pytest.raises(VideoReadError, match="Connection refused"):
        open_capture(url, NATIVE, loop=False)


def watched(
    url: str, sampling: Sampling, until: Callable[[list[Captured]], bool]
) -> tuple[StreamCapture, list[Captured], set[str]]:
    """A stream, its frames, and what trouble it had in between."""
    source = open_capture(url, sampling, loop=False)
    assert isinstance(source, StreamCapture)
    taken: list[Captured] = []
    troubles: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            troubles.add(source.trouble)

    watcher = threading.Thread(target=look)
    watcher.start()
    for captured in source:
        taken.append(captured)
        if until(taken):
            break
    over.set()
    watcher.join()
    return source, taken, troubles - {""}


def test_a_stream_that_breaks_off_is_called_again(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.video.stream.FIRST_RETRY_S", 0.2)
    called_s = []
    camera = sending(clip, 0.5)

    def answer(caller: socket.socket, call: int) -> None:
        called_s.append(time.monotonic())
        if call != 1:  # at the second call it is not back yet
            camera(caller, call)

    with answering(answer) as url:
        source, taken, troubles = watched(url, NATIVE, lambda taken: len(taken) == 80)
    assert called_s[2] - called_s[1] > 0.35, "the second wait is twice as long as the first"
    assert [c.decoded.index for c in taken] == list(range(80))
    assert all(a.decoded.time_s < b.decoded.time_s and a.at_s <= b.at_s for a, b in pairwise(taken))
    assert max(b.decoded.time_s - a.decoded.time_s for a, b in pairwise(taken)) > 0.55, "both waits"
    assert troubles
    assert all(url in trouble and "trying again" in trouble for trouble in troubles)
    assert source.trouble == ""


def test_time_is_that_of_arrival(clip: Path) -> None:
    with answering(sending(clip, 1.0)) as url:
        begun_s = time.time()
        source, taken, _ = watched(url, Sampling(None, end_s=0.9), lambda taken: False)
        wall_s = time.time() - begun_s
    assert taken[0].decoded.time_s < 0.1
    assert 0.5 < taken[-1].decoded.time_s < 0.9
    assert all(c.decoded.pts == round(c.decoded.time_s * 1e6) for c in taken)
    info = source.seen()
    assert (info.time_base, info.origin_pts, info.fingerprint) == (Fraction(1, 1_000_000), 0, "")
    assert (info.width_px, info.height_px, info.codec) == (320, 180, "h264")
    assert 0.4 < info.duration_s <= wall_s


def test_a_rate_keeps_the_first_frame_of_every_tick(clip: Path) -> None:
    with answering(sending(clip, 1.0)) as url:
        source, taken, _ = watched(url, Sampling(Fraction(5), end_s=0.9), lambda taken: False)
    ticks = [c.decoded.tick for c in taken]
    assert ticks == sorted(set(ticks))
    assert len(taken) <= 5 < source.decoded


def test_a_recording_on_a_server_is_played_once_at_its_own_speed(tmp_path: Path) -> None:
    data = clips.plain(tmp_path / "a.mp4", frames=20, muxer={"movflags": "faststart"}).read_bytes()

    def answer(caller: socket.socket, call: int) -> None:
        caller.recv(4096)
        head = f"HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {len(data)}\r\n\r\n"
        caller.sendall(head.encode() + data)

    with answering(answer) as url:
        _, taken, troubles = watched(url, NATIVE, lambda taken: False)
    assert [c.decoded.index for c in taken] == list(range(20))
    assert taken[-1].decoded.time_s == pytest.approx(19 / 25, abs=0.1)
    assert not troubles


def test_a_camera_that_is_unplugged_is_reported(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no camera here to unplug: a stream that ends stands in for it."""
    with answering(sending(clip, 0.3)) as url:
        source = open_capture(url, NATIVE, loop=False)
        assert isinstance(source, StreamCapture)
        monkeypatch.setattr(source, "_address", address_of("0"))
        with pytest.raises(VideoReadError, match="broke off"):
            list(source)


class Mac:
    """A container as that of a Mac's camera: where another one waits for a frame, it says that there is none yet."""

    def __init__(self, container: InputContainer, gives: int) -> None:
        self._packets = container.demux(video=0)
        self._gives = gives

    def demux(self, stream: object) -> Iterator[object]:
        for _ in range(2):
            self._gives -= 1
            if self._gives < 0:
                break
            yield next(self._packets)
        raise BlockingIOError(35, "Resource temporarily unavailable")


def test_a_camera_that_does_not_wait_is_asked_again(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.video.stream.PATIENCE_S", 0.3)
    with av.open(str(clip)) as container:
        connection = Connection(Address("camera", "device", str(clip)))
        monkeypatch.setattr(connection, "_container", Mac(container, 40))
        frames = connection.frames()
        assert len(list(islice(frames, 30))) == 30
        with pytest.raises(VideoReadError, match=r"camera broke off: nothing came for 0.3 s"):
            list(frames)


def test_a_stop_is_heeded_between_two_calls(clip: Path) -> None:
    with answering(sending(clip, 0.2)) as url:
        source = open_capture(url, NATIVE, loop=False)
        frames = iter(source)
        list(islice(frames, 10))
    threading.Timer(0.3, source.stop).start()
    begun_s = time.monotonic()
    list(frames)
    assert time.monotonic() - begun_s < 3


def test_damage_on_the_way_is_counted(clip: Path, tmp_path: Path) -> None:
    data = bytearray(clip.read_bytes())
    for start in range(188 * 40, len(data), 188 * 9):
        data[start + 20 : start + 180] = bytes(160)
    broken = tmp_path / "a.ts"
    broken.write_bytes(data)
    with answering(sending(broken, 0.3)) as url:
        source, taken, _ = watched(url, Sampling(None, end_s=0.7), lambda taken: False)
    assert taken
    assert source.errors > 0
