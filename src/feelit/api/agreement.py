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
    from feelit.analysis.ratings import Ratings


@keywords()
def agree(sources: Sequence[str | PathLike[str]], *, options: AgreeOptions) -> Comparison | Ratings:
    """Compare coders of one recording: timelines, and annotations that people made; docs/agreement.md describes the figures.

    Parameters
    ----------
    sources : two or more timelines and files of annotations, in the formats of docs/agreement.md; `FILE@NAME` names the person
        of a timeline or the tier of a file

    Returns
    -------
    Coders, labels, and percent agreement, Cohen's and Fleiss' kappa, Krippendorff's alpha and confusion in `agreement`, with
    95 % intervals; with `icc` intraclass correlations in `intraclass` instead. `record()` gives all of it as JSON can hold it.

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    from feelit.analysis.coders import compare
    from feelit.analysis.ratings import compare_values

    paths = [fspath(source) for source in listed(sources)]
    return compare_values(paths, options) if options.icc else compare(paths, options)
