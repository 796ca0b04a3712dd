"""Training through programs gives what eager training gives."""

import random

import numpy as np
import pytest

import nn
from autograd import Value, tanh


def blobs(count=60, classes=3, width=4, seed=0):
    generator = random.Random(seed)
    X, y = [], []
    for i in range(count):
        y.append(i % classes)
        X.append([generator.gauss(float(i % classes == j), 0.5) for j in range(width)])
    return X, y


def small_model(kind):
    nn.seed(0)
    if kind == "mlp":
        return nn.MLP(4, [8, 3], activation="tanh")
    if kind == "dropout":
        return nn.Sequential(
            nn.Layer(4, 8, "relu"), nn.Dropout(0.3), nn.Layer(8, 6, "tanh"), nn.Dropout(0.1), nn.Linear(6, 3)
        )
    return nn.Sequential(nn.Layer(4, 8, "sigmoid"), nn.LayerNorm(8), nn.Linear(8, 3))


def trained(kind, compiled, loss="cross_entropy", **options):
    model = small_model(kind)
    X, y = blobs()
    options = {"epochs": 10, "lr": 0.02, "batch_size": 16, "seed": 3} | options
    return model, nn.fit(model, X, y, loss=loss, compiled=compiled, **options)


@pytest.mark.parametrize("kind", ["mlp", "dropout", "norm"])
@pytest.mark.parametrize("backend", ["numpy", "python"])
def test_the_history_is_the_eager_one(kind, backend):
    """Ten epochs, with metrics, validation, clipping, accumulation and a schedule, to 1e-9."""
    options = {
        "metrics": "accuracy",
        "validation": 0.2,
        "max_norm": 1.0,
        "accumulate": 2,
        "schedule": "cosine",
    }
    model, eager = trained(kind, False, **options)
    other, compiled = trained(kind, backend, **options)
    assert compiled.eager == ""
    for column in eager.rows[0]:
        if column != "seconds":
            assert compiled[column] == pytest.approx(eager[column], rel=1e-9), column
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert q.data == pytest.approx(p.data, rel=1e-7)


@pytest.mark.parametrize("loss", ["cross_entropy", "multi_margin"])
def test_every_loss_of_classes_is_traced(loss):
    assert trained("mlp", True, loss, epochs=3)[1]["loss"] == pytest.approx(
        trained("mlp", False, loss, epochs=3)[1]["loss"]
    )


@pytest.mark.parametrize("loss", ["mse", "l1", "huber", "hinge", "binary_cross_entropy_with_logits"])
def test_every_loss_of_numbers_is_traced(loss):
    X, y = blobs(classes=2)
    targets = [2 * label - 1 for label in y] if loss == "hinge" else y
    histories = []
    for compiled in (False, True):
        nn.seed(1)
        model = nn.MLP(4, [6, 1], activation="tanh")
        histories.append(nn.fit(model, X, targets, loss=loss, epochs=3, compiled=compiled))
    assert histories[1].eager == ""
    assert histories[1]["loss"] == pytest.approx(histories[0]["loss"], rel=1e-9)


@pytest.mark.parametrize("kind", ["mlp", "dropout"])
def test_with_python_every_loss_at_equal_weights_has_the_eager_bits(kind):
    """The first epoch with a learning rate that moves nothing."""
    assert (
        trained(kind, "python", epochs=1, lr=1e-300)[1]["loss"]
        == trained(kind, False, epochs=1, lr=1e-300)[1]["loss"]
    )


