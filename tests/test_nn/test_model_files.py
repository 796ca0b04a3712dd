"""Saving and loading: nothing is lost, training goes on to the last bit, and damaged files do no harm."""

import json
import math
import os
import random
import sys
from pathlib import Path

import pytest

import nn
from nn import MLP, Adam, DataLoader, Module, load, save
from nn.datasets import moons

ENDINGS = [".json", ".safetensors"]


@pytest.fixture(params=ENDINGS)
def path(request, tmp_path):
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    return tmp_path / f"model{request.param}"


MODELS = [
    lambda: MLP(2, [3, 1], "tanh", seed=1),
    lambda: MLP(2, [3, 4, 2], ["relu", "tanh"], output_activation="sigmoid", bias=False),
    lambda: nn.Sequential(
        nn.Linear(2, 3, bias=False), nn.LayerNorm(3), nn.GELU(), nn.Dropout(0.25), nn.Layer(3, 2, "tanh")
    ),
    lambda: nn.Sequential(nn.Embedding(3, 2), nn.RMSNorm(2), nn.Activation("softplus"), nn.Softmax()),
    lambda: nn.Neuron(3, "sigmoid"),
]


@pytest.mark.parametrize("make", MODELS)
def test_a_model_comes_back_whole(make, path):
    model = make()
    save(model, path)
    again = load(path)
    assert type(again) is type(model)
    assert repr(again) == repr(model)
    assert again.state_dict() == model.state_dict()
    assert list(again.state_dict()) == list(model.state_dict())


def test_the_file_can_be_read(tmp_path):
    model = MLP(2, [2, 1], "tanh", seed=1)
    save(model, tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text())
    assert content["model"] == {
        "class": "MLP",
        "arguments": {
            "in_size": 2,
            "sizes": [2, 1],
            "activation": "tanh",
            "output_activation": "linear",
            "bias": True,
        },
    }
    assert content["parameters"]["layers.0.neurons.1.w"] == [w.data for w in model.layers[0].neurons[1].w]


class Line(Module):
    def __init__(self):
        self.slope = nn.parameter(2.0)


def test_a_class_of_ones_own_is_made_first(path):
    line = Line()
    line.slope.data = 5.0
    save(line, path)
    with pytest.raises(ValueError, match=r"it is a Line, which has to be made first: write load\(path, Line"):
        load(path)
    assert load(path, Line()).slope.data == 5.0
    own = MLP(1, [2, 1], lambda x: x * 2.0)
    save(own, path)
    with pytest.raises(ValueError, match="has to be made first"):
        load(path)


def test_training_goes_on_as_if_it_had_not_stopped(path):
    """Optimiser, schedule, loader and the generator of dropout: bit-equal."""
    data = moons(40)

    def parts():
        model = nn.Sequential(nn.Layer(2, 6, "tanh"), nn.Dropout(0.2), nn.Linear(6, 1))
        optimizer = Adam(model.parameters(), lr=0.02, weight_decay=0.01)
        return model, optimizer, nn.CosineAnnealingLR(optimizer, 10), DataLoader(data.X, data.y, 8, seed=5)

    def train(model, optimizer, schedule, loader, epochs):
        for _ in range(epochs):
            for X, y in loader:
                optimizer.zero_grad()
                nn.binary_cross_entropy_with_logits([model(x) for x in X], y).backward()
                optimizer.step()
            schedule.step()

    model, optimizer, schedule, loader = parts()
    train(model, optimizer, schedule, loader, 3)
    save(model, path, optimizer=optimizer, schedule=schedule, loader=loader)
    train(model, optimizer, schedule, loader, 4)

    other, optimizer2, schedule2, loader2 = parts()
    nn.seed(99)
    load(path, other, optimizer=optimizer2, schedule=schedule2, loader=loader2)
    train(other, optimizer2, schedule2, loader2, 4)
    assert other.state_dict() == model.state_dict()
    assert optimizer2.state_dict() == optimizer.state_dict()
    assert schedule2.state_dict() == schedule.state_dict()


