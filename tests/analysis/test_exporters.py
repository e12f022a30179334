"""Exports: TensorBoard's event files decoded by their format, Weights & Biases and MLflow by stand-ins that record what they get."""

import shutil
import struct
import sys
import tempfile
import types
import unittest
from pathlib import Path

import numpy as np
import pandas as pd

import fixtures
import symsweep
from symsweep import exporters

FOLDER = tempfile.mkdtemp(prefix="symsweep-test-")


def setUpModule():
    global RESULTS
    RESULTS = symsweep.load(fixtures.bend(fixtures.train(FOLDER, fixtures.sweep("exported", **{"run": {**fixtures.sweep("exported")["run"], "phase": {"accuracy": 0.3}}})), "failed.h5", failed=[1]))


def tearDownModule():
    shutil.rmtree(FOLDER)


# ---- the format of event files, from its description: TFRecord framing and event.proto ----

def crc32c(data):
    """Bit by bit (RFC 3720, B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if (crc ^ byte >> bit) & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % 2**32


def records(data):
    at = 0
    while at < len(data):
        length, = struct.unpack_from("<Q", data, at)
        assert struct.unpack_from("<I", data, at + 8)[0] == masked(data[at:at + 8])
        body = data[at + 12:at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(body)
        yield body
        at += 16 + length


def fields(data):
    """[(number, value)] of a protocol buffer."""
    at, found = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
        elif key & 7 == 2:
            length = varint()
            found.append((key >> 3, data[at:at + length]))
            at += length
        else:
            size, form = {1: (8, "<d"), 5: (4, "<f")}[key & 7]
            found.append((key >> 3, struct.unpack_from(form, data, at)[0]))
            at += size
    return found


class TensorBoard(unittest.TestCase):
    def test_known_answer_of_the_checksum(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_every_point(self):
        paths = RESULTS.to_tensorboard(Path(FOLDER, "board"))
        self.assertEqual(len(paths), 6)
        again = [path.read_bytes() for path in paths]
        self.assertEqual([path.read_bytes() for path in RESULTS.to_tensorboard(Path(FOLDER, "board"))], again)
        for number, path in enumerate(paths):
            first, *rest = [dict(fields(body)) for body in records(path.read_bytes())]
            self.assertEqual(first[3], b"brain.Event:2")
            curves = RESULTS.run(number).curves if number != 1 else None
            self.assertEqual(len(rest), 0 if curves is None else curves.sizes["step"])
            for event in rest:
                values = {dict(fields(v))[1].decode(): dict(fields(v))[2] for n, v in fields(event[5]) if n == 1}
                at = curves.sel(step=event[2])
                self.assertGreater(len(values), 30)
                self.assertEqual(set(values), {name for name in at.data_vars if at[name].ndim == 0 and np.isfinite(at[name])})
                self.assertTrue(all(values[name] == float(at[name]) for name in values))
        self.assertEqual(len({path.parent.name for path in paths}), 6)

    def test_names_of_folders(self):
        self.assertEqual(exporters.safe_name("../a b/<c>"), "a_b_c")
        self.assertEqual(exporters.safe_name("///"), "run")


class Libraries(unittest.TestCase):
    def tearDown(self):
        for name in ("wandb", "mlflow"):
            sys.modules.pop(name, None)

    def test_without_them(self):
        for name, ask in (("wandb", lambda: RESULTS.to_wandb("p")), ("mlflow", lambda: RESULTS.to_mlflow("e"))):
            sys.modules[name] = None  # as if it were not installed
            with self.assertRaisesRegex(ImportError, "needs the module " + name):
                ask()

    def test_wandb(self):
        made = []

        class Run:
            def __init__(self, **arguments):
                self.arguments, self.logged, self.summary, self.over = arguments, [], {}, False

            def log(self, data, step=None, commit=None):
                assert not self.logged or step > self.logged[-1][0]  # wandb drops a step that is not above the last
                self.logged.append((step, data))

            def finish(self):
                self.over = True

        def init(project=None, dir=None, mode=None, name=None, group=None, config=None, reinit=None):
            made.append(Run(project=project, dir=dir, mode=mode, name=name, group=group, config=config))
            return made[-1]
        sys.modules["wandb"] = types.SimpleNamespace(init=init)
        self.assertEqual(RESULTS.to_wandb("grokking", FOLDER, curves=["test_accuracy"]), 6)
        self.assertTrue(all(run.over and run.arguments["mode"] == "offline" for run in made))
        self.assertEqual([run.arguments["group"] for run in made], list(RESULTS.settings))
        self.assertEqual(made[0].arguments["config"]["task.p"], 7)
        curve = RESULTS.run(3).curves["test_accuracy"]
        self.assertEqual(made[3].logged, [(int(s), {"test_accuracy": float(v)}) for s, v in zip(curve["step"], curve)])
        self.assertTrue(RESULTS.runs["t_gen"].notna().any())
        for run, t_gen in zip(made, RESULTS.runs["t_gen"]):  # missing values are left out
            self.assertEqual(run.summary.get("t_gen"), None if pd.isna(t_gen) else float(t_gen))
        self.assertEqual(made[3].summary["final.test_loss"], RESULTS.runs["final.test_loss"][3])

    def test_mlflow(self):
        runs = {}

        class Client:
            def __init__(self, tracking_uri=None):
                self.uri = tracking_uri

            def get_experiment_by_name(self, name):
                return None

            def create_experiment(self, name):
                return "7"

            def create_run(self, experiment_id, start_time=None, tags=None, run_name=None):
                assert experiment_id == "7"
                name = "r%d" % len(runs)
                runs[name] = {"tags": tags, "params": {}, "metrics": [], "status": None}
                return types.SimpleNamespace(info=types.SimpleNamespace(run_id=name))

            def log_batch(self, run_id, metrics=(), params=(), tags=()):
                assert len(metrics) <= 1000 and len(params) <= 100  # MLflow's limits
                runs[run_id]["metrics"] += metrics
                runs[run_id]["params"].update(params)

            def set_terminated(self, run_id, status=None):
                runs[run_id]["status"] = status
        sys.modules["mlflow"] = types.SimpleNamespace(
            tracking=types.SimpleNamespace(MlflowClient=Client),
            entities=types.SimpleNamespace(Param=lambda key, value: (key, value), Metric=lambda key, value, timestamp, step: (key, value, timestamp, step)))
        self.assertEqual(RESULTS.to_mlflow("e", "file:" + FOLDER), 6)
        self.assertEqual([run["status"] for run in runs.values()], ["FINISHED", "FAILED"] + ["FINISHED"] * 4)
        self.assertEqual(runs["r3"]["params"]["task.p"], "7")
        curve = RESULTS.run(3).curves["test_loss"]
        self.assertEqual([(m[3], m[1]) for m in runs["r3"]["metrics"] if m[0] == "test_loss"], [(int(s), float(v)) for s, v in zip(curve["step"], curve)])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
