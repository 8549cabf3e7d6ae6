"""The words that every part shares: events and their fields, signals, origins, outcomes, times, text, errors."""
