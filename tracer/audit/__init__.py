"""Audit records → what they mean, and what a log says of the rules that it was written under."""
