"""What the program's tables say of runs: facts.json, which scripts/generate-reference writes from the sources."""

import json
from pathlib import Path

_FACTS = json.loads(Path(__file__).with_name("facts.json").read_text())

STATES = tuple(state["name"] for state in _FACTS["states"])
PHASES = tuple(_FACTS["phases"])
OVER = tuple(state["name"] for state in _FACTS["states"] if state["over"])
# States that say something of when a run reached an onset: trained to an end, or given up because that was decided.
ENDED = tuple(name for name in OVER if name not in ("failed", "not_selected"))
# Phases of runs that were trained to their end.
LEARNED = tuple(phase for phase in PHASES if phase not in ("diverged", "unfinished"))
