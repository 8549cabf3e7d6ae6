"""Print what pip has to bring for the tests: the extra ``dev`` of setup.cfg."""

import configparser
from pathlib import Path

config = configparser.ConfigParser()
config.read(Path(__file__).parents[1] / "setup.cfg")
print(*config["options.extras_require"]["dev"].split())
