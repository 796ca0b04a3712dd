"""Values and their graphs: recording, walks, lines, sweeps, copies, and the engine that stores them."""
