"""Losses and metrics: figures, shapes and labels."""

import math

import pytest
from nn.metrics import accuracy, confusion_matrix, mean_absolute_error, r2_score

import nn
from autograd import Value, grad, jit
from nn.data import one_hot


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
        for label in ("cat", None):
            with pytest.raises(
                ValueError, match=r"classes.index\(label\) for names, row.index\(1\) for one-hot"
            ):
                nn.cross_entropy([[1.0, 2.0]], [label])
        with pytest.raises(TypeError, match="is the last layer wider than 1"):
            nn.hinge_loss([[1.0, 2.0]], [1])

    def test_one_sample_needs_no_list(self):
        """Where one output and one target can be nothing else; flat scores and flat labels are refused."""
        z = [Value(0.5), Value(-1.0), Value(2.0)]
        for loss in (nn.cross_entropy, nn.nll_loss, nn.multi_margin_loss):
            assert loss(z, 1) == loss([z], [1])
            assert loss(z, 1, reduction="none") == loss([z], [1])
            with pytest.raises(TypeError, match="a number for each class"):
                loss(z, [1, 0, 0])
        assert nn.cross_entropy(logits=z, labels=1) == nn.cross_entropy([z], [1])
        p = Value(0.25)
        for loss in (nn.mse_loss, nn.l1_loss, nn.huber_loss, nn.hinge_loss, nn.binary_cross_entropy):
            assert loss(p, 1.0) == loss([p], [1.0])
        assert nn.binary_cross_entropy_with_logits(p, 1, pos_weight=2.0) == 2.0 * math.log1p(math.exp(-0.25))
        assert nn.mse_loss(p, 1.0, reduction="none") == 0.5625
        with pytest.raises(TypeError, match="missing 1 required positional argument"):
            nn.mse_loss(p)

    def test_soft_labels(self):
        """The mean of the losses of all labels by their probability; a one-hot row is its label."""
        logits, rows = [[0.5, -1.0, 2.0], [1.0, 0.0, -3.0]], [[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]]
        each = [[nn.cross_entropy(z, i) for i in range(3)] for z in logits]
        wanted = [sum(t * e for t, e in zip(*both, strict=True)) for both in zip(rows, each, strict=True)]
        assert nn.cross_entropy(logits, rows, reduction="none") == pytest.approx(wanted)
        assert nn.cross_entropy(logits, nn.one_hot([2, 0])) == pytest.approx(nn.cross_entropy(logits, [2, 0]))
        assert nn.cross_entropy([[0.0, -math.inf]], [[1.0, 0.0]]) == 0.0
        for row in ([0.5, 0.2, 0.2], [1.0, 0.0], [1.5, -0.5, 0.0]):
            with pytest.raises(ValueError, match="a row of 3 probabilities with the sum 1, not"):
                nn.cross_entropy(logits, [row, rows[1]])
        model = nn.MLP(2, [3], seed=1)
        targets = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]
        X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        nn.fit(model, X, targets, loss="cross_entropy", lr=0.1, epochs=300, metrics="accuracy")
        assert [p for row in nn.predict_proba(model, X) for p in row] == pytest.approx(
            [t for row in targets for t in row], abs=0.01
        )
        assert nn.softmax([0.0, math.log(3.0)]) == pytest.approx([0.25, 0.75])

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


