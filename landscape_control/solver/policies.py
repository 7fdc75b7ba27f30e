"""Smooth bounded minimisation over the coefficients of a policy: one compiled program, many starts,
many numbers.
"""

import enum
from dataclasses import dataclass, field, replace

import casadi as ca
import numpy as np

from ..errors import ProblemError, check_choice
from .buffers import QUIET, Memory, RawResult, is_interruption, reason_of
from .limits import Limit, Watch, heard

HESSIANS = ("exact", "limited-memory")
TIMED_OUT, INTERRUPTED = (
    "TIME_LIMIT",
    "INTERRUPTED",
)  # reasons of a run that was stopped from outside
_IPOPT = {
    "print_level": 0,
    "sb": "yes",
    "tol": 1e-10,
    "max_iter": 500,
    "acceptable_tol": (
        1e-5
        # with the two below: done where the objective has stood still to round-off, small costs have
    ),
    "acceptable_iter": 15,  # slopes that no step can make smaller
    "acceptable_obj_change_tol": 1e-13,
    "mu_strategy": "adaptive",
    "bound_push": 1e-6,
    "bound_frac": 1e-6,
    "bound_relax_factor": 0.0,
}


class PolicyStatus(enum.Enum):
    """How the optimisation of a policy ended; the value says what happened and what to try next."""

    CONVERGED = "converged: stationary, and the stated error of the cost is within the tolerance"
    QUADRATURE_CAP = (
        "stationary, but more quadrature nodes still move the cost by more than the tolerance:"
        " raise most_nodes, loosen tolerance, or narrow the spectrum"
    )
    OPTIMISM = (
        "stationary on its scenarios, but held-out scenarios cost more than the tolerance allows:"
        " raise most_scenarios or loosen tolerance"
    )
    ITERATION_LIMIT = (
        "the optimiser ran out of iterations: give a guess (an earlier result), more starts or"
        " fewer steps; where coefficients drift without settling, narrow their ranges with"
        " within={name: (low, high)}"
    )
    NOT_ATTAINED = (
        "the cost still falls while a coefficient grows without limit (see 'message' for which): no"
        " rule of this family is best; narrow its range with within={name: (low, high)}, hold it,"
        " or use a family with more memory"
    )
    DIVERGES = (
        "second moments overflow at every start: the rule is unstable over the whole spectrum"
        " there; give a guess with a smaller learning rate, or shorten the horizon"
    )
    NOT_STATIONARY = (
        "the optimiser stopped short of stationarity: give another guess or more starts"
    )
    FELL_BACK = (
        "no member of this family was found that costs less than the best of a simpler family it"
        " contains (see 'message' for which), which is returned: more starts or scenarios, or a"
        " guess, may find a better one"
    )
    TIME_LIMIT = (
        "the time limit was reached before the optimiser converged; what is returned is the best so"
        " far: raise time_limit=, or give it as guess= to go on from it"
    )
    INTERRUPTED = (
        "interrupted before the optimiser converged; what is returned is the best so far: call"
        " again to start anew, with guess= to go on from it"
    )

    @property
    def ok(self) -> bool:
        """Whether the result meets what was asked for."""
        return self is PolicyStatus.CONVERGED

    def __str__(self):
        return self.name.lower().replace("_", " ")


_LAST = 5  # iterations over which the slope is judged where steps go in circles


@dataclass(kw_only=True, eq=False)
class PolicyOptimiser:
    """IPOPT, compiled once for a program {x, f, p} with optional rows g, run for any numbers,
    bounds and starts.

    Attributes
    ----------
    nlp : dict of CasADi expressions x, f, p and perhaps g
    hessian : "exact" (CasADi's, or ``derivatives["hess_lag"]``) or "limited-memory"
    derivatives : ready-made functions grad_f, jac_g, hess_lag in nlpsol's own signatures, for
    programs whose structure the
        caller knows better; empty lets CasADi differentiate
    options : IPOPT's, under its own names
    """

    nlp: dict
    hessian: str
    derivatives: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        check_choice("hessian", self.hessian, HESSIANS)
        chosen = _IPOPT | {"hessian_approximation": self.hessian} | self.options
        self._most_iterations = chosen["max_iter"]
        settings = {
            **QUIET,
            **self.derivatives,
            **{f"ipopt.{name}": value for name, value in chosen.items()},
        }
        rows, parameters = (
            self.nlp[name].numel() if name in self.nlp else 0 for name in ("g", "p")
        )
        self._watch = Watch(self.size, rows, parameters)  # must outlive the solver
        settings["iteration_callback"] = self._watch
        self._memory = Memory(ca.nlpsol("policy", "ipopt", self.nlp, settings))

    @property
    def size(self) -> int:
        """Number of variables."""
        return self.nlp["x"].numel()

    def run(
        self, guess, parameters=(), *, bounds=None, rows=None, limit: Limit | None = None
    ) -> RawResult:
        """Minimise from one guess (n,) with ``bounds`` (n, 2) on x and ``rows`` (m, 2) on g; never
        raises for a failed run.

        Equal bounds fix a variable. The guess is moved inside the bounds. Where the ``limit`` is
        over, or the user interrupts, the run ends with its best iterate; the limit knows then that
        it was interrupted. Without a limit Ctrl-C raises KeyboardInterrupt.
        """
        if limit is None:
            found = self.run(guess, parameters, bounds=bounds, rows=rows, limit=(own := Limit()))
            if own.interrupted:
                raise KeyboardInterrupt
            return found
        bounds = (
            np.array([[-np.inf, np.inf]]) if bounds is None else np.asarray(bounds, dtype=float)
        )
        limits = {"lbx": bounds[:, 0], "ubx": bounds[:, 1]}
        if rows is not None:
            limits |= {"lbg": np.asarray(rows)[:, 0], "ubg": np.asarray(rows)[:, 1]}
        guess = np.clip(np.asarray(guess, dtype=float), bounds[:, 0], bounds[:, 1])
        self._watch.begin(limit)
        try:
            with heard(limit):
                stats, answer = self._memory.solve(guess, parameters, **limits)
        except (
            KeyboardInterrupt,
            SystemError,
        ) as error:  # CasADi returns a result beside the interruption: SystemError
            if not is_interruption(error):
                raise
            limit.interrupt()
            return self._stopped(guess, limit)
        except RuntimeError as error:  # the plugin gave up in its own way
            return self._nothing(guess, str(error).strip().splitlines()[-1])
        if self._watch.stopped:
            return self._stopped(guess, limit)
        still = self._watch.stands_still and stats["return_status"] == "User_Requested_Stop"
        return RawResult(
            variables=self._watch.variables if still else answer["x"],
            multipliers=answer["lam_g"],
            constraints=answer["g"],
            cost=self._watch.cost if still else float(answer["f"][0]),
            iterations=int(stats["iter_count"]),
            success=bool(stats["success"]) or _out_of_digits(stats, still),
            reason=(
                "the objective stands still" if still else reason_of(stats, self._most_iterations)
            ),
            log="",
        )

    def _stopped(self, guess, limit):
        """The best iterate of a run that was stopped from outside."""
        found = self._nothing(guess, INTERRUPTED if limit.interrupted else TIMED_OUT)
        if self._watch.variables is None:
            return found
        return replace(
            found,
            variables=self._watch.variables,
            cost=self._watch.cost,
            iterations=self._watch.iterations,
        )

    def _nothing(self, guess, reason):
        size = self.nlp["g"].numel() if "g" in self.nlp else 0
        nothing = np.full(size, np.nan)
        return RawResult(
            variables=guess,
            multipliers=nothing,
            constraints=nothing,
            cost=np.nan,
            iterations=0,
            success=False,
            reason=reason,
            log="",
        )


