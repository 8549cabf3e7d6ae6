"""Where events come from: a wing each, and what all live ones are asked for."""
