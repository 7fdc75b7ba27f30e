"""Records and stores that nobody's ``save`` wrote: attacks on the file format, each as a function
that makes the file.

Every attack is sealed like a record, because a seal finds damage and says nothing of who wrote a
file.
"""

import io
import json
import os
import re
import shutil
import struct
import zlib
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z
from record_samples import FOLDER

from landscape_control.records.checksum import seal
from landscape_control.sweeps.chunk_file import pack, unpack

SAMPLES = FOLDER / "v1"
_END = 90  # bytes of the seal
ATTACKS: dict = {}


def attack(function):
    """Put an attack into the list: a function of a folder that returns the path of what is to be
    loaded.
    """
    ATTACKS[function.__name__] = function
    return function


def body(name="solution") -> bytes:
    """The bytes of a sample without its seal."""
    return (SAMPLES / f"{name}.nc").read_bytes()[:-_END]


def write(folder, data) -> Path:
    path = Path(folder) / "hostile.nc"
    path.write_bytes(seal(bytes(data)))
    return path


def edited(folder, change, name="solution") -> Path:
    """A sample after ``change(file)``, sealed again."""
    buffer = io.BytesIO(body(name))
    with h5py.File(buffer, "r+") as file:
        change(file)
    return write(folder, buffer.getvalue())


def replaced(file, name, values=None, **how):
    """Put another array in the place of one."""
    marks = dict(file[name].attrs)
    del file[name]
    made = file.create_dataset(name, **({"data": values} if values is not None else {}), **how)
    for key in ("_Netcdf4Coordinates", "_Netcdf4Dimid", "dtype"):
        if key in marks:
            made.attrs[key] = marks[key]
    return made


def texts(folder, change, name="solution", place="problem") -> Path:
    """A sample whose specification is ``change(tree)``, or the text that it returns."""

    def rewrite(file):
        found = file[place][()].decode()
        tree = json.loads(found)
        new = change(tree["problem"])
        file[place][()] = new if isinstance(new, str) else json.dumps(tree, ensure_ascii=False)

    return edited(folder, rewrite, name)


def other(file, group, name, value):
    """Change an entry of a group's ``record_other``."""
    tree = json.loads(file[group].attrs["record_other"])
    tree[name] = value
    file[group].attrs["record_other"] = json.dumps(tree)


NODES = "plans/0/parameters"


# -- the HDF5 structure
# -------------------------------------------------------------------------------------------------


@attack
def an_array_that_was_never_written(folder):
    def change(file):
        replaced(file, NODES, shape=(2**29,), dtype="f8")

    return edited(folder, change)


@attack
def an_array_in_chunks_that_were_never_written(folder):
    def change(file):
        replaced(file, NODES, shape=(2**29,), dtype="f8", chunks=(2**20,), compression="gzip")

    return edited(folder, change)


@attack
def an_array_larger_than_any_memory(folder):
    def change(file):
        replaced(file, NODES, shape=(2**30, 2**30), dtype="f8", chunks=(2**10, 2**10))

    return edited(folder, change)


@attack
def chunks_of_four_gigabytes(folder):
    def change(file):
        replaced(file, NODES, shape=(2**29 - 1,), dtype="f8", chunks=(2**29 - 1,))

    return edited(folder, change)


@attack
def a_bomb_of_zeros(folder):
    def change(file):
        replaced(file, NODES, np.zeros(2**23 + 2**20), chunks=(2**20,), compression="gzip")

    return edited(folder, change)


@attack
def a_chunk_that_unpacks_to_more_than_its_size(folder):
    def change(file):
        made = replaced(
            file, NODES, shape=(4096, 2), dtype="f8", chunks=(4096, 2), compression="gzip"
        )
        made.id.write_direct_chunk((0, 0), zlib.compress(bytes(2**28), 1))

    return edited(folder, change)


@attack
def a_chunk_of_garbage(folder):
    def change(file):
        made = replaced(file, NODES, shape=(41, 2), dtype="f8", chunks=(41, 2), compression="gzip")
        made.id.write_direct_chunk((0, 0), b"no deflate stream at all")

    return edited(folder, change)


@attack
def a_group_that_links_to_itself(folder):
    def change(file):
        file["plans/again"] = file["plans"]

    return edited(folder, change)


@attack
def groups_in_a_ring(folder):
    def change(file):
        file["plans/0/back"] = file["/"]

    return edited(folder, change)


@attack
def an_array_in_two_places(folder):
    def change(file):
        del file["plans/1/parameters"]
        file["plans/1/parameters"] = file[NODES]

    return edited(folder, change)


@attack
def a_soft_link(folder):
    def change(file):
        del file["plans/1"]
        file["plans/1"] = h5py.SoftLink("/plans/0")

    return edited(folder, change)


