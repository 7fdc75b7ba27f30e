"""The only caller of nlpsol: one program, one optimiser, many solves."""

import io
import math
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import casadi as ca
import numpy as np

from ...support.errors import ProblemError, check_choice
from ..transcription import Program
from .buffers import QUIET, TIME_LIMIT, NlpBuffers, RawResult, reason_of
from .clock import clock
from .fatrop_guards import guarded_functions
from .options import (
    PLUGINS,
    REFUSED,
    Options,
    casadi_version,
    check_option,
    known_defaults,
)

_ACCEPTABLE = 1e-8
_NOT_TRUSTED = (
    "solved by ipopt: fatrop may not return from collocation or shooting with a fixed end or"
    " unstable dynamics"
)


@dataclass(kw_only=True, eq=False)
class Optimiser:
    """A compiled solver for one program by ``plugin``, "fatrop" or "ipopt".

    ``options`` go to the plugin under its own names and override the defaults here. ``keep_log``
    keeps what it prints. ``rescue`` hands runs in which Fatrop fails to IPOPT, on the same program
    from the same guess; the result's note says so.
    """

    program: Program
    plugin: str
    options: dict[str, Any] = field(default_factory=dict)
    keep_log: bool = False
    rescue: bool = False

    def __post_init__(self) -> None:
        check_choice("solver", self.plugin, PLUGINS)
        size = self.program.nlp["g"].numel()
        for name, value in self.options.items():
            check_option(self.plugin, name, value)
        chosen = known_defaults(self.plugin) | self.options
        if self.keep_log:
            chosen = chosen | {"print_level": 5}
        self._most_iterations = chosen["max_iter"]
        settings: Options = {
            **QUIET,
            **self.program.options,
            **{f"{self.plugin}.{name}": value for name, value in chosen.items()},
        }
        if self.plugin == "fatrop":
            guarded = guarded_functions(self.program)
            settings |= {"structure_detection": "auto", "equality": [True] * size, "cache": guarded}
            self._slopes = guarded["nlp_hess_l"]
        elif math.isfinite(clock().limit):
            settings = {"ipopt.max_wall_time": clock().limit} | settings
        try:
            solver = ca.nlpsol("solver", self.plugin, self.program.nlp, settings)
        except RuntimeError as error:
            # the program alone is always accepted, and so is each option alone
            self._refuse_options(str(error).strip().splitlines()[-1])
            raise
        self._buffers = NlpBuffers(solver)

    def run(self, guess: np.ndarray, parameters: np.ndarray, *, trusted: bool = True) -> RawResult:
        """Solve from one guess; a failed solve raises nothing.

        Ctrl-C is noticed at every evaluation of a function. Where Fatrop is not ``trusted`` to
        return (see ``fatrop_guards``) IPOPT solves its program, and the result's note says so.
        """
        if self.plugin == "fatrop" and not trusted:
            return replace(self._substitute.run(guess, parameters), note=_NOT_TRUSTED)
        result = self._run(guess, parameters)
        is_final = result.success or result.reason == TIME_LIMIT
        if is_final or self.plugin != "fatrop" or not self.rescue:
            return result
        if self._is_stationary(result, parameters):
            return replace(result, success=True)
        second = self._substitute.run(guess, parameters)
        if not second.success and np.isfinite(result.cost):
            return result
        return replace(second, note=f"fatrop failed ({result.reason}); this is ipopt's")

    def _run(self, guess: np.ndarray, parameters: np.ndarray) -> RawResult:
        if clock().seconds_left() <= 0:
            clock().ran_out = True
            return self._nothing(guess, TIME_LIMIT, "")
        printed = io.StringIO()
        try:
            with redirect_stdout(printed) if self.keep_log else nullcontext():
                stats, answer = self._buffers.solve(guess, parameters)
        except RuntimeError as error:
            # the plugin gave up in its own way: guards, numbers it cannot start from
            clock().check_interruption()
            return replace(self._nothing(guess, str(error), printed.getvalue()), ran=False)
        clock().check_interruption()
        if stats["return_status"] == REFUSED:
            self._refuse_options(REFUSED)
        return RawResult(
            variables=answer["x"],
            multipliers=answer["lam_g"],
            constraints=answer["g"],
            cost=float(answer["f"][0]),
            iterations=int(stats["iter_count"]),
            success=bool(stats["success"]),
            reason=reason_of(stats, self._most_iterations),
            log=printed.getvalue(),
        )

    def _is_stationary(self, result: RawResult, parameters: np.ndarray) -> bool:
        """Whether Fatrop stopped only because rounding is above its tolerance.

        So it may be far from the origin, or in too small a unit. Violations and the slope of the
        Lagrangian are compared with 1e-8, times the multipliers' mean where that is more.
        """
        finite = np.isfinite(result.variables).all() and np.isfinite(result.multipliers).all()
        if not (finite and result.multipliers.size):
            return False
        slope = np.array(self._slopes(result.variables, parameters, 1.0, result.multipliers)[0])
        allowed = _ACCEPTABLE * max(1.0, float(np.abs(result.multipliers).mean()))
        violation = np.abs(result.constraints).max()
        return bool(np.abs(slope).max() <= allowed and violation <= _ACCEPTABLE)

    @cached_property
    def _substitute(self) -> "Optimiser":
        """IPOPT on the same program, built when first needed.

        The two have one option in common.
        """
        common = {name: value for name, value in self.options.items() if name == "max_iter"}
        return Optimiser(
            program=self.program, plugin="ipopt", options=common, keep_log=self.keep_log
        )

    def _refuse_options(self, complaint: str) -> None:
        """Say that the options were accepted one by one, but not together or for this program.

        Return where there are none.
        """
        if self.options:
            raise ProblemError(
                f"options of {self.plugin} (CasADi {casadi_version()}):"
                f" {', '.join(map(repr, self.options))}",
                expected=f"options that {self.plugin} takes together",
                received=complaint.split(": ", 1)[-1],
                advice=f"leave some out, or see the manual of {self.plugin} for its options",
            )

    def _nothing(self, guess: np.ndarray, reason: str, log: str) -> RawResult:
        """The result of a run that produced none: the guess itself, with the reason."""
        size = self.program.nlp["g"].numel()
        return RawResult(
            variables=np.array(guess),
            multipliers=np.zeros(size),
            constraints=np.full(size, np.nan),
            cost=np.nan,
            iterations=0,
            success=False,
            reason=reason.strip().splitlines()[-1],
            log=log,
        )
