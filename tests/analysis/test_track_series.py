from __future__ import annotations

import numpy as np
import pytest

from feelit.analysis.track_series import track_series
from feelit.types import EMOTIONS
from tests.timeline.reading import samples_of
from tests.timeline.rows import regular, table_of


@pytest.mark.parametrize(
    ("start_s", "end_s"),
    [
        pytest.param(0.0, 12.0, id="all of it"),
        pytest.param(3.14, 4.56, id="between samples"),
        pytest.param(3.0, 4.0, id="at samples"),
        pytest.param(4.95, 5.15, id="over a gap"),
        pytest.param(-2.0, -1.0, id="before the first sample"),
        pytest.param(11.0, 12.0, id="after the last one"),
    ],
)
def test_what_is_shown_at_some_times_does_not_depend_on_where_one_looks(start_s: float, end_s: float) -> None:
    table = table_of({1: "n" * 20 + "h" * 30 + "." * 5 + "s" * 45}, regular(100))
    trace = track_series(samples_of(table).of_track(0))
    assert trace is not None
    moments = np.linspace(start_s, end_s, 29)
    for emotion in range(len(EMOTIONS)):
        whole = np.interp(moments, trace.samples.time_s, trace.smoothed[:, emotion])
        np.testing.assert_array_equal(trace.shown_at(moments, emotion), whole)


def test_what_is_usual_is_the_median_or_the_mean_of_a_stretch() -> None:
    samples = samples_of(table_of({1: "n" * 60 + "h" * 40}, regular(100))).of_track(0)
    neutral, happiness = EMOTIONS.index("neutral"), EMOTIONS.index("happiness")
    over_all, at_the_end = track_series(samples), track_series(samples, "0:08-0:10")
    assert over_all is not None
    assert at_the_end is not None
    assert over_all.baseline[neutral] > 0.7 > 0.1 > over_all.baseline[happiness]
    inside = at_the_end.smoothed[80:, happiness].astype(np.float64)
    assert at_the_end.baseline[happiness] == pytest.approx(inside.mean())
    np.testing.assert_array_equal(at_the_end.smoothed, over_all.smoothed)


def test_nobody_knows_what_is_usual_where_nothing_can_be_read() -> None:
    samples = samples_of(table_of({1: "u" * 20 + "n" * 20}, regular(40))).of_track(0)
    series = track_series(samples, "0-1.5")
    assert series is not None
    assert np.isnan(series.baseline).all()
