"""Figures of texts that teach back-propagation by hand, reproduced digit by digit.

A: Matt Mazur, "A Step by Step Backpropagation Example" (2015).
B: "Understanding the Backpropagation Algorithm" (Towards AI).
C: "How does the back propagation algorithm work? Math time" (Analytics Vidhya).
D: "Deep dive into back-propagation (III)", after a Udacity course.
E: "Principles of training multi-layer neural network using backpropagation" (AGH).
"Derived" figures are not printed there: they follow from explicit formulas.
"""

import math

import pytest

from autograd import Value, custom_derivative, dot, sigmoid


def printed(text):
    """A figure as printed: equal to the last digit, give or take rounding."""
    digits = len(text.split(".")[1])
    return pytest.approx(float(text), abs=0.5000001 * 10.0**-digits)


class Mazur:
    """The 2-2-2 network with its shared biases, which the text does not update."""

    def __init__(self):
        self.x = (0.05, 0.10)
        self.w = [
            Value(w, f"w{i}") for i, w in enumerate((0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55), 1)
        ]
        w1, w2, w3, w4, w5, w6, w7, w8 = self.w
        self.net_h1 = dot((w1, w2), self.x) + 0.35
        self.net_h2 = dot((w3, w4), self.x) + 0.35
        self.h1, self.h2 = sigmoid(self.net_h1), sigmoid(self.net_h2)
        self.net_o1 = dot((w5, w6), (self.h1, self.h2)) + 0.60
        self.net_o2 = dot((w7, w8), (self.h1, self.h2)) + 0.60
        self.o1, self.o2 = sigmoid(self.net_o1), sigmoid(self.net_o2)
        self.e1, self.e2 = 0.5 * (0.01 - self.o1) ** 2, 0.5 * (0.99 - self.o2) ** 2
        self.e = self.e1 + self.e2


def test_mazur_forward():
    net = Mazur()
    assert net.net_h1.data == printed("0.3775")
    assert net.h1.data == printed("0.593269992")
    assert net.h2.data == printed("0.596884378")
    assert net.net_o1.data == printed("1.105905967")
    assert net.o1.data == printed("0.75136507")
    assert net.o2.data == printed("0.772928465")
    assert net.e1.data == printed("0.274811083")
    assert net.e2.data == printed("0.023560026")
    assert net.e.data == printed("0.298371109")
    assert net.net_h2.data == printed("0.3925")  # derived, as is the next
    assert net.net_o2.data == printed("1.224921404")


def test_mazur_backward():
    net = Mazur()
    net.e.backward()
    assert net.w[4].grad == printed("0.082167041")
    assert net.o1.grad == printed("0.74136507")
    assert net.net_o1.grad == printed("0.138498562")
    assert net.h1.grad == printed("0.036350306")
    assert net.w[0].grad == printed("0.000438568")
    derived = ("0.000877135", "0.000497713", "0.000995425")
    assert [w.grad for w in net.w[1:4]] == [printed(t) for t in derived]
    derived = ("0.082667628", "-0.022602540", "-0.022740242")
    assert [w.grad for w in net.w[5:]] == [printed(t) for t in derived]
    assert net.net_o2.grad == printed("-0.038098237")

    updated = [w.data - 0.5 * w.grad for w in net.w]
    figures = "0.149780716 0.19956143 0.24975114 0.29950229 0.35891648 0.408666186 0.511301270 0.561370121"
    assert updated == [printed(t) for t in figures.split()]


def test_mazur_by_paths():
    """The two errors separately; the third digit string of the text is off by one in its last place."""
    net = Mazur()
    net.e1.backward()
    assert net.h1.grad == printed("0.055399425")
    assert net.w[0].grad == printed("0.000668396")  # derived
    first = net.w[0].grad
    net = Mazur()
    net.e2.backward()
    assert net.h1.grad == printed("-0.019049118")  # the text: -0.019049119
    assert net.w[0].grad == printed("-0.000229828")  # derived
    assert first + net.w[0].grad == printed("0.000438568")


def test_mazur_error_after_one_step():
    """A true gradient step gives .291027774; the printed .291027924 is that of sequential updates."""
    net = Mazur()
    net.e.backward()
    after = Mazur()
    for w, old in zip(after.w, net.w, strict=True):
        w.data = old.data - 0.5 * old.grad
    numbers = [w.data for w in after.w]
    w1, w2, w3, w4, w5, w6, w7, w8 = numbers
    h = (sigmoid(dot((w1, w2), after.x) + 0.35), sigmoid(dot((w3, w4), after.x) + 0.35))
    o1, o2 = sigmoid(dot((w5, w6), h) + 0.60), sigmoid(dot((w7, w8), h) + 0.60)
    assert 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2 == printed("0.291027774")


