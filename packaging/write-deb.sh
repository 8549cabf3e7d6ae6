#!/bin/sh
# Debian packages from the commit that is checked out: write-deb.sh FOLDER. HOST=arm64 builds for another architecture.
# Needs debhelper, dh-python, clang and libbpf-dev; the same commit gives the same bytes.
set -eu
folder=${1:?usage: write-deb.sh FOLDER}
here=$(cd "$(dirname "$0")/.." && pwd)
for program in dh dh_python3 clang; do
    command -v $program > /dev/null || {
        echo "sigtrace: cannot build Debian packages" >&2
        echo "  why: $program is not here" >&2
        echo "  try: apt-get install debhelper dh-python dpkg-dev fakeroot clang libbpf-dev" >&2
        exit 2
    }
done
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$here/tracer/__init__.py")
SOURCE_DATE_EPOCH=$(git -C "$here" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
tree=$folder/sigtrace-$version
rm -rf "$folder"
mkdir -p "$tree"
folder=$(cd "$folder" && pwd)
tree=$folder/sigtrace-$version
git -C "$here" archive HEAD | tar -x -C "$tree"
git -C "$here" rev-parse --short=12 HEAD > "$tree/tracer/commit"
cp -r "$tree/packaging/debian" "$tree/debian"
for part in service default; do cp "$tree/packaging/sigtrace-record.$part" "$tree/debian/"; done
sed -i 's|@SIGTRACE@|/usr/bin/sigtrace|' "$tree/debian/sigtrace-record.service"
{
    echo "sigtrace ($version) unstable; urgency=medium"
    printf '\n  * See CHANGELOG.md.\n\n'
    echo " -- sigtrace developers <maintainers@sigtrace.example.org>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} > "$tree/debian/changelog"
cd "$tree"
# -d: it would ask for build-essential, a C++ compiler, which nothing here needs.
dpkg-buildpackage -us -uc -b -d ${HOST:+-a "$HOST"} > "$folder/log" 2>&1 || { tail -20 "$folder/log" >&2; exit 2; }
cd "$folder"
ls -l ./*.deb
