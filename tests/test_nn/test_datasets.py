"""The data sets: generated, measured, and read from files."""

import math

import pytest

from nn import datasets


@pytest.mark.parametrize("name", ["moons", "circles", "spirals", "xor", "blobs"])
def test_generated_sets(name):
    """Two numbers for each of as many samples as asked for; classes in balance; the same for a seed."""
    make = getattr(datasets, name)
    data = make(60, seed=1)
    assert len(data.X) == len(data.y) == 60
    assert all(len(row) == 2 and all(map(math.isfinite, row)) for row in data.X)
    counts = [data.y.count(k) for k in range(len(data.classes))]
    assert sum(counts) == 60
    assert max(counts) - min(counts) <= 1
    assert make(60, seed=1) == data != make(60, seed=2)
    assert make(1, seed=1).y


@pytest.mark.parametrize(
    ("make", "options"),
    [
        ("spirals", {"arms": 0}),
        ("blobs", {"classes": 0}),
        ("moons", {"samples": -1}),
        ("xor", {"samples": 1.5}),
    ],
)
def test_counts_are_checked(make, options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} is a whole number of 1 or more"):
        getattr(datasets, make)(**options)


def test_shapes():
    moons = datasets.moons(50, noise=0.0)
    for (x, y), label in zip(moons.X, moons.y, strict=True):
        assert math.hypot(x - label, y - 0.5 * label) == pytest.approx(1.0)
    circles = datasets.circles(50, noise=0.0)
    for (x, y), label in zip(circles.X, circles.y, strict=True):
        assert math.hypot(x, y) == pytest.approx(0.5 if label else 1.0)
    xor = datasets.xor()
    assert sorted(zip(map(tuple, xor.X), xor.y, strict=True)) == [
        ((0.0, 0.0), 0),
        ((0.0, 1.0), 1),
        ((1.0, 0.0), 1),
        ((1.0, 1.0), 0),
    ]
    assert max(math.hypot(x, y) for x, y in datasets.spirals(noise=0.0).X) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "samples", "columns", "classes"),
    [("iris", 150, 4, 3), ("wine", 178, 13, 3), ("breast_cancer", 569, 30, 2), ("digits", 1797, 64, 10)],
)
def test_measured_sets(name, samples, columns, classes):
    if name != "iris":
        pytest.importorskip("sklearn")
    data = getattr(datasets, name)()
    assert (len(data.X), len(data.y)) == (samples, samples)
    assert {len(row) for row in data.X} == {columns} == {len(data.columns)}
    assert sorted(set(data.y)) == list(range(classes))
    assert len(data.classes) == classes
    assert type(data.X[0][0]) is float
    assert type(data.y[0]) is int


class TestCsv:
    def read(self, tmp_path, text, *args, **options):
        path = tmp_path / "data.csv"
        path.write_text(text, encoding="utf-8")
        return datasets.from_csv(path, *args, **options)

    def test_classes(self, tmp_path):
        data = self.read(tmp_path, "\ufeffa,b,kind\n1,2,red\n3,4.5,blue\n\n5,6,red\n")
        assert data == ([[1.0, 2.0], [3.0, 4.5], [5.0, 6.0]], [0, 1, 0], ["a", "b"], ["red", "blue"])

    def test_numbers_to_predict_and_other_forms(self, tmp_path):
        data = self.read(tmp_path, "price;size;rooms\n1.5;2;3\n2.5;3;4\n", "price", delimiter=";")
        assert data == ([[2.0, 3.0], [3.0, 4.0]], [1.5, 2.5], ["size", "rooms"], [])
        data = self.read(tmp_path, "1,2,0\n3,4,1\n", header=False)
        assert data == ([[1.0, 2.0], [3.0, 4.0]], [0, 1], ["x1", "x2"], [])

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a,y\n1,0\nx,1\n", "data.csv, line 3, column 'a': 'x' is no number: leave out the line"),
            (
                "a,y\n1,0\n\nnan,1\n",
                "data.csv, line 4: the column 'a' has the gap 'nan': write missing='drop' .*='mean'",
            ),
            ("a,y\n1,0\n1,2,3\n", "data.csv, line 3: 3 columns, where 2 are expected"),
            ("a,y\n1,4.5\n2,4x\n", "line 3, column 'y': '4x' is no number"),
            ("a,y\n1,nan\n2,4\n", "line 2: the column 'y', which is to be predicted, has the gap 'nan'"),
            ("a,y\n1,\n", "line 2: the column 'y', which is to be predicted, is empty"),
            ('a,y\n1,0\n"2,1\n', "data.csv, line 3: unexpected end of data: is a quote not closed"),
            ("a;b;y\n1;2;0\n", "data.csv has one column, 'a;b;y': write delimiter=';'"),
            ("1,2\n3,4\n", "data.csv begins with numbers, .* write header=False"),
            ("a,y\n", "data.csv has no samples"),
            ("", "data.csv has no samples"),
        ],
    )
    def test_bad_lines_are_named(self, tmp_path, text, message):
        with pytest.raises(ValueError, match=message):
            self.read(tmp_path, text)

    def test_other_encodings(self, tmp_path):
        path = tmp_path / "data.csv"
        path.write_bytes("a,y\n1,caf\u00e9\n2,tea\n".encode("latin-1"))
        with pytest.raises(
            ValueError, match=r"data\.csv, line 2: this is not utf-8-sig: write encoding='latin-1'"
        ):
            datasets.from_csv(path)
        assert datasets.from_csv(path, encoding="latin-1").classes == ["caf\u00e9", "tea"]

    def test_columns_that_are_not_there(self, tmp_path):
        with pytest.raises(ValueError, match="no column 'z', but a, y"):
            self.read(tmp_path, "a,y\n1,0\n", "z")
        with pytest.raises(ValueError, match="2 columns, so there is no column 5"):
            self.read(tmp_path, "a,y\n1,0\n", 5)
