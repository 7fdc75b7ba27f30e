"""Which chunks an executor is handed together, from the time that the first ones took.

A scheduler spends about a millisecond on a task, however short it is. So chunks that take less than
some seconds are handed out in bundles. What is computed and stored are chunks all the same: bundles
change neither numbers nor files.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

SECONDS = 2.0  # that a bundle takes
_MOST_CELLS = 2**17  # of a bundle, whose results travel together
_PER_WORKER = 2  # tasks in flight, and that are left at least for each when bundles are made
_REMEMBERED = 64  # times of chunks, of which the median counts: the first ones build solvers
_LEAST_AHEAD = 32  # chunks in flight at least, so that a cluster sees that there is work
UNKNOWN = 1024  # workers of an executor that does not say how many it has
_ASK_AGAIN = 5.0  # seconds: clusters grow and shrink


class Bundles:
    """Chunks in the order they are handed out, some of them together.

    Attributes
    ----------
    made : the bundles so far, each a tuple of chunks
    """

    def __init__(
        self, chunks: Iterable[int], *, cells_per_chunk: float, workers: Callable[[], int]
    ) -> None:
        self.made: list[tuple[int, ...]] = []
        self._left = deque(chunks)
        self._alone: deque[int] = deque()  # chunks that were lost, perhaps because of another one
        self._most = max(1, int(_MOST_CELLS / max(cells_per_chunk, 1.0)))
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)
        self._workers = workers
        self._known_workers, self._asked = 1, float("-inf")

    @property
    def left(self) -> int:
        """Chunks that are not handed out."""
        return len(self._left) + len(self._alone)

    @property
    def ahead(self) -> int:
        """Bundles that should be in flight."""
        return max(_LEAST_AHEAD, _PER_WORKER * self.workers)

    @property
    def workers(self) -> int:
        """How many there are, or were some seconds ago."""
        now = time.monotonic()
        if now - self._asked > _ASK_AGAIN:
            self._known_workers, self._asked = max(1, self._workers()), now
        return self._known_workers

    def note(self, seconds: float, chunks: int) -> None:
        """Take in what a bundle of so many chunks took in its worker."""
        self._seconds.append(seconds / chunks)

    def lost(self, chunk: int) -> None:
        """A chunk is to be handed out again, by itself."""
        self._alone.append(chunk)

    def take(self) -> int:
        """Make the next bundle; its place in ``made``."""
        if self._alone:
            bundle = [self._alone.popleft()]
        else:
            bundle = [self._left.popleft() for _ in range(min(self._size(), len(self._left)))]
        self.made.append(tuple(bundle))
        return len(self.made) - 1

    def _size(self) -> int:
        """Chunks of the next bundle: fewer towards the end, so that all workers end together."""
        if not self._seconds:
            return 1
        chunk = max(statistics.median(self._seconds), 1e-6)
        fair = len(self._left) // (_PER_WORKER * self.workers)
        return max(1, min(int(SECONDS / chunk), fair, self._most))


def workers_of(executor: Executor) -> int:
    """How many workers an executor has now, as far as it says; a thread counts as one."""
    client: Any = getattr(executor, "_client", None)  # of Dask
    if hasattr(client, "nthreads"):
        return sum(client.nthreads().values())
    most = getattr(executor, "_max_workers", None)
    return most if isinstance(most, int) else UNKNOWN
