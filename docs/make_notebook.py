"""Runs the code of notebook.ipynb and writes what it shows into it, without Jupyter: `python docs/make_notebook.py`.

A cell shows the value of its last expression, as in Jupyter: its picture, its HTML or its text. The cells run in a temporary
folder, into which the sample video is copied.
"""

from __future__ import annotations

import ast
import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).with_name("notebook.ipynb")
VIDEO = Path(__file__).parents[1] / "sample_videos" / "meeting.mp4"


def run_cells(notebook: dict[str, Any]) -> Iterator[tuple[dict[str, Any], object]]:
    """The code cells in order, each with the value of its last expression; they run in the working folder."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            yield cell, _run("".join(cell["source"]), names)


def shown(value: object) -> dict[str, list[str] | str]:
    """A value as Jupyter keeps it, by MIME type."""
    if value is None:
        return {}
    content: dict[str, list[str] | str] = {"text/plain": repr(value).splitlines(keepends=True)}
    for kind, name in (("text/html", "_repr_html_"), ("image/png", "_repr_png_")):
        method = getattr(value, name, None)
        made = method() if method is not None else None
        if made is not None:
            text = base64.b64encode(made).decode("ascii") if isinstance(made, bytes) else made.splitlines(keepends=True)
            content[kind] = text
    return content


def _run(source: str, names: dict[str, Any]) -> object:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102  # cells of our own notebook
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None  # noqa: S307


def main() -> None:
    """Write the outputs of all cells."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(VIDEO, folder)
        os.chdir(folder)
        for number, (cell, value) in enumerate(run_cells(notebook), 1):
            content = shown(value)
            result = {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": content}
            cell["execution_count"], cell["outputs"] = number, [result] if content else []
        os.chdir(NOTEBOOK.parent)
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
