#!/bin/sh
# provision.sh [CHECKOUT]: make a Debian machine ready for `make test`. Run as root; a second run changes
# nothing and needs no network. The Vagrant VM and the box of `make vm-box` are made by it.
set -eu
checkout=${1:-/vagrant}
export DEBIAN_FRONTEND=noninteractive

command -v make > /dev/null || {
    apt-get -q=2 update
    apt-get -q=2 install -y --no-install-recommends make > /dev/null
}
for purpose in run test; do
    "$checkout/packaging/install-packages.sh" "$purpose"
done
# Installing auditd does not start it: on a developer's host it would change what audit records.
[ ! -d /run/systemd/system ] || systemctl -q enable --now auditd
echo "provision.sh: ready for make test"
