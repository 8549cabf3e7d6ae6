"""What every text log shares: when a line was written, by whom, and what pasting has done to it."""
