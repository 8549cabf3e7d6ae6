"""``python -m tracer``, the one file of ``make zipapp``, and what the installed command runs."""

import sys

if sys.version_info < (3, 9):  # noqa: UP036  who runs it chooses the Python
    sys.stderr.write("sigtrace: this Python is too old\n  why: it is ")
    sys.stderr.write(sys.version.split()[0] + ", and sigtrace needs 3.9\n")
    sys.stderr.write("  try: ls /usr/bin/python3* for a later one, then sudo python3.X ")
    sys.stderr.write(sys.argv[0] + "\n")
    sys.exit(2)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

# Who is asked to end while modules are loaded dies of it, without a traceback; main() takes that back.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from tracer.cli import main  # noqa: E402

sys.exit(main())
