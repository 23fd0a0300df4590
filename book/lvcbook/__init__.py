"""What the pages of the book import: figures, exercises, the experiment."""