@attack
def a_link_into_another_file(folder):
    (Path(folder) / "secret.h5").unlink(missing_ok=True)
    with h5py.File(Path(folder) / "secret.h5", "w") as secret:
        secret["numbers"] = np.arange(82.0).reshape(41, 2)

    def change(file):
        del file[NODES]
        file[NODES] = h5py.ExternalLink(str(Path(folder) / "secret.h5"), "/numbers")

    return edited(folder, change)


@attack
def values_in_another_file(folder):
    (Path(folder) / "secret.bin").write_bytes(np.arange(82.0).tobytes())

    def change(file):
        replaced(
            file,
            NODES,
            shape=(41, 2),
            dtype="f8",
            external=[(str(Path(folder) / "secret.bin"), 0, 656)],
        )

    return edited(folder, change)


@attack
def values_in_another_file_for_a_text(folder):
    (Path(folder) / "secret.bin").write_bytes(bytes(16))

    def change(file):
        replaced(
            file,
            "problem",
            shape=(1,),
            dtype="i8",
            external=[(str(Path(folder) / "secret.bin"), 0, 8)],
        )

    return edited(folder, change)


@attack
def a_virtual_array(folder):
    with h5py.File(Path(folder) / "secret.h5", "w") as secret:
        secret["numbers"] = np.arange(82.0).reshape(41, 2)

    def change(file):
        layout = h5py.VirtualLayout(shape=(41, 2), dtype="f8")
        layout[...] = h5py.VirtualSource(str(Path(folder) / "secret.h5"), "numbers", shape=(41, 2))
        del file[NODES]
        file.create_virtual_dataset(NODES, layout)

    return edited(folder, change)


@attack
def a_virtual_array_without_end(folder):
    with h5py.File(Path(folder) / "secret.h5", "w") as secret:
        secret.create_dataset("numbers", shape=(1,), maxshape=(None,), dtype="f8")

    def change(file):
        layout = h5py.VirtualLayout(shape=(1,), maxshape=(None,), dtype="f8")
        source = h5py.VirtualSource(
            str(Path(folder) / "secret.h5"), "numbers", shape=(1,), maxshape=(None,)
        )
        layout[: h5s.UNLIMITED] = source[: h5s.UNLIMITED]
        del file[NODES]
        file.create_virtual_dataset(NODES, layout)

    return edited(folder, change)


@attack
def five_thousand_groups_inside_one_another(folder):
    def change(file):
        group = file["plans"]
        for _ in range(5000):
            group = group.create_group("in")

    return edited(folder, change)


@attack
def a_thousand_attributes_and_one(folder):
    def change(file):
        group = file.create_group("many", track_order=True)
        for i in range(1001):
            group.attrs[f"a{i}"] = 1

    return edited(folder, change, "policy")


@attack
def an_attribute_of_a_megabyte_and_more(folder):
    def change(file):
        file.attrs["long"] = "x" * (2**20 + 1)

    return edited(folder, change)


@attack
def an_attribute_that_is_an_array(folder):
    def change(file):
        file.attrs["tolerance"] = np.zeros(4000)

    return edited(folder, change)


@attack
def an_array_of_nine_axes(folder):
    def change(file):
        replaced(file, NODES, np.zeros((1,) * 9))

    return edited(folder, change)


def _of_type(name, dtype, shape=(2,)):
    def made(folder):
        def change(file):
            replaced(file, NODES, shape=shape, dtype=dtype)

        return edited(folder, change)

    made.__name__ = f"an_array_of_{name}"
    return attack(made)


_of_type("references", h5py.ref_dtype)
_of_type("region_references", h5py.regionref_dtype)
_of_type("lists", h5py.vlen_dtype(np.float64))
_of_type("records", np.dtype([("a", "f8"), ("b", "i4")]))
_of_type("enumerations", h5py.enum_dtype({"NO": 0, "YES": 1}))
_of_type("opaque_bytes", np.dtype("V8"))
_of_type("complex_numbers", np.dtype("c16"))
_of_type("fixed_texts", np.dtype("S2000000000"), (1,))
_of_type("small_arrays", np.dtype(("f8", (3,))))


def _attribute_of_type(name, value, dtype):
    def made(folder):
        def change(file):
            file.attrs.create("tolerance", value(file), dtype=dtype)

        return edited(folder, change)

    made.__name__ = f"an_attribute_of_{name}"
    return attack(made)


_attribute_of_type("references", lambda file: file["plans"].ref, h5py.ref_dtype)
_attribute_of_type("records", lambda _: np.zeros((), [("a", "f8")]), np.dtype([("a", "f8")]))
_attribute_of_type("opaque_bytes", lambda _: np.void(b"12345678"), np.dtype("V8"))
_attribute_of_type("complex_numbers", lambda _: 1j, np.dtype("c16"))


