"""Random damage to records and stores, with a fixed seed: what is loaded must be valid, the rest
refused in words.

python tests/hostile_fuzz.py SEED SECONDS COUNT        prints one JSON object, see :func:`main`
"""

import contextlib
import copy
import io
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import h5py
import hostile_runner
import numpy as np
from hostile_records import SAMPLES, STORE, body, sealed_plan

import landscape_control as lc
from landscape_control.records.checksum import seal
from landscape_control.support.errors import ProblemError
from landscape_control.sweeps.chunk_file import pack, unpack

NAMES = sorted(path.stem for path in SAMPLES.glob("*.nc"))
VALUES = [
    0,
    1,
    -1,
    2,
    7,
    10**6,
    10**9,
    2**31,
    2**63 - 1,
    -(2**63),
    0.5,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "nan",
    "CONVERGED",
    "Plan",
    "mapping",
    "sequence",
    "[]",
    "{}",
    "[1]",
    '{"a": 1}',
    "[" * 2000,
    "é" * 40,
]
TREES = [
    *VALUES[:12],
    None,
    True,
    False,
    "",
    "x",
    "inf",
    "nan",
    [],
    {},
    [[]],
    [1, 2],
    {"number": "nan"},
    {"number": "inf"},
    {"kind": "Learner"},
    {"array": {"shape": [2], "values": [1.0, 2.0]}},
    {"mapping": []},
    {"function": {}},
    10**30,
]


# -- bytes
# --------------------------------------------------------------------------------------------------


def flipped(rng, data: bytes) -> bytes:
    """A few bits, bytes or words changed; or a piece cut, doubled or left out."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        place = rng.randrange(8, len(data))
        how = rng.random()
        if how < 0.5:
            data[place] ^= 1 << rng.randrange(8)
        elif how < 0.75:
            data[place] = rng.choice([0, 1, 2, 127, 128, 255])
        elif how < 0.9:
            other = rng.randrange(8, len(data))
            word = rng.choice(
                [
                    b"\xff" * 8,
                    bytes(8),
                    bytes(data[other : other + 8]),
                    len(data).to_bytes(8, "little"),
                ]
            )
            data[place : place + 8] = word
        elif how < 0.95:
            del data[place : place + rng.randrange(1, 64)]
        else:
            data[place:place] = data[place : place + rng.randrange(1, 64)]
    return bytes(data[: rng.randrange(9, len(data))] if rng.random() < 0.1 else data)


# -- structure
# --------------------------------------------------------------------------------------------------


def restructured(rng, data: bytes) -> bytes:
    """Objects and attributes removed, moved, swapped, or with other values."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        for _ in range(rng.choice([1, 1, 2, 3])):
            with contextlib.suppress(
                LookupError, ValueError, TypeError, OSError, RuntimeError, OverflowError
            ):
                rng.choice(
                    (
                        _other_attribute,
                        _other_attribute,
                        _no_attribute,
                        _other_array,
                        _other_array,
                        _no_object,
                        _moved_object,
                        _linked_object,
                    )
                )(rng, file)
    return buffer.getvalue()


def _objects(file, kind=object):
    found = [file]
    file.visititems(lambda _, one: found.append(one))
    return [one for one in found if isinstance(one, kind)]


def _other_attribute(rng, file):
    place = rng.choice([one for one in _objects(file) if _attributes(one)])
    name = rng.choice(_attributes(place))
    donor = rng.choice([one for one in _objects(file) if _attributes(one)])
    place.attrs[name] = rng.choice(
        [*VALUES, donor.attrs[rng.choice(_attributes(donor))], np.arange(3)]
    )


def _no_attribute(rng, file):
    place = rng.choice([one for one in _objects(file) if _attributes(one)])
    del place.attrs[rng.choice(_attributes(place))]


def _attributes(one):
    return [name for name in one.attrs if name not in ("DIMENSION_LIST", "REFERENCE_LIST")]


