#!/usr/bin/python3
"""Size on disk against the raw values, and how long reading takes. SYMSWEEP_LONG=1: 2,000 runs of 500 evaluations with
every measure; otherwise a tenth of the runs."""
import time
import unittest

import h5py

import support

RUNS, EVALUATIONS = (2000 if support.LONG else 200), 500


def raw_bytes(file):
    """What the values take: every dataset but the scales, texts with their closing zero byte."""
    total = 0
    for path in support.datasets(file):
        item = file[path]
        if item.dtype.kind == "O":
            values = item[()] if item.ndim == 0 else b"".join(v + b"\0" for v in item[:])
            total += len(values) + 1
        else:
            total += item.size * item.dtype.itemsize
    return total


class Size(unittest.TestCase):
    def test_size_and_speed(self):
        with support.Folder() as folder:
            path = folder / "results.h5"
            support.make_file(path, RUNS, EVALUATIONS)
            begin = time.perf_counter()
            file = h5py.File(path, "r")
            self.assertEqual(len(file["runs/status"][:]), RUNS)
            opened = time.perf_counter() - begin
            curves = [file[p] for p in support.datasets(file) if file[p].ndim == 2 and p.split("/")[1] not in ("runs", "snapshots", "data")]
            times = []
            for run in (RUNS // 2, RUNS // 3, RUNS - 1):
                begin = time.perf_counter()
                for curve in curves:
                    curve[run]
                times.append(time.perf_counter() - begin)
            ratio = path.stat().st_size / raw_bytes(file)
            print(f"{RUNS} runs x {EVALUATIONS} evaluations x {len(curves)} curves: {path.stat().st_size / 1e6:.0f} MB, "
                  f"{ratio:.3f} x the raw values; opened in {opened * 1e3:.0f} ms, curves of one run in {min(times) * 1e3:.0f} ms")
            self.assertLessEqual(ratio, 1.15)
            file.close()


if __name__ == "__main__":
    unittest.main()