@attack
def a_named_type(folder):
    def change(file):
        file["plans/type"] = np.dtype("f8")

    return edited(folder, change)


def _filtered(name, **how):
    def made(folder):
        def change(file):
            replaced(file, NODES, np.zeros((41, 2)), chunks=(41, 2), **how)

        return edited(folder, change)

    made.__name__ = f"the_filter_{name}"
    return attack(made)


_filtered("lzf", compression="lzf")
_filtered("fletcher32", fletcher32=True)
_filtered("scaleoffset", scaleoffset=3)


@attack
def a_filter_that_needs_a_plug_in(folder):
    """The number of the LZF filter, which h5py brings along, turned into that of one which HDF5
    looks for on the disk.
    """

    def change(file):
        replaced(file, NODES, np.zeros((41, 2)), chunks=(41, 2), compression="lzf")

    data = edited(folder, change).read_bytes()[:-_END]
    known, unknown = (struct.pack("<H", number) + b"\x08\x00" for number in (h5z.FILTER_LZF, 32015))
    assert known in data
    return write(folder, data.replace(known, unknown))


def _descriptor(data, begin):
    """Where the 16 bytes of the text stand that the next attribute message after ``begin`` holds."""
    heap = data.index(b"GCOL")
    return re.compile(re.escape(struct.pack("<Q", heap))).search(data, begin).start() - 4


@attack
def an_attribute_that_claims_four_gigabytes(folder):
    data = bytearray(body("policy"))
    struct.pack_into("<I", data, _descriptor(bytes(data), 0), 2**32 - 16)
    return write(folder, data)


@attack
def an_attribute_that_claims_four_gigabytes_elsewhere(folder):
    data = bytearray(body("policy"))
    place = _descriptor(bytes(data), 0)
    struct.pack_into("<IQ", data, place, 2**32 - 16, len(data) * 8)
    return write(folder, data)


@attack
def a_text_that_claims_four_gigabytes(folder):
    buffer = io.BytesIO(body())
    with h5py.File(buffer, "r") as file:
        place = file["problem"].id.get_offset()
    data = bytearray(buffer.getvalue())
    struct.pack_into("<I", data, place, 2**32 - 16)
    return write(folder, data)


@attack
def a_heap_without_end(folder):
    data = bytearray(body())
    heap = data.index(b"GCOL")
    struct.pack_into("<HHIQ", data, heap + 16, 0, 0, 0, 0)
    return write(folder, data)


@attack
def a_million_times_the_same_text(folder):
    """Sixteen bytes each, all pointing at one text of 60 kB."""
    count = 20_000

    def change(file):
        made = replaced(file, "status", shape=(count,), dtype=h5py.string_dtype())
        made[0] = "x" * 60_000
        made[1:] = ""
        file.attrs["place"] = made.id.get_offset()

    path = edited(folder, change, "table")
    data = bytearray(path.read_bytes()[:-_END])
    with h5py.File(io.BytesIO(bytes(data)), "r") as file:
        place = int(file.attrs["place"])
    data[place : place + 16 * count] = bytes(data[place : place + 16]) * count
    return write(folder, data)


@attack
def texts_in_chunks(folder):
    def change(file):
        made = replaced(file, "problem", shape=(1000,), chunks=(10,), dtype=h5py.string_dtype())
        made[:] = "x"

    return edited(folder, change)


@attack
def names_that_are_no_utf8(folder):
    def change(file):
        h5py.h5g.create(file.id, b"\xff\xfe", None, None)

    return edited(folder, change)


@attack
def texts_that_are_no_utf8(folder):
    def change(file):
        file.attrs.create("method", b"\xff\xfe\xfd", dtype=h5py.string_dtype("utf-8"))

    return edited(folder, change)


@attack
def a_compact_text(folder):
    def change(file):
        del file["problem"]
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_layout(h5d.COMPACT)
        kind = h5t.C_S1.copy()
        kind.set_size(h5t.VARIABLE)
        h5d.create(file.id, b"problem", kind, h5s.create(h5s.SCALAR), plist)

    return edited(folder, change)


@attack
def nothing_but_a_beginning(folder):
    return write(folder, body()[:600])


@attack
def an_empty_netcdf_file(folder):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w"):
        pass
    return write(folder, buffer.getvalue())


# -- the groups
# --------------------------------------------------------------------------------------------------


def _attribute(name, group, key, value, sample="solution"):
    def made(folder):
        def change(file):
            if value is None:
                del file[group].attrs[key]
            else:
                file[group].attrs[key] = value

        return edited(folder, change, sample)

    made.__name__ = name
    return attack(made)