def test_what_is_saved_replaces_what_was_there_in_one_moment(path, monkeypatch):
    save(MLP(1, [1], seed=1), path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(MLP(1, [1], seed=2), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_what_a_link_stands_for_is_replaced(tmp_path):
    (tmp_path / "real.JSON").write_text("")
    (tmp_path / "model.json").symlink_to("real.JSON")
    save(MLP(1, [1], seed=1), tmp_path / "model.json")
    assert (tmp_path / "model.json").is_symlink()
    assert repr(load(tmp_path / "real.JSON")) == repr(MLP(1, [1]))


def test_numbers_of_other_types_are_refused(tmp_path):
    np = pytest.importorskip("numpy")
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "model.safetensors"
    save(MLP(1, [1], seed=1), path)
    arrays = safetensors.load_file(path)
    length = int.from_bytes(path.read_bytes()[:8], "little")
    metadata = json.loads(path.read_bytes()[8 : 8 + length])["__metadata__"]
    safetensors.save_file({n: a.astype(np.int32) for n, a in arrays.items()}, path, metadata=metadata)
    with pytest.raises(ValueError, match="is of int32, and a model's numbers are of float64"):
        load(path)


def test_what_cannot_be_saved_or_loaded_says_why(tmp_path):
    model = MLP(1, [1])
    with pytest.raises(ValueError, match=r"saved as \.json or \.safetensors, not as 'model\.pkl'"):
        save(model, tmp_path / "model.pkl")
    model.parameters()[0].data = math.nan
    with pytest.raises(ValueError, match=r"layers\.0\.neurons\.0\.w\.0 is nan"):
        save(model, tmp_path / "model.json")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")
    save(MLP(1, [1]), tmp_path / "model.json")
    with pytest.raises(ValueError, match="has no state of optimizer: it was saved without"):
        load(tmp_path / "model.json", optimizer=Adam(model.parameters()))
    with pytest.raises(ValueError, match="make the model with the same sizes"):
        load(tmp_path / "model.json", MLP(2, [1]))


def mutations(data, generator, count):
    """Truncated, with bits flipped, with pieces cut out, doubled, or put in place of others."""
    for _ in range(count):
        kind = generator.randrange(5)
        damaged = bytearray(data)
        i, j = sorted(generator.randrange(len(data)) for _ in range(2))
        if kind == 0:
            del damaged[i:]
        elif kind == 1:
            for _ in range(generator.randint(1, 4)):
                damaged[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        elif kind == 2:
            del damaged[i : min(j, i + 40)]
        elif kind == 3:
            damaged[i:i] = data[i : min(j, i + 40)]
        else:
            damaged[i : i + 8] = generator.choice(
                [b"1e999", b"-1", b"null", b'"x"', b"[[[[", b"999999999999"]
            )
        yield bytes(damaged)


def strange(content):
    """Well-formed, but with wrong types and absurd sizes."""
    wrong = [None, True, -1, 0, 10**12, 1e308, math.inf, "x", [], {}, [10**9], [[]], {"a": 1}]
    for key in content:
        for value in wrong:
            yield {**content, key: value}
    for key in ("class", "arguments"):
        for value in wrong:
            yield {**content, "model": {**content["model"], key: value}}
    for key in content["model"]["arguments"]:
        for value in wrong:
            arguments = {**content["model"]["arguments"], key: value}
            yield {**content, "model": {"class": "MLP", "arguments": arguments}}
    for name in list(content["parameters"])[:3]:
        for value in wrong:
            yield {**content, "parameters": {**content["parameters"], name: value}}


def check_harmless(path, expected):
    """It loads completely, to finite numbers of the right shapes, or says what is wrong."""
    try:
        model = load(path)
    except ValueError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert str(path) in message
        return False
    state = model.state_dict()
    assert all(math.isfinite(number) for number in state.values())
    assert len(state) <= expected
    return True


def test_damaged_files_do_no_harm(path):
    model = MLP(2, [3, 1], "tanh", seed=1)
    optimizer = Adam(model.parameters())
    save(model, path, optimizer=optimizer)
    data = path.read_bytes()
    generator = random.Random(7)
    loaded = 0
    for damaged in mutations(data, generator, 400):
        path.write_bytes(damaged)
        loaded += check_harmless(path, 13)
        target = MLP(2, [3, 1], "tanh", seed=2)
        before, state = target.state_dict(), optimizer.state_dict()
        try:
            load(path, target, optimizer=optimizer)
        except ValueError:
            assert target.state_dict() == before
            assert optimizer.state_dict() == state
    assert 0 < loaded < 400


def hostile_training():
    """(part, path to a number, what stands there)."""
    big = 10**400
    for wrong in (big, -1, None, [0.1, 0.1], "x", True):
        yield "optimizer", ("param_groups", 0, "lr"), wrong
    for wrong in (0.9, [0.9], [True, True], [2.0, 0.9], big):
        yield "optimizer", ("param_groups", 0, "betas"), wrong
    for wrong in ([0.1, -1.0], [big, 0.0], [0.1], [None, 0.0], 3):
        yield "optimizer", ("state", 0), wrong
    for wrong in ([big] * 13, 3, [-1] * 13, [1.5] * 13, [1]):
        yield "optimizer", ("steps",), wrong
    for wrong in (0, -1, 1.5, None, big):
        yield "schedule", ("step_size",), wrong
    for wrong in (None, "x", -2, big):
        yield "schedule", ("gamma",), wrong
    for wrong in ([-1.0], [None], [big], [], 3):
        yield "schedule", ("base_lrs",), wrong
    for wrong in (big, -1, 1.5, None):
        yield "schedule", ("epoch",), wrong
    for wrong in (None, 3, [3, [1, 2], None], [3, [big] * 625, None]):
        yield "loader", ("generator",), wrong


@pytest.mark.parametrize(("part", "place", "wrong"), list(hostile_training()))
def test_a_hostile_state_of_training_touches_nothing(tmp_path, part, place, wrong):
    def parts(seed):
        model = MLP(2, [3, 1], "tanh", seed=seed)
        optimizer = Adam(model.parameters(), lr=0.1 * seed)
        schedule = nn.StepLR(optimizer, seed + 1, 0.5)
        schedule.step()
        return model, {
            "optimizer": optimizer,
            "schedule": schedule,
            "loader": DataLoader([[1, 2]], [1], seed=seed),
        }

    path = tmp_path / "model.json"
    model, training = parts(1)
    save(model, path, **training)
    content = json.loads(path.read_text())
    target = content["training"][part]
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = wrong
    path.write_text(json.dumps(content))

    other, training = parts(2)
    before = [other.state_dict(), *(p.state_dict() for p in training.values()), nn.init.generator.getstate()]
    with pytest.raises(ValueError, match=r"model\.json"):
        load(path, other, **training)
    after = [other.state_dict(), *(p.state_dict() for p in training.values()), nn.init.generator.getstate()]
    assert after == before


def test_shared_parts_and_namesakes_are_made_first(path):
    """A file says no more than it knows: neither that a layer is shared, nor what a subclass does."""
    shared = nn.Linear(2, 2)
    tied = nn.Sequential(shared, nn.Tanh(), shared)

    class Layer(nn.Layer):
        def forward(self, x):
            return [3.0 * y for y in super().forward(x)]

    changed = MLP(1, [2, 1])
    changed.layers[0].neurons[1].activation = "tanh"
    for model in (tied, Layer(2, 2), changed):
        save(model, path)
        with pytest.raises(ValueError, match="has to be made first"):
            load(path)
        state = model.state_dict()
        model.parameters()[0].data += 1.0
        load(path, model)
        assert model.state_dict() == state


def test_a_model_made_anew_is_in_the_mode_for_use(path):
    save(nn.Sequential(nn.Linear(1, 2), nn.Dropout()), path)
    assert load(path)([1.0]) == load(path)([1.0])


def test_loading_leaves_the_generator_as_it_is(path):
    save(MLP(2, [2, 1]), path)
    nn.seed(3)
    before = nn.init.generator.getstate()
    load(path)
    assert nn.init.generator.getstate() == before


def test_strange_files_do_no_harm(tmp_path):
    path = tmp_path / "model.json"
    save(MLP(2, [3, 1], "tanh", seed=1), path)
    content = json.loads(path.read_text())
    count = 0
    for changed in strange(content):
        path.write_text(json.dumps(changed))
        check_harmless(path, 13)
        count += 1
    assert count > 150
    for text in ("", "[]", "null", "{}", "[" * 100_000, '{"format": "scalar-autograd model"}', "9" * 10_000):
        path.write_text(text)
        assert not check_harmless(path, 0)


def test_a_file_of_very_many_modules_is_refused_before_they_are_made(tmp_path, monkeypatch):
    """Those that have no parameters too; a model that large is made first."""
    path = tmp_path / "model.json"
    save(nn.Sequential(nn.Linear(1, 1)), path)
    content = json.loads(path.read_text())
    content["model"]["arguments"]["modules"] += [{"class": "Tanh", "arguments": {}}] * 200_000
    path.write_text(json.dumps(content))
    made = []

    def counted(module):
        made.append(module)
        nn.Activation.__init__(module, "tanh")

    monkeypatch.setattr(nn.Tanh, "__init__", counted)
    with pytest.raises(ValueError, match=r"describes 200,002 modules, which is absurd for 2 numbers: .*make"):
        load(path)
    assert made == []
    model = nn.Sequential(nn.Linear(1, 1), *(nn.Tanh() for _ in range(1500)))
    assert len(made) == 1500
    save(model, path)
    with pytest.raises(ValueError, match="it is a Sequential, which has to be made first"):
        load(path)
    assert load(path, model) is model
    save(model := nn.Sequential(nn.Linear(1, 1), *(nn.Tanh() for _ in range(900))), path)
    assert repr(load(path)) == repr(model)


FILES = Path(__file__).parent.parent / "files"


def test_files_of_version_0_1_load():
    """Written before a file said what a model's outputs are."""
    X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    model = MLP(2, [3, 1], output_activation="sigmoid")
    optimizer = Adam(model.parameters())
    schedule, loader = nn.StepLR(optimizer, 1), DataLoader(X, [0, 1, 1, 0])
    load(FILES / "saved_by_0_1.json", model, optimizer=optimizer, schedule=schedule, loader=loader)
    assert (optimizer.lr, schedule.epoch, optimizer.state_dict()["steps"]) == (0.025, 3, [6] * 13)
    model = load(FILES / "saved_by_0_1.json")
    expected = [0.45576896111220183, 0.5036583486047232, 0.46437006625061983, 0.46716969099401445]
    assert nn.predict(model, X) == pytest.approx(expected, rel=1e-14)
    pytest.importorskip("safetensors")
    model = load(FILES / "saved_by_0_1.safetensors")
    assert nn.predict(model, [[0, 1]])[0] == pytest.approx(
        [0.4184905566248622, 0.5815094433751378], rel=1e-14
    )
