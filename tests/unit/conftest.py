"""What several tests of replay begin with."""

import audit_logs as logs
import pytest


@pytest.fixture
def first(tmp_path):
    path = tmp_path / "first.log"
    path.write_text(logs.FIRST)
    return path


@pytest.fixture
def log(tmp_path):
    """Writes a log of that name."""

    def write(text, name="audit.log"):
        path = tmp_path / name
        path.write_bytes(text)
        return path

    return write
