"""Worker processes: the same results in the same order for any number of them, one BLAS thread
each, the one that dies is named, and none stays behind after Ctrl-C.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from landscape_control.support.processes import one_blas_thread, run_all


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def examined(item):
    if item == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "raise":
        raise ValueError("no such item")
    rng = np.random.default_rng(item)
    matrix = rng.normal(size=(200, 200))
    return os.getpid(), blas_threads(), (matrix @ matrix.T).tobytes()


def test_one_worker_and_two_give_the_same_bits_in_the_same_order_with_one_blas_thread():
    seen = []
    one = run_all(examined, range(5), workers=1)
    two = run_all(examined, range(5), workers=2, progress=seen.append)
    assert sorted(seen) == list(range(5))
    assert [result.value[2] for result in one] == [result.value[2] for result in two]
    for result in (*one, *two):
        assert set(result.value[1]) == {1}
    assert {result.value[0] for result in one} == {os.getpid()}
    assert os.getpid() not in {result.value[0] for result in two}


def test_what_raises_or_kills_its_process_costs_itself_only_and_is_named():
    results = run_all(examined, [0, "die", "raise", 1], workers=2)
    assert [bool(result.error) for result in results] == [False, True, True, False]
    assert results[1].error == "the worker process died 2 times (killed, or crashed)"
    assert results[2].error == "ValueError: no such item"
    assert "in examined" in results[2].traceback


def test_the_threads_of_blas_are_given_back():
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert blas_threads() == before


SCRIPT = """
    import sys, time
    {load}
    from landscape_control.support.processes import run_all, start_method

    def wait(item):
        print("working", flush=True)
        time.sleep(60)

    if __name__ == "__main__":
        print(start_method(), flush=True)
        run_all(wait, [0, 1], workers=2)
"""
LOADS = {
    "fork": "",
    "spawn": "import casadi as ca; x = ca.SX.sym('x'); ca.nlpsol('s', 'ipopt', {'x': x, 'f': x**2})",
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are always started fresh")
@pytest.mark.parametrize("method", LOADS)
def test_an_interrupt_ends_the_run_and_its_workers_at_once(tmp_path, method):
    script = tmp_path / "waiting_run.py"
    script.write_text(textwrap.dedent(SCRIPT).format(load=LOADS[method]))
    begun = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # whoever runs the tests in the background may have made processes deaf to it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert begun.stdout.readline() == f"{method}\n"
        assert begun.stdout.readline() == "working\n"
        begin = time.monotonic()
        begun.send_signal(signal.SIGINT)
        _, errors = begun.communicate(timeout=30)  # its workers hold the pipe open while they live
    finally:
        begun.kill()
    assert "KeyboardInterrupt" in errors
    assert time.monotonic() - begin < 30
