"""Draw the README's picture and the gallery: ``python docs/pictures.py [FOLDER]`` (default: docs).

The page gallery.md consists of the sections below, each with its code and the picture that the code draws.
"""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

HEAD = """# Gallery

Pictures of graphs and networks by `draw` and `nn.draw_network`. The code above each picture draws it, and \
continues the code of the sections before; `python docs/pictures.py` draws all pictures again.
"""

SECTIONS = [
    (
        "A graph",
        "The network with which Matt Mazur explains back-propagation step by step (2015): two inputs, two "
        "hidden and two output neurons. Each box holds an operation with its result and, after "
        "`backward()`, its gradient; parameters are orange.",
        "mazur",
        """
        from autograd import Value, draw, sigmoid, square

        p = {"w1": 0.15, "w2": 0.20, "w3": 0.25, "w4": 0.30, "b1": 0.35}
        p |= {"w5": 0.40, "w6": 0.45, "w7": 0.50, "w8": 0.55, "b2": 0.60}
        p = {name: Value(number, name, parameter=True) for name, number in p.items()}
        i1, i2 = Value(0.05, "i1"), Value(0.10, "i2")

        net_h1 = p["w1"] * i1 + p["w2"] * i2 + p["b1"]
        net_h2 = p["w3"] * i1 + p["w4"] * i2 + p["b1"]
        out_h1, out_h2 = sigmoid(net_h1), sigmoid(net_h2)
        net_o1 = p["w5"] * out_h1 + p["w6"] * out_h2 + p["b2"]
        net_o2 = p["w7"] * out_h1 + p["w8"] * out_h2 + p["b2"]
        out_o1, out_o2 = sigmoid(net_o1), sigmoid(net_o2)
        E = 0.5 * square(0.01 - out_o1) + 0.5 * square(0.99 - out_o2)
        E.backward()

        picture = draw(E, names=locals())
        """,
    ),
    (
        "Gradients as colours",
        "Blue is negative, orange positive, by the logarithm, as the legend says: small gradients show too, "
        "and only 0 has no colour. In grey, orange is the lighter of the two.",
        "gradients",
        """
        picture = draw(E, color="grad", names=locals())
        """,
    ),
    (
        "The paths from a weight to the loss",
        "`w1` reaches the error by two paths, one through each output.",
        "paths",
        """
        picture = draw(E, paths=(p["w1"], E), names=locals())
        """,
    ),
    (
        "The neighbourhood of a node",
        "Only the Values within two arrows of `out_h1`.",
        "around",
        """
        picture = draw(E, around=(out_h1, 2), names=locals())
        """,
    ),
    (
        "Dark",
        "For dark pages and slides.",
        "dark",
        """
        picture = draw(out_o1, dark=True, color="grad", names=locals())
        """,
    ),
    (
        "The same network, as textbooks draw it",
        "Before `backward()`, with the output of each neuron for one example:",
        "network_before",
        """
        import nn

        model = nn.MLP(2, [2, 2], "sigmoid", output_activation="sigmoid")
        numbers = [0.15, 0.20, 0.35, 0.25, 0.30, 0.35, 0.40, 0.45, 0.60, 0.50, 0.55, 0.60]
        for parameter, number in zip(model.parameters(), numbers):
            parameter.data = number
        names = {"inputs": ["i1", "i2"], "outputs": ["o1", "o2"]}

        picture = nn.draw_network(model, [0.05, 0.10], **names)
        """,
    ),
    (
        "",
        "After `backward()`, with the gradients below the weights:",
        "network_after",
        """
        nn.mse_loss(model([0.05, 0.10]), [0.01, 0.99], reduction="half_sum").backward()

        picture = nn.draw_network(model, [0.05, 0.10], **names)
        """,
    ),
    (
        "A wide network",
        "A network of 64 inputs and 32 and 10 neurons, trained on handwritten digits, shown for an image of "
        "a 0. Wide layers are abridged.",
        "digits",
        """
        data = nn.datasets.digits()
        X = [[x / 16 for x in row] for row in data.X[:300]]
        classifier = nn.MLP(64, [32, 10], "tanh", seed=0)
        nn.fit(classifier, X, data.y[:300], loss="cross_entropy", lr=0.01, epochs=3)

        picture = nn.draw_network(classifier, X[0], outputs=data.classes)
        """,
    ),
    (
        "micrograd's look",
        "An operation and its result are two boxes.",
        "separate",
        """
        from autograd import tanh

        x1, x2 = Value(2.0), Value(0.0)
        w1, w2 = Value(-3.0), Value(1.0)
        b = Value(6.8813735870195432)
        n = x1 * w1 + x2 * w2 + b
        o = tanh(n)
        o.backward()

        picture = draw(o, ops="separate", number_format=".4f", names=locals())
        """,
    ),
    (
        "A layer in a box",
        "A graph of more than 300 boxes is folded, by neurons, by layers or by whole models: as finely as "
        "stays readable.",
        "mlp",
        """
        mlp = nn.MLP(2, [16, 16, 1], seed=1)

        picture = draw(mlp, [1.0, -2.0])
        """,
    ),
    (
        "The whole loss of micrograd's demo",
        "A hundred samples and the regularisation: 11,214 operations and leaves.",
        "demo",
        """
        X, y = nn.datasets.moons(100)[:2]
        scores = [mlp(x) for x in X]
        losses = [(1 - (2 * label - 1) * score).relu() for label, score in zip(y, scores)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in mlp.parameters())
        loss.backward()

        picture = draw(loss)
        """,
    ),
    (
        "Without modules",
        "The same network written as lists of Values, as micrograd's own classes do: 65,614 operations and "
        "leaves. No module says what a layer is; layers are found because their operations repeat.",
        "unnamed",
        """
        import random

        draw_weight = random.Random(1).uniform


        def neuron(size):
            return [Value(draw_weight(-1, 1)) for _ in range(size)], Value(0.0)


        def act(neuron, x, linear=False):
            w, b = neuron
            out = sum((w_i * x_i for w_i, x_i in zip(w, x)), b)
            return out if linear else out.relu()


        layers = [[neuron(n) for _ in range(m)] for n, m in ((2, 16), (16, 16), (16, 1))]
        parameters = [p for layer in layers for w, b in layer for p in [*w, b]]
        losses = []
        for row, label in zip(X, y):
            x = [Value(number) for number in row]
            for layer in layers:
                x = [act(neuron, x, linear=layer is layers[-1]) for neuron in layer]
            losses.append((1 + -(2 * label - 1) * x[0]).relu())
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in parameters)
        loss.backward()

        picture = draw(loss, direction="TB")
        """,
    ),
]


def gallery(folder: Path) -> None:
    """Write gallery.md and its pictures."""
    (folder / "gallery").mkdir(exist_ok=True)
    space: dict[str, object] = {}
    page = [HEAD]
    for title, text, name, code in SECTIONS:
        code = "\n".join(line.removeprefix(" " * 8) for line in code.strip("\n").splitlines()).strip()
        exec(compile(code, f"gallery: {name}", "exec"), space)
        path = folder / "gallery" / f"{name}.svg"
        path.write_text(space["picture"].svg(), encoding="utf-8", newline="\n")
        page += [f"## {title}\n"] if title else []
        page.append(f"{text}\n")
        page.append(f"```python\n{code}\n```\n")
        page.append(f"![{title or 'After backward'}](gallery/{name}.svg)\n")
    (folder / "gallery.md").write_text("\n".join(page), encoding="utf-8", newline="\n")


def readme(folder: Path) -> None:
    """Write the picture that the README's first program draws."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    program = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    before = Path.cwd()
    os.chdir(folder)
    exec(compile(program, "README.md", "exec"), {})
    os.chdir(before)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    gallery(target)
    readme(target)
