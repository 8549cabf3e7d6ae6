"""The command line: declared once, read plainly or by argparse."""
