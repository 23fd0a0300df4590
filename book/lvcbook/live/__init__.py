"""The live page: the block of the experiment, trained and new, run in the browser."""
