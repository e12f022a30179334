"""What the page holds of a results file: the run table, curves and snapshots thinned to a size that can be sent."""

import datetime
import json
import math

import numpy as np

from . import encode, facts, generators, lattice, settings, statistics, tasks, words

OWN_CADENCE = ("landscape", "kernel", "circuits")  # groups of curves that are measured at few evaluations
CURVE_BYTES = 2_400_000  # before compression, up to 400 runs; more runs may have more
GENERATOR_BYTES = 800_000
SNAPSHOT_BYTES = 1_200_000
MOST_POINTS, FEWEST_POINTS = 160, 32
MOST_SNAPSHOTS, COMPONENTS = 24, 4

# Metrics in the order in which they are kept when not all have room, with the units' axis titles.
FIRST_METRICS = ("train_accuracy", "test_accuracy", "test_accuracy_unmirrored", "test_accuracy_underived", "test_loss",
                 "train_loss", "effective_dimension", "participation_ratio")
LEFT_OUT = ("step",)
ONSETS = ("t_mem", "t_sym", "t_gen", "t_geo", "t_geo_participation")
RUN_COLUMNS = ("id", "label", "task", "status", "seed", "error", "host", "attempts", "steps", "stopped_early",
               "wall_seconds", "phase", "parameters", "majority", "train_inputs", "test_inputs",
               "unmirrored_inputs")
# What a damaged row is still believed.
ASKED = ("id", "label", "task", "status", "seed")
DAMAGED = "its checksum does not fit; the next start trains it again"


def build(results, title=None, all=False):
    """(header, bytes of the arrays): of the planned rows, of all with `all`. Of a damaged row there is no more than
    what was asked of it."""
    container = encode.Container()
    left_out = [words.visible(line) for line in results.left_out(all)]
    results = results if all else results.planned
    telling = settings.telling(results)
    keys = _keys(results, telling)
    header = {
        "title": words.visible(title or _title(results)),
        "description": words.visible(_description(results)),
        "files": [words.visible(path) for path in results.paths],
        "left_out": left_out,
        "made_utc": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "attributes": {key: _plain(value) for key, value in results.attributes.items()},
        "count": len(results),
        "runs": results.runs.index.tolist(),
        "columns": _columns(results, keys),
        "axes": list(keys),
        "swept": list(results.axes),
        "sweep": _sweep(results),
        "averaged": [name for name in keys if name in settings.SEEDS and name not in telling],
        "settings": list(telling),
        "families": _families(results),
        "ended": list(facts.ENDED),
        "phases": list(facts.PHASES),
        "phase": _phase_keys(results),
        "tasks": [words.visible(name) for name in settings.task_names(results)],
        "refine": _refine(results),
        "planned": [config.get("steps") for config in results.configs],
    }
    header["curves"], chosen = _curves(results, container)
    header["generators"] = _generators(results, container, chosen, header["columns"])
    header["geometry"] = _geometry(results, container)
    header["arrays"] = container.directory
    return header, container.bytes()


def to_json(header):
    return json.dumps(header, allow_nan=False, separators=(",", ":"), ensure_ascii=False)


# ---- texts ----

def _title(results):
    names = [sweep["name"] for sweep in results.sweeps if sweep["name"]]
    return ", ".join(dict.fromkeys(names)) or "symsweep results"


def _description(results):
    for sweep in results.sweeps:
        try:
            text = json.loads(sweep["config"]).get("description", "")
        except (ValueError, AttributeError, RecursionError):
            text = ""
        if text:
            return str(text)
    return ""


def _sweep(results):
    """What a sweep that goes on from this one is made of: name and base configuration, where all files have one."""
    found = []
    for sweep in results.sweeps:
        try:
            given = json.loads(sweep["config"])
            found.append({"name": sweep["name"], "run": given.get("run", {})})
        except (ValueError, AttributeError, RecursionError):
            return None
    return found[0] if found and all(part["run"] == found[0]["run"] for part in found) else None


