"""What rows depend on besides the video, and whose rows may stand."""

from __future__ import annotations

import pytest

from feelit.options import AnalyzeOptions
from feelit.run.pipeline import resolve
from feelit.run.provenance import RESULTS_VERSION, Provenance, record_of, settings_of

FACE, OTHER = {"detector": ("face", "aa")}, {"detector": ("face", "bb")}
NOW = Provenance(2, FACE)


@pytest.mark.parametrize(
    ("made", "age"),
    [
        pytest.param(Provenance(2, FACE), "same", id="same"),
        pytest.param(Provenance(2, {"detector": ("./face.onnx", "aa")}), "same", id="same-file-by-another-name"),
        pytest.param(Provenance(1, FACE), "older", id="older-results"),
        pytest.param(Provenance(2, OTHER), "older", id="older-model"),
        pytest.param(Provenance(1, OTHER), "older", id="both"),
        pytest.param(Provenance(3, FACE), "newer", id="newer-results"),
        pytest.param(Provenance(2, {"detector": ("yunet", "bb")}), "other", id="another-model"),
        pytest.param(Provenance(2, FACE | {"identity": ("identity", "cc")}), "other", id="one-model-more"),
    ],
)
def test_the_age_of_rows(made: Provenance, age: str) -> None:
    assert made.age(NOW) == age
    assert Provenance.parse(str(made)) == made


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[1,2,3]", '[1,["a"]]', '["x",{}]', '[1,{"a":"b"}]'])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no version"):
        Provenance.parse(text)


def test_what_is_outdated() -> None:
    made = Provenance.of(resolve(AnalyzeOptions()).record)
    assert made.version == RESULTS_VERSION
    assert not made.is_outdated()
    assert Provenance(RESULTS_VERSION - 1, made.models).is_outdated()
    assert Provenance(RESULTS_VERSION, {"detector": ("face", "aa")}).is_outdated()
    assert not Provenance(RESULTS_VERSION, {"detector": ("mine.onnx", "aa")}).is_outdated()


def test_settings_are_those_that_change_rows() -> None:
    def digest(options: AnalyzeOptions) -> str:
        return settings_of(record_of(options, {}))

    usual = digest(AnalyzeOptions())
    assert digest(AnalyzeOptions(device="cpu", rate="10.0", detector="mine.onnx")) == usual
    others = [AnalyzeOptions(rate="5"), AnalyzeOptions(start_s=1), AnalyzeOptions(end_s=1), AnalyzeOptions(people=False)]
    assert len({usual, *map(digest, others)}) == 5


def test_an_option_that_an_earlier_feelit_did_not_have_counts_as_not_given() -> None:
    record = record_of(AnalyzeOptions(), {})
    earlier = record | {"config": {name: value for name, value in record["config"].items() if name != "people"}}
    assert settings_of(earlier) == settings_of(record)
