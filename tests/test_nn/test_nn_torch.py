"""nn against torch in float64: losses, optimisers, schedules, layers."""

import random

import pytest

torch = pytest.importorskip("torch", reason="torch is the oracle here: pip install torch==2.13.0")

import nn  # noqa: E402
from autograd import Value  # noqa: E402

F = torch.nn.functional
RTOL, ATOL = 1e-12, 1e-14


def tensor(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def close(got, expected):
    if isinstance(got, list) and isinstance(got[0], list):
        got, expected = ([x for row in rows for x in row] for rows in (got, expected))
    assert got == pytest.approx(expected, rel=RTOL, abs=ATOL)


generator = random.Random(3)
OUTPUTS = [generator.gauss(0, 2) for _ in range(8)]
TARGETS = [generator.gauss(0, 2) for _ in range(8)]
BINARY = [0, 1, 1, 0, 1, 0.25, 0, 1]
SIGNS = [1, -1, 1, 1, -1, -1, 1, -1]
LOGITS = [[generator.gauss(0, 3) for _ in range(4)] for _ in range(6)]
LABELS = [0, 3, 1, 2, 2, 1]
WEIGHT = [0.5, 2.0, 1.0, 0.25]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
class TestLosses:
    def check(self, ours, theirs, numbers, reduction):
        """The loss and the gradient of the sum of its parts."""
        flat = [x for row in numbers for x in row] if isinstance(numbers[0], list) else numbers
        leaves = iter(values := [Value(x) for x in flat])
        given = [[next(leaves) for _ in row] for row in numbers] if isinstance(numbers[0], list) else values
        t = tensor(numbers)
        got, expected = ours(given, reduction), theirs(t, reduction)
        if reduction == "none":
            close([x.data for x in got], expected.tolist())
            got, expected = sum(got), expected.sum()
        close(got.data, expected.item())
        got.backward()
        expected.backward()
        close([v.grad for v in values], t.grad.flatten().tolist())

    @pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
    def test_of_numbers(self, name, reduction):
        self.check(
            lambda x, r: getattr(nn, name)(x, TARGETS, reduction=r),
            lambda x, r: getattr(F, name)(x, torch.tensor(TARGETS, dtype=torch.float64), reduction=r),
            OUTPUTS,
            reduction,
        )

    def test_huber_with_delta(self, reduction):
        self.check(
            lambda x, r: nn.huber_loss(x, TARGETS, delta=2.5, reduction=r),
            lambda x, r: F.huber_loss(x, torch.tensor(TARGETS, dtype=torch.float64), reduction=r, delta=2.5),
            OUTPUTS,
            reduction,
        )

    def test_binary(self, reduction):
        targets = torch.tensor(BINARY, dtype=torch.float64)
        logits = [*OUTPUTS[:6], 1000.0, -1000.0]
        for numbers in (OUTPUTS, logits):
            self.check(
                lambda x, r: nn.binary_cross_entropy_with_logits(x, BINARY, reduction=r),
                lambda x, r: F.binary_cross_entropy_with_logits(x, targets, reduction=r),
                numbers,
                reduction,
            )
        self.check(
            lambda x, r: nn.binary_cross_entropy_with_logits(x, BINARY, pos_weight=3.0, reduction=r),
            lambda x, r: F.binary_cross_entropy_with_logits(
                x, targets, reduction=r, pos_weight=torch.tensor(3.0, dtype=torch.float64)
            ),
            OUTPUTS,
            reduction,
        )
        self.check(
            lambda x, r: nn.binary_cross_entropy(x, BINARY, reduction=r),
            lambda x, r: F.binary_cross_entropy(x, targets, reduction=r),
            [0.1 * (i + 1) for i in range(8)],
            reduction,
        )

    def test_hinge(self, reduction):
        signs = torch.tensor(SIGNS, dtype=torch.float64)

        def theirs(x, r):
            parts = torch.relu(1 - signs * x)
            return parts if r == "none" else getattr(parts, r)()

        self.check(lambda x, r: nn.hinge_loss(x, SIGNS, reduction=r), theirs, OUTPUTS, reduction)

    @pytest.mark.parametrize("weight", [None, WEIGHT])
    def test_of_classes(self, weight, reduction):
        labels = torch.tensor(LABELS)
        w = None if weight is None else torch.tensor(weight, dtype=torch.float64)
        extreme = [[x * 300 for x in row] for row in LOGITS]  # to about +-1000 and beyond
        for numbers in (LOGITS, extreme):
            self.check(
                lambda x, r: nn.cross_entropy(x, LABELS, weight=weight, reduction=r),
                lambda x, r: F.cross_entropy(x, labels, weight=w, reduction=r),
                numbers,
                reduction,
            )
        soft = [[(i + j + 1) / (4 * i + 10) for j in range(4)] for i in range(len(LABELS))]
        self.check(
            lambda x, r: nn.cross_entropy(x, soft, weight=weight, reduction=r),
            lambda x, r: F.cross_entropy(x, torch.tensor(soft, dtype=torch.float64), weight=w, reduction=r),
            LOGITS,
            reduction,
        )
        self.check(
            lambda x, r: nn.nll_loss(x, LABELS, weight=weight, reduction=r),
            lambda x, r: F.nll_loss(x, labels, weight=w, reduction=r),
            LOGITS,
            reduction,
        )
        self.check(
            lambda x, r: nn.multi_margin_loss(x, LABELS, weight=weight, margin=1.5, reduction=r),
            lambda x, r: F.multi_margin_loss(x, labels, weight=w, margin=1.5, reduction=r),
            LOGITS,
            reduction,
        )


OPTIMIZERS = [
    ("SGD", {"lr": 0.02}),
    ("SGD", {"lr": 0.005, "momentum": 0.9}),
    ("SGD", {"lr": 0.005, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.005, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adagrad", {"lr": 0.5}),
    ("Adagrad", {"lr": 0.5, "lr_decay": 0.1, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.05}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1, "centered": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.99), "weight_decay": 0.1, "eps": 1e-6}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
]


def rosenbrock(p):
    x, y, z = p[0], p[1], p[2]
    return (1 - x) ** 2 + 5 * (y - x * x) ** 2 + 0.1 * (z - y) ** 2


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=str)
def test_optimisers_for_20_steps(name, options):
    ours = [Value(x) for x in (-1.0, 0.5, 2.0)]
    theirs = torch.nn.Parameter(torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64))
    optimizer = getattr(nn, name)(ours, **options)
    reference = getattr(torch.optim, name)([theirs], **options)
    for _ in range(20):
        optimizer.zero_grad()
        reference.zero_grad()
        rosenbrock(ours).backward()
        rosenbrock(theirs).backward()
        optimizer.step()
        reference.step()
        close([p.data for p in ours], theirs.tolist())


SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("LinearLR", {"start_factor": 0.1, "total_iters": 6}),
    ("CosineAnnealingLR", {"T_max": 10, "eta_min": 0.001}),
    ("CosineAnnealingLR", {"T_max": 20}),
]


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "Adagrad"])
def test_a_parameter_that_is_thawed_later_begins_with_its_own_first_step(name):
    ours = [Value(1.0), Value(1.0)]
    theirs = [torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64)) for _ in range(2)]
    optimizer, reference = getattr(nn, name)(ours, lr=0.1), getattr(torch.optim, name)(theirs, lr=0.1)
    for step in range(6):
        ours[1].requires_grad = step >= 3
        optimizer.zero_grad()
        reference.zero_grad()
        sum(p * p for p in ours).backward()
        sum(p * p for p in theirs).backward()
        if step < 3:
            theirs[1].grad = None
        optimizer.step()
        reference.step()
    close([p.data for p in ours], [p.item() for p in theirs])


def rates(schedule_of, optimizer, steps, metrics=None):
    schedule = schedule_of(optimizer)
    found = [[group["lr"] for group in optimizer.param_groups]]
    for i in range(steps):
        optimizer.step()
        if metrics is None:
            schedule.step()
        else:
            schedule.step(metrics[i])
        found.append([group["lr"] for group in optimizer.param_groups])
    return found


def both_optimisers():
    ours = [{"params": [Value(1.0)], "lr": 0.3}, {"params": [Value(1.0)]}]
    theirs = [
        {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.3},
        {"params": [torch.nn.Parameter(torch.zeros(1))]},
    ]
    return nn.SGD(ours, lr=0.1), torch.optim.SGD(theirs, lr=0.1)


