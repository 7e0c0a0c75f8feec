"""Intraclass correlations, against published examples and other programs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

import feelit
from feelit.analysis.agreement import Intraclass, beta_share, f_quantile, intraclass
from feelit.errors import UsageError
from feelit.timeline.schema import pack_metadata
from feelit.types import Float64
from tests.conftest import Command
from tests.timeline.rows import CERTAIN, regular, table_of

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], np.float64).T
"""Table 2 of the paper: six targets, four judges."""


def forms(found: Intraclass) -> list[float]:
    return [e.value for e in (found.absolute, found.consistent, found.absolute_mean, found.consistent_mean)]


def test_shrout_fleiss_1979() -> None:
    """Table 4 of the paper gives .29, .71, .62 and .91; pingouin 0.7 gives more digits, and these intervals."""
    found = intraclass(SHROUT_FLEISS, 1)
    assert found.units == 6
    assert [round(value, 2) for value in forms(found)] == [0.29, 0.71, 0.62, 0.91]
    expected = [0.289763779528, 0.714840714841, 0.620050547599, 0.909315542377]
    assert forms(found) == pytest.approx(expected, abs=1e-11)
    rounded = [(round(low, 2), round(high, 2)) for low, high in found.independent]
    assert rounded == [(0.02, 0.76), (0.34, 0.95), (0.07, 0.93), (0.68, 0.99)]


def test_pingouin() -> None:
    """pingouin 0.7 of twenty targets and three judges."""
    rows = [
        [1.712, 3.459, 2.964], [-1.177, -1.199, -2.181], [1.144, 1.343, 0.759], [0.074, 1.384, 0.041], [0.041, -0.887, 0.807],
        [-0.863, 0.162, 0.523], [-1.505, -0.786, -2.228], [-0.189, 1.277, 1.297], [-0.318, 0.816, 0.458], [3.203, 4.221, 4.277],
        [0.658, 1.621, 0.223], [-0.168, -0.553, 0.676], [0.087, 0.117, 0.307], [-1.319, 1.408, -1.547], [-1.671, 0.987, 0.299],
        [-1.877, 0.806, 0.384], [0.08, 3.141, 0.193], [0.034, 0.573, 1.291], [0.967, 2.243, 0.3], [1.002, 1.873, 0.873],
    ]  # fmt: skip
    found = intraclass(np.array(rows).T, 1)
    assert forms(found) == pytest.approx([0.609854463106, 0.696964367204, 0.824235721951, 0.873414931514], abs=1e-11)
    rounded = [(round(low, 2), round(high, 2)) for low, high in found.independent]
    assert rounded == [(0.31, 0.81), (0.48, 0.85), (0.57, 0.93), (0.73, 0.95)]


def by_definition(x: Float64) -> tuple[float, float, tuple[float, float], tuple[float, float]]:
    """ICC(2,1), ICC(3,1) and their intervals as McGraw & Wong (1996) write them, of (n, k), with SciPy's quantiles."""
    n, k = x.shape
    row, column, mean = x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True), x.mean()
    msr = k * float(((row - mean) ** 2).sum()) / (n - 1)
    msc = n * float(((column - mean) ** 2).sum()) / (k - 1)
    mse = float(((x - row - column + mean) ** 2).sum()) / ((n - 1) * (k - 1))
    one, two = (msr - mse) / (msr + (k - 1) * mse + k / n * (msc - mse)), (msr - mse) / (msr + (k - 1) * mse)
    a, b = k * one / (n * (1 - one)), 1 + k * one * (n - 1) / (n * (1 - one))
    v = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)))
    low, high = stats.f.ppf(0.975, n - 1, v), stats.f.ppf(0.975, v, n - 1)
    rest = k * msc + (k * n - k - n) * mse
    absolute = n * (msr / low - mse) / (rest + n * msr / low), n * (high * msr - mse) / (rest + n * high * msr)
    fl = msr / mse / stats.f.ppf(0.975, n - 1, (n - 1) * (k - 1))
    fu = msr / mse * stats.f.ppf(0.975, (n - 1) * (k - 1), n - 1)
    return one, two, absolute, ((fl - 1) / (fl + k - 1), (fu - 1) / (fu + k - 1))


