"""The commands that make the book and measure the module: python -m tools.NAME."""
