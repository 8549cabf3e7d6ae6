#!/bin/sh
# One file that runs with nothing but python3: write-zipapp.sh TARGET. bcc's program stays out: bcc wants a folder.
set -eu
target=${1:?usage: write-zipapp.sh TARGET}
here=$(dirname "$0")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
(cd "$here/.." && find tracer/ -name '*.py' -o -name '*.o' -o -name '*.loader' -o -name '*.sql') |
    while read -r file; do install -D -m 0644 "$here/../$file" "$tree/$file"; done
"$here/commit.sh" > "$tree/tracer/commit"
cp "$here/../tracer/__main__.py" "$tree/__main__.py"
# The same bytes from the same sources, wherever it is: a zip file has local times, and none before 1980.
export TZ=UTC
find "$tree" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-315532800}" {} +
"${PYTHON:-/usr/bin/python3}" -m zipapp "$tree" -c -p '/usr/bin/env python3' -o "$target"
chmod 0755 "$target"
echo "  now: scp $target HOST: && ssh HOST sudo ./$(basename "$target") --signal 9"
