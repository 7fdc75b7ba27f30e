"""The one door backwards: results that save themselves, by a room that comes after all of them."""

from importlib import import_module


class Recordable:
    """A result with ``save(path)``. The format lives in the room ``records``, opened when something is saved."""

    def save(self, path):
        """Write this to ``path`` as NetCDF; ``landscape_control.load(path)`` gives a working object back."""
        return import_module(f"{__package__}.records").save(self, path)
