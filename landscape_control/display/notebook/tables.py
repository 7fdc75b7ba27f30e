"""What a notebook shows of each kind of problem and result."""

from collections.abc import Mapping
from functools import singledispatch

import numpy as np

from ...identification.histories import Histories
from ...identification.identification import Identification
from ...identification.maps import RuleFit, Verdict
from ...identification.maps.formatting import paragraph
from ...identification.recording import RecordedRun, Recording
from ...model.problem import ControlProblem
from ...model.problem.describe import describe
from ...model.problem.latex import dynamics, functional
from ...optimisation.result import PolicyResult
from ...planning.beliefs.solution import BeliefSolution
from ...planning.solution import Solution
from ...records.readable import is_part, parts_of
from ...simulation.rollout import Rollout
from ...support.estimates import discretised
from ...support.short_repr import value_in_short
from ...sweeps.progress import Progress
from ...trajectories import Trajectory
from ..description.numbers import in_words
from .markup import block, formula, note, pairs, table, text, title

_ROWS = 24  # of a table of fields
_SEVERAL = 9  # coefficients, or values of one, that are written out


@singledispatch
def html_of(shown: object) -> str:
    """The object as HTML: of a result that has no table of its own its numbers, name by name."""
    if not is_part(shown):
        return block(text(repr(shown)))
    rows = {
        name.replace("_", " "): _value(part)
        for name, part in list(parts_of(shown).items())[:_ROWS]
        if name != "made_with"
    }
    more = "to_dict() gives every number"
    return block(title(type(shown).__name__), pairs(rows), note(more))


def _value(part: object) -> str:
    """A number or an array as describe() has it; a part that has numbers of its own in short."""
    if isinstance(part, tuple | list) and any(is_part(entry) for entry in part):
        return f"{len(part)}: {value_in_short(part[0])}" + (", …" if len(part) > 1 else "")
    if isinstance(part, Mapping):
        return ", ".join(f"{name} = {in_words(value)}" for name, value in part.items())
    return value_in_short(part) if is_part(part) else in_words(part)


@html_of.register
def _(problem: ControlProblem) -> str:
    lines = [line.partition("  ") for line in describe(problem).splitlines()[2:]]
    horizon = problem.objective.horizon
    end = "free" if problem.end is None else "fixed"
    rows = {"horizon": f"T = {horizon:g}, end {end}" if np.isfinite(horizon) else "T = ∞"}
    rows |= {name: value.strip() for name, _, value in lines}
    return block(
        title(f"Control problem: {problem.landscape.name}"),
        formula(functional(problem)),
        formula(dynamics(problem)),
        pairs(rows),
    )


@html_of.register
def _(solution: Solution) -> str:
    best, problem = solution.best, solution.problem
    parts = [title("Solution", f"J = {discretised(best.cost, best.cost_error)}, {best.status}")]
    if problem is not None:
        parts.append(formula(functional(problem)))
    rows = {
        "search": solution.searched(),
        "method": f"{solution.method} with {solution.solver}, {best.iterations} iterations",
        "time": (
            f"build {1e3 * solution.build_seconds:.1f} ms, solve"
            f" {1e3 * solution.solve_seconds:.1f} ms"
        ),
        "message": solution.message,
    }
    plans = [
        (
            i + 1,
            f"{plan.cost:.8g}",
            str(plan.status),
            _vector(plan.parameters[-1]),
            ", ".join(plan.found_from[:3]),
        )
        for i, plan in enumerate(solution.plans)
    ]
    parts += [
        pairs(rows),
        table(["plan", "J", "status", f"θ at t = {best.times[-1]:g}", "found from"], plans),
        note("plot() draws it beside gradient descent and momentum"),
    ]
    return block(*parts)


@html_of.register
def _(solution: BeliefSolution) -> str:
    rows = {
        "expected cost": solution.summary(),
        "status": solution.status,
        "method": solution.policy_name,
        "assumes": solution.assumes,
        "message": solution.message,
    }
    parts = [title("Solution in beliefs")]
    if solution.problem is not None:
        parts.append(formula(functional(solution.problem)))
    return block(*parts, pairs(rows), note("plot() simulates and draws it"))


@html_of.register
def _(verdict: Verdict) -> str:
    name = "Verdict"
    if isinstance(verdict, Identification):
        name = f"Identification of {verdict.subject}"
    ran = any(row.runs for row in verdict.rows)
    header = ["rule", f"relative error of the {verdict.nouns[0]}", "coefficients"]
    if ran:
        header.append("extra cost of running it, J/J* − 1")
    return block(
        title(name, verdict.conclusion.value),
        f"<div>{text(paragraph(verdict))}</div>",
        table(header, [_row(row, ran) for row in verdict.rows]),
        note("plot() draws it"),
    )


def _row(row: RuleFit, ran: bool) -> list[str]:
    symbols = {each.name: each.symbol for each in row.rule.coefficients}
    coefficients = [
        f"{symbols[name]} = {value:.4g} [{low:.4g}, {high:.4g}]"
        for (name, value), (low, high) in zip(
            row.coefficients.items(), row.intervals.values(), strict=True
        )
    ]
    cells = [row.name, f"{row.error:.3g}", ", ".join(coefficients)]
    if ran:
        extra = row.excess_cost
        cells.append(row.excess_reason if extra is None else f"{extra:.3g}")
    return cells


