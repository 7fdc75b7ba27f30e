"""What the grid solver needs to know of a problem, as plain functions of arrays."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ....support.arguments import Count, Duration, NonNegative, checked
from ....support.short_repr import short_repr
from ..fields import require_defined
from ..mesh import Grid


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ControlledDiffusion:
    """Minimise E ∫₀ᵀ e^{-γt}[½ uᵀ(G/η)u + ℓ(x)]dt + e^{-γT}Φ(x(T)) over feedback u(x), x = (θ, z),
    with

        dθ = (f + Bu) dt,    dz = b dt + D dI,

    I a standard Wiener process. Functions take points (S, d) and return arrays with a leading axis
    S.

    Attributes
    ----------
    controlled : n, how many of the d coordinates the control moves; they come first, not diffusing
    loss : x -> (S,), ℓ, the running cost beside the effort (k E[L | belief])
    drift : x -> (S, d), (f, b)
    diffusion : x -> (S, d - n, q), D
    actuation : x -> (S, n, m), B
    price : x -> (S, m, m), G/η
    discount : γ ≥ 0
    horizon : T, math.inf allowed with γ > 0
    terminal : x -> (S,), Φ, or None for Φ = 0
    names : the d coordinates in words
    """

    controlled: Count
    loss: Callable
    drift: Callable
    diffusion: Callable
    actuation: Callable
    price: Callable
    discount: NonNegative
    names: tuple[str, ...]
    horizon: Duration = math.inf
    terminal: Callable | None = None

    __repr__ = short_repr


@dataclass(frozen=True, kw_only=True, eq=False)
class Fields:
    """The functions of a controlled diffusion on all N nodes of a grid.

    Attributes
    ----------
    loss : (N,), ℓ
    drift : (d, N), (f, b)
    spread : (d - n, d - n, N), ½DDᵀ
    actuation, price : (n, m, N) and (m, m, N), B and G/η
    push : (m, n, N), ηG⁻¹Bᵀ; the optimal control is minus this times ∂V/∂θ
    mobility : (n, n, N), M = ηBG⁻¹Bᵀ; the optimal velocity is f - M ∂V/∂θ
    terminal : (N,), Φ
    """

    loss: np.ndarray
    drift: np.ndarray
    spread: np.ndarray
    actuation: np.ndarray
    price: np.ndarray
    push: np.ndarray
    mobility: np.ndarray
    terminal: np.ndarray


def fields_on(system: ControlledDiffusion, grid: Grid) -> Fields:
    """Evaluate a system on a grid.

    Raises
    ------
    ProblemError
        Something is not finite at a node (says where).
    """
    points = grid.points
    values = {
        name: np.moveaxis(np.asarray(getattr(system, name)(points), dtype=float), 0, -1)
        for name in ("loss", "drift", "diffusion", "actuation", "price")
    }
    if system.terminal is None:
        values["terminal"] = np.zeros(len(points))
    else:
        values["terminal"] = system.terminal(points)

    def received(node: int) -> str:
        where = np.round(points[node], 4).tolist()
        return f"NaN or infinity at {dict(zip(system.names, where, strict=True))}"

    for name, value in values.items():
        finite = np.isfinite(value).reshape(-1, len(points)).all(axis=0)
        require_defined(name, finite, received)
    root = values.pop("diffusion")
    # (G/η)⁻¹Bᵀ at every node, with the axis of nodes in front as NumPy's solver wants it
    price, transposed = np.moveaxis(values["price"], -1, 0), values["actuation"].transpose(2, 1, 0)
    push = np.linalg.solve(price, transposed).transpose(1, 2, 0)
    return Fields(
        spread=np.einsum("iqs,jqs->ijs", root, root) / 2,
        push=push,
        mobility=np.einsum("ims,mjs->ijs", values["actuation"], push),
        **values,
    )
