"""Losses of another program (PyTorch, JAX, a simulator), through their gradients and Hessians."""

from collections.abc import Callable, Sequence
from typing import Any

import casadi as ca
import numpy as np

from ...support.arguments import Positive, checked
from ...support.errors import ProblemError
from .landscape import Dimension, Landscape, Minima
from .sample_mean import EXTERNAL

_AT = 0.3  # where the functions are tried first
_STEP, _AGREEMENT = 1e-5, 1e-4  # of the differences there, and how well derivatives must agree


class _Values:
    """(L, ∇L, ∇²L) of numbers; those of the last point are kept.

    CasADi asks for the columns of the Hessian one after the other, and for the loss and its gradient
    in between, all at one point.
    """

    def __init__(
        self, value: Callable, gradient: Callable, hessian: Callable, dimension: int
    ) -> None:
        self.functions = {"value": value, "gradient": gradient, "hessian": hessian}
        n = dimension
        self.shapes: dict[str, tuple[int, ...]] = {
            "value": (), "gradient": (n,), "hessian": (n, n)
        }  # fmt: skip
        self._point: np.ndarray | None = None
        self._kept: dict[str, np.ndarray] = {}

    def __call__(self, which: str, point: np.ndarray) -> np.ndarray:
        if self._point is None or not np.array_equal(point, self._point):
            self._point, self._kept = point, {}
        if which not in self._kept:
            self._kept[which] = self._checked(which, self.functions[which](point.copy()))
        return self._kept[which]

    def _checked(self, which: str, given: Any) -> np.ndarray:
        shape = self.shapes[which]
        try:
            array = np.asarray(given, dtype=float)
        except (TypeError, ValueError, RuntimeError) as error:
            raise _no_numbers(which, shape, f"{type(given).__name__}: {error}") from error
        if array.size != int(np.prod(shape)):
            raise _no_numbers(which, shape, f"shape {array.shape}")
        return array.reshape(shape)


def _no_numbers(which: str, shape: tuple[int, ...], received: str) -> ProblemError:
    return ProblemError(
        f"external loss, {which}",
        expected=f"numbers of shape {shape}",
        received=received[:200],
        advice="return NumPy arrays: tensor.detach().numpy() of PyTorch, numpy.asarray of JAX",
    )


class _Node(ca.Callback):
    """One of the functions as a CasADi function, whose Jacobian is the next of them."""

    def __init__(
        self,
        name: str,
        evaluate: Callable[[np.ndarray], list],
        inputs: Sequence[tuple[int, int]],
        outputs: Sequence[ca.Sparsity],
        derivative: ca.Function | None,
    ) -> None:
        ca.Callback.__init__(self)
        self.evaluate, self.inputs, self.outputs = evaluate, inputs, outputs
        self.derivative = derivative
        self.construct(name, {"never_inline": True, "enable_fd": False})

    def get_n_in(self) -> int:
        return len(self.inputs)

    def get_n_out(self) -> int:
        return len(self.outputs)

    def get_sparsity_in(self, i: int) -> ca.Sparsity:
        return ca.Sparsity.dense(*self.inputs[i])

    def get_sparsity_out(self, i: int) -> ca.Sparsity:
        return self.outputs[i]

    def eval(self, arguments: Sequence[ca.DM]) -> list:
        return self.evaluate(np.array(arguments[0]).ravel())

    def has_jacobian(self) -> bool:
        return self.derivative is not None

    def get_jacobian(self, *_: Any) -> ca.Function:
        """The Jacobian has the arguments of this function and its results as inputs."""
        assert self.derivative is not None  # CasADi asks has_jacobian first
        return self.derivative


class ExternalLoss:
    """θ -> L(θ), an expression that calls Python for its numbers."""

    def __init__(self, values: _Values, dimension: int) -> None:
        n = dimension
        column, row, matrix = (n, 1), (1, n), (n, n)
        # CasADi's order: a Jacobian has the inputs and the results of its function as inputs, and
        # one output for each input; L and ∇L do not depend on results
        independent = ca.Sparsity(n, 1)
        self.curvature = _Node(
            "jac_jac_external_loss",
            lambda point: [values("hessian", point), ca.DM(independent)],
            [column, (1, 1), row],
            [ca.Sparsity.dense(*matrix), independent],
            None,
        )
        self.slope = _Node(
            "jac_external_loss",
            lambda point: [values("gradient", point)[None]],
            [column, (1, 1)],
            [ca.Sparsity.dense(*row)],
            self.curvature,
        )
        self.node = _Node(
            EXTERNAL,
            lambda point: [values("value", point)],
            [column],
            [ca.Sparsity.dense(1, 1)],
            self.slope,
        )

    def __call__(self, theta: Any) -> Any:
        return self.node(theta)


