"""Epochs that one program makes, batch after batch, give what eager epochs give."""

import random

import numpy as np
import pytest
from test_compiled_training import blobs, small_model, trained

import nn
from autograd import Program, Value, backend_info, where
from nn.optim.optimizer import Optimizer, on_arrays
from nn.training import repeated

pytestmark = pytest.mark.skipif(backend_info()["engine"] != "native", reason="the machine makes such epochs")


@pytest.fixture
def runs(monkeypatch):
    """How many batches each call of Program.repeat has trained on."""
    made = []
    repeat = Program.repeat

    def counted(*args):
        made.append(repeat(*args))
        return made[-1]

    monkeypatch.setattr(Program, "repeat", counted)
    return made


def compare(one, other, history, again):
    """Histories and parameters are equal to rounding."""
    for column in history.rows[0]:
        if column != "seconds":
            assert again[column] == pytest.approx(history[column], rel=1e-9), column
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        assert q.data == pytest.approx(p.data, rel=1e-7, abs=1e-12)
        assert q.grad == p.grad == 0.0


OPTIMIZERS = {
    "sgd": lambda ps: nn.SGD(ps, lr=0.05),
    "momentum": lambda ps: nn.SGD(ps, lr=0.02, momentum=0.9, dampening=0.1, weight_decay=0.01),
    "nesterov": lambda ps: nn.SGD(ps, lr=0.02, momentum=0.9, nesterov=True),
    "adagrad": lambda ps: nn.Adagrad(ps, lr=0.05, lr_decay=0.1, weight_decay=0.01),
    "rmsprop": lambda ps: nn.RMSprop(ps, lr=0.01),
    "centered": lambda ps: nn.RMSprop(ps, lr=0.01, centered=True, momentum=0.5, weight_decay=0.01),
    "adam": lambda ps: nn.Adam(ps, lr=0.02, weight_decay=0.01),
    "adamw": lambda ps: nn.AdamW(ps, lr=0.02),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimiser(kind, runs):
    """Losses, parameters and the optimiser's own state; an epoch has four batches, the last a short one."""
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        optimizer = OPTIMIZERS[kind](model.parameters())
        X, y = blobs(60)
        history = nn.fit(
            model, X, y, loss="cross_entropy", optimizer=optimizer, epochs=6, batch_size=16, compiled=compiled
        )
        found.append((model, history, optimizer.state_dict()))
    assert sum(runs) >= 6 * 4 - 2 - 2  # but for the first batch of each size
    (one, eager, state), (other, compiled, again) = found
    compare(one, other, eager, compiled)
    assert again["steps"] == state["steps"]
    assert again["param_groups"] == state["param_groups"]
    for numbers, others in zip(state["state"], again["state"], strict=True):
        assert others == pytest.approx(numbers, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("kind", ["mlp", "dropout", "norm"])
def test_metrics_validation_and_schedules(kind, runs):
    """And the same random numbers are drawn by dropout, so that the generators end alike."""
    options = {"metrics": ["accuracy"], "validation": 0.2, "schedule": "cosine"}
    model, eager = trained(kind, False, **options)
    state = nn.init.generator.getstate()
    other, compiled = trained(kind, True, **options)
    assert nn.init.generator.getstate() == state
    assert compiled.eager == ""
    assert sum(runs) == 10 * 3 - 1
    compare(model, other, eager, compiled)


def test_one_output_and_rows_of_targets(runs):
    generator = random.Random(1)
    X = [[generator.gauss(0.0, 1.0) for _ in range(3)] for _ in range(40)]
    for outputs, loss, y in (
        (1, "mse", [x[0] - x[1] for x in X]),
        (2, "mse", [[x[0], x[2]] for x in X]),
        (1, "binary_cross_entropy_with_logits", [int(x[0] > 0.0) for x in X]),
    ):
        found = []
        for compiled in (False, True):
            model = nn.MLP(3, [4, outputs], "tanh", seed=2)
            metrics = ["accuracy"] if loss != "mse" else []
            history = nn.fit(
                model, X, y, loss=loss, metrics=metrics, epochs=4, batch_size=8, compiled=compiled
            )
            found.append((model, history))
        compare(found[0][0], found[1][0], found[0][1], found[1][1])
    assert sum(runs) == 3 * (4 * 5 - 1)


def test_groups_and_layers_that_are_frozen_and_thawed(runs):
    """Frozen after two epochs, thawed after four: their counts of steps differ from then on."""
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        first, second = model.layers
        groups = [{"params": first.parameters(), "lr": 0.01}, {"params": second.parameters()}]
        optimizer = nn.Adam(groups, lr=0.03)

        def change(training, first=first):
            if len(training.history) in (2, 4):
                first.neurons[0].requires_grad_(len(training.history) == 4)
            if len(training.history) == 5:
                training.optimizer.param_groups[1]["lr"] = 0.003
                training.optimizer.param_groups[0]["betas"] = (0.8, 0.99)

        X, y = blobs()
        history = nn.fit(
            model, X, y, loss="cross_entropy", optimizer=optimizer, epochs=8, batch_size=20,
            callbacks=change, compiled=compiled,
        )  # fmt: skip
        found.append((model, history, optimizer.state_dict()["steps"]))
    compare(found[0][0], found[1][0], found[0][1], found[1][1])
    assert found[0][2] == found[1][2]
    assert set(found[0][2]) == {18, 24}
    assert sum(runs) > 12


def test_samples_that_a_callback_changes(runs):
    """In their place, or as new lists."""
    found = []
    for compiled in (False, True):
        model = small_model("mlp")

        def change(training):
            row = training.loader.X[0]
            row[0] += 1.0
            if len(training.history) == 3:
                training.loader.y = training.loader.y[::-1]

        X, y = blobs()
        history = nn.fit(
            model, X, y, loss="cross_entropy", epochs=6, batch_size=20, callbacks=change, compiled=compiled
        )
        found.append((model, history))
    compare(*[model for model, _ in found], *[history for _, history in found])
    assert sum(runs) == 6 * 3 - 1


class Bent(nn.Module):
    """A model that takes one of two ways, by its input."""

    def __init__(self):
        self.inner = nn.MLP(4, [8, 3], activation="tanh", seed=4)

    def forward(self, x):
        if x[0] > 0.5:
            return [2.0 * out for out in self.inner(x)]
        return self.inner(x)


def test_batches_that_take_another_way(monkeypatch, runs):
    """Of batches of one sample, about half take each way; where that is dear, Python does all."""
    found = []
    for compiled, most in ((False, 0), (True, 8), (True, 1000)):
        monkeypatch.setattr(repeated, "MOST_STOPS", most)
        model = Bent()
        X, y = blobs(24)
        history = nn.fit(model, X, y, loss="cross_entropy", epochs=5, batch_size=1, compiled=compiled)
        found.append((model, history))
    compare(found[0][0], found[1][0], found[0][1], found[1][1])
    compare(found[0][0], found[2][0], found[0][1], found[2][1])
    assert 24 < sum(runs) < 2 * 5 * 24


class Odd(Optimizer):
    """A rule that plain arithmetic cannot trace: it asks which step it is, every time."""

    state_size = 1

    @staticmethod
    @on_arrays
    def rule(p, g, state, step, *, lr=0.05):
        (mean,) = state
        mean = mean + g if int(step) % 2 else 0.5 * g
        return p - lr * mean, (mean,)


class Switching(Optimizer):
    """A rule with a condition that holds in every third step."""

    @staticmethod
    @on_arrays
    def rule(p, g, state, step, *, lr=0.05):
        return (p - lr * g if step / 3.0 == (step + 0.0) // 3.0 else p - 2.0 * lr * g), ()


@pytest.mark.parametrize("rule", [Odd, Switching])
def test_rules_that_have_no_program(rule):
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        X, y = blobs()
        history = nn.fit(
            model, X, y, loss="cross_entropy", optimizer=rule(model.parameters()), epochs=12, batch_size=20,
            compiled=compiled,
        )  # fmt: skip
        assert history.eager == ""
        found.append((model, history))
    compare(*[model for model, _ in found], *[history for _, history in found])


def test_a_loss_that_is_no_longer_finite():
    """The same error, and the parameters as they were before that batch."""
    found = []
    for compiled in (False, True):
        model = nn.MLP(1, [2, 1], activation="linear", seed=5)
        X = [[float(i)] for i in range(12)]
        with pytest.raises(ValueError, match=r"the loss has become (inf|nan)") as error:
            nn.fit(
                model, X, X, loss="mse", optimizer="sgd", lr=1e3, epochs=100, batch_size=4, compiled=compiled
            )
        found.append((str(error.value), [p.data for p in model.parameters()]))
    assert found[0][0] == found[1][0]
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-6)


@pytest.mark.parametrize("after", [1, 4, 9])
def test_the_keyboard_interrupts_a_repetition(after, monkeypatch):
    """Values and optimiser have the numbers of the batches before it, like those of an eager training."""
    calls = []
    repeat = Program.repeat

    def interrupted(*args):
        calls.append(repeat(*args))
        if len(calls) == after:
            raise KeyboardInterrupt
        return calls[-1]

    monkeypatch.setattr(Program, "repeat", interrupted)
    model = small_model("mlp")
    optimizer = nn.Adam(model.parameters(), lr=0.02)
    X, y = blobs()
    options = {"loss": "cross_entropy", "batch_size": 15, "progress": False}
    history = nn.fit(model, X, y, optimizer=optimizer, epochs=20, compiled=True, **options)
    assert history.stopped == "interrupted by the keyboard"
    steps = set(optimizer.state_dict()["steps"])
    assert len(steps) == 1
    made = steps.pop()
    assert made == 1 + sum(calls[:-1])

    monkeypatch.undo()
    other = small_model("mlp")
    again = nn.Adam(other.parameters(), lr=0.02)
    step = []

    class Stopped(nn.Adam):
        def step(self):
            super().step()
            step.append(1)
            if len(step) == made:
                raise KeyboardInterrupt

    again = Stopped(other.parameters(), lr=0.02)
    nn.fit(other, X, y, optimizer=again, epochs=20, compiled=False, **options)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert p.data == pytest.approx(q.data, rel=1e-9)


def test_callbacks_see_the_parameters_of_their_epoch(tmp_path, runs):
    """Early stopping keeps the best weights, checkpoints have the optimiser's state, predictions are new."""
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        X, y = blobs()
        seen = []
        path = tmp_path / f"{compiled}.json"
        history = nn.fit(
            model, X, y, loss="cross_entropy", optimizer="adam", lr=0.3, epochs=30, batch_size=20,
            validation=0.25, compiled=compiled,
            callbacks=[
                nn.EarlyStopping(patience=3),
                nn.Checkpoint(path),
                lambda training, seen=seen, X=X: seen.append(nn.predict(training.model, X[:2])),
            ],
        )  # fmt: skip
        found.append((model, history, seen, path.read_text()))
    (one, eager, seen, _), (other, compiled, again, _) = found
    assert len(eager) == len(compiled) < 30
    compare(one, other, eager, compiled)
    assert np.array(again) == pytest.approx(np.array(seen), rel=1e-6)
    assert sum(runs) > 6


def test_accumulated_and_clipped_batches_are_not_repeated(runs):
    for options in ({"accumulate": 2}, {"max_norm": 0.5}, {"schedule": "one_cycle"}):
        model, eager = trained("mlp", False, **options)
        other, compiled = trained("mlp", True, **options)
        compare(model, other, eager, compiled)
    assert runs == []


def test_a_parameter_that_the_optimiser_does_not_move():
    """Its gradients add up, as eager training adds them."""
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        X, y = blobs()
        optimizer = nn.SGD(model.layers[1].parameters(), lr=0.05)
        nn.fit(model, X, y, loss="cross_entropy", optimizer=optimizer, epochs=3, compiled=compiled)
        found.append([(p.data, p.grad) for p in model.parameters()])
        assert any(grad for _, grad in found[-1])
    assert np.array(found[1]) == pytest.approx(np.array(found[0]), rel=1e-8, abs=1e-12)


def test_a_weight_decay_moves_parameters_that_the_loss_does_not_reach(runs):
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        X, y = blobs()

        def loss(outputs, targets):
            return sum(where(out[0] > 0.0, out[0], 0.1 * out[0]) for out in outputs) / len(outputs)

        optimizer = nn.SGD(model.parameters(), lr=0.05, weight_decay=0.1)
        nn.fit(model, X, y, loss=loss, optimizer=optimizer, epochs=3, compiled=compiled)
        found.append([p.data for p in model.parameters()])
    assert found[1] == pytest.approx(found[0], rel=1e-8)
    assert sum(runs) > 0


class Returning(nn.Module):
    """A model one of whose outputs is a parameter."""

    def __init__(self):
        self.inner = nn.MLP(4, [1], seed=6)
        self.b = nn.models.module.parameter(0.5, "b")

    def forward(self, x):
        return [self.inner(x) + self.b, self.b]


def second_outputs(outputs, targets):
    return sum(out[1] for out in outputs)


def test_an_output_that_is_a_parameter():
    """Metrics are of the outputs before the step, as eagerly."""
    found = []
    for compiled in (False, True):
        model = Returning()
        X, y = blobs(24)
        history = nn.fit(
            model, X, [[float(t), 0.0] for t in y], loss="mse", epochs=4, batch_size=8, compiled=compiled,
            metrics=second_outputs,
        )  # fmt: skip
        found.append((model, history))
    compare(*[model for model, _ in found], *[history for _, history in found])


class Clamping(nn.EarlyStopping):
    """A callback that changes parameters."""

    def __call__(self, training):
        super().__call__(training)
        clamp(training.model)


class ClampingSchedule(nn.StepLR):
    """A schedule that changes parameters and an option."""

    def step(self, *given):
        super().step(*given)
        clamp_all(self.optimizer.parameters)
        self.optimizer.param_groups[0]["weight_decay"] = 0.1


class Grouping(nn.DataLoader):
    """Batches of 5, whatever the batch size."""

    def draw(self):
        order = [i for batch in super().draw() for i in batch]
        return [order[i : i + 5] for i in range(0, len(order), 5)]


class Keeping(nn.Adam):
    """Gradients are halved where others clear them."""

    def zero_grad(self):
        for p in self.parameters:
            p.grad *= 0.5


class Bound(Optimizer):
    """A rule that reads an attribute, which changes."""

    scale = 1.0

    @on_arrays
    def rule(self, p, g, state, step, *, lr=0.05):
        return p - lr * self.scale * g, ()


class Whole(Optimizer):
    """A rule whose state is a whole number after the first step."""

    state_size = 1

    @staticmethod
    @on_arrays
    def rule(p, g, state, step, *, lr=0.05):
        (mean,) = state
        mean = 0 if step == 1 else 0.9 * mean + g
        return p - lr * mean, (mean,)


def clamp(model):
    clamp_all(model.parameters())


def clamp_all(parameters):
    for p in parameters:
        p.data = min(max(p.data, -0.5), 0.5)


def clamping_metric(model):
    def metric(outputs, targets):
        clamp(model)
        return 0.0

    return metric


def patched(model):
    optimizer = nn.SGD(model.parameters(), lr=0.05)
    step = optimizer.step

    def twice():
        step()
        step()

    optimizer.step = twice
    return optimizer


def change_scale(training):
    training.optimizer.scale = 1.0 / len(training.history)


def freeze_for_an_epoch(training):
    training.model.layers[1].requires_grad_(len(training.history) != 2)


CHANGES = {
    "a callback": lambda model: {"callbacks": Clamping(monitor="loss")},
    "a metric": lambda model: {"metrics": clamping_metric(model)},
    "a step of an optimiser": lambda model: {"optimizer": patched(model)},
    "gradients that stay": lambda model: {"optimizer": Keeping(model.parameters(), lr=0.02)},
    "a bound rule": lambda model: {"optimizer": Bound(model.parameters()), "callbacks": change_scale},
    "a whole state": lambda model: {"optimizer": Whole(model.parameters())},
    "all frozen": lambda model: {
        "optimizer": nn.SGD(model.layers[1].parameters(), lr=0.05),
        "callbacks": freeze_for_an_epoch,
    },
}


@pytest.mark.parametrize("kind", CHANGES)
def test_parts_of_ones_own_that_change_things(kind):
    """Whatever they change between and within epochs, compiled training sees it as eager training does."""
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        X, y = blobs()
        options = {"loss": "cross_entropy", "epochs": 6, "batch_size": 16} | CHANGES[kind](model)
        history = nn.fit(model, X, y, compiled=compiled, **options)
        found.append(([(p.data, p.grad) for p in model.parameters()], history["loss"]))
    assert np.array(found[1][0]) == pytest.approx(np.array(found[0][0]), rel=1e-8, abs=1e-12)
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-9)


def test_a_schedule_of_ones_own_that_changes_things():
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        X, y = blobs()
        optimizer = nn.Adam(model.parameters(), lr=0.02)
        schedule = ClampingSchedule(optimizer, 3)
        nn.fit(
            model, X, y, loss="cross_entropy", optimizer=optimizer, schedule=schedule, epochs=6, batch_size=9,
            compiled=compiled,
        )  # fmt: skip
        found.append([p.data for p in model.parameters()])
    assert found[1] == pytest.approx(found[0], rel=1e-8)


def test_a_loader_of_ones_own():
    found = []
    for compiled in (False, True):
        model = small_model("mlp")
        loader = Grouping(*blobs(), batch_size=8, seed=1)
        nn.fit(model, loader, loss="cross_entropy", epochs=4, compiled=compiled)
        found.append([p.data for p in model.parameters()])
    assert found[1] == pytest.approx(found[0], rel=1e-8)


def test_targets_of_several_forms():
    found = []
    for compiled in (False, True):
        model = nn.MLP(1, [3, 1], "tanh", seed=7)
        X = [[0.1 * i] for i in range(12)]
        y = [[0.2 * i] if i % 3 == 0 else 0.2 * i for i in range(12)]

        def loss(outputs, targets):
            numbers = [t[0] if isinstance(t, list) else t for t in targets]
            return sum((out - t) ** 2 for out, t in zip(outputs, numbers, strict=True))

        nn.fit(model, X, y, loss=loss, epochs=3, batch_size=4, lr=0.01, compiled=compiled)
        found.append([p.data for p in model.parameters()])
    assert found[1] == pytest.approx(found[0], rel=1e-8)


def test_an_option_that_changes_in_each_epoch_is_not_traced_each_time(runs):
    """After some programs Python trains on."""
    model = nn.MLP(4, [3], "tanh", seed=8)
    X, y = blobs(12)

    def change(training):
        training.optimizer.param_groups[0]["weight_decay"] = 0.001 * len(training.history)

    nn.fit(model, X, y, loss="cross_entropy", epochs=60, batch_size=4, callbacks=change, compiled=True)
    assert 0 < len(runs) <= 2 * repeated.MOST_TRACES


def test_a_step_moves_each_parameter_once():
    """Those that were frozen have made fewer steps, and do not move twice to catch up."""
    for count in (2, 100):
        ps = [Value(1.0, f"w{i}") for i in range(count)]
        optimizer = nn.SGD(ps, lr=0.1)
        for frozen in (True, False):
            ps[0].requires_grad = not frozen
            for p in ps:
                p.grad = 1.0 if p.requires_grad else 0.0
            optimizer.step()
        assert ps[0].data == pytest.approx(0.9)
        assert ps[1].data == pytest.approx(0.8)
