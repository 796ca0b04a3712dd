"""The same programs in PyTorch, float64: an oracle where it is installed."""

import random

import pytest

import autograd as ag
import nn
from autograd import Value

torch = pytest.importorskip("torch", reason="torch is the oracle here: pip install torch==2.13.0")

RTOL, ATOL = 1e-12, 1e-14

TORCH_NAMES = {
    "neg": "neg", "abs": "abs", "exp": "exp", "expm1": "expm1", "exp2": "exp2", "log": "log",
    "log1p": "log1p", "log2": "log2", "log10": "log10", "sqrt": "sqrt", "sin": "sin", "cos": "cos",
    "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "erf": "erf", "erfc": "erfc",
    "sigmoid": "sigmoid", "relu": "relu", "floor": "floor", "ceil": "ceil", "round": "round", "sign": "sign",
}  # fmt: skip
BINARY_NAMES = {
    "add": "add", "sub": "sub", "mul": "mul", "div": "div", "pow": "pow", "atan2": "atan2", "hypot": "hypot",
    "maximum": "maximum", "minimum": "minimum", "fmod": "fmod",
}  # fmt: skip


def tensor(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("name", TORCH_NAMES)
def test_unary_ops(name):
    for x in (0.3, 1.4, 2.7) if name == "acosh" else (0.3, -0.7, 0.95):
        if name in ("log", "log2", "log10", "sqrt"):
            x = abs(x)
        t = tensor(max(x, 1.1) if name == "acosh" else x)
        v = Value(t.item())
        out_t, out_v = getattr(torch, TORCH_NAMES[name])(t), getattr(ag, name)(v)
        out_t.backward()
        out_v.backward()
        assert out_v.data == pytest.approx(out_t.item(), rel=RTOL, abs=ATOL)
        assert v.grad == pytest.approx(t.grad.item(), rel=RTOL, abs=ATOL)


@pytest.mark.parametrize("name", BINARY_NAMES)
def test_binary_ops_ties_included(name):
    for a, b in ((1.3, 0.7), (0.4, 2.2), (1.5, 1.5)):
        s, t = tensor(a), tensor(b)
        x, y = Value(a), Value(b)
        getattr(torch, BINARY_NAMES[name])(s, t).backward()
        getattr(ag, name)(x, y).backward()
        assert x.grad == pytest.approx(s.grad.item(), rel=RTOL, abs=ATOL)
        assert y.grad == pytest.approx(t.grad.item(), rel=RTOL, abs=ATOL)


@pytest.mark.parametrize(
    "name", ["gelu", "silu", "mish", "elu", "selu", "leaky_relu", "softplus", "softsign"]
)
def test_activations(name):
    for x in (-3.0, -0.4, 0.0, 0.6, 5.0):
        t, v = tensor(x), Value(x)
        getattr(torch.nn.functional, name)(t).backward()
        getattr(ag, name)(v).backward()
        if x or name != "leaky_relu":
            assert v.grad == pytest.approx(t.grad.item(), rel=1e-11, abs=ATOL)


def test_the_reference_program_of_micrograds_test():
    """A function with shared nodes, powers, relu and division (karpathy/micrograd, test_more_ops)."""

    def program(a, b, relu):
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + relu(b + a)
        d = d + 3 * d + relu(b - a)
        e = c - d
        f = e**2
        g = f / 2.0
        return g + 10.0 / f

    s, t = tensor(-4.0), tensor(2.0)
    x, y = Value(-4.0), Value(2.0)
    expected, got = program(s, t, torch.relu), program(x, y, ag.relu)
    expected.backward()
    got.backward()
    assert got.data == pytest.approx(expected.item(), rel=RTOL)
    assert (x.grad, y.grad) == pytest.approx((s.grad.item(), t.grad.item()), rel=RTOL)
    assert (x.grad, y.grad) == pytest.approx((138.8338192419825, 645.5772594752186), rel=RTOL)  # pinned


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu"])
@pytest.mark.parametrize("loss", ["mse_loss", "hinge_loss", "cross_entropy"])
def test_a_network_and_its_losses(activation, loss):
    """MLP 3-5-4-out: outputs, loss and every parameter's gradient, transcribed weight by weight."""
    generator = random.Random(5)
    width = 3 if loss == "cross_entropy" else 1
    model = nn.MLP(3, [5, 4, width], activation, seed=2)
    X = [[generator.uniform(-1, 1) for _ in range(3)] for _ in range(6)]
    y = [0, 1, 2, 2, 1, 0] if loss == "cross_entropy" else [1, -1, 1, 1, -1, -1]

    outputs = [model(x) for x in X]
    total = getattr(nn, loss)(outputs, y)
    total.backward()

    h = torch.tensor(X, dtype=torch.float64)
    weights = []
    for i, layer in enumerate(model.layers):
        W = tensor([[w.data for w in neuron.w] for neuron in layer.neurons])
        b = tensor([neuron.b.data for neuron in layer.neurons])
        weights.append((W, b))
        h = h @ W.T + b
        if i < 2:
            h = getattr(torch.nn.functional, activation)(h)
    if loss == "cross_entropy":
        expected = torch.nn.functional.cross_entropy(h, torch.tensor(y))
    elif loss == "hinge_loss":
        expected = torch.relu(1 - torch.tensor(y) * h[:, 0]).mean()
    else:
        expected = ((h[:, 0] - torch.tensor(y)) ** 2).mean()
    expected.backward()

    assert total.data == pytest.approx(expected.item(), rel=RTOL, abs=ATOL)
    for layer, (W, b) in zip(model.layers, weights, strict=True):
        for j, neuron in enumerate(layer.neurons):
            assert [w.grad for w in neuron.w] == pytest.approx(W.grad[j].tolist(), rel=1e-11, abs=ATOL)
            assert neuron.b.grad == pytest.approx(b.grad[j].item(), rel=1e-11, abs=ATOL)


def test_second_derivatives():
    def f_torch(x):
        return torch.exp(x[0] * x[1]) + torch.sin(x[2]) / x[1] + torch.logsumexp(x, 0)

    def f(x):
        return ag.exp(x[0] * x[1]) + ag.sin(x[2]) / x[1] + ag.logsumexp(x)

    point = [0.3, 1.2, -0.5]
    expected = torch.autograd.functional.hessian(f_torch, torch.tensor(point, dtype=torch.float64))
    for row, expected_row in zip(ag.hessian(f)(point), expected.tolist(), strict=True):
        assert row == pytest.approx(expected_row, rel=RTOL, abs=ATOL)


def test_the_policy_where_it_is_torchs_too():
    """0**0, ties, relu at 0; where we differ (nan at x < 0 for log) torch gives a number."""
    for a, b in ((0.0, 0.0), (0.0, 2.0), (2.0, 0.0)):
        s, t, x, y = tensor(a), tensor(b), Value(a), Value(b)
        (s**t).backward()
        (x**y).backward()
        assert (x.grad, y.grad) == (s.grad.item(), t.grad.item())
