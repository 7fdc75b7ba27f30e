"""Old name of ``rules.families.elementwise``, which a family of a user's own may import."""

from ..rules.families.elementwise import arcsinh, cos, exp, log1p, sign, smaller, sqrt, tanh

__all__ = ["arcsinh", "cos", "exp", "log1p", "sign", "smaller", "sqrt", "tanh"]