def _plain(value):
    """A JSON value; null for what is missing or not finite."""
    if statistics.is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        # Six digits: results are float32.
        return float("%.6g" % value) if math.isfinite(value) else None
    return words.visible(value)


def _exact(value):
    """A value of a key, which is part of a name: no digit is lost. Integers that are none in JavaScript go as text."""
    if isinstance(value, (float, np.floating)) and math.isfinite(value):
        return float(value)
    plain = _plain(value)
    return str(plain) if isinstance(plain, int) and abs(plain) > 2**53 else plain


# ---- runs ----

def _keys(results, telling):
    """Column -> values of all that runs may be grouped by beside label and task: axes, and other keys in which
    configurations differ."""
    keys = {name: results.runs[name].tolist() for name in results.axes}
    keys.update({name: values for name, values in telling.items() if name not in keys and name != "label"})
    if not results.runs["planned"].all():
        keys["plan"] = ["planned" if planned else "former" for planned in results.runs["planned"]]
    return {name: [_exact(value) for value in values] for name, values in keys.items()}


def _columns(results, keys):
    runs, columns = results.runs, dict(keys)
    damaged = runs["damaged"].tolist()
    for name in runs.columns:
        if name in keys:
            continue
        onset = name.startswith(("t_", "lead_time", "test_accuracy_first", "train_accuracy_first")) and "dips" not in name
        if name in RUN_COLUMNS or name in lattice.FROM_FILE or onset or name.startswith("final."):
            values = [None if bad and name not in ASKED else _plain(value) for value, bad in zip(runs[name].tolist(), damaged)]
            # That nobody reached an onset is worth saying; other columns without a value are not.
            if name in ONSETS or any(value is not None for value in values):
                columns[name] = [value[:12] for value in values] if name == "id" else values
    for name in ("prompted", "holds", "tuples", "enumerated"):
        for family in results.families:
            key = "%s.%s" % (family, name)
            if key in runs:
                columns[key] = [_plain(value) for value in runs[key].tolist()]
    if any(damaged):
        reasons = columns.get("error", [None] * len(runs))
        columns["error"] = [DAMAGED if bad else reason for bad, reason in zip(damaged, reasons)]
    return columns


def _refine(results):
    """What the sweep refined; None when it did not."""
    if any(name not in results.runs for name in lattice.FROM_FILE):
        return None
    rule = lattice.refine_of(results)
    return {"axes": list(rule.get("axes", ())), "reached": rule.get("reached", "t_gen")} if rule.get("axes") else None


def _families(results):
    """Families with a violation of any run, the default one of the tasks first."""
    found = []
    for family in results.families:
        column = "final.%s_max" % family
        if column in results.runs and results.runs[column].notna().any():
            found.append(family)
    leading = [config.get("phase", {}).get("family") for config in results.configs]
    return sorted(found, key=lambda family: -leading.count(family))


def _phase_keys(results):
    keys = {}
    for key in ("accuracy", "tau", "family", "gap"):
        keys[key] = [_plain(config.get("phase", {}).get(key)) for config in results.configs]
    return keys


# ---- curves ----

