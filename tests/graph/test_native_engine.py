"""The native engine beside the one in pure Python: the same numbers, and what only C can promise."""

import gc
import itertools
import math
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
from array import array
from contextlib import suppress

import pytest
from threads import run_in_threads

import autograd as ag
from autograd import Value, backend_info, dot, logsumexp, no_grad, sum_of, where
from autograd._native import engine
from autograd.table import slopes
from autograd.table.op import TABLE

pytestmark = pytest.mark.skipif(engine is None, reason=f"no native engine: {backend_info()['reason']}")

# Whose numbers are the same on every machine, to the last bit; the others are libm's.
EXACT = {op.name for op in TABLE.values() if op.ulp == 0.0} | {
    *("neg add sub mul div chain sqrt dot sum_of".split())
}
# Of those the ones whose slopes are, too.
ARITHMETIC = sorted(EXACT - {"sqrt"})
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e300, -1e-300, math.inf, -math.inf, math.nan]


def same(a, b):
    """Bit-equal; a nan is like any other."""
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def near(got, expected, ulps, absolute=0.0):
    if same(got, expected):
        return True
    if not (math.isfinite(got) and math.isfinite(expected)):
        return False
    return abs(got - expected) <= max(ulps * math.ulp(expected), absolute)


class TestTheSameAsInPurePython:
    @staticmethod
    def number(generator):
        return generator.choice(EDGES) if generator.random() < 0.1 else generator.gauss(0.0, 2.0)

    def graph(self, generator, names):
        """Leaves, and lines of (op, operands): floats, and places of earlier Values."""
        leaves = [self.number(generator) for _ in range(generator.randint(1, 4))]
        lines = []
        for _ in range(generator.randint(1, 20)):
            op = TABLE[generator.choice(names)]
            places = range(len(leaves) + len(lines))

            def operand(places=places):
                return generator.choice(places) if generator.random() < 0.8 else self.number(generator)

            length = generator.randint(1, 5)
            args = [
                tuple(operand() for _ in range(length)) if op.variadic else operand() for _ in range(op.arity)
            ]
            if op.variadic:
                args[0] = (generator.choice(places), *args[0][1:])
            else:
                args[generator.randrange(op.arity)] = generator.choice(places)
            lines.append((op, args))
        return leaves, lines

    @staticmethod
    def build(kind, leaves, lines):
        nodes = [kind(x) for x in leaves]

        def at(x):
            if isinstance(x, tuple):
                return tuple(map(at, x))
            return nodes[x] if isinstance(x, int) else x

        for op, args in lines:
            nodes.append(op(*map(at, args)))
        return nodes

    @pytest.mark.parametrize("names", [ARITHMETIC, sorted(TABLE)], ids=["arithmetic", "all ops"])
    def test_on_5000_random_graphs(self, names):
        """Values, slopes and gradients, node by node; every op is met hundreds of times."""
        from autograd.graph.value import Value as PureValue

        generator = random.Random("graphs of " + names[0])
        met = dict.fromkeys(names, 0)
        for _ in range(5000):
            leaves, lines = self.graph(generator, names)
            native = self.build(Value, leaves, lines)
            pure = self.build(PureValue, leaves, lines)
            for node in native[len(leaves) :]:
                met[node.op.name] += 1
                self.check_node(node)
            native[-1].backward()
            pure[-1].backward()
            if names is ARITHMETIC:
                for x, y in zip(native, pure, strict=True):
                    assert type(x) is Value
                    assert type(y) is PureValue
                    assert same(x.data, y.data)
                    assert same(x.grad, y.grad)
        assert min(met.values()) > 300

    @staticmethod
    def check_node(node):
        """Its number and its slopes, against the row in Python on the same numbers."""
        op = node.op
        expected = op.forward(*slopes.numbers(op, node.args))
        exact = op.name in EXACT
        assert same(node.data, expected) if exact else near(node.data, expected, op.ulp), node.args
        wanted = {}
        for x, slope in slopes.number_slopes(node):
            wanted[x] = wanted.get(x, 0.0) + (slope if slope != 0.0 else 0.0)
        found = engine.pull([node], [node], list(wanted), [(node, 1.0)])
        for got, slope in zip(found, wanted.values(), strict=True):
            if op.name in ARITHMETIC and op.slope_ulp <= 2.0:
                assert same(got, slope), (op, node.args)
            else:
                assert near(got, slope, op.slope_ulp, op.slope_abs), (op, node.args)

    def test_derivatives_of_all_orders(self):
        """The same program in two processes: its digits are the same where it has no function of libm."""
        programs = [
            "tanh(x * y + z) + sin(x) * y + logsumexp([x, y * z])",
            "sqrt(x * x + y * y) + relu(x * z)",
        ]
        for terms, allowed in zip(programs, (1e-14, 0.0), strict=True):
            native, pure = (
                list(map(float, re.findall(r"-?\d+\.\d+(?:e-?\d+)?", self.derivatives(terms, pure))))
                for pure in ("0", "1")
            )
            assert len(native) == 28
            assert native == pytest.approx(pure, rel=allowed, abs=allowed)

    @staticmethod
    def derivatives(terms, pure):
        program = f"""
from autograd import *
def f(p):
    x, y, z = p
    return ({terms}) / (1.0 + x * x) + where(x < y, x * y, z) + dot(p, p)
p = [0.3, -1.25, 0.75]
x = Value(0.5)
print(grad(f)(p), hessian(f)(p), jvp(f, (p,), ([1.0, 2.0, 3.0],)), hvp(f, (p,), ([1.0, 2.0, 3.0],)))
print(gradients(f([x, x * x, 2.0]), x), jacobian(grad(f), mode="forward")(p))
"""
        return subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "AUTOGRAD_PURE": pure},
        ).stdout


