"""How far human coders and timelines agree."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING

from feelit.options.agree import AgreeOptions
from feelit.options.expand import keywords
from feelit.options.kinds import listed

if TYPE_CHECKING:
    from feelit.analysis.coders import Comparison


@keywords()
def agree(sources: Sequence[str | PathLike[str]], *, options: AgreeOptions) -> Comparison:
    """Compare coders of one recording: timelines, and annotations that people made; docs/agreement.md describes the figures.

    Parameters
    ----------
    sources : two or more timelines and files of annotations (.csv, .tsv, .eaf, .TextGrid); `FILE@NAME` names the person of a
        timeline or the tier of a file

    Returns
    -------
    Coders, labels, and percent agreement, Cohen's and Fleiss' kappa, Krippendorff's alpha and confusion in `agreement`, with
    95 % intervals; `record()` gives all of it as JSON can hold it.

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    from feelit.analysis.coders import compare

    return compare([fspath(source) for source in listed(sources)], options)
