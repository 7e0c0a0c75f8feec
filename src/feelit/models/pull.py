"""Download of models of the catalogue into the user's cache, verified, with their cards."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from feelit.errors import ModelError, OutputError
from feelit.models.card import card_path, card_text, read_card, sha256_of
from feelit.models.catalogue import Entry, catalogue
from feelit.models.list import card_of
from feelit.models.paths import BUILT_IN, cached_path
from feelit.options.expand import keywords
from feelit.options.models import PullOptions
from feelit.storage.atomic import output_errors, settle, whole_file
from feelit.storage.locks import held
from feelit.storage.web import RemoteFile, check_address, download

INSTEAD = "set FEELIT_CACHE to another folder"


def find_entry(name: str) -> Entry:
    """The model of the catalogue that has this name.

    Raises
    ------
    ModelError
        if there is none.
    """
    if entry := catalogue().get(name):
        return entry
    if name in BUILT_IN:
        raise ModelError(f"model {name} comes with feelit", "there is nothing to fetch")
    raise ModelError(f"the catalogue has no model {name}", f"it has {', '.join(catalogue())}")


@keywords()
def pull_model(name: str, *, options: PullOptions, progress: Callable[[float], None] | None = None) -> Path:
    """Fetch a public model into the user's cache, where its name as `detector` or `classifier` finds it.

    Nothing is fetched if it is there already. Only a file with the checksum of the catalogue is accepted.

    Parameters
    ----------
    name : in the catalogue, see `feelit models list`
    progress : called with the share that is fetched, 0..1

    Returns
    -------
    the path of the model

    Raises
    ------
    ModelError
        if there is no such model, it cannot be fetched, or is another file than that of the catalogue.
    OutputError
        if the cache is full or cannot be written, or another process is fetching the same model.
    UsageError
        if `mirror` is no address.
    """
    mirror, file = options.mirror, options.file
    entry = find_entry(name)
    check_address(mirror or entry.address)
    address = f"{mirror.rstrip('/')}/{name}.onnx" if mirror else entry.address
    target = cached_path(name)
    if file is None and _has_file(entry, target) and _has_card(entry, target):
        return target
    with output_errors(target, INSTEAD):
        target.parent.mkdir(parents=True, exist_ok=True)
        with held(target.with_suffix(".lock")) as alone:
            if not alone:
                raise OutputError(f"another process is fetching {name}", "wait for its end")
            if file is not None:
                _take_in(entry, file, target)
            elif _has_file(entry, target):
                _write_card(entry, target)
            else:
                _fetch(entry, address, target, progress or (lambda share: None))
    return target


def _has_file(entry: Entry, target: Path) -> bool:
    try:
        return sha256_of(target) == entry.sha256
    except OSError:
        return False


def _has_card(entry: Entry, target: Path) -> bool:
    try:
        return read_card(target) == card_of(entry)
    except ModelError:
        return False


def _fetch(entry: Entry, address: str, target: Path, progress: Callable[[float], None]) -> None:
    part = target.with_name(f"{target.name}.part")
    missing = entry.size_bytes - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(target.parent).free
    if free < missing:
        message = f"{target} cannot be written: it needs {missing} bytes, and the disk has {free} left"
        raise OutputError(message, f"free some, or {INSTEAD}")
    download(RemoteFile(address, entry.size_bytes, entry.sha256), part, progress)
    _write_card(entry, target)  # first: a model without a card cannot be opened
    settle(part, target)


def _take_in(entry: Entry, file: Path, target: Path) -> None:
    hint = f"it must be {entry.address}, {entry.size_bytes} bytes"
    try:
        size_bytes = file.stat().st_size
        checksum = sha256_of(file) if file.is_file() and size_bytes == entry.size_bytes else ""
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}", hint) from error
    if checksum != entry.sha256:
        why = f"its SHA-256 is {checksum}, not {entry.sha256}" if checksum else f"it has {size_bytes} bytes"
        raise ModelError(f"{file} is not {entry.name}: {why}", hint)
    with whole_file(target) as temporary:
        shutil.copyfile(file, temporary)
        if sha256_of(temporary) != entry.sha256:
            raise ModelError(f"{file} changes while it is read", "wait until it is whole")
        _write_card(entry, target)


def _write_card(entry: Entry, target: Path) -> None:
    with whole_file(card_path(target)) as temporary:
        temporary.write_text(card_text(card_of(entry)), encoding="utf-8")
