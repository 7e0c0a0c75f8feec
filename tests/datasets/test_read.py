"""Labelled images in every format: what is read, and what is reported about data that are not right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from feelit.datasets.faces import LabelledFaces
from feelit.datasets.read import read_split, read_splits
from feelit.errors import UsageError
from feelit.types import EMOTIONS
from tests.datasets import made
from tests.datasets.made import USAGES, pictures, unanimous, write_parquet

SHARED = Path(__file__).parents[2] / "../shared"
IMAGES = pictures(6)
TWICE = [usage for usage in USAGES for _ in range(2)]
"""Each split has two of the six images."""


def names(faces: LabelledFaces) -> list[str]:
    return [EMOTIONS[k] if k >= 0 else "" for k in faces.label]


@pytest.mark.parametrize(
    ("split", "shown", "expected"),
    [
        pytest.param("train", 0, ["anger", "disgust"], id="train"),
        pytest.param("valid", 2, ["fear", "happiness"], id="valid"),
        pytest.param("PublicTest", 2, ["fear", "happiness"], id="its own name"),
        pytest.param("test", 4, ["sadness", "neutral"], id="test"),
    ],
)
@pytest.mark.parametrize("header", ["emotion,pixels,Usage", " emotion, pixels, Usage", "\ufeffEmotion,Pixels,Usage"], ids=ascii)
def test_fer2013(split: str, shown: int, expected: list[str], header: str, tmp_path: Path) -> None:
    made.write_fer2013(tmp_path / "fer2013.csv", IMAGES, [0, 1, 2, 3, 4, 6], TWICE, header)
    for place in (tmp_path / "fer2013.csv", tmp_path):
        faces = read_split(place, split)
        assert names(faces) == expected
        np.testing.assert_array_equal(list(faces.images), IMAGES[shown : shown + 2])
        np.testing.assert_array_equal(faces.share, np.eye(8)[faces.label])
        assert faces.fer2013.tolist() == [0, 1, 2, 3, 4, 6][shown : shown + 2]
        assert not faces.voted


def test_fer2013_without_splits(tmp_path: Path) -> None:
    lines = ["emotion,pixels", *(made.fer2013_line(image, k, "x").rsplit(",", 1)[0] for k, image in enumerate(IMAGES))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert (read_split(tmp_path / "a.csv").split, len(read_split(tmp_path / "a.csv", "all"))) == ("all", 6)


def test_votes_of_fer_plus_outweigh_the_labels(tmp_path: Path) -> None:
    usages = [*["Training"] * 2, *["PublicTest"] * 4]
    made.write_fer2013(tmp_path / "fer2013.csv", IMAGES, [0] * 6, usages)
    votes = made.unanimous([1, 2, 7, 4, 9, 0])
    votes[2] = (0, 4, 4, 0, 0, 1, 1, 0, 0, 0)
    made.write_fer_plus(tmp_path / "fer2013new.csv", votes, usages)
    valid = read_split(tmp_path, "valid")
    assert (names(valid), valid.voted, valid.fer2013.tolist()) == (["", "anger", "", "neutral"], True, [0] * 4)
    np.testing.assert_allclose(valid.share[0], [0, 0.5, 0.5, 0, 0, 0, 0, 0])
    assert valid.images.origins[0] == "fer2013.csv, line 4"


@pytest.mark.parametrize("place", ["", "valid.parquet"])
def test_parquet(place: str, tmp_path: Path) -> None:
    votes = made.unanimous([0, 1, 2, 3, 4, 8])
    held_out = [False, True, False, False, False, True]
    made.write_parquet(tmp_path / "valid.parquet", IMAGES, votes, fer2013=[6, 3, 5, 4, 0, 2], copy_held_out=held_out)
    faces = read_split(tmp_path / place)
    assert (faces.split, names(faces)) == ("valid", ["neutral", "happiness", "surprise", "sadness", "anger", ""])
    assert (faces.fer2013.tolist(), faces.held_out.tolist()) == ([6, 3, 5, 4, 0, 2], held_out)
    np.testing.assert_array_equal(list(faces.images), IMAGES)
    assert faces.images.origins[5] == "valid.parquet, row 5"


def test_parquet_with_fer2013s_labels_alone(tmp_path: Path) -> None:
    made.write_parquet(tmp_path / "faces.parquet", IMAGES, None, fer2013=[6, 3, 5, 4, 0, 2])
    faces = read_split(tmp_path / "faces.parquet")
    assert (faces.split, faces.voted) == ("all", False)
    assert names(faces) == ["neutral", "happiness", "surprise", "sadness", "anger", "fear"]


@pytest.mark.parametrize("suffix", [".png", ".JPG", ".webp", ".bmp"])
def test_a_folder_a_class(suffix: str, tmp_path: Path) -> None:
    made.write_folders(tmp_path, IMAGES[:4], ["Happy", "angry", "contempt", "Surprised"], suffix)
    (tmp_path / "angry" / ".DS_Store").write_bytes(b"")
    (tmp_path / "angry" / "Thumbs.db").write_bytes(b"")
    (tmp_path / "README.txt").write_text("where they come from")
    faces = read_split(tmp_path)
    assert sorted(names(faces)) == ["anger", "contempt", "happiness", "surprise"]
    found = dict(zip(names(faces), faces.images, strict=True))
    assert np.abs(found["happiness"].astype(int) - IMAGES[0]).max() < 25  # JPEG and WebP lose a little


def test_a_folder_a_split_of_images_of_any_size(tmp_path: Path) -> None:
    for split, side in (("train", 48), ("val", 30), ("Test", 100)):
        made.write_folders(tmp_path / split, pictures(2, side), ["happy", "sad"])
    assert {name: faces.images[0].shape for name, faces in read_splits(tmp_path).items()} == {
        "train": (48, 48),
        "valid": (30, 30),
        "test": (100, 100),
    }


@pytest.mark.parametrize("header", ["path,label", "subDirectory_filePath, expression", "pth,label,relFCs"])
def test_a_list_in_the_manner_of_affectnet(header: str, tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    labels = ["0", "1", "2", "7", "Fear", "10"]
    lines = [f"1/{i}.png,{label}" + ",0.9" * (header.count(",") - 1) for i, label in enumerate(labels)]
    for i, image in enumerate(IMAGES):
        (tmp_path / "1" / f"{i}.png").write_bytes(made.encoded(image))
    (tmp_path / "list.csv").write_text("\n".join([header, *lines]))
    faces = read_split(tmp_path / "list.csv")
    assert names(faces) == ["neutral", "happiness", "sadness", "contempt", "fear", ""]
    assert faces.share.sum(axis=1).tolist() == [1, 1, 1, 1, 1, 0]
    np.testing.assert_array_equal(list(faces.images), IMAGES)


def test_copies_of_test_and_validation_images_are_held_out(tmp_path: Path) -> None:
    a, b, c, d, e = pictures(5)
    usages = [*["Training"] * 4, *["PublicTest"] * 3, *["PrivateTest"] * 2]
    images = np.stack([a, b, c, a, b, c, d, c, e])  # a twice in train; b also in valid; c in all three
    made.write_fer2013(tmp_path / "fer.csv", images, [0, 1, 2, 3, 4, 5, 6, 0, 1], usages)
    found = {name: faces.held_out.tolist() for name, faces in read_splits(tmp_path / "fer.csv").items()}
    assert found == {"train": [False, True, True, False], "valid": [False, True, False], "test": [False, False]}


@pytest.mark.parametrize("copied", [range(8), range(1, 8, 2)], ids=["all", "all of a class"])
def test_copies_leave_something_to_learn_from_or_are_reported(copied: Sequence[int], tmp_path: Path) -> None:
    images, names = pictures(12), ["happy", "sad"] * 6
    made.write_folders(tmp_path / "train", images[:8], names[:8])
    made.write_folders(tmp_path / "valid", images[8:], names[8:])
    assert len(read_splits(tmp_path)) == 2
    made.write_folders(tmp_path / "valid", images[[*copied, 8, 9]], ["sad"] * len(copied) + names[8:10])
    with pytest.raises(UsageError, match="has fewer than two classes to learn from") as caught:
        read_splits(tmp_path)
    assert caught.value.hint


def test_images_that_the_table_calls_held_out_stay_so(tmp_path: Path) -> None:
    made.write_parquet(tmp_path / "train.parquet", IMAGES, made.unanimous(range(6)), copy_held_out=[True, *[False] * 5])
    made.write_parquet(tmp_path / "valid.parquet", IMAGES[1:4], made.unanimous(range(3)))
    assert read_splits(tmp_path)["train"].held_out.tolist() == [True, True, True, True, False, False]


def test_the_distribution_counts_majorities_and_what_was_said(tmp_path: Path) -> None:
    votes = made.unanimous([0, 1, 1, 9])
    votes[2] = (5, 5, 0, 0, 0, 0, 0, 0, 0, 0)
    made.write_parquet(tmp_path / "valid.parquet", IMAGES[:4], votes)
    table = read_split(tmp_path).distribution()
    assert list(table) == [*EMOTIONS, "no majority"]
    assert {name: row["images"] for name, row in table.items() if row["images"]} == {
        "neutral": 1,
        "happiness": 1,
        "no majority": 2,
    }
    assert {name: row["share"] for name, row in table.items() if row["share"]} == {"neutral": 0.5, "happiness": 0.5}


def fer2013(folder: Path, *lines: str, header: str = "emotion,pixels,Usage") -> Path:
    good = [made.fer2013_line(image, k, "Training") for k, image in enumerate(IMAGES[:2])]
    (folder / "fer.csv").write_text("\n".join([header, *good, *lines]))
    return folder / "fer.csv"


def both(folder: Path, usages: list[str]) -> Path:
    made.write_fer2013(folder / "fer2013.csv", IMAGES, range(6), ["Training"] * 6)
    made.write_fer_plus(folder / "fer2013new.csv", made.unanimous(range(len(usages))), usages)
    return folder


def listed(folder: Path, text: str) -> Path:
    (folder / "list.csv").write_text(text)
    return folder / "list.csv"


def folders(folder: Path, *classes: str) -> Path:
    made.write_folders(folder, IMAGES[: len(classes)], classes)
    return folder


def with_file(folder: Path, name: str, content: bytes = b"") -> Path:
    path = folders(folder, "happy", "sad") / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return folder


def table(folder: Path, name: str = "valid.parquet", **columns: list[object]) -> Path:
    made.write_parquet(folder / name, IMAGES[:3], made.unanimous(range(3)), **columns)
    return folder


FLAT = " ".join(["7"] * 2304)
WRONG: list[tuple[Callable[[Path], Path], str, str]] = [
    (lambda f: f / "gone.csv", "gone.csv does not exist", "no such file"),
    (lambda f: f, "fewer than two folders of classes", "empty folder"),
    (lambda f: with_file(f, "a.txt") / "a.txt", "neither a .csv nor a .parquet", "other file"),
    (lambda f: listed(f, ""), "list.csv is empty", "empty CSV"),
    (lambda f: listed(f, "path,label\n"), "holds no image", "CSV without a line"),
    (lambda f: listed(f, "a,b\n1,2\n"), "no column of paths among a, b", "wrong columns"),
    (lambda f: listed(f, "path,b\n1,2\n"), "no column of labels", "no labels"),
    (lambda f: listed(f, "path,label\na.png,0\nb.png,bored\n"), "list.csv, line 3: a label cannot be 'bored'", "unknown label"),
    (lambda f: listed(f, "path,label\na.png,0\nb.png,11\n"), "line 3: a label cannot be '11'", "unknown number"),
    (lambda f: listed(f, "path,label\na.png,0\nb.png\n"), "line 3: 1 cells, but 2 columns", "short line"),
    (lambda f: listed(f, "path,label\na.png,1\nb.png,1\n"), "fewer than two classes", "one class"),
    (lambda f: listed(f, "path,label,split\na.png,1,later\n"), "line 2: 'later' is no split", "unknown split"),
    (lambda f: fer2013(f, header="label,pixels,Usage"), "lacks the column emotion", "no emotion"),
    (lambda f: fer2013(f, f"7,{FLAT},Training"), "fer.csv, line 4: emotion cannot be '7'", "label too large"),
    (lambda f: fer2013(f, f"-1,{FLAT},Training"), "line 4: emotion cannot be '-1'", "label below nought"),
    (lambda f: fer2013(f, f"1,{FLAT} 7,Training"), "fer.csv, line 4: 2305 pixels, not 2304", "a pixel too many"),
    (lambda f: fer2013(f, f"1,{FLAT[:-1]}256,Training"), "line 4: a pixel is no whole number", "pixel too light"),
    (lambda f: fer2013(f, f"1,{FLAT[:-1]}x,Training"), "line 4: a pixel is no whole number", "pixel no number"),
    (lambda f: fer2013(f, f"1,{FLAT},Later"), "fer.csv, line 4: 'Later' is no split", "usage"),
    (lambda f: both(f, ["Training"] * 5), "differ in their number of images", "votes missing"),
    (lambda f: both(f, [*["Training"] * 5, "PublicTest"]), "fer2013new.csv, line 7 is of another split", "votes of others"),
    (lambda f: folders(f, "happy"), "fewer than two folders of classes", "one folder"),
    (lambda f: folders(f, "happy", "meh"), "meh is not named like an expression", "unknown class"),
    (lambda f: folders(f, "train/happy", "train/sad", "angry"), "has splits, and 'angry' beside them", "class beside splits"),
    (lambda f: folders(f, "val/happy", "val/sad", "valid/sad"), "has one split twice", "split twice"),
    (lambda f: with_file(f, "happy/notes.txt"), "notes.txt is no image", "text among images"),
    (lambda f: with_file(f, "happy/more/a.png"), "more is no image", "folder within a class"),
    (lambda f: table(f, "faces.parquet"), "none of a split", "Parquet of no split"),
    (lambda f: table(f, copy_held_out=[True, None, False]), "copy_held_out does not hold", "nulls"),
    (lambda f: table(f, fer2013=[0, 7, 0]), "valid.parquet, row 1: fer2013 cannot be 7", "Parquet label"),
    (lambda f: table(f, fer2013=["0", "1", "2"]), "fer2013 does not hold a whole number", "Parquet kind"),
]


@pytest.mark.parametrize(("make", "message"), [pytest.param(make, message, id=name) for make, message, name in WRONG])
def test_data_that_are_not_right_are_reported_in_one_line_with_a_way_out(
    make: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        read_split(make(tmp_path))
    assert message in caught.value.message
    assert "\n" not in caught.value.message + caught.value.hint
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"nothing", "cannot be read as Parquet", id="no Parquet"),
        pytest.param(b"", "cannot be read as Parquet", id="empty"),
    ],
)
def test_a_damaged_parquet_file_is_reported(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "valid.parquet").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_split(tmp_path / "valid.parquet")


def test_a_csv_that_is_no_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"path,label\n\xff\xfe.png,1\n")
    with pytest.raises(UsageError, match="cannot be read"):
        read_split(tmp_path / "list.csv")


@pytest.mark.parametrize(
    ("split", "message", "hint"),
    [
        pytest.param(None, "has the splits train, valid, test", "choose one with --split", id="none chosen"),
        pytest.param("dev", "has no split dev", "it has train, valid, test", id="no such split"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_split_has_to_be_chosen(split: str | None, message: str, hint: str, kind: str, tmp_path: Path) -> None:
    if kind == "csv":
        made.write_fer2013(tmp_path / "fer2013.csv", IMAGES, range(6), TWICE)
    else:
        for name in ("valid", "test", "train"):
            table(tmp_path, f"{name}.parquet")
    with pytest.raises(UsageError, match=message) as caught:
        read_split(tmp_path, split)
    assert caught.value.hint == hint


def test_a_truncated_image_is_reported_when_it_is_looked_at(tmp_path: Path) -> None:
    folders(tmp_path, "happy", "sad")
    path = tmp_path / "happy" / "000.png"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match=r"happy.000\.png is damaged or cut off"):
        list(read_split(tmp_path).images)


@pytest.mark.skipif(not (SHARED / "data/fer/valid.parquet").exists(), reason="needs FER2013 with FER+ votes")
def test_majority_protocol_leaves_the_published_number_of_validation_images() -> None:
    faces = read_split(SHARED / "data/fer", "valid")
    assert (len(faces), int((faces.label >= 0).sum())) == (3579, 3199)


def test_labels_of_fer2013_stand_in_for_votes(tmp_path: Path) -> None:
    image = pictures(3)
    write_parquet(tmp_path / "train.parquet", image, unanimous([0, 1, 2]), fer2013=[3, 0, 6])
    faces = read_split(tmp_path)
    own = faces.by_fer2013()
    assert faces.label.tolist() == [0, 1, 2]
    assert [EMOTIONS[k] for k in own.label] == ["happiness", "anger", "neutral"]
    assert own.share.argmax(axis=1).tolist() == own.label.tolist()
    assert (faces.voted, own.voted) == (True, False)


def test_data_without_labels_of_fer2013_have_none_to_stand_in(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train.parquet", pictures(3), unanimous([0, 1, 2]))
    with pytest.raises(UsageError, match="no labels of FER2013"):
        read_split(tmp_path).by_fer2013()
