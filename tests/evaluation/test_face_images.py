"""Photographs with known faces, in the formats in which they are passed on, and what is said of damaged ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feelit.errors import UsageError
from feelit.evaluation.detector.images import FaceImage, find_images
from tests.evaluation.photographs import HEIGHT, WIDTH, Photograph, about, marks, picture, scene, write_parquet

WIDER = """0--Parade/a.png
2
24 24 32 32 0 0 0 0 0 0
100 20 10 12 1 0 0 1 2 0
0--Parade/nobody.png
0
0 0 0 0 0 0 0 0 0 0
1--Handshaking/b c.png
1
5 6 0 8 0 0 0 0 0 0
"""


def read(data: Path, source: str | None = None) -> list[FaceImage]:
    found = find_images(data, source)
    images = list(found.read())
    assert len(images) == found.count
    assert [image.name for image in found.read()] == [image.name for image in images]  # as often as one likes
    return images


def wider(folder: Path, text: str = WIDER, name: str = "wider_face_split/wider_face_val_bbx_gt.txt") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    for image in ("0--Parade/a.png", "0--Parade/nobody.png", "1--Handshaking/b c.png"):
        file = folder / "WIDER_val" / "images" / image
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture((40, 40, 255)))
    return path


def test_boxes_that_people_drew_replace_those_of_a_detector(tmp_path: Path) -> None:
    own, real, nobody = read(write_parquet(tmp_path / "f.parquet", scene()))
    assert (own.drawn, real.drawn, nobody.drawn) == (False, True, False)
    np.testing.assert_array_equal(own.box, [about(40, 40), about(120, 40)])
    np.testing.assert_array_equal(real.box, [about(40, 40), about(72, 72, 40)])
    assert nobody.box.shape == (0, 4)
    np.testing.assert_array_equal(own.landmarks.reshape(-1, 10), [marks(40, 40), marks(120, 40)])
    assert [image.name for image in (own, real, nobody)] == [f"f.parquet, row {i}" for i in range(3)]


def test_landmarks_of_faces_to_ignore_are_left_out(tmp_path: Path) -> None:
    photograph = Photograph(picture(), [about(40, 40), about(120, 40)], [True, False], [marks(40, 40), marks(120, 40)])
    (image,) = read(write_parquet(tmp_path / "f.parquet", [photograph]))
    assert image.ignore.tolist() == [True, False]
    np.testing.assert_array_equal(image.marked, [about(120, 40)])
    np.testing.assert_array_equal(image.landmarks.reshape(-1, 10), [marks(120, 40)])


def test_a_folder_of_parquet_files_is_one_data_set(tmp_path: Path) -> None:
    write_parquet(tmp_path / "b.parquet", scene()[:1])
    write_parquet(tmp_path / "a.parquet", scene())
    assert [image.name for image in read(tmp_path)] == [*(f"a.parquet, row {i}" for i in range(3)), "b.parquet, row 0"]


def test_a_source_chooses_images(tmp_path: Path) -> None:
    photographs = [Photograph(picture(), source=name) for name in "abab"]
    assert [image.name[-1] for image in read(write_parquet(tmp_path / "f.parquet", photographs), "b")] == ["1", "3"]
    with pytest.raises(UsageError, match="holds no image with the source c"):
        find_images(tmp_path / "f.parquet", "c")


def test_two_columns_are_enough(tmp_path: Path) -> None:
    box = pa.array([[list(about(40, 40))], None], pa.list_(pa.list_(pa.float64())))
    pq.write_table(pa.table({"image": pa.array([picture()] * 2, pa.binary()), "box": box}), tmp_path / "f.parquet")
    first, second = read(tmp_path / "f.parquet")
    assert (first.box.tolist(), first.ignore.tolist(), len(first.landmarks)) == ([list(about(40, 40))], [False], 0)
    assert len(second.box) == 0


@pytest.mark.parametrize("given", ["folder", "file"])
def test_wider_face_as_it_is_downloaded(given: str, tmp_path: Path) -> None:
    path = wider(tmp_path)
    first, nobody, third = read(tmp_path if given == "folder" else path)
    assert (first.name, third.name) == ("0--Parade/a.png", "1--Handshaking/b c.png")
    np.testing.assert_array_equal(first.box, [[24, 24, 56, 56], [100, 20, 110, 32]])
    assert first.ignore.tolist() == [False, True]  # WIDER FACE marks it as invalid
    assert (len(nobody.box), len(third.box)) == (0, 0)  # a box without width is none
    assert third.drawn
    assert third.pixels("luma").shape == (HEIGHT, WIDTH)


def test_the_line_of_zeros_may_be_missing(tmp_path: Path) -> None:
    wider(tmp_path, WIDER.replace("0 0 0 0 0 0 0 0 0 0\n1--", "1--"))
    assert [image.name for image in read(tmp_path)][1:] == ["0--Parade/nobody.png", "1--Handshaking/b c.png"]


def test_images_of_wider_face_may_lie_in_images(tmp_path: Path) -> None:
    path = wider(tmp_path)
    (tmp_path / "WIDER_val" / "images").rename(tmp_path / "images")
    assert read(path)[0].pixels("bgr").shape == (HEIGHT, WIDTH, 3)


def test_validation_goes_before_training(tmp_path: Path) -> None:
    wider(tmp_path)
    wider(tmp_path, "", "wider_face_split/wider_face_train_bbx_gt.txt")
    assert len(read(tmp_path)) == 3


def test_a_csv_file_has_a_line_a_face(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_text("\ufeffimage,x0,y0,x1,y1\nsub/a.png,1,2,3.5,4\nb.png,,,,\nsub/a.png,5,6,7,8\n", encoding="utf-8")
    first, second = read(path)
    assert (first.name, first.box.tolist()) == ("sub/a.png", [[1, 2, 3.5, 4], [5, 6, 7, 8]])
    assert (second.name, len(second.box)) == ("b.png", 0)
    assert first.content == tmp_path / "sub/a.png"


def test_a_csv_file_may_be_in_utf_16_as_spreadsheets_write_it(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("image,x0,y0,x1,y1\nü.png,1,2,3,4\n", encoding="utf-16")
    assert [image.content for image in read(tmp_path / "f.csv")] == [tmp_path / "ü.png"]


def test_spaces_about_names_and_the_case_of_endings_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "F.CSV").write_text("image, x0, y0, x1, y1\n a.png , 1, 2, 3, 4\na.png,5,6,7,8\n", encoding="utf-8")
    (image,) = read(tmp_path / "F.CSV")
    assert (image.content, image.box.tolist()) == (tmp_path / "a.png", [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert len(read(write_parquet(tmp_path / "F.PARQUET", scene()))) == len(scene())


def test_pixels_are_luma_or_bgr(tmp_path: Path) -> None:
    (image,) = read(write_parquet(tmp_path / "f.parquet", [Photograph(picture((40, 40, 255)))]))
    assert image.pixels("bgr")[40, 40].tolist() == [0, 0, 255]
    assert image.pixels("luma")[40, 40] == 76  # 0.299 of 255, ITU-R BT.601


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("f.parquet", b"", "cannot be read", id="no-parquet"),
        pytest.param("f.parquet", b"PAR1" + b"\x00" * 40 + b"PAR1", "cannot be read", id="damaged-parquet"),
        pytest.param("f.csv", b"", "is empty", id="empty-csv"),
        pytest.param("f.csv", b"image,x0,y0,x1\n", "lacks the columns y1", id="csv-without-a-column"),
        pytest.param("f.csv", b"image,x0,y0,x1,y1\na.png,1,2,x,4\n", "line 2: .* is no box", id="csv-no-number"),
        pytest.param("f.csv", b"image,x0,y0,x1,y1\na.png,1,2,3\n", "line 2: 4 cells, but 5 columns", id="csv-short-line"),
        pytest.param("f.csv", b"image,x0,y0,x1,y1\na.png,9,2,3,4\n", "a box is no box", id="csv-inside-out"),
        pytest.param("f.csv", b"image,x0,y0,x1,y1\na.png,nan,2,3,4\n", "a box is no box", id="csv-nan"),
        pytest.param("f.csv", b"\xff\xfe\x00", "cannot be read", id="csv-no-text"),
        pytest.param("w_bbx_gt.txt", b"\xe9.jpg\n", "it is no text", id="wider-no-text"),
        pytest.param("f.csv", b"image,x0,y0,x1,y1\n", "holds no image", id="csv-without-lines"),
        pytest.param("a_bbx_gt.txt", b"a.png\ntwo\n", "line 1: this is no annotation", id="wider-no-count"),
        pytest.param("a_bbx_gt.txt", b"a.png\n2\n1 2 3 4 0 0 0 0 0 0\n", "line 1: this is no", id="wider-cut-off"),
        pytest.param("a_bbx_gt.txt", b"a.png\n1\n1 2 3 4\n", "line 1: this is no annotation", id="wider-four-numbers"),
        pytest.param("a_bbx_gt.txt", b"a.png\n-1\n", "line 1: this is no annotation", id="wider-negative"),
        pytest.param("a_bbx_gt.txt", b"a.png\n99999999999999\n", "line 1: this is no annotation", id="wider-endless"),
        pytest.param("a_bbx_gt.txt", b"a.png\n" + b"9" * 5000, "line 1: this is no annotation", id="wider-digits"),
        pytest.param("notes.txt", b"hello", "is neither Parquet nor WIDER FACE nor CSV", id="text"),
    ],
)
def test_what_is_no_data_set_is_reported(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        list(find_images(path).read())
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_page_that_is_damaged_is_reported_when_it_is_read(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "f.parquet", scene())
    content = bytearray(path.read_bytes())
    content[20:60] = b"\xff" * 40
    path.write_bytes(content)
    found = find_images(path)
    with pytest.raises(UsageError, match="cannot be read"):
        list(found.read())


def test_what_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        find_images(tmp_path / "gone")
    with pytest.raises(UsageError, match="is neither"):
        find_images(tmp_path)  # an empty folder
    (tmp_path / "f.csv").write_text("image,x0,y0,x1,y1\na.png,1,2,3,4\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has no column `source`"):
        find_images(tmp_path / "f.csv", "wider_us")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param({"image": pa.array([b"x"])}, "lacks the columns box", id="no-boxes"),
        pytest.param({"image": pa.array(["x"]), "box": pa.array([[[1.0, 2, 3, 4]]])}, "hold something else", id="image-a-text"),
        pytest.param({"image": pa.array([b"x"]), "box": pa.array([[[1.0, 2, 3]]])}, "hold something else", id="three-numbers"),
        pytest.param({"image": pa.array([b"x"]), "box": pa.array([["here"]])}, "hold something else", id="box-a-text"),
        pytest.param(
            {"image": pa.array([b"x"]), "box": pa.array([[[1.0, 2, 3, 4]]]), "ignore": pa.array([[True, False]])},
            "hold something else",
            id="ignore-longer",
        ),
        pytest.param(
            {"image": pa.array([b"x"]), "box": pa.array([[[1.0, 2, 3, 4]]]), "real_box": pa.array([{"x0": 1.0}])},
            "row 0: its columns hold something else",
            id="people-drew-no-list",
        ),
        pytest.param({"image": pa.array([b"x"]), "box": pa.array([[[1.0, 2, np.inf, 4]]])}, "a box is no box", id="endless"),
    ],
)
def test_columns_of_another_kind_are_reported(columns: dict[str, pa.Array], message: str, tmp_path: Path) -> None:
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    with pytest.raises(UsageError, match=message):
        list(find_images(tmp_path / "f.parquet").read())


def test_images_that_do_not_decode_are_reported_by_name(tmp_path: Path) -> None:
    (damaged,) = read(write_parquet(tmp_path / "f.parquet", [Photograph(b"no image")]))
    with pytest.raises(UsageError, match=r"f\.parquet, row 0 is not an image that can be read"):
        damaged.pixels("bgr")
    missing = FaceImage("a.png", tmp_path / "a.png", np.zeros((0, 4), np.float32), np.zeros(0, bool), True)
    with pytest.raises(UsageError, match=r"a\.png: .* cannot be read: No such file"):
        missing.pixels("luma")


def test_an_image_that_claims_to_be_endless_is_reported(tmp_path: Path) -> None:
    _, content = cv2.imencode(".png", np.zeros((4, 4), np.uint8))
    large = bytearray(content.tobytes())
    large[16:24] = (2**30).to_bytes(4) * 2  # width and height of the header
    image = FaceImage("a.png", bytes(large), np.zeros((0, 4), np.float32), np.zeros(0, bool), True)
    with pytest.raises(UsageError, match=r"is not an image that can be read|is damaged"):
        image.pixels("bgr")
