"""Files of other programs, made for tests."""

from __future__ import annotations

from pathlib import Path


def written(name: str, text: str, encoding: str = "utf-8") -> Path:
    """A file in the working folder, with the ends of lines as they are."""
    path = Path(name)
    path.write_bytes(text.encode(encoding))
    return path
