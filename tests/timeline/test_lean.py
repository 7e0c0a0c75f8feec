"""pyarrow does without pandas until a data frame is asked for."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from feelit.timeline.lean import spare_pandas

spare_pandas()
import pyarrow as pa

table = pa.table({"a": pa.array([1.0, None])})
print(table.column(0).fill_null(2.0).to_numpy().tolist(), "pandas" in sys.modules)
frame = table.to_pandas()
print(frame.a.isna().tolist(), pa.array(frame.a).null_count, "pandas" in sys.modules)
"""


def test_pandas_is_imported_for_a_data_frame_and_not_before() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[1.0, 2.0] False", "[False, True] 1 True"]


def test_a_process_that_has_pandas_keeps_it() -> None:
    begin = SCRIPT.split("import pyarrow")[0]
    script = f"import pandas as pd, pyarrow as pa\n{begin}print(pa.array(pd.Series([1.0, None])).null_count)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
