"""How chapter 11 decides claims: the word of a verdict follows from computed results.

`decide` takes what was found and shows the verdict; nothing else can set one.
"""

from docutils.nodes import make_id
from IPython.display import HTML

from lvcbook import figures

DECIDED = {}  # the verdict of each claim and its place, in the order of the chapter


def verdict(as_said: list, in_part: list, in_fact: list) -> str:
    """Return the word for what was found.

    right: the claim holds in every case tried; depends: in some of them; imprecise: in
    none, but a weaker form holds; wrong: not even that. If what the chapter says
    besides, in fact, does not hold, the claim is undecided.
    """
    if not as_said:
        raise ValueError("a verdict needs at least one result on the claim as said")
    if not all(in_fact):
        return "undecided"
    if all(as_said):
        return "right"
    if any(as_said):
        return "depends"
    return "imprecise" if in_part and all(in_part) else "wrong"


def decide(
    claim: str,
    place: str,
    as_said: dict,
    in_part: dict | None = None,
    in_fact: dict | None = None,
) -> HTML:
    """Decide a claim, keep the verdict for the table, and show it with what was found.

    The dictionaries map what was tried to a boolean, or to one for each repetition.
    """
    parts = {"as said": as_said, "in part": in_part or {}, "in fact": in_fact or {}}
    found = {
        part: {what: _booleans(results) for what, results in tried.items()}
        for part, tried in parts.items()
    }
    word = verdict(*(sum(results.values(), []) for results in found.values()))
    DECIDED[claim] = word, place
    rows = [
        [figures.note(what, part), _in_words(results)]
        for part, tried in found.items()
        for what, results in tried.items()
    ]
    head = [figures.note(word, place), "holds"]
    return figures.table(f"{claim}: {word}", head, rows)


def _booleans(results) -> list[bool]:
    return [bool(one) for one in (results if isinstance(results, list) else [results])]


def _in_words(results: list[bool]) -> str:
    if len(results) == 1:
        return "yes" if results[0] else "no"
    return f"{sum(results)} of {len(results)}"


def all_verdicts() -> HTML:
    """Return the table of all verdicts, each claim with a link to its section."""
    rows = [
        [figures.link(make_id(claim), claim), word, place]
        for claim, (word, place) in DECIDED.items()
    ]
    head = [f"{len(rows)} claims", "verdict", "place"]
    return figures.table(f"The verdicts on {len(rows)} claims", head, rows)