_attribute("no_kind_inside", "plans/0", "record_kind", None)
_attribute("no_kind_at_the_top", "/", "record_kind", None)
_attribute("an_unknown_kind", "plans/0", "record_kind", "Popen")
_attribute("a_kind_that_is_a_number", "plans/0", "record_kind", 7)
_attribute("a_solution_that_is_a_mapping", "/", "record_kind", "mapping")
_attribute("a_solution_that_is_a_sequence", "/", "record_kind", "sequence")
_attribute("a_plan_that_is_a_certificate", "plans/0", "record_kind", "Certificate")
_attribute("a_version_of_the_future", "/", "record_format_version", 99)
_attribute("a_version_of_zero", "/", "record_format_version", 0)
_attribute("a_version_in_words", "/", "record_format_version", "one")
_attribute("no_version", "/", "record_format_version", None)
_attribute("another_format", "/", "record_format", "something")
_attribute("an_unknown_status", "plans/0", "status", "FINE")
_attribute("a_status_without_its_enumeration", "plans/0", "record_enums", "{}")
_attribute("a_status_of_another_enumeration", "plans/0", "record_enums", '{"status": "CostKind"}')
_attribute("an_enumeration_of_the_system", "plans/0", "record_enums", '{"status": "Popen"}')
_attribute("enumerations_that_are_a_list", "plans/0", "record_enums", "[1]")
_attribute("brackets_fifty_thousand_deep", "plans/0", "record_other", "[" * 50_000 + "]" * 50_000)
_attribute(
    "brackets_five_hundred_deep",
    "plans/0",
    "record_other",
    '{"found_from": ' + "[" * 500 + "]" * 500 + "}",
)
_attribute("no_json", "plans/0", "record_other", "{'found_from': ()}")
_attribute("nan_as_json", "plans/0", "record_other", '{"found_from": NaN}')
_attribute(
    "a_number_of_four_hundred_digits",
    "plans/0",
    "record_other",
    '{"found_from": [1' + "0" * 400 + "]}",
)
_attribute(
    "a_number_of_five_thousand_digits",
    "plans/0",
    "record_other",
    '{"found_from": [1' + "0" * 5000 + "]}",
)
_attribute("absent_fields_that_are_numbers", "plans/0", "record_absent", "[1, 2]")
_attribute("absent_fields_that_are_needed", "plans/0", "record_absent", '["times"]')
_attribute("a_field_that_no_plan_has", "plans/0", "_find_basin", "os.system")
_attribute("starts_that_are_a_text", "/", "starts", "two")
_attribute("a_tolerance_of_nan", "/", "tolerance", float("nan"))
_attribute("a_cost_of_nan", "plans/0", "cost", float("nan"))
_attribute("no_cost", "plans/0", "cost", None)
_attribute("no_times_of_solving", "/", "solve_seconds", None)
_attribute("a_cost_kind_of_its_own", "/", "cost_kind", "certain", "lqg")
_attribute("a_layout_of_a_billion", "layout", "estimate", 10**9, "transcribed")
_attribute("a_layout_of_its_own_kind", "layout", "kind", "everything", "transcribed")
_attribute("a_horizon_of_a_trillion", "/", "horizon", 10**12, "policy")
_attribute("coordinates_that_are_a_number", "/", "coordinates", 3, "table")
_attribute("coordinates_that_are_not_there", "/", "coordinates", "nowhere", "table")


def _array(name, place, values, sample="solution"):
    def made(folder):
        def change(file):
            replaced(file, place, values(file[place][()]))

        return edited(folder, change, sample)

    made.__name__ = name
    return attack(made)


def _with_nan(array):
    array = np.array(array)
    array.flat[-1] = np.nan
    return array


_array("a_path_of_nan", NODES, _with_nan)
_array("a_path_that_is_infinite", NODES, lambda a: a * np.inf)
_array("a_path_that_is_too_short", NODES, lambda a: a[:-1])
_array("a_path_of_other_parameters", NODES, lambda a: np.hstack([a, a]))
_array("a_path_without_axes", NODES, lambda a: a[0, 0])
_array("a_path_of_truth_values", NODES, lambda a: a > 0)
_array("times_that_run_backwards", "plans/0/times", lambda a: a[::-1].copy())
_array("times_of_nan", "plans/0/times", _with_nan)
_array("no_times_at_all", "plans/0/times", lambda a: a[:0])
_array("positions_that_do_not_end", "plans/0/positions", lambda a: a / 2)
_array("vertices_of_another_mesh", "plans/0/vertices", lambda a: a[::2])
_array("controls_of_another_learner", "plans/0/controls", lambda a: a[:, :1])
_array("a_basin_of_another_landscape", "plans/0/end_basin", lambda a: np.zeros(7))
_array("a_gain_of_another_shape", "gain", lambda a: np.zeros((5, 5)), "lqg")
_array("a_gain_of_nan", "gain", lambda a: a * np.nan, "lqg")
_array("values_of_another_grid", "grid/values", lambda a: a[:, ::2], "grid")
_array("axes_that_run_backwards", "grid/axes/0", lambda a: a[::-1].copy(), "grid")
_array(
    "a_variation_of_other_states",
    "variation/value_hessian",
    lambda a: np.zeros((len(a), 1, 1)),
    "transcribed",
)
_array(
    "a_tail_of_another_size",
    "plans/0/tail/closed_loop",
    lambda a: np.zeros((3, 3)),
    "solution_endless",
)
_array("truth_values_of_seven", "escaped", lambda a: np.full_like(a, 7), "table")
_array("a_variable_of_another_length", "cost", lambda a: np.zeros((2, 5)), "table")


