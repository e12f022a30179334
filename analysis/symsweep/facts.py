"""What the program's tables say: facts.json, which scripts/generate-reference writes from the sources."""

from __future__ import annotations

import json
from pathlib import Path

_FACTS = json.loads(Path(__file__).with_name("facts.json").read_text())

VERSION: str = _FACTS["version"]
STATES: tuple[str, ...] = tuple(state["name"] for state in _FACTS["states"])
PHASES: tuple[str, ...] = tuple(_FACTS["phases"])
OVER: tuple[str, ...] = tuple(state["name"] for state in _FACTS["states"] if state["over"])
# States that say something of when a run reached an onset: trained to an end, or given up because that was decided.
ENDED: tuple[str, ...] = tuple(name for name in OVER if name not in ("failed", "not_selected"))
# Phases of runs that were trained to their end.
LEARNED: tuple[str, ...] = tuple(phase for phase in PHASES if phase not in ("diverged", "unfinished"))
# What each optimizer carries from step to step, in the order of checkpoints and of /snapshots/optimizer.
OPTIMIZER_PIECES: dict[str, list[str]] = _FACTS["optimizer_pieces"]
# Groups of a results file with curves [runs, evaluations], beside those of symmetry families.
CURVE_GROUPS: tuple[str, ...] = tuple(_FACTS["curve_groups"])
