"""Where the pictures come from that the detector learns from and that classifiers are shown, as cards name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SOURCES = {
    "muxspace": ("muxspace/facial_expressions", "web-crawled news and celebrities, repository Apache-2.0"),
    "chandrika": ("chandrikadeb7/Face-Mask-Detection", "web-crawled, repository MIT"),
    "caltech": ("Caltech-101", "CC BY 4.0"),
    "yuxuan": ("YuXuan1216/Emotions_Recognition", "stock-photo crawl, unstated"),
    "sic": ("Flickr8k (quantumnaan/sic_translator)", "research only"),
    "imagenet": ("ImageNet samples (EliSchwartz/imagenet-sample-images)", "research only"),
    "f18": ("18F/18f.gsa.gov", "CC0"),
    "wtd": ("writethedocs/www", "CC BY-NC-SA 4.0"),
    "prajnasb": ("prajnasb/observations", "web-crawled, unstated"),
    "vikram": ("VikramShenoy97/Human-Segmentation-Dataset", "unstated"),
    "tiger": ("TigerandRosa/paper_code (construction workers)", "web-crawled, repository Apache-2.0"),
    "azure": ("Azure-Samples/cognitive-services-sample-data-files", "MIT"),
    "mmpose": ("open-mmlab/mmpose test data", "samples of several data sets, research"),
    "clips_train": ("frames of short video clips", "mixed"),
    "misc": ("test and example images of 27 repositories", "mixed"),
}
"""Their names in the column `source`, what they are called elsewhere, and the licences. Others are named as they are."""


def as_data(sources: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """Names and licences, for `training_data` of a card."""
    images = [SOURCES.get(source, (source, "unstated")) for source in sorted(sources)]
    return tuple({"name": name, "licence": licence} for name, licence in images)
