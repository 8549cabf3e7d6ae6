"""A service that dies of the first signal it gets, with a child that does, too."""

import signal
import subprocess

from service import ready

child = subprocess.Popen(["sleep", "3600"])
ready()
signal.pause()