def test_a_model_that_cannot_be_traced_is_trained_eagerly_and_says_why():
    class Peeking(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(4, 3)

        def forward(self, x):
            return [out if out.data > -100.0 else out * 0.0 for out in self.layer(x)]

    X, y = blobs()
    histories = []
    for compiled in (True, False):
        nn.seed(0)
        histories.append(nn.fit(Peeking(), X, y, loss="cross_entropy", epochs=2, compiled=compiled))
    assert ".data" in histories[0].eager
    assert histories[1].eager == ""
    assert histories[0]["loss"] == histories[1]["loss"]


def test_a_loss_with_conditions_is_kept_as_paths():
    def loss(outputs, targets):
        total = 0.0
        for out, target in zip(outputs, targets, strict=True):
            error = out - target
            total = total + (error * error if error > 0.0 else -0.5 * error)
        return total / len(outputs)

    X, y = blobs(count=4)
    histories = []
    for compiled in (False, True):
        nn.seed(0)
        model = nn.MLP(4, [3, 1], activation="tanh")
        histories.append(
            nn.fit(model, X, [float(t) for t in y], loss=loss, epochs=20, batch_size=4, compiled=compiled)
        )
    assert histories[1]["loss"] == pytest.approx(histories[0]["loss"], rel=1e-9)


def test_what_is_wrong_is_said_as_eagerly():
    model = small_model("mlp")
    X, y = blobs()
    with pytest.raises(TypeError, match="not a Value"):
        nn.fit(model, X, y, loss=lambda outputs, targets: 1.0, compiled=True, epochs=1)
    with pytest.raises(ValueError, match="the loss has become"):
        nn.fit(
            model, X, y, loss=lambda outputs, targets: outputs[0][0] * 1e300 * 1e300, compiled=True, epochs=1
        )
    with pytest.raises(ValueError, match="depends on no parameter"):
        nn.fit(model, X, y, loss=lambda outputs, targets: Value(1.0) * 2.0, compiled=True, epochs=1)


def test_callbacks_may_freeze_a_layer_and_stop():
    """A frozen layer no longer moves; the interrupted training keeps what it has learnt."""
    histories, weights = [], []
    for compiled in (False, True):
        model = small_model("mlp")
        frozen = {}

        def freeze(training, model=model, frozen=frozen):
            if len(training.history) == 3:
                model.layers[0].requires_grad_(False)
                frozen["w"] = [p.data for p in model.layers[0].parameters()]
            if len(training.history) == 6:
                raise KeyboardInterrupt

        X, y = blobs()
        histories.append(
            nn.fit(model, X, y, loss="cross_entropy", epochs=9, callbacks=freeze, compiled=compiled)
        )
        assert [p.data for p in model.layers[0].parameters()] == frozen["w"]
        weights.append([p.data for p in model.parameters()])
    assert len(histories[1]) == 6
    assert histories[1].stopped == histories[0].stopped
    assert weights[1] == pytest.approx(weights[0], rel=1e-9)


def test_a_compiled_training_resumes_where_it_stopped(tmp_path):
    """Saved after two epochs and continued, it ends with the same weights."""
    X, y = blobs()

    def start():
        model = small_model("dropout")
        return model, nn.Adam(model.parameters(), lr=0.02)

    model, optimizer = start()
    nn.fit(model, X, y, loss="cross_entropy", optimizer=optimizer, epochs=4, compiled=True, seed=1)
    whole = [p.data for p in model.parameters()]

    model, optimizer = start()
    loader = nn.DataLoader(X, y, 16, seed=1)
    nn.fit(model, loader, loss="cross_entropy", optimizer=optimizer, epochs=2, compiled=True)
    nn.fit(model, loader, loss="cross_entropy", optimizer=optimizer, epochs=2, compiled=True)
    assert [p.data for p in model.parameters()] == whole


def test_own_modules_are_compiled_only_when_asked():
    class Own(nn.Module):
        def __init__(self):
            self.w = (
                [nn.parameter(0.1 * i) for i in range(4)]
                if hasattr(nn, "parameter")
                else [Value(0.1) for _ in range(4)]
            )

        def forward(self, x):
            return tanh(sum(w_i * x_i for w_i, x_i in zip(self.w, x, strict=True)))

    X, y = blobs(classes=2)
    found = [nn.fit(Own(), X, y, loss="mse", epochs=3, compiled=c)["loss"] for c in (None, True)]
    assert np.allclose(found[0], found[1], rtol=1e-12)
