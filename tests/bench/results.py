# SPDX-License-Identifier: Apache-2.0
"""Results as they are kept under build/bench: one JSON file per subject, written after every round, so that a run that was
cut off goes on where it was, and tables can be made again without measuring."""
import json
import pathlib
import statistics

root = pathlib.Path(__file__).resolve().parents[2]


class results:
    """One subject: rounds (list of {cell: measurement}), facts measured once, books of every process that was started."""

    def __init__(self, mode, key):
        self.path = root / "build/bench" / mode / f"{key}.json"
        self.key, self.title, self.configuration = key, key, ""
        self.rounds, self.facts, self.books, self.about = [], {}, [], {}

    @classmethod
    def load(cls, mode, key):
        out = cls(mode, key)
        if out.path.exists():
            for name, value in json.loads(out.path.read_text()).items():
                setattr(out, name, value)
        return out

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in vars(self).items() if name != "path"}
        self.path.with_suffix(".new").write_text(json.dumps(kept, indent=1))
        self.path.with_suffix(".new").replace(self.path)

    def values(self, cell, what):
        return [one[cell][what] for one in self.rounds if cell in one]

    def median(self, cell, what):
        found = self.values(cell, what)
        return statistics.median(found) if found else None

    def spread(self, cell, what):
        """Half the distance between the quartiles' outer neighbours: (largest - smallest) / 2."""
        found = self.values(cell, what)
        return (max(found) - min(found)) / 2 if found else None

    def measurements(self):
        """(name of the cell, measurement) of everything that sent requests."""
        for one in self.rounds:
            yield from one.items()
        for name, one in self.facts.items():
            if "errors" in one:
                yield name, one


def paired(over, under, cell, what="cpu"):
    """Median over the rounds of one subject's figure by another's of the same round: what drifts with the machine cancels."""
    pairs = list(zip(over.values(cell, what), under.values(cell, what)))
    return statistics.median(one / other for one, other in pairs) if pairs else None