def _out_of_digits(stats, still):
    """Whether a run ended because no step can be told from none, with a slope that round-off
    explains.
    """
    slopes = stats.get("iterations", {}).get("inf_du", [])
    stuck = still or stats.get("return_status") == "Search_Direction_Becomes_Too_Small"
    return bool(stuck and len(slopes) and min(slopes[-_LAST:]) <= _IPOPT["acceptable_tol"])


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimum:
    """One distinct end of the optimisation: the best run that reached it and how many did."""

    result: RawResult
    count: int

    cost = property(lambda self: self.result.cost)
    variables = property(lambda self: self.result.variables)


@np.errstate(invalid="ignore", over="ignore")
def optima_from(
    optimiser: PolicyOptimiser,
    guesses,
    parameters=(),
    *,
    bounds=None,
    rows=None,
    closeness: float,
    limit: Limit | None = None,
) -> tuple[Optimum, ...]:
    """Run from every guess (S, n); ends whose objectives differ by at most ``closeness`` count as
    one, best first.

    Guesses that are left when the ``limit`` is over are not run from, but for the first. Each end
    is represented by a run that reached stationarity, if one did. Ends that differ in their
    coefficients but not in cost are one optimum here: which coefficients matter is a question of
    identifiability.
    """
    limit, results = Limit() if limit is None else limit, []
    for guess in guesses:
        if not (results and limit.is_over()):
            results.append(optimiser.run(guess, parameters, bounds=bounds, rows=rows, limit=limit))
    if not results:
        raise ProblemError(
            "starts", expected="at least one", received="0", advice="give starts >= 1 or a guess"
        )
    return merged_optima([Optimum(result=one, count=1) for one in results], closeness)


def merged_optima(optima, closeness: float) -> tuple[Optimum, ...]:
    """Distinct optima, best first: those within ``closeness`` of the best of a group, by their
    objectives, are one.
    """
    ordered = sorted(optima, key=lambda one: (not np.isfinite(one.cost), one.cost))
    groups: list[list[Optimum]] = []
    for one in ordered:
        if groups and (
            groups[-1][0].cost == one.cost or abs(one.cost - groups[-1][0].cost) <= closeness
        ):
            groups[-1].append(one)
        else:
            groups.append([one])
    return tuple(
        Optimum(
            result=min(group, key=lambda one: not one.result.success).result,
            count=sum(one.count for one in group),
        )
        for group in groups
    )


def status_of(result: RawResult) -> PolicyStatus:
    """The status of a run, before errors of quadrature or sampling are judged."""
    if result.success and np.isfinite(result.cost):
        return PolicyStatus.CONVERGED
    if result.reason in (TIMED_OUT, INTERRUPTED):
        return PolicyStatus[result.reason]
    if (
        not np.isfinite(result.cost)
        or "NAN" in result.reason.upper()
        or "INVALID" in result.reason.upper()
    ):
        return PolicyStatus.DIVERGES
    return (
        PolicyStatus.ITERATION_LIMIT
        if result.reason == "SOLVER_RET_LIMITED"
        else PolicyStatus.NOT_STATIONARY
    )


def stopped(status: PolicyStatus, limit: Limit) -> PolicyStatus:
    """The status of a whole search: that of its best run, unless the limit left parts of the search
    out.
    """
    if not limit.met or status is PolicyStatus.DIVERGES:
        return status
    return PolicyStatus.INTERRUPTED if limit.interrupted else PolicyStatus.TIME_LIMIT
