"""What can be posed and solved: problems and programs, which state themselves."""


class Posed:
    """Base of problems: ``describe`` states one in words."""

    def describe(self) -> str:
        """Equations and numbers, a line each."""
        raise NotImplementedError