@attack
def no_plans(folder):
    def change(file):
        for name in list(file["plans"]):
            del file["plans"][name]

    return edited(folder, change)


@attack
def plans_that_skip_a_number(folder):
    def change(file):
        file.move("plans/1", "plans/7")

    return edited(folder, change)


@attack
def the_problem_of_another_solution(folder):
    other_text = h5py.File(io.BytesIO(body("solution_endless")), "r")["problem"][()].decode()

    def change(file):
        file["problem"][()] = other_text.replace('"dimension":2', '"dimension":1')

    return edited(folder, change)


@attack
def a_known_problem_for_beliefs(folder):
    known = h5py.File(io.BytesIO(body("solution")), "r")["problem"][()].decode()

    def change(file):
        file["problem"][()] = known

    return edited(folder, change, "lqg")


@attack
def a_group_in_a_table(folder):
    def change(file):
        file.create_group("inside")

    return edited(folder, change, "table")


@attack
def coefficients_of_another_length(folder):
    def change(file):
        for name in ("learning_rate", "momentum"):
            replaced(file, f"coefficients/{name}", np.zeros(2))

    return edited(folder, change, "policy")


@attack
def coefficients_of_nan(folder):
    def change(file):
        replaced(file, "coefficients/learning_rate", np.full(3, np.nan))

    return edited(folder, change, "policy")


@attack
def one_coefficient_for_a_million_steps(folder):
    def change(file):
        del file["coefficients/learning_rate"]
        file["coefficients"].attrs["learning_rate"] = 0.1
        file.attrs["horizon"] = 10**6

    return edited(folder, change, "policy")


# -- the problem in its own words
# ----------------------------------------------------------------------------------------


def _specified(name, change, sample="solution"):
    def made(folder):
        return texts(
            folder, change, sample, "value" if sample in ("problem", "program") else "problem"
        )

    made.__name__ = name
    return attack(made)


def _set(*path, to):
    def change(tree):
        for key in path[:-1]:
            tree = tree[key]
        tree[path[-1]] = to

    return change