class Net:
    """The network of A, B and C for any numbers, and both update schedules."""

    def __init__(self, w, x=(0.05, 0.10), b=(0.35, 0.60), t=(0.01, 0.99)):
        self.w, self.x, self.b, self.t = [Value(number) for number in w], x, b, t
        w1, w2, w3, w4, w5, w6, w7, w8 = self.w
        self.h = [sigmoid(dot(pair, x) + b[0]) for pair in ((w1, w2), (w3, w4))]
        self.net = [dot(pair, self.h) + b[1] for pair in ((w5, w6), (w7, w8))]
        self.o = [sigmoid(net) for net in self.net]
        self.e = 0.5 * (t[0] - self.o[0]) ** 2 + 0.5 * (t[1] - self.o[1]) ** 2
        self.e.backward()

    def again(self, w):
        return Net(w, self.x, self.b, self.t)

    def simultaneous(self, rate):
        return self.again([w.data - rate * w.grad for w in self.w])

    def sequential(self, rate):
        """The new w5 to w8 carry the error back; outputs and their deltas stay the old ones."""
        new = [w.data - rate * w.grad for w in self.w]
        for i, h in enumerate(self.h):
            error = self.net[0].grad * new[4 + i] + self.net[1].grad * new[6 + i]
            for j, x in enumerate(self.x):
                k = 2 * i + j
                new[k] = self.w[k].data - rate * error * h.data * (1.0 - h.data) * x
        return self.again(new)


MAZUR = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)


def test_mazurs_figures_after_10_000_rounds():
    """The printed outputs are those of the sequential schedule, the error of 9,999 simultaneous steps."""
    assert Net(MAZUR).sequential(0.5).e.data == printed("0.291027924")
    simultaneous = sequential = Net(MAZUR)
    for _ in range(9_999):
        simultaneous, sequential = simultaneous.simultaneous(0.5), sequential.sequential(0.5)
    assert simultaneous.e.data == printed("0.0000351085")
    assert sequential.e.data != printed("0.0000351085")
    simultaneous, sequential = simultaneous.simultaneous(0.5), sequential.sequential(0.5)
    assert simultaneous.e.data == pytest.approx(3.510188e-5, rel=1e-6)
    assert sequential.e.data == printed("0.000035085")  # of an older edition
    assert [o.data for o in sequential.o] == [printed("0.015912196"), printed("0.984065734")]
    assert [o.data for o in simultaneous.o] == [printed("0.015913620"), printed("0.984064274")]


def test_the_two_slips():
    """B says the target .22, and prints weights of the target .99; its w5 has a gradient cut to .081."""
    as_said, as_meant = (Net(MAZUR, t=(0.01, t2)).simultaneous(0.5).w for t2 in (0.22, 0.99))
    assert [w.data for w in as_said[6:]] == [printed("0.471213"), printed("0.521038")]
    assert [w.data for w in as_meant[5:]] == [printed("0.408666"), printed("0.511301"), printed("0.561370")]
    assert as_meant[4].data == printed("0.358916")
    assert printed("0.3595") == 0.4 - 0.5 * 0.081
    assert Net(MAZUR).sequential(0.5).w[0].data == printed("0.149817639")


def test_what_the_outputs_alone_determine():
    """C: its inputs and weights are lost, the stand-in is not the author's."""
    w = (0.70, 0.80, 1.00, 0.90, 0.65, 0.60, 0.70, 0.75)
    net = Net(w, (0.40, 0.02), (0.75, 1.20), (0.01, 1.0))
    assert [o.data for o in net.o] == [printed("0.894606"), printed("0.908053")]
    assert [v.data for v in net.net] == [
        pytest.approx(2.138678, abs=5e-6),
        pytest.approx(2.290090, abs=5e-6),
    ]
    assert net.e.data == printed("0.395491")
    assert [o.grad for o in net.o] == [printed("0.884606"), printed("-0.091947")]
    assert [v.grad for v in net.net] == [printed("0.083406"), printed("-0.007677")]
    figures = "0.698497 0.799925 0.998718 0.899936 0.625312 0.574552 0.702272 0.752342"
    assert [w.data for w in net.simultaneous(0.4).w] == [printed(t) for t in figures.split()]


def test_deep_dive_with_a_linear_output():
    x, d, alpha = (0.5, -1.0), 1.0, 0.1
    W1 = [[Value(w) for w in row] for row in ((0.1, 0.2, 0.3), (0.4, -0.5, 0.6))]
    W2 = [Value(w) for w in (0.7, -0.8, 0.9)]
    h = [sigmoid(dot(x, (W1[0][j], W1[1][j]))) for j in range(3)]
    y = dot(h, W2)
    error = (d - y) ** 2 / 2
    error.backward()
    assert y.data == printed("0.123267339")
    assert error.data == printed("0.384330079")
    figures = "0.736242587 -0.743393203 0.934136530"
    assert [w.data - alpha * w.grad for w in W2] == [printed(t) for t in figures.split()]
    figures = ("0.107441189 0.191976695 0.309380297", "0.385117623 -0.483953391 0.581239406")
    for row, texts in zip(W1, figures, strict=True):
        assert [w.data - alpha * w.grad for w in row] == [printed(t) for t in texts.split()]


