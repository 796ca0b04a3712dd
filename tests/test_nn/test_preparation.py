"""What is kept with a model: the encoder of a table, the scaler, the names of classes; and fit's options."""

import json
import math
import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import nn
from nn.datasets import from_csv

TABLE = """island,mass,year,species
Biscoe,3.5,2007,gentoo
Dream,NA,2008,adelie
Biscoe,5.0,2009,gentoo
,3.0,2007,adelie
Dream,2.5,2008,
"""
NAMES = ["cat", "dog", "eel"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


class TestCsvColumns:
    def test_gaps_are_refused_dropped_or_filled(self, table):
        with pytest.raises(ValueError, match=r"line 3: the column 'mass' has the gap 'NA': .*missing='mean'"):
            from_csv(table)
        with pytest.raises(
            ValueError, match="line 6: the column 'species', which is to be predicted, is empty"
        ):
            from_csv(table, missing="mean")
        with pytest.raises(ValueError, match="missing is 'refuse', 'drop' or 'mean', not 'median'"):
            from_csv(table, missing="median")
        data = from_csv(table, missing="drop")
        assert data == (
            [[1.0, 3.5, 2007.0], [1.0, 5.0, 2009.0]],
            [0, 0],
            ["island=Biscoe", "mass", "year"],
            ["gentoo"],
        )
        table.write_text(TABLE.rpartition("Dream")[0], encoding="utf-8")
        data = from_csv(table, missing="mean", features=["mass", "island"])
        mean = (3.5 + 5.0 + 3.0) / 3.0
        assert [[3.5, 1.0, 0.0], [mean, 0.0, 1.0], [5.0, 1.0, 0.0], [3.0, 1.0, 0.0]] == data.X
        assert data.columns == ["mass", "island=Biscoe", "island=Dream"]

    def test_columns_by_name(self, table):
        data = from_csv(table, "species", features=["year"], categorical=["year"], missing="drop")
        assert data.columns == ["year=2007", "year=2008", "year=2009"]
        assert data.X[0] == [1.0, 0.0, 0.0]
        assert data.classes == ["gentoo", "adelie"]
        with pytest.raises(ValueError, match="no column 'size', but island, mass, year, species"):
            from_csv(table, features=["size"])
        with pytest.raises(ValueError, match="'species' is to be predicted: leave it out of the features"):
            from_csv(table, features=["year", "species"])
        table.write_text("a,a,y\n1,2,0\n", encoding="utf-8")
        assert from_csv(table).X == [[1.0, 2.0]]
        table.write_text("a,b,y\n,2,0\n", encoding="utf-8")
        with pytest.raises(ValueError, match="the column 'a' has no entry"):
            from_csv(table, missing="mean")
        with pytest.raises(ValueError, match="no sample without a gap"):
            from_csv(table, missing="drop")

    def test_raw_rows(self, table):
        table.write_text(TABLE.rpartition("Dream")[0], encoding="utf-8")
        encoder = from_csv(table, missing="mean").encoder
        rows = [
            ["Dream", 1, "2007"],
            {"year": 2007, "island": "Dream", "mass": 1.0, "other": 0},
            (0, 1, 1, 2007),
        ]
        assert encoder.transform(rows) == [[0.0, 1.0, 1.0, 2007.0]] * 3
        assert encoder.transform([[None, math.nan, 2008]]) == [[1.0, 0.0, 11.5 / 3.0, 2008.0]]
        for row, message in (
            (
                ["Torgersen", 1, 2],
                "X\\[0\\] has 'Torgersen' in the column 'island', .* categories Biscoe, Dream",
            ),
            (["Dream", "x", 2], "X\\[0\\] has 'x' in the column 'mass', which is no number"),
            (["Dream", 1], "a row has the columns island, mass, year"),
            ({"island": "Dream"}, "a row has the columns island, mass, year"),
        ):
            with pytest.raises(ValueError, match=message):
                encoder.transform([row])
        with pytest.raises(ValueError, match=r"X is a single dict: write \[row\]"):
            encoder.transform({"island": "Dream"})
        with pytest.raises(ValueError, match="a gap in the column 'x2'"):
            nn.ColumnEncoder(["x1", "x2"], {}, {}).transform([[1.0, None]])

    def test_pandas_frames(self, table):
        pandas = pytest.importorskip("pandas")
        encoder = from_csv(table, missing="drop").encoder
        frame = pandas.DataFrame({"year": [2007], "species": ["?"], "island": ["Biscoe"], "mass": [1.5]})
        assert encoder.transform(frame) == [[1.0, 1.5, 2007.0]]


ENTRY = st.sampled_from(["red", "blue", "", "NA"])
NUMBER = st.one_of(st.floats(-1e6, 1e6).map(repr), st.sampled_from(["", "?"]))


@given(st.lists(st.tuples(ENTRY, NUMBER), min_size=1, max_size=8))
def test_encoded_rows_stay_and_a_copy_encodes_alike(rows):
    """Also rows with gaps, filled by the mean and by the most frequent category."""
    assume(any(c in ("red", "blue") for c, _ in rows) and any(n not in ("", "?") for _, n in rows))
    encoder = nn.ColumnEncoder.learn(["colour", "size"], rows, (), fill=True)
    encoded = encoder.transform(rows)
    assert encoder.transform(encoded) == encoded
    assert all(sum(row[:-1]) == 1.0 and len(row) == len(encoder.columns) for row in encoded)
    known = [float(n) for _, n in rows if n not in ("", "?")]
    assert all(
        row[-1] == math.fsum(known) / len(known)
        for row, (_, n) in zip(encoded, rows, strict=True)
        if n in ("", "?")
    )
    copy = nn.ColumnEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert copy.transform(rows) == encoded


def blobs():
    data = nn.datasets.blobs(60, 3, seed=1)
    return [[1000.0 + 50.0 * a, b / 100.0] for a, b in data.X], [NAMES[label] for label in data.y]


class TestKeptWithTheModel:
    @pytest.mark.parametrize("ending", ["json", "safetensors"])
    def test_names_and_scale(self, tmp_path, ending):
        if ending == "safetensors":
            pytest.importorskip("safetensors")
        X, y = blobs()
        model = nn.MLP(2, [3], seed=1)
        options = {"loss": "cross_entropy", "metrics": "accuracy", "validation": 0.2, "standardise": True}
        history = nn.fit(model, X, y, lr=0.1, epochs=30, **options)
        assert history["val_accuracy"][-1] == 1.0
        assert model.classes == NAMES
        nn.save(model, tmp_path / f"model.{ending}")
        other = nn.MLP(2, [3], seed=2)
        nn.load(tmp_path / f"model.{ending}", other)
        for served in (nn.load(tmp_path / f"model.{ending}"), other, pickle.loads(pickle.dumps(model))):
            assert nn.predict(served, X) == nn.predict(model, X)
            predicted = nn.predict_classes(served, X)
            assert nn.accuracy(predicted, y) == nn.accuracy(nn.predict(served, X), y) == 1.0
            assert nn.accuracy(nn.predict_proba(served, X), y) == nn.accuracy(list(predicted), y) == 1.0
            assert set(predicted) == set(NAMES)
            assert nn.confusion_matrix(predicted, y) == [[20, 0, 0], [0, 20, 0], [0, 0, 20]]
            scores = nn.evaluate(served, X, y, loss="cross_entropy", metrics="accuracy")
            assert scores["accuracy"] == 1.0
        again = nn.fit(served, X, y, loss="cross_entropy", epochs=1)
        assert again["loss"][0] < 0.2  # with the scale that the model has
        with pytest.raises(ValueError, match="'cow' is none of the classes cat, dog, eel"):
            nn.evaluate(model, X[:1], ["cow"], loss="cross_entropy")

    def test_a_loader_and_validation_samples_are_prepared_too(self):
        X, y = blobs()
        numbers = [NAMES.index(name) for name in y]
        model = nn.MLP(2, [3], seed=1)
        loader = nn.DataLoader(X, numbers, 10)
        history = nn.fit(
            model, loader, loss="cross_entropy", lr=0.1, epochs=20, standardise=True, validation=(X, numbers)
        )
        assert loader.X == X
        assert history["val_loss"][-1] < 0.2
        assert model._scaler.mean == pytest.approx([sum(column) / 60.0 for column in zip(*X, strict=True)])

    @pytest.mark.parametrize("loss", ["hinge", "binary_cross_entropy_with_logits"])
    def test_two_names_and_one_output(self, loss):
        X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"]
        model = nn.Sequential(nn.Linear(1, 1))
        nn.fit(model, X, y, loss=loss, lr=0.1, epochs=200, metrics="accuracy")
        assert nn.predict_classes(model, X) == y
        assert nn.predict_classes(model, X, ["nay", "yea"]) == ["nay", "nay", "yea", "yea"]
        assert nn.accuracy(nn.predict(model, X), y) == 1.0

    def test_names_that_do_not_fit(self):
        X = [[0.0], [1.0], [2.0]]
        with pytest.raises(ValueError, match="names, and mse_loss compares numbers: use a loss of classes"):
            nn.fit(nn.Linear(1, 1), X, NAMES, loss="mse")
        model = nn.Linear(1, 2)
        with pytest.raises(
            ValueError, match="3 names of classes, and the outputs of this Linear stand for 2"
        ):
            nn.fit(model, X, NAMES, loss="cross_entropy")
        wider = nn.Linear(1, 3)
        with pytest.raises(ValueError, match="no schedule is called 'sine'"):
            nn.fit(wider, X, NAMES, loss="cross_entropy", schedule="sine", standardise=True)
        for unfitted in (model, wider):
            assert unfitted.classes is unfitted._scaler is None
        with pytest.raises(ValueError, match="the predictions are names of classes and the labels are not"):
            nn.accuracy(["cat"], [0])

    def test_damaged_preparations_are_refused(self, tmp_path):
        X, y = blobs()
        model = nn.MLP(2, [3], seed=1)
        encoder = nn.ColumnEncoder(["a", "b"], {}, {"a": 0.5}, NAMES)
        nn.fit(model, X, y, loss="cross_entropy", epochs=1, encoder=encoder, standardise=True)
        path = tmp_path / "model.json"
        nn.save(model, path)
        whole = json.loads(path.read_text())
        for name, value in (
            ("scaler", {"mean": [0.0], "scale": [0.0]}),
            ("scaler", {"mean": [0.0, 0.0], "scale": [1.0]}),
            ("scaler", 1),
            ("encoder", {"names": ["a"], "categories": {}, "fill": {"b": 1.0}, "classes": []}),
            ("encoder", {"names": ["a"], "categories": {"a": ["x"]}, "fill": {"a": "y"}, "classes": []}),
            ("encoder", {"names": ["a"], "categories": {}, "fill": {"a": "y"}, "classes": []}),
            ("classes", [1, 2]),
        ):
            path.write_text(json.dumps({**whole, name: value}))
            with pytest.raises(ValueError, match=r"model\.json"):
                nn.load(path)

    def test_a_scaler_by_itself(self):
        scaler = nn.StandardScaler().fit([[1.0, 5.0], [3.0, 5.0]])
        assert (scaler.mean, scaler.scale) == ([2.0, 5.0], [1.0, 1.0])
        assert scaler.transform([[4.0, 6.0]]) == [[2.0, 1.0]]
        with pytest.raises(ValueError, match="for 2 columns, and a row has 1"):
            scaler.transform([[1.0]])
        with pytest.raises(ValueError, match=r"no scale yet: call fit\(X\) first"):
            nn.StandardScaler().transform([[1.0]])
        with pytest.raises(ValueError, match="X is empty"):
            nn.StandardScaler().fit([])


class TestOptionsByName:
    def test_momentum_and_weight_decay(self):
        X, y = [[0.0], [1.0]], [1.0, 3.0]
        options = {"loss": "mse", "epochs": 5, "batch_size": 1}
        model, other = nn.Linear(1, 1, weight_init="zeros"), nn.Linear(1, 1, weight_init="zeros")
        nn.fit(model, X, y, optimizer="sgd", lr=0.1, momentum=0.9, weight_decay=1e-2, **options)
        by_hand = nn.SGD(other.parameters(), 0.1, momentum=0.9, weight_decay=1e-2)
        nn.fit(other, X, y, optimizer=by_hand, **options)
        assert model.state_dict() == other.state_dict()
        with pytest.raises(ValueError, match="weight_decay is for an optimiser given by name"):
            nn.fit(other, X, y, optimizer=by_hand, weight_decay=0.1, **options)

    @pytest.mark.parametrize(
        ("name", "rates"),
        [
            ("cosine", [1.0, 0.75, 0.25, 0.0]),
            ("linear", [1.0, 2.0 / 3.0, 1.0 / 3.0, 0.0]),
            ("exponential", [1.0, 0.01 ** (1.0 / 3.0), 0.01 ** (2.0 / 3.0), 0.01]),
            ("step", [1.0, 0.1, 0.01, 0.001]),
            ("plateau", [1.0, 1.0, 1.0, 1.0]),
        ],
    )
    def test_schedules(self, name, rates):
        seen = []
        nn.fit(
            nn.Linear(1, 1),
            [[0.0], [1.0]],
            [1.0, 3.0],
            loss="mse",
            lr=1.0,
            epochs=3,
            schedule=name,
            callbacks=lambda training: seen.append(training.optimizer.lr),
        )
        assert seen == pytest.approx(rates[1:], abs=1e-12)

    def test_one_cycle_is_as_long_as_the_training(self):
        model, seen = nn.Linear(1, 1), []
        options = {"loss": "mse", "lr": 0.5, "epochs": 4, "batch_size": 2, "accumulate": 2}
        history = nn.fit(
            model,
            [[float(i)] for i in range(10)],
            [1.0] * 10,
            schedule="one_cycle",
            callbacks=lambda training: seen.append(training.schedule),
            **options,
        )
        assert seen[0].total_steps == seen[0].epoch == 12
        assert max(history["lr"]) <= 0.5
        assert seen[0].rate(0.5, 11) < 1e-5  # the rate of the last step