@checked
def external_loss(
    value: Callable,
    gradient: Callable,
    hessian: Callable | None = None,
    *,
    dimension: Dimension,
    difference: Positive = 1e-5,
    name: str = "external loss",
    formula: str = "by another program",
    minima: Minima | Callable | None = None,
) -> Landscape:
    """The landscape of a loss that another program computes: PyTorch, JAX, a simulator.

        lc.external_loss(jax.jit(f), jax.jit(jax.grad(f)), jax.jit(jax.hessian(f)), dimension=13)

    The functions are called with a NumPy array (n,), one point at a time, and must be twice
    continuously differentiable: kinks cannot be seen. Solves, comparisons and simulations in this
    process work as with any landscape. The price: a solve asks for 10⁴ to 10⁵ values of L, most of
    them to survey where the plan may end, and some thousand gradients and Hessians. Measured on one
    core: the double well takes 0.05 s as an expression, 0.8 s by NumPy functions (16 000 values,
    1 400 gradients, 900 Hessians) and 1.3 s by JAX; a network of 13 weights on 200 samples 0.9 s by
    :func:`network_loss` and 20 s by PyTorch, with ``starts=1``.

    Nothing can be recorded or sent to other processes, which get numbers and never code: saving,
    sweeps, pickles and fingerprints are refused. The numbers of results are there all the same
    (``to_dict``, ``to_xarray``, ``to_dataframe``), and a sweep is a loop over ``problem.changed(…)``.
    Refused are also programs over causal rules (:func:`landscape_control.optimize_policy`), which
    need third derivatives; a global certificate stays undecided. What can be written with NumPy's
    operations should be (:class:`Landscape`, :func:`data_loss`, :func:`network_loss`); networks of
    many weights are for :func:`landscape_control.plan_training`.

    Parameters
    ----------
    value : θ (n,) -> L
    gradient : θ (n,) -> ∇L (n,)
    hessian : θ (n,) -> ∇²L (n, n); when None, central differences of the gradient, 2n calls each,
        right to about 10⁻¹⁰ of the gradient's size over ``difference``
    dimension : n
    difference : length of a step of these differences, relative to max(1, |θ|)
    name, formula, minima : as for :class:`Landscape`

    Raises
    ------
    ProblemError
        For functions that raise, return other shapes, or do not fit each other: the gradient is
        held against differences of the value, the Hessian against differences of the gradient, at
        one point.
    """
    if hessian is None:
        hessian = _by_differences(gradient, difference)
    values = _Values(value, gradient, hessian, dimension)
    _check_derivatives(values, dimension)
    return Landscape(
        dimension=dimension,
        expression=ExternalLoss(values, dimension),
        name=name,
        formula=formula,
        minima=minima,
    )


def _by_differences(gradient: Callable, difference: float) -> Callable[[np.ndarray], np.ndarray]:
    def hessian(point: np.ndarray) -> np.ndarray:
        step = difference * max(1.0, float(np.abs(point).max()))
        columns = [
            (
                np.asarray(gradient(point + e), float) - np.asarray(gradient(point - e), float)
            ).ravel()
            for e in step * np.eye(len(point))
        ]
        matrix = np.array(columns) / (2 * step)
        return (matrix + matrix.T) / 2

    return hessian


def _check_derivatives(values: _Values, dimension: int) -> None:
    """Hold gradient and Hessian against differences along one direction, at one point."""
    rng = np.random.default_rng(0)
    point = rng.uniform(_AT, 2 * _AT, dimension)
    direction = rng.normal(size=dimension)
    direction /= np.linalg.norm(direction)
    ends = [point + _STEP * direction, point - _STEP * direction]
    for which, of in (("gradient", "value"), ("hessian", "gradient")):
        ahead, behind = (_tried(values, of, end) for end in ends)
        wanted = (ahead - behind) / (2 * _STEP)
        given = _tried(values, which, point) @ direction
        size = np.abs(wanted).max() + np.abs(given).max() + np.abs(ahead).max()
        if not np.abs(wanted - given).max() <= _AGREEMENT * size:  # NaN too
            raise ProblemError(
                f"external loss, {which}",
                expected=f"the derivative of the {of}, {np.ravel(wanted)[:3]} along a direction",
                received=f"{np.ravel(given)[:3]}",
                advice="pass value, gradient and Hessian of the same function, in double precision",
            )


def _tried(values: _Values, which: str, point: np.ndarray) -> np.ndarray:
    try:
        return values(which, point)
    except ProblemError:
        raise
    except Exception as error:
        raise ProblemError(
            f"external loss, {which}",
            expected="a function of a NumPy array of n numbers",
            received=f"{type(error).__name__}: {str(error)[:160]}",
            advice="wrap it: lambda theta: f(torch.tensor(theta)).detach().numpy() for PyTorch",
        ) from error
