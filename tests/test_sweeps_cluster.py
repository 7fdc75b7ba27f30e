"""A sweep on a real Dask cluster of processes, one of which is killed in the middle."""

import os
import signal
import warnings

import numpy as np
import pytest
from standard import WELL

from landscape_control import ControlProblem, Objective, quadratic
from landscape_control.sweeps import resume, sweep
from landscape_control.sweeps.execute import _brought

AXES = {"discount": np.geomspace(0.01, 1, 16), "horizon": np.geomspace(0.5, 10, 16)}

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_a_cluster_that_loses_a_worker_gives_the_same_bits_as_one_process(tmp_path):
    distributed = pytest.importorskip("dask.distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            killed = []

            def kill_one(progress):
                if progress.done > 40 and not killed:
                    killed.append(next(iter(client.run(os.getpid).values())))
                    os.kill(killed[0], signal.SIGKILL)

            measures = ["cost", lambda solution: solution.parameters[-1, 0]]
            far = sweep(
                WELL,
                AXES,
                measure=measures,
                executor=client.get_executor(),
                progress=kill_one,
                store=tmp_path,
            )
            assert killed
    near = sweep(WELL, AXES, measure=measures, workers=1)
    assert far.identical(near.assign_attrs(far.attrs))
    assert resume(tmp_path).equals(far)
    assert set(near["status"].values.ravel()) == {"converged"}


def test_a_long_plan_is_scattered_once(monkeypatch):
    distributed = pytest.importorskip("dask.distributed")
    bowl = ControlProblem(
        landscape=quadratic(hessian=[[2.0]]), start=[1.0], objective=Objective(horizon=1.0)
    )
    axes = {("horizon", "discount"): [(1 + i / 7, i / 9000) for i in range(6000)]}
    brought = []
    monkeypatch.setattr(
        "landscape_control.sweeps.execute._brought",
        lambda text, executor: brought.append(_brought(text, executor)) or brought[0],
    )
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        far = sweep(bowl, axes, measure="exact_cost", executor=client, chunk=500)
        assert isinstance(brought[0], distributed.Future)
    near = sweep(bowl, axes, measure="exact_cost", workers=1, chunk=500)
    assert far.identical(near.assign_attrs(far.attrs))
