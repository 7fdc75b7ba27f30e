"""One plan: the rule, its schedule and its metric for all the steps that are left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...rules.families import Averaged, Family, HeavyBall, Policy, ScheduleFree
from ...rules.families.schedules import Scheduled
from ...rules.families.shapes import LogLinear
from ..measuring import Measurement
from .search import Modes, search

_PIECES = 5
HEAVY_BALL, AVERAGED, SCHEDULE_FREE = "heavy ball", "averaged heavy ball", "Schedule-Free"
RULES = (HEAVY_BALL, AVERAGED, SCHEDULE_FREE)
_LEAST_FLOOR = 0.02  # of the present loss, where the model's own floor is lower or unknown


def family_of(rule: str) -> Family:
    """The family of a rule by its name, with the learning rate in log-linear pieces."""
    shape = LogLinear(pieces=_PIECES)
    ball = Scheduled(family=HeavyBall(constant=True), shape=shape)
    if rule == HEAVY_BALL:
        return ball
    if rule == AVERAGED:
        return Averaged(family=ball)
    return Scheduled(family=ScheduleFree(), shape=shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class StagePlan:
    """What was planned, and what it was chosen over.

    Attributes
    ----------
    rule, coefficients, steps : the rule by its name in RULES, its coefficients, and its horizon
    exponent : p of the metric D^p
    loss : predicted after the last step
    losses : (steps+1,) predicted
    predictions : {(exponent, rule): predicted loss} of everything that was compared
    top : largest curvature in that metric
    share : the largest share of the cap's own bound 2(1+β)/h that the rate takes
    cap : that it may take
    """

    rule: str
    coefficients: dict[str, float]
    steps: int
    exponent: float
    loss: float
    losses: np.ndarray
    predictions: dict[tuple[float, str], float]
    top: float
    cap: float

    @property
    def policy(self) -> Policy:
        """The rule to run, which :func:`landscape_control.export` takes."""
        return Policy(
            family=family_of(self.rule), coefficients=self.coefficients, horizon=self.steps
        )

    def plain(self) -> dict[str, Any]:
        """As a dictionary that torch.save takes."""
        predictions = [[p, rule, loss] for (p, rule), loss in self.predictions.items()]
        return {**vars(self), "losses": self.losses.tolist(), "predictions": predictions}

    @classmethod
    def from_plain(cls, state: dict[str, Any]) -> "StagePlan":
        """The plan that ``plain`` wrote."""
        predictions = {(p, rule): loss for p, rule, loss in state["predictions"]}
        losses = np.array(state["losses"])
        return cls(**{**state, "losses": losses, "predictions": predictions})

    @property
    def momentum(self) -> float:
        return self.coefficients["momentum"]

    @property
    def rates(self) -> np.ndarray:
        """(steps,) learning rates."""
        knots = [0.0, *(self.coefficients[f"log_rate_{i + 1}"] for i in range(_PIECES))]
        places = np.linspace(0, _PIECES, self.steps)
        logs = np.interp(places, np.arange(_PIECES + 1), knots)
        return self.coefficients["learning_rate"] * np.exp(logs)


def stage_plan(
    measured: Mapping[float, Measurement],
    steps: int,
    rules: Sequence[str],
    *,
    batch_size: int,
    cap: float,
    rise: float,
    seed: int,
) -> StagePlan:
    """The least predicted loss over rules and metrics {exponent: measurement in that metric}."""
    candidates = []
    for exponent, found in measured.items():
        modes = _modes(found, batch_size)
        for rule in rules:
            best = search(family_of(rule), steps, modes, cap=cap, rise=rise, seed=seed)
            candidates.append((exponent, rule, modes, best))
    exponent, rule, modes, best = min(candidates, key=lambda each: each[3].loss)
    return StagePlan(
        rule=rule,
        coefficients=best.coefficients,
        steps=steps,
        exponent=exponent,
        loss=best.loss,
        losses=best.losses,
        predictions={(p, name): each.loss for p, name, _, each in candidates},
        top=float(modes.curvatures.max()),
        cap=cap,
    )


def _modes(found: Measurement, batch_size: int) -> Modes:
    floor = floor_of(found)
    return Modes(
        curvatures=found.curvatures,
        start=found.start,
        noise=found.noise / batch_size,
        floor=floor,
    )


def floor_of(found: Measurement) -> float:
    """The loss at the model's minimum: that of the quadratic model, but not below a share of L."""
    if found.loss_kind == "quadratic":
        return max(found.floor, 0.0)
    return max(found.floor, _LEAST_FLOOR * found.loss)
