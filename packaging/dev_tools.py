"""Print what pip has to bring for an extra of setup.cfg: ``dev`` for lint, types and tests, ``fleet`` for tests of it."""

import configparser
import sys
from pathlib import Path

config = configparser.ConfigParser()
config.read(Path(__file__).parents[1] / "setup.cfg")
print(*config["options.extras_require"][sys.argv[1]].split())