def _other_array(rng, file):
    found = rng.choice(
        [
            one
            for one in _objects(file, h5py.Dataset)
            if one.dtype.kind == "f" and one.id.get_offset()
        ]
    )
    values = np.array(found[()])
    how = rng.choice(("nan", "inf", "shape", "short", "long", "type", "values", "empty"))
    if how in ("nan", "inf"):
        values.flat[rng.randrange(values.size)] = float(how)
    made = {
        "shape": lambda: values.reshape(-1),
        "short": lambda: values[:-1],
        "long": lambda: np.concatenate([values, values]),
        "type": lambda: values.astype(rng.choice(["f4", "i8", "i1", "u2", "c16"])),
        "empty": lambda: values[:0],
        "values": lambda: rng.choice([-1, 0, 1e30]) * values,
    }.get(how, lambda: values)()
    name, marks = found.name, dict(found.attrs)
    del file[name]
    made = file.create_dataset(
        name, data=made, **({"compression": "gzip"} if made.size and rng.random() < 0.3 else {})
    )
    for key in ("_Netcdf4Coordinates", "_Netcdf4Dimid"):
        if key in marks:
            made.attrs[key] = marks[key]


def _no_object(rng, file):
    del file[rng.choice(_objects(file)[1:]).name]


def _moved_object(rng, file):
    one, other = (rng.choice(_objects(file)[1:]).name for _ in range(2))
    file.move(one, "spare")
    file.move(other, one)
    file.move("spare", other)


def _linked_object(rng, file):
    group, target = rng.choice(_objects(file, h5py.Group)), rng.choice(_objects(file)).name
    group["extra"] = rng.choice(
        [file[target], h5py.SoftLink(target), h5py.ExternalLink("/etc/hostname", target)]
    )


# -- texts
# --------------------------------------------------------------------------------------------------


def reworded(rng, data: bytes) -> bytes:
    """A JSON text in a record (its problem, or what else it keeps as text) with a part changed."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        texts = [
            (one, None)
            for one in _objects(file, h5py.Dataset)
            if one.dtype.kind == "O" and one.shape == ()
        ]
        texts += [
            (one, name)
            for one in _objects(file)
            for name in one.attrs
            if name in ("record_other", "record_enums", "record_absent", "record_order")
        ]
        if texts:
            place, name = rng.choice(texts)
            text = place[()].decode() if name is None else place.attrs[name]
            with contextlib.suppress(ValueError):
                text = json.dumps(changed_tree(rng, json.loads(text)), ensure_ascii=False)
            if name is None:
                place[()] = text
            else:
                place.attrs[name] = text
    return buffer.getvalue()


def changed_tree(rng, tree):
    """The tree with one to three of its parts removed, replaced, doubled or exchanged."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        holders = list(_holders(tree))
        if not holders:
            return copy.deepcopy(rng.choice(TREES))
        holder = rng.choice(holders)
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        how = rng.random()
        if how < 0.2:
            del holder[key]
        elif how < 0.6:
            holder[key] = copy.deepcopy(rng.choice(TREES))  # which the next change must leave alone
        elif how < 0.8:
            donor = rng.choice(holders)
            holder[key] = json.loads(
                json.dumps(rng.choice(list(donor.values() if isinstance(donor, dict) else donor)))
            )
        elif isinstance(holder[key], bool | int | float):
            holder[key] = holder[key] * rng.choice([-1, 0, 2, 1e9, 0.5])
        elif isinstance(holder, dict):
            holder[rng.choice(["extra", "kind", "number", "_private"])] = copy.deepcopy(holder[key])
        else:
            holder.insert(key, copy.deepcopy(holder[key]))
    return tree


def _holders(tree):
    if isinstance(tree, dict | list) and tree:
        yield tree
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _holders(part)


# -- stores
# --------------------------------------------------------------------------------------------------


