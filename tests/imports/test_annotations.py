"""Annotations of other programs, read as those programs write them."""

from __future__ import annotations

from pathlib import Path

import pympi
import pytest
from praatio import textgrid
from praatio.utilities.constants import Interval

from feelit.errors import UsageError
from feelit.imports.annotations import read_annotations
from feelit.imports.tiers import Annotation
from tests.imports.made import written

SPOKEN = [Annotation(0.5, 1.25, "joy"), Annotation(2.0, 3.5, "neutral")]


def elan(name: str) -> Path:
    file = pympi.Elan.Eaf()
    file.remove_tier("default")
    file.add_tier("anna")
    for a in SPOKEN:
        file.add_annotation("anna", round(a.start_s * 1000), round(a.end_s * 1000), a.label)
    file.add_linguistic_type("sure", "Symbolic_Association")
    file.add_tier("sure", ling="sure", parent="anna")
    file.add_ref_annotation("sure", "anna", 600, "very")
    file.to_file(name)
    return Path(name)


def praat(name: str, kind: str) -> Path:
    grid = textgrid.Textgrid()
    grid.addTier(textgrid.IntervalTier("anna", [Interval(a.start_s, a.end_s, a.label) for a in SPOKEN], 0, 4))
    grid.addTier(textgrid.PointTier("clicks", [(1.0, "x"), (2.0, 'a "word" 3')], 0, 4))
    grid.save(name, kind, includeBlankSpaces=True)
    return Path(name)


@pytest.mark.parametrize("kind", ["long_textgrid", "short_textgrid"])
def test_praat(kind: str) -> None:
    assert read_annotations(praat("codes.TextGrid", kind)) == {"anna": SPOKEN}


def test_elan() -> None:
    assert read_annotations(elan("codes.eaf")) == {"anna": SPOKEN, "sure": [Annotation(0.5, 1.25, "very")]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.csv", "start,end,label,tier\n0.5,1.25,joy,anna\n0:02,3.5,neutral,anna\n", id="csv"),
        pytest.param("a.csv", "start,end,label,tier\r0.5,1.25,joy,anna\r0:02,3.5,neutral,anna\r", id="lines-that-end-in-cr"),
        pytest.param(
            "a.csv", "Coder;Onset;Offset;Code\nanna;2;3.5;neutral\nanna;0.5;1.25;joy\n\n", id="semicolons-in-any-order"
        ),
        pytest.param(
            "a.tsv",
            "\ufefftier\tbegin\tend\tannotation\nanna\t500ms\t1.25\tjoy\nanna\t2s\t3.5\tneutral\n",
            id="tabs-and-a-mark",
        ),
    ],
)
def test_tables(name: str, text: str) -> None:
    assert read_annotations(written(name, text)) == {"anna": SPOKEN}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("a.docx", "", "no file of annotations", id="another-kind"),
        pytest.param("a.csv", "start,end,label\n0,1," + "x" * 200_000, "damaged", id="a-cell-too-long-for-the-reader"),
        pytest.param("a.csv", "", "columns start, end and label", id="an-empty-table"),
        pytest.param("a.csv", "start,end,label\n", "holds no annotations", id="a-table-of-headings"),
        pytest.param("a.csv", "start,end,label\nsoon,2,joy\n", "soon is no time", id="no-time"),
        pytest.param("a.csv", "start,end,label\n1\n", "damaged", id="a-short-row"),
        pytest.param("a.csv", "start,end,label\n0,2,joy\n1,3,fear\n", "joy and fear overlap at 1 s", id="overlap"),
        pytest.param("a.eaf", "<EAF", "damaged, or no eaf", id="broken-xml"),
        pytest.param("a.eaf", "<A/>", "holds no annotations", id="other-xml"),
        pytest.param(
            "a.TextGrid", '"ooTextFile"\n"TextGrid"\n0\n4\n<exists>\n1\n"IntervalTier"', "ends too soon", id="cut-off"
        ),
        pytest.param("a.TextGrid", "hello", "ends too soon", id="no-textgrid"),
        pytest.param("gone.csv", None, "cannot be read", id="missing"),
        pytest.param("a.csv", "start,end,label\n3,2,joy\n", "'joy' is from 3 to 2 s, which is no stretch", id="backwards"),
        pytest.param("a.TextGrid", '"ooTextFile"\n"TextGrid"\n0\n4\n<exists>\n1e310', "damaged", id="tiers-without-end"),
    ],
)
def test_what_cannot_be_read_is_refused(name: str, text: str | None, message: str) -> None:
    path = Path(name) if text is None else written(name, text)
    with pytest.raises(UsageError, match=message):
        read_annotations(path)
