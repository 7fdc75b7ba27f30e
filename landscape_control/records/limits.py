"""What a file may ask for: sizes are compared with these limits before memory is allocated."""

from ..support.errors import ProblemError

MOST_BYTES = 2**31  # of one file
ALWAYS_BYTES = 2**26  # of arrays and texts, whatever the size of the file they come from
# of arrays and texts for every byte of the file, beyond that; ``save`` compresses no more than this
BYTES_PER_BYTE = 20
MOST_OBJECTS = 50_000  # groups and arrays
MOST_ATTRIBUTES = 1_000  # of one object
DEEPEST_GROUP = 16
MOST_AXES = 8  # of one array
LONGEST_ATTRIBUTE = 2**20  # bytes of a text

BYTES_PER_BRACKET, BYTES_PER_COMMA = 80, 30  # of what a JSON text becomes (measured)
DEEPEST_TREE = 48  # lists and objects of JSON inside one another
# of an object in a problem's text; they take time to build rather than memory
BYTES_PER_PART = 4_000
# of a function, for each of its operations, when a problem is built with it (measured)
BYTES_PER_STEP = 1_000
# of a function, for each entry of its inputs; they take time to build rather than memory
BYTES_PER_INPUT = 250
FREE_ENTRIES = 50_000  # entries of a function's inputs, whatever its length; beyond that
ENTRIES_PER_STEP = 10

FREE_CHUNKS = 100  # of one array; beyond that
BYTES_PER_CHUNK = 2**13  # on average: the HDF5 library looks through all chunks to find one
MOST_CHUNKS = 30_000  # of all arrays
# different names of attributes with texts, which are looked for in all of the file; beyond that
FREE_NAMES = 60
BYTES_OF_NAMES = 2**30  # to look through, for all names together

# of an n x n matrix, that a problem of n parameters takes when it is built (measured)
BYTES_PER_ENTRY = 180
LARGEST_COUNT = 10_000  # of units, lags, …, of a family of policies
MOST_POLICY_STEPS = 10**6  # of the horizon of a policy

BYTES_PER_CODED_TEXT = 8  # of a text that stands for a code, which many share

MOST_CELLS = 2 * 10**7  # of a sweep


def most_bytes_of(size: int) -> int:
    """How many bytes the arrays and texts of a file of ``size`` bytes may have, unless the user
    says otherwise.
    """
    return max(ALWAYS_BYTES, BYTES_PER_BYTE * size)


class Budget:
    """Counts what a file asks for; refuses what goes beyond its limits.

    ``most_bytes`` is the limit of all arrays and texts together.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes, self.objects, self.chunks = most_bytes, 0, 0, 0

    def take(self, place: str, size: int) -> None:
        """Count ``size`` bytes, before they are allocated."""
        self.bytes += size
        if self.bytes > self.most_bytes:
            raise ProblemError(
                place,
                expected=(
                    f"at most {self.most_bytes / 2**20:.0f} MB of arrays and texts in this file"
                ),
                received=f"{self.bytes / 2**20:.0f} MB up to here",
                advice=(
                    "a file that unfolds to so much may be damaged or hostile; if you know where"
                    f" it comes from, load(path, most_bytes={2 * self.bytes}) takes it"
                ),
            )

    def take_object(self, place: str) -> None:
        """Count a group or an array."""
        self.objects += 1
        if self.objects > MOST_OBJECTS:
            raise ProblemError(
                place,
                expected=f"at most {MOST_OBJECTS} groups and arrays",
                received="more",
                advice="records of this library have far fewer: save the result again",
            )

    def take_chunks(self, place: str, count: int, size: int) -> None:
        """Count the chunks of an array of ``size`` bytes."""
        self.chunks += count
        most = FREE_CHUNKS + size // BYTES_PER_CHUNK
        if count > most or self.chunks > MOST_CHUNKS + self.most_bytes // BYTES_PER_CHUNK:
            raise ProblemError(
                place,
                expected=f"at most {most} chunks of an array of {size} bytes",
                received=f"{count}",
                advice="records of this library have fewer and larger ones: save the result again",
            )
