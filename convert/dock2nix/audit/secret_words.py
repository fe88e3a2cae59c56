"""What secrets look like: names of variables and files, tokens, passwords in addresses."""

from __future__ import annotations

import posixpath
import re

from dock2nix.regex import regex

# Names as in BuildKit's own check SecretsUsedInArgOrEnv, less plain "key" and "auth", which mean something else too often.
_NAME = regex(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASS|PWD|SECRET|SECRETS|SECRET_KEY|ACCESS_KEY|API_?KEY|PRIVATE_KEY|ENCRYPTION_KEY|APP_KEY|"
    r"AUTH_TOKEN|TOKEN|CREDENTIALS?|PASSPHRASE)(?:_[0-9]+)?$",
    re.IGNORECASE,
)
_NO_SECRET = regex(r"(?:^|_)(?:PUBLIC|PUB|OLDPWD)(?:_|$)|^PWD$", re.IGNORECASE)
# Values that are no secret: a path or address, a switch, a number of few digits, a variable of the shell to come.
_PLAIN_VALUE = regex(
    r"(?:/|\./|https?://[^@]*$|file:).*|true|false|yes|no|on|off|none|null|[0-9]{1,3}|\W+"
    r"|[\w./-]+\.(?:sh|txt|json|ya?ml|pem|key|crt|py|conf|cfg|ini|properties|toml|xml)",
    re.IGNORECASE | re.DOTALL,
)
# Tokens by the forms that their issuers gave them so that they can be found.
_TOKENS = (
    ("an access key of AWS", regex(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a token of GitHub", regex(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{82})\b")),
    ("a token of GitLab", regex(r"\bglpat-[0-9A-Za-z_-]{20}\b")),
    ("a token of npm", regex(r"\bnpm_[0-9A-Za-z]{36}\b")),
    ("a token of PyPI", regex(r"\bpypi-AgE[0-9A-Za-z_-]{50}")),
    ("a token of Slack", regex(r"\bxox[abprs]-[0-9A-Za-z-]{10,48}\b")),
    ("a key of Google", regex(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a live key of Stripe", regex(r"\b[rs]k_live_[0-9A-Za-z]{24}")),
    ("a private key", regex(r"-----BEGIN (?:[A-Z]+ )?(?:[A-Z]+ )?PRIVATE KEY-----")),
)
_MOST_LINES = 2_000
_USER_INFO = regex(r"[a-z][a-z0-9+.-]{1,20}://([^/\s@\"']{1,200})@([A-Za-z0-9$\[])")
_PLACEHOLDERS = frozenset(
    {"git", "oauth2", "user", "username", "x-access-token", "x-token-auth", "x-oauth-basic"}
)
_PRIVATE_FILES = regex(
    r"id_(?:rsa|dsa|ecdsa|ed25519)|\.?_?netrc|\.git-credentials|\.pypirc|\.dockercfg|\.pgpass|\.htpasswd|.+\.(?:p12|pfx|jks|ppk)"
    r"|(?:.+[._-])?(?:private|priv)[._-]?key(?:\.pem)?|(?:privkey|server|tls|ssl)[\w.-]*\.key|.*service[_-]?account.*\.json"
    r"|client_secret.*\.json|kubeconfig|\.env(?:\.(?!(?:example|sample|template|dist|defaults?|tpl|test|ci)$)[\w-]+)?|credentials"
)
_PEM = regex(r".+\.(?:pem|key)|\.npmrc|\.yarnrc|\.yarnrc\.yml|pip\.conf")
_IN_FILE = regex(
    r"_(?:authToken|password|auth)\s*=\s*(?!\$\{)[^\s$]{8,}|PRIVATE KEY-----|npmAuthToken:\s*[\"']?[^\s$\"']{8,}"
)


def names_a_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is a secret."""
    return _NAME.search(name) is not None and _NO_SECRET.search(name) is None


def may_be_secret(value: str) -> bool:
    """Whether a value may be a secret at all: no path, no address, no switch, nothing."""
    return bool(value.strip()) and _PLAIN_VALUE.fullmatch(value.strip()) is None


def token_in(text: str) -> str:
    """What kind of token stands in a text, "" for none."""
    return next((kind for kind, pattern in _TOKENS if pattern.search(text)), "")


def password_in_address(text: str) -> str:
    """The user's part of an address that has a password or a token in it, "" for none."""
    for match in _USER_INFO.finditer(text):
        user, colon, password = match[1].partition(":")
        if colon and password and password not in _PLACEHOLDERS:
            return user
        if not colon and "$" in user and re.search(r"token|pass|pat\b|secret|key|cred", user, re.IGNORECASE):
            return user
    return ""


def is_environment_file(path: str) -> bool:
    """Whether a file is one of `NAME=value` lines by its name."""
    return posixpath.basename(path).startswith(".env")


def assigns_secret(text: str) -> bool:
    """Whether a text of `NAME=value` lines gives a value to a secret."""
    for line in text.splitlines()[:_MOST_LINES]:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and names_a_secret(name.strip()) and may_be_secret(value.strip("\"' ")):
            return True
    return False


def is_private_file(path: str) -> bool:
    """Whether a file's name says that it holds a secret."""
    return _PRIVATE_FILES.fullmatch(posixpath.basename(path.rstrip("/"))) is not None


def may_hold_secret(path: str) -> bool:
    """Whether a file of this name holds a secret now and then; its content tells."""
    return _PEM.fullmatch(posixpath.basename(path)) is not None


def holds_secret(text: str) -> bool:
    """Whether the text of a file has a private key, a token or a password in it."""
    return _IN_FILE.search(text) is not None or token_in(text) != ""
