"""load(): results files as a table of runs and arrays of curves and snapshots."""

from __future__ import annotations

import copy
import html
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from . import axes, changes, checksums, exporters, facts, form, frames, generators, hdf5, settings
from .hdf5 import ResultsError
from .run import Run

# Folders of per-evaluation metrics. Their names never collide; those of families carry the family in front.
FAMILY_FACTS = ("tuples", "enumerated", "holds", "prompted", "leak", "coverage", "order_log10")
LARGE_SNAPSHOTS = ("embedding", "parameters", "optimizer")
SNAPSHOT_DIMENSIONS = {
    "pca": ("token", "component"),
    "explained_variance": ("component",),
    "singular_values": ("singular_value",),
    "fourier_power": ("frequency",),
    "embedding": ("token", "width"),
    "parameters": ("parameter",),
    "optimizer": ("optimizer_state",),
}
# What every array of runs has beside the swept axes; `.sel` takes all of them but the unselected ones.
COORDINATES = ("id", "label", "task", "seed", "status", "planned", "damaged")
SHOWN_ROWS = 20  # of a table in a notebook
UNSELECTED = ("id", "planned", "damaged")
# How far a run has come: of two rows of one run the further one counts.
PROGRESS = {"done": 6, "diverged": 6, "pruned": 5, "failed": 4, "running": 3, "not_selected": 2, "pending": 1}
# Rows of files up to this size are held against their checksums, unless `verify` says otherwise; so does every start of
# the sweep.
VERIFIED_BYTES = 1 << 30


def load(path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], wait: float = 10.0, verify: bool | None = None) -> Results:
    """Results of one file or of several (shards, later additions: joined by run id, the row that came further wins).

    Works on a finished file, on one that a sweep is writing and on one that a killed sweep left; in the latter two
    an evaluation counts when the writer has acknowledged it. Raises ResultsError with the file and the reason.
    `wait`: seconds to wait for a writer that is just opening or closing the file.
    `verify`: hold every row against its checksum (None: in files up to 1 GiB)."""
    paths = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    if not paths:
        raise ResultsError("no results file given")
    return Results([os.fspath(p) for p in paths], wait, verify)