class TestMemory:
    def test_a_value_is_small_and_not_tracked_by_the_cyclic_collector(self):
        y = Value(1.0) * 2.0
        assert sys.getsizeof(y) <= 80
        assert not gc.is_tracked(y)
        x = Value(1.0)
        shared = (x, x)
        z = dot(shared, shared)
        gc.collect()
        assert not gc.is_tracked(z.args[0])

    @pytest.mark.long
    def test_a_chain_of_ten_million_is_built_swept_and_freed(self):
        x = Value(1.0)
        y = x
        for _ in range(10_000_000):
            y = y + 1.0
        y.backward()
        assert (y.data, x.grad) == (10_000_001.0, 1.0)
        gone = weakref.ref(y)
        del y
        assert gone() is None

    def test_a_tree_of_sequences_is_freed_without_recursion(self):
        y = Value(1.0)
        for _ in range(100_000):
            y = sum_of([y, 1.0])
        y.backward()
        del y

    def test_a_callback_in_one_thread_does_not_keep_the_others_from_freeing(self):
        inside, leave = threading.Event(), threading.Event()

        def callback(_):
            inside.set()
            leave.wait()

        def other():
            node = Value(1.0) * 2.0
            kept.append(weakref.ref(node, callback))

        kept = []
        thread = threading.Thread(target=other)
        thread.start()
        inside.wait()
        before = sys.getallocatedblocks()
        for _ in range(100):
            y = Value(1.0)
            for _ in range(10_000):
                y = y * 1.0
        del y
        held = sys.getallocatedblocks() - before
        leave.set()
        thread.join()
        assert held < 200_000

    @pytest.mark.long
    def test_a_million_cycles_leave_nothing_behind(self):
        """Building, differentiating, freeing: operators, n-ary ops, labels, paths, refusals, transforms."""
        x = Value(0.5)
        w = (x, Value(0.25))
        stop = ag.custom_derivative(lambda v, out: 0.0)(lambda v: v)

        def cheap():
            ((x * 2.0 + x).tanh() / (x + 1.0)).backward()

        def others():
            y = dot(w, [x, 1]) + sum_of([x, 2.0]) * where(x > 0, x, 1.0) ** 2 + stop(x) + logsumexp(w)
            y.label = "y"
            with ag.module_path("net"):
                z = ag.maximum(y, 3 * x)
            z.backward()
            weakref.ref(z)
            with no_grad():
                assert (z * x).op is None
            for refused in (
                lambda: x + "1",
                lambda: setattr(x, "note", 1),
                lambda: no_grad().__exit__(),
                lambda: setattr(z, "data", 1.0),
                lambda: Value(None),
                y.sqrt().item,
            ):
                with suppress(TypeError, AttributeError, RuntimeError):
                    refused()
            ag.grad(lambda v: v * ag.exp(v))(0.5)
            ag.hessian(lambda v: v * v)(0.5)

        def blocks(function, times):
            for _ in range(1000):
                function()  # whatever is cached
            x.grad = w[1].grad = 0.0
            gc.collect()
            before = sys.getallocatedblocks()
            for _ in range(times):
                function()
            gc.collect()
            return sys.getallocatedblocks() - before

        assert blocks(cheap, 1_000_000) < 200
        assert blocks(others, 10_000) < 200
        tracemalloc.start()  # which counts the memory of nodes
        cheap()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(10_000):
            cheap()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert grown < 10_000 * Value.__basicsize__ / 4

    @pytest.mark.long
    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
    def test_resident_memory_stays_flat(self):
        """That of C, too: a graph of 30,000 nodes, and one of long sequences, a hundred times."""
        xs = [Value(float(i % 7)) for i in range(1000)]

        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def cycle():
            y = dot(xs, xs)
            for _ in range(30_000):
                y = y * 0.5 + 1.0
            y.backward()

        for _ in range(10):
            cycle()
        before = resident()
        for _ in range(100):
            cycle()
        assert resident() - before < 4e6  # one cycle takes 4.3e6


