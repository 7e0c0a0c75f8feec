"""Keeps pyarrow from importing pandas at its first conversion, which takes as long as all other imports together."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


def spare_pandas() -> None:
    """Let pyarrow consider pandas not installed until a data frame is needed, when it looks again.

    Only for processes of this program: until then pyarrow treats a Series as a plain sequence.
    """
    if "pandas" in sys.modules:
        return
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        import pyarrow as pa

        pa.array([0])  # whatever is converted first makes it look for pandas
    finally:
        sys.meta_path.remove(absent)


class _Absent:
    """A finder of modules according to which there is no pandas."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Part of the protocol of `sys.meta_path`."""
        if name == "pandas":
            raise ImportError(name)
        return None
