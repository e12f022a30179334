"""What scripts/paper is made of: plan (what is trained, in which order), evidence (runs of results files by task and
intervention), verdicts (claims of the paper and the rules that judge them), pictures, sections, interventions and page (docs/paper.md)."""
