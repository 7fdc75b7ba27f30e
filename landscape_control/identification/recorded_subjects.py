"""Recorded training identified: which rule an optimizer is, as exactly as the recording can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..model.problem import ControlProblem
from ..rules import CausalRule, Rule, causal, of_networks
from .causal_fit import identify_causal
from .histories import Histories
from .identification import Identification
from .maps import Criteria, RuleFit
from .maps.formatting import percent
from .memory import unfaded_memory
from .noise_verdict import is_limited
from .recorded_hints import hints
from .recorded_landscape import with_gradients
from .recorded_norms import clip_words, of_product
from .recorded_order import prepared
from .recorded_reading import Naming, on_the_path, read
from .recorded_run import RecordedRun
from .recording import Recording, joined

_SOLVED = 1e-7  # relative accuracy of the fit itself, which float64 does not reach
_SOLVED_WITH_MEMORY = 2e-4  # the same where the memory is fitted too, along its valleys
_ROUNDINGS = 32.0  # relative errors of an average of 1000 rounded terms add up to about √1000
_SURE = 10.0  # standard errors between what rounding explains and what it does not
_CUT = 1e-4  # relative spread of norms that were cut to one value


def identify_recording(
    subject: Recording | Sequence[Recording],
    rules: Sequence[CausalRule | Rule] | None,
    *,
    seed: int,
    resamples: int,
    criteria: Criteria | None,
    problem: ControlProblem | None = None,
    progress: object = None,
) -> Identification:
    """The rule of an optimizer from what it was given and did.

    The resolution is that of the recording unless criteria are given: ten times what the rounding
    of the stored weights and of the optimizer's arithmetic adds to the updates. Where the recorded
    weights are noisy, rules are held against each other by their likelihood.
    """
    recording = subject if isinstance(subject, Recording) else joined(subject)
    candidates = (*causal(), *of_networks()) if rules is None else rules

    def named(
        seen: Histories,
        among: Sequence[CausalRule | Rule] = candidates,
        starts: Mapping[str, np.ndarray] | None = None,
    ) -> Identification:
        return identify_causal(
            seen,
            among,
            starts=starts,
            subject=_words(recording),
            seed=seed,
            resamples=resamples,
            criteria=criteria or _criteria(seen, recording.precision),
            progress=progress,
        )

    if problem is not None:
        recording = with_gradients(recording, problem)
    given = recording = prepared(recording, of_landscape=problem is not None)
    verdict, recording, found = read(given, named, candidates, seed)
    if problem is not None and recording.weight_noise:
        first = verdict, recording, found
        verdict, recording, found = on_the_path(given, problem, first, named, candidates, seed)
    seen = recording.histories()
    verdict = replace(
        verdict,
        rows=tuple(of_product(_widened(row, recording.precision), seen) for row in verdict.rows),
    )
    notes = (
        *found,
        *verdict.notes,
        *hints(verdict, recording, named),
        *_groups(verdict, recording, named),
        *_unexplained(verdict, seen, recording),
        *clip_words(verdict.best, seen),
        *_uphill(verdict, recording.runs),
        *_changed_gradients(recording.runs),
        *recording.notes,
    )
    return replace(verdict, notes=notes, weight_noise=recording.weight_noise or 0.0)


def _words(recording: Recording) -> str:
    steps = [run.steps for run in recording.runs]
    if len(steps) == 1:
        return f"a training run of {steps[0]} steps"
    if min(steps) == max(steps):
        return f"{len(steps)} training runs of {steps[0]} steps"
    return f"{len(steps)} training runs of {min(steps)} to {max(steps)} steps"


def _rounding(seen: Histories, precision: float) -> float:
    """What rounding adds to the updates, relative to rms Δθ: of stored weights, and of arithmetic."""
    stored = seen.noise / float(np.linalg.norm(seen.targets))
    return float(np.hypot(stored, _ROUNDINGS * precision))


def _criteria(seen: Histories, precision: float) -> Criteria:
    if seen.whitening is not None:
        # two rules are one where their χ² would differ by four
        finest = 2 * _rounding(seen, 0.0) / np.sqrt(seen.counts.sum())
        return replace(Criteria(), resolution=float(np.clip(finest, _SOLVED, 1e-3)))
    solved = _SOLVED if seen.unknown is None else _SOLVED_WITH_MEMORY
    finest = max(solved, _SURE * _rounding(seen, precision))
    return replace(Criteria(), resolution=min(finest, Criteria().threshold / 2))


# ---- what limits the answer


def _widened(row: RuleFit, precision: float) -> RuleFit:
    """The row with intervals as wide as the optimizer's arithmetic makes its coefficients.

    A coefficient β or 1 - w is stored to ε/2. Where an average takes 1 - β rounded by itself, it is
    too large by the factor 1 ± ε/2(1-β), which moves rates and ε of the rule by as much.
    """
    half = precision / 2
    weights = [
        row.coefficients[each.name] for each in row.rule.coefficients if each.scale == "one minus"
    ]
    factor = half * (1 + sum(1 / max(1 - abs(weight), half) for weight in weights))
    intervals = {}
    for each in row.rule.coefficients:
        low, high = row.intervals[each.name]
        value = abs(row.coefficients[each.name])
        absolute = half if each.scale == "one minus" or each.name == "decay" else 0.0
        extra = absolute + (factor * value if each.scale != "one minus" else 0.0)
        intervals[each.name] = max(low - extra, each.low), min(high + extra, each.high)
    return replace(row, intervals=intervals)


def _unexplained(verdict: Identification, seen: Histories, recording: Recording) -> tuple[str, ...]:
    """A note where the rule that fits leaves more than rounding explains."""
    if verdict.best is None:
        return ()
    left = unfaded_memory(verdict.best, seen)
    if left > verdict.criteria.resolution:
        return (
            f"Memory from before the recording is about {percent(left)} of the first updates that"
            " count: the coefficients are off by as much, and longer runs would fade it.",
        )
    if is_limited(seen, verdict.criteria):  # the error is already that beyond the noise
        return (_beyond(verdict.best),) if verdict.best.error > 0 else ()
    solved = _SOLVED if seen.unknown is None else _SOLVED_WITH_MEMORY
    explained = max(solved, _rounding(seen, recording.precision))
    if verdict.best.error <= _SURE * explained:
        return ()
    return (
        f"It is not exactly this rule: it leaves {percent(verdict.best.error)}, and rounding explains"
        f" {percent(explained)} at most. A variant of it that seldom differs, as AMSGrad does from"
        " Adam, or a number that changes leaves this much.",
    )


def _beyond(best: RuleFit) -> str:
    return (
        f"It is not exactly this rule: it leaves {percent(best.error)} of rms Δθ that the noise of"
        " the recording does not explain."
    )


def _uphill(verdict: Identification, runs: Sequence[RecordedRun]) -> tuple[str, ...]:
    """A note where no rule fits because the optimizer goes up the gradient."""
    if verdict.best is not None or not all(
        run.gradients is not None and np.vdot(run.gradients[0], np.nan_to_num(run.updates[0])) > 0
        for run in runs
    ):
        return ()
    return ("The first updates go along the gradient, not against it: something is maximised.",)


def _groups(verdict: Identification, recording: Recording, named: Naming) -> tuple[str, ...]:
    """A note where the nearest rule fits with numbers of its own for each parameter group."""
    exact = verdict.rows[0].error <= verdict.criteria.resolution
    if exact or len(recording.groups) < 2:
        return ()
    parts = []
    for number in recording.groups:
        own = named(recording.group(number).histories())
        if own.best is None:
            parts.append(f"group {number}: no rule")
            continue
        numbers = ", ".join(
            f"{each.symbol} = {own.best.coefficients[each.name]:.4g}"
            for each in own.best.rule.coefficients
        )
        parts.append(f"group {number}: {own.best.name}, {numbers}")
    return (f"Each parameter group by itself: {'; '.join(parts)}.",)


def _changed_gradients(runs: Sequence[RecordedRun]) -> tuple[str, ...]:
    """A note where gradients were clipped or scaled between their computation and the step."""
    recorded = [
        (run.gradient_norm, run.received_norm)
        for run in runs
        if run.gradient_norm is not None and run.received_norm is not None
    ]
    if not recorded:
        return ()
    computed, received = (np.concatenate(kind) for kind in zip(*recorded, strict=True))
    changed = np.abs(received - computed) > 1e-5 * computed
    if not changed.any():
        return ()
    share = percent(float(changed.mean()))
    cut = received[changed]
    is_cut = np.ptp(cut) <= _CUT * cut.max() and (computed[changed] > cut.max()).all()
    how = f"cut to {np.median(cut):.4g}" if is_cut else "changed"
    return (
        f"At {share} of the steps the norm of the gradient of all weights was {how} before the"
        " optimizer's step, which couples the weights and is no part of any rule here. What the"
        " optimizer makes of the gradients that it receives is another question:"
        " record_training(gradients='received').",
    )
