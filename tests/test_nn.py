"""Modules, layers, losses, the optimiser and the data helpers."""

import math
import random
import statistics

import pytest

import autograd as ag
import nn
from autograd import Value, check_grads, no_grad
from nn import MLP, SGD, Layer, Module, Neuron
from nn.datasets import iris


class TestModule:
    def test_parameters_are_found_wherever_they_are(self):
        class Part(Module):
            def __init__(self):
                self.w = nn.parameter(1.0, "w")

        class Whole(Module):
            def __init__(self):
                self.first = Part()
                self.rest = [Part(), (Part(), {"deep": Part()})]
                self.bias = nn.parameter(0.0)
                self.frozen = Value(1.0, requires_grad=False)
                self.computed = self.bias * 2
                self.size = 3

        whole = Whole()
        names = [name for name, _ in whole.named_parameters()]
        assert names == ["first.w", "rest.0.w", "rest.1.0.w", "rest.1.1.deep.w", "bias"]
        assert len(whole.parameters()) == 5
        assert all(p.is_parameter for p in whole.parameters())

    def test_a_shared_parameter_is_one(self):
        class Tied(Module):
            def __init__(self):
                self.a = Neuron(2)
                self.b = self.a
                self.w = self.a.w

        assert len(Tied().parameters()) == 3

    def test_object_arrays_are_searched_and_sets_refused(self):
        import numpy as np

        class Matrix(Module):
            def __init__(self):
                self.W = np.array([[nn.parameter(1.0), nn.parameter(2.0)]])
                self.size = np.float64(3)

            def forward(self, x):
                return self.W @ x

        model = Matrix()
        assert [name for name, _ in model.named_parameters()] == ["W.0.0", "W.0.1"]
        assert model(np.array([3.0, 4.0]))[0] == 11.0
        model.parts = {Neuron(1)}
        with pytest.raises(TypeError, match="parts is a set of modules or parameters"):
            model.parameters()

    def test_models_are_pickled_and_copied(self):
        import copy
        import pickle

        model = MLP(2, [3, 1], "tanh")
        for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            assert other([1.0, 2.0]) == model([1.0, 2.0])
            other.parameters()[0].data = 7.0
            assert model.parameters()[0].data != 7.0

    def test_a_module_that_contains_itself_does_no_harm(self):
        m = Neuron(2)
        m.me = m
        assert len(m.parameters()) == 3

    def test_zero_grad(self):
        model = MLP(2, [2, 1])
        model([1.0, 2.0]).backward()
        assert any(p.grad for p in model.parameters())
        model.zero_grad()
        assert not any(p.grad for p in model.parameters())

    def test_a_module_of_ones_own(self):
        class Scale(Module):
            def __init__(self):
                self.s = nn.parameter(2.0)

            def forward(self, x):
                return [self.s * x_i for x_i in x]

        class Net(Module):
            def __init__(self):
                self.scale = Scale()
                self.out = Neuron(2, "linear")

            def forward(self, x):
                return self.out(self.scale(x))

        net = Net()
        y = net([1.0, 2.0])
        y.backward()
        assert net.scale.s.grad == pytest.approx(net.out.w[0].data + 2 * net.out.w[1].data)
        assert y.path == "Net.out"
        with pytest.raises(NotImplementedError, match="Module needs a method forward"):
            Module()(1)

    def test_modules_appended_to_a_list_know_their_place(self):
        class Net(Module):
            def __init__(self):
                self.layers = []
                for _ in range(2):
                    self.layers.append(Layer(2, 2))

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x

        assert Net()([1.0, 2.0])[1].path == "Net.layers.1.neurons.1"

    def test_values_know_the_module_they_were_made_in(self):
        model = MLP(2, [3, 1], "tanh")
        paths = {v.path for v in ag.graph.walks.topological_order(model([1.0, 2.0])) if v.op is not None}
        assert paths == {f"MLP.layers.0.neurons.{i}" for i in range(3)} | {"MLP.layers.1.neurons.0"}

    def test_a_frozen_value_stays_a_parameter(self):
        class Line(Module):
            def __init__(self):
                self.slope = Value(2.0)
                self.fixed = Value(1.0, requires_grad=False)

        line = Line()
        line.requires_grad_(False)
        assert list(line.state_dict()) == ["slope"]
        assert not line.slope.requires_grad
        line.requires_grad_()
        assert line.slope.requires_grad
        assert not line.fixed.is_parameter

    def test_a_module_that_knows_its_owner_has_a_text(self):
        model = MLP(2, [1])
        model.child = nn.Sequential(model)
        assert repr(model.child).count("MLP(2") == 1

    @pytest.mark.parametrize(
        "number", [10**400, 10**5000, math.nan, True, "1"], ids=["400", "5000", "nan", "bool", "str"]
    )
    def test_a_state_that_is_no_number(self, number):
        with pytest.raises(ValueError, match=r"layers\.0\.neurons\.0\.b is a finite number, not"):
            MLP(1, [1]).load_state_dict({"layers.0.neurons.0.w.0": 1.0, "layers.0.neurons.0.b": number})


