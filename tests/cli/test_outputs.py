#!/usr/bin/python3
"""What is written destroys nothing: no input, no file of somebody else, no device, no FIFO, nothing behind a link."""
import contextlib
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import threading
import unittest

import h5py

from results_support import BINARY, Folder, make_file, run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "analysis"))
from symsweep import figures, report  # noqa: E402

SWEEP = {"name": "s", "run": {"task": {"kind": "modular", "operation": "add", "p": 5}, "model": {"d_model": 8, "heads": 2},
                              "train_fraction": 0.6, "steps": 20, "evaluate": {"every": 10}}, "grid": {"seed": [0, 1]}}
DIARY = b"dear diary, this was mine before\n"


def job(*arguments, code=0):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done)
    return done.stderr


def picture(path):
    """What is there, links not followed."""
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    held = os.readlink(path) if stat.S_ISLNK(info.st_mode) else path.read_bytes() if stat.S_ISREG(info.st_mode) else None
    return info.st_ino, kind, held


class Canaries(unittest.TestCase):
    def setUp(self):
        self.keeper = Folder()
        self.folder = self.keeper.__enter__()
        self.sweep = self.folder / "sweep.json"
        self.sweep.write_text(json.dumps(SWEEP))
        self.diary = self.folder / "diary.txt"
        self.diary.write_bytes(DIARY)

    def tearDown(self):
        self.assertEqual(self.diary.read_bytes(), DIARY)
        self.keeper.__exit__()

    def intruders(self, path):
        """Things that may stand at a name, one after the other, each made and removed again."""
        makers = {"file": lambda: path.write_bytes(DIARY), "link": lambda: path.symlink_to(self.diary),
                  "dangling link": lambda: path.symlink_to(self.folder / "nowhere"), "folder": path.mkdir,
                  "FIFO": lambda: os.mkfifo(path), "hard link": lambda: os.link(self.diary, path)}
        for name, make in makers.items():
            make()
            yield name
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


