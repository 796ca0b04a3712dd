"""Fitting a model: batches, schedules, callbacks, validation, and errors."""

import math
import signal

import pytest

import autograd as ag
import nn
from nn import (
    MLP,
    SGD,
    EarlyStopping,
    History,
    Module,
    accuracy,
    evaluate,
    fit,
    predict,
    predict_classes,
    predict_proba,
)
from nn.data import DataLoader, as_targets
from nn.datasets import iris

XOR, LABELS = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def xor_model():
    return MLP(2, [8, 1], "tanh", seed=1)


class TestFit:
    def test_exclusive_or(self):
        model = xor_model()
        history = fit(
            model,
            XOR,
            LABELS,
            loss="binary_cross_entropy_with_logits",
            lr=0.05,
            epochs=150,
            batch_size=4,
            metrics=["accuracy"],
        )
        assert len(history) == 150
        assert history["accuracy"][-1] == 1.0
        assert history["loss"][-1] < 0.1 < history["loss"][0]
        assert predict_classes(model, XOR) == LABELS
        assert [round(p) for p in predict_proba(model, XOR)] == LABELS
        assert not model.training  # after fit it is in use
        model.train()
        predict(model, XOR)
        assert all(module.training for module in model.modules())

    def test_a_model_that_ends_in_a_sigmoid_gives_probabilities(self):
        class Wrapped(Module):
            def __init__(self):
                self.inner = xor_model()

            def forward(self, x):
                return ag.sigmoid(self.inner(x))

        models = [
            MLP(2, [8, 1], "tanh", output_activation="sigmoid", seed=1),
            nn.Sequential(nn.Layer(2, 8, "tanh"), nn.Linear(8, 1), nn.Sigmoid()),
            nn.Sequential(xor_model(), ag.sigmoid),
            Wrapped(),
        ]
        for model in models:
            history = fit(
                model,
                XOR,
                LABELS,
                loss="binary_cross_entropy",
                lr=0.05,
                epochs=150,
                batch_size=4,
                metrics="accuracy",
            )
            assert history["accuracy"][-1] == 1.0
            assert predict_classes(model, XOR) == LABELS
            assert predict_proba(model, XOR) == predict(model, XOR)
            assert evaluate(model, XOR, LABELS, loss="mse", metrics=accuracy)["accuracy"] == 1.0

    def test_a_model_that_ends_in_softmax_gives_probabilities(self):
        model = nn.Sequential(nn.Linear(2, 3), ag.softmax)
        assert predict_proba(model, XOR) == predict(model, XOR)
        assert sum(predict_proba(nn.Linear(2, 3), XOR)[1]) == pytest.approx(1.0)

    def test_a_layer_of_one_neuron_and_targets_in_a_column(self):
        """PyTorch's first program: a row of one is its number, in outputs and in targets."""
        model = nn.Linear(1, 1)
        y = [[1], [3], [5]]
        fit(model, [[0], [1], [2]], y, loss="mse", optimizer="sgd", lr=0.1, epochs=200, metrics="r2")
        assert predict(model, [[3]]) == pytest.approx([7.0], abs=0.01)
        assert predict_classes(model, [[3], [-3]], threshold=0.0) == [1, 0]
        assert evaluate(model, [[4]], [[9]], loss="mse")["loss"] < 1e-3

    @pytest.mark.parametrize("reduction", ["sum", "mean", "half_sum"])
    def test_losses_of_learning_and_judging_are_on_one_scale(self, reduction):
        X, y = [[float(i)] for i in range(10)], [0.5 * i for i in range(10)]

        def loss(outputs, targets):
            return nn.mse_loss(outputs, targets, reduction=reduction)

        history = fit(nn.Linear(1, 1), X, y, loss=loss, lr=0.0, epochs=1, batch_size=2, validation=(X, y))
        assert history["val_loss"] == pytest.approx(history["loss"])

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"schedule": 10}, r"such as StepLR\(optimizer, 10\), or a name, not 10"),
            ({"schedule": "sine"}, "no schedule is called 'sine': choose one of cosine, linear"),
            ({"optimizer": "adam", "momentum": 0.9}, "Adam takes the options .*: 'momentum' is unknown"),
            ({"callbacks": EarlyStopping("seen", mode="max")}, "column 'seen', but epoch, loss"),
        ],
    )
    def test_schedules_and_callbacks_that_are_none(self, options, message):
        with pytest.raises((TypeError, KeyError, ValueError), match=message):
            fit(xor_model(), XOR, LABELS, loss="mse", **options)

    @pytest.mark.parametrize(
        "loss",
        [
            lambda outputs, targets: ag.Value(1.0),
            lambda outputs, targets: ag.Value(0.5) * sum(targets),
            lambda outputs, targets: nn.mse_loss([output.detach() for output in outputs], targets),
        ],
    )
    def test_a_loss_that_ignores_the_model(self, loss):
        with pytest.raises(
            ValueError, match=r"the loss depends on no parameter .*: use the outputs in the l"
        ):
            fit(xor_model(), XOR, LABELS, loss=loss)

    def test_a_model_that_ignores_its_parameters(self):
        class Constant(Module):
            def __init__(self):
                self.w = nn.parameter(1.0)
                self.other = MLP(2, [1])

            def forward(self, x):
                return self.w.data * self.other(x)

        with pytest.raises(ValueError, match="the loss depends on no parameter that the optimiser adjusts"):
            fit(model := Constant(), XOR, LABELS, loss="mse", optimizer=SGD([model.w]))
        fit(model, XOR, LABELS, loss="mse", epochs=1)

    def test_a_loss_may_leave_out_batches(self):
        """As one of a single class does: what counts is whether any batch of the first epoch teaches."""

        def loss(outputs, targets):
            return ag.Value(0.0) if 0 in targets else nn.mse_loss(outputs, targets)

        before = (model := xor_model()).state_dict()
        fit(model, XOR, LABELS, loss=loss, batch_size=1, epochs=1)
        assert model.state_dict() != before

    @pytest.mark.parametrize(
        ("loss", "message"),
        [
            (lambda outputs, targets: None, "the loss function gave None: end it with return"),
            (
                lambda outputs, targets: outputs[0].data,
                r"the loss function gave .*, not a Value: compute a Value from the outputs",
            ),
            (lambda outputs, targets: outputs, r"the loss function gave \[Value.*, not a Value"),
        ],
    )
    def test_a_loss_function_that_gives_no_value(self, loss, message):
        with pytest.raises(TypeError, match=message):
            fit(xor_model(), XOR, LABELS, loss=loss)

    def test_a_forward_without_return(self):
        class Silent(Module):
            def __init__(self):
                self.inner = xor_model()

            def forward(self, x):
                self.inner(x)

        for act in (lambda m: fit(m, XOR, LABELS, loss="mse"), lambda m: predict(m, XOR)):
            with pytest.raises(TypeError, match="the forward of Silent gave None: end it with return"):
                act(Silent())

    def test_a_single_sample_is_a_row_in_a_list(self):
        model = xor_model()
        for act in (predict, predict_classes, predict_proba):
            for row in ([1.0, 2.0], (1, 2)):
                with pytest.raises(
                    ValueError, match=r"X\[0\] is 1(\.0)?: .* for one column, \[row\] for one sam"
                ):
                    act(model, row)
        assert len(predict(model, [[1.0, 2.0]])) == 1

    def test_a_function_is_no_model(self):
        with pytest.raises(TypeError, match="fit takes a Module, not <function"):
            fit(lambda x: x, XOR, LABELS, loss="mse")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"metrics": ["accuracy", accuracy]}, "one column 'accuracy': give the metric's function"),
            ({"accumulate": 1.5}, r"accumulate is a whole number of 1 or more, not 1\.5"),
            ({"epochs": -1}, "epochs is a whole number of 0 or more, not -1"),
            ({"max_norm": -1.0}, r"max_norm is a length above 0, not -1\.0"),
            ({"validation": (XOR,)}, r"validation is \(X, y\), or a share"),
            ({"validation": (XOR, LABELS[:2])}, "X has 4 and y has 2"),
            ({"validation": 1}, r"validation is \(X, y\), or a share above 0 and below 1, not 1"),
        ],
    )
    def test_arguments_that_make_no_sense(self, options, message):
        with pytest.raises(ValueError, match=message):
            fit(xor_model(), XOR, LABELS, loss="mse", **options)

    def test_a_model_that_is_frozen(self):
        with pytest.raises(ValueError, match=r"every parameter is frozen: thaw all by model\.requires_grad_"):
            fit(xor_model().requires_grad_(False), XOR, LABELS, loss="mse")

    def test_the_same_seed_gives_the_same_weights(self):
        def trained(seed):
            model = xor_model()
            fit(model, XOR, LABELS, loss="mse", epochs=3, batch_size=2, seed=seed)
            return model.state_dict()

        assert trained(1) == trained(1) != trained(2)

    def test_on_line_and_accumulated_batches(self):
        """Two accumulated batches of two are one of four; on-line steps are not."""

        def trained(**options):
            model = xor_model()
            fit(
                model, XOR, LABELS, loss="mse", optimizer=SGD(model.parameters(), lr=0.1), epochs=2, **options
            )
            return list(model.state_dict().values())

        assert trained(batch_size=2, accumulate=2) == pytest.approx(trained(batch_size=4), rel=1e-12)
        # Of three batches, the third is a step of its own.
        assert trained(batch_size=2, accumulate=4) == pytest.approx(trained(batch_size=4), rel=1e-12)
        assert trained(batch_size=1) != pytest.approx(trained(batch_size=4), rel=1e-3)

    def test_validation_is_held_out(self):
        data = iris()
        X, y = nn.standardise(data.X), data.y
        model = MLP(4, [6, 3], "tanh", seed=0)
        history = fit(
            model, X, y, loss="cross_entropy", lr=0.02, epochs=3, validation=0.2, metrics=["accuracy"]
        )
        assert set(history.rows[0]) == {
            *("epoch", "loss", "accuracy", "lr", "val_loss", "val_accuracy", "seconds"),
        }
        found = evaluate(model, X[:30], y[:30], loss="cross_entropy", metrics=["accuracy"])
        assert set(found) == {"loss", "accuracy"}
        assert len(predict(model, X[:2])[0]) == 3

    def test_early_stopping_restores_the_best_weights(self):
        model = MLP(1, [1], seed=1)
        X, y = [[0.0], [1.0]], [0.0, 1.0]
        losses = []

        def worse(training):
            losses.append(model.state_dict())
            if len(losses) > 3:
                for p in model.parameters():
                    p.data += 10.0

        history = fit(
            model,
            X,
            y,
            loss="mse",
            lr=0.01,
            epochs=50,
            callbacks=[EarlyStopping("loss", patience=2), worse],
        )
        assert len(history) == 6
        assert history.stopped == "loss has not improved for 2 epochs"
        assert model.state_dict() == losses[3]

    def test_errors_should_fall_and_accuracy_rise(self):
        """Of what it does not know it asks."""
        for column, better in (("val_mean_absolute_error", 0.5), ("loss", 0.5), ("accuracy", 2.0)):
            stop = EarlyStopping(column, patience=1)
            training = nn.Training(MLP(1, [1]), None, None, None, history := History())
            for number in (1.0, better):
                history.rows.append({column: number})
                stop(training)
            assert not training.stop, column
        with pytest.raises(ValueError, match="cannot tell whether 'f1' should fall or rise: pass mode="):
            EarlyStopping("f1")

    def test_the_last_epoch_is_saved_whoever_ends_the_training(self, tmp_path):
        callbacks = [nn.Checkpoint(tmp_path / "{epoch}.json", every=10), EarlyStopping("loss", patience=3)]
        fit(xor_model(), XOR, LABELS, loss="mse", lr=0.0, callbacks=callbacks)
        assert [path.name for path in tmp_path.iterdir()] == ["4.json"]

    def test_a_checkpoint_that_cannot_be_saved_says_so_at_once(self, tmp_path):
        with pytest.raises(ValueError, match=r"not as 'a\.pt'"):
            nn.Checkpoint(tmp_path / "a.pt")
        with pytest.raises(
            FileNotFoundError, match=r"there is no folder .* to save 'a\.json' in: make it first"
        ):
            nn.Checkpoint(tmp_path / "none" / "a.json")

    def test_checkpoints(self, tmp_path):
        model = xor_model()
        saved = []

        def keep(training):
            saved.append(training.model.state_dict())

        options = {"loss": "mse", "lr": 0.05, "epochs": 5}
        every = nn.Checkpoint(tmp_path / "{epoch}.json", every=2)
        best = nn.Checkpoint(tmp_path / "best.json", monitor="loss")
        history = fit(model, XOR, LABELS, callbacks=[keep, every, best], **options)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["2.json", "4.json", "5.json", "best.json"]
        assert nn.load(tmp_path / "2.json").state_dict() == saved[1]
        fit(xor_model(), XOR, LABELS, callbacks=[best], **options)  # it may serve again
        fit(model, XOR, LABELS, callbacks=[keep, best], **{**options, "lr": 0.0})
        assert nn.load(tmp_path / "best.json").state_dict() == saved[-1]
        saved[:] = saved[:5]
        fit(model, XOR, LABELS, callbacks=[best], **{**options, "epochs": 0})
        assert len(history) == 5

    def test_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(self, tmp_path):
        """Six epochs, and three, a checkpoint, and three more: the same to the last bit."""
        data = nn.datasets.moons(30)

        def parts():
            model = nn.Sequential(nn.Layer(2, 4, "tanh"), nn.Dropout(0.2), nn.Linear(4, 1))
            optimizer = nn.Adam(model.parameters(), lr=0.05)
            return model, optimizer, nn.CosineAnnealingLR(optimizer, 6), DataLoader(data.X, data.y, 8, seed=3)

        def train(parts, epochs, **options):
            model, optimizer, schedule, loader = parts
            options |= {"loss": "binary_cross_entropy_with_logits", "epochs": epochs}
            fit(model, loader, optimizer=optimizer, schedule=schedule, **options)
            return model.state_dict()

        nn.seed(1)
        expected = train(parts(), 6)
        nn.seed(1)
        path = tmp_path / "checkpoint.json"
        save_all = []

        def checkpoint(training):
            save_all.append(training)

        first = parts()
        train(first, 3, callbacks=[checkpoint])
        nn.save(first[0], path, optimizer=first[1], schedule=first[2], loader=first[3])
        model, optimizer, schedule, loader = second = parts()
        nn.load(path, model, optimizer=optimizer, schedule=schedule, loader=loader)
        assert train(second, 3) == expected
        assert save_all[0].loader is first[3]
        with pytest.raises(ValueError, match="a DataLoader has its targets"):
            fit(model, loader, LABELS, loss="mse")

    def test_schedules(self):
        model = xor_model()
        optimizer = SGD(model.parameters(), lr=1.0)
        history = fit(
            model,
            XOR,
            LABELS,
            loss="mse",
            optimizer=optimizer,
            schedule=nn.StepLR(optimizer, 1, 0.5),
            epochs=3,
        )
        assert history["lr"] == [1.0, 0.5, 0.25]
        optimizer = SGD(model.parameters(), lr=1.0)
        cycle = nn.OneCycleLR(optimizer, 0.1, total_steps=8)
        fit(model, XOR, LABELS, loss="mse", optimizer=optimizer, schedule=cycle, epochs=4, batch_size=2)
        assert cycle.epoch == 8

    @pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="there are no signals here")
    def test_a_schedule_says_when_it_steps(self):
        """One of one's own too: `fit` knows no class of them."""

        class Halving(nn.Schedule):
            def factor(self, epoch):
                return 0.5**epoch

        class HalvingByBatch(Halving):
            steps_by = "batch"

        for schedule, rates in ((Halving, [1.0, 0.5]), (HalvingByBatch, [0.25, 0.0625])):
            optimizer = SGD((model := xor_model()).parameters(), lr=1.0)
            options = {"optimizer": optimizer, "schedule": schedule(optimizer), "batch_size": 2, "epochs": 2}
            assert fit(model, XOR, LABELS, loss="mse", **options)["lr"] == rates

    def test_ctrl_c_keeps_what_was_learnt(self):
        model = xor_model()
        before = model.state_dict()

        def interrupt(training):
            if len(training.history) == 3:
                signal.raise_signal(signal.SIGINT)

        history = fit(model, XOR, LABELS, loss="mse", epochs=10, callbacks=[interrupt])
        assert len(history) == 3
        assert history.stopped == "interrupted by the keyboard"
        assert model.state_dict() != before

    def test_a_module_of_ones_own(self):
        class Line(Module):
            def __init__(self):
                self.slope, self.offset = nn.parameter(0.0), nn.parameter(0.0)

            def forward(self, x):
                return self.slope * x[0] + self.offset

        line = Line()
        X = [[x / 4] for x in range(-8, 9)]
        fit(line, X, [3 * x + 1 for (x,) in X], loss="mse", optimizer="sgd", lr=0.1, epochs=100)
        assert (line.slope.data, line.offset.data) == pytest.approx((3.0, 1.0), abs=1e-3)

    def test_what_goes_wrong_is_said_with_its_cure(self):
        model = xor_model()
        with pytest.raises(ValueError, match="no loss is called 'mean': choose one of mse"):
            fit(model, XOR, LABELS, loss="mean")
        with pytest.raises(ValueError, match="no optimiser is called 'sdg': choose one of sgd"):
            fit(model, XOR, LABELS, loss="mse", optimizer="sdg")
        with pytest.raises(ValueError, match=r"val_loss needs validation samples: pass validation=0\.2"):
            fit(model, XOR, LABELS, loss="mse", callbacks=[EarlyStopping()])
        with pytest.raises(ValueError, match="the optimiser adjusts another model"):
            fit(model, XOR, LABELS, loss="mse", optimizer=SGD(xor_model().parameters()))
        with pytest.raises(ValueError, match="the schedule belongs to another optimiser"):
            fit(model, XOR, LABELS, loss="mse", schedule=nn.ExponentialLR(SGD(model.parameters()), 0.9))
        with pytest.raises(ValueError, match="no metric is called 'acc': choose one of accuracy"):
            fit(model, XOR, LABELS, loss="mse", metrics=["acc"])
        with pytest.raises(ValueError, match=r"the Layer MLP\.layers\.0 takes 2 inputs and was given 3"):
            fit(model, [[1, 2, 3]], [1], loss="mse")
        with pytest.raises(ValueError, match=r"X\[1\]\[0\] is nan"):
            fit(model, [[0.0, 1.0], [math.nan, 0.0]], [0, 1], loss="mse")
        with pytest.raises(ValueError, match="none of the classes 0 to 2"):
            fit(MLP(2, [3]), XOR, [0, 1, 2, 3], loss="cross_entropy")
        with pytest.raises(ValueError, match=r"the loss has become (inf|nan): try a smaller learning rate"):
            fit(MLP(1, [1]), [[1e200], [-1e200]], [0.0, 1e200], loss="mse", optimizer="sgd", lr=1e10)

    def test_a_training_that_diverges_keeps_the_best_weights(self):
        model = MLP(1, [1], seed=1)
        start = model.state_dict()
        with pytest.raises(ValueError, match=r"no longer a finite number|the loss has become"):
            fit(
                model,
                [[1.0], [2.0]],
                [1.0, 2.0],
                loss="mse",
                optimizer="sgd",
                lr=1e150,
                epochs=9,
                callbacks=[EarlyStopping("loss")],
            )
        assert all(map(math.isfinite, model.state_dict().values()))
        assert not model.training
        assert set(start) == set(model.state_dict())

    def test_tables_of_one_column_are_targets(self):
        np = pytest.importorskip("numpy")
        assert as_targets(np.array([[0], [1]])) == [0, 1]

    def test_an_empty_history_prints(self):
        assert str(History()) == "no epoch was finished"
        with pytest.raises(KeyError, match="no column 'accuracy', but epoch, loss"):
            fit(xor_model(), XOR, LABELS, loss="mse", epochs=1)["accuracy"]

    def test_frames_of_the_history(self):
        pytest.importorskip("pandas")
        frame = fit(xor_model(), XOR, LABELS, loss="mse", epochs=2).to_frame()
        assert list(frame["epoch"]) == [1.0, 2.0]
