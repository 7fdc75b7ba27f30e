"""How far the answers can be trusted: random problems of every class against independent
references.

    python scripts/trust.py --count 200 --seed 0 --workers 2 --limit 20
    python scripts/trust.py --class linear-quadratic --seed 0 --only 137

Problem number i of a class and seed is always the same problem. Every answer is one of:

right            status ok, |J - J_ref| <= tolerance x scale, and u(0) as accurate as such a cost
                 implies (10 √tolerance);
                 scale = ∫ e^{-γt}(effort + k|L|) dt + |terminal| along the reference's path
flagged          a solution that says itself that it is not to be relied on ("rightly" where there
                 is no optimum)
refused          a ProblemError ("rightly" where there is no optimum)
SILENT WRONG     status ok, and wrong
ERROR            another exception than the package's own
HANG             no answer within the limit

Exit code 1 if there is any of the last three.
"""

import argparse
import importlib
import signal
import sys
import time
from collections import defaultdict

import numpy as np
from trust_judging import FLAGGED, KINDS, REFUSED, RIGHT, WORST, percentile
from trust_workers import judge_all

CLASSES = {
    "linear-quadratic": "trust_linear",
    "scaled-linear-quadratic": "trust_linear",
    "extreme-linear-quadratic": "trust_linear",
    "non-linear": "trust_nonlinear",
    "edges": "trust_nonlinear",
    "networks": "trust_nonlinear",
    "beliefs-lqg": "trust_beliefs",
    "beliefs-nonlinear": "trust_beliefs",
    "policy-programs": "trust_policies",
}


def draw(name, seed, index):
    """The case of this number."""
    return importlib.import_module(CLASSES[name]).draw(name, seed, index)


def judge(job):
    """In a worker: draw, solve, compare."""
    name, seed, index, options = job
    with np.errstate(all="ignore"):
        return draw(name, seed, index).judge(options)


def main(arguments=None) -> int:
    """Run the command line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = parsed(arguments)
    options = {} if chosen.tolerance is None else {"tolerance": chosen.tolerance}
    if chosen.only is not None:
        return show(chosen.classes[0], chosen.seed, chosen.only, options)
    began, found = time.perf_counter(), defaultdict(dict)
    for name in chosen.classes:
        jobs = [
            (name, chosen.seed, index, options)
            for index in range(chosen.first, chosen.first + chosen.count)
        ]
        try:
            for job, verdict in judge_all(judge, jobs, workers=chosen.workers, limit=chosen.limit):
                found[name][job[2]] = verdict
                progress(name, len(found[name]), len(jobs), found[name].values(), began)
        except KeyboardInterrupt:  # what is known so far is reported
            break
        finally:
            print(file=sys.stderr)
    report(found, chosen.seed)
    return int(
        any(verdict.kind in WORST for verdicts in found.values() for verdict in verdicts.values())
    )


def parsed(arguments):
    """The command line's choices."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=50, help="problems per class")
    parser.add_argument("--first", type=int, default=0, help="number of the first problem")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--class", "--classes", dest="classes", nargs="+", choices=CLASSES, default=list(CLASSES)
    )
    parser.add_argument("--only", type=int, help="show one problem of one class in full")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds per problem")
    parser.add_argument(
        "--tolerance", type=float, help="cost tolerance asked for, default the package's own"
    )
    return parser.parse_args(arguments)


def progress(name, done, total, verdicts, began):
    """One line that is written over."""
    worst = sum(verdict.kind in WORST for verdict in verdicts)
    said = (
        f"\r{name}: {done}/{total}, {worst} wrong or hanging, {time.perf_counter() - began:.0f} s"
    )
    print(said, end="", file=sys.stderr, flush=True)


def report(found, seed):
    """The cases that are not right, one line each, then the table."""
    for name, verdicts in found.items():
        for index, verdict in sorted(verdicts.items()):
            if verdict.kind in (*WORST, FLAGGED, REFUSED):
                print(
                    f"{verdict.kind}: --class {name} --seed {seed} --only {index}: {verdict.note}"
                )
    heads = [*KINDS, "of solvable ones", "median ms", "95 % ms"]
    print("\n| class | problems | " + " | ".join(heads) + " |")
    print("|---" * (len(heads) + 2) + "|")
    for name, verdicts in found.items():
        counts = {kind: sum(v.kind == kind for v in verdicts.values()) for kind in KINDS}
        unsolved = counts[FLAGGED] + counts[REFUSED]
        solvable = unsolved + counts[RIGHT] + sum(counts[kind] for kind in WORST)
        times = [1e3 * v.seconds for v in verdicts.values() if np.isfinite(v.seconds)]
        cells = [
            name,
            len(verdicts),
            *counts.values(),
            f"{100 * unsolved / max(solvable, 1):.1f} %",
        ]
        cells += [f"{percentile(times, 50):.0f}", f"{percentile(times, 95):.0f}"]
        print("| " + " | ".join(map(str, cells)) + " |")
    print("\n'of solvable ones': flagged or refused although there is an answer")


def show(name, seed, index, options):
    """One problem: what it is, what was found, what should have been."""
    case = draw(name, seed, index)
    print(case.describe(), end="\n\n", flush=True)
    case.show(options)
    verdict = case.judge(options)
    print(f"\n{verdict.kind}: {verdict.note}")
    return int(verdict.kind in WORST)


if __name__ == "__main__":
    sys.exit(main())