class TestBadInput:
    """What only internals pass: refused, whatever it is."""

    def test_operands_of_an_op(self):
        op = ag.custom_derivative(lambda x, y, out: 1.0, None)(lambda x, y: 1.0)
        x = Value(1.0)
        for args in ((x, object()), (x, (x, object())), (x,), (x, ((x,),))):
            with pytest.raises(TypeError):
                Value.apply_op(op, args)
            with pytest.raises(TypeError):
                engine.recorded(op, args, 1.0)
        op.partials = ()
        with pytest.raises(TypeError):
            op(x, 1.0)

    def test_an_attribute_of_the_users_is_refused_with_what_to_write(self):
        x = Value(2.0, "x")
        with pytest.raises(
            AttributeError, match=r"cannot set \.note of .*'x'.*note = {}; note\[v\] = \.\.\."
        ):
            x.note = 1
        with pytest.raises(AttributeError, match="not writable"):
            x.op = None
        with pytest.raises(AttributeError, match="which mul computed"):
            (x * x).data = 1.0
        with pytest.raises(AttributeError, match="no attribute 'note'"):
            del x.note
        assert not hasattr(x, "note")

    def test_functions_of_the_engine(self):
        x = Value(1.0)
        for wrong in (1, [1.0], [None], "x"):
            with pytest.raises(TypeError):
                engine.walk(wrong)
            with pytest.raises(TypeError):
                engine.between(wrong, [x])
            with pytest.raises(TypeError):
                engine.pull([x], [x], wrong, [])
            with pytest.raises(TypeError):
                engine.check_fresh([x], wrong)
        assert engine.pull([], [], [], []) == []
        y, z = x * x, x * 2.0
        assert engine.pull([y, z], [y], [], [(z, 1.0), (y, 1.0)]) == []  # x and z have no place in it
        assert engine.pull([y], [y], [x], [(z, 1.0), (y, 1.0)]) == [2.0]
        with pytest.raises(TypeError, match="a seed is a tuple"):
            engine.pull([y], [y], [x], [[y, 1.0]])
        distinct = engine.between((x * float(i) for i in range(1000)), [x])
        assert len(set(distinct)) == 1000

    def test_before_it_is_connected(self):
        code = "import autograd._native.engine as e; e.restore(1, '', 0)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "AUTOGRAD_PURE": "1"},
        )
        assert "RuntimeError: the engine is not connected" in done.stderr

    def test_the_package_may_be_imported_anew(self):
        code = """
import sys, autograd
old = autograd.Value(2.0)
y = old * old
for name in [name for name in sys.modules if name.startswith("autograd")]:
    del sys.modules[name]
import autograd
from fractions import Fraction
z = autograd.Value(2.0) * True + Fraction(1, 2) + y
z.backward()
print(z.data, old.grad, z.op is autograd.add, autograd.backend_info()["engine"])
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["6.5", "4.0", "True", "native"]


class TestNoPythonPerOp:
    """Counted with the profiler: table ops on Values call nothing written in Python."""

    @staticmethod
    def calls(function):
        count = 0

        def see(frame, event, argument):
            nonlocal count
            count += event == "call"

        sys.setprofile(see)
        try:
            function()
        finally:
            sys.setprofile(None)
        return count - 1  # the function itself

    def test_every_op_of_the_table(self):
        x, y = Value(0.5), Value(0.25)
        for op in TABLE.values():
            if op.variadic:
                args = [[x, 1, 2.0, y]] * op.arity
                more = [[x] * 1000] * op.arity
                assert self.calls(lambda op=op, more=more: op(*more)) == 0
            else:
                args = [x, 0.5, y][: op.arity]
            out = op(*args)
            assert self.calls(lambda op=op, args=args: op(*args)) == 0, op
            assert self.calls(lambda out=out: out.backward()) == 0, op
            if op.method and not op.variadic:
                method = getattr(x, op.method)
                assert self.calls(lambda method=method, args=args: method(*args[1:])) == 0, op

    def test_operators(self):
        x, y = Value(0.5), Value(0.25)
        for function in (
            lambda: x + y - 1 * x / 2.0,
            lambda: 2**x + x**2 + x**y,
            lambda: -abs(x),
            lambda: x < y or x >= 1 or x == 2.0 or bool(x),
        ):
            assert self.calls(function) == 0

    def test_arrays_are_read_at_once(self):
        np = pytest.importorskip("numpy")
        w = [Value(1.0)] * 1000
        expected = float(sum(range(1000)))
        for xs in (np.arange(1000), np.arange(1000.0), array("d", range(1000)), range(1000)):
            assert dot(w, xs).data == expected
            assert self.calls(lambda xs=xs: dot(w, xs)) <= 5


class TestSweeps:
    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers here")
    @pytest.mark.long
    def test_ctrl_c_stops_a_long_one_and_changes_no_leaf(self):
        x = Value(1.0)
        x.grad = 7.0
        y = x
        for _ in range(3_000_000):
            y = y * 1.0
        durations = []
        for _ in range(3):
            start = time.perf_counter()
            y.backward()
            durations.append(time.perf_counter() - start)
        duration = min(durations)
        x.grad = 7.0
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        gc.disable()
        stopped = 0
        try:
            for i in range(10):
                try:
                    signal.setitimer(signal.ITIMER_REAL, duration * 0.7 ** (i + 1))
                    y.backward()
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    x.grad = 7.0
                except KeyboardInterrupt:
                    stopped += x.grad == 7.0
                    assert x.grad in (7.0, 8.0)
                    x.grad = 7.0
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            gc.enable()
        assert stopped >= 3

    def test_a_handler_that_raises_in_the_middle_leaves_the_gradients(self):
        """Not by chance: a rule in the middle of the graph raises the signal."""
        x = Value(1.0)
        x.grad = 7.0

        def rule(v, out):
            signal.raise_signal(signal.SIGINT)
            return 1.0

        y = ag.custom_derivative(rule)(lambda v: v)(x)
        for _ in range(200_000):
            y = y * 1.0 + x
        with pytest.raises(KeyboardInterrupt):
            y.backward()
        assert x.grad == 7.0
        (x * 2.0).backward()
        assert x.grad == 9.0

    def test_threads_that_build_and_sweep_over_shared_leaves_lose_nothing(self):
        """With a rule in Python, during which other threads run, and sweep, and set leaves."""
        w, idle = Value(2.0), Value(0.0)

        def rule(v, out):
            time.sleep(0)
            return 1.0

        slow = ag.custom_derivative(rule)(lambda v: v)
        failures = []

        def work(k):
            try:
                for i in range(100):
                    y = slow(w * w * 0.5) if (i + k) % 3 == 0 else dot([w, w], [0.5 * w, 0.0])
                    y.backward()
                    idle.data = float(i)
                    ag.grad(lambda v: slow(v * w))(1.0)
            except BaseException as failure:
                failures.append(failure)

        run_in_threads(work, range(8))
        assert not failures
        assert w.grad == 8 * 100 * 2.0

    def test_rules_that_walk_over_the_graph_lose_no_place(self):
        """Whatever walks a rule makes meanwhile, each contribution reaches its node, and only that."""
        x, w = Value(0.5), Value(2.0)
        frozen = Value(3.0, requires_grad=False)
        shared = [x * float(i) for i in range(1, 100)]

        def rule(v, out):
            other = sum_of(reversed(shared)) * w
            other.backward() if threading.current_thread() is not main else other.requires_grad
            assert ag.gradients(other, w).data == 4950.0 * 0.5
            return 1.0

        main = threading.current_thread()
        identity = ag.custom_derivative(rule)(lambda v: v)
        for constant in (1.0, frozen):
            y = sum_of([h * w if i % 7 else identity(h) for i, h in enumerate(shared)]) * constant
            x.grad = w.grad = 0.0
            y.backward()
            scale = 1.0 if constant == 1.0 else 3.0
            expected = sum(h * (1.0 if i % 7 == 0 else 2.0) for i, h in enumerate(range(1, 100)))
            assert x.grad == scale * expected
            assert w.grad == scale * sum(0.5 * h for i, h in enumerate(range(1, 100)) if i % 7)
            assert frozen.grad == 0.0

    def test_a_graph_may_die_while_it_is_walked_by_another(self):
        """Nodes freed by a rule are not those of the sweep."""
        x = Value(2.0)
        kept = [x * float(i) for i in range(1000)]

        def rule(v, out):
            kept.clear()
            return 1.0

        y = ag.custom_derivative(rule)(lambda v: v)(sum_of(kept))
        y.backward()
        assert not kept
        assert x.grad == sum(range(1000))


class TestTheTable:
    def test_the_extension_is_that_of_the_table(self):
        from autograd._native import kernels

        assert engine.table_fingerprint == kernels.fingerprint()

    @pytest.mark.parametrize("file", ["table/ops.py", "table/families.py", "elementary/powers.py"])
    def test_another_table_is_noticed(self, tmp_path, file):
        """Rather than computing with the rules of yesterday, it runs in pure Python and says why."""
        import shutil
        from pathlib import Path

        shutil.copytree(Path(ag.__file__).parent, tmp_path / "autograd")
        table = tmp_path / "autograd" / file
        table.write_text(table.read_text() + "\n# edited\n")
        code = "import autograd; print(autograd.backend_info())"
        done = subprocess.run(
            [sys.executable, "-W", "always", "-c", code],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "'engine': 'python'" in done.stdout
        assert "have changed since the native one was built: build it again" in done.stderr

    def test_a_row_of_a_shape_without_a_fast_path_is_left_to_its_rules(self, monkeypatch):
        from autograd._native import kernels

        rules = (lambda a, b, c, d, out: 1.0,) * 4
        op = ag.Op("four", lambda a, b, c, d: a + b + c + d, rules, method="", register=False)
        op.make_builtin()
        monkeypatch.setitem(TABLE, "four", op)
        text = kernels.kernels()
        assert "four" not in text
        assert f"#define TABLE_SIZE {len(TABLE) - 1}\n" in text

    def test_rules_that_mix_the_operands_of_a_sequence_are_refused(self):
        from autograd._native import kernels

        for partial in (
            lambda xs, out: tuple([xs[0] * x for x in xs]),
            lambda xs, out: tuple([xs[1] + x for x in xs]),
            lambda xs, out: tuple([ag.sum_of([xs[0], *xs]) * x for x in xs]),
            lambda xs, out: tuple([ag.sum_of([xs[0] * y for y in xs]) * x for x in xs]),
            lambda xs, out: tuple([float(len(xs)) * x for x in xs]),
            lambda xs, out: tuple([float(i) * x for i, x in enumerate(xs)]),
        ):
            op = ag.Op("mixed", max, (partial,), variadic=True, c="mixed", register=False)
            with pytest.raises(ValueError, match="the slopes of mixed depend on several operands"):
                kernels._sequence_slope(op, 0)

    def test_slopes_that_need_sums_over_a_sequence_compute_each_sum_once(self):
        from autograd._native import kernels

        def shares(xs, out):
            squares = [x * x for x in xs]
            total = ag.sum_of(squares)
            parts = [s / total for s in squares]
            return tuple([p * out / ag.logsumexp(parts) for p in parts])

        op = ag.Op("shared", max, (shares,), variadic=True, c="shared", register=False)
        _, sums = kernels._sequence_slope(op, 0)
        assert [reduction.name for reduction, _ in sums.values()] == ["sum_of", "logsumexp"]
        text = kernels._joint_slopes(op)
        assert text.count("forward_sum_of(n, slopes)") == text.count("forward_logsumexp(n, slopes)") == 1

    def test_pure_python_can_be_asked_for(self):
        code = "import autograd; print(autograd.backend_info())"
        text = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "AUTOGRAD_PURE": "1"},
        ).stdout
        assert text.strip() == str({"engine": "python", "reason": "AUTOGRAD_PURE is set"})
        assert backend_info() == {"engine": "native", "reason": ""}


def test_nodes_lie_in_memory_in_the_order_they_are_made():
    """Also where graphs that were built side by side have been freed before."""

    def side_by_side():
        a, b = Value(1.0), Value(0.001)
        xs = [Value(0.1 * i) for i in range(10)]
        made = []
        for _ in range(300):
            xs = [(x * a + b).tanh() for x in xs]
            made += xs
        return made

    for _ in range(8):
        side_by_side()
    places = [id(node) for node in side_by_side()]
    steps = [after - before for before, after in itertools.pairwise(places)]
    size = Value.__basicsize__
    assert sum(step == 3 * size for step in steps) > 0.95 * len(steps)


def test_a_node_that_is_kept_keeps_little_memory_beside_its_own():
    x = Value(0.5)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = []
    for _ in range(20_000):
        y = x
        for _ in range(30):
            y = y * 0.99
        kept.append(y.detach())
    used = tracemalloc.get_traced_memory()[0] - before - sys.getsizeof(kept)
    tracemalloc.stop()
    assert used < 2 * len(kept) * Value.__basicsize__
