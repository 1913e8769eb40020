"""What is trusted is read once, and anew where the environment names something else."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path

import pytest

from sessions.tls import certificates


def test_clients_share_what_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert certificates.trusted() is certificates.trusted()
    usual = ssl.get_default_verify_paths().openssl_cafile
    if not Path(usual).is_file():
        pytest.skip("no file of certificates here")
    own = tmp_path / "own.pem"
    shutil.copyfile(usual, own)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    named = certificates.trusted()
    assert named is not certificates.trusted(trust_env=False)
    os.utime(own, ns=(1, 1))
    assert named is not certificates.trusted(), "it may hold others by now"


def test_certificates_that_are_not_there_are_said_each_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            certificates.trusted()
