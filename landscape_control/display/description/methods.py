"""A paragraph for a methods section: what was solved, how, with which settings and versions."""

from collections.abc import Iterator, Mapping
from functools import singledispatch
from typing import Any, Literal

from ...identification.histories import Histories
from ...identification.identification import MAP
from ...identification.maps import Verdict
from ...identification.recording import Recording
from ...model.problem import ControlProblem
from ...optimisation.courses.course import Course
from ...optimisation.program import PolicyProgram
from ...optimisation.result import PolicyResult
from ...optimisation.worst_cases import WorstCaseResult
from ...planning.beliefs.solution import BeliefSolution
from ...planning.certificate.certificate import Certificate, residual_limit
from ...planning.solution import Plan, Solution
from ...records.readable import is_part, parts_of
from ...simulation.exact_linear import ExactCost
from ...simulation.exact_search import ExactTuned
from ...simulation.rollout import Rollout
from ...simulation.tuning import Tuned
from ...support.call_settings import PROBLEM, posed_for
from ...support.latex import words as escaped
from ...support.posed import Posed
from ...support.versions import software
from ...trajectories import Trajectory
from .numbers import in_words
from .programs import program_in_latex

Format = Literal["text", "latex"]


def methods(result: Any, format: Format = "text") -> str:
    """See :meth:`landscape_control.support.results.Result.methods`."""
    stated = [_stated(posed, format) for posed in _posed(result) or posed_for(result)]
    if not stated and PROBLEM in result.made_with:
        stated = [_in_words(result.made_with[PROBLEM], format)]
    missing = [] if stated else _missing(result)
    sentences = [*how(result), *missing, *_settings(result.made_with)]
    said = " ".join(sentences)
    paragraph = said if format == "text" else escaped(said)
    return "\n\n".join([*stated, paragraph])


def _posed(result: Any) -> list[ControlProblem | PolicyProgram]:
    """What was solved, of the result or of a part of it."""
    parts = parts_of(result).values()
    found = [part for part in parts if isinstance(part, ControlProblem | PolicyProgram)]
    if found:
        return found
    for part in parts:
        if is_part(part) and not isinstance(part, ControlProblem | PolicyProgram):
            inside = _posed(part)
            if inside:
                return inside
    return []


def _stated(posed: Posed, format: Format) -> str:
    if format == "text":
        return posed.describe()
    if isinstance(posed, PolicyProgram):
        return program_in_latex(posed)
    assert isinstance(posed, ControlProblem), "there are two kinds"
    return posed.describe("latex")


def _in_words(problem: str, format: Format) -> str:
    """A problem of which a file has the words alone."""
    if format == "text":
        return problem
    return " \\\\\n".join(map(escaped, problem.splitlines()))


def _missing(result: Any) -> list[str]:
    """What a methods section needs and the result does not have."""
    kind = type(result).__name__
    if kind in _OF_PROBLEMS or getattr(result, "kind", "") == MAP:
        return [
            "The problem it was computed for is not part of it: state it with methods() of the"
            " solution, or with describe() of the problem."
        ]
    if kind in _OF_NETWORKS:
        return ["The network, its loss and its data are not part of it: state them too."]
    return []


# kinds that are computed for a problem and do not hold it; recordings and rules have none
_OF_PROBLEMS = {
    "Choice", "Equivalent", "Exponents", "GlobalCertificate", "LinearisedRules", "MomentumForm",
    "PathLaw", "Policy", "RawRule", "SharedMomentum", "StepRule", "Verdict",
}  # fmt: skip
_OF_NETWORKS = {"Measurement", "TrainingPlan"}


def _settings(made_with: Mapping[str, Any]) -> Iterator[str]:
    """Seeds, tolerances and numbers of starts, as they were given or by default; versions."""
    said = [
        f"{name} = {in_words(value)}"
        for name, value in made_with.items()
        if name not in ("software", PROBLEM)
    ]
    if said:
        yield f"Settings of the call: {', '.join(said)}."
    if "software" in made_with:
        yield f"Computed with {made_with['software']}."
    else:
        yield f"How it was made is not known; this was written with {software()}."


@singledispatch
def how(result: Any) -> Iterator[str]:
    """Sentences on the method of a kind of result; of others its summary, or its numbers."""
    if hasattr(result, "summary"):
        yield f"{result.summary()}."
        return
    numbers = [
        f"{name.replace('_', ' ')} {in_words(value)}"
        for name, value in parts_of(result).items()
        if isinstance(value, int | float)
    ]
    yield f"{type(result).__name__}: {', '.join(numbers) or 'arrays only'}."


@how.register
def _(solution: Solution) -> Iterator[str]:
    best = solution.best
    nodes, elements = len(best.times), len(best.vertices) - 1
    yield (
        f"The problem was solved by the method {solution.method} with {solution.solver}, on a mesh"
        f" of {elements} elements of degree {len(best.positions) - 1} ({nodes} nodes), refined"
        f" until the estimated error of the cost was below {solution.tolerance:g} of ∫|integrand|."
    )
    yield f"The plan is the {solution.searched()}."
    yield (
        f"J = {best.cost:.8g}, estimated error {best.cost_error:.2g}, status {best.status}."
        f"{_certificate(best)}"
    )


def _certificate(plan: Plan) -> str:
    checks = plan.certificate
    if not isinstance(checks, Certificate):
        return ""
    passed = "passed" if checks.passed else "did not pass"
    residuals = ", ".join(
        f"{name.replace('_', ' ')} {value:.2g}" for name, value in checks.residuals.items()
    )
    limit, allowed = residual_limit(checks.tolerance), checks.tolerance * checks.cost_scale
    words = (
        f" It {passed} the checks made without the optimiser (relative residuals, each allowed"
        f" {limit:.2g}: {residuals}; error of J {checks.cost_error:.2g}, allowed {allowed:.2g}"
    )
    if checks.cost_mismatch is not None:
        words += f"; J less the integral along the path {checks.cost_mismatch:.2g}"
    return f"{words})."


