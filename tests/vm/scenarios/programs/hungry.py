"""A service that takes more memory than its unit may have, once it gets SIGUSR1."""

import signal

from service import ready

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
ready()
signal.sigwait({signal.SIGUSR1})
hoard = bytearray(256 << 20)
