"""What the last run found, book/data/mutants.json: the page self_checks shows it."""

import hashlib
import json
import os

from tools import toc
from tools.mutants.changes import Mutant
from tools.mutants.harmless import HARMLESS
from tools.mutants.suites import SUITES, meets

RESULT = toc.BOOK / "data" / "mutants.json"


def fingerprint(every: dict[str, Mutant]) -> dict[str, str]:
    """Return for each definition of lvc a short hash of its mutants' names.

    They hold most of its code, and no `raise`.
    """
    names = {}
    for name, mutant in every.items():
        names.setdefault(mutant.place, []).append(name)
    return {
        definition: hashlib.sha256("\n".join(its).encode()).hexdigest()[:16]
        for definition, its in names.items()
    }


def waiting(every: dict[str, Mutant], ran: dict) -> dict[str, list[str]]:
    """Return the definitions whose mutants, as they are now, wait for a suite."""
    now = fingerprint(every)
    return {
        suite: [d for d in now if meets(d, suite) and ran[suite].get(d) != now[d]]
        for suite in SUITES
    }


def by_definition(every: dict[str, Mutant], survived: dict, ran: dict) -> list[dict]:
    """Return the counts for each definition of lvc; None for a suite not met."""
    rows, waits = {}, waiting(every, ran)
    for name, mutant in every.items():
        definition = mutant.place
        row = rows.setdefault(definition, {"mutants": 0, "harmless": 0})
        row["mutants"] += 1
        row["harmless"] += name in HARMLESS
        for suite in SUITES:
            noticed = name not in {*survived[suite], *HARMLESS}
            has_met = meets(definition, suite) and definition not in waits[suite]
            row[suite] = row.get(suite, 0) + noticed if has_met else None
    return [{"definition": definition, **row} for definition, row in rows.items()]


def pieces(every: dict[str, Mutant], known: dict) -> dict[tuple[str, str], list[str]]:
    """Return what is to run, by suite and definition: what waits, and what survived.

    Where each survivor of a definition is argued, they do not run again.
    """
    waits, chosen = waiting(every, known["ran"]), {}
    for suite, survived in known["survivors"].items():
        puzzles = {every[n].place for n in {*survived} & {*every} - {*HARMLESS}}
        for name, mutant in every.items():
            again = mutant.place in puzzles and name in survived
            if mutant.place in waits[suite] or again:
                chosen.setdefault((suite, mutant.place), []).append(name)
    return chosen


def settle(every, known: dict, suite: str, definition: str, missed: list[str]) -> None:
    """Put into `known` that all of a definition has met a suite, which missed these."""
    survived = known["survivors"][suite]
    kept = {n for n in survived if n in every and every[n].place != definition}
    known["survivors"][suite] = [n for n in every if n in {*kept, *missed}]
    known["ran"][suite][definition] = fingerprint(every)[definition]


def write(every: dict[str, Mutant], known: dict) -> None:
    """Write what is known, with the counts of the definitions that lvc has now."""
    now = fingerprint(every)
    ran = {
        suite: {definition: its for definition, its in of.items() if definition in now}
        for suite, of in known["ran"].items()
    }
    result = {
        "ran": ran,
        "definitions": by_definition(every, known["survivors"], ran),
        "survivors": known["survivors"],
        "harmless": HARMLESS,
        "edits": known["edits"],
    }
    beside = RESULT.with_suffix(".part")
    beside.write_text(json.dumps(result, indent=1) + "\n")
    os.replace(beside, RESULT)
