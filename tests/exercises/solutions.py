"""The solutions of the exercises, and for each some wrong answers with words of their refusals."""

from collections import deque

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


ORDERS = [postorder, by_counting_users]

SOLUTIONS = {
    "E0": 1,
    "E1": 1e-5,
    "E2": 0.74136507 * 0.186815602 * 0.593269992,
    "E9": with_cleared(lambda node: node.args),
    "E10": postorder,
    "E13": 3.024,
}

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
        "last factor": 0.138498562,
        "three factors": 0.5,
    },
    "E9": {
        "inner nodes still have": with_cleared(lambda node: False),
        "leaves are cleared as well": with_cleared(lambda node: True),
        "stays 0": with_cleared(lambda node: node.args, seed=0.0),
        "other way round": with_cleared(lambda node: not node.args),
        "arrived last": with_cleared(lambda node: node.args, adding=False),
        "every node of the order": with_cleared(lambda node: len(node.args) == 2 and node.data > 4),
        "one of them differs": with_cleared(lambda node: node.args, seed=2.0),
    },
    "E10": {
        "twice": every_visit,
        "turned around": lambda root: postorder(root)[::-1],
        "a node is missing": lambda root: [node for node in postorder(root) if node.args],
        "some thousand nested calls": recursive,
        "comes before one of its operands": by_first_visit,
        "a set, which has no order": lambda root: set(postorder(root)),
        "the list is empty": lambda root: [],
    },
    "E13": {
        "begin with a gradient of 0": 1.464,
        "after two steps": 1.68,
        "three times": 1.8,
        "moved away from 3": -3.024,
        "three lines": 2.0,
    },
}
