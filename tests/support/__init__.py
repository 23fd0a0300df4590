"""What the tests share: the notebooks and their gates, the oracle, the prose."""
