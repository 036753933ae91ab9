"""The nodes of the turn's graph, one module each."""
