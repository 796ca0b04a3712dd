"""What `python -m autograd` runs: the demo, expressions read from text, the table in words."""
