"""The command completion: a script for bash or zsh that completes commands, options and names."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from importlib.resources import files

from .common import OK
from .sweeping import Commands

_HEAD = {"bash": "", "zsh": "autoload -U +X bashcompinit && bashcompinit\n"}
_TAKING_CLAIMS = ("solve", "sweep", "compare", "identify", "reproduce")


def add_completion(commands: Commands, parser: ArgumentParser) -> None:
    """Put ``completion`` into a parser, whose commands and options it completes."""
    completing = commands.add_parser(
        "completion",
        help='print a completion script: eval "$(landscape-control completion bash)"',
    )
    completing.add_argument("shell", choices=sorted(_HEAD))

    def run(options: Namespace) -> int:
        print(_HEAD[options.shell] + _script(commands.choices), end="")
        return OK

    completing.set_defaults(command=run)


def _script(parsers: Mapping[str, ArgumentParser]) -> str:
    from ...claims import all_claims

    names = " ".join(claim.name for claim in all_claims())
    cases = []
    for command, parser in parsers.items():
        options = [text for action in parser._actions for text in action.option_strings]
        claims = f" {names}" if command in _TAKING_CLAIMS else ""
        cases.append(f'      {command}) candidates="{" ".join(options)}{claims}" ;;')
    script = files(__package__).joinpath("static", "completion.bash").read_text(encoding="utf-8")
    return script.replace("@COMMANDS@", " ".join(parsers)).replace("@CASES@", "\n".join(cases))
