"""Ops: what one is, the rows of the table, the slopes they give, and functions composed of them."""
