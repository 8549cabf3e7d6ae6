"""Standard output and standard error: width, colour, progress, what is said beside."""
