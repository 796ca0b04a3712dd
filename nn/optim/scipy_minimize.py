"""Minimising a loss with the deterministic methods of SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nn.optim.optimizer import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd import Value


def minimize(
    loss: Callable[[], Value], parameters: Sequence[Value], method: str = "L-BFGS-B", **options: Any
) -> Any:
    """Minimise a loss with ``scipy.optimize.minimize`` (needs SciPy), which gets the exact gradient.

    Args:
        loss: a function without arguments that computes the loss from the current parameters.
        parameters: the leaves to adjust; afterwards they have the numbers of the minimum.
        method: any SciPy method that takes a gradient: "L-BFGS-B", "BFGS", "CG", "SLSQP" ...
        options: passed on: ``tol=1e-9``, ``options={"maxiter": 50}``, ``callback=...``.

    Returns:
        SciPy's result: ``.fun`` the loss, ``.x`` the parameters, ``.nit`` the iterations, ``.message``.
    """
    from scipy.optimize import minimize as scipy_minimize

    parameters = listed("minimize", parameters)

    def move(numbers: Iterable[float]) -> None:
        for p, number in zip(parameters, numbers, strict=True):
            p.data = float(number)
            p.grad = 0.0

    def loss_and_gradient(numbers: Any) -> tuple[float, list[float]]:
        move(numbers)
        out = loss()
        out.backward()
        return out.data, [p.grad for p in parameters]

    result = scipy_minimize(
        loss_and_gradient, [p.data for p in parameters], jac=True, method=method, **options
    )
    move(result.x)
    return result
