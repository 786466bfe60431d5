"""Print what came of a test from a device."""

import argparse
import sys

from wegent_jupyter.cli.screen import clean
from wegent_jupyter.cli.tables import print_json
from wegent_jupyter.protocol.models import TestResult

FAILED = 1


def print_test(options: argparse.Namespace, result: TestResult, device: str) -> int:
    """Print it, and return the exit status."""
    status = 0 if result.ok else FAILED
    if options.json:
        print_json(result)
        return status
    took = f" ({result.seconds:.1f} s)" if result.seconds is not None else ""
    if result.ok:
        print(clean(f"✓ From {device}: {result.message}{took}"))
        return status
    print(clean(f"✕ From {device}: {result.message}"), file=sys.stderr)
    if result.fix:
        print(clean(f"  What to do: {result.fix}"), file=sys.stderr)
    return status
