"""Computations that ask for numbers, carried on side by side, so that what they ask is answered at once.

Such a computation is a generator: it yields a list of questions, is sent the list of their answers,
and returns its result. Whoever drives several of them gives all their questions to one vectorised
function.
"""

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")
Asking = Generator[list[Any], list[Any], Result]  # questions out, answers in, a result at the end


def driven(asking: Asking[Result], answer: Callable[[list[Any]], list[Any]]) -> Result:
    """The result of a computation whose questions one function answers.

    An interruption (Ctrl-C) while they are answered is raised where they were asked.
    """
    step: Callable[[], list[Any]] = partial(next, asking)
    while True:
        try:
            questions = step()
        except StopIteration as end:
            return end.value
        try:
            step = partial(asking.send, answer(questions))
        except KeyboardInterrupt as stop:
            step = partial(asking.throw, stop)


def known(result: Result) -> Asking[Result]:
    """A computation that asks for nothing."""
    yield from ()
    return result


def together(
    each: Iterable[Asking[Result]], *, caught: tuple[type[Exception], ...] = ()
) -> Asking[list[Result | Exception | None]]:
    """The results of several computations, which ask together.

    Errors of the kinds ``caught`` stand in place of the result of the computation that raised them,
    None where an interruption left it without one; it is raised where all are without.
    """
    side_by_side = _Together(list(each), caught)
    stop: KeyboardInterrupt | None = None
    while side_by_side.asked:
        try:
            answers = yield side_by_side.questions()
            side_by_side.go_on(answers)
        except KeyboardInterrupt as interruption:
            stop = interruption
            side_by_side.interrupt(stop)
    if stop is not None and all(result is None for result in side_by_side.results):
        raise stop
    return side_by_side.results


def all_driven(
    each: Iterable[Asking[Result]], answer: Callable[[list[Any]], list[Any]]
) -> list[Result]:
    """The results of computations that go on together; an interruption is raised."""
    results = []
    for result in driven(together(each), answer):
        if result is None or isinstance(result, Exception):
            raise KeyboardInterrupt
        results.append(result)
    return results


class _Together:
    """Several computations and what each of them asks; ``results`` of those that have ended."""

    def __init__(self, each: list[Asking], caught: tuple[type[Exception], ...]):
        self.each, self._caught = each, caught
        self.results: list[Any] = [None] * len(each)
        self.asked: dict[int, list[Any]] = {}
        for k, one in enumerate(each):
            self._advance(k, partial(next, one))

    def questions(self) -> list[Any]:
        """All that is asked."""
        return [question for own in self.asked.values() for question in own]

    def go_on(self, answers: list[Any]) -> None:
        """Hand out the answers."""
        place = 0
        for k, own in list(self.asked.items()):
            given = answers[place : place + len(own)]
            place += len(own)
            self._advance(k, partial(self.each[k].send, given))

    def interrupt(self, stop: KeyboardInterrupt) -> None:
        """Interrupt all that have not ended; those that know of nothing end without a result."""
        for k in list(self.asked):
            try:
                self._advance(k, partial(self.each[k].throw, stop))
            except KeyboardInterrupt:
                del self.asked[k]

    def _advance(self, k: int, step: Callable[[], list[Any]]) -> None:
        try:
            self.asked[k] = step()
        except StopIteration as end:
            self.asked.pop(k, None)
            self.results[k] = end.value
        except self._caught as error:
            self.asked.pop(k, None)
            self.results[k] = error
