"""One run of a results file: its configuration, curves and data, and what it takes to go on with it in PyTorch."""

from __future__ import annotations

import dataclasses
import functools
import html
import importlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tasks
from .hdf5 import ResultsError

if TYPE_CHECKING:
    import torch
    import xarray as xr

    from .network import Network
    from .optimizer import Optimizer
    from .results import Results


@dataclasses.dataclass(frozen=True)
class Data:
    """The table that a run learns (save.split).

    inputs [N, T] tokens, label [N] as trained on, in table order; train, test: positions of the two parts"""

    inputs: torch.Tensor
    label: torch.Tensor
    train: torch.Tensor
    test: torch.Tensor


def _torch(name: str) -> Any:
    """A module of the package that needs PyTorch."""
    try:
        return importlib.import_module("." + name, __package__)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ResultsError("models need PyTorch, which this Python does not have (Debian: python3-torch)") from None


class Run:
    """Row `number` of results.

    config   the resolved configuration
    row      Series: the run's row of results.runs
    curves   Dataset over `step`
    snapshots Dataset over `step`: PCA, spectra
    steps    steps at which parameters are kept (save.parameters or save.optimizer)"""

    def __init__(self, results: Results, number: int) -> None:
        self._all, self.results, self.number = results, results.select(results.runs.index == number), int(number)
        if len(self.results) == 0:
            raise ValueError("no run %s here" % number)
        self.config: dict[str, Any] = self.results.configs[0]
        self.row = self.results.runs.iloc[0]
        self._large: dict[str, np.ndarray] = {}

    # ---- what was measured ----

    @functools.cached_property
    def curves(self) -> xr.Dataset:
        if self._all.has_curves:  # read already
            return self._along_step(self._all.curves.sel(run=[self.number]), "evaluation")
        return self._along_step(self.results.curves, "evaluation")

    @functools.cached_property
    def snapshots(self) -> xr.Dataset:
        return self._along_step(self.results.snapshots, "snapshot")

    def _along_step(self, data: xr.Dataset, dimension: str) -> xr.Dataset:
        one = data.isel(run=0)
        one = one.isel({dimension: np.nonzero(one["step"].values >= 0)[0]})
        return one.swap_dims({dimension: "step"})

    # ---- what was kept ----

    def _kept(self, name: str) -> np.ndarray:
        """A large array of the snapshots, [snapshot, numbers], of those that the run took."""
        if name in self._large:
            return self._large[name]
        key = {"parameters": "save.parameters", "optimizer": "save.optimizer"}[name]
        try:
            found = self.results.read_snapshots([name, "step"])
        except ValueError:
            raise ResultsError("no run of the file has kept its %s: train with %s" % (name, key)) from None
        values = found[name].values[0]
        values = values[found["step"].values[0] >= 0]
        if not np.isfinite(values[:1]).any():
            raise ResultsError("run %d has not kept its %s: train with %s" % (self.number, name, key))
        self._large[name] = values
        return values

    @functools.cached_property
    def layout(self) -> list[dict[str, Any]]:
        """Tensors of the parameters: name, offset, shape."""
        place, text = self.results.read_texts("snapshots/parameter_layout")[0]
        try:
            found = json.loads(text or "[]")
            well = all(isinstance(t["name"], str) and isinstance(t["offset"], int) and all(isinstance(n, int) and 0 < n < 2**31
                       for n in t["shape"]) for t in found) and 0 < len(found) < 1000
        except (ValueError, TypeError, KeyError, RecursionError):
            well = False
        if not well:
            raise ResultsError("%s: /snapshots/parameter_layout of run %d is no list of tensors" % (place, self.number))
        return list(found)

    @functools.cached_property
    def steps(self) -> np.ndarray:
        steps = self.results.read_snapshots(["step"])["step"].values[0]
        return steps[steps >= 0]

    def _flat(self, name: str, step: int | None) -> tuple[torch.Tensor, int]:
        import torch
        step = int(self.steps[-1]) if step is None else int(step)
        at = np.nonzero(self.steps == step)[0]
        if len(at) == 0:
            raise ValueError("run %d has no snapshot at step %d; there are: %s" % (self.number, step, ", ".join(map(str, self.steps))))
        values = self._kept(name)[at[0]]
        known = np.nonzero(np.isfinite(values))[0]  # a sweep may hold larger models
        length = sum(int(np.prod(t["shape"])) for t in self.layout)
        if name == "optimizer":
            length *= -(-(int(known[-1]) + 1) // length) if len(known) else 0
        return torch.tensor(values[:length]), step

    def read_data(self) -> Data:
        """Inputs, labels and split, as long as the run has kept them (save.split)."""
        import torch
        found = self.results.read_data()
        if "inputs" not in found or (found["label"].values[0] < 0).all():
            raise ResultsError("run %d has not kept its inputs: train with save.split" % self.number)
        used = found["label"].values[0] >= 0
        inputs = found["inputs"].values[0][used]
        inputs = inputs[:, (inputs >= 0).all(axis=0)]
        split = found["split"].values[0][used]
        return Data(torch.tensor(inputs, dtype=torch.int64), torch.tensor(found["label"].values[0][used], dtype=torch.int64),
                    torch.tensor(np.nonzero(split == 1)[0]), torch.tensor(np.nonzero(split == 0)[0]))

    @functools.cached_property
    def data(self) -> Data:
        _torch("network")
        return self.read_data()

    # ---- PyTorch ----

    def model(self, step: int | None = None, dtype: torch.dtype | None = None) -> Network:
        """The network as it stood after `step` (the last snapshot), in float32 or another type: a torch.nn.Module that maps
        tokens [B, T] to logits [B, C]. It is in training mode, as modules are; dropout asks for .eval()."""
        network = _torch("network")
        flat, _ = self._flat("parameters", step)
        found = network.from_layout(self.config["model"], self.layout, **self._sizes())
        network.load_flat(found if dtype is None else found.to(dtype), self.layout, flat)
        return found

    def _sizes(self) -> dict[str, int]:
        """What the parameters do not tell of a one-hot or tied network."""
        model, found = self.config["model"], {}
        if model.get("input") == "one_hot" and model.get("combine", "concat") == "concat":
            found["tokens"] = self.data.inputs.shape[1]
        if model.get("unembedding") == "tied":
            found["classes"] = int(np.isfinite(self.snapshots["pca"].values[0]).any(axis=1).sum())
        return found

    def resume(self, step: int | None = None, dtype: torch.dtype | None = None) -> tuple[Network, Optimizer]:
        """Network and optimizer as they stood after `step`: the next optimizer.step() is step + 1. Other steps than 0 take
        save.optimizer."""
        model = self.model(step, dtype)
        optimizer = _torch("optimizer").Optimizer(model.named_parameters(), self.config["optimizer"], self.config["steps"])
        if step != 0:
            flat, at = self._flat("optimizer", step)
            optimizer.load_pieces(flat, self.layout, at)
        return model, optimizer

    def state(self, step: int | None = None, dtype: torch.dtype | None = None) -> dict[str, Any]:
        """`model` and `optimizer` as PyTorch's state dicts, and `step`: what torch.save takes. With AdamW or Adam, without a
        filter of the gradient, torch.optim's optimizer of that name loads the second."""
        model, optimizer = self.resume(step, dtype)
        return {"step": optimizer.t, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "config": self.config}

    def loss(self, logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        """The run's loss of each input, [B]; what a step minimizes is its mean over the batch, with the terms of symmetry
        families and priors that have a weight."""
        kind = self.config.get("loss", {}).get("kind", "cross_entropy")
        return _torch("network").LOSSES[kind](logits, label)

    def to_hooked(self, step: int | None = None) -> Any:
        """A transformer as TransformerLens' HookedTransformer, where that library is installed."""
        model = self.model(step)
        return _torch("hooked").build(model)

    # ---- how it shows itself ----

    def __repr__(self) -> str:
        return "<symsweep run %d: %s>" % (self.number, ", ".join(self._words()))

    def _words(self) -> list[str]:
        words = [str(self._all.settings[self.number]), tasks.describe(self.config), "seed %s" % self.row.get("seed"), str(self.row["status"])]
        return words + ["%s %s" % (name, self.row[name]) for name in ("phase", "t_mem", "t_sym", "t_gen") if name in self.row]

    def _repr_html_(self) -> str:
        return "<p><b>run %d</b> %s</p>%s" % (self.number, html.escape(", ".join(self._words())), self.curves._repr_html_())
