"""Mutants of lvc, changed pages, and the page that says who notices them."""