@how.register
def _(solution: BeliefSolution) -> Iterator[str]:
    yield (
        f"The policy of the hidden problem was computed by {solution.policy_name}:"
        f" {solution.summary()}."
    )
    if solution.assumes:
        yield f"Its filter assumes: {solution.assumes}."


@how.register
def _(rollout: Rollout) -> Iterator[str]:
    yield (
        f"The policy {rollout.policy} was simulated on the true hidden landscape in"
        f" {rollout.episodes} episodes up to t = {rollout.horizon:g}, by Heun's method with controls"
        f" held over steps Δt = {rollout.step:.6g}, on common random numbers fixed by seed"
        f" {rollout.seed} ({rollout.draws_per_step} draw(s) per step)."
    )
    yield f"Mean cost {rollout.cost:.8g}, standard error {rollout.standard_error:.2g}."
    if len(rollout.diverged):
        yield f"{len(rollout.diverged)} episodes diverged, by t = {rollout.diverged_by:.4g}."
    if rollout.assumes:
        yield f"Its filter assumes: {rollout.assumes}."


@how.register
def _(tuned: Tuned) -> Iterator[str]:
    yield (
        f"Coefficients of {tuned.rollout.policy} were tuned by the method {tuned.method}"
        f" ({tuned.evaluations} evaluations, {_converged(tuned.converged)}):"
        f" {in_pairs(tuned.coefficients)}; the cost searched was {tuned.training_cost:.8g}."
    )
    yield from how(tuned.rollout)


@how.register
def _(tuned: ExactTuned) -> Iterator[str]:
    yield (
        f"Coefficients were tuned on the exact expected cost ({tuned.evaluations} evaluations from"
        f" {tuned.starts} starts, of which {tuned.agreed} agreed, {_converged(tuned.converged)}):"
        f" {in_pairs(tuned.coefficients)}."
    )
    yield from how(tuned.result)


@how.register
def _(exact: ExactCost) -> Iterator[str]:
    yield f"The expected cost is exact, from second moments: {exact.summary()}."


@how.register
def _(path: Trajectory) -> Iterator[str]:
    origin = "coefficients of least cost" if path.tuned else "coefficients as given"
    step = "in continuous time" if path.step is None else f"in steps of {path.step:.6g}"
    yield f"The path of {path.name} was followed {step}, with {origin} ({path.words or 'none'})."
    yield f"{path.summary()}."


@how.register
def _(verdict: Verdict) -> Iterator[str]:
    criteria = verdict.criteria
    first, second = verdict.nouns
    yield (
        f"Rules were fitted to {verdict.samples} {first} from {verdict.starts} {second} with"
        f" coefficients shared by all of them and scored on held-out {second}; intervals are 95 %"
        f" bootstrap over {second}."
    )
    if verdict.sampling:
        yield f"Sampling: {verdict.sampling}."
    yield (
        f"A rule fits with a relative error of at most {criteria.threshold:g}; rules whose"
        f" {first} differ by at most {criteria.resolution:g} are not told apart, and a richer rule"
        f" is preferred only if its error is {criteria.margin:g} times smaller."
    )
    rows = "; ".join(
        f"{row.name} {row.error:.3g}"
        + (f" ({in_pairs(row.coefficients)})" if row.coefficients else "")
        for row in verdict.rows
    )
    yield f"Conclusion: {verdict.conclusion.value}. Errors: {rows}."
    for key, reason in verdict.refused.items():
        yield f"{key} was left out: {reason}."


@how.register
def _(result: PolicyResult) -> Iterator[str]:
    family = result.program.family
    origin = f", begun from {result.begun_from}" if result.begun_from else ""
    yield (
        f"Coefficients of {family.name} ({family.source}) were optimised by {result.method}"
        f" ({result.nodes} nodes or scenarios) to a relative tolerance of {result.tolerance:g}, from"
        f" {result.starts} starts, of which {result.agreed} agreed{origin}."
    )
    yield (
        f"J = {result.cost:.8g} ± {result.uncertainty:.2g}, status {result.status};"
        f" {in_pairs(result.coefficients)}."
    )


@how.register
def _(result: WorstCaseResult) -> Iterator[str]:
    yield (
        f"Minimax coefficients of {result.program.family.name} over the spectrum, from"
        f" {result.starts} starts, of which {result.agreed} agreed: {result.summary()}."
    )


@how.register
def _(course: Course) -> Iterator[str]:
    yield (
        f"The course of {course.program.family.name} was planned over {course.steps} steps with"
        f" {course.evaluations} evaluations, estimated error of the search"
        f" {course.search_error:.2g}."
    )
    yield f"{course.summary()}."


@how.register
def _(histories: Histories) -> Iterator[str]:
    count, steps, weights = histories.gradients.shape
    yield f"{histories.words}: {count} histories of {steps} steps, {weights} weights each."


@how.register
def _(recording: Recording) -> Iterator[str]:
    lengths = ", ".join(str(run.steps) for run in recording.runs[:9])
    yield (
        f"{recording.words}: {len(recording.runs)} runs of {lengths} steps, arithmetic of relative"
        f" precision {recording.precision:.2g}."
    )
    yield from (f"{note.rstrip('.')}." for note in recording.notes)


def in_pairs(coefficients: Mapping[str, Any]) -> str:
    """name = value, …"""
    return ", ".join(f"{name} = {in_words(value)}" for name, value in coefficients.items())


def _converged(converged: bool) -> str:
    return "converged" if converged else "not converged"
