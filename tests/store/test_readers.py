#!/usr/bin/python3
"""The file as others read it: h5py, xarray with both engines and every group, ncdump, h5dump; finished and live."""
import subprocess
import unittest

import h5py
import numpy as np
import xarray as xr

import support

RUNS, EVALUATIONS = 6, 9


def groups(path, engine):
    with h5py.File(path, "r") as file:
        found = ["/"]
        file.visititems(lambda name, item: found.append("/" + name) if isinstance(item, h5py.Group) else None)
    if support.LONG:
        return found
    if engine == "h5netcdf":  # looks through the whole file for the size of each variable
        return ["/", "/runs", "/curves", "/symmetry/triangle"]
    # Opening takes a second: of the families, which are all alike, the first and the odd one.
    return [g for g in found if not g.startswith("/symmetry/") or g.split("/")[2] in ("commutativity", "triangle")]


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = support.Folder()
        cls.path = cls.folder.__enter__() / "results.h5"
        support.make_file(cls.path, RUNS, EVALUATIONS)

    @classmethod
    def tearDownClass(cls):
        cls.folder.__exit__()

    def test_h5py(self):
        with h5py.File(self.path, "r") as file:
            self.assertEqual(file.attrs["format"], "symsweep")
            self.assertEqual(file.attrs["format_version"], 1)
            self.assertEqual(file["sweep/config"][()].decode(), '{ "name": "fixture",\n  "note": "Grüße" }\n')
            self.assertEqual(support.states(file), ["done"] * 3 + ["failed"] + ["done"] * 2)
            self.assertEqual(file["runs/error"][3].tobytes().rstrip(b"\0"), b"killed by signal 9")
            self.assertEqual(file["runs/label"][0].decode(), "fünf")
            self.assertTrue(all(m is None for path in support.datasets(file) for m in file[path].maxshape or ()))
            for group in ("curves", "geometry", "interpretability"):
                for name, curve in file[group].items():
                    if name != "step":
                        np.testing.assert_array_equal(curve[:, -1], file["runs/final"][name][:])
            for family, members in file["symmetry"].items():
                for name, curve in members.items():
                    if curve.ndim == 2:
                        np.testing.assert_array_equal(curve[:, -1], file["runs/final"][f"{family}_{name}"][:])

    def test_xarray(self):
        for engine in ("h5netcdf", "netcdf4"):
            for group in groups(self.path, engine):
                with xr.open_dataset(self.path, group=group, engine=engine) as data:
                    data.load()
                    if "run" in data.sizes:
                        self.assertEqual(data.sizes["run"], RUNS, f"{engine} {group}")
                    if "evaluation" in data.sizes:
                        self.assertEqual(data.sizes["evaluation"], EVALUATIONS, f"{engine} {group}")
            with xr.open_dataset(self.path, group="/runs", engine=engine) as runs:
                self.assertEqual(list(runs.status.values), [2, 2, 2, 4, 2, 2])
                self.assertEqual(runs.status.attrs["flag_meanings"].split()[4], "failed")
                self.assertEqual(runs.error.values[3], b"killed by signal 9")
                self.assertTrue(np.isnan(runs.unmirrored_inputs.values).all())
            with xr.open_dataset(self.path, group="/curves", engine=engine) as curves:
                self.assertTrue(np.isnan(curves.test_accuracy_unmirrored.values).all())
                self.assertEqual(curves.train_loss.attrs["units"], "nat")

    def test_phase_table_in_five_lines(self):
        """The example of the document, as it stands there."""
        document = (support.ROOT / "docs" / "file-format.md").read_text()
        lines = document.split("## Reading it\n\n```python\n")[1].split("```")[0].replace("results.h5", str(self.path))
        scope = {}
        exec(lines, scope)
        self.assertEqual(len(scope["table"]), RUNS)
        self.assertEqual(list(scope["table"].t_mem), [100 + r for r in range(RUNS)])

    def test_dumps(self):
        for command in (["ncdump", "-h", self.path], ["h5dump", "-H", self.path]):
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
            self.assertIn("fourier_power", done.stdout)

    def test_live(self):
        """A notebook opens the file while it is written, and sees what was flushed."""
        import h5netcdf
        from xarray.backends import H5NetCDFStore

        path = self.path.with_name("live.h5")
        writer = subprocess.Popen([support.WRITER, "--live", path, "4", "5"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.assertEqual(writer.stdout.readline(), b"ready\n")
            with h5py.File(path, "r", libver="latest", swmr=True) as file:
                self.assertEqual(support.states(file), ["done"] * 3 + ["running"])
                self.assertEqual(list(file["runs/written"][:]), [5, 5, 5, 1])
                self.assertEqual(file["curves/step"][3, 0], 0)
            with H5NetCDFStore(h5netcdf.File(path, "r", swmr=True), group="/curves") as store:
                self.assertEqual(xr.open_dataset(store).train_loss.values[3, 0], 3000)
            with self.assertRaises(OSError):
                h5py.File(path, "r")
        finally:
            writer.stdin.close()
            writer.stdout.close()
            self.assertEqual(writer.wait(), 0)
        with h5py.File(path, "r") as file:
            self.assertEqual(file["runs/written"][3], 1)


if __name__ == "__main__":
    unittest.main()
