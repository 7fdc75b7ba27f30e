"""The algebraic Riccati equation by invariant subspaces of the Hamiltonian matrix.

S = YX⁻¹ for an orthonormal basis (X, Y) of its stable subspace, from an ordered Schur form (Laub
1979). What the control reaches is read off the test of Popov, Belevitch and Hautus.
"""

from typing import NoReturn

import numpy as np
from scipy.linalg import LinAlgError, schur

from ..support.errors import ProblemError, UnstabilisableError
from .hamiltonian import LinearSystem

_ROUND_OFF = 100 * np.finfo(float).eps  # times the dimension: taken as zero


def stabilising_hessian(system: LinearSystem, seen: np.ndarray) -> np.ndarray:
    """S (p, p) on the directions that are seen. Raises UnstabilisableError, ProblemError.

    The discount goes into the drift: e^{-γt/2}θ moves with A - γ/2, and has no discount.
    """
    size = seen.shape[1]
    if not size:
        return np.zeros((0, 0))
    drift = seen.T @ system.drift @ seen - system.discount / 2 * np.eye(size)
    spread = seen.T @ system.spread @ seen
    loss = seen.T @ system.loss @ seen
    loss = (loss + loss.T) / 2
    _check_stabilisable(drift, seen.T @ system.actuation, system.discount, seen)
    first = _solution(drift, spread, loss, system.costate_unit)
    if first is None:
        _refuse(loss, system.discount)
    hessian = _refined(first, drift, spread, loss)
    if _residual(hessian, drift, spread, loss) > 1e-8:
        _refuse(loss, system.discount)
    unit = float(np.linalg.norm(hessian, 2)) or 1.0
    if _is_concave(loss) and not _reached_from_zero(drift, spread, loss, unit):
        _refuse(loss, system.discount)
    return hessian


def _refined(
    hessian: np.ndarray, drift: np.ndarray, spread: np.ndarray, loss: np.ndarray
) -> np.ndarray:
    """Newton's method on the n² equations written out.

    It wins back the digits that an ill-conditioned basis lost.
    """
    eye = np.eye(len(drift))
    for _ in range(3):
        closed = drift - spread @ hessian
        residual = loss + drift.T @ hessian + hessian @ drift - hessian @ spread @ hessian
        equations = np.kron(closed.T, eye) + np.kron(eye, closed.T)
        step = np.linalg.solve(equations, -residual.ravel()).reshape(hessian.shape)
        hessian = hessian + (step + step.T) / 2
    return hessian


def _residual(
    hessian: np.ndarray, drift: np.ndarray, spread: np.ndarray, loss: np.ndarray
) -> float:
    """Of the Riccati equation, relative to its largest term."""
    carried, spent = drift.T @ hessian, hessian @ spread @ hessian
    largest = max(np.abs(part).max() for part in (loss, 2 * carried, spent))
    return np.abs(loss + carried + carried.T - spent).max() / largest


def _is_concave(loss: np.ndarray) -> bool:
    """Whether a symmetric matrix has a negative eigenvalue beyond round-off."""
    values = np.linalg.eigvalsh(loss)
    return values[0] < -_ROUND_OFF * len(loss) * np.abs(values).max()