@given(st.integers(0, 10**6), st.integers(6, 40), st.integers(2, 5), st.floats(0, 1e6))
def test_the_definition(seed: int, units: int, coders: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(units, 1)) + 0.5 * rng.normal(size=(1, coders)) + rng.normal(size=(units, coders))
    found, expected = intraclass(x.T + shift, 1), by_definition(x)
    assert (found.absolute.value, found.consistent.value) == pytest.approx(expected[:2], abs=1e-6)
    assert found.independent[0] == pytest.approx(expected[2], abs=1e-6)
    assert found.independent[1] == pytest.approx(expected[3], abs=1e-6)
    assert found.pearson[0, 1].value == pytest.approx(np.corrcoef(x[:, 0], x[:, 1])[0, 1], abs=1e-6)


@given(st.floats(0.001, 0.999), st.floats(0.6, 5000), st.floats(0.6, 5000))
@example(0.5, 1.0, 1.0)  # the median of a symmetric distribution
def test_quantiles_of_f(probability: float, one: float, two: float) -> None:
    assert f_quantile(probability, one, two) == pytest.approx(stats.f.ppf(probability, one, two), rel=1e-6)


@given(st.floats(0, 1), st.floats(0.3, 1e5), st.floats(0.3, 1e5))
def test_shares_of_beta(x: float, a: float, b: float) -> None:
    assert beta_share(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-9)


def test_units_without_a_number_are_left_out() -> None:
    with_gaps = np.concatenate([SHROUT_FLEISS, np.full((4, 2), np.nan)], axis=1)
    with_gaps[0, -1] = 3.0
    assert forms(intraclass(with_gaps, 1)) == forms(intraclass(SHROUT_FLEISS, 1))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([[1, 1, 1], [1, 1, 1]], id="nothing-varies"),
        pytest.param([[1], [2]], id="one-unit"),
        pytest.param([[math.nan], [2]], id="no-unit"),
    ],
)
def test_what_is_not_defined(values: list[list[float]]) -> None:
    found = intraclass(np.array(values, np.float64), 1)
    assert all(map(math.isnan, forms(found)))
    assert all(math.isnan(bound) for interval in found.independent for bound in interval)


def test_two_who_are_one_agree() -> None:
    found = intraclass(np.array([[1, 2, 3.0], [1, 2, 3.0]]), 1)
    assert forms(found) == pytest.approx([1, 1, 1, 1])
    assert found.pearson[0, 1].value == pytest.approx(1)


def test_longer_blocks_give_wider_intervals_where_neighbours_are_alike() -> None:
    rng = np.random.default_rng(1)
    slow = np.repeat(rng.normal(size=(1, 40)), 50, axis=1)
    values = slow + np.repeat(0.7 * rng.normal(size=(2, 40)), 50, axis=1)
    short, long = (intraclass(values, block).consistent for block in (1, 50))
    assert long.high - long.low > 2 * (short.high - short.low)
    low, high = intraclass(values, 50).independent[1]
    assert long.high - long.low > 2 * (high - low)


# Of recordings

RATINGS = "time;anna;ben;note\n" + "".join(f"{n / 2};{n % 7};{(n % 7) + (n % 3) / 2};x\n" for n in range(40))


def ratings(text: str = RATINGS, name: str = "r.csv") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def compared(*sources: str, **options: Any) -> dict[str, Any]:
    return feelit.agree(list(sources), icc=True, **options).record()


def test_a_table_with_a_row_per_time() -> None:
    name = ratings()
    found = compared(f"{name}@anna", f"{name}@ben", step_s=0.5)
    n = np.arange(40)
    one, two, absolute, consistent = by_definition(np.stack([n % 7, n % 7 + (n % 3) / 2], axis=1).astype(np.float64))
    assert (found["coders"], found["units"]) == (["r.csv@anna", "r.csv@ben"], 40)
    assert found["icc_2_1"]["value"] == pytest.approx(one, abs=1e-6)
    assert found["icc_3_1"]["value"] == pytest.approx(two, abs=1e-6)
    assert found["icc_2_1"]["independent_low"] == pytest.approx(absolute[0], abs=1e-6)
    assert found["icc_3_1"]["independent_high"] == pytest.approx(consistent[1], abs=1e-6)
    assert found["means"]["r.csv@anna"] == pytest.approx(float((n % 7).mean()))


