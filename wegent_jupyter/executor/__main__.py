"""Run the executor with `python -m wegent_jupyter.executor`."""

import sys

from wegent_jupyter.executor.main import main

sys.exit(main())
