"""Tables in Markdown of the study of derived optimizers, from its runs."""

import math

import numpy as np
from derived_results import OURS

from landscape_control.training.comparison.methods import GRIDS, LABELS, Method
from landscape_control.training.comparison.scores import better, dead, ratio, upper_share

# The peers of which a ratio is told beside the grids.
FREE = (
    Method(kind="schedule_free_sgd"),
    Method(kind="schedule_free_adamw"),
    Method(kind="prodigy"),
    Method(kind="dog_averaged"),
    Method(kind="adam", rate=1e-3),
)


def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def mean_loss(values):
    """Mean over seeds and its standard error; how many diverged where some did."""
    failed = int(np.sum(~np.isfinite(values)))
    if failed:
        return f"diverged {failed} of {len(values)}"
    error = f" ± {np.std(values, ddof=1) / math.sqrt(len(values)):.1g}" if len(values) > 1 else ""
    return f"{np.mean(values):.4g}{error}"


def in_words(found):
    """A ratio with its interval, of one seed without."""
    if not math.isfinite(found.value):
        return "derived diverged"
    if found.value == 0:
        return "the other diverged"
    interval = "" if found.seeds == 1 else f" [{found.low:.3g}, {found.high:.3g}]"
    return f"{found.value:.4g}{interval}"


def losses(results):
    """Final training losses at equal steps, mean ± standard error over seeds."""
    rows = [["derived", *(_cell(each, OURS) for each in results)]]
    for kind in GRIDS:
        for schedule in ("constant", "cosine"):
            cells = [_tuned_cell(each, kind, schedule) for each in results]
            rows.append([f"{LABELS[kind]} tuned, {schedule}", *cells])
        rows.append(
            [f"{LABELS[kind]}, median of the grid", *(_median(each, kind) for each in results)]
        )
    named = dict.fromkeys(method for each in results for method in each.peers())
    rows += [[method.label, *(_cell(each, method) for each in results)] for method in named]
    return markdown(["", *(f"{each.task}, {each.steps} steps" for each in results)], rows)


def _cell(results, method):
    return mean_loss(results.values(method)) if results.has(method) else "-"


def _tuned_cell(results, kind, schedule):
    """The best of a grid at one schedule, with its rate, and whether that is at an end of them."""
    members = [method for method in results.grid(kind) if method.schedule == schedule]
    if not members:
        return "-"
    seeds = results.seeds(*members)
    chosen = results.chosen(members, seeds)
    rates = sorted(method.rate for method in members)
    edge = ", an end" if chosen.rate in (rates[0], rates[-1]) else ""
    return f"{mean_loss(results.values(chosen, seeds=seeds))} (α {chosen.rate:g}{edge})"


def _median(results, kind):
    members = results.grid(kind)
    if not members:
        return "-"
    middle = np.median(results.grid_losses(members, results.seeds(*members)).mean(axis=1))
    return f"{middle:.4g}" if np.isfinite(middle) else "diverged"


def against_grids(results):
    """Derived over the best of each grid, and how many members of it have a smaller mean loss."""
    head = ["", *(f"/ {LABELS[kind]}" for kind in GRIDS), "/ best of all", "better in each grid"]
    rows = []
    for each in results:
        members = {kind: each.grid(kind) for kind in GRIDS}
        everything = [method for group in members.values() for method in group]
        seeds = each.seeds(OURS, *everything)
        ours = each.values(OURS, seeds=seeds)
        groups = [*members.values(), everything]
        cells = [_against(each, ours, each.chosen(group, seeds), seeds) for group in groups]
        counts = [better(ours, each.grid_losses(group, seeds)) for group in members.values()]
        sizes = dict.fromkeys(len(group) for group in members.values())
        words = f"{', '.join(map(str, counts))} of {' or '.join(map(str, sizes))}"
        rows.append([each.task, *cells, words])
    return markdown(head, rows)


def against_peers(results):
    """Derived over the methods without a choice of a rate."""
    rows = []
    for each in results:
        cells = []
        for method in FREE:
            seeds = each.seeds(OURS, method)
            ours = each.values(OURS, seeds=seeds) if seeds else None
            cells.append(_against(each, ours, method, seeds) if seeds else "-")
        rows.append([each.task, *cells])
    return markdown(["", *(f"/ {method.label}" for method in FREE)], rows)


def _against(results, ours, method, seeds):
    return in_words(ratio(ours, results.values(method, seeds=seeds)))