@html_of.register
def _(result: PolicyResult) -> str:
    family = result.program.family
    coefficients = {
        name: _values(value) for name, value in list(result.coefficients.items())[:_SEVERAL]
    }
    rows = {
        "agreement": f"{result.agreement}; optima found: {len(result.optima)}",
        "at the edge of the range": ", ".join(result.at_bound[:_SEVERAL]),
        "held": ", ".join(result.fixed[:_SEVERAL]),
        "beside simpler rules": result.compared,
        "method": f"{result.method}, {result.nodes} nodes or scenarios",
        "message": result.message,
    }
    return block(
        title(f"{family.name}, T = {result.program.steps}", family.formula),
        f"<div>{text(f'J = {result.cost_words}, {result.status}')}</div>",
        pairs(coefficients),
        pairs(rows),
        note("plot() draws its loss over the steps and what varies"),
    )


def _values(value: object) -> str:
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return f"{array.item():.6g}"
    return f"{_vector(array.ravel())} ({array.size} values)"


@html_of.register
def _(rollout: Rollout) -> str:
    rows = {
        "cost": rollout.cost_words,
        "loss + effort + terminal": (
            f"{rollout.losses.mean():.4g} + {rollout.efforts.mean():.4g} +"
            f" {rollout.terminals.mean():.4g}"
        ),
        "episodes": rollout.episodes,
        "diverged": len(rollout.diverged) or "",
        "step, horizon": f"{rollout.step:.4g}, {rollout.horizon:g}",
        "seed": rollout.seed,
        "after the horizon": f"up to {rollout.remainder:.3g}" if rollout.remainder else "",
        "assumes": rollout.assumes,
    }
    drawn = "plot() draws the paths" if rollout.paths is not None else "no paths were kept"
    return block(title("Simulation of", rollout.policy), pairs(rows), note(drawn))


@html_of.register
def _(path: Trajectory) -> str:
    cost = "" if path.cost is None else f"{path.cost:.6g}"
    rows = {
        "coefficients": f"{path.words} ({path.origin})" if path.words else "",
        "cost J": cost,
        "note": path.reason,
        "to t": f"{path.times[-1]:g}",
        "step": "" if path.step is None else f"{path.step:.4g}",
        "θ at the end": _vector(path.parameters[-1]),
    }
    return block(title("Path of", path.name), pairs(rows), note("plot() draws it"))


@html_of.register
def _(histories: Histories) -> str:
    count, steps, weights = histories.gradients.shape
    rows = {
        "histories": count,
        "steps": steps,
        "weights": weights,
        "parameters": "given" if histories.parameters is not None else "not given",
        "rms of the gradients": f"{np.sqrt(np.mean(histories.gradients**2)):.4g}",
        "rms of the updates": f"{np.sqrt(np.mean(histories.updates**2)):.4g}",
        "first step that counts": histories.settle,
    }
    return block(title("Histories", histories.words), pairs(rows))


@html_of.register
def _(recording: Recording) -> str:
    rows = {
        "runs": len(recording.runs),
        "precision of the arithmetic": f"{recording.precision:.2g}",
        "sd of the noise of the weights": _noise(recording),
        "notes": "; ".join(recording.notes),
    }
    header = [
        "run",
        "steps",
        "weights",
        "rms of the gradients",
        "rms of the updates",
        "recorded too",
    ]
    runs = [(i + 1, *_run(run)) for i, run in enumerate(recording.runs)]
    return block(title("Recording", recording.words), pairs(rows), table(header, runs))


@html_of.register
def _(run: RecordedRun) -> str:
    header = ["steps", "weights", "rms of the gradients", "rms of the updates", "recorded too"]
    return block(title("Recorded run"), table(header, [_run(run)]))


def _noise(recording: Recording) -> str:
    return "unknown" if recording.weight_noise is None else f"{recording.weight_noise:.3g}"


_BESIDE = (
    "parameters",
    "errors",
    "learning_rate",
    "gradient_norm",
    "received_norm",
    "groups",
    "spans",
)


def _run(run: RecordedRun) -> tuple[object, ...]:
    """Steps, weights, how large gradients and updates are, and what else there is."""
    beside = [name.replace("_", " ") for name in _BESIDE if getattr(run, name) is not None]
    sizes = [
        "not recorded" if array is None else f"{np.sqrt(np.nanmean(np.square(array))):.4g}"
        for array in (run.gradients, run.updates)
    ]
    return run.steps, run.updates.shape[1], *sizes, ", ".join(beside) or "nothing"


@html_of.register
def _(progress: Progress) -> str:
    bar = f'<progress value="{progress.done}" max="{max(progress.total, 1)}"></progress>'
    return block(f"<div>{bar} {text(progress)}</div>")


def _vector(values: np.ndarray) -> str:
    """Entries to four digits, the first and the last where there are many."""
    flat = np.ravel(values)
    if len(flat) <= _SEVERAL:
        return f"({', '.join(f'{value:.4g}' for value in flat)})"
    return f"({flat[0]:.4g}, {flat[1]:.4g}, …, {flat[-1]:.4g})"
