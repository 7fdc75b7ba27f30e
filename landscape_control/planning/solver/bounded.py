"""Smooth minimisation within bounds and perhaps rows of constraints.

One compiled program is run for many guesses and numbers, and stopped by a clock with the best so
far.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import casadi as ca
import numpy as np

from ...support.errors import check_choice
from .buffers import QUIET, NlpBuffers, RawResult, is_interruption, reason_of
from .clock import SolveClock, interruptions_noted
from .iterations import IterationWatch
from .options import Options

HESSIANS = ("exact", "limited-memory")
_ACCEPTABLE = 1e-5  # slope below which a run is done that can no longer lower the objective
_IPOPT = {
    "print_level": 0,
    "sb": "yes",
    "tol": 1e-10,
    "max_iter": 500,
    # small costs have slopes that no step can make smaller: a run is done where its objective has
    # stood still to round-off for so many iterations
    "acceptable_tol": _ACCEPTABLE,
    "acceptable_iter": 15,
    "acceptable_obj_change_tol": 1e-13,
    "mu_strategy": "adaptive",
    "bound_push": 1e-6,
    "bound_frac": 1e-6,
    "bound_relax_factor": 0.0,
}
_LAST = 5  # iterations over which the slope is judged where steps go in circles
_FREE = np.array([[-np.inf, np.inf]])


def unfinished(
    variables: np.ndarray,
    reason: str,
    *,
    cost: float = np.nan,
    iterations: int = 0,
    rows: int = 0,
) -> RawResult:
    """The result of a run that was stopped, or never made, with the variables as they are.

    The ``rows`` of constraints are unknown.
    """
    unknown = np.full(rows, np.nan)
    return RawResult(
        variables=variables,
        multipliers=unknown,
        constraints=unknown,
        cost=cost,
        iterations=iterations,
        success=False,
        reason=reason,
        log="",
    )


@dataclass(kw_only=True, eq=False)
class BoundedOptimiser:
    """IPOPT, compiled once for a program {x, f, p} with optional rows g.

    It is run for any numbers, bounds and guesses.

    Attributes
    ----------
    nlp : dict of CasADi expressions x, f, p and perhaps g
    hessian : "exact" (CasADi's, or ``derivatives["hess_lag"]``) or "limited-memory"
    derivatives : ready-made functions grad_f, jac_g, hess_lag in nlpsol's own signatures, for
        programs whose structure the caller knows better; empty lets CasADi differentiate
    options : IPOPT's, under its own names
    """

    nlp: dict[str, Any]
    hessian: str
    derivatives: dict[str, ca.Function] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice("hessian", self.hessian, HESSIANS)
        chosen: Options = _IPOPT | {"hessian_approximation": self.hessian} | self.options
        self._most_iterations = chosen["max_iter"]
        self._watch = IterationWatch(self.size, self.rows, self._count("p"))
        settings: Options = {
            **QUIET,
            **self.derivatives,
            **{f"ipopt.{name}": value for name, value in chosen.items()},
            "iteration_callback": self._watch,  # which must outlive the solver
        }
        self._buffers = NlpBuffers(ca.nlpsol("bounded", "ipopt", self.nlp, settings))

    @property
    def size(self) -> int:
        """Number of variables."""
        return self._count("x")

    @property
    def rows(self) -> int:
        """Number of constraints."""
        return self._count("g")

    def _count(self, name: str) -> int:
        return self.nlp[name].numel() if name in self.nlp else 0

    def run(
        self,
        guess: np.ndarray,
        parameters: Sequence[float] | np.ndarray = (),
        *,
        bounds: np.ndarray | None = None,
        rows: np.ndarray | None = None,
        clock: SolveClock | None = None,
    ) -> RawResult:
        """Minimise from one guess (n,), with ``bounds`` (n, 2) on x and ``rows`` (m, 2) on g.

        A failed run is a result like any other, and raises nothing.
        Equal bounds fix a variable. The guess is moved inside the bounds. Where the ``clock`` is
        over, or the user interrupts, the run ends with its best iterate; the clock knows then that
        it was interrupted. Without a clock Ctrl-C raises KeyboardInterrupt.
        """
        if clock is None:
            own = SolveClock()
            result = self.run(guess, parameters, bounds=bounds, rows=rows, clock=own)
            own.check_interruption()
            return result
        edges = _FREE if bounds is None else np.asarray(bounds, dtype=float)
        limits = {"lbx": edges[:, 0], "ubx": edges[:, 1]}
        if rows is not None:
            limits |= {"lbg": np.asarray(rows)[:, 0], "ubg": np.asarray(rows)[:, 1]}
        guess = np.clip(np.asarray(guess, dtype=float), edges[:, 0], edges[:, 1])
        self._watch.begin(clock)
        try:
            with interruptions_noted(clock, at_once=False):
                stats, answer = self._buffers.solve(guess, parameters, **limits)
        except (KeyboardInterrupt, SystemError) as error:
            # CasADi returns a result beside the interruption, which Python reports as SystemError
            if not is_interruption(error):
                raise
            clock.interrupt()
            return self._stopped(guess, clock)
        except RuntimeError as error:  # the plugin gave up in its own way
            reason = str(error).strip().splitlines()[-1]
            return unfinished(guess, reason, rows=self.rows)
        if self._watch.stopped:
            return self._stopped(guess, clock)
        return self._ended(stats, answer)

    def _ended(self, stats: dict[str, Any], answer: dict[str, np.ndarray]) -> RawResult:
        """The result of a run that ended by itself.

        IPOPT's answer, or the best iterate of a run that went in circles.
        """
        still = self._watch.stands_still and stats["return_status"] == "User_Requested_Stop"
        reason = reason_of(stats, self._most_iterations)
        result = RawResult(
            variables=answer["x"],
            multipliers=answer["lam_g"],
            constraints=answer["g"],
            cost=float(answer["f"][0]),
            iterations=int(stats["iter_count"]),
            success=bool(stats["success"]) or _out_of_digits(stats, still),
            reason="the objective stands still" if still else reason,
            log="",
        )
        if still and self._watch.variables is not None:
            return replace(result, variables=self._watch.variables, cost=self._watch.cost)
        return result

    def _stopped(self, guess: np.ndarray, clock: SolveClock) -> RawResult:
        """The best iterate of a run that was stopped from outside."""
        if self._watch.variables is None:
            return unfinished(guess, clock.stop_reason, rows=self.rows)
        return unfinished(
            self._watch.variables,
            clock.stop_reason,
            cost=self._watch.cost,
            iterations=self._watch.iterations,
            rows=self.rows,
        )


def _out_of_digits(stats: dict[str, Any], still: bool) -> bool:
    """Whether a run ended because steps are below round-off, with a slope that this explains."""
    slopes = stats.get("iterations", {}).get("inf_du", [])
    stuck = still or stats.get("return_status") == "Search_Direction_Becomes_Too_Small"
    return bool(stuck and len(slopes) and min(slopes[-_LAST:]) <= _ACCEPTABLE)