def _subspace(
    drift: np.ndarray, spread: np.ndarray, loss: np.ndarray, unit: float, half: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """(X, Y) of the stable ("lhp") or unstable ("rhp") subspace; None unless it has n dimensions.

    ``unit`` measures λ, so that both halves of the Hamiltonian matrix weigh about the same.
    """
    n = len(drift)
    hamiltonian = np.block([[drift, -spread * unit], [-loss / unit, -drift.T]])
    try:
        _, vectors, dimension = schur(hamiltonian, sort=half)
    except LinAlgError:
        return None
    if dimension != n:
        return None
    return vectors[:n, :n], vectors[n:, :n] * unit


def _solution(
    drift: np.ndarray, spread: np.ndarray, loss: np.ndarray, unit: float
) -> np.ndarray | None:
    """S = YX⁻¹; None where there is no such subspace, or X is singular to double precision."""
    basis = _subspace(drift, spread, loss, unit, "lhp")
    if basis is None or np.linalg.cond(basis[0]) > 1e14:
        return None
    hessian = np.linalg.solve(basis[0].T, basis[1].T).T
    return (hessian + hessian.T) / 2


def _reached_from_zero(
    drift: np.ndarray, spread: np.ndarray, loss: np.ndarray, unit: float
) -> bool:
    """Whether values of finite horizons without terminal cost tend to S.

    They do from every terminal Hessian P with P - S₋ ≻ 0, S₋ = YX⁻¹ of the unstable subspace
    (Callier & Willems 1981); with P = 0 that is -XᵀY ≻ 0 (where X is singular, S₋ is -∞).
    """
    basis = _subspace(drift, spread, loss, unit, "rhp")
    if basis is None:
        return False
    lead, follow = basis[0], basis[1] / unit
    form = -(lead.T @ follow + follow.T @ lead) / 2
    values, vectors = np.linalg.eigh(form)
    free = np.linalg.norm(lead @ vectors, axis=0) < 1e-10
    return bool((values[~free] > 1e-12).all())


def _check_stabilisable(
    drift: np.ndarray, actuation: np.ndarray, discount: float, seen: np.ndarray
) -> None:
    """Refuse a mode of A - γ/2 that B does not reach and that does not decay: rank [A - s, B] < n."""
    n, scale = len(drift), np.linalg.norm(drift, 2)
    reach = actuation / max(np.linalg.norm(actuation, 2), np.finfo(float).tiny)
    values = np.linalg.eigvals(drift)
    for value in sorted(values, key=lambda value: -value.real):
        if value.real < -_ROUND_OFF * n * scale:
            return
        pencil = np.hstack([(drift - value * np.eye(n)) / max(scale, 1e-300), reach])
        left, sizes, _ = np.linalg.svd(pencil)
        if sizes[-1] <= 1e-12 * n:
            _refuse_mode(value + discount / 2, seen @ left[:, -1].conj(), discount)


def _refuse_mode(value: complex, direction: np.ndarray, discount: float) -> NoReturn:
    direction = direction / direction[np.argmax(np.abs(direction))]
    rate = f"{_rounded(value.real):.6g}"
    growth = max(2 * _rounded(value.real), 0)
    shown = _listed(direction.real / np.linalg.norm(direction.real))
    if abs(value.imag) > 1e-12 * abs(value):
        rate = f"{rate} ± {abs(value.imag):.6g}i"
        shown = f"{_listed(direction.real)} ± i {_listed(direction.imag)}"
    raise UnstabilisableError(
        "drift and actuation at infinite horizon",
        expected=(
            "every mode the loss sees to be pushed by B, or to grow slower than γ/2 ="
            f" {discount / 2:.6g} by itself"
        ),
        received=(
            f"the mode v·θ with v = {shown}: eigenvalue {rate} of A, vᵀB = 0, and the loss depends"
            " on it"
        ),
        advice=(
            f"raise the discount above {growth:.6g}, use a finite horizon, let the drift damp that"
            " mode (weight decay), add a column to B with a component along v, or take the loss"
            " off it"
        ),
    )


def _rounded(value: float) -> float:
    return 0.0 if abs(value) < 1e-12 else float(value)


def _listed(values: np.ndarray) -> str:
    return np.array2string(np.round(values, 6) + 0.0, separator=", ", threshold=20)


def _refuse(loss: np.ndarray, discount: float) -> NoReturn:
    lowest = np.linalg.eigvalsh(loss)[0]
    if not _is_concave(loss):
        raise ProblemError(
            "Riccati equation",
            expected="a solution known to eight digits",
            received="time scales too far apart, or a direction that B hardly reaches",
            advice="rescale the parameters, raise the discount, or strengthen the weak column of B",
        )
    raise ProblemError(
        "loss at infinite horizon",
        expected="a cost bounded below (for f = 0, G = I: γ²/4 + ηkh > 0 for every curvature h)",
        received=(
            f"a concave direction, smallest eigenvalue of kH = {lowest:.6g}, with discount γ ="
            f" {discount:g}"
        ),
        advice="raise the discount, use a short finite horizon, or add weight decay or curvature",
    )
