"""Results that several callers share, kept while anyone uses them and a few beyond."""

import functools
from collections import OrderedDict
from collections.abc import Callable
from threading import RLock
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakValueDictionary

P = ParamSpec("P")
R = TypeVar("R")


def shared(recent: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: the same arguments give the same object while it is in use, and a few beyond.

    ``recent`` says how many: so many last ones asked for stay alive.
    In place of a cache of fixed size, which keeps alive as many problems with their compiled
    functions as it is long, or forgets those that are still in use. Arguments must be hashable,
    results must allow weak references.
    """

    def decorate(make: Callable[P, R]) -> Callable[P, R]:
        alive: WeakValueDictionary[tuple, Any] = WeakValueDictionary()
        latest: OrderedDict[tuple, Any] = OrderedDict()
        lock = RLock()

        def shared_result(*key: Any) -> R:
            with lock:
                result = alive.get(key)
                if result is None:
                    result = alive[key] = cast(Callable[..., R], make)(*key)
                latest[key] = result
                latest.move_to_end(key)
                if len(latest) > recent:
                    latest.popitem(last=False)
                return result

        vars(shared_result).update(alive=alive, latest=latest)  # for tests
        return cast(Callable[P, R], functools.wraps(make)(shared_result))

    return decorate


def kept_on_first(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: results are kept on the first argument, ``most`` of them, and go with it.

    The other arguments must be hashable.
    """

    def decorate(make: Callable[P, R]) -> Callable[P, R]:
        place = f"_kept {make.__module__}.{make.__qualname__}"

        def kept_result(owner: Any, *key: Any) -> R:
            kept = owner.__dict__.setdefault(place, {})
            if key not in kept:
                if len(kept) >= most:
                    kept.pop(next(iter(kept)), None)
                kept[key] = cast(Callable[..., R], make)(owner, *key)
            return kept[key]

        return cast(Callable[P, R], functools.wraps(make)(kept_result))

    return decorate
