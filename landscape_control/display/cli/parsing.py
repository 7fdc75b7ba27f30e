"""Parsers whose complaints name what is near to a word that they do not know."""

import difflib
import sys
from argparse import Action, ArgumentError, ArgumentParser
from typing import Any

NEAREST = 3


class Parser(ArgumentParser):
    """An ArgumentParser that answers a misspelt choice by the nearest ones, not by all of them."""

    def _check_value(self, action: Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        near = difflib.get_close_matches(str(value), names, n=NEAREST, cutoff=0.4)
        meant = " or ".join(map(repr, near or names))
        raise ArgumentError(action, f"there is no {value!r}; did you mean {meant}?")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> Any:
        """Unknown options are answered by the nearest ones too."""
        head, _, words = message.partition("unrecognized arguments: ")
        first = words.split(" ")[0].partition("=")[0]
        if not head and first.startswith("--"):
            near = difflib.get_close_matches(first, self._options(), n=NEAREST, cutoff=0.5)
            meant = f"; did you mean {' or '.join(near)}?" if near else ""
            message = f"there is no option {first}{meant}"
        super().error(message)

    def _options(self) -> list[str]:
        """The long options of the command that was given, or of this parser."""
        parser: ArgumentParser = self
        for action in self._actions:
            named = [word for word in self._given if word in (action.choices or ())]
            if isinstance(action.choices, dict) and named:
                parser = action.choices[named[0]]
        return [text for text in parser._option_string_actions if text.startswith("--")]
