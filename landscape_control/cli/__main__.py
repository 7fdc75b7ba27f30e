"""``python -m landscape_control.cli``."""

import sys

from . import main

sys.exit(main())
