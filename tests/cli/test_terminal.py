#!/usr/bin/python3
"""Nothing of a file, or of a sweep, reaches a terminal raw: labels, names, hosts, errors, paths, status files, messages."""
import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import unicodedata
import unittest

import h5py
import numpy as np

from results_support import BINARY as GIVEN
from results_support import Folder, Live, make_file, run

BINARY = GIVEN.resolve()
NASTY = "\x1b[31mred\x07\x9b0m\x7f‮⁦\u2028￹\U000e0041"
SCENE = {"name": "x'\"&<b>\u009b1m", "description": "</script><img src=x onerror=alert(1)>\u001b]0;t\u0007",
         "run": {"task": {"kind": "modular", "operation": "add", "p": 7}, "model": {"d_model": 8, "heads": 2},
                 "train_fraction": 0.6, "steps": 60, "evaluate": {"every": 10, "tuples": 50}},
         "cases": [{"label": "</script><img src=x onerror=alert(2)>"}, {"label": "=cmd|'/C calc'!A0", "optimizer.weight_decay": 0.5},
                   {"label": "a\u2028b\u0007\u001b[31m $x^2$ \\frac{", "optimizer.weight_decay": 0.25}],
         "grid": {"seed": [0, 1], "train_fraction": [0.5, 0.6]}}


