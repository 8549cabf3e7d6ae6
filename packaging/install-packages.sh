#!/bin/sh
# Install what the given purpose needs from the distribution: install-packages.sh run|test|bench.
# Does nothing, and needs neither root nor a network, when all of it is there.
set -eu
purpose=${1:?usage: install-packages.sh run|test|bench}
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

# Debian names; python3-bpfcc is bcc's Python module, which PyPI does not have.
run_apt="python3 python3-venv python3-bpfcc clang libbpf-dev libbpf1"
test_apt="gcc libc6-dev procps psmisc auditd bpftool bpftrace git tmux util-linux zstd gdb strace systemd systemd-journal-remote"
bench_apt="libbpf-tools bpfcc-tools bpftrace linux-perf strace auditd"
run_dnf="python3 python3-bcc clang libbpf-devel libbpf"
test_dnf="gcc glibc-devel procps-ng psmisc audit bpftool bpftrace git tmux util-linux zstd gdb strace systemd systemd-journal-remote"
bench_dnf="libbpf-tools bcc-tools bpftrace perf strace audit"
# Programs of i386 are traced, too.
[ "$(uname -m)" != x86_64 ] || {
    test_apt="$test_apt gcc-multilib"
    test_dnf="$test_dnf glibc-devel.i686 libgcc.i686"
}

eval "names_apt=\${${purpose}_apt} names_dnf=\${${purpose}_dnf}"

if command -v apt-get > /dev/null; then
    missing=
    for name in $names_apt; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null || :)
        [ "$state" = installed ] || missing="$missing $name"
    done
    [ -n "$missing" ] || exit 0
    echo "  APT    $missing"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get -q=2 update
    # auditd must not start by itself: it would change what audit records on this host.
    policy=/usr/sbin/policy-rc.d
    [ "$purpose" = run ] || [ -e "$policy" ] || {
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" > /dev/null
        $sudo chmod 755 "$policy"
        trap '$sudo rm -f "$policy"' EXIT
    }
    install="$sudo apt-get -q=2 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends"
    # A rival that this release does not have is left out; make bench says so.
    if [ "$purpose" = bench ]; then
        for name in $missing; do
            $install "$name" > /dev/null || echo "  APT     $name cannot be had here"
        done
        exit 0
    fi
    # shellcheck disable=SC2086 # one word a package
    $install $missing > /dev/null
elif command -v dnf > /dev/null; then
    skip=
    [ "$purpose" != bench ] || skip=--skip-unavailable
    # shellcheck disable=SC2086
    rpm -q $names_dnf > /dev/null 2>&1 || $sudo dnf -q -y install $skip $names_dnf
else
    echo "install-packages.sh: neither apt-get nor dnf is here" >&2
    echo "  why: only their package names are known" >&2
    echo "  try: install $names_apt by hand, then make build" >&2
    exit 1
fi
