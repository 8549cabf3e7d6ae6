"""A parent that watches its child, and a child that watches its parent.

The parent forwards SIGTERM and waits for the child. The child finishes its work first, however long
that takes; now and then it asks with signal 0 whether its parent lives, and leaves with
status 3 when it does not.
"""

import os
import signal
import sys
import time

from service import ready

PROBE_SECONDS = 0.5


def watch_parent(parent):
    signal.signal(signal.SIGTERM, lambda *_: None)
    while True:
        time.sleep(PROBE_SECONDS)
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            sys.exit(3)


parent = os.getpid()
child = os.fork()
if child == 0:
    watch_parent(parent)
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
ready()
os.waitpid(child, 0)
