"""micrograd's demo notebook, its code unchanged."""

import math
import random

import pytest

from autograd import Value, no_grad
from nn import MLP, Layer, Neuron

MOONS = 100


def two_moons():
    """Two half circles with noise, as scikit-learn's make_moons(100, noise=0.1), labelled -1 and 1."""
    np = pytest.importorskip("numpy")
    generator = np.random.default_rng(1337)
    angle = np.linspace(0, math.pi, MOONS // 2)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    X = np.concatenate([upper, lower]) + generator.normal(0, 0.1, (MOONS, 2))
    return X, np.repeat([-1, 1], MOONS // 2)


def test_micrograds_demo_learns_the_moons():
    """The loop of micrograd's demo notebook, its code unchanged: 100 % after 100 steps or fewer."""
    X, y = two_moons()
    random.seed(1337)
    model = MLP(2, [16, 16, 1])  # 2-layer neural network

    def loss():
        inputs = [list(map(Value, xrow)) for xrow in X]

        # forward the model to get scores
        scores = list(map(model, inputs))

        # svm "max-margin" loss
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores)]  # noqa: B905
        data_loss = sum(losses) * (1.0 / len(losses))
        # L2 regularization
        alpha = 1e-4
        reg_loss = alpha * sum((p * p for p in model.parameters()))  # noqa: UP034
        total_loss = data_loss + reg_loss

        # also get accuracy
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores)]  # noqa: B905
        return total_loss, sum(accuracy) / len(accuracy)

    for k in range(100):
        # forward
        total_loss, acc = loss()

        # backward
        model.zero_grad()
        total_loss.backward()

        # update (sgd)
        learning_rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= learning_rate * p.grad

        if acc == 1.0 and total_loss.data < 0.1:
            break

    assert acc == 1.0
    with no_grad():
        assert not model([0.0, 0.0]).requires_grad


def test_nonlin_is_micrograds_argument():
    """False leaves the activation out, as the last layer of micrograd's MLP does."""
    for nonlin, expected in ((True, 0.0), (False, -2.5)):
        neuron = Neuron(2, nonlin=nonlin)
        neuron.w[0].data, neuron.w[1].data, neuron.b.data = 0.5, -1.0, 0.0
        assert neuron([1.0, 3.0]).data == expected
        layer = Layer(2, 3, nonlin=nonlin)
        assert [n.activation for n in layer.neurons] == ["relu" if nonlin else "linear"] * 3
        assert layer.config()["activation"] == neuron.activation
    assert Neuron(2, "tanh", nonlin=False).activation == "linear"
    assert len(Layer(2, 3, nonlin=False).parameters()) == 9