class TestLayers:
    def test_sizes_may_be_of_numpy(self):
        np = pytest.importorskip("numpy")
        model = MLP(np.int64(2), np.array([3, 1]))
        assert [type(size) for size in model.config()["sizes"]] == [int, int]
        with pytest.raises(ValueError, match=r"size is a whole number of 1 or more, not 2\.0"):
            nn.LayerNorm(2.0)
        with pytest.raises(TypeError, match=r"write \[1\.0\] for a single one"):
            nn.Dropout()(1.0)

    def test_a_neuron_is_three_nodes(self):
        neuron = Neuron(3, "tanh")
        y = neuron([1.0, 2.0, 3.0])
        net = y.args[0]
        assert [y.op.name, net.op.name, net.args[0].op.name] == ["tanh", "add", "dot"]
        assert y.data == math.tanh(sum(w.data * x for w, x in zip(neuron.w, (1.0, 2.0, 3.0), strict=True)))

    def test_a_layer_gives_a_list_and_shares_its_input(self):
        layer = Layer(2, 1, "linear")
        (y,) = layer([1.0, 2.0])
        assert type(y) is Value
        out = Layer(2, 3, "linear")([Value(1.0), 2.0])
        assert len({id(y.args[0].args[1]) for y in out}) == 1

    def test_an_mlp_gives_one_value_or_a_list(self):
        assert type(MLP(2, [4, 1])([1, 2])) is Value
        assert len(MLP(2, [4, 3])([1, 2])) == 3

    def test_the_last_layer_is_linear(self):
        model = MLP(2, [4, 1], "relu")
        assert model.layers[0].neurons[0].activation == "relu"
        assert model.layers[1].neurons[0].activation == "linear"

    def test_an_activation_may_be_a_function(self):
        shifted = ag.Op("shifted", lambda x: x + 1.0, (lambda x, out: 1.0,), register=False)
        layer = Layer(2, 1, shifted)
        assert layer([0.0, 0.0])[0] == 1.0
        assert repr(layer) == "Layer(2, 1, activation='shifted')  # 3 parameters"
        assert MLP(1, [2, 1], ag.tanh)([0.0]) == 0.0
        with pytest.raises(ValueError, match="or pass a function"):
            Neuron(2, None)

    def test_sizes_of_micrograds_network(self):
        assert len(MLP(2, [16, 16, 1]).parameters()) == 337

    def test_repr(self):
        assert repr(MLP(2, [3, 1])) == "MLP(2, [3, 1], activation='relu')  # 13 parameters"
        assert repr(Layer(2, 3, "tanh")) == "Layer(2, 3, activation='tanh')  # 9 parameters"
        assert repr(Neuron(2)) == "Neuron(2, activation='relu')  # 3 parameters"

    @pytest.mark.parametrize("bad", [[1.0], [1.0, 2.0, 3.0], []])
    def test_a_wrong_number_of_inputs_is_an_error(self, bad):
        message = f"takes 2 inputs and was given {len(bad)}: pass 2, or make it with in_size={len(bad)}"
        with pytest.raises(ValueError, match=f"^the Layer MLP.layers.0 {message}"):
            MLP(2, [3, 1])(bad)
        with pytest.raises(ValueError, match=f"^this Neuron {message}"):
            Neuron(2)(bad)

    def test_an_error_names_the_layer_that_does_not_fit(self):
        class Net(Module):
            def __init__(self):
                self.body = nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1))

            def forward(self, x):
                return self.body(x)

        with pytest.raises(ValueError, match=r"the Linear Net\.body\.1 takes 4 inputs and was given 3"):
            Net()([1.0, 2.0])
        with pytest.raises(ValueError, match=r"the RMSNorm Sequential\.1 is for 2 numbers and was given 3"):
            nn.Sequential(nn.Linear(1, 3), nn.RMSNorm(2))([1.0])

    def test_a_thing_is_known_by_its_number(self):
        embedding = nn.Embedding(3, 2)
        for given in ("a", "ab", ["a"], b"a"):
            with pytest.raises(TypeError, match=r"known by its number, not as b?'ab?': write things.index"):
                embedding(given)
        np = pytest.importorskip("numpy")
        assert embedding(np.array(1)) is embedding.rows[1]
        assert embedding(np.array([1, 2])) == embedding.rows[1:]

    def test_a_forward_without_return_before_a_layer(self):
        class Empty(Module):
            def forward(self, x):
                [2.0 * x_i for x_i in x]

        with pytest.raises(TypeError, match=r"the inputs are None: end the forward.* with return"):
            nn.Sequential(Empty(), nn.Linear(1, 1))([1.0])

    def test_a_number_for_the_inputs_is_an_error(self):
        for module in (MLP(1, [1]), Layer(1, 1), Neuron(1)):
            with pytest.raises(TypeError, match=r"a sequence of numbers, not 3\.0: write \[3\.0\]"):
                module(3.0)

    def test_bad_arguments(self):
        with pytest.raises(ValueError, match="no activation is called 'rely': choose one of linear, elu"):
            MLP(2, [3, 1], "rely")
        with pytest.raises(ValueError, match=r"sizes is a list with the width of each layer.*not 3"):
            MLP(2, 3)
        with pytest.raises(ValueError, match="in_size is a whole number of 1 or more, not 0"):
            Neuron(0)
        with pytest.raises(ValueError, match=r"out_size is a whole number of 1 or more, not 1\.5"):
            Layer(2, 1.5)

    def test_seeds(self):
        def weights(model):
            return [p.data for p in model.parameters()]

        assert weights(MLP(2, [3], seed=1)) == weights(MLP(2, [3], seed=1))
        assert weights(MLP(2, [3], seed=1)) != weights(MLP(2, [3], seed=2))
        nn.seed(1)
        assert weights(MLP(2, [3])) == weights(MLP(2, [3], seed=1))
        # random.Random(1).random() is 0.13436424411240122 on every machine
        assert MLP(1, [1], seed=1).layers[0].neurons[0].w[0].data == pytest.approx(
            (2 * 0.13436424411240122 - 1) * math.sqrt(3)
        )

    @pytest.mark.parametrize(("activation", "variance"), [("relu", 2.0), ("tanh", 1.0)])
    def test_initial_weights_have_the_spread_of_their_rule(self, activation, variance):
        """Variance 2/n for relu (He), 1/n otherwise (LeCun); biases 0."""
        neurons = Layer(50, 400, activation).neurons
        draws = [w.data for neuron in neurons for w in neuron.w]
        assert statistics.fmean(draws) == pytest.approx(0.0, abs=0.01)
        assert statistics.pvariance(draws) == pytest.approx(variance / 50, rel=0.03)
        assert not any(neuron.b.data for neuron in neurons)

    def test_gradients(self):
        model = MLP(2, [3, 2], "tanh", seed=3)
        check_grads(lambda x: nn.cross_entropy([model(x)], [1]), [0.3, -0.8])


