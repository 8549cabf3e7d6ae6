#!/bin/sh
# make setup for a checkout that cannot be written to: VENV= gets a copy of it, which is built there.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$VENV" 2> /dev/null && [ -w "$VENV" ] || {
    echo "sigtrace: cannot set up in $here" >&2
    echo "  why: neither it nor $VENV can be written to" >&2
    echo "  try: make setup VENV=\$HOME/.cache/sigtrace" >&2
    exit 2
}
VENV=$(cd "$VENV" && pwd)
copy=$VENV/checkout
echo "  COPY    $here cannot be written to: built in $copy"
mkdir -p "$copy"
(cd "$here" && tar -c --exclude=./.venv --exclude=./.git --exclude=./build .) | tar -x -C "$copy"
chmod -R u+w "$copy"
packaging/commit.sh > "$copy/tracer/commit"
exec ${MAKE:-make} --no-print-directory -C "$copy" setup VENV=..