class Results:
    """What results files hold.

    runs       DataFrame, one row a run, index `run`; status and phase as words, onsets as Int64 with <NA> where not
               reached, final metrics as `final.<metric>`, facts of a family as `<family>.<fact>`, swept keys under
               their dotted path (`run.seed`, `run.steps` where the bare name is a column of its own). `planned`: False
               for rows of former plans. `damaged`: the row does not fit its checksum; its status is "damaged" too
    planned    Results of the planned rows; counted() of those that statistics are made of
    settings   Series: the setting of each run in words, different where anything but the seed is
    axes       names of the columns that hold swept keys
    configs    list of dicts, the resolved configuration of each run
    families   names of the symmetry families measured
    curves     Dataset (run, evaluation); `<family>_<measure>` for violations. Read at first use
    by_generator  DataArray (run, evaluation, generator): mean violation of each generator of the task's symmetry group,
               `generator` its text, `step` (run, evaluation). Read at first use; generators(run) has what they are
    snapshots  Dataset (run, snapshot, ...), without embeddings and parameters. Read at first use
    attributes root attributes of the first file; `sweeps` its text and name a file"""

    def __init__(self, paths: list[str], wait: float = 10.0, verify: bool | None = None) -> None:
        self.paths = paths
        self._wait, self._verify = wait, verify
        self.unverified: list[str] = []  # files too large to be held against their checksums unasked
        self._curves: xr.Dataset | None = None
        self._snapshots: xr.Dataset | None = None
        self._by_generator: xr.DataArray | None = None
        self.attributes: dict[str, str] = {}
        self.sweeps: list[dict[str, str]] = []
        self.axes: list[str] = []
        tables, configs = [], []
        for number, path in enumerate(paths):
            with hdf5.open_results(path, wait) as file:
                found = hdf5.tables(file)
                form.check(found, path)
                table = self._read_runs(found, path)
                texts = hdf5.texts(found["runs/config"]) if "runs/config" in found else ["{}"] * len(table)
                configs.append([_read_config(text) for text in texts])
                table.loc[[config is None for config in configs[-1]], "damaged"] = True
                table.loc[table["damaged"], "status"] = "damaged"
                attributes = {key: hdf5.attribute(file, key) for key in file.attrs}
                text = _sweep_text(file)
                self.sweeps.append({"path": path, "name": attributes.get("sweep_name", ""), "config": text})
                self.attributes = self.attributes or attributes
            table.insert(0, "_file", number)
            table.insert(1, "_row", np.arange(len(table)))
            tables.append(table)
        self._join(tables, configs)

    # ---- runs ----

    def _read_runs(self, found: Mapping[str, Any], path: str) -> pd.DataFrame:
        columns, axes = _run_columns(found)
        self.axes += [name for name in axes if name not in self.axes]
        table = pd.DataFrame(columns)
        table["planned"] = found["runs/planned"][:] != 0 if "runs/planned" in found else True
        table["damaged"] = self._damaged(found, path)
        return table

    def _damaged(self, found: Mapping[str, Any], path: str) -> Any:
        if self._verify or (self._verify is None and os.path.getsize(path) <= VERIFIED_BYTES):
            return checksums.damaged(found)
        if self._verify is None:
            self.unverified.append(path)
        return False

    def _join(self, tables: list[pd.DataFrame], configs: list[list[Any]]) -> None:
        whole = pd.concat(tables, ignore_index=True, sort=False) if len(tables) > 1 else tables[0]
        flat = [config or {} for part in configs for config in part]
        order = list(range(len(whole)))
        if len(tables) > 1 and len(whole):
            best, planned = dict[Any, Any](), set(whole["id"][whole["planned"]])
            whole["planned"] = whole["id"].isin(planned)
            for i in order:
                key = whole["id"][i] or (whole["_file"][i], i)
                rank = (PROGRESS.get(whole["status"][i], 0), int(whole["written"].fillna(0)[i]) if "written" in whole else 0)
                if key not in best or rank > best[key][0]:
                    best[key] = (rank, i, best[key][2] if key in best else len(best))
            order = [entry[1] for entry in sorted(best.values(), key=lambda entry: entry[2])]
        whole = whole.iloc[order].reset_index(drop=True)
        self.configs = [flat[i] for i in order]
        self._places = list(zip(whole.pop("_file").tolist(), whole.pop("_row").tolist()))
        self._written = whole["written"].fillna(0).astype(int).to_numpy() if "written" in whole else None
        whole.index.name = "run"
        self.runs = whole
        self.families = [c[: -len(".tuples")] for c in whole.columns if c.endswith(".tuples")]

    # ---- rows that count ----

    def select(self, mask: Any) -> Results:
        """The Results of some rows (one truth value a run); each keeps its number."""
        chosen = np.nonzero(np.asarray(mask, dtype=bool))[0]
        part = copy.copy(self)
        part.runs = self.runs.iloc[chosen]
        part.configs = [self.configs[i] for i in chosen]
        part._places = [self._places[i] for i in chosen]
        part._written = self._written[chosen] if self._written is not None else None
        part._curves = part._snapshots = part._by_generator = None
        return part

    @property
    def planned(self) -> Results:
        return self.select(self.runs["planned"])

    def counted(self, all: bool = False) -> Results:
        """The rows that figures and statistics are made of: those of the present plan (`all`: of former ones as well)
        that are not damaged."""
        return self.select((self.runs["planned"] | all) & ~self.runs["damaged"])

    def left_out(self, all: bool = False) -> list[str]:
        """What counted() leaves out, a sentence each."""
        former = 0 if all else int((~self.runs["planned"]).sum())
        damaged = self.runs.index[self.runs["damaged"] & (self.runs["planned"] | all)].tolist()
        found = []
        if former:
            found.append("%d row%s of former plans %s left out; --all shows %s"
                         % (former, *(("", "is", "it") if former == 1 else ("s", "are", "them"))))
        if damaged:
            numbers = ", ".join(map(str, damaged[:10])) + (", ..." if len(damaged) > 10 else "")
            found.append("%s %s damaged: %s checksum does not fit; not counted, and trained again at the next start"
                         % (*(("run", numbers + " is", "its") if len(damaged) == 1 else ("runs", numbers + " are", "their")),))
        found += ["%s is larger than 1 GiB: its rows are not held against their checksums; `symsweep recover` does so" % path
                  for path in self.unverified]
        return found

    def sel(self, **wanted: Any) -> Results:
        """The Results of the runs that meet all of these: a column of `runs` or a key of the configurations, by its path or the
        end of it, to a value, a list of values or a slice (ends included). sel(train_fraction=0.8, seed=[0, 1])."""
        return axes.select(self, wanted)

    def run(self, number: int) -> Run:
        """Run `number` (the index of `runs`): configuration, curves, models."""
        return Run(self, number)

    def tidy(self, curves: Sequence[str] | None = None, carry: bool = False, all: bool = False) -> pd.DataFrame:
        return frames.tidy(self, curves, carry, all)

    def onsets(self, onset: str = "t_gen", by: str | Sequence[str] | None = None, all: bool = False) -> pd.DataFrame:
        return frames.onsets(self, onset, by, all)

    tidy.__doc__, onsets.__doc__ = frames.tidy.__doc__, frames.onsets.__doc__

    @property
    def settings(self) -> pd.Series:
        return pd.Series(settings.names(self), index=self.runs.index, name="setting", dtype=object)

    # ---- branches ----

    def branches(self, columns: Sequence[str] =("t_gen", "t_sym", "final.test_accuracy")) -> pd.DataFrame:
        """DataFrame, a row for each run that began as another one (`shared_with`): `run`, `trunk` (the run that trained the
        beginning), `label`, `trunk_label`, `seed`, `steps` in common, what was `changed` in one of the two and not in the
        other, and of every column of `runs` the paired difference branch - trunk; <NA> where one of the two has no value.
        Trunks that are not among these rows are left out."""
        return changes.branches(self, columns)

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        counts = self.runs["status"].value_counts().to_dict() if len(self.runs) else {}
        words = ", ".join("%d %s" % (n, status) for status, n in counts.items()) or "no runs"
        return "<symsweep results %s: %s>" % (", ".join(self.paths), words)

    def _repr_html_(self) -> str:
        """The first runs as a table: what tells them apart, how far they came."""
        told = [name for name in frames.about(self) if name != "setting" and name in self.runs]
        shown = [name for name in [*told, "status", "phase", "t_mem", "t_sym", "t_gen"] if name in self.runs]
        table = self.runs[list(dict.fromkeys(shown))]
        more = "" if len(table) <= SHOWN_ROWS else "<p>and %d more</p>" % (len(table) - SHOWN_ROWS)
        return "<p>%s</p>%s%s" % (html.escape(repr(self)), table.head(SHOWN_ROWS).to_html(na_rep="–"), more)

    # ---- exports ----

    def to_tensorboard(self, folder: str | os.PathLike[str], curves: Sequence[str] | None = None, all: bool = False) -> list[Path]:
        return exporters.to_tensorboard(self, folder, curves, all)

    def to_wandb(self, project: str, folder: str | os.PathLike[str] = ".", mode: str = "offline", curves: Sequence[str] | None = None,
                 all: bool = False) -> int:
        return exporters.to_wandb(self, project, folder, mode, curves, all)

    def to_mlflow(self, experiment: str, tracking_uri: str | None = None, curves: Sequence[str] | None = None, all: bool = False) -> int:
        return exporters.to_mlflow(self, experiment, tracking_uri, curves, all)

    to_tensorboard.__doc__, to_wandb.__doc__ = exporters.to_tensorboard.__doc__, exporters.to_wandb.__doc__
    to_mlflow.__doc__ = exporters.to_mlflow.__doc__

    # ---- arrays ----

    @property
    def curves(self) -> xr.Dataset:
        if self._curves is None:
            self._curves = self.read_curves()
        return self._curves

    @property
    def has_curves(self) -> bool:
        """Are the curves read already?"""
        return self._curves is not None

    @property
    def by_generator(self) -> xr.DataArray:
        if self._by_generator is None:
            self._by_generator = generators.curves(self)
        return self._by_generator

    def generators(self, run: int) -> pd.DataFrame:
        """DataFrame of the generators of the run's symmetry group, in the order in which it acquires them: `text` says
        what one does, `acquired` when (<NA> where not reached), `violation` is its last, `positions`, `tokens` and
        `classes` are as `symsweep symmetries --json` has them. Index: numbers, from 1, as `symsweep show` prints."""
        return generators.table(self, run)

    @property
    def snapshots(self) -> xr.Dataset:
        if self._snapshots is None:
            self._snapshots = self.read_snapshots()
        return self._snapshots

    def read_curves(self, names: Iterable[str] | None = None, runs: Iterable[int] | None = None) -> xr.Dataset:
        """Curves of the given names and runs (all when None). Missing: NaN; in `step` -1."""
        return self._read(_curve_datasets, {}, "evaluation", names, runs)

    def read_snapshots(self, names: Iterable[str] | None = None, runs: Iterable[int] | None = None) -> xr.Dataset:
        """Snapshots of the given names (None: all but `embedding`, `parameters` and `optimizer`) and runs."""
        return self._read(_snapshot_datasets, SNAPSHOT_DIMENSIONS, "snapshot", names, runs)

    def read_data(self, runs: Iterable[int] | None = None) -> xr.Dataset:
        """Inputs, labels and split of the given runs, where they are kept (save.split); -1 beyond what a run has."""
        return self._read(_table_datasets, {"inputs": ("position",)}, "input", None, runs)

    def read_generator_curves(self) -> xr.Dataset:
        """`by_generator` as the file has it, column by column, with `step` and `train_accuracy`; what there is of them."""
        return self._read(_generator_datasets, {"by_generator": ("generator",)}, "evaluation", None, None)

    def read_texts(self, name: str) -> list[tuple[str, str]]:
        """(file, text) of a dataset of texts for each run; "" where there is none."""
        found = [("", "")] * len(self)
        for number, path in enumerate(self.paths):
            mine = [(k, row) for k, (file, row) in enumerate(self._places) if file == number]
            if not mine:
                continue
            with hdf5.open_results(path, self._wait) as file:
                dataset = hdf5.tables(file).get(name)
                texts = hdf5.texts(dataset) if dataset is not None else []
            for k, row in mine:
                found[k] = path, texts[row] if row < len(texts) else ""
        return found

    def _read(self, find: Callable[..., dict[str, Any]], inner: Mapping[str, tuple[str, ...]], along: str, names: Iterable[str] | None, runs: Iterable[int] | None) -> xr.Dataset:
        names = None if names is None else list(names)
        numbers = self.runs.index.tolist() if runs is None else [int(r) for r in runs]
        position = {number: k for k, number in enumerate(self.runs.index)}
        unknown = [number for number in numbers if number not in position]
        if unknown:
            raise ValueError("no run %s here" % ", ".join(map(str, unknown)))
        selected = [position[number] for number in numbers]
        parts: dict[str, list[Any]] = {}
        for number, path in enumerate(self.paths):
            mine = [(k, self._places[r][1], r) for k, r in enumerate(selected) if self._places[r][0] == number]
            if not mine:
                continue
            with hdf5.open_results(path, self._wait) as file:
                for name, dataset in find(file, names).items():
                    parts.setdefault(name, []).append((mine, _rows(dataset, [row for _, row, _ in mine]), dataset_facts(dataset)))
        variables = {}
        for name, pieces in parts.items():
            values = _assemble(pieces, len(selected), self._written if along == "evaluation" else None)
            dimensions = ("run", along) + tuple(inner.get(name, ()))
            variables[name] = (dimensions, values, pieces[0][2])
        _pad(variables)
        coordinates: dict[str, Any] = {"run": ("run", numbers)}
        chosen = [name for name in [*COORDINATES, *self.axes] if name in self.runs and name != "run.seed" and name not in variables]
        for name in chosen:
            coordinates[name] = ("run", self.runs[name].to_numpy()[selected] if selected else np.array([], dtype=object))
        if "step" in variables:
            coordinates["step"] = variables.pop("step")
        found = xr.Dataset(variables, coords=coordinates, attrs={"source": ", ".join(self.paths)})
        return found.drop_indexes("run").set_xindex([name for name in ["run", *chosen] if name not in UNSELECTED], axes.RunIndex)