_LOSS = ("landscape", "expression")
_specified("a_formula_two_billion_wide", _set("landscape", "formula", to="{tilt:2000000000}"))
_specified("a_formula_two_billion_precise", _set("landscape", "formula", to="{tilt:.2000000000f}"))
_specified(
    "a_formula_that_reads_attributes", _set("landscape", "formula", to="{tilt.__class__.__mro__}")
)
_specified("a_dimension_of_a_billion", _set("landscape", "dimension", to=10**9))
_specified("a_dimension_of_ten_thousand", _set("landscape", "dimension", to=10_000))
_specified("a_dimension_of_minus_one", _set("landscape", "dimension", to=-1))
_specified("a_dimension_in_words", _set("landscape", "dimension", to="two"))
_specified("minima_by_an_unknown_rule", _set("landscape", "minima_rule", to="__import__"))
_specified("kinks_that_are_a_text", _set("landscape", "allow_kinks", to="no"))
_specified(
    "an_input_of_a_trillion_entries", _set(*_LOSS, "inputs", 0, to=["theta", [10**6, 10**6]])
)
_specified("an_output_of_a_trillion_entries", _set(*_LOSS, "outputs", 0, to=[[10**6, 10**6], []]))
_specified("an_output_without_entries", _set(*_LOSS, "outputs", 0, to=[[1, 1], []]))
_specified(
    "a_sparsity_twice_at_a_place", _set(*_LOSS, "inputs", 0, to=["theta", [2, 1, [0, 0], [0, 0]]])
)
_specified("a_sparsity_outside", _set(*_LOSS, "inputs", 0, to=["theta", [2, 1, [0, 5], [0, 0]]]))
_specified("a_sparsity_of_text", _set(*_LOSS, "inputs", 0, to=["theta", "dense"]))
_specified("a_step_that_acts_on_the_future", _set(*_LOSS, "steps", 1, to=["SQ", 77]))
_specified("a_step_that_counts_backwards", _set(*_LOSS, "steps", 1, to=["SQ", -1]))
_specified("a_step_with_too_many_arguments", _set(*_LOSS, "steps", 1, to=["SQ", 0, 0, 0]))
_specified("a_step_with_no_arguments", _set(*_LOSS, "steps", 1, to=["SQ"]))
_specified("a_step_that_is_no_list", _set(*_LOSS, "steps", 1, to="SQ"))
_specified("a_step_without_a_name", _set(*_LOSS, "steps", 1, to=[]))
_specified("a_step_that_calls", _set(*_LOSS, "steps", 1, to=["CALL", 0]))
_specified("a_step_of_a_list", _set(*_LOSS, "steps", 1, to=[["SQ"], 0]))
_specified("a_step_of_a_fraction", _set(*_LOSS, "steps", 1, to=["SQ", 0.0]))
_specified("a_constant_in_words", _set(*_LOSS, "steps", 1, to=["CONST", "seven"]))
_specified("a_loss_that_is_constant", _set(*_LOSS, "outputs", 0, to=[[1, 1], [2]]))
_specified("a_loss_of_text", _set(*_LOSS, to="theta"))
_specified("an_unknown_part", _set("learner", "kind", to="Popen"))
_specified("a_part_of_another_module", _set("learner", "kind", to="subprocess:Popen"))
_specified("a_learner_that_is_an_objective", lambda tree: tree.update(learner=tree["objective"]))
_specified("a_field_that_nobody_knows", _set("objective", "output_file", to="x"))
_specified("a_private_field", _set("learner", "_x", to=1))
_specified("no_objective", lambda tree: tree.pop("objective") and None)
_specified("a_horizon_of_nan", _set("objective", "horizon", to={"number": "nan"}))
_specified("a_horizon_of_text", _set("objective", "horizon", to="ten"))
_specified("a_discount_below_zero", _set("objective", "discount", to=-1.0))
_specified(
    "a_start_of_another_length", _set("start", to={"array": {"shape": [3], "values": [0, 0, 0]}})
)
_specified("a_start_of_a_billion", _set("start", to={"array": {"shape": [10**9], "values": []}}))
_specified(
    "a_start_of_negative_length",
    _set("start", to={"array": {"shape": [-1, -2], "values": [0.0, 0.0]}}),
)
_specified("a_start_of_words", _set("start", to={"array": {"shape": [2], "values": ["a", "b"]}}))
_specified("a_start_of_nan", _set("start", to={"array": {"shape": [2], "values": ["nan", 0.0]}}))
_specified("an_array_without_a_shape", _set("start", to={"array": {"values": [0.0, 0.0]}}))
_specified("an_object_of_no_form", _set("start", to={"pickle": "gASV"}))
_specified("an_object_of_two_forms", _set("start", to={"number": "inf", "array": 1}))
_specified(
    "parameters_that_are_no_names",
    _set("landscape", "parameters", to={"mapping": [["not a name", 0.5]]}),
)
_specified(
    "parameters_twice",
    _set("landscape", "parameters", to={"mapping": [["tilt", 0.5], ["tilt", 0.6]]}),
)
_specified(
    "parameters_in_a_triple", _set("landscape", "parameters", to={"mapping": [["tilt", 0.5, 1]]})
)
_specified("a_text_of_brackets", lambda tree: "[" * 200_000)
_specified("a_text_that_is_empty", lambda tree: "")
_specified(
    "a_problem_that_is_a_number",
    lambda tree: '{"format":"landscape_control problem","version":1,"problem":1}',
)
_specified(
    "a_problem_that_is_a_learner",
    lambda tree: json.dumps(
        {"format": "landscape_control problem", "version": 1, "problem": tree["learner"]}
    ),
)
_specified(
    "a_later_problem",
    lambda tree: json.dumps({"format": "landscape_control problem", "version": 2, "problem": tree}),
)
_specified("a_text_of_small_lists", lambda tree: "[" + "[]," * 2_000_000 + "[]]")


@attack
def a_covariance_of_twenty_thousand_variables(folder):
    """One number, that its constructor makes a matrix of: 3.2 GB."""
    hidden = ("landscape", "hidden")

    def change(tree):
        tree["landscape"]["hidden"] |= {
            "mean": {"array": {"shape": [20_000], "values": [0.0] * 20_000}},
            "variance": 1.0,
        }
        assert tree[hidden[0]][hidden[1]]["kind"] == "OrnsteinUhlenbeck"

    return texts(folder, change, "lqg")


@attack
def noise_of_another_size(folder):
    def change(tree):
        tree["learner"]["sees"]["noise"] = {"array": {"shape": [5000], "values": [1.0] * 5000}}

    return texts(folder, change, "lqg")


@attack
def a_memory_of_a_billion(folder):
    def change(tree):
        tree["family"] = {"kind": "FirstOrderSpan", "memory": 10**9, "constant": True}
        tree["objective"]["horizon"] = 1e9

    return texts(folder, change, "emerged", "program")


