"""How chapter 11 decides claims: the word of a verdict follows from computed results.

`decide` takes what was found and shows the verdict; nothing else can set one.
"""

from docutils.nodes import make_id
from IPython.display import HTML

from lvcbook import figures

# A result holds if nearly all of what was tried does, and fails if hardly any does.
NEARLY_ALL, HARDLY_ANY = 0.9, 0.1
DECIDED = {}  # who says a claim, its verdict and scope, in the order of the chapter


def verdict(as_said: list, in_part: list, in_fact: list) -> str:
    """Return the word for what was found, each result a share between 0 and 1.

    right: all results on the claim hold; imprecise: all fail, but a weaker form holds;
    wrong: not even that; depends: anything else. If what the chapter says besides, in
    fact, does not hold, the claim is undecided.
    """
    if not as_said:
        raise ValueError("a verdict needs at least one result on the claim as said")
    if not _hold(in_fact):
        return "undecided"
    if _hold(as_said):
        return "right"
    if any(share > HARDLY_ANY for share in as_said):
        return "depends"
    return "imprecise" if in_part and _hold(in_part) else "wrong"


def _hold(shares: list) -> bool:
    return all(share >= NEARLY_ALL for share in shares)


def decide(
    claim: str,
    said_by: str,
    scope: str,
    as_said: dict,
    in_part: dict | None = None,
    in_fact: dict | None = None,
) -> HTML:
    """Decide a claim, keep the verdict for the table, and show it with what was found.

    The dictionaries map what was tried to a boolean, to one for each repetition, or to
    a share, which is a float. The scope says how far the verdict reaches.
    """
    parts = {"as said": as_said, "in part": in_part or {}, "in fact": in_fact or {}}
    shares = [[_share(results) for results in part.values()] for part in parts.values()]
    word = verdict(*shares)
    DECIDED[claim] = said_by, word, scope
    rows = [
        [figures.note(what, part), _in_words(results)]
        for part, tried in parts.items()
        for what, results in tried.items()
    ]
    return figures.table(f"{claim}: {word}", [figures.note(word, scope), "holds"], rows)


def _share(results) -> float:
    if isinstance(results, list):
        return sum(map(bool, results)) / len(results)
    return results if isinstance(results, float) else float(bool(results))


def _in_words(results) -> str:
    if isinstance(results, list):
        return f"{sum(map(bool, results))} of {len(results)}"
    if isinstance(results, float):
        return f"{results:.0%}"
    return "yes" if results else "no"


def all_verdicts() -> HTML:
    """Return the table of all verdicts, each claim with a link to its section."""
    rows = [
        [figures.link(make_id(claim), claim), *decided]
        for claim, decided in DECIDED.items()
    ]
    head = [f"{len(rows)} claims", "said by", "verdict", "scope"]
    return figures.table(f"The verdicts on {len(rows)} claims", head, rows)
