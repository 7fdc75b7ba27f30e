"""log(J/reference + floor) of many points at once, each with the numbers of its own program."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .controls import Controls
from .hessian import hessians
from .newton import Question
from .numbers import Numbers
from .recursion import Forward, Recursion
from .stage import Stage

# numbers of one kind that a pass works on: of the matrices of all steps of rules with the same
# coefficients at every step, and of the tangents of one step of others
STEADY, IN_TIME = 500_000, 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Lane:
    """What a question is about: the costs of a structure, and the numbers of one program."""

    costs: "StageCosts"
    numbers: Numbers


def answered(questions: Sequence[Question]) -> list[Any]:
    """The answers to questions, of which ``of`` are lanes: those of one structure side by side."""
    found: list[Any] = [None] * len(questions)
    structures: dict[int, list[int]] = {}
    for k, question in enumerate(questions):
        structures.setdefault(id(question.of.costs), []).append(k)
    for places in structures.values():
        costs = questions[places[0]].of.costs
        answers = costs.answers([questions[k] for k in places])
        for k, answer in zip(places, answers, strict=True):
            found[k] = answer
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pass:
    """A pass over some points, kept for the Hessians that are asked for next."""

    points: list[np.ndarray]
    recursion: Recursion
    forward: Forward
    costates: np.ndarray
    slopes: np.ndarray  # (L, n), of the logarithm


class StageCosts:
    """Answers to questions about programs of one structure, those of one kind side by side."""

    def __init__(self, stage: Stage, controls: Controls):
        self.stage, self.controls = stage, controls
        self._last: _Pass | None = None

    def answers(self, questions: Sequence[Question]) -> list[Any]:
        """The answer to each question about a program of this structure."""
        found: list[Any] = [None] * len(questions)
        for places in self._groups(questions):
            own = [questions[k] for k in places]
            answer = getattr(self, f"_{own[0].kind}s")
            for k, given in zip(places, answer(own), strict=True):
                found[k] = given
        return found

    def lanes(self, numbers: Numbers) -> int:
        """How many points go along side by side."""
        steps, modes = numbers.shape
        size, n = self.stage.layout.size, self.controls.size
        if self.controls.are_steady:
            return max(1, STEADY // (steps * modes * size * size))
        return max(1, IN_TIME // (modes * size * n))

    @np.errstate(all="ignore")
    def curvature(self, numbers: Numbers, point: np.ndarray) -> tuple[float, np.ndarray]:
        """(J, ∂²J/∂c∂c') at a point (n,)."""
        lane = Lane(costs=self, numbers=numbers)
        one = self._pass([Question(kind="bend", of=lane, point=point)])
        bends = hessians(one.recursion, self.controls, one.forward, one.costates)
        return float(one.forward.costs[0]), bends[0]

    def cost(self, numbers: Numbers, point: np.ndarray) -> float:
        """J at a point (n,)."""
        lane = Lane(costs=self, numbers=numbers)
        question = Question(kind="value", of=lane, point=point)
        return float(self._forward([question])[1].costs[0])

    def _groups(self, questions: Sequence[Question]) -> list[list[int]]:
        """Places of questions that are answered together: of one kind and number of modes."""
        alike: dict[tuple, list[int]] = {}
        for k, question in enumerate(questions):
            alike.setdefault((question.kind, question.of.numbers.shape), []).append(k)
        groups = []
        for places in alike.values():
            size = self.lanes(questions[places[0]].of.numbers)
            groups += [places[k : k + size] for k in range(0, len(places), size)]
        return groups

    def _values(self, questions: list[Question]) -> list[float]:
        """∞ where the rule diverges."""
        recursion, forward = self._forward(questions)
        return _logarithms(recursion.numbers, forward)[: len(questions)].tolist()

    def _slopes(self, questions: list[Question]) -> list[tuple[float, np.ndarray]]:
        """Values and gradients (n,); the pass is kept."""
        this = self._last = self._pass(questions)
        values = _logarithms(this.recursion.numbers, this.forward)
        slopes = np.where(np.isfinite(values)[:, None], this.slopes, 0.0)
        return [(float(values[k]), slopes[k]) for k in range(len(questions))]

    @np.errstate(all="ignore")
    def _bends(self, questions: list[Question]) -> list[np.ndarray]:
        """Hessians (n, n), from the last pass where these were among its points."""
        this = self._kept(questions) or self._pass(questions)
        level = _levels(this.recursion.numbers, this.forward)[:, None, None]
        slopes = this.slopes
        bends = hessians(this.recursion, self.controls, this.forward, this.costates)
        bends = bends / level - slopes[:, :, None] * slopes[:, None, :]
        return list(bends[: len(questions)])

    def _kept(self, questions: list[Question]) -> _Pass | None:
        """The last pass, where it was over just these points."""
        last = self._last
        if last is None or len(last.points) != len(questions):
            return None
        pairs = zip(last.points, questions, strict=True)
        return last if all(point is question.point for point, question in pairs) else None

    def _pass(self, questions: list[Question]) -> _Pass:
        recursion, forward = self._forward(questions)
        costates = recursion.costates(forward)
        with np.errstate(all="ignore"):
            slopes = self.controls.gathered(recursion.slope(forward, costates))
            slopes = slopes / _levels(recursion.numbers, forward)[:, None]
        return _Pass(
            points=[question.point for question in questions],
            recursion=recursion,
            forward=forward,
            costates=costates,
            slopes=slopes,
        )

    def _forward(self, questions: list[Question]) -> tuple[Recursion, Forward]:
        numbers = [question.of.numbers for question in questions]
        points = [question.point for question in questions]
        if sum(one.weights.size for one in numbers) == 1:
            # along an axis of length one sums are taken in another order
            numbers, points = 2 * numbers, 2 * points
        recursion = Recursion(self.stage, Numbers.joined(numbers))
        return recursion, recursion.forward(self.controls.of(np.stack(points)))


def _levels(numbers: Numbers, forward: Forward) -> np.ndarray:
    """(L,): J + floor · reference."""
    return forward.costs + numbers.floor * numbers.reference


def _logarithms(numbers: Numbers, forward: Forward) -> np.ndarray:
    """(L,); ∞ where the rule diverges."""
    shares = forward.costs / numbers.reference + numbers.floor
    usable = (shares > 0) & np.isfinite(shares)
    return np.array(
        [math.log(share) if ok else math.inf for share, ok in zip(shares, usable, strict=True)]
    )
