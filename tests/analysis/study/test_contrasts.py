"""Contrasts: who is compared with whom, what is corrected for, and who is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import feelit
from tests.analysis.study.made import timeline

WINDOWS = [
    {"name": "rest", "start": 0, "end": 2},
    {"name": "A", "start": 2, "end": 4, "condition": "funny"},
    {"name": "B", "start": 4, "end": 6, "condition": "dull"},
    {"name": "C", "start": 6, "end": 8, "condition": "funny"},
]


def study_of(folder: Path, happy: list[tuple[int, int, int]], **more: Any) -> dict[str, Any]:
    """Participants who are happy for so many tenths of a second in windows A, B and C; -1 is not readable."""
    recordings = []
    for n, counts in enumerate(happy):
        shown = ["u" * 20 if count < 0 else "h" * count + "n" * (20 - count) for count in counts]
        place = timeline(folder / f"{n}.parquet", "n" * 20 + "".join(shown))
        recordings.append({"timeline": str(place), "participant": f"P{n}", "group": "even" if n % 2 == 0 else "odd"})
    return {"recordings": recordings, "windows": WINDOWS, "measures": {"statistics": ["share", "mean"]}} | more


COUNTS = [(10, 4, 12), (6, 2, 8), (14, 10, 8), (3, 4, 6), (20, 5, 10), (9, 0, 9)]


def test_pairs_are_compared_by_participant_over_the_mean_of_their_windows(tmp_path: Path) -> None:
    contrast = {"levels": ["funny", "dull"], "measures": ["share_happiness"]}
    (row,) = feelit.study(study_of(tmp_path, COUNTS, contrasts=[contrast])).contrasts.to_dict("records")
    difference = np.array([(a + c) / 40 - b / 20 for a, b, c in COUNTS])
    assert row["contrast"] == "funny − dull"
    assert (row["design"], row["n_a"], row["n_b"], row["compared"]) == ("paired", 6, 6, "value")
    assert row["estimate"] == pytest.approx(difference.mean())
    assert row["mean_b"] == pytest.approx(np.mean([b / 20 for _, b, _ in COUNTS]))
    assert row["test"] == "all 64 flips of signs"
    assert row["p_value"] == pytest.approx(4 / 64) or row["p_value"] < 4 / 64
    assert row["low"] < row["estimate"] < row["high"]
    assert row["effect"] == "Hedges' g of pairs"
    assert row["p_adjusted"] == row["p_value"]


def test_groups_are_compared_unpaired(tmp_path: Path) -> None:
    contrast = {"levels": ["even", "odd"], "factor": "group", "measures": ["share_happiness"], "windows": ["A"]}
    study = study_of(tmp_path, COUNTS, contrasts=[contrast], statistics={"effect": "cliff"})
    (row,) = feelit.study(study).contrasts.to_dict("records")
    assert (row["design"], row["n_a"], row["n_b"], row["effect"]) == ("unpaired", 3, 3, "Cliff's delta")
    assert row["estimate"] == pytest.approx((10 + 14 + 20 - 6 - 3 - 9) / 60)
    assert row["note"] == "too few participants for an interval"


def test_the_family_that_was_asked_is_corrected_for_and_stated(tmp_path: Path) -> None:
    contrasts = [{"levels": ["funny", "dull"], "measures": ["share"]}, {"levels": ["A", "B"], "factor": "window"}]
    emotions = {"emotions": ["happiness", "neutral"], "statistics": ["share"]}
    found = {}
    for family in ("study", "contrast"):
        study = study_of(tmp_path, COUNTS, contrasts=contrasts, statistics={"family": family}, measures=emotions)
        found[family] = feelit.study(study).contrasts
    assert found["study"]["correction"].unique().tolist() == ["Holm (1979) over the 4 tests of the study"]
    assert found["contrast"]["correction"].unique().tolist() == ["Holm (1979) over the 2 tests of the contrast"]
    assert found["study"]["p_adjusted"].min() == pytest.approx(4 * found["study"]["p_value"].min())
    assert found["contrast"]["p_adjusted"].min() == pytest.approx(2 * found["study"]["p_value"].min())


def test_who_lacks_a_value_is_left_out_by_name(tmp_path: Path) -> None:
    contrast = {"levels": ["funny", "dull"], "measures": ["share_happiness"]}
    study = study_of(tmp_path, [*COUNTS[:4], (5, -1, 5)], contrasts=[contrast])
    (row,) = feelit.study(study).contrasts.to_dict("records")
    assert (row["n_a"], row["left_out"]) == (4, "P4 (dull)")
    lonely = study_of(tmp_path, [COUNTS[0], (5, -1, 5)], contrasts=[contrast])
    (row,) = feelit.study(lonely).contrasts.to_dict("records")
    assert row["note"] == "fewer than two participants"
    assert np.isnan(row["p_value"])


def test_differences_to_a_stated_baseline_are_compared(tmp_path: Path) -> None:
    contrast = {"levels": ["even", "odd"], "factor": "group", "measures": ["mean_happiness"]}
    study = study_of(tmp_path, COUNTS, contrasts=[contrast], baseline={"window": "rest"})
    (row,) = feelit.study(study).contrasts.to_dict("records")
    assert row["compared"] == "difference"
    (value,) = feelit.study(study | {"contrasts": [contrast | {"value": "value"}]}).contrasts.to_dict("records")
    assert value["compared"] == "value"
    assert value["mean_a"] > row["mean_a"]
    assert value["estimate"] == pytest.approx(row["estimate"])


@pytest.mark.parametrize(
    ("contrast", "said"),
    [
        ({"levels": ["funny", "dull"], "measures": ["joy"]}, "compares joy, which is not measured"),
        ({"levels": ["funny", "dull"], "paired": False}, "is not paired, and P0 is in both levels"),
        ({"levels": ["even", "odd"], "factor": "group", "paired": True}, "compares groups in pairs"),
    ],
)
def test_contrasts_that_cannot_be_are_refused(tmp_path: Path, contrast: dict[str, Any], said: str) -> None:
    with pytest.raises(feelit.UsageError, match=said):
        feelit.study(study_of(tmp_path, COUNTS, contrasts=[contrast]))


def test_coders_are_compared_with_the_timeline_and_with_one_another(tmp_path: Path) -> None:
    place = timeline(tmp_path / "a.parquet", "n" * 50 + "h" * 50)
    (tmp_path / "codes.csv").write_text("tier,start,end,label\nann,0,5,neutral\nann,5,10,joy\nben,0,4,neutral\nben,4,10,joy\n")
    coders = [str(tmp_path / f"codes.csv@{name}") for name in ("ann", "ben")]
    recording = {"timeline": str(place), "participant": "P1", "coders": coders}
    study = {"recordings": [recording], "agreement": {"map": {"joy": "happiness"}}}
    found = feelit.study(study).agreement
    assert found["percent"].tolist() == pytest.approx([1, 0.9, 0.9])
    assert found["kappa"].tolist() == pytest.approx([1, 0.8, 0.8])
    with pytest.raises(feelit.UsageError, match=r"P1: .* has the label joy") as refused:
        feelit.study(study | {"agreement": {}})
    assert "map, under [agreement]" in refused.value.hint
