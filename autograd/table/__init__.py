"""The table of ops: Op, the rows, slopes, operators and methods of operands, functions composed of ops."""
