"""From stage to stage: when to measure, what to plan, when to go back."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import torch

from ...support.errors import ProblemError
from ..measuring import Measurement
from .measures import Probe
from .metric import Tensors
from .planning import HEAVY_BALL, StagePlan, careful_plan, stage_plan
from .records import Decision
from .settings import Settings
from .stage import Stage
from .standstill import still_words, unreached_words
from .words import measured_words, plan_words

_EARLY = (HEAVY_BALL,)
_OF_KINDS = {
    "linear": "the outputs are linear in the weights: careful only later, metrics up to p = 1",
    "quadratic": "the loss is quadratic in the weights: one plan for all steps",
}


@dataclass(kw_only=True)
class Progress:
    """How far a run is, in plain numbers.

    Attributes
    ----------
    count, lost_steps : steps made, lost ones included
    measurements : one for each metric each time
    returns : roll-backs since the last stage that held
    caution : factor of the cap
    length : steps of the next stage
    first_loss, top : measured at the start, and the largest curvature of all stages that were kept
    model : "quadratic" in the weights, "linear" outputs with another convex loss, or "other"
    unreached : names of parameters whose gradient was zero when it was last measured
    batch_losses, rates : of every step; a rate is what the newest gradient is multiplied by
    """

    count: int = 0
    lost_steps: int = 0
    measurements: int = 0
    returns: int = 0
    seconds_measuring: float = 0.0
    seconds_deriving: float = 0.0
    seconds_training: float = 0.0
    caution: float = 1.0
    length: int = 1
    first_loss: float = math.nan
    top: float = 0.0
    model: str = "other"
    unreached: list[str] = field(default_factory=list)
    batch_losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


class Stages:
    """The stages of one run.

    Attributes
    ----------
    progress : Progress
    log : list of Decision
    stage, plan, metric : the present ones; None between a roll-back and the next step, and D^-p
    """

    def __init__(
        self,
        probe: Probe,
        weights: Tensors,
        steps: int,
        *,
        rules: tuple[str, ...],
        exponents: tuple[float, ...],
        settings: Settings,
    ):
        self.probe, self.weights, self.steps = probe, weights, steps
        self.rules, self.exponents, self.settings = rules, exponents, settings
        self.progress = Progress(caution=settings.first_cap)
        self.log: list[Decision] = []
        self.stage: Stage | None = None
        self.plan: StagePlan | None = None
        self.metric: Tensors | None = None

    def begin(self) -> None:
        """Measure and plan the first stage."""
        kind = self.progress.model = self.probe.model_kind()
        if kind != "other":
            self.progress.caution = self.settings.exact if kind == "quadratic" else 1.0
            self.note("note", _OF_KINDS[kind])
        if self.probe.least:
            words = f"losses can be as low as {self.probe.least:.4g}: they are counted from there"
            self.note("note", words, least=self.probe.least)
        self.following()

    @property
    def is_due(self) -> bool:
        """Whether the next step needs a measurement before."""
        return self.stage is None or self.progress.count >= self.stage.until

    def is_alarmed(self, value: float) -> bool:
        """Whether a batch's loss says that the stage has failed."""
        limits = self.settings
        if self.stage is not None:
            return self.stage.is_alarmed(value, limits.alarm, limits.deviations)
        if math.isfinite(value):
            return False
        raise ProblemError(
            "loss",
            expected="a finite loss at weights whose loss was measured to be finite",
            received=f"{value}",
            advice="look at this batch",
        )

    def following(self) -> bool:
        """Measure and plan the next stage; False where the measurement says to go back instead."""
        before = self.stage
        base = self._measured()
        if before is not None:
            if reason := self._failure(before, base):
                self.take_back(reason)
                return False
            self._held(before, base)
        if math.isnan(self.progress.first_loss):
            self.progress.first_loss = base.loss
        self._note_silence()
        found, metrics = self._in_metrics(base)
        self._planned(found, metrics)
        return True

    def take_back(self, reason: str) -> None:
        """Back to the weights kept, with a smaller cap; where that has failed too, for half as long.

        The one plan of a loss that is quadratic in the weights stays one, by the smaller cap alone.

        Momentum, which a stage may have 1 - 1/length of, is less then too. Raises ProblemError after
        too many returns in a row.
        """
        stage, progress = self.stage, self.progress
        assert stage is not None
        progress.returns += 1
        if progress.returns > self.settings.most_returns:
            raise ProblemError(
                "training",
                expected=f"a plan that holds, after at most {self.settings.most_returns} returns",
                received=f"{progress.returns} returns, the last for: {reason}",
                advice="look at the data: batches with losses far from the rest, or labels that"
                " contradict each other; or start from other weights",
            )
        with torch.no_grad():
            for weight, kept in zip(self.weights, stage.kept, strict=True):
                weight.copy_(kept)
        lost = progress.count - stage.kept_at + 1
        progress.lost_steps += lost
        progress.caution *= self.settings.caution
        if (
            self.plan is not None and self.plan.share > 0
        ):  # below what was run, not what was allowed
            run = self.plan.share / self.settings.cap
            progress.caution = min(progress.caution, self.settings.caution * run)
        progress.caution = max(progress.caution, self.settings.least_caution)
        has_doubts = self._has_doubts
        # the length is that after the stage that failed, twice its own
        progress.length = max(1, progress.length // (4 if has_doubts else 2))
        if progress.model == "quadratic":  # its curvature is the same in shorter stages
            following = "one plan for the rest as before"
        else:
            following = f"a stage {'half as long' if has_doubts else 'as long'}"
        words = (
            f"{reason}: back to step {stage.kept_at}, {lost} steps lost, {progress.caution:.3g} of"
            f" the cap, {following}"
        )
        self.note("rolled back", words, lost=lost)
        self.stage = None

    def keep_if_calm(self) -> None:
        """In the last stage: weights to go back to, ten times at most."""
        stage, count = self.stage, self.progress.count
        assert stage is not None
        is_far = count - stage.kept_at >= max(16, self.steps // 10)
        if not (stage.is_last and is_far and stage.is_calm):
            return
        loss = self.probe.loss()  # batches may be calm about weights that are worse than those kept
        if loss <= stage.kept_loss:
            stage.kept, stage.kept_at, stage.kept_loss = self._copy(), count, loss

    def note(self, kind: str, words: str, **numbers: float) -> None:
        """Add a decision to the log."""
        plain = {name: float(value) for name, value in numbers.items()}
        step = self.progress.count
        self.log.append(Decision(step=step, kind=kind, words=words, numbers=plain))

    @property
    def _has_doubts(self) -> bool:
        """Whether plans have failed one after another."""
        return self.progress.returns >= self.settings.doubted

    def _copy(self) -> Tensors:
        return [weight.detach().clone() for weight in self.weights]

    def _held(self, before: Stage, now: Measurement) -> None:
        """The stage that has ended was kept; its plan is trusted by what came true of it."""
        progress, limits = self.progress, self.settings
        if self._has_doubts:  # what is left of it was lost before this stage
            progress.top = float(now.curvatures[0])
        progress.returns = 0
        if before.begun == 0 and progress.caution < 1:
            progress.caution /= limits.first_cap
        if progress.model != "other" or self.plan is None:
            return
        promised = before.loss - self.plan.losses[progress.count - before.begun]
        if promised <= 2 * now.loss_error:
            return
        share = (before.loss - now.loss) / promised
        if share < limits.poor:
            progress.caution *= limits.caution
            words = f"{share:.0%} of the promised fall of the loss came true: a third of the cap"
            self.note("note", words, share=share)
        elif share > limits.good and progress.caution < 1:
            progress.caution = min(1.0, progress.caution / limits.caution)
            words = f"{share:.0%} of the promised fall of the loss came true: three times the cap"
            self.note("note", words, share=share)

    def _measured(self) -> Measurement:
        """That of p = 0, by which the stage that has ended is judged."""
        begun, progress = time.perf_counter(), self.progress
        base = self.probe.measured(None, self.probe.products)
        progress.measurements += 1
        progress.seconds_measuring += time.perf_counter() - begun
        self.note("measured", measured_words(base), loss=base.loss, top=base.curvatures[0])
        return base

    def _note_silence(self) -> None:
        """Say which weights no gradient reaches, where these are others than the last time."""
        names = self.probe.unreached()
        if names and names != self.progress.unreached:
            samples = sum(len(inputs) for inputs, _ in self.probe.data)
            self.note("note", unreached_words(names, samples), unreached=len(names))
        self.progress.unreached = names

    def _in_metrics(
        self, base: Measurement
    ) -> tuple[dict[float, Measurement], dict[float, Tensors | None]]:
        """In the other metrics too, once nothing is to be taken back."""
        begun, progress = time.perf_counter(), self.progress
        found, metrics = self.probe.in_metrics(base, self._exponents(), self.probe.products)
        progress.measurements += len(found) - 1
        progress.seconds_measuring += time.perf_counter() - begun
        return found, metrics

    def _exponents(self) -> tuple[float, ...]:
        """p = 0 in the first steps and where plans fail one after another; p = 1, a metric of
        curvature, where that does not change.
        """
        progress, limits = self.progress, self.settings
        is_early, has_failed = progress.count < limits.plain, self._has_doubts
        if progress.model == "other" and (is_early or has_failed):
            return (0.0,)
        most = 0.5 if progress.model == "other" else 1.0
        return tuple(sorted({0.0, *(p for p in self.exponents if p <= most)}))

    def _failure(self, before: Stage, now: Measurement) -> str:
        """Why the stage that has ended is to be taken back, or nothing.

        That the curvature is far below its largest is a reason to begin with; where it comes with the
        most careful steps too it has come about before.
        """
        progress, limits, top = self.progress, self.settings, now.curvatures[0]
        references = [(before.top, before.loss)]
        if not self._has_doubts:
            references.append((progress.top, progress.first_loss))
        for largest, loss in references if progress.model == "other" else ():
            if top >= largest / limits.dying or now.loss <= limits.alive * loss:
                continue
            return (
                f"λ_max fell from {largest:.3g} to {top:.3g} while the loss stayed at"
                f" {now.loss:.4g}, as where units die"
            )
        # the larger of the two, not their sum: a loss that blows up has a large error as well
        highest = max(limits.risen * before.loss, before.loss + 3 * now.loss_error)
        if now.loss > highest:
            return f"measured loss {now.loss:.4g} after {before.loss:.4g}"
        return ""

    def _planned(
        self, found: dict[float, Measurement], metrics: dict[float, Tensors | None]
    ) -> None:
        begun, progress = time.perf_counter(), self.progress
        base, batch_size = found[0.0], self.probe.batch_size
        is_last = self._is_last(base)
        first_loss, made = progress.first_loss, progress.count
        if is_last and made > 0 and base.loss > self.settings.alive * first_loss:
            self.note("note", still_words(base.loss, first_loss, made), loss=base.loss)
        settings: dict[str, Any] = {
            "batch_size": batch_size,
            "cap": self.settings.cap * progress.caution,
            "rise": self.settings.rise,
            "seed": self.probe.seed,
        }
        left = self.steps - progress.count
        longest = max(1, int(self.settings.longest * self.steps))
        length = self.steps if is_last else min(progress.length, longest)
        if progress.model == "other" and is_last:
            settings["forgiving"] = self.settings.forgiving
        elif progress.model == "other":  # no memory of steps before this measurement
            settings["momentum"] = 1 - 1 / length
        if is_last:  # the one that matters most is searched for from everywhere
            plan = stage_plan(found, left, self.rules, **settings)
        else:
            indifference = self.settings.indifference
            settings["guess"] = self.plan
            plan = careful_plan(found, left, _EARLY, indifference=indifference, **settings)
        progress.length *= 2
        self.stage = Stage(
            begun=progress.count,
            until=min(self.steps, progress.count + length),
            is_last=is_last,
            loss=base.loss,
            deviation=base.loss_error * math.sqrt(base.samples / batch_size),
            top=float(base.curvatures[0]),
            kept=self._copy(),
            kept_at=progress.count,
            kept_loss=base.loss,
        )
        progress.top = max(progress.top, float(base.curvatures[0]))
        self.plan, self.metric = plan, metrics[plan.exponent]
        progress.seconds_deriving += time.perf_counter() - begun
        for words, numbers in plan_words(plan, found[plan.exponent], batch_size):
            self.note("planned", words, **numbers)

    def _is_last(self, base: Measurement) -> bool:
        if self.progress.model == "quadratic":
            return True
        limits = self.settings
        if self._has_doubts:
            return False  # plans for all the rest have failed here: on by stages
        share = self.progress.count / self.steps
        has_fallen = base.loss < limits.fallen * self.progress.first_loss
        is_early = self.progress.model == "other" and share >= limits.early and has_fallen
        return share >= limits.late or is_early
