"""Transcriptions: the continuous problem cut into a finite nonlinear program."""

from .action import DiscretisedAction
from .base import Path, Transcription
from .collocation import Collocation
from .numbers import NumberLayout
from .program import Program, build_program
from .shooting import MultipleShooting

__all__ = [
    "Collocation",
    "DiscretisedAction",
    "MultipleShooting",
    "NumberLayout",
    "Path",
    "Program",
    "Transcription",
    "build_program",
]
