"""Files that were damaged at random: each is read or refused in one line, and nothing else happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feelit.errors import UsageError
from feelit.imports.annotations import READERS, read_tiers

WHOLE = {
    ".csv": "time,anna,ben\n0,1,2\n1,2,3\n",
    ".tsv": "start\tend\tlabel\n0:01\t2\tjoy\n",
    ".eaf": (
        '<A><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="9"/><TIER TIER_ID="t">'
        '<ALIGNABLE_ANNOTATION ANNOTATION_ID="x" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"><ANNOTATION_VALUE>v</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></TIER></A>"
    ),
    ".textgrid": '"ooTextFile"\n"TextGrid"\n0\n4\n<exists>\n1\n"IntervalTier"\n"anna"\n0\n4\n1\n0\n4\n"joy"\n',
    ".boris": json.dumps(
        {
            "observations": {"o": {"events": [[1, "a", "s", "", ""], [2, "a", "s", "", ""]], "time offset": 0.5}},
            "behaviors_conf": {"0": {"code": "s", "type": "State event", "category": "c"}},
        }
    ),
    ".vtt": "WEBVTT\n\n1\n00:01.000 --> 00:02.500\n<v Ann>Hello <00:01.500>you</v>\nBob: no\n",
    ".srt": "1\n00:00:01,000 --> 00:00:02,500\nAnn: <i>Hello</i>\n\n2\n00:00:03,000 --> 00:00:04,000\nx\n",
    ".rttm": "SPEAKER call 1 2.5 1.25 <NA> <NA> ann <NA> <NA>\n",
    ".json": json.dumps({"segments": [{"start": 0, "end": 1, "text": "x", "words": [{"word": "x", "start": 0, "end": 1}]}]}),
}


def test_every_format_is_here() -> None:
    assert WHOLE.keys() == READERS.keys()


@pytest.mark.parametrize("ending", WHOLE)
def test_undamaged_files_are_read(ending: str) -> None:
    path = Path(f"a{ending}")
    path.write_text(WHOLE[ending], encoding="utf-8")
    assert any(read_tiers(path).values())


@pytest.mark.parametrize("ending", WHOLE)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.floats(0, 1),
    length=st.integers(0, 12),
    put=st.binary(max_size=6) | st.sampled_from([b"-1", b"null", b"{}", b"[]", b'"', b"9e999", b"-->"]),
)
def test_a_damaged_file_is_read_or_refused_in_one_line(ending: str, place: float, length: int, put: bytes) -> None:
    content = WHOLE[ending].encode()
    first = int(place * len(content))
    path = Path(f"a{ending}")
    path.write_bytes(content[:first] + put + content[first + length :])
    try:
        tiers = read_tiers(path)
    except UsageError:
        return
    assert all(a.start_s <= a.end_s for tier in tiers.values() for a in tier)