def tests(results):
    """Losses and accuracies on test samples; the tuned ones are chosen by their training loss."""
    named = [f"{LABELS[kind]} tuned" for kind in GRIDS] + [method.label for method in FREE]
    rows = []
    for each in results:
        seeds = each.seeds(OURS, *(method for kind in GRIDS for method in each.grid(kind)))
        methods = [OURS, *each.tuned(seeds).values(), *FREE]
        rows.append([each.task, *(_tested(each, method, seeds) for method in methods)])
    return markdown(["", "derived", *named], rows)


def _tested(results, method, seeds):
    loss = results.values(method, "test_loss", seeds)
    accuracy = results.values(method, "test_accuracy", seeds)
    right = "" if np.isnan(accuracy).any() else f", {accuracy.mean():.1f} %"
    return mean_loss(loss) + right


def costs(results):
    """Processor time of the derived run, and how many steps of training its measuring is worth."""
    head = ["", "steps s", "measuring s", "deriving s", "measurements", "lost steps"]
    head += ["one measurement, in steps", "all of it, in runs of SGD"]
    rows = []
    for each in results:
        found = {
            name: each.values(OURS, name).mean()
            for name in ("seconds", "measuring_seconds", "deriving_seconds")
        }
        counts = {name: each.values(OURS, name).mean() for name in ("measurements", "lost_steps")}
        plain = np.mean([each.values(method, "seconds").mean() for method in each.grid("sgd")])
        one = found["measuring_seconds"] / counts["measurements"] / (plain / each.steps)
        total = sum(found.values())
        rows.append(
            [each.task, *(f"{value:.2g}" for value in found.values())]
            + [*(f"{value:.1f}" for value in counts.values()), f"{one:.0f}", f"{total / plain:.1f}"]
        )
    return markdown(head, rows)


def equal_time(results):
    """Methods that had the derived run's seconds: their steps and losses, and derived over them."""
    rows = []
    for each in results:
        for key, steps in sorted(each.longer()):
            runs = each.rows[key, steps]
            seeds = sorted(set(runs) & set(each.seeds(OURS)))
            theirs = np.array([runs[seed]["training_loss"] for seed in seeds])
            ours = each.values(OURS, seeds=seeds)
            cells = [
                f"{steps / each.steps:.1f} ×",
                mean_loss(theirs),
                in_words(ratio(ours, theirs)),
            ]
            rows.append([each.task, key, *cells])
    return markdown(["", "method", "steps", "training loss", "derived / it"], rows)


def predictions(results):
    """What the derived run predicted for its end, over what came."""
    rows = []
    for each in results:
        predicted = each.values(OURS, "predicted_loss")
        came = each.values(OURS)
        known = np.isfinite(predicted) & np.isfinite(came)
        if known.any():
            found = in_words(ratio(predicted[known], came[known]))
            rows.append([each.task, mean_loss(predicted[known]), mean_loss(came[known]), found])
    return markdown(["", "predicted", "came", "predicted / came"], rows)


def deaths(results):
    """Derived runs that diverged, or gained less than half of what any method gained."""
    rows, total, failed = [], 0, 0
    for each in results:
        final, start = each.values(OURS), each.values(OURS, "start_loss")
        least = min(each.values(method).min() for method in [OURS, *each.everything()])
        lost = int(dead(start, final, least).sum())
        diverged = int(np.sum(each.values(OURS, "diverged") > 0))
        worst = f"{np.max(final):.3g}"
        rows.append([each.task, len(final), diverged, lost, worst])
        total, failed = total + len(final), failed + lost
    share = 100 * upper_share(failed, total)
    rows.append(["all", total, "", failed, f"at most {share:.1f} % (95 %)"])
    return markdown(["", "runs", "diverged", "died", "largest loss"], rows)


def all_tables(results):
    """Every table under its heading; random quadratics in tables of their own."""
    ours = [each for each in results if each.has(OURS)]
    groups = {
        "": [each for each in results if not each.task.startswith("quadratic")],
        ", random quadratics": [each for each in results if each.task.startswith("quadratic")],
    }
    parts = []
    for words, group in groups.items():
        derived = [each for each in group if each in ours]
        if group:
            parts.append((f"Training loss at equal steps{words}", losses(group)))
        if derived:
            parts += [
                (f"Derived over tuned, equal steps{words}", against_grids(derived)),
                (
                    f"Derived over methods without a rate, equal steps{words}",
                    against_peers(derived),
                ),
                (f"Predicted and actual loss{words}", predictions(derived)),
                (f"Cost{words}", costs(derived)),
            ]
    derived = [each for each in groups[""] if each in ours]
    if derived:
        parts.append(("Test samples, equal steps", tests(derived)))
        parts.append(("Training loss at equal processor time", equal_time(derived)))
    if ours:
        parts.append(("Runs that diverged or died", deaths(ours)))
    return "\n\n".join(f"### {heading}\n\n{table}" for heading, table in parts)