def test_a_number_holds_until_the_next_and_not_over_a_pause() -> None:
    name = ratings("time,value\n0,1\n1,2\n2,3\n10,4\n11,5\n")
    other = ratings("start,end,label\n0,12,1\n", "o.csv")
    assert compared(name, other)["units"] == 55  # 0 to 3.5 s and 10 to 12 s


def timeline(path: str = "t.parquet") -> str:
    table = table_of({1: "nhnhhn" * 10, 2: "u" * 60}, regular(60))
    facts = {"a.mp4": {"duration_s": 6.0}}
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": facts})), path)
    return path


def test_a_column_of_a_timeline() -> None:
    shown = [CERTAIN if letter == "h" else (1 - CERTAIN) / 7 for letter in "nhnhhn" * 10]
    name = ratings("time,value\n" + "".join(f"{n / 10:.1f},{value}\n" for n, value in enumerate(shown)))
    found = compared(f"{timeline()}@1", name, column="p_happiness")
    assert found["icc_2_1"]["value"] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        pytest.param(["r.csv@anna"], {}, "at least two coders", id="one"),
        pytest.param(["r.csv", "r.csv@ben"], {}, "r.csv has 2 tiers", id="several-tiers"),
        pytest.param(["r.csv@anna", "c.csv"], {}, "c.csv has the label joy, which is not a number", id="a-label"),
        pytest.param(["t.parquet@1", "r.csv@ben"], {}, "--icc needs a column", id="no-column"),
        pytest.param(["t.parquet@1", "r.csv@ben"], {"column": "emotion"}, "emotion is not a measure of t", id="labels"),
        pytest.param(["t.parquet@1", "r.csv@ben"], {"column": "nope"}, "--column nope is not a measure of t", id="unknown"),
        pytest.param(["t.parquet@1", "r.csv@ben"], {"column": "smile"}, "--column smile is not a measure of t", id="not-there"),
        pytest.param(["t.parquet@2", "r.csv@ben"], {"column": "p_fear"}, "fewer than two units", id="never-readable"),
        pytest.param(["r.csv@anna", "r.csv@ben"], {"tolerance_s": 1}, "--tolerance and --map are of labels", id="tolerance"),
        pytest.param(["r.csv@anna", "r.csv@ben"], {"gaps": "neutral"}, "--gaps neutral, which is not a number", id="gaps"),
        pytest.param(["r.csv@anna", "w.csv"], {}, "its times do not rise", id="backwards"),
        pytest.param(["r.csv@anna", "n.csv"], {}, "no column beside that of the time holds numbers", id="no-numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused(sources: list[str], options: dict[str, Any], message: str) -> None:
    ratings(), timeline()
    ratings("start,end,label\n0,10,joy\n", "c.csv")
    ratings("time,value\n1,1\n0,2\n", "w.csv")
    ratings("time,value\n0,x\n1,2\n", "n.csv")
    with pytest.raises(UsageError, match=message):
        compared(*sources, **options)


def test_a_column_without_icc_is_refused() -> None:
    name = ratings()
    with pytest.raises(UsageError, match="--column p_fear is compared by --icc"):
        feelit.agree([f"{name}@anna", f"{name}@ben"], column="p_fear")


def test_the_command(command: Command) -> None:
    name = ratings()
    ran = command("agree", f"{name}@anna", f"{name}@ben", "--icc", "--step", "0.5")
    assert (ran.code, ran.err) == (0, "")
    assert all(text in ran.out for text in ("ICC(2,1)", "ICC(3,k)", "Pearson's r", "were units independent"))
    assert command("agree", f"{name}@anna", f"{name}@ben", "--icc", "--json").out.startswith("{")
