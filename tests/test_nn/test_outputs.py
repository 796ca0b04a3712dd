"""What a model's outputs are, and the metrics, predictions, losses and files that go by it."""

import copy
import functools
import itertools
import json
import pickle

import pytest

import autograd as ag
import nn
from nn import MLP, Module, Predictions, accuracy, classes_of, predict, predict_classes, predict_proba
from nn.datasets import moons

X, Y = moons(40, noise=0.3, seed=2)[:2]
SIGNS = [2 * label - 1 for label in Y]


class Scores(Module):
    """A class of one's own, which does not say what its outputs are."""

    def __init__(self, last=lambda x: x):
        self.body, self.last = MLP(2, [4, 1], "tanh", seed=1), last

    def forward(self, x):
        return self.last(self.body(x))


class Probabilities(Scores):
    outputs = "probabilities"


def shares(model, labels=Y):
    """The accuracy of a model by every way there is."""
    metrics = ["accuracy", wrapped]
    judged = nn.evaluate(model, X, labels, loss="mse", metrics=metrics)
    outputs = predict(model, X)
    return {
        judged["accuracy"],
        judged["wrapped"],
        nn.evaluate(model, X, labels, loss="mse", metrics=accuracy)["accuracy"],
        accuracy(outputs, labels),
        accuracy(copy.deepcopy(outputs), labels),
        accuracy(pickle.loads(pickle.dumps(outputs))[:], labels),
        accuracy(predict_proba(model, X), labels),
        accuracy(predict_classes(model, X, labels), labels),
        accuracy(list(predict_classes(model, X, labels)), labels),
        accuracy(classes_of(outputs, labels), labels),
    }


def wrapped(outputs, targets):
    return accuracy(outputs, targets)