class TestLosses:
    def test_figures(self):
        assert nn.mse_loss([1.0, 2.0], [0.0, 4.0]) == 2.5
        assert nn.mse_loss([[1.0, 2.0], [0.0, 0.0]], [[0.0, 4.0], [0.0, 2.0]]) == 2.25
        assert nn.hinge_loss([0.5, -2.0], [1, -1]) == 0.25
        assert nn.cross_entropy([[0.0, 0.0]], [0]) == pytest.approx(math.log(2))
        assert nn.cross_entropy([[1000.0, -1000.0]], [1]) == 2000.0
        assert nn.cross_entropy([[1000.0, -1000.0]], [0]) == 0.0

    @pytest.mark.parametrize("loss", [nn.mse_loss, nn.hinge_loss])
    def test_lengths_must_match(self, loss):
        with pytest.raises(ValueError, match="one target for each output, and was given 1 and 2"):
            loss([1.0], [1, 1])
        with pytest.raises(ValueError, match="was given 0 and 0"):
            loss([], [])
        with pytest.raises(TypeError, match=r"outputs is a sequence, one for each sample"):
            loss(Value(1.0), [1])

    def test_shapes_must_fit(self):
        with pytest.raises(TypeError, match="logits of a sample are a number for each class"):
            nn.cross_entropy([Value(1.0)], [0])
        for label in ([0, 1], "cat", None):
            with pytest.raises(
                ValueError, match=r"classes.index\(label\) for names, row.index\(1\) for one-hot"
            ):
                nn.cross_entropy([[1.0, 2.0]], [label])
        with pytest.raises(TypeError, match="is the last layer wider than 1"):
            nn.hinge_loss([[1.0, 2.0]], [1])

    def test_labels_must_be_labels(self):
        with pytest.raises(ValueError, match="labels -1 and 1, not 0"):
            nn.hinge_loss([1.0], [0])
        for label in (2, -1, 0.5):
            with pytest.raises(ValueError, match="is none of the classes 0 to 1"):
                nn.cross_entropy([[1.0, 2.0]], [label])

    def test_a_model_wider_than_its_targets(self):
        with pytest.raises(ValueError, match="make the last layer as wide as the targets"):
            nn.mse_loss([[1.0, 2.0]], [1.0])
        with pytest.raises(ValueError, match="for classes use one_hot, or cross_entropy"):
            nn.mse_loss([1.0], [[1.0, 2.0]])

    def test_weights_of_classes(self):
        with pytest.raises(ValueError, match="weight has a number for each of the 2 classes, not 1"):
            nn.multi_margin_loss([[1.0, 2.0]], [0], weight=[1.0])
        with pytest.raises(ValueError, match="the weights of all these labels are 0"):
            nn.cross_entropy([[1.0, 2.0]], [0], weight=[0.0, 1.0])


