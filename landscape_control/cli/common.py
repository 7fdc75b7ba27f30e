"""What the commands share: exit statuses, and JSON on standard output."""

import json

OK, SHORT, BAD, INTERRUPTED = 0, 1, 2, 130


def print_json(document) -> int:
    """Print a document as JSON; solutions, which are long, on one line."""
    print(
        json.dumps(
            document,
            indent=None if isinstance(document, dict) and "plans" in document else 1,
            ensure_ascii=True,
            allow_nan=False,
        )
    )
    return OK
