"""`python -m msopt_tui` is `msopt-tui`."""

import sys

from msopt_tui.cli import main

sys.exit(main())
