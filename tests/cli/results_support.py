"""Results files and the program for the tests of status, show, export, merge and recover."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "store"))
from support import BINARY, STATES, WRITER, Folder, make_file, states  # noqa: E402,F401


def run(*arguments, code=0, **options):
    """stdout of the program; its exit code must be `code`. With another code than 0, (stdout, stderr)."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, **options)
    if done.returncode != code:
        raise AssertionError(f"{arguments}: exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
    return done.stdout if code == 0 else (done.stdout, done.stderr)


class Live:
    """A file that a writer holds: all runs trained but the last, which is running."""

    def __init__(self, path, runs, evaluations):
        self.arguments = [WRITER, "--live", path, str(runs), str(evaluations)]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"
        return self.process

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