class TestMetrics:
    def test_accuracy(self):
        assert accuracy([[1.0, 3.0], [2.0, 1.0]], [1, 1]) == 0.5
        assert accuracy([-0.5, 2.0], [-1, 1]) == 1.0
        assert accuracy([-0.5, 2.0], [0, 1]) == 1.0
        assert accuracy([[1.0, 3.0], [2.0, 1.0]], one_hot([1, 1])) == 0.5
        assert accuracy([0.2, 0.7], [0, 1], threshold=0.5) == 1.0
        with pytest.raises(ValueError, match="was given 1 and 2"):
            accuracy([1.0], [1, 1])

    def test_columns_and_rows(self):
        """A column of targets, as a table has it, is its numbers; scikit-learn's figures for rows."""
        metrics = pytest.importorskip("sklearn.metrics")
        assert accuracy([0.5, -1.0], [[1], [0]]) == accuracy([[0.5], [-1.0]], [1, 0]) == 1.0
        outputs, targets = [[1.0, 2.0], [0.5, -1.0], [2.0, 0.0]], [[1.5, 2.0], [0.0, -2.0], [2.5, 1.0]]
        assert r2_score(outputs, targets) == pytest.approx(metrics.r2_score(targets, outputs))
        assert mean_absolute_error(outputs, targets) == pytest.approx(
            metrics.mean_absolute_error(targets, outputs)
        )
        assert r2_score([[1.0], [2.0]], [[1.0], [2.0]]) == 1.0
        with pytest.raises(ValueError, match="both a number or both a row"):
            r2_score([[1.0, 2.0]], [1.0])

    def test_a_confusion_of_scores(self):
        with pytest.raises(ValueError, match=r"not 0\.5: .*predict_classes\(model, X\)"):
            confusion_matrix([0.5], [1])
        assert confusion_matrix([0.0], [0]) == [[1]]

    def test_the_others_are_scikit_learns(self):
        metrics = pytest.importorskip("sklearn.metrics")
        predicted, labels = [0, 2, 1, 1, 0, 2], [0, 1, 1, 1, 2, 2]
        assert confusion_matrix(predicted, labels) == metrics.confusion_matrix(labels, predicted).tolist()
        outputs, targets = [1.0, 2.5, 0.0, -1.0], [1.5, 2.0, 0.5, -2.0]
        assert r2_score(outputs, targets) == pytest.approx(metrics.r2_score(targets, outputs))
        assert mean_absolute_error(outputs, targets) == metrics.mean_absolute_error(targets, outputs)
        assert r2_score([1.0, 2.0], [3.0, 3.0]) == metrics.r2_score([3.0, 3.0], [1.0, 2.0])


LOGITS = [1.0, -2.0, 0.5]


class TestTraced:
    """Inside jit, labels are numbers like others: a label is compared with each class."""

    @pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll_loss, nn.multi_margin_loss])
    def test_one_program_serves_all_labels(self, loss):
        traced = jit(loss)
        for label in range(3):
            assert traced(LOGITS, label) == pytest.approx(loss(LOGITS, label), rel=1e-15)
            assert traced([LOGITS], [label]) == pytest.approx(loss([LOGITS], [label]), rel=1e-15)
        assert len(traced.programs) == 2  # one for each structure

    def test_weights_of_classes_and_gradients(self):
        def loss(x, y):
            return nn.cross_entropy(x, y, weight=[1.0, 2.0, 3.0])

        rows, labels = [LOGITS, [0.1, 0.2, 0.3]], [2, 0]
        for found, expected in zip(jit(grad(loss))(rows, labels), grad(loss)(rows, labels), strict=True):
            assert found == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll_loss])
    def test_a_label_that_is_no_class_gives_nan(self, loss):
        """It cannot be refused: the program sees no number before it runs."""
        assert math.isnan(jit(loss)(LOGITS, 7.0))

    def test_soft_labels(self):
        row = [0.2, 0.3, 0.5]
        expected = nn.cross_entropy([LOGITS], [row])
        assert jit(nn.cross_entropy)([LOGITS], [row]) == pytest.approx(expected, rel=1e-15)

    @pytest.mark.parametrize(
        ("loss", "output", "target"),
        [
            (nn.hinge_loss, 0.3, -1.0),
            (nn.binary_cross_entropy, 0.3, 1.0),
            (nn.binary_cross_entropy_with_logits, 0.3, 0.0),
            (nn.huber_loss, 0.3, 2.0),
            (nn.l1_loss, 0.3, 2.0),
            (nn.mse_loss, 0.3, 2.0),
        ],
    )
    def test_losses_of_numbers_make_no_path_for_each_target(self, loss, output, target):
        traced = jit(loss)
        assert traced([output], [target]) == pytest.approx(loss([output], [target]), rel=1e-15)
        assert traced([output], [1.0]) == pytest.approx(loss([output], [1.0]), rel=1e-15)
        assert len(traced.programs) == 1
