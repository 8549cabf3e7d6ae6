"""The records that the BPF programs of core and bcc write, and the events in them."""
