#!/bin/sh
# Put the flight recorder's service on this host, or take it away: install-service.sh PROGRAM | --remove.
# What it has recorded stays in /var/lib/sigtrace. DESTDIR= is a folder in the host's place: then nothing is run.
set -eu
what=${1:?usage: install-service.sh PROGRAM, or --remove}
here=$(dirname "$0")
root=${DESTDIR:-}
unit=$root/etc/systemd/system/sigtrace-record.service
users=$root/etc/sysusers.d/sigtrace.conf
catalog=$root/usr/local/lib/systemd/catalog/sigtrace.catalog
options=$root/etc/default/sigtrace-record

# sd_booted(3)
is_systemds() { [ -d "${SYSTEMD_RUN:-/run/systemd/system}" ]; }
on_the_host() { [ -n "$root" ] || ! is_systemds || "$@"; }

if [ "$what" = --remove ]; then
    on_the_host systemctl disable --now sigtrace-record.service || :
    rm -f "$unit" "$users" "$catalog"
    on_the_host systemctl daemon-reload
    on_the_host journalctl --update-catalog
    exit 0
fi
case $what in /*) ;; *) echo "install-service.sh: $what is no absolute path" >&2; exit 2 ;; esac
if [ -z "$root" ] && ! is_systemds; then
    echo "install-service.sh: systemd does not run here, so nothing would start the service; nothing is installed" >&2
    echo "  now: sudo $what record, under what starts services here" >&2
    exit 2
fi
install -d "${unit%/*}" "${users%/*}" "${catalog%/*}" "${options%/*}"
sed "s|@SIGTRACE@|$what|" "$here/sigtrace-record.service" > "$unit"
install -m 0644 "$here/sigtrace.sysusers" "$users"
install -m 0644 "$here/sigtrace.catalog" "$catalog"
[ -e "$options" ] || install -m 0644 "$here/sigtrace-record.default" "$options"
on_the_host systemd-sysusers
on_the_host journalctl --update-catalog
on_the_host systemctl daemon-reload
echo "  now: systemctl enable --now sigtrace-record"
