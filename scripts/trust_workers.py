"""Problems judged in worker processes with a hard time limit each; a worker that exceeds it is
killed and replaced.
"""

import math
import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait

from trust_judging import ERROR, HANG, Verdict, hooks

RENEWED = 400  # problems after which a worker is replaced, for its memory
STARTING = 120.0  # seconds a new worker may take for its imports
JUDGING = 600.0  # seconds for the reference, once the package has answered
READY, SOLVED = "ready", "solved"  # what a worker says besides its verdicts


class Worker:
    """One process, the job it is at, and since when."""

    def __init__(self, run: Callable):
        context = multiprocessing.get_context("spawn")
        self.connection, far = context.Pipe()
        self.process = context.Process(target=serve, args=(far, run), daemon=True)
        self.process.start()
        far.close()
        self.job, self.limit, self.deadline = None, math.inf, math.inf
        self.done, self.ready = 0, False

    def give(self, job, limit):
        """Start a job; the clock of a new worker starts when it is ready."""
        self.job, self.limit = job, limit
        self.deadline = time.monotonic() + (limit if self.ready else STARTING)
        self.connection.send(job)

    def take(self):
        """(job, its verdict); None for the other things that a worker says, which move the
        deadline.
        """
        said = self.connection.recv()
        if said in (READY, SOLVED):
            self.ready = True
            self.deadline = time.monotonic() + (self.limit if said == READY else JUDGING)
            return None
        job, self.job, self.deadline = self.job, None, math.inf
        self.done += 1
        return job, said

    def end(self):
        """Kill it: a solve in compiled code hears nothing else."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def serve(connection: Connection, run: Callable) -> None:
    """In the worker: judge jobs until the connection closes."""
    hooks["solved"] = lambda: connection.send(SOLVED)
    connection.send(READY)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        try:
            verdict = run(job)
        except (
            Exception
        ) as failure:  # anything else than a refusal is a fault of the package, or of this script
            where = traceback.extract_tb(failure.__traceback__)[-1]
            said = (
                f"{type(failure).__name__}: {failure}"
                f" ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
            )
            verdict = Verdict(kind=ERROR, note=said[:300])
        connection.send(verdict)


def judge_all(run: Callable, jobs: Iterable, *, workers: int, limit: float) -> Iterator[tuple]:
    """(job, Verdict) as they are finished."""
    waiting, pool = iter(jobs), []
    try:
        for _ in range(workers):
            _feed(pool, Worker(run), waiting, limit)
        while pool:
            soonest = min(worker.deadline for worker in pool)
            ready = wait(
                [worker.connection for worker in pool], timeout=max(soonest - time.monotonic(), 0.0)
            )
            for worker in list(pool):
                if worker.connection in ready:
                    finished = _finished(worker)
                    if finished is None:
                        continue
                    yield finished
                    pool.remove(worker)
                    _feed(pool, _renewed(worker, run), waiting, limit)
                elif time.monotonic() > worker.deadline:
                    yield (
                        worker.job,
                        Verdict(kind=HANG, note=f"no answer in {limit:g} s", seconds=limit),
                    )
                    worker.end()
                    pool.remove(worker)
                    _feed(pool, Worker(run), waiting, limit)
    finally:
        for worker in pool:
            worker.end()


def _feed(pool, worker, waiting, limit):
    """Give the next job to a worker and count it in, or let it go."""
    job = next(waiting, None)
    if job is None:
        worker.end()
        return
    worker.give(job, limit)
    pool.append(worker)


def _finished(worker):
    try:
        return worker.take()
    except EOFError:  # it died
        job, worker.done = worker.job, RENEWED
        return job, Verdict(kind=ERROR, note="the process died")


def _renewed(worker, run):
    if worker.done < RENEWED:
        return worker
    worker.end()
    return Worker(run)
