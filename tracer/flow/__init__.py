"""From a source to a sink: what is wanted, what belongs together, and the one loop."""
