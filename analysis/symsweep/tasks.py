"""What a configuration says of its task: a short name, the names of its entities, how they lie to each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# Whether a lattice closes on itself; what is not here is drawn without edges.
LATTICES = {"grid": "none", "grid3d": "none", "torus": "all", "cylinder": "first"}


def describe(config: Mapping[str, Any]) -> str:
    """A task in a few words: "add mod 59", "grid 5x5", "comparison 7x7"."""
    task = config.get("task", {})
    kind = task.get("kind", "")
    sides = "×".join(str(n) for n in task.get("sides") or [])
    if kind == "modular":
        operation = task.get("operation", "")
        return "%s mod %s" % (task.get("expression", "") if operation == "expression" else operation, task.get("p", "?"))
    if kind == "graph":
        name = task.get("graph", "graph")
        size = sides or task.get("nodes") or task.get("dimension") or ""
        if name == "tree":
            size = "%s^%s" % (task.get("branching", ""), task.get("depth", ""))
        if name == "edge_list":
            size = str(task.get("file", "")).rsplit("/", 1)[-1]
        return ("%s %s" % (name, size)).strip()
    if kind == "comparison":
        form = "" if task.get("form", "relation") == "relation" else " three-way"
        return ("comparison %s%s" % (sides, form)).strip()
    if kind == "group":
        name = task.get("group", "group")
        size = "×".join(str(n) for n in task.get("factors") or []) if name == "product" else task.get("n", "")
        word = task.get("expression", "x*y")
        return "%s group %s%s" % (name, size, "" if word == "x*y" else ", " + word)
    if kind == "latin":
        return "Latin square %s" % task.get("n", "?")
    if kind == "parity":
        return "parity of %s in %s bits" % (task.get("relevant", "?"), task.get("bits", "?"))
    if kind == "planted":
        scramble = task.get("scramble", "none")
        return "planted %s, symmetry %s%s" % (task.get("n", "?"), task.get("symmetry_order", 1),
                                              "" if scramble == "none" else ", " + scramble)
    return kind or "unknown task"


def entities(config: Mapping[str, Any], count: int) -> dict[str, Any]:
    """names, colourings and edges of the first `count` tokens. A colouring: name, one number a token, whether it goes
    round. Edges join what the task has as neighbours."""
    task = config.get("task", {})
    kind = task.get("kind", "")
    if kind == "modular":
        return _plain(count, "residue", cyclic=True)
    if kind == "group" and task.get("group") == "cyclic":
        return _plain(count, "element", cyclic=True)
    if kind == "comparison" or task.get("graph") in LATTICES:
        sides = task.get("sides") or []
        if int(np.prod(sides or [0])) == count:
            return _lattice(sides, LATTICES.get(task.get("graph"), "none"), kind == "comparison")
    if task.get("graph") in ("cycle", "path"):
        ring = task["graph"] == "cycle"
        found = _plain(count, "node", cyclic=ring)
        found["edges"] = [[i, i + 1] for i in range(count - 1)] + ([[count - 1, 0]] if ring else [])
        return found
    if task.get("graph") == "hypercube" and count & (count - 1) == 0:
        width = count.bit_length() - 1
        bits = [[int(b) for b in format(i, "0%db" % width)] for i in range(count)]
        return {
            "names": ["".join(map(str, b)) for b in bits],
            "colourings": [{"name": "ones in the name", "values": [sum(b) for b in bits], "cyclic": False}]
            + [{"name": "bit %d" % k, "values": [b[k] for b in bits], "cyclic": False} for k in range(width)],
            "edges": [[i, i ^ (1 << k)] for i in range(count) for k in range(width) if i < i ^ (1 << k)],
        }
    if task.get("graph") == "tree":
        branching = int(task.get("branching") or 2)
        found = _plain(count, "node")
        found["edges"] = [[(i - 1) // branching, i] for i in range(1, count)]
        return found
    return _plain(count, "entity")


def _plain(count: int, name: str, cyclic: bool = False) -> dict[str, Any]:
    return {
        "names": [str(i) for i in range(count)],
        "colourings": [{"name": name, "values": list(range(count)), "cyclic": cyclic}],
        "edges": [],
    }


def _lattice(sides: Sequence[int], periodic: str, is_comparison: bool) -> dict[str, Any]:
    points = list(itertools.product(*(range(n) for n in sides)))
    number = {point: i for i, point in enumerate(points)}
    edges = []
    for point, i in number.items():
        for axis, side in enumerate(sides):
            goes_round = (periodic == "all" or (periodic == "first" and axis == 0)) and side > 2
            after = point[axis] + 1
            if after == side and not goes_round:
                continue
            edges.append([i, number[point[:axis] + (after % side,) + point[axis + 1:]]])
    words = "attribute" if is_comparison else "coordinate"
    colourings = [{
        "name": "%s %d" % (words, axis),
        "values": [point[axis] for point in points],
        "cyclic": not is_comparison and (periodic == "all" or (periodic == "first" and axis == 0)),
    } for axis in range(len(sides))]
    return {"names": ["(%s)" % ",".join(map(str, p)) for p in points], "colourings": colourings, "edges": edges}
