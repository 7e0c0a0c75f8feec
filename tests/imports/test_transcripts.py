"""Transcripts, read as programs write them, and refused where they are damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import srt
import webvtt

from feelit.errors import UsageError
from feelit.imports.tiers import Word
from feelit.imports.transcript import Utterance, read_transcript, refuse_another
from feelit.options.transcripts import SIGNED_SECONDS, ClockOptions, clock_between
from tests.imports.made import written

VTT = """WEBVTT - a meeting

STYLE
::cue { color: red }

NOTE made by hand --
x

1
00:01.000 --> 00:02.500 align:start
<v Ann Lee>Hello &amp; <i>you</i> <00:00:01.500><c>there</c></v>
<v.loud Bob>No.</v>

00:00:03.250 --> 100:00:04.000
Remember: it costs 5 < 6.

intro
00:05.000 --> 00:06.000
two
lines
"""


def said(path: Path, clock: ClockOptions | None = None) -> list[tuple[float, float, str, str]]:
    return [(u.start_s, u.end_s, u.speaker, u.text) for u in read_transcript(path, clock)]


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_webvtt(break_: str, encoding: str) -> None:
    assert said(written("a.vtt", VTT.replace("\n", break_), encoding)) == [
        (1.0, 2.5, "Ann Lee", "Hello & you there"),
        (1.0, 2.5, "Bob", "No."),
        (3.25, 360004.0, "", "Remember: it costs 5 < 6."),
        (5.0, 6.0, "", "two lines"),
    ]


def test_times_of_words_in_webvtt() -> None:
    assert read_transcript(written("a.vtt", VTT))[0].words == (Word(1.0, 1.5, "Hello & you"), Word(1.5, 2.5, "there"))


def test_webvtt_py_reads_the_same_times_and_words() -> None:
    path = written("a.vtt", VTT.split("<v.loud")[0])
    (theirs,) = webvtt.read(str(path)).captions
    (ours,) = read_transcript(path)
    assert (theirs.voice, theirs.text.replace("&amp;", "&")) == (ours.speaker, ours.text)
    assert (theirs.start_in_seconds, theirs.end_in_seconds) == (int(ours.start_s), int(ours.end_s))


SRT = """1
00:00:01,000 --> 00:00:02,500
Ann: Hello <i>you</i>
BOB: Hm

2
00:00:03,250 --> 00:00:04,500
[SPEAKER_01]: {\\an8}two

paragraphs

