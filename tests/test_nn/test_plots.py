"""Pictures of training: what is on the axes. (That they look well was seen, not tested.)"""

import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402

import nn  # noqa: E402
from nn.datasets import blobs, moons  # noqa: E402


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def test_history():
    data = moons(20)
    model = nn.MLP(2, [3, 1], seed=1)
    history = nn.fit(
        model, data.X, data.y, loss="binary_cross_entropy_with_logits", epochs=3, validation=0.25
    )
    ax = nn.plot_history(history)
    assert [line.get_label() for line in ax.lines] == ["loss", "val loss"]
    assert list(ax.lines[0].get_ydata()) == history["loss"]
    assert len(history.plot("loss").lines) == 1
    own = pyplot.subplots()[1]
    assert nn.plot_history(history, ["loss"], ax=own) is own
    assert len(own.lines) == 1


def test_decision_boundaries():
    two, three = moons(30), blobs(30)
    ax = nn.plot_decision_boundary(nn.MLP(2, [4, 1], seed=1), two.X, two.y, names=two.classes, steps=10)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["upper", "lower"]
    shown = sorted(
        map(tuple, ax.collections[-1].get_offsets().tolist() + ax.collections[-2].get_offsets().tolist())
    )
    assert shown == sorted(map(tuple, two.X))
    ax = nn.plot_decision_boundary(nn.MLP(2, [4, 3], seed=1), three.X, three.y, steps=10)
    assert len(ax.get_legend().get_texts()) == 3
    ax = nn.plot_decision_boundary(
        nn.MLP(2, [4, 1], seed=1), three.X, [0.5 * x for x, _ in three.X], steps=10
    )
    assert ax.get_legend() is None
    assert len(ax.figure.axes) == 2  # with a scale
    with pytest.raises(
        ValueError, match=r"a decision boundary needs two numbers for each sample, and X\[0\] has 3"
    ):
        nn.plot_decision_boundary(nn.MLP(3, [1]), [[1, 2, 3]], [0])


def test_boundaries_are_curves_and_no_sample_is_under_the_legend():
    """Of a linear model they are straight, to within a part of the distance of grid points."""
    X, y = blobs(90, 3, seed=2)[:2]
    names = [["ash", "elm", "oak"][label] for label in y]
    model = nn.Linear(2, 3)
    nn.fit(model, X, names, loss="cross_entropy", lr=0.05, epochs=30)
    ax = nn.plot_decision_boundary(model, X, names, steps=12)
    lines = [path.vertices for c in ax.collections if c.get_label().startswith("_") for path in c.get_paths()]
    points = [point for line in lines if len(line) > 8 for point in line.tolist()]
    leads = [sorted(nn.predict_proba(model, points)[i])[-2:] for i in range(len(points))]
    near = [second / first for second, first in leads]
    assert len(near) > 50
    assert sorted(near)[len(near) // 10] > 0.99  # two classes are equal but near the point where three meet
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["ash", "elm", "oak"]
    assert not legend.get_window_extent().overlaps(ax.get_window_extent())
    assert legend.get_window_extent().x1 <= ax.figure.bbox.x1
    own = nn.plot_decision_boundary(model, X, names, pyplot.figure().add_subplot(), steps=5)
    own.figure.canvas.draw()
    assert own.get_window_extent().contains(*own.get_legend().get_window_extent().get_points()[0])


def test_labels_may_be_one_hot_or_floats():
    X, y = nn.datasets.blobs(30)[:2]
    model = nn.MLP(2, [3], seed=1)
    for labels in (nn.one_hot(y), [float(label) for label in y]):
        ax = nn.plot_decision_boundary(model, X, labels, steps=10)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1", "class 2"]


def test_confusion():
    ax = nn.plot_confusion([0, 1, 1], [0, 1, 0], ["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["1", "1", "0", "1"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "dog"]


def test_values_have_their_colours_where_a_threshold_would_be_a_guess():
    data = moons(20)
    model = nn.MLP(2, [3, 1], seed=1)
    nn.fit(model, data.X, data.y, loss="mse", epochs=1)
    ax = nn.plot_decision_boundary(model, data.X, data.y, steps=10)
    assert ax.figure.axes[1].get_ylabel() == "output"
    signs = [2 * label - 1 for label in data.y]
    assert nn.plot_decision_boundary(model, data.X, signs, steps=10).get_legend() is not None
    model.outputs = "probabilities"
    assert nn.plot_decision_boundary(model, data.X, data.y, steps=10).get_legend() is not None
    film = nn.Film(data.X, [0.5 * label for label in data.y], steps=5)
    for epoch in range(3):
        film.add(model, epoch, 1.0)
    figure = pyplot.subplots()[0]
    draw = film._drawer(model, figure.axes[0])
    for i in range(3):
        draw(i)
    assert len(figure.axes) == 2  # one scale


def test_a_film(tmp_path):
    pytest.importorskip("PIL")
    from PIL import Image

    data = moons(20)
    model = nn.MLP(2, [3, 1], seed=1)
    film = nn.Film(data.X, data.y, every=2, steps=10)
    with pytest.raises(ValueError, match="nothing was filmed yet"):
        film.animation()
    nn.fit(model, data.X, data.y, loss="mse", epochs=5, callbacks=[film])
    after = model.state_dict()
    film.animation().save(tmp_path / "film.gif", writer="pillow", dpi=40)
    film.save(tmp_path / "film2.gif", interval=200, dpi=50)
    film.save(tmp_path / "film.webp", dpi=40)
    for name, size in (("film.gif", (200, 160)), ("film2.gif", (250, 200)), ("film.webp", (200, 160))):
        with Image.open(tmp_path / name) as pictures:
            assert (pictures.n_frames, pictures.size) == (3, size)
            first = pictures.convert("RGB").tobytes()
            pictures.seek(2)
            assert pictures.convert("RGB").tobytes() != first
    assert model.state_dict() == after
    assert not pyplot.get_fignums()[1:]  # but the figure of the animation
    with pytest.raises(ValueError, match=r"a film is saved as \.gif or \.webp, not as 'film\.mp4'"):
        film.save("film.mp4")
    with pytest.raises(ValueError, match="nothing was filmed yet"):
        nn.Film(data.X, data.y).save("film.gif")
