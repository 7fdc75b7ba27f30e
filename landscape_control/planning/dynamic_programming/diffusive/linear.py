"""Linear systems that change little from one to the next.

One factorisation serves as preconditioner for many.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import LinearOperator, gmres, spilu, splu

from .scheme import Motion, Scheme

_DIRECT = 5_000  # unknowns up to which three-dimensional grids are factorised as they are
_LARGE = 60_000  # unknowns from which on complete factors would not fit
_STEPS = 16  # of GMRES with factors of a nearby matrix
_ROUGH_STEPS = 80  # of GMRES with factors of a rough relative


class Resolvent:
    """Solves (rate - 𝓛)x = b for the generators 𝓛 of nearby policies of a scheme.

    Factors made for an earlier policy precondition GMRES; when the correction that these factors
    still ask for is not within ``tolerance`` of the solution, the current matrix is factorised.
    Large three-dimensional grids, whose factors would not fit, factorise a first-order relative of
    it instead: incompletely where that suffices, else completely. Beyond 60 000 unknowns the best
    that GMRES makes of that is returned, and the policy iteration shows whether it settles.
    """

    def __init__(self, scheme: Scheme, tolerance: float):
        self.scheme, self.tolerance = scheme, tolerance
        self.factorisations = 0
        self._factors, self._steps = None, _STEPS

    def solve(
        self, rate: float, motion: Motion, right: np.ndarray, guess: np.ndarray
    ) -> np.ndarray:
        """x with (rate - 𝓛(motion))x = right; NaN where the matrix is singular."""
        matrix = _shifted(rate, self.scheme, motion)
        if self._factors is not None:
            solution = self._iterate(matrix, right, guess)
            if solution is not None:
                return solution
        for make, steps in self._factorisers(rate, motion, matrix):
            try:
                self._factors, self._steps = make(), steps
            except RuntimeError:  # SuperLU met a zero pivot
                self._factors = None
                continue
            self.factorisations += 1
            solution = self._iterate(matrix, right, guess)
            if solution is not None:
                return solution
        if self._factors is None:
            return np.full_like(right, np.nan)
        return self._improved(matrix, right, guess, restarts=4)

    def _factorisers(self, rate, motion, matrix) -> list[tuple[Callable, int]]:
        """What to factorise, from cheap to costly, and how many steps of GMRES it is worth."""
        # two-dimensional grids, and small ones, have factors with little fill
        complete = (lambda: splu(csc_array(matrix)), _STEPS)
        if self.scheme.grid.dimension < 3 or matrix.shape[0] <= _DIRECT:
            return [complete]
        monotone, walled = self.scheme.first_order_relatives

        def incomplete():
            return _incomplete(_shifted(rate, monotone, motion))

        def sparse_complete():
            walled_matrix = csc_array(_shifted(rate, walled, motion))
            return splu(walled_matrix, permc_spec="MMD_AT_PLUS_A")

        tries = [(incomplete, _ROUGH_STEPS), (sparse_complete, _ROUGH_STEPS)]
        return tries if matrix.shape[0] > _LARGE else [*tries, complete]

    def _iterate(self, matrix, right, guess):
        """x, or None where the factors are not good enough."""
        restarts = 3 if self._steps == _ROUGH_STEPS else 1
        solution = self._improved(matrix, right, guess, restarts)
        # rows differ too much in size for plain residuals to mean anything
        missing = np.abs(self._factors.solve(right - matrix @ solution)).max()
        return solution if missing <= 10 * self.tolerance * np.abs(solution).max() else None

    def _improved(self, matrix, right, guess, restarts):
        inverse = LinearOperator(matrix.shape, self._factors.solve, dtype=float)
        return gmres(
            matrix,
            right,
            x0=guess,
            M=inverse,
            rtol=self.tolerance,
            restart=self._steps,
            maxiter=restarts,
        )[0]


def _shifted(rate, scheme, motion):
    generator = scheme.generator(motion)
    return rate * eye_array(generator.shape[0], format="csr") - generator


def _incomplete(matrix):
    """Incomplete factors: they exist for the M-matrices of the monotone scheme."""
    return spilu(csc_array(matrix), permc_spec="NATURAL", drop_tol=3e-3, fill_factor=30)
