"""Data before training: tables, splitting, scaling and batches."""

import math
import statistics

import pytest

import nn
from nn.data import DataLoader, as_rows, as_targets, one_hot
from nn.datasets import iris


class TestTables:
    def test_lists_arrays_and_frames_are_the_same(self):
        np = pytest.importorskip("numpy")
        rows = [[1.0, 2.0], [3.0, 4.0]]
        for X in ([(1, 2), (3, 4)], np.array(rows), np.array(rows, dtype=np.float32), rows):
            assert as_rows(X) == rows
            assert all(type(x) is float for row in as_rows(X) for x in row)
        for y in ([0, 1], np.array([0, 1]), np.array([0, 1], dtype=np.uint8)):
            assert as_targets(y) == [0, 1]
            assert all(type(x) is int for x in as_targets(y))
        assert type(as_targets([0.0])[0]) is float

    def test_frames(self):
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
        assert as_rows(frame) == [[1.0, 0.5], [2.0, 1.5]]
        assert as_targets(frame["a"]) == [1, 2]

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            ([1.0, 2.0], r"X\[0\] is 1\.0: write \[\[x\] for x in X\]"),
            ([[1.0], [1.0, 2.0]], r"X\[0\] has 1 numbers, and X\[1\] 2"),
            ([[1.0], ["red"]], r"X\[1\]\[0\] is 'red', which is no number: encode it"),
            ([[1.0], [math.nan]], r"X\[1\]\[0\] is nan, not a finite number: leave out the row"),
            ([[math.inf]], r"X\[0\]\[0\] is inf"),
        ],
    )
    def test_what_does_not_fit_is_named_with_its_place(self, X, message):
        with pytest.raises(ValueError, match=message):
            as_rows(X)

    def test_targets_that_are_no_numbers(self):
        with pytest.raises(ValueError, match=r"y\[1\] is 'cat'.*classes\.index\(name\)"):
            as_targets([0, "cat"])
        with pytest.raises(ValueError, match=r"y\[0\] is nan"):
            as_targets([math.nan])
        with pytest.raises(TypeError, match="data is a list"):
            as_targets(3)

    def test_one_hot(self):
        assert one_hot([0, 2]) == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
        assert one_hot([0], num_classes=2) == one_hot([0], 2) == [[1.0, 0.0]]
        with pytest.warns(DeprecationWarning, match="write num_classes instead of classes"):
            assert one_hot([0], classes=2) == [[1.0, 0.0]]
        with pytest.raises(ValueError, match="the label 3 is none of the classes 0 to 2"):
            one_hot([3], num_classes=3)
        assert one_hot([]) == []
        assert one_hot([0.0, 1.0]) == [[1.0, 0.0], [0.0, 1.0]]
        with pytest.raises(ValueError, match="these labels are one-hot encoded already"):
            one_hot([[0.0, 1.0]])


class TestDataLoader:
    def test_every_sample_comes_once_in_an_order_of_the_seed(self):
        X, y = [[i] for i in range(10)], list(range(10))
        loader = DataLoader(X, y, batch_size=4, seed=3)
        assert len(loader) == 3
        first, second = ([label for _, labels in loader for label in labels] for _ in range(2))
        assert sorted(first) == sorted(second) == y
        assert first != second
        again = DataLoader(X, y, batch_size=4, seed=3)
        assert [label for _, labels in again for label in labels] == first
        assert all(
            row == [float(label)] for rows, labels in loader for row, label in zip(rows, labels, strict=True)
        )
        plain = DataLoader(X, y, batch_size=4, shuffle=False)
        assert [len(labels) for _, labels in plain] == [4, 4, 2]

    def test_it_goes_on_where_it_was(self):
        loader = DataLoader([[i] for i in range(10)], range(10), seed=3)
        next(iter(loader))
        state = loader.state_dict()
        expected = [labels for _, labels in loader]
        other = DataLoader([[i] for i in range(10)], range(10), seed=4)
        other.load_state_dict(state)
        assert [labels for _, labels in other] == expected
        with pytest.raises(ValueError, match="no state of a generator"):
            other.load_state_dict({"generator": [3, [1, 2], None]})

    def test_bad_arguments(self):
        with pytest.raises(ValueError, match="X has 2 and y has 1"):
            DataLoader([[1], [2]], [1])
        with pytest.raises(ValueError, match="no samples"):
            DataLoader([], [])
        with pytest.raises(ValueError, match="batch_size is a whole number of 1 or more, not 0"):
            DataLoader([[1]], [1], 0)


class TestData:
    def test_iris_is_fishers(self):
        """Means by species as in Fisher's Table II (1936), p. 180, and the two samples UCI has wrong."""
        data = iris()
        assert len(data.X) == len(data.y) == 150
        assert data.classes == ["setosa", "versicolor", "virginica"]
        assert [data.y.count(k) for k in range(3)] == [50, 50, 50]
        means = [
            [statistics.fmean(x[j] for x, y in zip(data.X, data.y, strict=True) if y == k) for j in range(4)]
            for k in range(3)
        ]
        assert means[0] == pytest.approx([5.006, 3.428, 1.462, 0.246])
        assert means[1] == pytest.approx([5.936, 2.770, 4.260, 1.326])
        assert means[2] == pytest.approx([6.588, 2.974, 5.552, 2.026])
        assert data.X[34] == [4.9, 3.1, 1.5, 0.2]
        assert data.X[37] == [4.9, 3.6, 1.4, 0.1]
        assert data.columns[0] == "sepal length (cm)"

    def test_split(self):
        X, y = [[i] for i in range(10)], list(range(10))
        X_train, X_test, y_train, y_test = nn.train_test_split(X, y, 0.3, seed=4)
        assert (len(X_train), len(X_test)) == (7, 3)
        assert sorted(y_train + y_test) == y
        assert [x[0] for x in X_train + X_test] == y_train + y_test
        assert nn.train_test_split(X, y, 0.3, seed=4)[3] == y_test
        assert nn.train_test_split(X, y, 0.3, seed=5)[3] != y_test
        with pytest.raises(ValueError, match="X has 10 and y has 9"):
            nn.train_test_split(X, y[:9])
        with pytest.raises(ValueError, match="leaves a part empty: pass a share above 0 and below 1"):
            nn.train_test_split(X, y, 0.0)

    @pytest.mark.parametrize("size", [1e-200, 1e200])
    def test_standardise_numbers_whose_squares_are_none(self, size):
        assert nn.standardise([[-size], [size]]) == [[-1.0], [1.0]]

    def test_standardise(self):
        (train, test) = nn.standardise([[1.0, 5.0], [3.0, 5.0]], [[2.0, 6.0]])
        assert train == [[-1.0, 0.0], [1.0, 0.0]]
        assert test == [[0.0, 1.0]]
        assert nn.standardise([[0.1]] * 3, [[0.2]]) == ([[0.0]] * 3, [[0.1]])
