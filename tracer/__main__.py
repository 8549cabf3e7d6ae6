"""``python -m tracer``, and the one file of ``make zipapp``."""

import sys

if sys.version_info < (3, 9):  # noqa: UP036  who runs it chooses the Python
    sys.stderr.write("sigtrace: this Python is too old\n  why: it is ")
    sys.stderr.write(sys.version.split()[0] + ", and sigtrace needs 3.9\n")
    sys.stderr.write("  try: ls /usr/bin/python3* for a later one, then sudo python3.X ")
    sys.stderr.write(sys.argv[0] + "\n")
    sys.exit(2)

from tracer.cli import main

sys.exit(main())
