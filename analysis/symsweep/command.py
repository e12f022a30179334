"""What the command lines of report, serve, figures and refinement have in common."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from . import words
from .hdf5 import ResultsError
from .results import load as load_results

if TYPE_CHECKING:
    from .results import Results

WAIT = 10.0
PR_SET_PDEATHSIG = 1
CRASHES = [-number for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)]


class Refusal(Exception):
    """What was asked cannot be made; the message says why, and what to do."""


def add_results(parser: argparse.ArgumentParser, nargs: str = "+") -> None:
    """The arguments of every command that reads results."""
    parser.add_argument("results", nargs=nargs, help="results file; several are joined by run id")
    add_reading(parser)


def add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="with the rows of former plans: runs of the file that the sweep no longer has")
    parser.add_argument("--wait", type=float, default=WAIT, metavar="SECONDS",
                        help="wait so long for a file that does not open: its writer may be starting or ending (%g)" % WAIT)


def load(options: argparse.Namespace, paths: Iterable[str] | None = None) -> Results:
    """The results that the options name, and on stderr what of them does not count."""
    results = load_results(paths or options.results, wait=options.wait)
    for line in results.left_out(options.all):
        print("note: %s" % words.visible(line), file=sys.stderr)
    return results


def end_with(parent: int) -> None:
    """This process is killed when its parent ends, and ends at once when that has ended already."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(3)


def guarded(main: Callable[[], int]) -> int:
    """main() in a child process: a file can be damaged so that the HDF5 library crashes on it, and that is to be one line
    as well. The child ends when this process does."""
    sys.stdout.flush()
    parent, child = os.getpid(), os.fork()
    if child == 0:
        end_with(parent)
        return main()
    while True:
        try:
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            break
        except KeyboardInterrupt:
            pass  # the child has it too
    if status in CRASHES:
        print("%s: error: the HDF5 library crashed (%s): a results file is damaged; `symsweep status FILE` tells which"
              % (os.path.basename(sys.argv[0]), signal.Signals(-status).name), file=sys.stderr)
        return 3
    return status if status >= 0 else 128 - status


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, work: Callable[[argparse.Namespace], None]) -> int:
    """Exit code of work(options): 0, 2 of a wrong command line, 3 with one line of what is wrong with the files."""
    options = parser.parse_args(arguments)
    try:
        work(options)
    except (ResultsError, Refusal) as error:
        message = str(error)
    except OSError as error:
        message = "%s: %s" % (error.filename, error.strerror) if error.filename else str(error)
    except MemoryError as error:
        message = "out of memory: %s" % error
    else:
        return 0
    print("%s: error: %s" % (parser.prog, words.visible(message)), file=sys.stderr)
    return 3
