"""One BLAS thread per process: the matrices are small, and threads that wait for each other cost
more than they give.
"""

import os
from contextlib import contextmanager

BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def one_thread_each():
    """Spawned processes inherit the environment of this block; BLAS reads it once, when NumPy is
    imported.
    """
    before = {name: os.environ.get(name) for name in BLAS_THREADS}
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
