"""Readers of data sets: what was written is read, and what is wrong with a folder is said."""

import gzip
import pickle

import numpy as np
import pytest
from data_files import CIFAR, MNIST, idx_bytes, write_cifar, write_mnist

from landscape_control.support.errors import ProblemError
from landscape_control.training.datasets import (
    ImageData,
    generated_images,
    load_cifar10,
    load_mnist,
)
from landscape_control.training.idx import read_idx


@pytest.mark.parametrize(
    ("code", "kind"),
    [(0x08, ">u1"), (0x09, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")],
)
@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_hold_what_was_written(tmp_path, code, kind, packed):
    array = np.arange(24).reshape(2, 3, 4) - 3 * (kind != ">u1")
    data = idx_bytes(array, code, kind)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(data) if packed else data)
    read = read_idx(path)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == np.dtype(kind).newbyteorder("=")


def refused_idx(tmp_path, data):
    path = tmp_path / "some-file"
    path.write_bytes(data)
    with pytest.raises(ProblemError) as error:
        read_idx(path)
    assert "some-file" in str(error.value)
    return error.value


GOOD = idx_bytes(np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("magic", [b"\x01\0\x08\x02", b"\0\0\x07\x02", b"\0\0\x08\0", b"<htm"])
def test_wrong_magic_numbers_are_shown(tmp_path, magic):
    error = refused_idx(tmp_path, magic + GOOD[4:])
    assert f"the magic number {magic.hex(' ')}" in error.received


def test_empty_files_are_refused(tmp_path):
    assert "empty file" in refused_idx(tmp_path, b"").received


@pytest.mark.parametrize("length", [5, 11, 12, len(GOOD) - 1])
def test_files_that_are_cut_off_are_refused(tmp_path, length):
    error = refused_idx(tmp_path, GOOD[:length])
    assert error.received == f"{length} bytes: the file is cut off"


def test_files_with_something_behind_the_entries_are_refused(tmp_path):
    assert "something follows" in refused_idx(tmp_path, GOOD + b"\0").received


def test_damaged_compression_is_refused(tmp_path):
    packed = gzip.compress(GOOD)
    assert "gzip" in refused_idx(tmp_path, packed[:-9]).expected
    assert "gzip" in refused_idx(tmp_path, packed[:10] + b"\xff" + packed[11:]).expected


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(ProblemError, match="a file that can be read"):
        read_idx(tmp_path / "nothing")


# ---- MNIST


@pytest.mark.parametrize("place", [".", "MNIST/raw", "raw"])
@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_read_from_its_files(tmp_path, place, packed):
    arrays = write_mnist(tmp_path / place, packed=packed)
    data = load_mnist(tmp_path)
    np.testing.assert_array_equal(data.training_images[:, 0], arrays["train-images-idx3-ubyte"])
    np.testing.assert_array_equal(data.test_images[:, 0], arrays["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(data.training_labels, arrays["train-labels-idx1-ubyte"])
    np.testing.assert_array_equal(data.test_labels, arrays["t10k-labels-idx1-ubyte"])
    assert data.training_images.shape == (60, 1, 28, 28)
    assert not data.training_images.flags.writeable


@pytest.mark.parametrize("name", MNIST)
def test_a_missing_file_of_mnist_is_named_with_its_source(tmp_path, name):
    write_mnist(tmp_path)
    (tmp_path / f"{name}.gz").unlink()
    with pytest.raises(ProblemError) as error:
        load_mnist(tmp_path)
    assert error.value.received == f"{tmp_path} without {name}"
    assert "https://" in error.value.advice


def test_an_empty_or_missing_folder_names_all_files(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        for load, names in ((load_mnist, MNIST), (load_cifar10, CIFAR)):
            with pytest.raises(ProblemError) as error:
                load(folder)
            assert all(name in str(error.value) for name in names)
            assert "https://" in error.value.advice


def test_counts_that_do_not_agree_are_refused(tmp_path):
    write_mnist(tmp_path, packed=False)
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.arange(59) % 10))
    with pytest.raises(ProblemError, match="one whole number for each of the 60 images"):
        load_mnist(tmp_path)
    labels.write_bytes(idx_bytes(np.arange(60)))
    with pytest.raises(ProblemError, match="labels from 0 to 59"):
        load_mnist(tmp_path)


def test_labels_under_the_name_of_images_are_refused(tmp_path):
    write_mnist(tmp_path, packed=False)
    images = tmp_path / "t10k-images-idx3-ubyte"
    images.write_bytes((tmp_path / "t10k-labels-idx1-ubyte").read_bytes())
    with pytest.raises(ProblemError, match=r"three axes .*received shape \(20,\)"):
        load_mnist(tmp_path)


# ---- CIFAR-10


@pytest.mark.parametrize("place", [".", "cifar-10-batches-bin"])
def test_cifar_is_read_from_its_files(tmp_path, place):
    made = write_cifar(tmp_path / place)
    data = load_cifar10(tmp_path, rows=7)
    images = np.concatenate([made[name][1] for name in CIFAR[:-1]])
    labels = np.concatenate([made[name][0] for name in CIFAR[:-1]])
    np.testing.assert_array_equal(data.training_images, images)
    np.testing.assert_array_equal(data.training_labels, labels)
    np.testing.assert_array_equal(data.test_images, made["test_batch.bin"][1])
    np.testing.assert_array_equal(data.test_labels, made["test_batch.bin"][0])


def test_cifar_files_of_another_length_are_refused(tmp_path):
    write_cifar(tmp_path)
    with pytest.raises(ProblemError, match=r"30730000 bytes, 10000 rows .* cut off"):
        load_cifar10(tmp_path)
    with open(tmp_path / "data_batch_4.bin", "ab") as file:
        file.write(b"\0")
    with pytest.raises(ProblemError, match=r"data_batch_4.*too long"):
        load_cifar10(tmp_path, rows=7)


def test_a_missing_file_of_cifar_is_named(tmp_path):
    write_cifar(tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(ProblemError, match=r"without data_batch_3\.bin\. .*cifar-10-binary"):
        load_cifar10(tmp_path, rows=7)


def test_labels_above_nine_are_refused_with_their_row(tmp_path):
    write_cifar(tmp_path)
    path = tmp_path / "test_batch.bin"
    data = bytearray(path.read_bytes())
    data[2 * 3073] = 10
    path.write_bytes(data)
    with pytest.raises(ProblemError, match="10 in row 2"):
        load_cifar10(tmp_path, rows=7)


def test_pickles_are_not_read(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps({b"data": np.zeros((1, 3072), np.uint8)}))
    with pytest.raises(ProblemError, match=r"data_batch_1\.bin"):
        load_cifar10(tmp_path)


# ---- images of any kind


def test_generated_images_follow_their_seed():
    one, same, other = (generated_images(count=40, seed=seed) for seed in (0, 0, 1))
    assert one.digest == same.digest != other.digest
    assert one.training_images.shape == (40, 1, 28, 28)
    assert len(one.test_labels) == 10


def test_the_digest_sees_every_part():
    data = generated_images(count=8)
    parts = {
        name: getattr(data, name)
        for name in ("training_images", "training_labels", "test_images", "test_labels")
    }
    named = {"name": "generated", "mean": data.mean, "deviation": data.deviation}
    for name, array in parts.items():
        changed = array.copy()
        changed.flat[-1] = (changed.flat[-1] + 1) % 10
        assert ImageData(**named, **parts | {name: changed}).digest != data.digest
    assert ImageData(**named | {"mean": (0.5,)}, **parts).digest != data.digest
    assert ImageData(**named, **parts).digest == data.digest


def test_images_that_are_no_bytes_are_refused():
    data = generated_images(count=8)
    with pytest.raises(ProblemError, match="images of shape"):
        ImageData(
            name="own",
            training_images=data.training_images / 255,
            training_labels=data.training_labels,
            test_images=data.test_images,
            test_labels=data.test_labels,
            mean=(0.0,),
            deviation=(1.0,),
        )
