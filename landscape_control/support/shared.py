"""Results that several callers share, kept while anyone uses them and a few beyond: no dead problem
is held on to.
"""

import functools
from collections import OrderedDict
from threading import RLock
from weakref import WeakValueDictionary


def shared(recent: int):
    """Decorator: the same arguments give the same object while it is in use, or among the
    ``recent`` last ones asked for.

    In place of a cache of fixed size, which keeps alive as many problems with their compiled
    functions as it is long, or forgets those that are still in use. Arguments must be hashable,
    results must allow weak references.
    """

    def decorate(make):
        alive: WeakValueDictionary = WeakValueDictionary()
        latest: OrderedDict = OrderedDict()
        lock = RLock()

        @functools.wraps(make)
        def found(*key):
            with lock:
                result = alive.get(key)
                if result is None:
                    result = alive[key] = make(*key)
                latest[key] = result
                latest.move_to_end(key)
                if len(latest) > recent:
                    latest.popitem(last=False)
                return result

        found.alive, found.latest = alive, latest
        return found

    return decorate


def kept_on_first(most: int):
    """Decorator: results are kept on the first argument, ``most`` of them, and go with it; the
    others must be hashable.
    """

    def decorate(make):
        place = f"_kept {make.__module__}.{make.__qualname__}"

        @functools.wraps(make)
        def found(owner, *key):
            kept = owner.__dict__.setdefault(place, {})
            if key not in kept:
                if len(kept) >= most:
                    kept.pop(next(iter(kept)), None)
                kept[key] = make(owner, *key)
            return kept[key]

        return found

    return decorate