ENDINGS = {
    "sigmoid": lambda: MLP(2, [4, 1], "tanh", output_activation="sigmoid", seed=1),
    "sigmoid by function": lambda: MLP(2, [4, 1], "tanh", output_activation=ag.sigmoid, seed=1),
    "Sigmoid": lambda: nn.Sequential(nn.Layer(2, 4, "tanh"), nn.Linear(4, 1), nn.Sigmoid()),
    "Activation": lambda: nn.Sequential(nn.Layer(2, 4, "tanh"), nn.Linear(4, 1), nn.Activation("sigmoid")),
    "function": lambda: nn.Sequential(MLP(2, [4, 1], "tanh", seed=1), ag.sigmoid),
    "layer": lambda: nn.Sequential(nn.Layer(2, 4, "tanh"), nn.Layer(4, 1, "sigmoid")),
    "neuron": lambda: nn.Neuron(2, "sigmoid"),
    "own": lambda: Scores(ag.sigmoid),  # by the loss
    "own, said": lambda: Probabilities(ag.sigmoid),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_sigmoid_classifier_has_one_accuracy(ending, tmp_path):
    model = ENDINGS[ending]()
    options = {"loss": "binary_cross_entropy", "metrics": ["accuracy", wrapped], "epochs": 15, "lr": 0.05}
    history = nn.fit(model, X, Y, validation=(X, Y), **options)
    (share,) = shares(model)
    assert share == history["val_accuracy"][-1] == history["val_wrapped"][-1]
    assert 0.6 < share < 1.0
    assert accuracy(predict(model, X), Y, threshold=0.0) == 0.5  # by the threshold of logits
    history = nn.fit(model, X, Y, **{**options, "lr": 0.0, "epochs": 1})
    assert history["accuracy"] == history["wrapped"] == [share]  # of outputs as they now are
    assert model.outputs == "probabilities"
    assert predict_proba(model, X) == predict(model, X)
    nn.save(model, tmp_path / "model.json")
    other = nn.load(tmp_path / "model.json", ENDINGS[ending]())
    assert shares(other) == {share}


@pytest.mark.parametrize(
    ("activation", "loss", "labels"),
    [
        *itertools.product(["linear"], ["binary_cross_entropy_with_logits"], ["classes"]),
        *itertools.product(["linear", "tanh", "softsign"], ["hinge", "mse", "l1", "huber"], ["signs"]),
        ("relu", "binary_cross_entropy_with_logits", "classes"),
        ("sigmoid", "mse", "classes"),
    ],
)
def test_every_end_and_loss_has_one_accuracy(activation, loss, labels):
    labels = {"signs": SIGNS, "classes": Y}[labels]
    model = MLP(2, [4, 1], "tanh", output_activation=activation, seed=1)
    options = {"metrics": "accuracy", "epochs": 15, "lr": 0.05}
    history = nn.fit(model, X, labels, loss=loss, validation=(X, labels), **options)
    outputs = predict(model, X)
    share = history["val_accuracy"][-1]
    assert accuracy(outputs, labels) == accuracy(predict_classes(model, X, labels), labels) == share
    assert nn.evaluate(model, X, labels, loss=loss, metrics=accuracy)["accuracy"] == share
    assert 0.5 < share < 1.0


@pytest.mark.parametrize("last", ["linear", "tanh", "softmax"])
@pytest.mark.parametrize("loss", ["cross_entropy", "multi_margin", "nll", "mse"])
def test_several_outputs_need_no_threshold(last, loss):
    model = nn.Sequential(nn.Layer(2, 4, "tanh"), nn.Linear(4, 2))
    model = nn.Sequential(model, {"linear": lambda x: x, "tanh": nn.Tanh(), "softmax": nn.Softmax()}[last])
    labels = nn.one_hot(Y) if loss == "mse" else Y
    options = {"loss": loss, "metrics": "accuracy", "epochs": 3, "validation": (X, labels)}
    if last == "softmax" and loss != "mse":
        with pytest.raises(
            ValueError, match=r"takes logits.*are probabilities: leave out the sigmoid or soft"
        ):
            nn.fit(model, X, labels, **options)
        return
    history = nn.fit(model, X, labels, **options)
    share = accuracy(predict(model, X), labels)
    assert share == history["val_accuracy"][-1] == accuracy(predict_classes(model, X), Y)
    if loss == "mse" and last != "softmax":
        with pytest.raises(
            ValueError, match=r"are values, not scores of classes: write model\.outputs = 'logi"
        ):
            predict_proba(model, X)
        model.outputs = "logits"
    probabilities = predict_proba(model, X)
    assert all(sum(row) == pytest.approx(1.0) for row in probabilities)
    assert accuracy(probabilities, Y) == share


@pytest.mark.parametrize(
    ("make", "loss", "message"),
    [
        (ENDINGS["sigmoid"], "binary_cross_entropy_with_logits", "takes logits, and the outputs of this MLP"),
        (ENDINGS["sigmoid"], "hinge", "hinge_loss takes logits"),
        (ENDINGS["own, said"], "hinge", "the outputs of this Probabilities are probabilities"),
        (
            lambda: MLP(2, [1]),
            "binary_cross_entropy",
            "end it with a sigmoid, or use binary_cross_entropy_wi",
        ),
        (
            lambda: MLP(2, [1]),
            functools.partial(nn.binary_cross_entropy, reduction="sum"),
            "takes probabilities, and the outputs of this MLP are logits: .*say so by model.outputs = 'prob",
        ),
    ],
)
def test_a_loss_that_takes_other_outputs_is_refused(make, loss, message):
    for act in (nn.fit, nn.evaluate):
        model = make()
        before = model.state_dict()
        with pytest.raises(ValueError, match=message):
            act(model, X, SIGNS if loss == "hinge" else Y, loss=loss)
        assert model.state_dict() == before
    model.outputs = {"probabilities": "logits", "logits": "probabilities"}[model.outputs]
    if not callable(loss) and loss != "binary_cross_entropy":
        nn.fit(model, X, SIGNS if loss == "hinge" else Y, loss=loss, epochs=1)


class TestGuesses:
    """A threshold is 0.5 or 0 for a reason, or asked for."""

    @pytest.mark.parametrize("act", [nn.fit, nn.evaluate])
    def test_of_values(self, act):
        """By squares a linear output learns 0 and 1, whose middle is 0.5; or anything else."""
        model = MLP(2, [4, 1], "tanh", seed=1)
        before = model.state_dict()
        with pytest.raises(
            ValueError, match=r"MLP are values: write model\.outputs = 'probabilities' for th"
        ):
            act(model, X, Y, loss="mse", metrics="accuracy")
        assert (model.state_dict(), model.outputs) == (before, "logits")
        by_hand = functools.partial(accuracy, threshold=0.5)
        found = act(model, X, Y, loss="mse", metrics=by_hand)["accuracy"]
        model.outputs = "probabilities"
        assert nn.evaluate(model, X, Y, loss="mse", metrics="accuracy")["accuracy"] == accuracy(
            predict(model, X), Y, threshold=0.5
        )
        assert found

    def test_of_a_model_fitted_to_values(self):
        model = MLP(2, [4, 1], "tanh", seed=1)
        nn.fit(model, X, Y, loss="mse", epochs=1)
        assert model.outputs == "values"
        for act in (lambda: accuracy(predict(model, X), Y), lambda: predict_classes(model, X)):
            with pytest.raises(
                ValueError, match=r"are values, such as .*stand for no classes: pass threshold"
            ):
                act()
        with pytest.raises(ValueError, match="are values, not scores of classes"):
            predict_proba(model, X)
        assert predict_classes(model, X, threshold=0.5) == classes_of(predict(model, X), threshold=0.5)
        nn.fit(model, X, Y, loss="binary_cross_entropy_with_logits", epochs=1, metrics="accuracy")
        assert model.outputs == "logits"

    def test_of_a_class_of_ones_own(self):
        model = Scores(ag.sigmoid)
        assert model.outputs is None
        for act in (lambda: accuracy(predict(model, X), Y), lambda: predict_classes(model, X)):
            with pytest.raises(
                ValueError, match=r"cannot tell whether .* class 0 or 1: pass threshold=0\.5 for probabili"
            ):
                act()
        with pytest.raises(
            ValueError, match=r"cannot tell whether .* probabilities or logits: write model\.outputs = "
        ):
            predict_proba(model, X)

        def loss(outputs, targets):
            return nn.binary_cross_entropy(outputs, targets)

        with pytest.raises(
            ValueError, match=r"this Scores might be probabilities or logits: write model\.outp"
        ):
            nn.fit(model, X, Y, loss=loss, metrics="accuracy")
        nn.fit(model, X, Y, loss=loss, epochs=2)
        model.outputs = "probabilities"
        assert shares(model) == {accuracy(predict(model, X), Y, threshold=0.5)}

    def test_of_a_subclass_with_a_forward_of_its_own(self):
        class Squashed(MLP):
            def forward(self, x):
                return ag.sigmoid(super().forward(x))

        class Same(MLP):
            pass

        assert Squashed(2, [1]).outputs is None
        assert Same(2, [1]).outputs == "logits"

    def test_of_plain_numbers(self):
        probabilities = [0.1, 0.4, 0.9]
        with pytest.raises(
            ValueError, match=r"cannot tell whether 0\.1 stands for class 0 or 1: pass thresh"
        ):
            accuracy(probabilities, [0, 0, 1])
        assert accuracy(probabilities, [0, 0, 1], threshold=0.5) == 1.0
        assert accuracy(probabilities, [1, 1, 1], threshold=0.0) == 1.0
        assert accuracy(probabilities, [-1, 1, 1]) == pytest.approx(2 / 3)  # scores, for such labels
        assert accuracy([0.0, 0.7, 1.0], [0, 1, 1]) == 1.0  # by either threshold
        assert accuracy([-3.0, 0.2], [0, 1]) == 1.0  # no probabilities

    def test_of_classes(self):
        """Numbers of classes are taken for what they are, where labels tell; else they are asked about."""
        assert accuracy([2, 0, 1], [2, 0, 0]) == pytest.approx(2 / 3)
        assert accuracy(Predictions([2, 0], "classes"), [1, 0]) == 0.5
        with pytest.raises(ValueError, match=r"cannot tell whether 2\.0 is a class or a score"):
            accuracy([2, 0], [1, 0])
        for outputs in ([1.5, 0.0], Predictions([1.0, 0.0], "logits")):
            with pytest.raises(
                ValueError, match=r"stands for one of two classes.*a label is 2: make the last"
            ):
                accuracy(outputs, [2, 0])


class TestSaying:
    def test_words(self):
        for act in (
            lambda: MLP(2, [1], outputs="logit"),
            lambda: nn.Sequential(nn.Linear(1, 1), outputs="p"),
            lambda: setattr(nn.Linear(1, 1), "outputs", "classes"),
        ):
            with pytest.raises(ValueError, match=r"outputs is 'probabilities', 'logits' .* or 'values', not"):
                act()

        class Wrong(Module):
            outputs = "logit"

        with pytest.raises(ValueError, match="not 'logit'"):
            predict(Wrong(), [])

    def test_what_is_said_outranks_what_is_found(self):
        assert MLP(2, [1], output_activation="sigmoid", outputs="logits").outputs == "logits"
        model = nn.Sequential(nn.Linear(1, 1), nn.LayerNorm(1), outputs="values")
        assert model.outputs == "values"
        model.outputs = None
        assert model.outputs is None
        nn.fit(MLP(2, [1], outputs="logits"), X, Y, loss="mse", metrics="accuracy", epochs=1)

    @pytest.mark.parametrize(
        ("model", "outputs"),
        [
            (nn.Linear(1, 1), "logits"),
            (nn.Neuron(1), None),
            (nn.Layer(1, 2, "tanh"), "logits"),
            (nn.Softmax(), "probabilities"),
            (nn.Sequential(nn.Linear(1, 3), ag.log_softmax), "logits"),
            (nn.Sequential(nn.Sequential(nn.Linear(1, 3), ag.softmax)), "probabilities"),
            (nn.Sequential(MLP(1, [1], outputs="values")), "values"),
            (nn.Sequential(nn.Linear(1, 1), lambda x: x), None),
            (nn.Sequential(), None),
            (MLP(1, [1], output_activation=lambda x: ag.sigmoid(x)), None),
            (nn.Embedding(2, 2), None),
        ],
        ids=str,
    )
    def test_what_is_found(self, model, outputs):
        assert model.outputs == outputs

    def test_a_member_may_have_that_name(self):
        class Net(Module):
            def __init__(self):
                self.outputs = [nn.Linear(2, 1)]

            def forward(self, x):
                return self.outputs[0](x)

        model = Net()
        assert list(model.state_dict()) == [f"outputs.0.neurons.0.{name}" for name in ("w.0", "w.1", "b")]
        nn.fit(model, X, Y, loss="binary_cross_entropy_with_logits", metrics="accuracy", epochs=1)
        assert predict(model, X).outputs == "logits"
        assert isinstance(copy.deepcopy(model).outputs[0], nn.Linear)


class TestFiles:
    @pytest.fixture(params=["json", "safetensors"])
    def path(self, request, tmp_path):
        if request.param == "safetensors":
            pytest.importorskip("safetensors")
        return tmp_path / f"model.{request.param}"

    @pytest.mark.parametrize(
        "make",
        [
            lambda: MLP(2, [1], outputs="values"),
            lambda: MLP(2, [1], output_activation="sigmoid", outputs="logits"),
            lambda: nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), outputs="logits"),
            lambda: nn.Sequential(nn.Linear(2, 2), MLP(2, [1], outputs="values")),
            lambda: nn.Linear(2, 1),
        ],
    )
    def test_they_keep_what_was_said(self, make, path):
        model = make()
        nn.save(model, path)
        again = nn.load(path)
        assert again.outputs == model.outputs
        assert repr(again) == repr(model)
        nn.save(again, path)
        assert nn.load(path).outputs == model.outputs

    def test_they_keep_what_fit_found(self, path):
        model = MLP(2, [3, 1])
        nn.fit(model, X, Y, loss="mse", epochs=1)
        nn.save(model, path)
        again = nn.load(path)
        assert again.outputs == "values"
        nn.fit(again, X, Y, loss="binary_cross_entropy_with_logits", epochs=1)
        assert again.outputs == "logits"
        assert nn.load(path, MLP(2, [3, 1], outputs="probabilities")).outputs == "probabilities"

    def test_a_checkpoint_knows_what_its_outputs_are(self, path):
        model = Scores(ag.sigmoid)
        callbacks = [
            nn.Checkpoint(path, monitor="val_accuracy"),
            nn.EarlyStopping("val_accuracy", patience=3),
        ]
        options = {"loss": "binary_cross_entropy", "metrics": "accuracy", "validation": (X, Y), "epochs": 12}
        history = nn.fit(model, X, Y, callbacks=callbacks, lr=0.05, **options)
        best = max(history["val_accuracy"])
        assert shares(model) == shares(nn.load(path, Scores(ag.sigmoid))) == {best}

    @pytest.mark.parametrize("key", ["outputs", "fitted_outputs"])
    @pytest.mark.parametrize("wrong", [None, "x", 3, ["logits"], {}])
    def test_a_file_that_says_something_strange(self, key, wrong, tmp_path):
        path = tmp_path / "model.json"
        model = nn.Sequential(MLP(2, [1]))
        nn.save(model, path)
        content = json.loads(path.read_text())
        target = MLP(2, [1])
        before = target.state_dict(), vars(target).copy()
        for place in (content["model"], content["model"]["arguments"]["modules"][0]):
            place[key] = wrong
            path.write_text(json.dumps(content))
            with pytest.raises(ValueError, match=r"model\.json"):
                nn.load(path)
            del place[key]
        content["model"][key] = wrong
        path.write_text(json.dumps(content))
        with pytest.raises(ValueError, match=r"model\.json"):
            nn.load(path, target)
        assert (target.state_dict(), vars(target)) == before


def test_predictions_are_a_list():
    found = predict(MLP(2, [1], seed=1), X)
    assert found == list(found)
    assert found[:2].outputs == "logits"
    assert found[0] == list(found)[0]  # noqa: RUF015
    assert json.loads(json.dumps(found)) == found
