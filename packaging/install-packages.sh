#!/bin/sh
# Install what the given purpose needs from the distribution: install-packages.sh run|test|bench|fleet.
# Does nothing, and needs neither root nor a network, when all of it is there. Says first what will be loaded and how
# much, and at the end how to take it away; no service that comes with it stays enabled.
set -eu
purpose=${1:?usage: install-packages.sh run|test|bench|fleet}
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

# Debian names; python3-bpfcc is bcc's Python module, which PyPI does not have.
run_apt="python3 python3-bpfcc python3-pyroute2 python3-tabulate clang libbpf-dev libbpf1"
test_apt="gcc libc6-dev python3-venv procps psmisc auditd bpftool bpftrace git tmux util-linux zstd systemd systemd-journal-remote"
bench_apt="libbpf-tools bpfcc-tools bpftrace linux-perf strace auditd atop"
fleet_apt="openjdk-17-jre-headless prometheus"
run_dnf="python3 python3-bcc python3-pyroute2 python3-tabulate clang libbpf-devel libbpf"
test_dnf="gcc glibc-devel procps-ng psmisc audit bpftool bpftrace git tmux util-linux zstd systemd systemd-journal-remote"
bench_dnf="libbpf-tools bcc-tools bpftrace perf strace audit atop"
fleet_dnf="java-17-openjdk-headless"
# Programs of i386 are traced, too.
[ "$(uname -m)" != x86_64 ] || {
    test_apt="$test_apt gcc-multilib"
    test_dnf="$test_dnf glibc-devel.i686 libgcc.i686"
}

eval "names_apt=\${${purpose}_apt} names_dnf=\${${purpose}_dnf}"

say() { printf '  %-7s %s\n' "$1" "$2"; }

# What a package says that is not here.
lacks() {
    case $1 in
        libbpf1) say APT "$1 cannot be had here: kernels before 6.4 are traced through bcc, else audit" ;;
        *) say APT "$1 cannot be had here: going on without it" ;;
    esac
}

# One line that grows, on a terminal; else one at the end. Lines of dpkg's come in, and "status N" at the end.
progress() {
    awk -v total="$1" -v tty="$([ -t 1 ] && echo 1 || echo 0)" '
        /^status [0-9]+$/ { status = $2; next }
        /^(Unpacking|Setting up) / { done++; if (tty) printf "\r  APT     %d of %d steps", done, 2 * total; next }
        /^(E|W): / { print | "cat >&2" }
        END { printf "%s  APT     %d of %d steps\n", tty ? "\r" : "", done, 2 * total; exit status }'
}

# Services that are started at boot, by their links.
enabled() { find /etc/systemd/system /etc/rc[S2-5].d -type l ! -name 'K*' 2> /dev/null | sort; }

# A service that came with a package, and is not the system's own, is not started at the next boot either.
disable() {
    case $(dpkg -S "$(readlink -f "$1")" 2> /dev/null) in
        "" | systemd* | procps* | util-linux* | udev*) return ;;
    esac
    name=${1##*/}
    case $1 in
        /etc/rc*) $sudo update-rc.d "${name#S[0-9][0-9]}" disable ;;
        *) $sudo rm -f "$1" ;;
    esac
    say APT "not left enabled: ${1#/etc/}"
}

if command -v apt-get > /dev/null; then
    missing=
    for name in $names_apt; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null || :)
        [ "$state" = installed ] || missing="$missing $name"
    done
    [ -n "$missing" ] || exit 0
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C
    say APT "update"
    $sudo apt-get -q=2 update
    wanted=
    for name in $missing; do
        case $(apt-cache policy "$name" | sed -n 's/^ *Candidate: //p') in
            "" | "(none)") lacks "$name" ;;
            *) wanted="$wanted $name" ;;
        esac
    done
    [ -n "$wanted" ] || exit 0
    options="-o DPkg::Lock::Timeout=300 --no-install-recommends"
    # Not --assume-no: where nothing else is added apt-get asks nothing, and installs.
    # shellcheck disable=SC2086 # one word a package
    plan=$(apt-get install -y --print-uris $options $wanted 2>&1 || :)
    new=$(printf '%s\n' "$plan" |
        sed -n '/^The following NEW packages/,/^[^ ]/ { /^ /p }' | tr -s ' \n' '  ')
    say APT "to install:$wanted"
    printf '%s\n' "$plan" | sed -n 's/^Need to get/  APT     to load:/p; s/^After this operation, /  APT     on the disk: /p'
    # auditd must not start by itself: it would change what audit records on this host.
    policy=/usr/sbin/policy-rc.d
    [ "$purpose" = run ] || [ -e "$policy" ] || {
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" > /dev/null
        $sudo chmod 755 "$policy"
        trap '$sudo rm -f "$policy"' EXIT
    }
    before=$(enabled)
    # shellcheck disable=SC2086
    { $sudo apt-get install -q -y $options $wanted 2>&1 && echo "status 0" || echo "status $?"; } |
        progress "$(printf '%s' "$new" | wc -w)"
    if [ "$purpose" != run ]; then
        for link in $(enabled); do
            case "$before" in *"$link"*) ;; *) disable "$link" ;; esac
        done
    fi
    say APT "to take it away again: apt-get purge $(echo $new)"
elif command -v dnf > /dev/null; then
    skip=
    [ "$purpose" != bench ] || skip=--skip-unavailable
    # shellcheck disable=SC2086
    rpm -q $names_dnf > /dev/null 2>&1 || {
        say DNF "to install: $names_dnf"
        $sudo dnf -y install $skip $names_dnf
        say DNF "to take it away again: dnf history undo last"
    }
else
    echo "install-packages.sh: neither apt-get nor dnf is here" >&2
    echo "  why: only their package names are known" >&2
    echo "  try: install $names_apt by hand, then make NO_SETUP=1 setup" >&2
    exit 1
fi
