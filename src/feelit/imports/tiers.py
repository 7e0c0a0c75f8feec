"""What files of annotations hold: stretches of time with a text, on tiers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an utterance, from `start_s` to before `end_s`."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """One stretch, from `start_s` to before `end_s`; a point in time where both are equal.

    `words` are those of a transcript whose times are known.
    """

    start_s: float
    end_s: float
    label: str
    words: tuple[Word, ...] = ()


Tiers = dict[str, list[Annotation]]

SPEECH = "speech"  # the label of a stretch in which somebody speaks, of files that do not say what


def tiers_of(found: Iterable[tuple[tuple[str, ...], Annotation]], always: int = -1) -> Tiers:
    """Annotations by tier, which several parts name together, as in `observation/subject`.

    Parameters
    ----------
    found : the parts of the name of a tier, and the annotation
    always : the place of the part that is named in any case; others are left out where they are the same everywhere
    """
    every = list(found)
    parts = list(zip(*(names for names, _ in every), strict=True))
    always %= max(len(parts), 1)
    shown = [k for k, values in enumerate(parts) if k == always or len(set(values)) > 1]
    tiers: Tiers = {}
    for names, annotation in every:
        tiers.setdefault("/".join(names[k] for k in shown if names[k]), []).append(annotation)
    return tiers
