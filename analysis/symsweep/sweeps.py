"""Sweeps from Python: symsweep.sweep({...}).check() and .run(ranks=...)."""

from __future__ import annotations

import contextlib
import html
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .results import Results, load

STOPPED = 75  # exit code of a job that ended with work left


class SweepError(Exception):
    """A sweep that is refused or could not be trained; the message is the program's."""


def program() -> Path:
    """The program: $SYMSWEEP_BINARY, that of the tree or prefix in which this package lies, or the one in PATH."""
    own = Path(__file__).resolve().parents
    known = [os.environ.get("SYMSWEEP_BINARY"), own[2] / "build" / "symsweep", own[4] / "bin" / "symsweep", shutil.which("symsweep")]
    for place in known:
        if place and os.access(place, os.X_OK) and os.path.isfile(place):
            return Path(place)
    raise SweepError("no program symsweep: build it (scripts/build), put it into PATH, or name it in SYMSWEEP_BINARY")


def launcher(binary: Path, ranks: int) -> list[str]:
    """What stands in front of the program for a job of several ranks on this machine."""
    if ranks == 1:
        return []
    for place in (binary.parent.parent / "scripts" / "launch", binary.parent.parent / "share" / "symsweep" / "scripts" / "launch"):
        if place.exists():
            return [str(place), str(ranks)]
    return ["mpirun", "-n", str(ranks)]


def sweep(content: Mapping[str, Any] | str | os.PathLike[str], folder: str | os.PathLike[str] = ".") -> Sweep:
    """A sweep: the content of a sweep file as a dictionary, whose results and relative file names belong to `folder`, or the
    name of a sweep file."""
    return Sweep(content, folder)


