"""Programs as JavaScript: an ES module that a page, or node, imports."""

from __future__ import annotations

import re

from autograd.backends import listing
from autograd.exports.c_source import conditions, indented
from autograd.exports.c_source import inputs as described
from autograd.exports.exported import Exported
from autograd.exports.exported_lines import can_fail
from autograd.exports.language import Language
from autograd.formulas.javascript import JS_WORDS, js_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from autograd.table.op import Op


class JavaScript(Language):
    """JavaScript, whose numbers are doubles; arrays are Float64Array."""

    def number(self, x: float) -> str:
        text = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(x), repr(x))
        return f"({text})" if text.startswith("-") else text

    def form(self, op: Op) -> tuple[str, Sequence[str]]:
        return js_form(op)

    def constant(self, name: str, text: str) -> str:
        return f"const {name} = {text};"

    def sequence(self, name: str, texts: Sequence[str]) -> str:
        return f"const {name} = [{', '.join(texts)}];"

    def array(self, name: str, size: int) -> str:
        return f"const {name} = new Float64Array({size});"

    def table(self, name: str, numbers: Sequence[float]) -> str:
        rows = [", ".join(map(self.number, numbers[i : i + 8])) for i in range(0, len(numbers), 8)]
        return f"const {name} = new Float64Array([\n    " + ",\n    ".join(rows) + ",\n]);\n"

    def tail(self, array: str, start: int) -> str:
        return f"{array}.subarray({start})" if start else array

    def loop(self, counter: str, count: int, statements: Sequence[str]) -> str:
        head = f"for (let {counter} = 0; {counter} < {count}; {counter}++) {{"
        return "\n".join([head, *indented(statements), "}"])

    def checked(self, call: str, failed: str) -> list[str]:
        if failed == "failed":
            return [f"failed = {call};", "if (failed)", "    return failed;"]
        return [f"if ({call})", f"    return {failed};"]

    def function(self, name: str, inputs: Sequence[str], results: Sequence[str], body: Sequence[str]) -> str:
        declared = ["let failed = 0;"] * any("failed" in statement for statement in body)
        head = f"function {name}({', '.join([*inputs, *results])}) {{"
        return "\n".join([head, *indented([*declared, *body, "return 0;"]), "}\n"])


def text(program: Any, gradient: Any, name: str) -> str:
    """See `Program.to_js`; `gradient` is the program of the value and the gradient, or None."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) or name in JS_WORDS or name.startswith("autograd_"):
        raise ValueError(
            f"{name!r} is no name that JavaScript leaves free: choose another, of letters and digits"
        )
    file = Exported(JavaScript(), name)
    inputs, outputs = len(program.inputs), len(program.outputs)
    file.program(program, f"{name}_body", ["y"], [("y", k) for k in range(outputs)])
    run = f"{name}_body({name}_numbers(inputs), outputs)"
    body = (
        [f"const failed = {run};", "if (failed)", "    outputs.fill(NaN);"]
        if can_fail(program)
        else [f"{run};"]
    )
    failing = ["All outputs are NaN if the inputs fail one of these conditions:", *conditions(program)]
    failing = failing if can_fail(program) else []
    functions = [
        _function(
            f"{name}_numbers(inputs)",
            [
                f"if (inputs.length !== {inputs})",
                f"    throw new RangeError(`{name} takes {inputs} numbers, not ${{inputs.length}}`);",
                "return inputs instanceof Float64Array ? inputs : Float64Array.from(inputs);",
            ],
        ),
        _exported(
            f"{name}(inputs, outputs = new Float64Array({outputs}))",
            [*body, "return outputs;"],
            [
                f"{listing.count(outputs, 'output')} for an array of {listing.count(inputs, 'input')}:",
                *described(program),
                *failing,
            ],
        ),
    ]
    if can_fail(program):
        functions.append(
            _exported(
                f"{name}_condition(inputs)",
                [f"return {name}_body({name}_numbers(inputs), new Float64Array({outputs}));"],
                ["The number of the condition that the inputs fail; 0 for none."],
            )
        )
    if gradient is not None:
        size = len(gradient.outputs) - 1
        places = [("y", 0), *[("g", k) for k in range(size)]]
        file.program(gradient, f"{name}_gradient_body", ["y", "g"], places)
        run = f"{name}_gradient_body({name}_numbers(inputs), outputs, gradient)"
        nans = ["    outputs.fill(NaN);", "    gradient.fill(NaN);", "}"]
        functions.append(
            _exported(
                f"{name}_value_and_gradient(inputs)",
                [
                    f"const outputs = new Float64Array(1), gradient = new Float64Array({size});",
                    *([f"if ({run}) {{", *nans] if can_fail(gradient) else [f"{run};"]),
                    "return { value: outputs[0], gradient };",
                ],
                ["The output and its derivatives by the inputs that are arguments."],
            )
        )
    title = f"// {name}: {listing.counted(program)}. Written by scalar-autograd.\n"
    return "\n".join([title, *file.text(), *functions])


def _function(head: str, body: Sequence[str]) -> str:
    return "\n".join([f"function {head} {{", *indented(body), "}\n"])


def _exported(head: str, body: Sequence[str], comment: Sequence[str]) -> str:
    return "\n".join(["/**", *[f" * {line}" for line in comment], " */", f"export {_function(head, body)}"])