def damaged_store(rng, folder: Path) -> Path:
    """A copy of a store with its plan or a chunk changed, sealed again."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(STORE, folder)
    path = rng.choice(
        [folder / "plan.json", folder / "plan.json", *sorted((folder / "chunks").iterdir())]
    )
    data = path.read_bytes()
    if rng.random() < 0.3:
        path.write_bytes(flipped(rng, data))
    elif path.suffix == ".json":
        tree = json.loads(data)
        tree.pop("sha256")
        path.write_text(sealed_plan(changed_tree(rng, tree)), encoding="utf-8")
    else:
        path.write_bytes(changed_chunk(rng, data))
    return folder


def changed_chunk(rng, data):
    columns = unpack(data)
    name = rng.choice(list(columns))
    column = columns[name]
    columns[name] = rng.choice(
        [
            column[:-1],
            column[:0],
            np.concatenate([column, column]),
            column.astype(float),
            np.zeros((len(column), 1000)),
            np.array(7),
            -np.abs(column.astype(np.int64)) - 1,
            column.astype(np.int64) + 10**6,
        ]
    )
    if rng.random() < 0.3:
        columns[rng.choice(["value x", "extra", "missing status", "seconds"])] = columns.pop(name)
    return pack(columns)


# -- judging
# --------------------------------------------------------------------------------------------------


def use(path):
    """Load a file or a store, and use what it gives as its reader would; numbers must fit their own
    statement.
    """
    value = lc.load(path)
    if hasattr(value, "data_vars"):
        return str(value)
    for name in ("summary", "describe", "methods", "__repr__"):
        if hasattr(value, name) and "Replanning" not in type(value).__name__:
            assert isinstance(getattr(value, name)(), str)
    if hasattr(value, "to_dict"):
        assert value.to_dict()["type"] == value.to_xarray().attrs["type"]
    for plan in getattr(value, "plans", ()):
        assert len(plan.times) == len(plan.parameters) == len(plan.controls) == len(plan.costates)
        if plan.status.ok:
            assert all(
                np.isfinite(part).all() for part in plan.at((plan.times[0] + plan.times[-1]) / 2)
            )
    return value


def main(seed: int, seconds: float, most: int) -> dict:
    """{"tried", "loaded", "refused", "cryptic", "raised", "seconds", "megabytes", "worst": […]} of
    random damage.
    """
    rng, began = random.Random(seed), time.perf_counter()
    found, worst, slowest, largest = Counter(), [], 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        while time.perf_counter() - began < seconds and sum(found.values()) < most:
            if rng.random() < 0.25:
                path = damaged_store(rng, folder / "store")
            else:
                change = rng.choice((flipped, flipped, restructured, reworded))
                path = folder / "record.nc"
                path.write_bytes(seal(change(rng, body(rng.choice(NAMES)))))
            result = hostile_runner.measured(path, use)
            found[result["outcome"]] += 1
            slowest, largest = max(slowest, result["seconds"]), max(largest, result["megabytes"])
            if (
                result["outcome"] in ("cryptic", "raised")
                or result["seconds"] > 2
                or result["megabytes"] > 200
            ):
                worst.append(result)
                _keep(path, len(worst))
    return {
        "tried": sum(found.values()),
        **{word: found[word] for word in ("loaded", "refused", "cryptic", "raised")},
        "seconds": slowest,
        "megabytes": largest,
        "worst": worst[:20],
    }


def _keep(path, number):
    """With KEEP=folder on the command line, keep the files that were not refused in words."""
    if len(sys.argv) > 4:
        target = Path(sys.argv[4]) / f"{number}{path.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)


if __name__ == "__main__":
    for name in NAMES:
        with contextlib.suppress(ProblemError):
            use(SAMPLES / f"{name}.nc")  # what a first time takes is no file's fault
    sys.stdout.write(
        json.dumps(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))) + "\n"
    )
