"""Modules, layers and initial weights."""

import math
import statistics

import pytest
from threads import run_in_threads

import autograd as ag
import nn
from autograd import Value, check_grads
from nn import MLP, Layer, Module, Neuron
from nn.models.module import forward_hook


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

    def test_a_hook_sees_inputs_and_outputs_for_the_length_of_its_block(self):
        """Inputs that can be read once only reach both the module and the hook."""
        layer, calls = Layer(2, 1), []
        with forward_hook([layer], lambda module, args, out: calls.append((module, args, out))):
            out = layer(x for x in (1.0, 2.0))
            layer(x=[3.0, 4.0])
        layer([5.0, 6.0])
        assert calls[0] == (layer, ([1.0, 2.0],), out)
        assert [args for _, args, _ in calls] == [([1.0, 2.0],), ([3.0, 4.0],)]
        assert "_hooks" not in vars(layer)

    @pytest.mark.parametrize(
        "number", [10**400, 10**5000, math.nan, True, "1"], ids=["400", "5000", "nan", "bool", "str"]
    )
    def test_a_state_that_is_no_number(self, number):
        with pytest.raises(ValueError, match=r"layers\.0\.neurons\.0\.b is a finite number, not"):
            MLP(1, [1]).load_state_dict({"layers.0.neurons.0.w.0": 1.0, "layers.0.neurons.0.b": number})


def test_threads_that_share_a_model_have_paths_of_their_own():
    """A module enters the same block of its path at every call, in whatever thread and surroundings."""
    model, wrong = nn.MLP(2, [2], "tanh"), []

    def run(name):
        for _ in range(200):
            with ag.module_path(name):
                path = model([1.0, 2.0])[0].path
            if path != f"{name}.MLP.layers.0.neurons.0":
                wrong.append(path)

    run_in_threads(run, "abc", interval=1e-6)
    assert wrong == []


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

    def test_config_and_repr_follow_from_the_arguments_as_they_are_now(self):
        norm, dropout = nn.LayerNorm(3, 1e-3, affine=False), nn.Dropout(0.5)
        assert repr(norm) == "LayerNorm(3, eps=0.001, affine=False)"
        norm.eps, dropout.p = 0.01, 0.25
        assert norm.config() == {"size": 3, "eps": 0.01, "affine": False}
        assert repr(nn.Sequential(norm, dropout)).splitlines()[1:3] == [
            "  0: LayerNorm(3, eps=0.01, affine=False)",
            "  1: Dropout(0.25)",
        ]
        model = MLP(2, [3, 1], ["tanh"], output_activation=ag.exp, bias=False, outputs="values")
        assert repr(model) == (
            "MLP(2, [3, 1], activation=['tanh'], output_activation='exp', bias=False, outputs='values')"
            "  # 9 parameters"
        )
        assert model.config() is None  # no name in a file stands for exp
        assert eval(f"nn.{nn.Linear(2, 3, bias=False)!r}").config() == nn.Linear(2, 3, bias=False).config()

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
        with pytest.raises(ValueError, match=r"the RMSNorm Sequential\.1 takes 2 inputs and was given 3"):
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


