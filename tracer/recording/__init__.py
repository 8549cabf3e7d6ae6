"""What is kept on disk for months: pieces of JSON lines, packed when they are full, the oldest removed first."""
