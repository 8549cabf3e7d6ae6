#!/bin/sh
# Compile a BPF program: compile.sh TARGET CLANG FLAGS…. A system whose libbpf is older than 1.0 (Debian 11, Ubuntu 22.04)
# can neither compile nor load it: TARGET is empty there, and traces take bcc, or audit. OLD=fail: that is an error.
set -eu
target=$1
clang=$2
shift 2
is_new='#include <bpf/libbpf_version.h>
#if LIBBPF_MAJOR_VERSION < 1
#error old
#endif'
if [ -e /usr/include/bpf/bpf_helpers.h ] && command -v "$clang" > /dev/null &&
    ! printf '%s\n' "$is_new" | "$clang" -E -x c - > /dev/null 2>&1; then
    echo "  CLANG   ${target##*/} is left empty: libbpf here is older than 1.0; traces take bcc, else audit"
    [ "${OLD:-}" != fail ] || exit 1
    : > "$target"
    exit 0
fi
exec "$clang" "$@" -o "$target"
