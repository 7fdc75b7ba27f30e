"""``python -m landscape_control.display.cli``."""

import sys

from . import main

sys.exit(main())
