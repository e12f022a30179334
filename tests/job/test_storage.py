"""A results file that cannot be written: for a while or for good. Nothing is lost, nothing is wrong."""

import os
import resource
import shutil
import subprocess
import time
import unittest

import h5py
import numpy as np

import support
from support import Folder, finish, run, start, sweep, wait_for


def limit_file_size(pid, size):
    """Writes of the process beyond `size` bytes of any file fail from now on (as with a quota)."""
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


class Refused(support.Referenced):
    content = sweep(steps=5000, seeds=2, p=19, d_model=32, every=20, checkpoint=0.5)

    def begin(self, output, ranks, **environment):
        process = start(ranks, "-o", output, self.folder.sweep, **environment)
        wait_for(lambda: support.running(output), "a run")
        time.sleep(0.3)
        return process, support.ranks_of(process)[0]

    def test_for_a_while(self):
        for ranks in (0, 3):
            output = self.folder / ("while%d.h5" % ranks)
            process, writer = self.begin(output, ranks)
            try:
                limit_file_size(writer, 1000)
                time.sleep(3)
                self.assertIsNone(process.poll())
                limit_file_size(writer, resource.RLIM_INFINITY)
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertEqual(code, 0, text)
            self.assertIn("cannot be written", text)
            self.assertIn("can be written again", text)
            support.check_same(self.reference, output)

    def test_for_good(self):
        for ranks in (0, 3):
            output = self.folder / ("good%d.h5" % ranks)
            process, writer = self.begin(output, ranks, SYMSWEEP_STORAGE_PATIENCE="2")
            try:
                limit_file_size(writer, 1000)
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertEqual(code, 3, text)
            self.assertIn("cannot be written", text)
            h5py.File(output, "r", swmr=True).close()
            done = run(ranks, "-o", output, self.folder.sweep)
            self.assertEqual(done.returncode, 0, done.stderr)
            support.check_same(self.reference, output)

    def test_vanished_folder(self):
        """Its files can still be written when a folder is moved away, but nobody would find them."""
        for back in (True, False):
            place, away = self.folder / "place", self.folder / "away"
            place.mkdir()
            process, _ = self.begin(place / "out.h5", 3, SYMSWEEP_STORAGE_PATIENCE="60" if back else "2")
            try:
                place.rename(away)
                if back:
                    time.sleep(3)
                    away.rename(place)
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertIn("cannot be written", text)
            self.assertIn("No such file or directory", text)
            self.assertEqual(code, 0 if back else 3, text)
            if not back:
                away.rename(place)
                done = run(3, "-o", place / "out.h5", self.folder.sweep)
                self.assertEqual(done.returncode, 0, done.stderr)
            support.check_same(self.reference, place / "out.h5")
            self.assertEqual(support.leftovers(place / "out.h5"), [])
            shutil.rmtree(place)

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_spoiled_by_another_program(self):
        """A file that others remove, cut off or write into is not reported as whole, and the checkpoints stay."""
        def overwrite(path, at):
            with open(path, "r+b") as file:
                file.seek(at)
                file.write(b"\0" * 4096)

        spoilings = {"removed": os.unlink, "cut off": lambda path: os.truncate(path, 3000),
                     "emptied": lambda path: os.truncate(path, 0), "overwritten": lambda path: overwrite(path, 0),
                     "replaced": lambda path: (os.unlink(path), shutil.copy(self.reference, path))}
        for name, spoil in spoilings.items():
            for ranks in (0, 3):
                with self.subTest(name, ranks=ranks):
                    output = self.folder / ("%s%d.h5" % (name.replace(" ", ""), ranks))
                    process, _ = self.begin(output, ranks, SYMSWEEP_STORAGE_PATIENCE="1")
                    checkpoints = output.with_name(output.name + ".checkpoints")
                    try:
                        wait_for(lambda: list(checkpoints.glob("*.ckpt")), "a checkpoint")
                        spoil(output)
                        code, text = finish(process)
                    finally:
                        support.end(process)
                    self.assertEqual(code, 3, text)
                    self.assertIn("error: ", text)
                    self.assertTrue(list(checkpoints.glob("*.ckpt")), text)

    def test_damaged_before_the_end(self):
        """What was written is read once more when all is done."""
        output = self.folder / "damaged.h5"

        def place_of_a_finished_run():
            """Where the first values of a curve of a run that is over lie in the file."""
            with h5py.File(output, "r", swmr=True) as file:
                over = np.flatnonzero(file["/runs/status"][()] == support.STATE["done"])
                if not len(over):
                    return None
                curve = file["/curves/train_loss"]
                rows, entries = curve.chunks
                chunk = curve.id.get_chunk_info_by_coord((int(over[0]) // rows * rows, 0))
                return chunk.byte_offset + int(over[0]) % rows * entries * 4

        process, _ = self.begin(output, 0)
        try:
            place = wait_for(place_of_a_finished_run, "a finished run")
            with open(output, "r+b") as file:
                file.seek(place)
                file.write(b"\x11\x11\x11\x41")
            code, text = finish(process)
        finally:
            support.end(process)
        self.assertEqual(code, 3, text)
        self.assertIn("is not what was written", text)
        again = run(0, "-o", output, self.folder.sweep)
        self.assertEqual(again.returncode, 0, again.stderr)
        support.check_same(self.reference, output)

    def test_full_disk(self):
        mount = self.folder / "disk"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(mount)]).returncode != 0:
            self.skipTest("no tmpfs may be mounted here")
        try:
            output = mount / "out.h5"
            process, _ = self.begin(output, 3)
            ballast = mount / "ballast"
            try:
                descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
                with self.assertRaises(OSError):
                    while True:
                        os.write(descriptor, bytes(4096))
                os.close(descriptor)
                time.sleep(3)
                ballast.unlink()
                code, text = finish(process)
            finally:
                support.end(process)
            self.assertIn(code, (0, 3), text)
            self.assertIn("No space left on device", text)
            print("summary: a file system of 4 MB filled up and freed: exit %d, nothing lost" % code)
            if code == 3:
                self.assertEqual(run(3, "-o", output, self.folder.sweep).returncode, 0)
            support.check_same(self.reference, output)
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=True)


