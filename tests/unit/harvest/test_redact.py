"""Nothing that must not leave a session leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions.harvest.redact import Redactor, elsewhere, general

# Split so that no scanner takes this file for a leak.
SECRETS = {
    "anthropic": "sk-ant-" + "api03-AbCdEfGhIjKlMnOpQrStUvWx",
    "openai": "sk-" + "proj-AbCdEfGhIjKlMnOpQrStUv",
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "github fine": "github_pat_" + "11ABCDEFG0aBcDeFgHiJkLmNoPqRsTuVwXyZ",
    "gitlab": "glpat-" + "AbCdEfGhIjKlMnOpQrSt",
    "slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "slack hook": "https://hooks.slack.com/services/" + "T000/B000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "google": "AIza" + "SyA1234567890abcdefghijklmnopqrstuvw",
    "google oauth": "ya29." + "a0AfH6SMBabcdefghijklmnop",
    "npm": "npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "pypi": "pypi-" + "AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAw",
    "huggingface": "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh",
    "stripe": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
    "twilio": "SK" + "0123456789abcdef0123456789abcdef",
    "sendgrid": "SG." + "abcdefghijklmnopqrst.abcdefghijklmnopqrstuvwxyz",
    "digitalocean": "dop_v1_" + "a" * 32 + "b" * 32,
    "telegram": "123456789:AA" + "Fxyz0123456789abcdefghijklmnopqrs",
    "databricks": "dapi" + "0123456789abcdef0123456789abcdef",
    "shopify": "shpat_" + "0123456789abcdef0123456789abcdef",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKC\n-----END RSA PRIVATE KEY-----",
    "url": "hunter:" + "s3cr3tpass",
    "azure": "AccountKey=" + "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_taken_out(kind: str) -> None:
    secret = SECRETS[kind]
    text = f"postgres://{secret}@db/x" if kind == "url" else f"before {secret} after"
    redacted = Redactor({}, "", Path("/nowhere")).redact(text)
    assert secret not in redacted.text
    assert redacted.redactions and "REDACTED" in redacted.text


@pytest.mark.parametrize(
    "line",
    [
        'password = "' + 'Tr0ub4dor&3xyz"',
        "API_KEY: " + "9f8e7d6c5b4a3928",
        '"client_secret": "' + 'aB3dE5fG7hJ9kL"',
    ],
)
def test_a_value_with_a_telling_name_is_taken_out(line: str) -> None:
    assert "REDACTED" in Redactor({}, "", Path("/nowhere")).redact(line).text


@pytest.mark.parametrize(
    "line",
    [
        'api_key = os.environ["KEY"]',
        "token = get_token(request)",
        "password: <your password>",
        "SECRET=$SECRET_FROM_ENV",
        "the token count is 12345678",
        "def test_tokens_are_counted(): pass",
    ],
)
def test_what_only_speaks_of_secrets_stays(line: str) -> None:
    assert Redactor({}, "", Path("/nowhere")).redact(line).text == line


def test_values_of_the_environment_are_taken_out_whatever_their_shape() -> None:
    redactor = Redactor({"MY_TOKEN": "correct horse battery"}, "", Path("/nowhere"))
    assert "horse" not in redactor.redact("say correct horse battery staple").text


def test_names_and_paths_are_made_general() -> None:
    redactor = Redactor({}, "ada", Path("/home/ada"), cwd="/home/ada/engine")
    told = redactor.redact(
        "ada ran /home/ada/engine/run.py, /home/ada/.cache and /Users/bob/x; adamant stays"
    )
    assert told.text == "USER ran run.py, ~/.cache and ~/x; adamant stays"


def test_the_same_secret_gets_the_same_mark() -> None:
    redactor = Redactor({}, "", Path("/nowhere"))
    one = redactor.redact(SECRETS["github"]).text
    assert redactor.redact(f"{SECRETS['github']} {SECRETS['github']}").text == f"{one} {one}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cd /srv/a/b && ls /srv/a/b/x.py", "cd . && ls x.py"),
        ("/srv/a/bc and /usr/srv/a/b/c", "/srv/a/bc and /usr/srv/a/b/c"),
        ("It is in /srv/a/b.", "It is in .."),
        ("https://host/srv/a/b/x", "https://host/srv/a/b/x"),
    ],
)
def test_only_the_working_directory_itself_becomes_relative(text: str, told: str) -> None:
    assert Redactor({}, "", Path("/nowhere"), cwd=["/srv/a/b"]).redact(text).text == told


def test_paths_that_are_only_here_are_told_by_their_last_part() -> None:
    text = "read /srv/orders/in.csv, POST /v1/messages, /usr/bin/env and /opt/x/y"
    assert elsewhere(text) == ["/srv/orders/in.csv", "/opt/x/y"]
    assert general(text) == "read PATH/in.csv, POST /v1/messages, /usr/bin/env and PATH/y"
