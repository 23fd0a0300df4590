"""What the last run found, book/data/mutants.json: the page self_checks shows it."""

import hashlib
import json

from tools import toc
from tools.mutants.changes import Mutant
from tools.mutants.harmless import HARMLESS
from tools.mutants.pages import edits
from tools.mutants.suites import SUITES

RESULT = toc.BOOK / "data" / "mutants.json"


def fingerprint(every: dict[str, Mutant]) -> dict[str, str]:
    """Return for each definition of lvc a short hash of its mutants' names.

    The names change with any change in its code.
    """
    names = {}
    for name, mutant in every.items():
        names.setdefault(mutant.place, []).append(name)
    return {
        definition: hashlib.sha256("\n".join(its).encode()).hexdigest()[:16]
        for definition, its in names.items()
    }


def waiting(every: dict[str, Mutant], ran: dict) -> dict[str, list[str]]:
    """Return the definitions whose mutants, as they are now, have not met a suite."""
    now = fingerprint(every)
    return {
        suite: [d for d, its in now.items() if ran[suite].get(d) != its]
        for suite in SUITES
    }


def by_definition(every: dict[str, Mutant], survived: dict, ran: dict) -> list[dict]:
    """Return the counts for each definition of lvc; None for a suite it waits for."""
    rows, waits = {}, waiting(every, ran)
    for name, mutant in every.items():
        definition = mutant.place
        row = rows.setdefault(definition, {"mutants": 0, "harmless": 0})
        row["mutants"] += 1
        row["harmless"] += name in HARMLESS
        for suite in SUITES:
            noticed = name not in {*survived[suite], *HARMLESS}
            row[suite] = (
                None if definition in waits[suite] else row.get(suite, 0) + noticed
            )
    return [{"definition": definition, **row} for definition, row in rows.items()]


def write(every: dict[str, Mutant], survived: dict, now: dict) -> None:
    ran = {suite: now for suite in SUITES}
    result = {
        "ran": ran,
        "definitions": by_definition(every, survived, ran),
        "survivors": survived,
        "harmless": HARMLESS,
        "edits": edits(),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(f"written: {RESULT.relative_to(toc.ROOT)}")