class Unusable(unittest.TestCase):
    """What stands in the way is said before anything is made or trained, with exit code 3 and the remedy."""

    def setUp(self):
        self.folder = Folder(sweep(steps=40, seeds=1, checkpoint=1, weights=[0]))
        self.addCleanup(self.folder.__exit__)
        self.output = self.folder / "out.h5"

    def refused(self, output, *arguments):
        done = run(0, "-o", output, *arguments, self.folder.sweep)
        self.assertEqual(done.returncode, 3, done.stderr)
        return done.stderr

    def test_checkpoints_are_a_file(self):
        place = self.folder / "out.h5.checkpoints"
        for make in (lambda: place.write_text("mine"), lambda: os.mkfifo(place)):
            make()
            self.assertIn("is a file where the folder of checkpoints belongs: move it away", self.refused(self.output))
            self.assertFalse(self.output.exists())
            place.unlink()
        self.assertEqual(run(0, "-o", self.output, self.folder.sweep).returncode, 0)

    def test_a_file_that_is_none_any_more(self):
        self.assertEqual(run(0, "-o", self.output, self.folder.sweep).returncode, 0)
        whole = self.output.read_bytes()
        for spoiled in (b"", whole[:5], whole[:2000], whole[:-len(whole) // 3], b"text\n" * 1000):
            self.output.write_bytes(spoiled)
            self.assertIn("--fresh moves the file aside and starts anew", self.refused(self.output))
            self.assertEqual(self.output.read_bytes(), spoiled)
        self.assertEqual(run(0, "--fresh", "-o", self.output, self.folder.sweep).returncode, 0)

    def test_long_names(self):
        for length in (245, 235, 255):
            output = self.folder / ("x" * (length - 3) + ".h5")
            self.assertIn("give a shorter --output", self.refused(output))
            self.assertFalse(output.exists())
        output = self.folder / ("x" * 228 + ".h5")
        self.assertEqual(run(0, "-o", output, self.folder.sweep).returncode, 0)
        self.assertEqual(run(0, "--fresh", "-o", output, self.folder.sweep).returncode, 0)


class Limits(unittest.TestCase):
    def test_the_limit_counts_from_the_start(self):
        """A limit that passes while the sweep is prepared stops it there, with what was made, for the next start."""
        content = sweep(steps=20, seeds=2000, checkpoint=0)
        for ranks in (0, 3):
            with self.subTest(ranks=ranks), Folder(content) as folder:
                output = folder / "out.h5"
                done = run(ranks, "-v", "-o", output, "--time-limit", "0.01s", folder.sweep)
                self.assertEqual(done.returncode, 75, done.stderr)
                self.assertIn("passed while the sweep was prepared", done.stderr)
                self.assertIn("give more time", done.stderr)
                self.assertNotIn("error", done.stderr)

    def test_a_loop_with_a_limit_advances(self):
        with Folder(sweep(steps=400, seeds=10, checkpoint=1, weights=[0])) as folder:
            output = folder / "out.h5"
            for _ in range(100):
                done = run(0, "-o", output, "--time-limit", "2s", folder.sweep)
                if done.returncode == 0:
                    break
                self.assertEqual(done.returncode, 75, done.stderr)
            self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