class Sweep:
    """content: the sweep as a dictionary; path: of its file, None where it has none."""

    def __init__(self, content: Mapping[str, Any] | str | os.PathLike[str], folder: str | os.PathLike[str] = ".") -> None:
        self.path: Path | None = None
        if isinstance(content, Mapping):
            self.content, self.folder = {"name": "sweep", **content}, Path(folder)
        else:
            self.path = Path(content)
            self.folder = self.path.parent
            try:
                self.content = json.loads(self.path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise SweepError("%s: %s" % (self.path, error)) from None

    @contextlib.contextmanager
    def _file(self) -> Iterator[Path]:
        """The sweep as a file: its own, or one that is there meanwhile, in its folder, since names in it are relative."""
        if self.path is not None:
            yield self.path
            return
        descriptor, name = tempfile.mkstemp(prefix=".symsweep-", suffix=".json", dir=self.folder)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(self.content, file, indent=2, allow_nan=False)
            yield Path(name)
        finally:
            os.unlink(name)

    def check(self) -> Plan:
        """The plan of a valid sweep (`symsweep check --json`): runs, axes, models, estimated time, leaks. SweepError tells all
        that is wrong with another."""
        with self._file() as path:
            done = subprocess.run([str(program()), "check", "--json", str(path)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        try:
            found = json.loads(done.stdout)
        except ValueError:
            raise SweepError(done.stderr.strip() or "symsweep check ended with %d" % done.returncode) from None
        if not found.get("valid"):
            raise SweepError("\n".join("%s: %s%s" % (e["path"], e["message"], "; " + e["hint"] if e.get("hint") else "") for e in found["errors"]))
        if self.path is None:
            found["sweep"] = self.content["name"]
        return Plan(found)

    def run(self, ranks: int = 1, output: str | os.PathLike[str] | None = None, fresh: bool = False, time_limit: str | None = None,
            progress: bool = True) -> Results:
        """Trains what the results file does not hold yet, on this machine, and loads it. `ranks` processes under mpirun: one hands
        out runs, the others train; 1 = a single process without mpirun. Interrupted, or at its time limit ("90m"), it keeps
        checkpoints: run() again goes on. Progress goes to the notebook or to stderr."""
        target = Path(output) if output is not None else Path(self.check()["output"])
        binary = program()
        with self._file() as path, tempfile.TemporaryFile("w+") as messages:
            command = [*launcher(binary, ranks), str(binary), "--no-progress", "--output", str(target)]
            command += (["--fresh"] if fresh else []) + (["--time-limit", time_limit] if time_limit else []) + [str(path)]
            job = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=messages, process_group=0)
            shown = Progress(target.with_name(target.name + ".status.json")) if progress else None
            code = _wait(job, shown, signal.SIGINT if ranks == 1 else signal.SIGUSR1)
            messages.seek(0)
            said = messages.read().strip()
        if code not in (0, 1, STOPPED):
            raise SweepError(said or "symsweep ended with %d" % code)
        if code != 0:
            reason = "some run failed" if code == 1 else "work is left: run() again goes on"
            print("symsweep: %s" % reason, file=sys.stderr)
        return load(target)

    def __repr__(self) -> str:
        return "<symsweep sweep %s>" % self.content.get("name", self.path)


def _wait(job: subprocess.Popen[bytes], shown: Progress | None, stop: signal.Signals) -> int:
    """Exit code of the job. An interrupt is passed on as the signal that ends it with checkpoints, a second one kills it."""
    asked = False
    while True:
        try:
            code = job.wait(timeout=0.5)
            if shown:
                shown.update(last=True)
            return code
        except subprocess.TimeoutExpired:
            if shown:
                shown.update()
        except KeyboardInterrupt:
            if asked:
                job.kill()
                raise
            asked = True
            job.send_signal(stop)


class Progress:
    """How far a job is, from the status file beside its results, as a line that is written over."""

    def __init__(self, path: Path) -> None:
        self.path, self.begun, self.line, self.handle = path, time.time(), "", None
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        self.notebook = shell is not None and hasattr(shell, "kernel")

    def text(self) -> str | None:
        """None where this job has written no status yet."""
        try:
            status = json.loads(self.path.read_text(encoding="utf-8"))
            if status["updated_unix"] < self.begun - 1:
                return None
            runs = status["runs"]
            done = runs["done"] + runs["failed"]
            words = ["%s: %d of %d runs" % (status["sweep"], done, runs["total"])]
            words += ["%d failed" % runs["failed"]] if runs["failed"] else []
            words += ["%d in training" % runs["running"]] if runs["running"] else []
            words += ["%.0f steps/s" % status["steps_per_second"]] if status.get("steps_per_second") else []
            words += ["%.0f s left" % status["eta_seconds"]] if status.get("eta_seconds") else []
        except (OSError, ValueError, KeyError, TypeError):
            return None
        width = 20 * done // max(runs["total"], 1)
        return "[%s%s] %s" % ("#" * width, "." * (20 - width), ", ".join(words))

    def update(self, last: bool = False) -> None:
        text = self.text()
        if text is not None and text != self.line:
            if self.notebook:
                self._display(text)
            elif sys.stderr.isatty():
                print("\r\x1b[K" + text, end="", file=sys.stderr, flush=True)
            else:
                print(text, file=sys.stderr, flush=True)
            self.line = text
        if last and self.line and not self.notebook and sys.stderr.isatty():
            print(file=sys.stderr)

    def _display(self, text: str) -> None:
        display = sys.modules["IPython"].display
        shown = display.HTML("<pre>%s</pre>" % html.escape(text))
        if self.handle is None:
            self.handle = display.display(shown, display_id=True)
        else:
            self.handle.update(shown)


class Plan(dict[str, Any]):
    """What `symsweep check --json` says of a sweep."""

    def _rows(self) -> list[tuple[str, str]]:
        estimate = self["estimate"]
        return [("runs", str(self["runs"])), ("axes", ", ".join(axis["path"] for axis in self["axes"]) or "none"),
                ("models", "; ".join("%s, %s: %d parameters" % (m["task"], m["model"], m["parameters"]) for m in self["models"])),
                ("core hours", "%.3g" % estimate["core_hours"]), ("longest run", "%.3g s" % estimate["longest_run_seconds"]),
                ("advised ranks", str(estimate["advised_ranks"])), ("results file", "%.3g MB in %s" % (estimate["file_bytes"] / 1e6, self["output"])),
                *(("warning", "%s: %s" % (w["path"], w["message"])) for w in self["warnings"])]

    def __repr__(self) -> str:
        return "\n".join(["<symsweep plan %s>" % self["name"], *("%-14s %s" % row for row in self._rows())])

    def _repr_html_(self) -> str:
        cells = "".join("<tr><th>%s</th><td>%s</td></tr>" % (html.escape(a), html.escape(b)) for a, b in self._rows())
        return "<p><b>%s</b></p><table>%s</table>" % (html.escape(self["name"]), cells)
