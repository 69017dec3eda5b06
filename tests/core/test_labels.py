"""Labels from files: CSV and CelebA's list_attr, matched by name, index or order; and hostile ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets import open_dataset
from core.datasets.dataset import ImageDataset
from core.errors import DataError
from core.labels import read_labels, with_labels
from tests.core.tiny import tiny_dataset

NAMED = ("a/000001.jpg", "a/000002.jpg", "b/000003.jpg")


def named(files: tuple[str, ...] = NAMED) -> ImageDataset:
    return replace(tiny_dataset(len(files)), files=files)


def written(folder: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_list_attr_is_matched_by_name(tmp_path: Path) -> None:
    text = "3\nSmiling Male\n000003.jpg  1 -1\n000001.jpg -1 -1\n000009.jpg  1  1\n"
    labels = read_labels(written(tmp_path, text, "list_attr_celeba.txt"), named())
    smiling, male = labels.columns
    assert (smiling.name, smiling.classes) == ("Smiling", ("-1", "1"))
    assert [smiling.text(index) for index in range(3)] == ["-1", "", "1"]
    assert [male.text(index) for index in range(3)] == ["-1", "", "-1"]
    assert (labels.by, labels.matched, labels.unused) == ("name", 2, 1)
    assert "matched by their files' names" in labels.text()


def test_list_attr_without_its_count_and_with_another_ending(tmp_path: Path) -> None:
    text = "Smiling Male\n000003.png  1 -1\n000002.png -1 1\n"
    labels = read_labels(written(tmp_path, text), named())
    assert [labels.columns[0].text(index) for index in range(3)] == ["", "-1", "1"]


def test_names_that_are_there_twice_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    dataset = named(("a/1.png", "b/1.png", "b/2.png"))
    path = written(tmp_path, "file,kind\na/1.png,x\nb/1.png,y\nb/2.png,x\n")
    assert [read_labels(path, dataset).columns[0].text(index) for index in range(3)] == ["x", "y", "x"]
    path = written(tmp_path, "file,kind\n1.png,x\n2.png,y\n")  # which 1.png?
    assert [read_labels(path, dataset).columns[0].text(index) for index in range(3)] == ["", "", "y"]


def test_an_index_column(tmp_path: Path) -> None:
    path = written(tmp_path, "index,score,kind\n2,0.5,cat\n0,1.5,dog\n7,9,cow\n")
    labels = read_labels(path, tiny_dataset(3))
    score, kind = labels.columns
    assert (labels.by, labels.matched, labels.unused) == ("index", 2, 1)
    assert "Unless the pictures here are the first that it counts, its labels are of others." in labels.text()
    assert score.classes == ()
    assert np.array_equal(score.values, np.array([1.5, np.nan, 0.5], np.float32), equal_nan=True)
    assert kind.classes == ("cat", "dog")
    assert kind.values.tolist() == [1, -1, 0]


def test_an_index_that_counts_from_one(tmp_path: Path) -> None:
    path = written(tmp_path, "id;kind\n1;a\n2;b\n3;c\n")
    assert read_labels(path, tiny_dataset(3)).columns[0].values.tolist() == [0, 1, 2]


@pytest.mark.parametrize("header", ["ID", ""])
def test_numbers_of_something_larger_are_no_index(tmp_path: Path, header: str) -> None:
    """As of rows that pandas picked out of a table, and of identifiers."""
    path = written(tmp_path, f"{header},kind\n1000,dog\n1001,cat\n1007,dog\n")
    labels = read_labels(path, tiny_dataset(3))
    assert labels.by == "order"
    assert labels.columns[0].classes == ("cat", "dog")
    assert labels.columns[0].values.tolist() == [1, 0, 1]


@pytest.mark.parametrize("header", ["index", "IDX", "#"])
def test_an_index_of_no_picture_is_refused_and_never_taken_in_order(tmp_path: Path, header: str) -> None:
    rows = "".join(f"{1000 + n},{'cat' if n % 2 else 'dog'}\n" for n in range(3))
    path = written(tmp_path, f"{header},kind\n{rows}")
    with pytest.raises(DataError) as refused:
        read_labels(path, tiny_dataset(3))
    sentence = str(refused.value)
    assert (
        f"No index in {path} is that of a picture: its column '{header}' goes from 1000 to 1002" in sentence
    )
    assert "the pictures here from 0 to 2; number the rows so, or take the column out" in sentence


def test_the_order_where_there_are_as_many(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path, "kind\ttall\ncat\t1\ndog\t0\ncat\t\n"), tiny_dataset(3))
    assert labels.by == "order"
    assert [column.name for column in labels.columns] == ["kind", "tall"]
    assert labels.columns[1].values.tolist() == [1, 0, -1]


def test_numbers_without_a_header_and_many_of_them(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=1500).round(6)
    path = written(tmp_path, "\n".join(map(str, numbers)))
    column = read_labels(path, tiny_dataset(1500)).columns[0]
    assert column.name == "column 1"
    assert column.values == pytest.approx(numbers, abs=1e-6)


@pytest.mark.parametrize(("numbers", "words"), [(0, 1001), (500, 900), (4096, 1), (1001, 5000)])
def test_a_column_of_many_words_is_no_label_and_the_others_are(
    tmp_path: Path, numbers: int, words: int
) -> None:
    count = numbers + words  # read 4,096 rows at a time
    cells = [f"{n / 7:.3f}" for n in range(numbers)] + [f"a{n}.png" for n in range(words)]
    rows = "".join(f"{n},{cell},{n % 3}\n" for n, cell in enumerate(cells))
    labels = read_labels(written(tmp_path, f"index,filename,class\n{rows}"), tiny_dataset(count, 2, 2))
    assert [column.name for column in labels.columns] == ["class"]
    assert labels.columns[0].values.tolist() == [n % 3 for n in range(count)]
    assert labels.left_out == ("filename",)
    assert "Not read, being no labels: filename." in labels.text()


@pytest.mark.parametrize(
    ("text", "by", "expected"),
    [
        (",0\n0,cat\n1,dog\n2,cat\n", "index", {"0": "cat dog cat"}),  # pandas' own, with its index
        ("index,0,1\n2,3,a\n0,4,b\n1,5,c\n", "index", {"0": "4 5 3", "1": "b c a"}),
        ("image_id,2019\na/000001.jpg,x\nb/000003.jpg,y\n", "name", {"2019": "x  y"}),
        ("0\n5\n6\n5\n", "order", {"0": "5 6 5"}),  # without its index
        ("kind,1\na,3\nb,4\na,5\n", "order", {"kind": "a b a", "1": "3 4 5"}),
        ("0,1\na/000001.jpg,x\nb/000003.jpg,y\n", "name", {"1": "x  y"}),
        ("5\n6\n5\n", "order", {"column 1": "5 6 5"}),  # and none
        (",0,0\n1,0,1\n0,1,1\n", "order", {"column 1": " 1 0", "column 2": "0 0 1", "column 3": "0 1 1"}),
        ("a/000001.jpg,7\nb/000003.jpg,8\n", "name", {"column 2": "7  8"}),
    ],
)
def test_a_header_may_hold_numbers(tmp_path: Path, text: str, by: str, expected: dict[str, str]) -> None:
    labels = read_labels(written(tmp_path, text), named())
    assert labels.by == by
    found = {column.name: " ".join(column.text(n) for n in range(3)) for column in labels.columns}
    assert found == expected


def test_spreadsheets_in_other_encodings(tmp_path: Path) -> None:
    text = "index,größe\n0,groß\n1,klein\n"
    for encoding in ("utf-8-sig", "utf-16", "latin-1"):
        labels = read_labels(written(tmp_path, text.encode(encoding)), tiny_dataset(2))
        assert labels.columns[0].name == "größe"
        assert labels.columns[0].classes == ("groß", "klein")


def test_one_label_of_one_picture_is_no_plural(tmp_path: Path) -> None:
    path = written(tmp_path, "index,kind\n2,cat\n9,dog\n")
    text = read_labels(path, tiny_dataset(3)).text()
    assert text.startswith("1 label for 1 picture, matched by the index column. Rows of labels.csv that")
    path = written(tmp_path, "image_id,kind,tall\na/000001.jpg,cat,0\nb/000003.jpg,dog,1\nx.jpg,cow,1\n")
    text = read_labels(path, named()).text()
    assert text.startswith("2 labels for 2 pictures, matched by their files' names. Rows of labels.csv that")
    assert text.endswith("are of no picture here: 1.")


def test_they_stand_beside_the_pictures_own(tmp_path: Path) -> None:
    dataset = tiny_dataset(2)
    first = with_labels(dataset, read_labels(written(tmp_path, "a,b\n1,2\n2,3\n"), dataset))
    again = with_labels(first, read_labels(written(tmp_path, "b,c\n7,2\n8,3\n"), first))
    assert [column.name for column in again.labels] == ["a", "b", "c"]
    assert again.labels[1].classes == ("7", "8")
    assert again.pixels is dataset.pixels


def test_what_does_not_match_says_what_would(tmp_path: Path) -> None:
    path = written(tmp_path, "2\nSmiling\n000001.jpg 1\n000002.jpg -1\n", "list_attr.txt")
    with pytest.raises(DataError, match=r"has 2 rows and there are 5 pictures.*a column 'index'"):
        read_labels(path, tiny_dataset(5))
    with pytest.raises(DataError, match=r"No name in .* is that of a picture: there it is '000001\.jpg'"):
        read_labels(path, named(("x.png", "y.png")))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02" * 99, "is no text"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,a\n1,2\n3,4\n", "'a' stands there twice"),
        (b"a,b\n1,2\n3\n", "line 3: 1 cells, where the header has 2"),
        (b'a\n"=cmd|/c calc!A0"\n2\n', "a formula or a text is no label"),
        (b"a\nnan\nnan\n", "no column of labels"),
        (b"a\ninf\n1.5\n", "not finite"),
        (b"index,a\n1,2\n1,3\n", "index 1 stands there twice"),
        (b"index,a\n99999999999999999999,2\n1,3\n", ""),
        (b"a,b\n" + b"x" * 200_000 + b",1\n2,3\n", ""),
        (b",".join(b"c%d" % n for n in range(300)) + b"\n1\n", "more than 256 columns"),
        (b"x" * 300 + b"\n1\n2\n", "is too long"),
        (b"\n\n\n", "is empty"),
        (b'a,b\n"1,2\n3,4\n', ""),
    ],
)
def test_hostile_files_end_in_a_sentence_or_in_labels(tmp_path: Path, content: bytes, reason: str) -> None:
    path = written(tmp_path, content)
    try:
        labels = read_labels(path, tiny_dataset(2))
    except DataError as error:
        assert reason in str(error)  # noqa: PT017
    else:
        assert not reason
        assert all(len(column.values) == 2 for column in labels.columns)


def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no file of labels: it is no regular file"):
        read_labels(tmp_path, tiny_dataset(2))
    with pytest.raises(DataError, match=r"gone\.csv"):
        read_labels(tmp_path / "gone.csv", tiny_dataset(2))


def test_celebas_attributes_of_the_real_faces(real_data: Path, tmp_path: Path) -> None:
    table = real_data / "faces_attributes.csv"
    by_index = read_labels(table, open_dataset(real_data / "faces_train.npy"))
    assert (len(by_index.columns), by_index.matched, by_index.unused) == (40, 4500, 500)
    rows = [line.split(",") for line in table.read_text().splitlines()]
    lines = [str(len(rows) - 1), " ".join(rows[0][1:])]
    lines += [f"{int(row[0]) + 1:06d}.jpg " + " ".join(f"{cell:>2}" for cell in row[1:]) for row in rows[1:]]
    path = written(tmp_path, "\n".join(lines) + "\n", "list_attr_celeba.txt")
    by_name = read_labels(path, open_dataset(real_data / "faces_jpeg.zip"))
    assert by_name.matched == 1500
    for one, other in zip(by_index.columns, by_name.columns, strict=True):
        assert one.name == other.name
        assert np.array_equal(one.values[:1500], other.values)
    smiling = next(column for column in by_index.columns if column.name == "Smiling")
    raw = np.loadtxt(table, delimiter=",", skiprows=1, dtype=int)[:4500]
    assert np.array_equal(smiling.values == 1, raw[:, rows[0].index("Smiling")] == 1)