3
00:00:05,000 --> 00:00:06,000
"""


def test_srt() -> None:
    path = written("a.srt", SRT)
    assert said(path) == [
        (1.0, 2.5, "Ann", "Hello you"),
        (1.0, 2.5, "BOB", "Hm"),
        (3.25, 4.5, "SPEAKER_01", "two paragraphs"),
    ]
    theirs = [(s.start.total_seconds(), s.end.total_seconds()) for s in srt.parse(path.read_text())]
    assert [theirs[0], theirs[0], theirs[1]] == [times[:2] for times in said(path)]


def test_what_stands_before_a_colon_is_a_name_where_it_comes_twice_or_most_cues_have_one() -> None:
    lines = ["I say: no.", "Ann: one", "a", "b", "c", "Ann: two", "d", "Remember: five."]
    text = "WEBVTT\n\n" + "".join(f"0:{n:02}.000 --> 0:{n + 1:02}.000\n{line}\n\n" for n, line in enumerate(lines))
    assert [(who, what) for _, _, who, what in said(written("a.vtt", text))] == [
        ("", "I say: no."), ("Ann", "one"), ("", "a"), ("", "b"), ("", "c"), ("Ann", "two"), ("", "d"), ("", "Remember: five."),
    ]  # fmt: skip


def test_rttm() -> None:
    lines = "SPKR-INFO call 1 <NA> <NA> <NA> unknown ann <NA> <NA>\n;; note\nSPEAKER call 1 2.5 1.25 <NA> <NA> ann <NA> <NA>\n"
    assert said(written("a.rttm", lines)) == [(2.5, 3.75, "ann", "")]
    other = lines + "SPEAKER talk 1 0.5 1 <NA> <NA> ann <NA>\n"
    assert said(written("a.rttm", other)) == [(0.5, 1.5, "talk/ann", ""), (2.5, 3.75, "call/ann", "")]


def test_whisperx() -> None:
    words = [{"word": "Good", "start": 0.5, "end": 0.7}, {"word": "5"}, {"word": "day", "start": 1, "end": float("nan")}]
    record = {
        "segments": [
            {"start": 0.5, "end": 2, "text": " Good  5 day", "speaker": "SPEAKER_00", "words": words},
            {"start": 2, "end": 3, "text": "Hm"},
        ]
    }
    found = read_transcript(written("a.json", json.dumps(record)))
    assert found[0].words == (Word(0.5, 0.7, "Good"),)
    assert [(u.speaker, u.text, u.end_s) for u in found] == [("SPEAKER_00", "Good 5 day", 2.0), ("", "Hm", 3.0)]


def test_a_table_is_a_transcript_too() -> None:
    path = written("a.csv", "start,end,speaker,text\n1,2,Ann,Hello\n1.5,2.5,Bob,Hm\n")
    assert said(path) == [(1.0, 2.0, "Ann", "Hello"), (1.5, 2.5, "Bob", "Hm")]


def test_another_clock() -> None:
    clock = ClockOptions(offset_s=SIGNED_SECONDS.checked("--offset", "-0:01.5"), drift=3.6)
    (one,) = read_transcript(written("a.vtt", "WEBVTT\n\n0:01.000 --> 16:41.000\nx\n"), clock)
    assert (one.start_s, one.end_s) == pytest.approx((-0.499, 1000.501))
    word = read_transcript(written("a.vtt", VTT), ClockOptions(offset_s=10))[0].words[1]
    assert word == Word(11.5, 12.5, "there")


def test_two_claps_give_the_clock() -> None:
    clock = clock_between((1.0, 3.5), (3601.0, 3604.5))
    assert (clock.offset_s, clock.drift) == pytest.approx((2.5 - 1 / 3600, 1.0))
    with pytest.raises(UsageError, match="one moment"):
        clock_between((1.0, 3.5), (1.0, 3.5))
    with pytest.raises(UsageError, match="no drift of a clock"):
        clock_between((0.0, 0.0), (1.0, 3.5))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.vtt", "", "does not begin with WEBVTT", id="an-empty-file"),
        pytest.param("a.vtt", "WEBVTT\n\nNOTE nothing\n", "holds no annotations", id="no-cue"),
        pytest.param("a.vtt", "WEBVTT\n\n0:01.000 --> 0:02.000\n\n", "holds no annotations", id="no-word"),
        pytest.param(
            "a.vtt", "WEBVTT\n\n-0:01.000 --> 0:02.000\nx\n", "line 3, -0:01.000 --> 0:02.000, gives no", id="negative"
        ),
        pytest.param("a.vtt", "WEBVTT\n\n0:03.000 --> 0:02.000\nx\n", "line 3 ends before it begins", id="backwards"),
        pytest.param("a.vtt", "x" * 10_000_000, "does not begin with WEBVTT", id="ten-megabytes-of-a-line"),
        pytest.param("a.srt", "xy: z\n" * 1_600_000, "holds no annotations", id="ten-megabytes-of-lines"),
        pytest.param("a.srt", "0:0:1 --> 0:0:2\n" + "a: " * 3_000_000, "", id="ten-megabytes-of-one-cue"),
        pytest.param("a.json", "[" * 1_000_000, "damaged, or no json", id="deep-brackets"),
        pytest.param("a.json", "{}", "no list of segments", id="other-json"),
        pytest.param("a.json", '{"segments": [{"text": "x"}]}', "segment 1 has no times", id="no-times"),
        pytest.param("a.json", '{"segments": [{"start": 3, "end": 2}]}', "ends before it begins", id="backwards-json"),
        pytest.param("a.json", '{"segments": [3]}', "segment 1 is no object", id="a-segment-that-is-a-number"),
        pytest.param("a.rttm", "SPEAKER call 1 2.5\n", "line 1 has 4 fields", id="a-short-line"),
        pytest.param("a.rttm", "SPEAKER c 1 -1 2 <NA> <NA> a\n", "negative time", id="before-the-beginning"),
        pytest.param("a.rttm", "SPEAKER c 1 inf 2 <NA> <NA> a\n", "inf is no time", id="infinite"),
        pytest.param("a.rttm", "SPEAKER c 1 x 2 <NA> <NA> a\n", "x is no number", id="no-number"),
        pytest.param("a.rttm", "1 2 3\n", "line 1 is none of it", id="no-rttm"),
    ],
)
def test_what_cannot_be_read_is_refused(name: str, content: str, message: str) -> None:
    path = written(name, content)
    if message:
        with pytest.raises(UsageError, match=message):
            read_transcript(path)
    else:
        assert len(read_transcript(path)) == 1


def test_another_encoding_is_named() -> None:
    path = Path("a.srt")
    path.write_bytes("1\n00:00:01,000 --> 00:00:02,500\nJosé: olé\n".encode("latin-1"))
    with pytest.raises(UsageError, match="not in UTF-8") as caught:
        read_transcript(path)
    assert caught.value.hint == "save it as UTF-8"


@pytest.mark.parametrize(
    ("start_s", "end_s", "duration_s", "refused"),
    [
        pytest.param(0, 90, 36, False, id="credits-that-last"),
        pytest.param(0, 97, 36, True, id="a-minute-after-the-end"),
        pytest.param(0, 3900, 3600, False, id="a-tenth"),
        pytest.param(40, 41, 36, True, id="all-after-the-end"),
        pytest.param(-9, -1, 36, True, id="all-before-the-beginning"),
        pytest.param(0, 999, None, False, id="a-length-that-is-not-known"),
    ],
)
def test_the_transcript_of_another_video_is_refused(
    start_s: float, end_s: float, duration_s: float | None, refused: bool
) -> None:
    one = Utterance(start_s=start_s, end_s=end_s, speaker="", text="x", words=())
    if refused:
        with pytest.raises(UsageError, match=r"a\.vtt goes from .* and b\.mp4 lasts 36\.0 s"):
            refuse_another(Path("a.vtt"), [one], duration_s, "b.mp4")
    else:
        refuse_another(Path("a.vtt"), [one], duration_s, "b.mp4")
