"""Read MakeHuman's base mesh and shape targets (CC0) from one archive.

The archive is not part of this repository: it is the data of the public add-on MPFB2 for Blender. `ASSETS_HELP` says
where to get it.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]  # float32 where memory counts; the renderer converts
Int = NDArray[np.integer[Any]]

VARIABLE = "FEELIT_HEADS"
ASSETS_SHA256 = "2a5161b0a7029b0abcfa0ca1f0512423efb53025c84dd464a6c6c3fa055d7fd5"
ASSETS_HELP = (
    "MakeHuman's base mesh and targets (CC0) are needed: `heads.tar.xz` with heads/3dobjs/base.obj and heads/targets/,\n"
    "as shipped in src/mpfb/data of the add-on MPFB 2 (https://github.com/makehumancommunity/mpfb2).\n"
    f"Name the archive, or a folder with the same files, in ${VARIABLE}.\n"
    f"The archive that the committed video was made of has SHA-256 {ASSETS_SHA256}."
)


class AssetsMissingError(SystemExit):
    """The meshes are not there; the message says where to get them."""


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The base mesh and the means to read targets.

    Attributes
    ----------
    vertices : (19158, 3) float32, decimetres: x to the subject's left, y up, z forward
    groups : name -> (n, 4) int32 quads
    files : path below heads/ -> bytes
    """

    vertices: Float
    groups: dict[str, Int]
    files: dict[str, bytes]

    def target(self, name: str) -> Float:
        """(19158, 3) float32: how far each vertex goes at weight 1.

        Raises
        ------
        AssetsMissingError
            if there is no such target.
        """
        moved = np.zeros_like(self.vertices)
        file = f"targets/{name}.target.gz"
        if file not in self.files:
            raise AssetsMissingError(f"The meshes lack {file}.\n{ASSETS_HELP}")
        for line in gzip.decompress(self.files[file]).decode().splitlines():
            part = line.split()
            if len(part) == 4 and part[0].isdigit():
                moved[int(part[0])] = [float(v) for v in part[1:]]
        return moved


def read_assets(path: Path | None = None) -> Assets:
    """From an archive or a folder; without a path, the one that $FEELIT_HEADS names.

    Raises
    ------
    AssetsMissingError
        if there is none.
    """
    path = path or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if path is None or not path.exists():
        raise AssetsMissingError(ASSETS_HELP if path is None else f"{path} does not exist.\n{ASSETS_HELP}")
    return _read(path)


@cache
def _read(path: Path) -> Assets:
    files: dict[str, bytes] = {}
    if path.is_dir():
        root = path / "heads" if (path / "heads").is_dir() else path
        for at in sorted(root.rglob("*")):
            if at.suffix in (".gz", ".obj"):
                files[at.relative_to(root).as_posix()] = at.read_bytes()
    else:
        if hashlib.sha256(path.read_bytes()).hexdigest() != ASSETS_SHA256:
            print(f"{path.name}: another archive than the committed video was made of; the result may differ")
        try:
            with tarfile.open(path) as archive:
                for member in archive:
                    stream = archive.extractfile(member)
                    if stream is not None and member.name.endswith((".gz", ".obj")):
                        files[member.name.split("heads/", 1)[-1]] = stream.read()
        except (tarfile.TarError, EOFError, lzma.LZMAError, OSError) as error:
            raise AssetsMissingError(f"{path} is no archive that can be read: {error}\n{ASSETS_HELP}") from error
    if "3dobjs/base.obj" not in files or not any(name.startswith("targets/") for name in files):
        raise AssetsMissingError(f"{path} lacks 3dobjs/base.obj or the targets.\n{ASSETS_HELP}")
    vertices: list[list[float]] = []
    groups: dict[str, list[list[int]]] = {}
    group = ""
    for line in files["3dobjs/base.obj"].decode().splitlines():
        part = line.split()
        if not part:
            continue
        if part[0] == "v":
            vertices.append([float(v) for v in part[1:4]])
        elif part[0] == "g":
            group = part[1]
        elif part[0] == "f":
            groups.setdefault(group, []).append([int(v.split("/")[0]) - 1 for v in part[1:]])
    return Assets(
        vertices=np.asarray(vertices, np.float32),
        groups={name: np.asarray(quads, np.int32) for name, quads in groups.items()},
        files=files,
    )