class SideFiles(Canaries):
    """What the job keeps beside its results for itself."""

    def test_what_is_not_ours_is_left(self):
        results = self.folder / "r.h5"
        for suffix in (".lock", ".new", ".status.json", ".status.json.new"):
            side = pathlib.Path(str(results) + suffix)
            for kind in self.intruders(side):
                with self.subTest(suffix=suffix, kind=kind):
                    before = picture(side)
                    self.assertIn(side.name + " is in the way", job(self.sweep, "-o", results, code=3))
                    self.assertEqual(picture(side), before)
                    self.assertFalse(results.exists())
                    self.assertFalse((self.folder / "nowhere").exists())

    def test_the_same_with_results_there(self):
        """Going on, --fresh and recover, beside a file that holds runs."""
        results = self.folder / "r.h5"
        job(self.sweep, "-o", results)
        whole = results.read_bytes()
        SWEEP_MORE = dict(SWEEP, grid={"seed": [0, 1, 2]})
        self.sweep.write_text(json.dumps(SWEEP_MORE))
        for suffix in (".lock", ".new"):
            side = pathlib.Path(str(results) + suffix)
            for kind in self.intruders(side):
                for command in ([self.sweep, "-o", results], [self.sweep, "--fresh", "-o", results], ["recover", results]):
                    with self.subTest(suffix=suffix, kind=kind, command=command[0]):
                        before = picture(side)
                        self.assertIn(side.name + " is in the way", job(*command, code=3))
                        self.assertEqual(picture(side), before)
                        self.assertEqual(results.read_bytes(), whole)
        job("status", results)

    def test_a_copy_under_the_temporary_name(self):
        """A whole results file is nobody's rubbish, unless the lock tells of a writer that was killed."""
        results, side = self.folder / "r.h5", self.folder / "r.h5.new"
        job(self.sweep, "-o", results)
        shutil.copy(results, side)
        before = picture(side)
        self.assertIn("r.h5.new is in the way", job(self.sweep, "-o", results, code=3))
        self.assertEqual(picture(side), before)
        (self.folder / "r.h5.lock").write_text("symsweep lock 1\nhost %s\nboot none\npid 1\nstart 1\njob \nsince then\n"
                                               "counter 00000000000000000001\n" % os.uname().nodename)
        job(self.sweep, "-o", results)
        self.assertFalse(side.exists())

    def test_what_a_kill_leaves_goes(self):
        """Half a file, an empty one, and one that is full of zeros."""
        results, side = self.folder / "r.h5", self.folder / "r.h5.new"
        job(self.sweep, "-o", results)
        whole = results.read_bytes()
        being_written = whole[:11] + b"\x05" + whole[12:len(whole) // 2]
        for left in (being_written, b"", bytes(5000)):
            for name in (side, self.folder / "r.h5.status.json.new"):
                name.write_bytes(left if name == side or left != being_written else b'{"format":"symsweep-status","for')
            job(self.sweep, "-o", results)
            self.assertFalse(side.exists())
            self.assertFalse((self.folder / "r.h5.status.json.new").exists())

    def test_checkpoints(self):
        """The temporary name of a checkpoint: a link is not followed, the run goes on without."""
        run_ = dict(SWEEP["run"], steps=4000, checkpoint={"every_seconds": 0.05})
        self.sweep.write_text(json.dumps(dict(SWEEP, run=run_, grid={"seed": [0]})))
        results = self.folder / "r.h5"
        listed = json.loads(run("check", self.sweep, "--json", "--list", "runs"))
        name = listed["list"][0]["id"] if "list" in listed else next(r["id"] for r in listed["runs"])
        folder = self.folder / "r.h5.checkpoints"
        folder.mkdir()
        (folder / (name + ".ckpt.tmp")).symlink_to(self.diary)
        job(self.sweep, "-o", results)
        self.assertIn("1 done", run("status", results))


class Results(Canaries):
    """The results file itself."""

    def test_links_lead_to_the_file(self):
        """Also to one that is to be made, by way of other links, from another folder."""
        scratch = self.folder / "scratch"
        scratch.mkdir()
        link, second = self.folder / "r.h5", self.folder / "second.h5"
        link.symlink_to("scratch/real.h5")
        second.symlink_to(link.name)
        for name in (second, link):
            job(self.sweep, "-o", name)
            self.assertTrue(name.is_symlink() and link.is_symlink())
            with h5py.File(scratch / "real.h5") as file:
                self.assertEqual(len(file["runs/id"]), 2)
        job(self.sweep, "--fresh", "-o", link)
        self.assertEqual(os.readlink(link), "scratch/real.h5")
        self.assertTrue((scratch / "real.h5").exists() and (scratch / "real.h5.1").exists())
        for command in (["merge", "-o"], ["export", link, "--compact"]):
            other = self.folder / "other.h5"
            other.symlink_to("scratch/other.h5")
            run(*command, other, *([link] if command[0] == "merge" else []))
            self.assertTrue(other.is_symlink())
            run("status", scratch / "other.h5")
            other.unlink()
            (scratch / "other.h5").unlink()

    def test_inputs_are_no_outputs(self):
        edges = self.folder / "edges.txt"
        edges.write_text("0 1\n1 2\n2 3\n3 0\n0 2\n")
        other = self.folder / "other.json"
        os.link(self.sweep, other)
        task = {"kind": "graph", "graph": "edge_list", "file": "edges.txt"}
        graph = self.folder / "graph.json"
        graph.write_text(json.dumps(dict(SWEEP, run=dict(SWEEP["run"], task=task))))
        listed = sorted(os.listdir(self.folder))
        for sweep, output in ((self.sweep, self.sweep), (self.sweep, other), (graph, edges)):
            for more in ([], ["--fresh"]):
                before = picture(output)
                self.assertIn("is an input of this job", job(sweep, *more, "-o", output, code=3))
                self.assertEqual(picture(output), before)
        self.assertEqual(sorted(os.listdir(self.folder)), listed)

    def test_only_a_regular_file(self):
        folder, fifo = self.folder / "place", self.folder / "fifo"
        folder.mkdir()
        os.mkfifo(fifo)
        listed = sorted(os.listdir(self.folder))
        for output in (folder, fifo, pathlib.Path("/dev/null")):
            for more in ([], ["--fresh"]):
                self.assertIn("not a regular file", job(self.sweep, *more, "-o", output, code=3))
            self.assertIn("not a regular file", job("recover", output, code=3))
        self.assertEqual(sorted(os.listdir(self.folder)), listed)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_a_text_is_no_results_file(self):
        before = picture(self.diary)
        job(self.sweep, "-o", self.diary, code=3)
        self.assertEqual(picture(self.diary), before)

    def test_moved_aside_over_nothing(self):
        """A link that leads nowhere takes its name too."""
        results = self.folder / "r.h5"
        job(self.sweep, "-o", results)
        (self.folder / "r.h5.1").symlink_to("nowhere")
        job(self.sweep, "--fresh", "-o", results)
        self.assertTrue((self.folder / "r.h5.1").is_symlink())
        self.assertTrue((self.folder / "r.h5.2").is_file())


class Tables(Canaries):
    """export and merge: what is there stays; a device or FIFO that is named is written to."""

    def setUp(self):
        super().setUp()
        self.results = self.folder / "r.h5"
        make_file(self.results, 3, 4)

    def test_nothing_is_replaced(self):
        before = picture(self.results)
        other = self.folder / "other"
        for kind in self.intruders(other):
            for command in (["export", self.results, "-o"], ["export", self.results, "--compact"],
                            ["merge", self.results, "-o"]):
                if kind in ("dangling link", "FIFO"):
                    continue
                with self.subTest(kind=kind, command=command):
                    was = picture(other)
                    run(*command, other, code=3)
                    self.assertEqual(picture(other), was)
        for command in (["export", self.results, "-o"], ["export", self.results, "--compact"]):
            run(*command, self.results, code=3)
        for command in (["export", self.results, "--compact"], ["merge", self.results, "-o"]):
            side = self.folder / "out.h5.new"
            for kind in self.intruders(side):
                was = picture(side)
                self.assertIn("out.h5.new is in the way", run(*command, self.folder / "out.h5", code=3)[1])
                self.assertEqual(picture(side), was)
        self.assertEqual(picture(self.results), before)

    def test_written_to_as_it_stands(self):
        table = run("export", self.results)
        self.assertEqual(run("export", self.results, "-o", "-"), table)
        self.assertEqual(run("export", self.results, "-o", "/dev/stdout"), table)
        self.assertEqual(run("export", self.results, "-o", "/dev/null"), "")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        fifo, read = self.folder / "fifo", []
        os.mkfifo(fifo)
        reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
        reader.start()
        run("export", self.results, "-o", fifo)
        reader.join()
        self.assertEqual(read, [table])
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))
        link = self.folder / "link.csv"
        link.symlink_to("table.csv")
        run("export", self.results, "-o", link)
        self.assertEqual((self.folder / "table.csv").read_text(), table)
        self.assertTrue(link.is_symlink())

    def test_a_full_device_is_not_removed(self):
        run("export", self.results, "-o", "/dev/full", code=3)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))


