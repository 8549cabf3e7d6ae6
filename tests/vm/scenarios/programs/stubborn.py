"""A service that does not stop when it is asked to."""

import signal

from service import ready

signal.signal(signal.SIGTERM, signal.SIG_IGN)
ready()
while True:
    signal.pause()
