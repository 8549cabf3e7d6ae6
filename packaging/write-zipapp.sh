#!/bin/sh
# One file that runs with nothing but python3: write-zipapp.sh TARGET. bcc's program stays out: bcc wants a folder.
set -eu
target=${1:?usage: write-zipapp.sh TARGET}
here=$(dirname "$0")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
(cd "$here/.." && find tracer/ -name '*.py' -o -name '*.o' -o -name '*.loader' -o -name '*.sql') |
    while read -r file; do install -D -m 0644 "$here/../$file" "$tree/$file"; done
# tabulate, which lays out --summary, is one file or folder of Python; its licence (MIT) goes along.
"${PYTHON:-/usr/bin/python3}" - "$tree" <<'END' || echo "  without tabulate, which is not here: --summary will need it where it runs"
import shutil, sys
from importlib import util
from pathlib import Path
found = util.find_spec("tabulate") or sys.exit(1)
origin, tree = Path(found.origin), Path(sys.argv[1])
if origin.name == "__init__.py":
    shutil.copytree(origin.parent, tree / "tabulate", ignore=shutil.ignore_patterns("__pycache__"))
else:
    shutil.copy(origin, tree)
licences = [*Path("/usr/share/doc/python3-tabulate").glob("copyright"), *origin.parent.parent.glob("tabulate-*/**/LICENSE")]
for licence in licences[:1]:
    shutil.copy(licence, tree / "tabulate.licence")
END
"$here/commit.sh" > "$tree/tracer/commit"
cp "$here/../tracer/__main__.py" "$tree/__main__.py"
# The same bytes from the same sources, wherever it is: a zip file has local times, and none before 1980.
export TZ=UTC
find "$tree" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-315532800}" {} +
"${PYTHON:-/usr/bin/python3}" -m zipapp "$tree" -c -p '/usr/bin/env python3' -o "$target"
chmod 0755 "$target"
echo "  now: scp $target HOST: && ssh HOST sudo ./$(basename "$target") --signal 9"