class TestModules:
    def test_state_dict(self):
        model, other = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
        other.load_state_dict(model.state_dict())
        assert other.state_dict() == model.state_dict()
        before = other.state_dict()
        with pytest.raises(ValueError, match=r"layers\.0\.neurons\.0\.w\.0 is missing"):
            other.load_state_dict({k: v for k, v in before.items() if k != "layers.0.neurons.0.w.0"})
        with pytest.raises(ValueError, match="make the model with the same sizes"):
            MLP(2, [4, 1]).load_state_dict(before)
        for bad in (math.nan, "1", None, True, [1.0]):
            with pytest.raises(ValueError, match=r"neurons\.0\.b is a finite number"):
                other.load_state_dict({**before, "layers.0.neurons.0.b": bad})
        assert other.state_dict() == before

    def test_training_and_freezing(self):
        model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.ReLU(), nn.Linear(3, 1))
        assert model.training
        assert not any(module.training for module in model.eval().modules())
        assert all(module.training for module in model.train().modules())
        model.requires_grad_(False)
        before = model.state_dict()
        assert len(before) == 13
        optimizer = nn.AdamW(model.parameters(), lr=1.0)
        optimizer.step()
        assert model.state_dict() == before
        visited = []
        model.apply(visited.append)
        assert visited[-1] is model
        assert len(visited) == 9  # with the neurons

    def test_dropout(self):
        dropout = nn.Dropout(0.25)
        xs = dropout([1.0] * 4000)
        assert set(xs) == {0.0, 1.0 / 0.75}
        assert sum(xs) / 4000 == pytest.approx(1.0, abs=0.05)
        assert dropout.eval()([1.0, 2.0]) == [1.0, 2.0]
        with pytest.raises(ValueError, match="0 or more and below 1, not 1"):
            nn.Dropout(1)

    def test_dropout_is_not_traced_in_training(self):
        model = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 1, weight_init=nn.init.constant(1.0)))
        with pytest.raises(ag.TraceError, match=r"keep those of its first call: call model\.eval"):
            ag.jit(model)([1.0, 2.0])
        model.eval()
        assert ag.jit(model)([1.0, 2.0]).data == 3.0

    def test_reprs(self):
        model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.Tanh(), nn.LayerNorm(3), nn.Embedding(2, 3))
        assert repr(model).splitlines() == [
            "Sequential(  # 18 parameters",
            "  0: Linear(2, 3, bias=False)  # 6 parameters",
            "  1: Tanh()",
            "  2: LayerNorm(3)  # 6 parameters",
            "  3: Embedding(2, 3)  # 6 parameters",
            ")",
        ]

    def test_activations_per_layer(self):
        model = MLP(2, [3, 4, 1], ["relu", "tanh"], output_activation="sigmoid", bias=False)
        assert [layer.neurons[0].activation for layer in model.layers] == ["relu", "tanh", "sigmoid"]
        assert len(model.parameters()) == 2 * 3 + 3 * 4 + 4
        assert repr(model).startswith(
            "MLP(2, [3, 4, 1], activation=['relu', 'tanh'], output_activation='sigmoid'"
        )
        with pytest.raises(ValueError, match="one for each of the 2 hidden layers, not 1"):
            MLP(2, [3, 4, 1], ["relu"])

    def test_wrong_sizes(self):
        with pytest.raises(ValueError, match="this LayerNorm takes 3 inputs and was given 2"):
            nn.LayerNorm(3)([1.0, 2.0])
        with pytest.raises(ValueError, match="5 is none of the 2 things 0 to 1"):
            nn.Embedding(2, 3)(5)
        with pytest.raises(TypeError, match="takes modules and functions"):
            nn.Sequential([nn.Linear(1, 1)])


class TestInitialisers:
    @pytest.mark.parametrize(
        ("name", "variance"),
        [
            ("normal", 1.0),
            ("uniform", 1.0 / 12.0),
            ("xavier_uniform", 2.0 / 60),
            ("xavier_normal", 2.0 / 60),
            ("kaiming_uniform", 2.0 / 20),
            ("kaiming_normal", 2.0 / 20),
            ("lecun_uniform", 1.0 / 20),
            ("lecun_normal", 1.0 / 20),
        ],
    )
    def test_mean_and_variance(self, name, variance):
        """Of 20,000 draws, within four standard errors."""
        draw = nn.init.by_name(name)
        xs = [draw(20, 40) for _ in range(20_000)]
        mean = sum(xs) / len(xs)
        expected = 0.5 if name == "uniform" else 0.0
        assert abs(mean - expected) < 4 * math.sqrt(variance / len(xs))
        found = sum((x - mean) ** 2 for x in xs) / len(xs)
        assert abs(found / variance - 1.0) < 4 * math.sqrt(2.0 / len(xs))

    def test_normal_numbers_are_normal(self):
        """Kolmogorov and Smirnov's distance from the normal distribution; 1.95 is passed once in 1000."""
        xs = sorted(nn.init.draw_normal() for _ in range(20_000))
        distance = max(
            abs((i + 0.5) / len(xs) - 0.5 * math.erfc(-x / math.sqrt(2.0))) for i, x in enumerate(xs)
        )
        assert distance * math.sqrt(len(xs)) < 1.95

    def test_draws_are_the_same_everywhere(self):
        """Sums and comparisons of random.Random.random() alone: pinned."""
        nn.seed(0)
        drawn = [nn.init.draw_normal() for _ in range(3)]
        assert drawn == [1.3988235422242687, -0.24391087688713198, -0.23861592861522019]

    def test_unknown_names(self):
        with pytest.raises(ValueError, match="no initialiser is called 'glorot': choose one of zeros"):
            nn.Layer(2, 2, weight_init="glorot")
