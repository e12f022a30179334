#!/usr/bin/python3
"""docs/file-format.md and a real file say the same: every dataset is documented, every documented dataset exists, and so
do dimensions, root attributes and the numbers of the random streams."""
import itertools
import re
import unittest

import h5py

import support

DOCUMENT = (support.ROOT / "docs" / "file-format.md").read_text()


def expand(pattern):
    """Regular expressions of a documented path: {a,b} are alternatives, <...> stands for a name."""
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    for choice in itertools.product(*choices):
        yield re.sub(r"<[^>]*>", "[^/]+", "".join(choice).replace(".", r"\."))


def documented_paths():
    """Every `/path` in the first column of a table under "Datasets"."""
    section = DOCUMENT.split("\n## Datasets")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return [path for cell in cells for path in re.findall(r"`(/[^`]+)`", cell)]


class Documented(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = support.Folder()
        path = cls.folder.__enter__() / "results.h5"
        support.make_file(path, 5, 8)
        cls.file = h5py.File(path, "r")

    @classmethod
    def tearDownClass(cls):
        cls.file.close()
        cls.folder.__exit__()

    def test_datasets(self):
        patterns = {e: p for p in documented_paths() for e in expand(p)}
        self.assertGreater(len(patterns), 90)
        found = support.datasets(self.file)
        undocumented = [d for d in found if not any(re.fullmatch(e, d) for e in patterns)]
        self.assertEqual(undocumented, [], "in the file, but not in docs/file-format.md")
        missing = [e for e in patterns if not any(re.fullmatch(e, d) for d in found)]
        self.assertEqual(missing, [], "in docs/file-format.md, but not in the file")

    def test_shapes(self):
        """The documented number of dimensions is the real one."""
        section = DOCUMENT.split("\n## Datasets")[1].split("\n## ")[0]
        found = support.datasets(self.file)
        for line in section.splitlines():
            cells = [c.strip() for c in line.strip("|").split("|")]
            if len(cells) != 3 or "`" not in cells[0]:
                continue
            rank = 0 if cells[1] == "scalar" else len(cells[1].split(","))
            for pattern in re.findall(r"`(/[^`]+)`", cells[0]):
                for expression in expand(pattern):
                    for path in found:
                        if re.fullmatch(expression, path) and not path.endswith("mass_beyond_diameter"):
                            self.assertEqual(self.file[path].ndim, rank, path)

    def test_dimensions(self):
        section = DOCUMENT.split("| dimension |")[1].split("\n\n")[0]
        names = {n for line in section.splitlines() for n in re.findall(r"`([a-z_]+)`", line.split("|")[1] if "|" in line else "")}
        scales = {name for name, item in self.file.items() if isinstance(item, h5py.Dataset)}
        self.assertEqual(names, scales)

    def test_root_attributes(self):
        section = DOCUMENT.split("\n## Root attributes")[1].split("\n## ")[0]
        documented = {n for n in re.findall(r"`([A-Za-z_]+)`", section)}
        self.assertEqual(set(self.file.attrs) - documented, set())
        for name in ("format", "format_version", "symsweep_version", "git_commit", "created_utc", "sweep_name", "blas", "mpi"):
            self.assertIn(name, documented)
            self.assertIn(name, self.file.attrs)

    def test_described(self):
        """long_name, units, definition and _FillValue, and flags on every 8-bit code."""
        for path in support.datasets(self.file):
            item = self.file[path]
            if path == "/sweep/config":
                continue
            for name in ("long_name", "units", "definition"):
                self.assertTrue(item.attrs.get(name), f"{path} {name}")
            if item.dtype.kind in "if":
                self.assertIn("_FillValue", item.attrs, path)
                self.assertEqual(item.attrs["_FillValue"].dtype, item.dtype, path)
            if item.dtype == "i1":
                self.assertEqual(len(item.attrs["flag_values"]), len(item.attrs["flag_meanings"].split()), path)

    def test_streams(self):
        header = (support.ROOT / "include" / "symsweep" / "random.h").read_text()
        families = (support.ROOT / "include" / "symsweep" / "families.def").read_text()
        for name, number in re.findall(r"SW_STREAM_([A-Z_]+) = (\w+)", header):
            self.assertRegex(DOCUMENT, rf"\| {name} \| {number}( \+ (family|block))? \|")
        for number, name in re.findall(r"X\([A-Z_]+, (\d+), (\w+),", families):
            self.assertRegex(DOCUMENT, rf"\b{name} {number}\b")


if __name__ == "__main__":
    unittest.main()
