#!/bin/sh
# A line in the system log for each SIGKILL that a process has sent.
exec sigtrace --signal KILL --origin kill,tgkill,sigqueue,pidfd --json |
    while read -r line; do logger -t sigtrace -- "$line"; done