def bad_characters(text):
    """Control characters but a line's end, and what changes the direction or breaks lines."""
    return {c for c in text if c != "\n" and (unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") or c == "�")}


class Terminal(unittest.TestCase):
    def setUp(self):
        self.keeper = Folder()
        self.folder = self.keeper.__enter__()
        self.results = self.folder / "r.h5"

    def tearDown(self):
        self.keeper.__exit__()

    def clean(self, *arguments, code=0, cwd=None):
        """Everything that a command prints; it must be harmless."""
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, cwd=cwd)
        self.assertEqual(done.returncode, code, (arguments, done))
        text = (done.stdout + done.stderr).decode("utf-8")  # and it is UTF-8
        self.assertEqual(bad_characters(text), set(), (arguments, text))
        return text

    def test_a_sweep(self):
        """From its check to its closing table; columns stay where they are."""
        sweep = self.folder / "s.json"
        sweep.write_text(json.dumps(SCENE))
        self.assertIn(r"a\u2028b\x07\x1b[31m $x^2$ \frac{", self.clean("check", sweep, "--list", "runs"))
        listed = json.loads(self.clean("check", sweep, "--json", "--list", "runs"))
        label = SCENE["cases"][2]["label"]
        self.assertIn(json.dumps(label), json.dumps(listed))
        text = self.clean(sweep, "-o", self.results)
        self.assertIn(r"a\u2028b\x07\x1b[31m", text)
        table = self.clean("status", self.results)
        row = next(line for line in table.splitlines() if line.startswith("    8 "))
        head = next(line for line in table.splitlines() if line.startswith("  run   seed"))
        self.assertLessEqual(len(row), 80)
        self.assertEqual(row[head.index("    test  ") + 10:], "\u2026^2$ \\frac{, 0.5")
        self.assertIn("a\\u2028b", table)
        for arguments in (["status", self.results, "--all"], ["show", self.results, "--run", 8]):
            self.assertIn(r"a\u2028b", self.clean(*arguments))
        self.assertEqual(json.loads(self.clean("status", self.results, "--json"))["runs"][8]["label"], label)
        self.assertEqual(json.loads(self.clean("show", self.results, "--run", 8, "--json"))["label"], label)

    def test_a_file(self):
        """Texts that no sweep could have put there."""
        make_file(self.results, 5, 6)
        raw = NASTY.encode() + b"\xff\xfe"
        with h5py.File(self.results, "r+", libver="latest") as file:
            file.attrs["sweep_name"] = NASTY
            file.attrs["created_utc"] = NASTY
            for path in ("runs/label", "runs/task", "runs/axes/task.operation"):
                file[path][0:2] = [raw, raw]
            for path in ("runs/host", "runs/error"):
                block = np.tile(np.frombuffer(raw.ljust(256, b"\0"), "S1"), (5, 1))
                file[path].id.write(h5py.h5s.ALL, h5py.h5s.ALL, block, file[path].id.get_type())
            file["runs/config"][1] = b'{"a": "' + raw + b'",\x1b "b\n": 1}'
            file["runs/config"][2] = raw
        for arguments in (["status"], ["status", "--all"], ["show", "--run", 0], ["show", "--run", 1], ["show", "--run", 2],
                          ["show", "--run", 3]):
            self.assertIn(r"\x1b[31mred\x07\u009b0m\x7f\u202e", self.clean(*arguments, self.results))
        self.assertIn(r"\xff\xfe", self.clean("show", "--run", 3, self.results))
        for arguments in (["status", "--json"], ["show", "--run", 0, "--json"], ["show", "--run", 1, "--json"]):
            json.loads(self.clean(*arguments, self.results), strict=True)
        odd = self.folder / "odd.h5"
        with h5py.File(odd, "w") as file:
            file.attrs["format"] = "symsweep"
            file.attrs["format_version"] = 1
            file["a" + NASTY] = h5py.SoftLink("/x")
        self.assertIn(r"/a\x1b[31mred", self.clean("status", odd, code=3))

    def test_names_of_files(self):
        name = "r\x1b[2J\n.h5"
        make_file(self.results, 2, 3)
        shutil.move(self.results, self.folder / name)
        self.clean("status", "not" + name, code=3, cwd=self.folder)
        self.clean("export", name, "-o", "/nowhere/" + name, code=3, cwd=self.folder)
        (self.folder / "s\x1b[2J.json").write_text('{"name": "x", "r\\u001bun": "\u202e", "run": {"task": {"kind": "\u009b"}}}')
        text = self.clean("check", "s\x1b[2J.json", code=2, cwd=self.folder)
        self.assertIn(r"s\x1b[2J.json:1:", text)
        self.assertIn(r"\u009b", text)
        json.loads(subprocess.run([BINARY, "check", "--json", "s\x1b[2J.json"], capture_output=True, cwd=self.folder).stdout)

    def test_a_status_file(self):
        status = self.folder / "r.h5.status.json"
        good = {"format": "symsweep-status", "format_version": 1, "sweep": NASTY, "state": "running", "exit_code": -1,
                "host": NASTY, "pid": 1, "started_utc": NASTY[:9], "updated_utc": NASTY[:9], "updated_unix": 1,
                "runs": {"total": 1, "done": 0, "failed": 0, "running": 1, "left": 0}, "steps_per_second": 1, "eta_seconds": 1,
                "in_training": [{"run": 0, "worker": 0, "label": NASTY[:40], "step": 1, "steps": 2, "train_accuracy": None,
                                 "test_accuracy": None}]}
        status.write_text(json.dumps(good, ensure_ascii=True) + "\n")
        self.assertIn(r"host \x1b[31mred", self.clean("status", status))
        status.write_text(json.dumps(dict(good, sweep=NASTY[12:]), ensure_ascii=False).replace("\x7f", "") + "\n")
        self.clean("status", status)
        self.assertEqual(json.loads(self.clean("status", "--json", status))["host"], NASTY.replace("\x7f", ""))
        for text in ('{"format":"symsweep-status","format_version":1,"host":"\x1b[31m"}', "[" * 50000,
                     json.dumps(dict(good, more="x" * 70000)), json.dumps(good) + "\x1b[31m", ""):
            status.write_text(text)
            for more in ([], ["--json"]):
                self.assertIn("is no status file of symsweep", self.clean("status", *more, status, code=3))
        with status.open("wb") as file:
            file.truncate(1 << 40)  # what is not read takes no memory
        self.assertIn("is no status file", self.clean("status", status, code=3))
        status.unlink()
        os.mkfifo(status)
        self.assertIn("is no status file", self.clean("status", status, code=3))

    def test_tables(self):
        """CSV is faithful in a file, quoted for spreadsheets on request, and harmless on a terminal."""
        make_file(self.results, 5, 6)
        texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"]
        with h5py.File(self.results, "r+", libver="latest") as file:
            file["runs/label"][:] = [t.encode() for t in texts]
            file["runs/task"][0] = ('=HYPERLINK("x", 1)\r\n' + NASTY).encode()

        def column(name, *more):
            return [row[name] for row in csv.DictReader(io.StringIO(run("export", self.results, *more), newline=""))]

        self.assertEqual(column("label"), texts)
        self.assertEqual(column("label", "--spreadsheet"), ["'" + t for t in texts])
        self.assertEqual(column("final.train_loss", "--spreadsheet"), column("final.train_loss"))
        self.assertTrue(column("task", "--spreadsheet")[0].startswith("'=HYPERLINK(\"x\", 1)"))
        master, slave = pty.openpty()
        done = subprocess.Popen([BINARY, "export", self.results], stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(master)
        done.communicate()
        self.assertEqual(bad_characters(shown.decode("utf-8").replace("\r\n", "\n")), set())
        self.assertIn(rb"\x1b[31mred", shown)

    def test_a_live_file(self):
        """The writer's name comes from the lock beside the file."""
        with Live(self.results, 3, 4):
            lock = self.folder / "r.h5.lock"
            text = lock.read_text()
            lock.write_text(re.sub(r"job .*\n", "job \x1b[31m\u202e\n", text))
            self.assertIn(r"job \x1b[31m\u202e", self.clean("status", self.results))
            lock.write_text(text)


class Damage(unittest.TestCase):
    """A row whose checksum does not fit is damaged wherever it is told of."""

    def test_one_truth(self):
        with Folder() as folder:
            path, good = folder / "r.h5", folder / "good.h5"
            make_file(path, 5, 6)
            shutil.copy(path, good)
            with h5py.File(path, "r+", libver="latest") as file:
                file["curves/train_loss"][1, 2] += 1
                file["runs/final/test_accuracy"][4] = 1
            with h5py.File(path) as file:
                ids = [text.decode() for text in file["runs/id"]]
            damaged = [1, 4]

            def told(name):
                status = json.loads(run("status", "--json", name))["runs"]
                table = list(csv.DictReader(io.StringIO(run("export", name))))
                curves = {row["run"] for row in csv.DictReader(io.StringIO(run("export", "--curves", name)))}
                for r in range(5):
                    shown = json.loads(run("show", name, "--run", r, "--json"))
                    bad = status[r]["damaged"]
                    self.assertEqual(shown["damaged"], bad)
                    self.assertEqual(table[r]["status"] == "damaged", bad)
                    self.assertEqual(str(r) in curves, not bad)
                    self.assertEqual(table[r]["id"], ids[r])
                    self.assertNotEqual(table[r]["final.test_accuracy"], "")  # what is there is shown, and marked
                return [r for r in range(5) if status[r]["damaged"]]

            self.assertEqual(told(path), damaged)
            said = subprocess.run([BINARY, "export", "--curves", path], capture_output=True, text=True).stderr
            self.assertIn("run 1 is damaged: its checksum does not fit; its curves are left out", said)
            run("export", path, "--compact", folder / "compact.h5")
            self.assertEqual(told(folder / "compact.h5"), damaged)
            run("merge", "-o", folder / "alone.h5", path)
            self.assertEqual(told(folder / "alone.h5"), damaged)
            run("merge", "-o", folder / "both.h5", path, good)
            self.assertEqual(told(folder / "both.h5"), [])


if __name__ == "__main__":
    unittest.main()