def _chosen_points(count, most):
    """Evaluations to keep of `count`: half of them even in their number, half even in its logarithm, first and last
    always."""
    if count <= most:
        return np.arange(count)
    even = np.linspace(0, count - 1, most // 2)
    logarithmic = np.geomspace(1, count, most - most // 2) - 1
    return np.unique(np.rint(np.concatenate([even, logarithmic])).astype(int))


def _with_costly(count, most, costly):
    """The same, where costly measures are taken at few evaluations only (true in `costly`): half of the places are
    for those."""
    rare = np.nonzero(costly[:count])[0]
    if count <= most or len(rare) == 0 or len(rare) > count / 2:
        return _chosen_points(count, most)
    kept = rare[_chosen_points(len(rare), most // 2)]
    return np.union1d(kept, _chosen_points(count, most - len(kept)))


def _metric_order(names, families):
    def rank(name):
        if name in FIRST_METRICS:
            return FIRST_METRICS.index(name)
        for k, suffix in enumerate(("_max", "_mean", "_agreement_wrong", "_agreement_chance", "_wrong_tuples")):
            for f, family in enumerate(families):
                if name == family + suffix:
                    return 100 + 10 * f + k
        return 1000
    return sorted(names, key=rank)


def _facts(data, name):
    attributes = data.attrs
    return {"name": name, "label": attributes.get("long_name", name), "units": attributes.get("units", "1"),
            "definition": attributes.get("definition", ""), "family": attributes.get("family"), "group": attributes.get("group")}


def _curves(results, container):
    data = results.curves
    if "step" not in data or len(results) == 0:
        return {"metrics": [], "thinned": False, "left_out": []}, [np.arange(0)] * len(results)
    steps = data["step"].values
    lengths = np.where(results.runs["damaged"], 0, (steps >= 0).sum(axis=1))
    names = [name for name in data.data_vars
             if name not in LEFT_OUT and data[name].dtype.kind == "f" and np.isfinite(data[name].values).any()]
    names = _metric_order(names, results.families)
    budget = CURVE_BYTES * max(1.0, len(results) / 400)
    trained = max(int((lengths > 0).sum()), 1)
    most = int(budget / 2 / trained / max(len(names), 1))
    if most < FEWEST_POINTS:
        keep = max(int(budget / 2 / trained / FEWEST_POINTS), len(FIRST_METRICS))
        names, left_out, most = names[:keep], names[keep:], FEWEST_POINTS
    else:
        left_out = []
    most = min(most, MOST_POINTS)
    costly = np.zeros(steps.shape, dtype=bool)
    for name in names:
        if name == "effective_dimension" or name.endswith("_wrong_tuples") or data[name].attrs.get("group") in OWN_CADENCE:
            costly |= np.isfinite(data[name].values)
    chosen = [_with_costly(int(n), most, few) for n, few in zip(lengths, costly)]
    container.add("curve_count", np.array([len(c) for c in chosen]))
    container.add("step", np.concatenate([steps[r, c] for r, c in enumerate(chosen)]))
    metrics = []
    for name in names:
        values = data[name].values
        codes, scale = encode.quantize(np.concatenate([values[r, c] for r, c in enumerate(chosen)]))
        container.add("curve:" + name, codes)
        metrics.append({**_facts(data[name], name), **scale})
    return {"metrics": metrics, "thinned": bool(max(lengths, default=0) > most), "points": most, "left_out": left_out}, chosen


# ---- generators ----

def _generators(results, container, chosen, columns):
    """Mean violations of the generators of the symmetry group, as many as have room, and in `columns` when each is
    acquired."""
    measured = generators.Measured(results)
    rows = [measured.values[r, c] for r, c in enumerate(chosen)]
    lines = {}
    for r, names in enumerate(measured.names):
        for g, name in enumerate(generators.apart(map(words.visible, names))):
            if np.isfinite(rows[r][:, g]).any():
                lines.setdefault(name, {})[r] = g
    points = sum(map(len, chosen))
    most = int(GENERATOR_BYTES * max(1.0, len(results) / 400) / 2 / max(points, 1))
    metrics = []
    for k, (name, places) in enumerate(list(lines.items())[:most]):
        values = [rows[r][:, places[r]] if r in places else np.full(len(c), np.nan) for r, c in enumerate(chosen)]
        codes, scale = encode.quantize(np.concatenate(values))
        container.add("curve:generator %d" % k, codes)
        columns["acquired: " + name] = [_reached(measured.acquired[r, places[r]]) if r in places else None for r in range(len(results))]
        metrics.append({"name": "generator %d" % k, "text": name, "onset": "acquired: " + name, "runs": sorted(places), **scale})
    return {"metrics": metrics, "left_out": max(0, len(lines) - most)}


def _reached(step):
    return int(step) if step >= 0 else None


# ---- geometry ----

def _in_turn(results):
    """All runs, in turn one of every setting, so that each is there when not all have room."""
    groups = {}
    for position, name in enumerate(results.settings):
        groups.setdefault(name, []).append(position)
    turns = max((len(g) for g in groups.values()), default=0)
    return [group[k] for k in range(turns) for group in groups.values() if k < len(group)]


def _align(coordinates):
    """Signs of components, snapshot by snapshot backwards, so that each lies as near as it can to the next one: the
    sign of a principal component is arbitrary and must not make it jump."""
    for s in range(len(coordinates) - 2, -1, -1):
        sign = np.sign(np.nansum(coordinates[s] * coordinates[s + 1], axis=0))
        coordinates[s] *= np.where(sign == 0, 1, sign)
    return coordinates


def _geometry(results, container):
    found = results.snapshots
    if len(results) == 0 or "pca" not in found or "step" not in found:
        return {"runs": [], "of": 0}
    data = {name: found[name].values for name in ("step", "pca", "explained_variance", "fourier_power") if name in found}
    steps = data["step"]
    damaged = results.runs["damaged"].tolist()
    usable = {r for r in range(len(results)) if not damaged[r] and (steps[r] >= 0).any() and np.isfinite(data["pca"][r]).any()}
    kept, used, kinds, entries = [], 0, {}, []
    for run in [r for r in _in_turn(results) if r in usable]:
        entry, arrays, size = _snapshots_of(data, run, results.configs[run])
        if kept and used + size > SNAPSHOT_BYTES * max(1.0, len(results) / 400):
            break
        used += size
        kept.append(run)
        task = tasks.describe(results.configs[run])
        kinds.setdefault("%s/%d" % (task, entry["tokens"]), tasks.entities(results.configs[run], entry["tokens"]))
        entry["kind"] = "%s/%d" % (task, entry["tokens"])
        entries.append(entry)
        for name, values in arrays.items():
            container.add("%s:%d" % (name, run), values)
    entries = sorted(entries, key=lambda entry: entry["run"])
    return {"runs": entries, "of": len(usable), "kinds": kinds, "components": COMPONENTS}


def _snapshots_of(data, run, config):
    steps = data["step"][run]
    known = np.nonzero(steps >= 0)[0]
    known = known[_chosen_points(len(known), MOST_SNAPSHOTS)]
    coordinates = data["pca"][run][known][:, :, :COMPONENTS].astype(np.float64)
    present = np.isfinite(coordinates).any(axis=(0, 2))
    coordinates = _align(coordinates[:, present])
    scale = np.nanmax(np.abs(coordinates), axis=(1, 2), initial=0)
    scale[~np.isfinite(scale) | (scale == 0)] = 1
    scaled = np.rint((coordinates / scale[:, None, None] + 1) / 2 * 65000)
    codes = np.where(np.isfinite(scaled), scaled, encode.MISSING).astype(np.uint16)
    entry = {"run": run, "steps": [int(s) for s in steps[known]], "tokens": int(present.sum()),
             "scale": [float("%.6g" % s) for s in scale], "variance": [], "frequencies": 0}
    if "explained_variance" in data:
        entry["variance"] = [[_plain(v) for v in row] for row in data["explained_variance"][run][known]]
    arrays = {"pca": codes}
    if "fourier_power" in data:
        power = data["fourier_power"][run][known].astype(np.float64)
        power = power[:, np.isfinite(power).any(axis=0)]
        if power.shape[1]:
            total = np.nansum(power, axis=1, keepdims=True)
            share = np.divide(power, total, out=np.full_like(power, np.nan), where=total > 0)
            arrays["fourier"] = np.where(np.isfinite(share), np.rint(share * 65000), encode.MISSING).astype(np.uint16)
            entry["frequencies"] = int(power.shape[1])
    return entry, arrays, sum(a.nbytes for a in arrays.values())
