"""Live, the program that bcc compiles on the host."""
