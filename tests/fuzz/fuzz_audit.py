"""A longer fuzzing of the audit reader, outside of the suite (pip install atheris):

    python tests/fuzz/fuzz_audit.py -max_total_time=600 WORK_FOLDER tests/data/audit

What it finds is kept in tests/fuzz/found/, and read by tests/unit/audit/test_audit_fuzz.py ever after.
"""

import fcntl
import os
import sys
import tempfile

import atheris

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", ".."))

with atheris.instrument_imports():
    from tracer.flow.source import every
    from tracer.sinks.json import to_object
    from tracer.sources.logs import sights as audit_sights
    from tracer.sources.logs.audit_log import AuditLog
    from tracer.sources.logs.files import LogSet

PATH = os.path.join(tempfile.mkdtemp(prefix="sigtrace-fuzz"), "audit.log")
audit_sights.PART = 1 << 10


def read(data):
    """All three ways of reading; no exception may come out of any."""
    with open(PATH, "wb") as log:
        log.write(data)
    for sieve_min in (1 << 40, 0):
        for event in every(AuditLog([LogSet(PATH, (PATH,))], sieve_min=sieve_min)):
            to_object(event)
    coming, going = os.pipe()
    fcntl.fcntl(going, fcntl.F_SETPIPE_SZ, max(4096, len(data)))
    os.write(going, data)
    os.close(going)
    with os.fdopen(coming) as sys.stdin:
        for event in every(AuditLog([LogSet("-", ("-",))])):
            to_object(event)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