@attack
def a_network_of_a_billion_units(folder):
    def change(tree):
        tree["family"] = {"kind": "NeuralPolicy", "hidden": 10**9, "gradient_scale": 1.0}

    return texts(folder, change, "emerged", "program")


@attack
def a_program_of_1e300_steps(folder):
    return texts(folder, _set("objective", "horizon", to=1e300), "emerged", "program")


@attack
def a_function_of_two_hundred_thousand_squares(folder):
    def change(tree):
        steps = tree["landscape"]["expression"]["steps"]
        steps += [["SIN", len(steps) - 1 + k] for k in range(200_000)]
        tree["landscape"]["expression"]["outputs"] = [[[1, 1], [len(steps) - 1]]]

    return texts(folder, change)


# -- settings
# --------------------------------------------------------------------------------------------------


def _replanning(name, settings):
    def made(folder):
        def change(file):
            group = file["settings"]
            for key, value in settings(str(folder)).items():
                if isinstance(value, dict):
                    group.attrs["record_other"] = json.dumps(
                        {key: {"mapping": [list(item) for item in value.items()]}}
                    )
                else:
                    group.attrs[key] = value
            group.attrs["record_order"] = json.dumps(
                [
                    *json.loads(group.attrs["record_order"]),
                    *(
                        key
                        for key in settings("")
                        if key not in json.loads(group.attrs["record_order"])
                    ),
                ]
            )

        return edited(folder, change, "replanning")

    made.__name__ = name
    return attack(made)


_replanning(
    "settings_that_write_a_file",
    lambda f: {"options": {"output_file": f"{f}/written", "print_level": 5}},
)
_replanning(
    "settings_that_load_a_library",
    lambda f: {"options": {"linear_solver": "ma27", "hsllib": f"{f}/evil.so"}},
)
_replanning("settings_without_end", lambda f: {"aims": 10**6})
_replanning("settings_that_nobody_knows", lambda f: {"shell": "sh"})
_replanning("settings_of_the_optimiser", lambda f: {"options": {"max_iter": 300}})

VALID = {  # what asks for nothing that a reader does: loaded, and acted on by nobody
    "a_formula_two_billion_wide",
    "a_formula_two_billion_precise",
    "a_formula_that_reads_attributes",
    "noise_of_another_size",
    "settings_that_write_a_file",
    "settings_that_load_a_library",
    "settings_without_end",
    "settings_that_nobody_knows",
    "settings_of_the_optimiser",
}


# -- stores
# --------------------------------------------------------------------------------------------------

STORE = Path(__file__).parent / "data/sweeps/v1"
STORES: dict = {}


def store_attack(function):
    """Put an attack on a store into the list: a function of a folder that holds a copy of a
    finished one.
    """

    def made(folder):
        copied = Path(folder) / "store"
        shutil.copytree(STORE, copied)
        function(copied)
        return copied

    STORES[function.__name__] = made
    return function


def sealed_plan(tree) -> str:
    """The text of a plan with its checksum at the end."""
    text = json.dumps(tree, ensure_ascii=False, indent=1).removesuffix("\n}")
    return f'{text},\n "sha256": "{sha256(text.encode()).hexdigest()}"\n}}'


def change_plan(folder, change) -> None:
    """Change the entries of a store's plan, and seal it again."""
    tree = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    tree.pop("sha256")
    change(tree)
    (folder / "plan.json").write_text(sealed_plan(tree), encoding="utf-8")


def change_chunk(folder, change) -> None:
    """Change the columns of a store's first chunk, and seal it again."""
    path = sorted((folder / "chunks").iterdir())[0]
    columns = unpack(path.read_bytes())
    change(columns)
    path.write_bytes(pack(columns))


@store_attack
def a_plan_of_brackets(folder):
    (folder / "plan.json").write_text("[" * 200_000)


@store_attack
def a_plan_that_is_a_folder(folder):
    (folder / "plan.json").unlink()
    (folder / "plan.json").mkdir()


@store_attack
def a_plan_that_is_a_pipe(folder):
    (folder / "plan.json").unlink()
    os.mkfifo(folder / "plan.json")


@store_attack
def a_plan_of_bytes(folder):
    (folder / "plan.json").write_bytes(bytes(range(256)))


def _plan(name, change):
    change_of = change

    def made(folder):
        change_plan(folder, change_of)

    made.__name__ = name
    store_attack(made)


def _long_axes(tree):
    axis = {"labels": None, "columns": [{"type": "f", "values": [float(i) for i in range(10_000)]}]}
    tree["axes"] = [{"name": f"a{i}", "paths": [f"a{i}"], **axis} for i in range(4)]
    tree["structural"] = []


def _some_long_axes(tree):
    axis = {"labels": None, "columns": [{"type": "f", "values": [float(i) for i in range(4000)]}]}
    tree["axes"] = [{"name": f"a{i}", "paths": [f"a{i}"], **axis} for i in range(2)]
    tree["structural"] = []


