"""The two rates of a mode under optimal control, of which every gain on a believed quadratic is made."""

from .elementwise import Value, sqrt


def unstable_rate(stiffness: Value, discount: Value) -> Value:
    """r + γ = √(γ²/4 + x) + γ/2, the rate at which a mode of stiffness x = ηkh runs off, T = ∞.

    The characteristic equation s² - γs - x = 0 of θ̈ = γθ̇ + ηkhθ has the roots -r and r + γ, with
    the product -x. The optimal gain over the curvature is therefore, without the difference of the
    definition, which loses digits at small x,

        [√(γ²/4 + ηkV) - γ/2] V⁻¹ = r/V = ηk/(r + γ).

    Numbers, arrays and CasADi symbols. Source: VGR25 (arXiv 2510.26997), quadratic landscapes.
    """
    half = discount / 2
    return sqrt(half**2 + stiffness) + half