class TestSGD:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda p: nn.SGD([{"params": p, "nesterov": True}]), "Nesterov's look ahead needs momentum"),
            (lambda p: nn.Adam(p, betas=0.9), r"betas are two numbers, as \(0\.9, 0\.999\), not 0\.9"),
            (lambda p: nn.Adam([{"params": p, "betas": [0.9, 1.5]}]), "beta is 0 or more and below 1"),
            (lambda p: nn.SGD(p, lr=True), "lr is a number, not the bool True"),
            (lambda p: nn.SGD(p, momentum=0.9, nesterov="yes"), "nesterov is True or False, not 'yes'"),
        ],
    )
    def test_options_of_groups_are_checked_too(self, make, message):
        with pytest.raises((ValueError, TypeError), match=message):
            make([nn.parameter(1.0)])

    def test_a_step(self):
        p = nn.parameter(1.0)
        optimizer = SGD([p], lr=0.1)
        (p * p).backward()
        optimizer.step()
        assert p.data == 1.0 - 0.1 * 2.0
        optimizer.zero_grad()
        assert p.grad == 0.0

    def test_bad_arguments(self):
        with pytest.raises(ValueError, match="no parameters to adjust"):
            SGD([])
        with pytest.raises(ValueError, match="0 or more, not -1"):
            SGD([nn.parameter(1.0)], lr=-1)
        with pytest.raises(TypeError, match=r"write \[p\]"):
            SGD(nn.parameter(1.0))
        with pytest.raises(TypeError, match=r"the str '0\.1'"):
            SGD([nn.parameter(1.0)], lr="0.1")

    @pytest.mark.parametrize(
        "model", [MLP(1, [1]), nn.Sequential(nn.Linear(1, 1))], ids=["MLP", "Sequential"]
    )
    def test_a_model_in_place_of_its_parameters(self, model):
        name = type(model).__name__
        for act in (
            SGD,
            lambda m: nn.Adam([{"params": m, "lr": 0.1}]),
            lambda m: nn.clip_grad_norm_(m, 1.0),
            lambda m: nn.clip_grad_value_(m, 1.0),
        ):
            with pytest.raises(
                TypeError, match=rf"not the {name} that has them: write model\.parameters\(\)"
            ):
                act(model)

    def test_the_learning_rate_may_be_of_numpy(self):
        import numpy as np

        assert type(SGD([nn.parameter(1.0)], lr=np.float32(0.5)).lr) is float


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
        with pytest.raises(ValueError, match="leaves a part empty: pass one above 0 and below 1"):
            nn.train_test_split(X, y, 0.0)

    @pytest.mark.parametrize("size", [1e-200, 1e200])
    def test_standardise_numbers_whose_squares_are_none(self, size):
        assert nn.standardise([[-size], [size]]) == [[-1.0], [1.0]]

    def test_standardise(self):
        (train, test) = nn.standardise([[1.0, 5.0], [3.0, 5.0]], [[2.0, 6.0]])
        assert train == [[-1.0, 0.0], [1.0, 0.0]]
        assert test == [[0.0, 1.0]]
        assert nn.standardise([[0.1]] * 3, [[0.2]]) == ([[0.0]] * 3, [[0.1]])


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