def dataset_facts(dataset: Any) -> dict[str, str]:
    facts = {name: hdf5.attribute(dataset, name) for name in ("units", "long_name", "definition") if name in dataset.attrs}
    folders = dataset.name.split("/")[1:-1]
    if folders[0] == "symmetry" and len(folders) == 2:
        return {**facts, "family": folders[1]}
    return {**facts, "group": folders[0]}


# ---- the table of runs ----

def _column(dataset: Any) -> Any:
    """A dataset of one value a run as a column."""
    if hdf5.is_text(dataset):
        return np.array(hdf5.texts(dataset), dtype=object)
    values = dataset[:]
    if dataset.dtype.kind == "i":
        words = {"/runs/status": facts.STATES, "/runs/phase": facts.PHASES}.get(dataset.name) or hdf5.meanings(dataset)
        if words == ["false", "true"]:
            return pd.array([None if v < 0 else bool(v) for v in values], dtype="boolean")
        if dataset.name in ("/runs/status", "/runs/phase"):
            return np.array([words[v] if 0 <= v < len(words) else "" for v in values], dtype=object)
        return pd.arrays.IntegerArray(values.astype(np.int64), values == -1)
    return values.astype(np.float64)


def _run_columns(found: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Columns in the order and under the names of `symsweep export`; and which of them are axes."""
    columns, axes = {}, []

    def put(name: str, dataset: Any) -> None:
        if dataset.ndim == 1 or hdf5.is_text(dataset):
            columns[name] = _column(dataset)

    runs = hdf5.below(found, "runs")

    def below(folder: str) -> list[tuple[str, Any]]:
        return [(name[len(folder):], dataset) for name, dataset in runs.items() if name.startswith(folder)]

    for name, dataset in below(""):
        if "/" not in name and name not in ("config", "planned"):
            put(name, dataset)
    for name, dataset in below("axes/"):
        axis = "run." + name if name in columns else name
        axes.append(axis)
        put(axis, dataset)
    for name, dataset in below("refine/"):
        put("refine." + name, dataset)
    for name, dataset in below("onset/"):
        put(name.replace("/", "."), dataset)
    for name, dataset in below("final/"):
        put("final." + name, dataset)
    for name, dataset in hdf5.below(found, "symmetry").items():
        family, _, fact = name.partition("/")
        if fact in FAMILY_FACTS:
            put("%s.%s" % (family, fact), dataset)
    return columns, axes


def _sweep_text(file: Any) -> str:
    config = file.get("sweep/config")
    if not isinstance(config, h5py.Dataset) or config.shape != ():
        return ""
    return hdf5.text(config[()])


def _read_config(text: str) -> dict[str, Any] | None:
    """A resolved configuration; None when the text is none."""
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return config if form.is_config(config) else None


# ---- arrays ----

def _wanted(found: Mapping[str, Any], names: Iterable[str] | None) -> dict[str, Any]:
    if names is None:
        return dict(found)
    names = list(names)
    unknown = [name for name in names if name not in found]
    if unknown:
        raise ValueError("no %s; there are: %s" % (", ".join(unknown), ", ".join(sorted(found)) or "none"))
    return {name: found[name] for name in names}


def _curve_datasets(file: Any, names: Iterable[str] | None) -> dict[str, Any]:
    found = {}
    for folder in facts.CURVE_GROUPS:
        found.update({name: d for name, d in hdf5.datasets(file, folder).items() if d.ndim == 2})
    for name, dataset in hdf5.datasets(file, "symmetry").items():
        if dataset.ndim == 2:
            found[name.replace("/", "_")] = dataset
    return _wanted(found, names)


def _table_datasets(file: Any, names: Iterable[str] | None) -> dict[str, Any]:
    return _wanted({name: d for name, d in hdf5.datasets(file, "data").items() if d.dtype.kind == "i"}, names)


def _generator_datasets(file: Any, names: Iterable[str] | None) -> dict[str, Any]:
    found = {name: file.get(path) for name, path in (("by_generator", generators.FOLDER + "by_generator"), ("step", "curves/step"),
                                                     ("train_accuracy", "curves/train_accuracy"))}
    return {name: dataset for name, dataset in found.items() if isinstance(dataset, h5py.Dataset)}


def _snapshot_datasets(file: Any, names: Iterable[str] | None) -> dict[str, Any]:
    found = {name: d for name, d in hdf5.datasets(file, "snapshots").items() if d.ndim >= 2 and d.dtype.kind != "S"}
    if names is None:
        return {name: d for name, d in found.items() if name not in LARGE_SNAPSHOTS}
    return _wanted(found, names)


def _rows(dataset: Any, rows: Sequence[int | None]) -> np.ndarray:
    """The given rows. Whole when most are wanted; HDF5 reads scattered rows one by one."""
    rows = [row if row < dataset.shape[0] else None for row in rows]
    known = [row for row in rows if row is not None]
    if not known:
        return hdf5.missing_like((len(rows),) + dataset.shape[1:], dataset.dtype)
    if len(known) * 2 > dataset.shape[0]:
        block = dataset[:]
        return np.stack([block[row] if row is not None else hdf5.missing_like(block.shape[1:], block.dtype) for row in rows])
    return np.stack([dataset[row] if row is not None else hdf5.missing_like(dataset.shape[1:], dataset.dtype)
                     for row in rows])


def _assemble(pieces: list[Any], count: int, written: np.ndarray | None) -> np.ndarray:
    """Pieces of several files in one array, padded with missing values; evaluations not acknowledged are missing."""
    inner = tuple(int(n) for n in np.max([np.array(values.shape[1:]) for _, values, _ in pieces], axis=0))
    whole = hdf5.missing_like((count,) + inner, pieces[0][1].dtype)
    for mine, values, _ in pieces:
        window = tuple(slice(0, n) for n in values.shape[1:])
        for (k, _, run), value in zip(mine, values):
            whole[(k,) + window] = value
            if written is not None:
                whole[k, written[run]:] = np.nan if whole.dtype.kind == "f" else -1
    return whole


def _pad(variables: dict[str, Any]) -> None:
    """One length for each dimension over all variables."""
    longest: dict[str, int] = {}
    for dimensions, values, _ in variables.values():
        for name, n in zip(dimensions, values.shape):
            longest[name] = max(longest.get(name, 0), n)
    for key, (dimensions, values, facts) in variables.items():
        shape = tuple(longest[name] for name in dimensions)
        if shape != values.shape:
            padded = hdf5.missing_like(shape, values.dtype)
            padded[tuple(slice(0, n) for n in values.shape)] = values
            variables[key] = (dimensions, padded, facts)
