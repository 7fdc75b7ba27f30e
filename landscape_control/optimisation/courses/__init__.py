"""Courses of few numbers, planned under limits by exact moments: the engine of derived optimizers."""

from ..limits import CourseLimits
from .course import Course
from .plan import plan_course

__all__ = ["Course", "CourseLimits", "plan_course"]
