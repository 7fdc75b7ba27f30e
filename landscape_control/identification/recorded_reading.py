"""How a recording is read: as it is, with noise, with rates of its weights, in pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..model.problem import ControlProblem
from ..rules import CausalRule, Rule
from .fitting import starts_of
from .histories import Histories
from .identification import Identification
from .maps import Conclusion
from .recorded_courses import Naming, with_schedule
from .recorded_landscape import smoothed
from .recorded_large import completed, is_large, like, near, part_of, rules_of
from .recorded_noise import noise_words, recalibrated, with_noise
from .recorded_norms import coupling, cut_at_unknown_norms, reason, unknown_norms
from .recorded_rates import rate_words, with_rates
from .recording import Recording

Reading = tuple[Identification, Recording, tuple[str, ...]]


def read(
    recording: Recording,
    named: Naming,
    candidates: Sequence[CausalRule | Rule],
    seed: int,
) -> Reading:
    """(verdict, recording as it was read, notes on how it was read).

    Rules that look at the norm of all gradients are held against stretches in which it is known.
    """
    together = coupling(candidates)
    if not together or not unknown_norms(recording):
        return _of_any_size(recording, named, seed)
    why = dict.fromkeys((rule.key for rule in together), reason(recording))

    def alone(
        seen: Histories,
        among: Sequence[CausalRule | Rule] = candidates,
        starts: Mapping[str, np.ndarray] | None = None,
    ) -> Identification:
        found = named(seen, [rule for rule in among if rule not in together], starts)
        return replace(found, refused={**found.refused, **why})

    first = None
    if len(together) < len(candidates):
        first = _of_any_size(recording, alone, seed)
        if is_exact(first[0]):
            return first
    cut = cut_at_unknown_norms(recording)
    second = None if cut is None else _of_any_size(cut, named, seed)
    if second is not None and (first is None or _couples(second[0])):
        return second
    return first if first is not None else _of_any_size(recording, named, seed)


def is_exact(verdict: Identification) -> bool:
    """Whether a rule fits, and leaves no more than the resolution."""
    fits = verdict.conclusion is not Conclusion.NONE_FITS
    return fits and verdict.rows[0].error <= verdict.criteria.resolution


def _couples(verdict: Identification) -> bool:
    rule = None if verdict.best is None else verdict.best.rule
    return isinstance(rule, CausalRule) and rule.family.couples


def _of_any_size(recording: Recording, named: Naming, seed: int) -> Reading:
    """(verdict, recording as it was read, notes on how it was read)."""
    if not is_large(recording):
        return _read(recording, named, seed)
    part = part_of(recording)
    on_part, part_read, found = _read(part, named, seed)
    whole = like(recording, part_read)
    rows = near(on_part)
    if recording.weight_noise is None and on_part.best is not None:
        whole = recalibrated(whole, on_part.best, seed)
    verdict = named(whole.histories(), rules_of(rows), starts_of(rows))
    if whole.weight_noise:
        said = noise_words(verdict, whole, is_estimated=recording.weight_noise is None)
        found = (said, *found[1:])
    return completed(verdict, on_part.rows, part, recording), whole, found


def _read(recording: Recording, named: Naming, seed: int) -> Reading:
    """The same of a recording that is not large."""
    verdict, course = with_schedule(named(recording.histories()), recording, named)
    if is_scheduled_exactly(verdict):
        return verdict, recording, course
    is_estimated = recording.weight_noise is None
    verdict, noisy = with_noise(verdict, recording, named)
    if verdict.conclusion is Conclusion.NONE_FITS and len(recording.groups) < 2:
        own = with_rates(verdict, recording, seed)
        if own is not None:
            by_weight, rates = own
            second, second_noise = with_noise(named(by_weight.histories()), by_weight, named)
            if second.conclusion is not Conclusion.NONE_FITS:
                verdict, noisy = second, second_noise
                course = (*course, rate_words(verdict, rates))
    noise = noise_words(verdict, noisy, is_estimated=is_estimated)
    return verdict, noisy, (*([noise] if noise else []), *course)


def is_scheduled_exactly(verdict: Identification) -> bool:
    """Whether a rule is exact with a learning rate of each step's own."""
    found = verdict.scheduled
    return found is not None and found.error <= verdict.criteria.resolution


def on_the_path(
    recording: Recording,
    problem: ControlProblem,
    first: Reading,
    named: Naming,
    candidates: Sequence[CausalRule | Rule],
    seed: int,
) -> Reading:
    """The same with gradients on the path of the fitted rule, which the noise does not shake."""
    verdict, was_read, said = first
    on_path = smoothed(recording, problem, verdict)
    if on_path is None:
        note = (
            "Gradients are those of the landscape at the recorded weights, whose noise is in them"
            " too: coefficients are off by about its share of the gradients."
        )
        return verdict, was_read, (*said, note)
    second, again, found = read(on_path, named, candidates, seed)
    note = (
        "Gradients are those of the landscape on the path of the fitted rule: at the recorded"
        " weights they would have the noise in them."
    )
    return second, again, (*found, note)
