"""Mini-batches as tensors: their order and augmentation follow from the seed and the epoch alone."""

from collections.abc import Iterator
from typing import Any

from .datasets import ImageData

_SEEDS_PER_RUN = 100_003  # a prime above the number of epochs: no two epochs share a stream


def seed_of_epoch(seed: int, epoch: int) -> int:
    """The seed of an epoch of a run, in the range that PyTorch takes."""
    return (seed * _SEEDS_PER_RUN + epoch) % 2**63


class Batches:
    """Scaled images and labels of a data set, epoch by epoch.

    Nothing is carried from one epoch to the next, so that a run that is resumed at an epoch sees
    the batches that it would have seen.
    """

    def __init__(
        self, data: ImageData, *, batch: int, shifts: int, seed: int, device: Any = "cpu"
    ) -> None:
        import torch

        self._torch = torch
        self.batch, self.shifts, self.seed, self.device = batch, shifts, seed, device
        self.images = torch.tensor(data.training_images)
        self.labels = torch.tensor(data.training_labels, dtype=torch.long)
        self._test_images = torch.tensor(data.test_images)
        self._test_labels = torch.tensor(data.test_labels, dtype=torch.long)
        shape = (1, -1, 1, 1)
        self._mean = torch.tensor(data.mean, dtype=torch.float32).reshape(shape).to(device)
        deviation = torch.tensor(data.deviation, dtype=torch.float32)
        self._deviation = deviation.reshape(shape).to(device)

    def training(self, epoch: int) -> Iterator[tuple[Any, Any]]:
        """(images, labels) of each batch of an epoch, every image once, in random order."""
        generator = self._torch.Generator().manual_seed(seed_of_epoch(self.seed, epoch))
        order = self._torch.randperm(len(self.images), generator=generator)
        for chosen in order.split(self.batch):
            images = self.images[chosen]
            if self.shifts:
                images = self._augmented(images, generator)
            yield self._scaled(images), self.labels[chosen].to(self.device)

    def test(self, batch: int = 512) -> Iterator[tuple[Any, Any]]:
        """(images, labels) of the test set, in its order."""
        parts = zip(self._test_images.split(batch), self._test_labels.split(batch), strict=True)
        for images, labels in parts:
            yield self._scaled(images), labels.to(self.device)

    def _scaled(self, images: Any) -> Any:
        """What the network sees of bytes: (image/255 - mean)/deviation."""
        return images.to(self.device).float().div_(255).sub_(self._mean).div_(self._deviation)

    def _augmented(self, images: Any, generator: Any) -> Any:
        """Each image moved by up to ``shifts`` pixels, black coming in, and mirrored or not."""
        torch = self._torch
        count, _, height, width = images.shape
        padded = torch.nn.functional.pad(images, (self.shifts,) * 4)
        down, right = torch.randint(2 * self.shifts + 1, (2, count, 1), generator=generator)
        mirrored = torch.rand((count, 1), generator=generator) < 0.5
        columns = torch.arange(width).expand(count, width)
        columns = torch.where(mirrored, columns.flip(1), columns) + right
        rows = torch.arange(height) + down
        each = torch.arange(count)[:, None, None]
        # advanced indices around a slice put their axes first: (count, height, width, channels)
        cut = padded[each, :, rows[:, :, None], columns[:, None, :]]
        return cut.permute(0, 3, 1, 2)
