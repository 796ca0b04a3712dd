"""Scalar automatic differentiation: arithmetic on single numbers, recorded, differentiated and drawn."""

import sys

# `import x as x` and `import *` are how typed packages mark a name as public.
from autograd.derivatives.bulk import gather as gather
from autograd.derivatives.bulk import scatter as scatter
from autograd.derivatives.check import check_grads as check_grads
from autograd.derivatives.transforms import backward as backward
from autograd.derivatives.transforms import elementwise_grad as elementwise_grad
from autograd.derivatives.transforms import grad as grad
from autograd.derivatives.transforms import gradients as gradients
from autograd.derivatives.transforms import hessian as hessian
from autograd.derivatives.transforms import hvp as hvp
from autograd.derivatives.transforms import jacobian as jacobian
from autograd.derivatives.transforms import jvp as jvp
from autograd.derivatives.transforms import value_and_grad as value_and_grad
from autograd.derivatives.transforms import vjp as vjp
from autograd.explaining import explain as explain
from autograd.explaining import play as play
from autograd.explaining import steps as steps
from autograd.formulas import symbol
from autograd.formulas.formula import derivative as derivative
from autograd.formulas.formula import formula as formula
from autograd.formulas.symbol import Symbol as Symbol
from autograd.graph import pickling
from autograd.graph.engine import Value as Value
from autograd.graph.engine import backend_info as backend_info
from autograd.graph.errors import StaleGraphError as StaleGraphError
from autograd.graph.errors import TraceError as TraceError
from autograd.graph.recording import enable_grad as enable_grad
from autograd.graph.recording import is_tracing as is_tracing
from autograd.graph.recording import module_path as module_path
from autograd.graph.recording import no_grad as no_grad
from autograd.graph.recording import source_lines as source_lines
from autograd.pictures import draw as draw
from autograd.pictures import draw_dot as draw_dot
from autograd.pictures import to_mermaid as to_mermaid
from autograd.pictures import to_text as to_text
from autograd.table import op
from autograd.table.functions import *
from autograd.table.neurons import neurons as neurons
from autograd.table.op import Op as Op
from autograd.table.op import custom_derivative as custom_derivative
from autograd.table.ops import *

# Modules in which pickles of version 0.1 look for what makes Values, Symbols and ops again.
sys.modules["autograd.pickling"] = pickling
sys.modules["autograd.symbol"] = symbol
sys.modules["autograd.op"] = op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd.programs.jit import jit as jit
    from autograd.programs.program import GuardError as GuardError
    from autograd.programs.program import Program as Program
    from autograd.programs.trace import trace as trace
    from autograd.programs.vmap import vmap as vmap
else:
    # Programs are imported when they are first used: `import autograd` stays quick.
    _LATER = {"GuardError": "program", "Program": "program", "jit": "jit", "trace": "trace", "vmap": "vmap"}

    def __getattr__(name):
        if name not in _LATER:
            raise AttributeError(f"module 'autograd' has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(f"autograd.programs.{_LATER[name]}"), name)
        return found

    # abs, pow and round are left out, so that `from autograd import *` leaves the builtins alone.
    __all__ = sorted(
        [
            name
            for name, thing in globals().items()
            if not name.startswith("_")
            and not isinstance(thing, type(sys))
            and name not in {"TYPE_CHECKING", "abs", "pow", "round"}
        ]
        + [*_LATER]
    )
