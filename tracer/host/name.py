"""The name of this host."""

import os

HOST = os.uname().nodename
