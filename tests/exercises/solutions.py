"""The solutions of the exercises, and for each some wrong answers with words of their refusals."""

from collections import deque
from math import exp, log

from autograd import maximum, relu, where
from autograd.exercises.networks import MAZUR, simultaneous, two_two_two

# ---- E9: backward, which may be called again


def postorder(root):
    """Operands before users, by a loop."""
    order, done, stack = [], set(), [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in done:
            done.add(node)
            stack.append((node, True))
            stack += [(arg, False) for arg in node.args]
    return order


def with_cleared(cleared, seed=1.0, adding=True):
    def backward(root):
        order = postorder(root)
        for node in order:
            if cleared(node):
                node.grad = 0.0
        root.grad = seed
        for node in reversed(order):
            for arg, slope in zip(node.args, node.slopes, strict=True):
                arg.grad = node.grad * slope + adding * arg.grad

    return backward


def turned(root):
    """The sweep goes through the order from its beginning."""
    order = postorder(root)
    for node in order:
        if node.args:
            node.grad = 0.0
    root.grad = 1.0
    for node in order:
        for arg, slope in zip(node.args, node.slopes, strict=True):
            arg.grad += node.grad * slope


def operands_of_the_root_cleared(root):
    for node in root.args:
        if node.args:
            node.grad = 0.0
    with_cleared(lambda node: False)(root)


def all_but_the_first_cleared(root):
    """Right for a single leaf, which comes first."""
    first = postorder(root)[0]
    with_cleared(lambda node: node is not first)(root)


# ---- E10: operands before users


def by_counting_users(root):
    """Another good order: a node is taken once all its users are."""
    users, seen, stack = {root: 0}, {root}, [root]
    while stack:
        for arg in stack.pop().args:
            users[arg] = users.get(arg, 0) + 1
            if arg not in seen:
                seen.add(arg)
                stack.append(arg)
    order, ready = [], [root]
    while ready:
        node = ready.pop()
        order.append(node)
        for arg in node.args:
            users[arg] -= 1
            if not users[arg]:
                ready.append(arg)
    return order[::-1]


def recursive(root, order=None):
    order = [] if order is None else order
    if root not in order:
        for arg in root.args:
            recursive(arg, order)
        order.append(root)
    return order


def every_visit(root):
    order, stack = [], [root]
    while stack and len(order) < 1000:
        node = stack.pop()
        order.append(node)
        stack += node.args
    return order[::-1]


def by_first_visit(root):
    order, seen, queue = [], {root}, deque([root])
    while queue:
        node = queue.popleft()
        order.append(node)
        queue += [arg for arg in dict.fromkeys(node.args) if arg not in seen]
        seen.update(node.args)
    return order[::-1]


def endless(root):
    waiting = [root]
    while waiting:
        node = waiting[-1]
        waiting += node.args
    return waiting


# ---- E4 and E11: computed as a reader would


def mazur_with_biases():
    """Mazur's error after one step that moves the biases too."""
    n = two_two_two()
    n.E.backward()
    b = 0.35 - 0.5 * n.b1.grad, 0.60 - 0.5 * n.b2.grad
    return two_two_two(simultaneous(MAZUR, 0.5), b=b).E.data


def ten_sigmoids(y=0.5):
    """The slope of ten sigmoids in a row."""
    slope = 1.0
    for _ in range(10):
        y = 1 / (1 + exp(-y))
        slope *= y * (1 - y)
    return slope


# ---- E17: leaky without a question


def with_if(v):
    return v if v > 0 else 0.1 * v


def by_data(v):
    return v if v.data > 0 else 0.1 * v


ORDERS = [postorder, by_counting_users]

SOLUTIONS = {
    "E0": 1,
    "E1": 1e-5,
    "E2": 0.74136507 * 0.186815602 * 0.593269992,
    "E3": (0.772928465 - 0.99) * 0.175510053 * 0.5 * 0.241300709 * 0.05,
    "E4": mazur_with_biases(),
    "E5": (0.9746, 0.9938),
    "E6": (0.894606 - 0.01) * 0.894606 * (1 - 0.894606),
    "E7": (-0.00802330463517702 + 0.00638034615104597 - 0.00949218843385041) / 3,
    "E8": 0.163647453 * 0.490881368 * (1 - 0.490881368),
    "E9": with_cleared(lambda node: node.args),
    "E10": postorder,
    "E11": ten_sigmoids(),
    "E12": 0.33,
    "E13": 3.024,
    "E15": 4,
    "E16": 7.0,
    "E17": lambda v: where(v > 0, v, 0.1 * v),
    "E18": log(10),
    "E19": 0.02 - 1,
}

LEAKY = [lambda v: maximum(v, 0.1 * v), lambda v: relu(v) - 0.1 * relu(-v)]

# For each exercise: words of the refusal, and the wrong answer.
WRONG = {
    "E0": {
        "follow the path on, through f": -1,
        "does not depend on a": 0,
        "only the sign is asked for": 6,
    },
    "E1": {"truncation": 1e-4, "rounding": 1e-10, "divides 0 by 0": 0.0, "the step to each side": 2.71828},
    "E2": {
        "slope of the sigmoid": 0.439830,
        "sign is turned": -0.082167041,
        "the last factor, the slope": 0.138498562,
        "two more": 0.74136507,
        "the second factor alone": 0.1868,
        "the first factor, the slope of E by out_o1, is missing": 0.1108,
        "not the error E_o1": 0.274811083 * 0.186815602 * 0.593269992,
        "not with net_o1": 0.74136507 * 1.105905967 * (1 - 1.105905967) * 0.593269992,
        "not w5 itself": 0.74136507 * 0.186815602 * 0.4,
        "belongs to w6": 0.74136507 * 0.186815602 * 0.596884378,
        "twice too large": 2 * 0.082167041,
        "half of the right size": 0.082167041 / 2,
        "new weight": 0.35891648,
        "E.backward() was called": 0.0,
        "rounded too early": 0.082,
        "three factors": 0.5,
    },
    "E3": {
        "the other path": 0.000668396,
        "sum of both": 0.000438568,
        "sign is turned": 0.000229828,
        "hidden sigmoid": -0.217071535 * 0.175510053 * 0.5 * 0.05,
        "the last factor, the slope": -0.217071535 * 0.175510053 * 0.5 * 0.241300709,
        "output's sigmoid": -0.217071535 * 0.5 * 0.241300709 * 0.05,
        "three more follow": -0.0381,
        "twice too large": -0.217071535 * 0.175510053 * 0.241300709 * 0.05,
        "another weight: out_h1": -0.217071535 * 0.175510053 * 0.55 * 0.241300709 * 0.05,
        "not w1 itself": -0.217071535 * 0.175510053 * 0.5 * 0.241300709 * 0.15,
        "not its output": -0.217071535 * 0.175510053 * 0.5 * 0.593269992 * 0.05,
        "rounded too early": -0.000229,
        "five factors": 0.001,
    },
    "E4": {
        "biases have not moved": 0.291027774,
        "weights have not moved": 0.293182491,
        "b1 has moved": 0.290875642,
        "b2 has moved": 0.285899213,
        "gradients of the new network": 0.285653372,
        "twice as far": 0.280548442,
        "went up the slope": 0.296361342,
        "a gradient of its own": 0.285103741,
        "changed places": 0.268116436,
        "changes alone": 0.238729389,
        "before the step": 0.298371109,
        "rounded too early": 0.2858,
        "has grown": 0.31,
        "one forward pass": 0.2,
    },
    "E5": {
        "the text's own target": (0.2, 0.99),
        "sign is turned": (0.55204, 0.57125),
        "exactly": (0.98421, 0.98421),
        "whole unit": (0.96501, 1.00342),
        "once with": (0.9, 0.95),
    },
    "E6": {
        "slope of the sigmoid;": 0.094286,
        "slope of the error;": 0.884606,
        "sign is turned": -0.083406,
        "target is not 0": 0.084349,
        "not its slope": 0.391264,
        "two factors": 0.5,
    },
    "E7": {
        "this is the sum": -0.011135146917,
        "sign is turned": 0.003711715639,
        "mean of the gradients": 0.0371171564,
        "first sample alone": -0.008023304635,
        "divide by their number": 1.0,
    },
    "E8": {
        "unchanged": 0.163647453,
        "slope of neuron 4": 0.039542633,
        "divided": 0.6548077,
        "weight w46": 0.102245640,
        "which neuron": 1.0,
    },
    "E9": {
        "inner nodes still have": with_cleared(lambda node: False),
        "leaves are cleared as well": with_cleared(lambda node: True),
        "stays 0": with_cleared(lambda node: node.args, seed=0.0),
        "other way round": with_cleared(lambda node: not node.args),
        "arrived last": with_cleared(lambda node: node.args, adding=False),
        "every node of the order": with_cleared(lambda node: len(node.args) == 2 and node.data > 4),
        "from its end, the root": turned,
        "already the first call": with_cleared(lambda node: node.args, seed=2.0),
    },
    "E10": {
        "twice": every_visit,
        "turned around": lambda root: postorder(root)[::-1],
        "a node is missing": lambda root: [node for node in postorder(root) if node.args],
        "some thousand nested calls": recursive,
        "comes before one of its operands": by_first_visit,
        "a set, which has no order": lambda root: set(postorder(root)),
        "the list is empty": lambda root: [],
        "its loop does not end": endless,
    },
    "E11": {
        "a bound": 0.25**10,
        "slope at 0.5 ten times": 5.1374e-7,
        "nine factors": 1.4822e-6,
        "output of the last": 0.65905,
        "rises everywhere": -3.483e-7,
        "ten slopes": 0.5,
    },
    "E12": {
        "12,754": 0.34,
        "two decimals": 1 / 3,
        "one step": 0.17,
        "so does a larger one": 0.3,
        "a negative one climbs": -0.1,
        "farther": 0.5,
    },
    "E13": {
        "begin with a gradient of 0": 1.464,
        "after two steps": 1.68,
        "three times": 1.8,
        "moved away from 3": -3.024,
        "three lines": 2.0,
    },
    "E15": {
        "two of the five": 5,
        "`while` asks again": 2,
        "fixed": 1,
        "makes no round": 3,
        "the questions of all calls": 17,
        "the rounds of all calls": 12,
        "write down the answers": 7,
    },
    "E16": {
        "`a` is a plain number": 15.0,
        "`b` is a Value": 4.0,
        "turned around": 12.0,
        "decide for": 1.0,
    },
    "E17": {
        "still meets a question": with_if,
        ".data, float() or math": by_data,
        "exchanged": lambda v: where(v > 0, 0.1 * v, v),
        "this is relu": relu,
        "sign is turned": lambda v: where(v > 0, v, -0.1 * v),
        "slopes are not": lambda v: where(v > 0, v, 0.1 * v.detach()),
        "-2 gives -0.2": lambda v: where(v > 0, v, 0.01 * v),
    },
    "E18": {
        "this is the probability of the right class": 0.1,
        "sign is turned": -2.302585,
        "base 10": 1.0,
        "base 2": 3.321928,
        "probability of a wrong answer": 0.9,
        "the sum over all ten": 23.02585,
        "the mean over all ten": 0.2302585,
        "natural logarithm of this": 5.0,
    },
    "E19": {
        "sign is turned": 0.98,
        "slope of the first term": 0.02,
        "slope of the second term": -1.0,
        "had a plus": 1.02,
        "slope by the probability": -50.0,
        "the size of the slope": 0.0196,
        "the loss itself": 3.912023,
        "stands twice": 5.0,
    },
}
