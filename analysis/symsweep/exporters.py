"""Curves of results as other trackers keep them: TensorBoard's event files, Weights & Biases offline, MLflow.

Each run that counts (Results.counted) becomes a run there: its setting and seed as the name, its configuration as
hyperparameters, each curve under the name that it has in Results.curves, at its steps."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from . import settings

if TYPE_CHECKING:
    from .results import Results


class Exported:
    """A run on its way out: `name`, the `group` that its seeds share, `config` (dotted path -> value), `final` numbers."""

    def __init__(self, results: Results, number: int, setting: str, curves: Sequence[str] | None) -> None:
        row = results.runs.loc[number]
        self.number, self.group = number, setting
        self.name = "%s, seed %s" % (setting, row["seed"]) if "seed" in row else setting
        position = results.runs.index.get_loc(number)
        self.config = settings.flat(results.configs[position])
        self.final = {name: float(row[name]) for name in row.index
                      if (name.startswith(("t_", "final.")) and not settings.is_missing(row[name]))}
        self.failed = row["status"] == "failed"
        data = results.curves.isel(run=position)
        self.names = list(curves) if curves is not None else [str(name) for name in data.data_vars if data[name].ndim == 1]
        self.steps = data["step"].values
        self.values = {name: data[name].values for name in self.names}

    def points(self) -> Iterator[tuple[int, dict[str, float]]]:
        """(step, curve -> value) of every evaluation; what has no value is left out."""
        for e in np.nonzero(self.steps >= 0)[0]:
            yield int(self.steps[e]), {name: float(v[e]) for name, v in self.values.items() if np.isfinite(v[e])}


def runs(results: Results, curves: Sequence[str] | None, all: bool) -> Iterator[Exported]:
    counted = results.counted(all)
    for number, setting in counted.settings.items():
        yield Exported(counted, number, setting, curves)


# ---- TensorBoard: records of length, checksum, protocol buffer Event, checksum; no library is needed to write them ----

def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)  # CRC-32C, reflected
        table.append(byte)
    return table


_CRC = _crc_table()


def _masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _event(seconds: float, step: int, rest: bytes) -> bytes:
    """Event: 1 wall_time double, 2 step int64, 3 file_version string, 5 summary."""
    return b"\x09" + struct.pack("<d", seconds) + b"\x10" + _varint(step) + rest


def _summary(values: dict[str, float]) -> bytes:
    """Summary: repeated 1 value {1 tag string, 2 simple_value float}."""
    each = (_field(1, name.encode()) + b"\x15" + struct.pack("<f", value) for name, value in values.items())
    return _field(5, b"".join(_field(1, value) for value in each))


def _put(file: BinaryIO, event: bytes) -> None:
    length = struct.pack("<Q", len(event))
    file.write(length + struct.pack("<I", _masked_crc(length)) + event + struct.pack("<I", _masked_crc(event)))


def safe_name(text: str) -> str:
    """A name of a folder: letters, digits and a few signs."""
    return re.sub(r"[^\w.,=+-]+", "_", text).strip("._")[:120] or "run"


def to_tensorboard(results: Results, folder: str | os.PathLike[str], curves: Sequence[str] | None = None, all: bool = False) -> list[Path]:
    """One event file a run, in a folder of its own below `folder`; a file of an earlier export is replaced. Needs no library;
    `tensorboard --logdir FOLDER` shows them. Times of day are not known: every event has that of the file's beginning."""
    written = []
    for run in runs(results, curves, all):
        place = Path(folder, "%04d_%s" % (run.number, safe_name(run.name)))
        place.mkdir(parents=True, exist_ok=True)
        path = place / "events.out.tfevents.0.symsweep"
        with open(path.with_suffix(".new"), "wb") as file:
            _put(file, _event(0, 0, _field(3, b"brain.Event:2")))
            for step, values in run.points():
                _put(file, _event(0, step, _summary(values)))
        path.with_suffix(".new").replace(path)
        written.append(path)
    return written


# ---- trackers that are libraries ----

def _tracker(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        raise ImportError("this export needs the module %s, which this Python does not have" % name) from None


def to_wandb(results: Results, project: str, folder: str | os.PathLike[str] = ".", mode: str = "offline",
             curves: Sequence[str] | None = None, all: bool = False) -> int:
    """Weights & Biases runs, by default offline in `folder`/wandb, from where `wandb sync` takes them; how many. Runs of one
    setting are a group."""
    wandb, count = _tracker("wandb"), 0
    for run in runs(results, curves, all):
        target = wandb.init(project=project, dir=os.fspath(folder), mode=mode, name=run.name, group=run.group, config=run.config, reinit=True)
        for step, values in run.points():
            target.log(values, step=step)
        target.summary.update(run.final)
        target.finish()
        count += 1
    return count


def to_mlflow(results: Results, experiment: str, tracking_uri: str | None = None, curves: Sequence[str] | None = None, all: bool = False) -> int:
    """MLflow runs in an experiment, which is made where there is none; how many."""
    mlflow, count = _tracker("mlflow"), 0
    client = mlflow.tracking.MlflowClient(tracking_uri=tracking_uri)
    known = client.get_experiment_by_name(experiment)
    place = client.create_experiment(experiment) if known is None else known.experiment_id
    entities = mlflow.entities
    for run in runs(results, curves, all):
        target = client.create_run(place, tags={"mlflow.runName": run.name, "symsweep.setting": run.group}).info.run_id
        for part in _batches((entities.Param(name, str(value)[:500]) for name, value in run.config.items()), 100):
            client.log_batch(target, params=part)
        points = (entities.Metric(name, value, 0, step) for step, values in run.points() for name, value in values.items())
        for part in _batches(points, 1000):
            client.log_batch(target, metrics=part)
        client.set_terminated(target, status="FAILED" if run.failed else "FINISHED")
        count += 1
    return count


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """MLflow takes so many at a time."""
    part: list[Any] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
