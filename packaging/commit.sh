#!/bin/sh
# The commit that this tree was made of, on one line; nothing where it is not known. tracer/commit, where it is there
# (Debian's packages are built without git), else git's HEAD.
here=$(dirname "$0")/..
if [ -s "$here/tracer/commit" ]; then
    cat "$here/tracer/commit"
elif [ -e "$here/.git" ]; then
    git -C "$here" rev-parse --short=12 HEAD 2> /dev/null || :
fi
