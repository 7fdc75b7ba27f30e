"""Older name of :mod:`.information`, whose kinds were called Sees."""

from .information import Information, Observation, names, observation, observe, seen_at

Sees = Information

__all__ = ["Information", "Observation", "Sees", "names", "observation", "observe", "seen_at"]