_plan("a_plan_of_1e16_cells", _long_axes)
_plan("a_plan_of_cells_without_results", _some_long_axes)
_plan("a_plan_without_axes", lambda tree: tree.update(axes=[]))
_plan(
    "a_plan_with_an_empty_axis",
    lambda tree: tree["axes"][0].update(columns=[{"type": "f", "values": []}]),
)
_plan("a_plan_of_ragged_axes", lambda tree: tree["axes"][0].update(labels=["only one"]))
_plan("a_plan_of_an_unknown_type", lambda tree: tree["axes"][0]["columns"][0].update(type="O"))
_plan(
    "a_plan_of_words_as_numbers",
    lambda tree: tree["axes"][0]["columns"][0].update(type="f", values=["x"] * 3),
)
_plan(
    "a_plan_of_400_digits",
    lambda tree: tree["axes"][0]["columns"][0].update(type="i", values=[10**400]),
)
_plan("a_plan_with_one_name_twice", lambda tree: tree["axes"].append(tree["axes"][0]))
_plan("a_plan_without_measures", lambda tree: tree.update(measures=[]))
_plan("a_plan_of_an_unknown_kind", lambda tree: tree.update(kind="shell"))
_plan("a_plan_with_a_strange_entry", lambda tree: tree.update(command="sh"))
_plan("a_plan_of_no_chunks", lambda tree: tree.update(most=0))
_plan("a_plan_with_a_seed_of_text", lambda tree: tree.update(seed="7"))
_plan("a_plan_with_options_in_a_list", lambda tree: tree.update(options=[1]))
_plan("a_plan_of_the_future", lambda tree: tree.update(version=2))
_plan("a_plan_without_a_problem", lambda tree: tree.pop("specification"))
_plan("a_plan_whose_axis_is_named_like_a_note", lambda tree: tree["axes"][0].update(name="status"))
_plan(
    "a_plan_whose_axis_is_named_like_a_measure",
    lambda tree: tree["axes"][0].update(name=tree["measures"][0]["name"]),
)
_plan(
    "a_plan_whose_measure_is_named_like_a_note",
    lambda tree: tree["measures"][0].update(name="message"),
)
_plan("a_plan_whose_problem_is_a_number", lambda tree: tree.update(specification=7))


def _chunk(name, change):
    change_of = change

    def made(folder):
        change_chunk(folder, change_of)

    made.__name__ = name
    store_attack(made)


def _first_value(columns):
    return next(name for name in columns if name.startswith("value "))


_chunk(
    "a_chunk_of_wide_values",
    lambda c: c.update({_first_value(c): np.zeros((len(c["cells"]), 10**4))}),
)
_chunk("a_chunk_of_other_cells", lambda c: c.update(cells=c["cells"] + 1))
_chunk(
    "a_chunk_of_codes_without_words",
    lambda c: c.update(status=np.full(len(c["cells"]), 99, dtype=np.int32)),
)
_chunk(
    "a_chunk_of_negative_codes",
    lambda c: c.update(status=np.full(len(c["cells"]), -1, dtype=np.int32)),
)
_chunk(
    "a_chunk_of_a_strange_column", lambda c: c.update({"value shell": np.zeros(len(c["cells"]))})
)
_chunk(
    "a_chunk_whose_gaps_have_two_axes",
    lambda c: c.update({f"missing {_first_value(c)}": np.zeros((len(c["cells"]), 3), dtype=bool)}),
)
_chunk("a_chunk_without_words", lambda c: c.pop("words"))
_chunk(
    "a_chunk_whose_words_are_brackets",
    lambda c: c.update(words=np.frombuffer(b"[" * 100_000, dtype=np.uint8)),
)


@store_attack
def a_folder_named_like_a_chunk(folder):
    path = sorted((folder / "chunks").iterdir())[0]
    path.unlink()
    path.mkdir()


@store_attack
def a_chunk_that_is_a_pipe(folder):
    path = sorted((folder / "chunks").iterdir())[0]
    path.unlink()
    os.mkfifo(path)


@store_attack
def a_chunk_that_is_a_bomb(folder):
    path = sorted((folder / "chunks").iterdir())[0]
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("cells.npy", bytes(2**28))


@store_attack
def a_chunk_that_claims_a_terabyte(folder):
    path = sorted((folder / "chunks").iterdir())[0]
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**37,)}
    )
    with ZipFile(path, "w") as archive:
        archive.writestr("cells.npy", header.getvalue())


# the cells of a damaged chunk are "not run"; what is no file at all is refused, since it was put
# there by someone
NO_FILES = {"a_folder_named_like_a_chunk", "a_chunk_that_is_a_pipe"}
STILL_READ = {name for name in STORES if "chunk" in name and "plan" not in name} - NO_FILES
