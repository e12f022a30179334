"""Few settings of many keys, in which any two values of any two keys meet."""

import itertools


def rows(table):
    """table: key -> values. A list of key -> value; the first row has every first value. Greedy: each row begins with a
    pair that has not met yet, and takes of every other key the value that brings most new pairs."""
    keys = list(table)
    pairs = {((a, x), (b, y)) for a, b in itertools.combinations(range(len(keys)), 2)
             for x in range(len(table[keys[a]])) for y in range(len(table[keys[b]]))}
    out = []

    def met(row):
        return {((a, row[a]), (b, row[b])) for a, b in itertools.combinations(sorted(row), 2)}

    def complete(row):
        for k in range(len(keys)):
            if k not in row:
                row[k] = max(range(len(table[keys[k]])), key=lambda x: (len(met({**row, k: x}) & pairs), -x))
        pairs.difference_update(met(row))
        out.append({keys[k]: table[keys[k]][row[k]] for k in range(len(keys))})

    complete({k: 0 for k in range(len(keys))})
    while pairs:
        complete(dict(min(pairs)))
    return out
