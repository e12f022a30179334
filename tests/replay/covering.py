"""Covering arrays: few cells in which every two values of any two keys meet."""

import itertools


def pairwise(table):
    """table: key -> values. Cells (dicts of every key) that together hold every pair of values of two keys; a greedy
    choice, the same for the same table."""
    keys = list(table)
    wanted = {frozenset([(a, x), (b, y)]) for a, b in itertools.combinations(keys, 2)
              for x in range(len(table[a])) for y in range(len(table[b]))}
    cells = []
    while wanted:
        cell = dict(min(sorted(pair) for pair in wanted))
        for key in sorted(set(keys) - set(cell), key=keys.index):
            met = lambda value: sum(frozenset([(key, value), other]) in wanted for other in cell.items())  # noqa: B023
            # among equals another one every time, so that triples are spread too
            cell[key] = max(range(len(table[key])), key=lambda value: (met(value), (value + len(cells)) % len(table[key])))
        wanted -= {frozenset(pair) for pair in itertools.combinations(cell.items(), 2)}
        cells.append({key: table[key][value] for key, value in cell.items()})
    return cells
