"""One plan: the rule, its schedule and its metric for all the steps that are left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...optimisation import Course, CourseLimits, plan_course
from ...rules.families import Averaged, Family, Fixed, HeavyBall, Policy, ScheduleFree
from ...rules.families.schedules import Scheduled
from ...rules.families.shapes import LogLinear
from ...support.errors import ProblemError, SolveError
from ..measuring import Measurement

_PIECES = 5
HEAVY_BALL, AVERAGED, SCHEDULE_FREE = "heavy ball", "averaged heavy ball", "Schedule-Free"
AVERAGING = (AVERAGED, SCHEDULE_FREE)
RULES = (HEAVY_BALL, *AVERAGING)
EXPONENTS = (0.0, 0.25, 0.5, 1.0)
_SHARES = (1 / 3, 1 / 9)  # of the cap
_WIDER = (1.0, 1.25, 2.0, 8.0)  # limits that no course keeps are widened, step by step
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


@dataclass(frozen=True, kw_only=True)
class Begin:
    """Where another search may begin: coefficients, with the λ_max and the share that they were for."""

    coefficients: dict[str, float]
    top: float
    share: float


@dataclass(frozen=True, kw_only=True, eq=False)
class StagePlan:
    """What was planned, and what it was chosen over.

    Attributes
    ----------
    rule, coefficients, steps : the rule by its name in RULES, its coefficients, and its horizon
    exponent : p of the metric D^p
    loss : predicted after the last step
    losses : (steps+1,) predicted
    rates : (steps,) by which the newest gradient is multiplied
    predictions : {(exponent, rule): predicted loss} of everything that was compared
    top : largest curvature in that metric
    share, cap : the largest share of the edge of stability that the rule comes to, and may come to
    rise : how far the predicted loss may rise; wider than asked for where no course keeps that
    begins : {exponent: Begin} of the first rule in every metric, for the plan of the next stage
    """

    rule: str
    coefficients: dict[str, float]
    steps: int
    exponent: float
    loss: float
    losses: np.ndarray
    rates: np.ndarray
    predictions: dict[tuple[float, str], float]
    top: float
    share: float
    cap: float
    rise: float
    begins: dict[float, Begin]

    @property
    def policy(self) -> Policy:
        """The rule to run, which :func:`landscape_control.export` takes."""
        family = family_of(self.rule)
        return Policy(family=family, coefficients=self.coefficients, horizon=self.steps)

    @property
    def momentum(self) -> float:
        """β."""
        return self.coefficients["momentum"]

    def plain(self) -> dict[str, Any]:
        """As a dictionary that torch.save takes."""
        predictions = [[p, rule, loss] for (p, rule), loss in self.predictions.items()]
        arrays = {"losses": self.losses.tolist(), "rates": self.rates.tolist()}
        begins = [[p, vars(begin)] for p, begin in self.begins.items()]
        return {**vars(self), **arrays, "predictions": predictions, "begins": begins}

    @classmethod
    def from_plain(cls, state: dict[str, Any]) -> "StagePlan":
        """The plan that ``plain`` wrote."""
        arrays = {name: np.array(state[name]) for name in ("losses", "rates")}
        predictions = {(p, rule): loss for p, rule, loss in state["predictions"]}
        begins = {p: Begin(**begin) for p, begin in state["begins"]}
        return cls(**{**state, **arrays, "predictions": predictions, "begins": begins})


def stage_plan(
    measured: Mapping[float, Measurement],
    steps: int,
    rules: Sequence[str],
    *,
    batch_size: int,
    cap: float,
    rise: float,
    seed: int,
    momentum: float = 1.0,
    forgiving: float = 1.0,
    guess: StagePlan | None = None,
) -> StagePlan:
    """The least predicted loss over rules and metrics {exponent: measurement in that metric}.

    ``momentum`` is the largest that is planned. Schedule-Free is taken where its prediction is
    within the factor ``forgiving`` of the least: its average forgives a rate that turns out wrong.
    The search begins from where ``guess`` came to, in every metric.
    Limits that no rule keeps in any metric are widened. Raises ProblemError or SolveError where
    that does not help.
    """
    for wider in _WIDER:
        limits = cap * wider, 1 + (rise - 1) * wider**2
        begins = {} if guess is None else guess.begins
        planner = _Planner(steps, batch_size, limits, seed, momentum, begins)
        courses = planner.chosen(measured, rules)
        if courses:
            break
    else:
        raise planner.refusals[0]
    exponent, rule = _best(courses, forgiving)
    course = courses[exponent, rule]
    reached = {
        p: _begin(courses[p, rules[0]], found)
        for p, found in measured.items()
        if (p, rules[0]) in courses
    }
    return StagePlan(
        rule=rule,
        coefficients=_coefficients(course),
        steps=steps,
        exponent=exponent,
        loss=float(course.final_loss),
        losses=course.losses,
        rates=course.rates,
        predictions={key: float(each.final_loss) for key, each in courses.items()},
        top=float(measured[exponent].curvatures.max()),
        share=float(course.shares.max()),
        cap=limits[0],
        rise=limits[1],
        begins=begins | reached,
    )


def _begin(course: Course, found: Measurement) -> Begin:
    return Begin(
        coefficients=_coefficients(course),
        top=float(found.curvatures.max()),
        share=float(course.shares.max()),
    )


def _best(courses: Mapping[tuple[float, str], Course], forgiving: float) -> tuple[float, str]:
    """(exponent, rule) of the least predicted loss, that of Schedule-Free counting for less."""

    def counted(key: tuple[float, str]) -> float:
        return courses[key].final_loss / (forgiving if key[1] == SCHEDULE_FREE else 1.0)

    return min(courses, key=counted)


def _coefficients(course: Course) -> dict[str, float]:
    """Those of the rule, held ones included."""
    held = course.family.values if isinstance(course.family, Fixed) else ()
    return {name: float(value) for name, value in (*course.coefficients.items(), *held)}


def careful_plan(
    measured: Mapping[float, Measurement],
    steps: int,
    rules: Sequence[str],
    *,
    cap: float,
    indifference: float,
    **settings: Any,
) -> StagePlan:
    """The plan that stays furthest from the edge of stability among those that predict the same.

    Over long horizons the predicted loss hardly depends on the rates of the first steps, and of
    plans that differ in them the boldest is best by a hair. Caps of a third and a ninth of ``cap``
    are tried, and the least taken whose prediction is within ``indifference`` of that of the cap.
    """
    boldest = chosen = stage_plan(measured, steps, rules, cap=cap, **settings)
    best = {boldest.exponent: measured[boldest.exponent]}
    settings["guess"] = boldest
    for share in _SHARES:
        plan = stage_plan(best, steps, rules, cap=share * cap, **settings)
        if plan.loss > indifference * boldest.loss:
            break  # a smaller cap predicts more still
        predictions = boldest.predictions | plan.predictions
        chosen = replace(plan, predictions=predictions, begins=boldest.begins)
    return chosen


class _Planner:
    """Courses of some steps under limits (cap, rise)."""

    def __init__(
        self,
        steps: int,
        batch_size: int,
        limits: tuple[float, float],
        seed: int,
        momentum: float,
        begins: Mapping[float, Begin],
    ):
        self.steps, self.batch_size, self.limits, self.seed = steps, batch_size, limits, seed
        self.momentum, self.begins = momentum, begins
        self.refusals: list[Exception] = []

    def chosen(
        self, measured: Mapping[float, Measurement], rules: Sequence[str]
    ) -> dict[tuple[float, str], Course]:
        """The first rule in every metric, the others in the metric where that is best."""
        first, *others = rules
        courses = {(p, first): self.course(p, found, first) for p, found in measured.items()}
        kept = {key: course for key, course in courses.items() if course is not None}
        if not kept:
            return {}
        best, _ = min(kept, key=lambda key: kept[key].final_loss)
        for rule in others:
            course = self.course(best, measured[best], rule)
            if course is not None:
                kept[best, rule] = course
        return kept

    def course(self, exponent: float, found: Measurement, rule: str) -> Course | None:
        """The best course of a rule; None where none keeps the limits, with the refusal noted."""
        family, within = family_of(rule), None
        if self.momentum == 0:
            family = Fixed(family=family, values={"momentum": 0.0})
        elif self.momentum < 1:
            within = {"momentum": (0.0, self.momentum)}
        cap, rise = self.limits
        sees = found.sees(batch_size=self.batch_size)
        guess = self._begun(exponent, found, family)
        try:
            return plan_course(
                found.task(),
                family,
                steps=self.steps,
                sees=replace(sees, follows_loss=True),
                limits=CourseLimits(cap=cap, rise=rise, floor=floor_of(found)),
                within=within,
                guess=guess,
                searches=None if guess is None else 1,
                seed=self.seed,
            )
        except (ProblemError, SolveError) as refusal:
            self.refusals.append(refusal)
            return None

    def _begun(
        self, exponent: float, found: Measurement, family: Family
    ) -> dict[str, float] | None:
        """Coefficients to begin from: rates as far from the edge as those, or inside the cap."""
        names = [each.name for each in family.coefficients]
        begin = self.begins.get(exponent, self.begins.get(0.0))
        if begin is None or not set(names) <= set(begin.coefficients):
            return None
        values = {name: begin.coefficients[name] for name in names}
        inside = min(1.0, self.limits[0] / begin.share) if begin.share > 0 else 1.0
        values["learning_rate"] *= inside * begin.top / float(found.curvatures.max())
        if "momentum" in values:
            values["momentum"] = min(values["momentum"], self.momentum)
        return values


def floor_of(found: Measurement) -> float:
    """The loss at the model's minimum: that of the quadratic model, but not below a share of L."""
    if found.loss_kind == "quadratic":
        return max(found.floor, 0.0)
    return max(found.floor, _LEAST_FLOOR * found.loss)