class Analysis(Canaries):
    """report and figures replace a page or picture that is there, and nothing else."""

    def call(self, tool, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
            code = tool.main([str(a) for a in arguments])
        return code, said.getvalue()

    def setUp(self):
        super().setUp()
        self.results, self.second = self.folder / "r.h5", self.folder / "second.h5"
        make_file(self.results, 3, 4)
        shutil.copy(self.results, self.second)

    def test_report(self):
        names = {"hard.html": lambda p: os.link(self.results, p), "link.html": lambda p: p.symlink_to("r.h5"),
                 "second.html": lambda p: os.link(self.second, p)}
        before = picture(self.results), picture(self.second)
        for name, make in names.items():
            path = self.folder / name
            make(path)
            code, said = self.call(report, self.results, self.second, "-o", path)
            self.assertEqual((code, "give another output" in said), (3, True), said)
        for path in (self.results, self.second, self.folder):
            self.assertEqual(self.call(report, self.results, "-o", path)[0], 3)
        self.assertEqual((picture(self.results), picture(self.second)), before)
        page = self.folder / "page.html"
        for _ in range(2):
            self.assertEqual(self.call(report, self.results, "-o", page)[0], 0)
        link = self.folder / "more.html"
        link.symlink_to("page.html")
        self.assertEqual(self.call(report, self.results, "-o", link)[0], 0)
        self.assertTrue(link.is_symlink())
        fifo, read = self.folder / "fifo", []
        os.mkfifo(fifo)
        reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
        reader.start()
        self.assertEqual(self.call(report, self.results, "-o", fifo)[0], 0)
        reader.join()
        self.assertTrue(read[0].lstrip().lower().startswith(b"<!doctype html"))
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))
        self.assertEqual(self.call(report, self.results, "-o", "/dev/null")[0], 0)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_figures(self):
        picture_ = self.folder / "f-fig8.pdf"
        os.link(self.results, picture_)
        before = picture(self.results)
        code, said = self.call(figures, self.results, "--figure", "fig8", "-o", self.folder / "f")
        self.assertEqual((code, "is the results file" in said), (3, True), said)
        self.assertEqual(picture(self.results), before)
        picture_.unlink()
        code, said = self.call(figures, self.results, "--figure", "fig8", "-o", self.folder / "f")
        self.assertEqual(code, 0, said)
        self.assertTrue(picture_.read_bytes().startswith(b"%PDF"))


if __name__ == "__main__":
    unittest.main()