def test_deep_dive_figures_printed_in_the_course():
    x, d, rate = (0.5, 0.1, -0.2), 0.6, 0.5
    W_ih = [[Value(w) for w in row] for row in ((0.5, -0.6), (0.1, -0.2), (0.1, 0.7))]
    W_ho = [Value(0.1), Value(-0.3)]
    h = [sigmoid(dot(x, [row[j] for row in W_ih])) for j in range(2)]
    ((d - sigmoid(dot(h, W_ho))) ** 2 / 2).backward()
    assert [-rate * w.grad for w in W_ho] == pytest.approx([0.00804047, 0.00555918], abs=5e-9)
    expected = [
        [1.77005547e-4, -5.11178506e-4],
        [3.54011093e-5, -1.02235701e-4],
        [-7.08022187e-5, 2.04471402e-4],
    ]
    for row, figures in zip(W_ih, expected, strict=True):
        assert [-rate * w.grad for w in row] == pytest.approx(figures, rel=5e-9)


def test_agh_exact_column():
    """w' = w + eta * delta * f' * y with the exact deltas is the gradient step on E = delta**2 / 2."""
    x, z, eta = (1.0, 0.5), 0.9, 0.5
    first = [[Value(w) for w in pair] for pair in ((0.1, 0.2), (0.3, -0.4), (-0.5, 0.6))]
    second = [[Value(w) for w in triple] for triple in ((0.7, -0.8, 0.9), (-0.1, 0.2, 0.3))]
    last = [Value(0.4), Value(-0.5)]
    y123 = [sigmoid(dot(pair, x)) for pair in first]
    y45 = [sigmoid(dot(triple, y123)) for triple in second]
    y6 = sigmoid(dot(last, y45))
    figures = "0.549833997 0.524979187 0.450166003 0.591471024 0.546133968 0.490881368"
    assert [y.data for y in [*y123, *y45, y6]] == [printed(t) for t in figures.split()]
    ((z - y6) ** 2 / 2).backward()
    assert -y6.grad == printed("0.409118632")
    assert [-y.grad for y in y45] == [printed("0.040898256"), printed("-0.051122820")]
    figures = "0.008184849 -0.010440276 0.005092564"
    assert [-y.grad for y in y123] == [printed(t) for t in figures.split()]
    step = [w.data - eta * w.grad for w in [*first[0], *second[0][:2], *last]]
    figures = "0.101012943 0.200506471 0.702716832 -0.797405981 0.430237667 -0.472080091"
    assert step == [printed(t) for t in figures.split()]


def test_agh_pages_rule():
    """Errors carried back over the weights alone: a custom derivative. At one start it goes uphill."""

    @custom_derivative(
        lambda weights, inputs, out: tuple(out * (1.0 - out) * y for y in inputs),
        lambda weights, inputs, out: weights,
        variadic=True,
    )
    def page(weights, inputs):
        return 1.0 / (1.0 + math.exp(-sum(w * y for w, y in zip(weights, inputs, strict=True))))

    def exact(weights, inputs):
        return sigmoid(dot(weights, inputs))

    def network(neuron, first, second, last, z):
        w = [Value(number) for row in (*first, *second, last) for number in row]
        y123 = [neuron(w[2 * k : 2 * k + 2], [1.0, 0.5]) for k in range(3)]
        y45 = [neuron(w[6:9], y123), neuron(w[9:12], y123)]
        y6 = neuron(w[12:], y45)
        e = (z - y6) ** 2 / 2
        e.backward()
        return w, y123, y45, e

    first, second, last = (
        [[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]],
        [[0.7, -0.8, 0.9], [-0.1, 0.2, 0.3]],
        [0.4, -0.5],
    )
    w, y123, y45, _ = network(page, first, second, last, 0.9)
    assert [-y.grad for y in y45] == [printed("0.163647453"), printed("-0.204559316")]
    figures = "0.135009149 -0.171829826 0.085914913"
    assert [-y.grad for y in y123] == [printed(t) for t in figures.split()]
    step = [v.data - 0.5 * v.grad for v in w]
    figures = "0.116708501 0.208354250 0.710870942 -0.789620470 0.430237667 -0.472080091"
    assert [step[i] for i in (0, 1, 6, 7, 12, 13)] == [printed(t) for t in figures.split()]

    start = [[0.0, 0.0], [3.5, 3.5], [1.5, -3.0]], [[-4.0, -4.0, -4.0], [-4.0, 4.0, -4.0]], [4.0, -2.0]
    before = network(exact, *start, 1.0)[3]
    for rule, uphill in ((page, True), (exact, False)):
        w = [v.data - 1e-4 * v.grad for v in network(rule, *start, 1.0)[0]]
        moved = [w[0:2], w[2:4], w[4:6]], [w[6:9], w[9:12]], w[12:]
        assert (network(exact, *moved, 1.0)[3].data > before.data) == uphill