@pytest.mark.parametrize(("name", "options"), SCHEDULES, ids=str)
def test_schedules(name, options):
    optimizer, reference = both_optimisers()
    got = rates(lambda o: getattr(nn, name)(o, **options), optimizer, 15)
    expected = rates(lambda o: getattr(torch.optim.lr_scheduler, name)(o, **options), reference, 15)
    for ours, theirs in zip(got, expected, strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("pct_start", [0.3, 0.5])
def test_one_cycle(pct_start):
    optimizer, reference = both_optimisers()
    options = {"max_lr": 0.5, "total_steps": 20, "pct_start": pct_start}
    got = rates(lambda o: nn.OneCycleLR(o, **options), optimizer, 19)
    expected = rates(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, **options, cycle_momentum=False), reference, 19
    )
    for ours, theirs in zip(got, expected, strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_reducing_on_a_plateau(mode):
    metrics = [1.0, 0.9, 0.95, 0.91, 0.9, 0.89, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.76, 0.77, 0.2]
    optimizer, reference = both_optimisers()
    options = {"mode": mode, "factor": 0.5, "patience": 2, "min_lr": 0.02}
    got = rates(lambda o: nn.ReduceLROnPlateau(o, **options), optimizer, 15, metrics)
    expected = rates(
        lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(o, **options), reference, 15, metrics
    )
    assert got == expected
    assert got[0] != got[-1]


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_normalisations(name, affine):
    x = [0.5, -1.25, 3.0, 0.75]
    layer = getattr(nn, name)(4, affine=affine)
    reference = getattr(torch.nn, name)(4, eps=1e-5, elementwise_affine=affine, dtype=torch.float64)
    numbers = [1.5, -0.5, 2.0, 0.25]
    if affine:
        for p, number in zip(layer.w, numbers, strict=True):
            p.data = number
        with torch.no_grad():
            reference.weight.copy_(tensor(numbers))
    values, t = [Value(x_i) for x_i in x], tensor(x)
    got, expected = layer(values), reference(t)
    close([y.data for y in got], expected.tolist())
    sum(i * y * y for i, y in enumerate(got)).backward()
    (torch.arange(4) * expected**2).sum().backward()
    close([v.grad for v in values], t.grad.tolist())
    if affine:
        close([w.grad for w in layer.w], reference.weight.grad.tolist())


def test_embedding_and_linear():
    embedding = nn.Embedding(5, 3)
    layer = nn.Linear(3, 2)
    reference = torch.nn.Embedding(5, 3, dtype=torch.float64)
    linear = torch.nn.Linear(3, 2, dtype=torch.float64)
    with torch.no_grad():
        reference.weight.copy_(tensor([[p.data for p in row] for row in embedding.rows]))
        linear.weight.copy_(tensor([[w.data for w in n.w] for n in layer.neurons]))
        linear.bias.zero_()
    got = [layer(row) for row in embedding([4, 0, 4])]
    expected = linear(reference(torch.tensor([4, 0, 4])))
    close([[y.data for y in row] for row in got], expected.tolist())
    sum(y * y for row in got for y in row).backward()
    (expected**2).sum().backward()
    close([[p.grad for p in row] for row in embedding.rows], reference.weight.grad.tolist())


def test_clipping():
    for limit in (0.5, 100.0):
        ours, theirs = [Value(1.0) for _ in range(3)], torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
        for p, g in zip(ours, (3.0, -4.0, 12.0), strict=True):
            p.grad = g
        theirs.grad = torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64)
        close(nn.clip_grad_norm_(ours, limit), torch.nn.utils.clip_grad_norm_([theirs], limit).item())
        close([p.grad for p in ours], theirs.grad.tolist())
        nn.clip_grad_value_(ours, 0.1)
        assert max(abs(p.grad) for p in ours) <= 0.1


def drawn_by_torch(name, in_size, out_size, **options):
    """The bounds or the mean and deviation that torch draws a weight with: what it asks its generator for."""
    asked = []
    tensor = torch.empty(out_size, in_size, dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        for method in ("uniform_", "normal_"):
            patch.setattr(
                torch.Tensor,
                method,
                lambda self, a, b, generator=None, method=method: asked.append((method, a, b)),
            )
        getattr(torch.nn.init, name)(tensor, **options)
    ((method, a, b),) = asked
    return method, a, b


def drawn_by_ours(rule, in_size, out_size, method, monkeypatch):
    """The same of a rule of ours, from what it makes of the ends of [0, 1), or of a normal 0 and 1."""

    def with_draw(function, values):
        found = []
        for value in values:
            monkeypatch.setattr(nn.init, function, value)
            found.append(rule(in_size, out_size))
        monkeypatch.undo()
        return found

    if method == "uniform_":
        return with_draw("draw_uniform", [lambda low, high: low, lambda low, high: high])
    draws = [lambda mean, std: mean, lambda mean, std: std]
    return with_draw("draw_normal", draws)


@pytest.mark.parametrize(("in_size", "out_size"), [(1, 1), (20, 40), (7, 3)])
@pytest.mark.parametrize(
    ("rule", "name", "options"),
    [
        ("xavier_uniform", "xavier_uniform_", {}),
        ("xavier_normal", "xavier_normal_", {}),
        ("kaiming_uniform", "kaiming_uniform_", {}),
        ("kaiming_normal", "kaiming_normal_", {}),
        ("lecun_uniform", "kaiming_uniform_", {"nonlinearity": "linear"}),
        ("lecun_normal", "kaiming_normal_", {"nonlinearity": "linear"}),
        ("uniform", "uniform_", {}),
        ("normal", "normal_", {}),
    ],
)
def test_initialisers(rule, name, options, in_size, out_size, monkeypatch):
    """Bounds, mean and standard deviation are torch's; that draws keep to them, test_training tests."""
    method, *expected = drawn_by_torch(name, in_size, out_size, **options)
    close(drawn_by_ours(nn.init.by_name(rule), in_size, out_size, method, monkeypatch), expected)


def test_initialisers_with_a_gain():
    gain = torch.nn.init.calculate_gain("tanh")
    _, low, high = drawn_by_torch("xavier_uniform_", 20, 40, gain=gain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.init, "draw_uniform", lambda low, high: (low, high))
        close(list(nn.init.xavier_uniform(gain)(20, 40)), [low, high])
