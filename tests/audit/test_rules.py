"""What each rule finds, with line, column and severity, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit_lab import audited, found

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = "FROM debian:bookworm-slim\n"
DIGEST = "sha256:" + "a1" * 32
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SUM = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def check(code: str, text: str, expected: list[str], folder: Path) -> None:
    assert found(audited(text, folder), code) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "FROM debian:12\n", ["1:6-14 warning debian:12: the tag can move to another image"], id="tag"
        ),
        pytest.param(
            "FROM debian\n",
            ["1:6-11 warning debian: whatever image was pushed last is built upon"],
            id="no-tag",
        ),
        pytest.param(
            "FROM debian:latest AS base\n",
            ["1:6-18 warning debian:latest: whatever image was pushed last is built upon"],
            id="latest",
        ),
        pytest.param(
            "ARG TAG=12\nFROM debian:${TAG}\n",
            ["2:6-18 warning debian:12: the tag can move to another image"],
            id="tag-from-an-argument",
        ),
        pytest.param(
            "FROM scratch\nCOPY --from=busybox:1.36 /bin/busybox /bin/\n",
            ["2:13-24 warning busybox:1.36: the tag can move to another image"],
            id="copy-from-an-image",
        ),
        pytest.param(f"FROM debian:12@{DIGEST}\n", [], id="digest"),
        pytest.param("FROM scratch\n", [], id="scratch"),
        pytest.param(
            f"FROM debian@{DIGEST} AS one\nFROM one\nCOPY --from=one /etc/motd /etc/\n", [], id="stages"
        ),
    ],
)
def test_base_images(text: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N510", text, expected, tmp_path)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            "apt-get install -y curl jq", ["2:24-27 warning apt curl, jq: have no exact version"], id="apt"
        ),
        pytest.param(
            "apt-get install -y curl=7.* jq",
            ["2:24-31 warning apt curl=7.*, jq: have no exact version"],
            id="apt-pattern",
        ),
        pytest.param(
            "apt-get install -y curl=7.88.1-10 jq",
            ["2:39-40 warning apt jq: is installed without an exact version"],
            id="apt-partly-pinned",
        ),
        pytest.param(
            "for p in git vim; do apt-get install -y $p; done",
            ["2:45-46 warning apt git, vim: have no exact version"],
            id="loop-is-told-once",
        ),
        pytest.param(
            "apt-get install -y a1 b1 c1 d1 e1 f1",
            ["2:24-25 warning apt a1, b1, c1, d1 and 2 more: have no exact version"],
            id="many",
        ),
        pytest.param(
            "pip install 'flask>=2'",
            ["2:17-26 warning pip flask>=2: is installed without an exact version"],
            id="pip-range",
        ),
        pytest.param(
            "npm install -g typescript@^5",
            ["2:20-32 warning npm typescript@^5: is installed without an exact version"],
            id="npm-range",
        ),
        pytest.param(
            "go install golang.org/x/tools/gopls@latest",
            [
                "2:16-46 warning go golang.org/x/tools/gopls@latest: the newest version there is gets installed"
            ],
            id="go-latest",
        ),
        pytest.param(
            "cargo install --locked ripgrep",
            ["2:28-34 warning cargo ripgrep: the newest version there is gets installed"],
            id="cargo",
        ),
        pytest.param(
            "gem install rails",
            ["2:17-21 warning gem rails: the newest version there is gets installed"],
            id="gem",
        ),
        pytest.param("apt-get install -y curl=7.88.1-10+deb12u5", [], id="apt-version"),
        pytest.param("pip install flask==3.0.0", [], id="pip-version"),
        pytest.param("npm install -g typescript@5.4.2", [], id="npm-version"),
        pytest.param("go install golang.org/x/tools/gopls@v0.15.3", [], id="go-version"),
        pytest.param("go install ./cmd/server", [], id="go-own-sources"),
        pytest.param("cargo install --path .", [], id="cargo-own-sources"),
        pytest.param("gem install rails -v 7.1.3", [], id="gem-version"),
        pytest.param("apt-get remove -y curl", [], id="removal"),
        pytest.param("false && apt-get install -y curl", [], id="never-runs"),
    ],
)
def test_package_versions(command: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N511", f"{DEBIAN}RUN {command}\n", expected, tmp_path)


def test_packages_of_a_file_are_told_with_their_line(tmp_path: Path) -> None:
    text = "FROM python:3.13\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    result = audited(text, tmp_path, files={"requirements.txt": "flask==3.0.0\nrich>=13\n"})
    assert found(result, "D2N511") == [
        "3:20-35 warning pip rich>=13 (requirements.txt:2): is installed without an exact version"
    ]


TOLD = "nothing checks the file that comes"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            "curl -fsSLO https://a.example/x.tgz",
            [f"2:17-39 warning https://a.example/x.tgz: {TOLD}"],
            id="curl",
        ),
        pytest.param(
            "wget -qO- https://a.example/x.tgz | tar xz",
            [f"2:15-37 warning https://a.example/x.tgz: {TOLD}"],
            id="into-tar",
        ),
        pytest.param(
            f"curl -O https://a.example/x.tgz && curl -O https://a.example/y.tgz && echo '{SUM}  y.tgz' | sha256sum -c -",
            [f"2:13-35 warning https://a.example/x.tgz: {TOLD}"],
            id="another-file-is-checked",
        ),
        pytest.param(
            f"echo '{SUM}  x.tgz' | sha256sum -c - ; curl -O https://a.example/x.tgz",
            [f"2:111-133 warning https://a.example/x.tgz: {TOLD}"],
            id="checked-before-it-comes",
        ),
        pytest.param(
            "V=$(curl -s https://a.example/latest) && echo $V",
            ["2:17-40 warning https://a.example/latest: the answer of the day decides what is built"],
            id="question",
        ),
        pytest.param(
            "curl --progress-bar -o a.bin https://user:hunter2@a.example/a.bin",
            [f"2:34-69 warning https://a.example/a.bin: {TOLD}"],
            id="password-is-not-repeated",
        ),
        pytest.param(
            f"curl -o x.tgz https://a.example/1 && echo '{SUM} *x.tgz' | sha256sum -c -", [], id="sha256sum"
        ),
        pytest.param(
            f"wget https://a.example/x-1.tgz && echo {SUM} x-1.tgz > sums && sha256sum -c sums",
            [],
            id="list-in-a-file",
        ),
        pytest.param(
            "curl -O https://a.example/x.tgz -O https://a.example/x.tgz.asc && gpg --verify x.tgz.asc x.tgz",
            [],
            id="gpg",
        ),
        pytest.param(
            'U=https://a.example/$V.tgz; wget -O "$P.tgz" "$U" && echo "$SUM *$P.tgz" | sha256sum -c',
            [],
            id="variables",
        ),
        pytest.param(
            "wget -O x.tgz https://a.example/x && [ $(sha256sum x.tgz | cut -d' ' -f1) = abc ]",
            [],
            id="compared-by-test",
        ),
        pytest.param("curl -fsS http://localhost:8000/health", [], id="own-host"),
        pytest.param("curl -sI https://a.example/", [], id="head"),
        pytest.param("curl -X POST -d @x https://a.example/hook", [], id="post"),
        pytest.param("wget --spider https://a.example/", [], id="spider"),
        pytest.param("curl -o /dev/null https://a.example/", [], id="thrown-away"),
    ],
)
def test_downloads(command: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N512", f"{DEBIAN}RUN {command}\n", expected, tmp_path)


def test_add_without_a_checksum(tmp_path: Path) -> None:
    text = f"{DEBIAN}ADD https://a.example/x.tgz /\nADD --checksum=sha256:{SUM} https://a.example/y.tgz /\n"
    check(
        "D2N512",
        text,
        ["2:5-27 warning https://a.example/x.tgz: ADD without --checksum takes any file for the right one"],
        tmp_path,
    )


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            "curl -O http://a.example/x.tgz",
            [
                "2:13-34 error http://a.example/x.tgz: fetched without encryption and without a check: anybody on the way can replace it"
            ],
            id="http",
        ),
        pytest.param(
            f"curl -O http://a.example/x.tgz && echo '{SUM}  x.tgz' | sha256sum -c",
            [
                "2:13-34 info http://a.example/x.tgz: fetched without encryption, but compared with what the Dockerfile names"
            ],
            id="http-with-a-checksum",
        ),
        pytest.param(
            "git clone git://a.example/x",
            [
                "2:15-31 error git://a.example/x: fetched without encryption and without a check: anybody on the way can replace it"
            ],
            id="git-protocol",
        ),
        pytest.param("curl -O https://a.example/x.tgz", [], id="https"),
        pytest.param("curl http://127.0.0.1/", [], id="own-host"),
    ],
)
def test_encryption(command: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N513", f"{DEBIAN}RUN {command}\n", expected, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "RUN curl -fsSkL https://a.example/",
            ["2:10-15 error curl -k: the server may be anybody"],
            id="curl-cluster",
        ),
        pytest.param(
            "RUN curl --insecure https://a.example/",
            ["2:10-19 error curl --insecure: the server may be anybody"],
            id="curl-long",
        ),
        pytest.param(
            "RUN wget --no-check-certificate https://a.example/",
            ["2:10-31 error wget --no-check-certificate: the server may be anybody"],
            id="wget",
        ),
        pytest.param(
            "RUN npm config set strict-ssl false",
            ["2:20-29 error npm strict-ssl false: the server may be anybody"],
            id="npm",
        ),
        pytest.param(
            "RUN git config --global http.sslVerify false",
            ["2:25-38 error git http.sslVerify false: the server may be anybody"],
            id="git-setting",
        ),
        pytest.param(
            "RUN git -c http.sslVerify=false clone https://a.example/x",
            ["2:12-31 error git http.sslVerify=false: the server may be anybody"],
            id="git-option",
        ),
        pytest.param(
            "RUN pip install --trusted-host a.example x",
            ["2:17-30 error pip --trusted-host: the server may be anybody"],
            id="pip",
        ),
        pytest.param(
            "ENV NODE_TLS_REJECT_UNAUTHORIZED=0",
            [
                "2:5-32 error NODE_TLS_REJECT_UNAUTHORIZED=0: the image's programs do not check who a server is"
            ],
            id="variable-of-the-image",
        ),
        pytest.param(
            "RUN GIT_SSL_NO_VERIFY=1 git clone https://a.example/x",
            ["2:23-23 error GIT_SSL_NO_VERIFY=1: the server may be anybody"],
            id="variable-of-a-command",
        ),
        pytest.param("RUN curl -o k https://a.example/", [], id="an-output-called-k"),
        pytest.param("RUN npm config set strict-ssl true", [], id="switched-on"),
        pytest.param("ENV NODE_TLS_REJECT_UNAUTHORIZED=1", [], id="variable-on"),
    ],
)
def test_certificates(text: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N514", f"{DEBIAN}{text}\n", expected, tmp_path)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            "git clone https://a.example/x",
            [
                "2:15-33 warning https://a.example/x: whatever was pushed last to the default branch is fetched"
            ],
            id="default-branch",
        ),
        pytest.param(
            "git clone --depth 1 -b v1.2.3 https://a.example/x",
            ["2:35-53 warning https://a.example/x: v1.2.3 can be moved to other sources"],
            id="tag",
        ),
        pytest.param(
            "git clone -b develop https://a.example/x",
            ["2:26-44 warning https://a.example/x: whatever develop stands for that day is fetched"],
            id="branch",
        ),
        pytest.param(
            "git clone https://a.example/x && cd x && git checkout v2.0",
            ["2:15-33 warning https://a.example/x: v2.0 can be moved to other sources"],
            id="tag-checked-out",
        ),
        pytest.param(f"git clone https://a.example/x && git -C x checkout {COMMIT}", [], id="commit"),
        pytest.param("git clone https://a.example/x && git -C x checkout 0123abc4", [], id="short-commit"),
        pytest.param(
            'git clone https://a.example/x && git -C x checkout "$X_COMMIT"', [], id="commit-in-a-variable"
        ),
        pytest.param("git clone /src/x", [], id="local"),
    ],
)
def test_sources(command: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N515", f"{DEBIAN}RUN {command}\n", expected, tmp_path)


@pytest.mark.parametrize(
    ("fragment", "count"), [("", 1), ("#main", 1), (f"#{COMMIT}", 0), (f"#{COMMIT}:docs", 0)]
)
def test_repositories_that_add_fetches(fragment: str, count: int, tmp_path: Path) -> None:
    text = f"{DEBIAN}ADD https://a.example/x.git{fragment} /x\n"
    assert len(found(audited(text, tmp_path), "D2N515")) == count


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            "curl -fsSL https://a.example/install.sh | sudo -E bash -",
            ["2:16-43 error https://a.example/install.sh: is piped into bash"],
            id="pipe",
        ),
        pytest.param(
            "wget -qO- https://a.example/x.py | tee x.py | python3",
            ["2:15-36 error https://a.example/x.py: is piped into python3"],
            id="through-tee",
        ),
        pytest.param(
            'sh -c "$(curl -fsSL https://a.example/x.sh)"',
            ["2:25-46 error https://a.example/x.sh: is piped into sh"],
            id="substitution",
        ),
        pytest.param(
            "curl -o i.sh https://a.example/install.sh && sh ./i.sh --yes",
            ["2:18-45 error https://a.example/install.sh: is run, unchecked, by sh ./i.sh --yes"],
            id="saved-and-run",
        ),
        pytest.param(
            "curl -o i.sh https://a.example/i && chmod +x i.sh && ./i.sh",
            ["2:18-36 error https://a.example/i: is run, unchecked, by ./i.sh"],
            id="saved-and-started",
        ),
        pytest.param(
            f"curl -o i.sh https://a.example/i && echo '{SUM}  i.sh' | sha256sum -c && sh i.sh",
            [],
            id="checked-first",
        ),
        pytest.param(
            "curl -s https://a.example/x.json | python3 -c 'import json'", [], id="a-filter-in-python"
        ),
        pytest.param("curl -s https://a.example/x.json | jq .", [], id="jq"),
        pytest.param("curl -o i.sh https://a.example/i && sh -n i.sh", [], id="only-its-syntax-is-checked"),
        pytest.param("echo 'echo hello' | sh", [], id="no-download"),
    ],
)
def test_piped_scripts(command: str, expected: list[str], tmp_path: Path) -> None:
    check(
        "D2N501",
        f'{DEBIAN}SHELL ["/bin/bash", "-c"]\nRUN {command}\n'.replace('SHELL ["/bin/bash", "-c"]\n', ""),
        expected,
        tmp_path,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "RUN pip install --extra-index-url https://u:p@a.example/simple x",
            ["2:17-33 warning https://a.example/simple: any package may come from here as well"],
            id="option",
        ),
        pytest.param(
            "RUN pip install --extra-index-url=https://a.example/simple x",
            ["2:17-58 warning https://a.example/simple: any package may come from here as well"],
            id="option-with-value",
        ),
        pytest.param(
            "ENV PIP_EXTRA_INDEX_URL=https://a.example/simple",
            ["2:5-23 warning PIP_EXTRA_INDEX_URL: every package may come from another index as well"],
            id="variable",
        ),
        pytest.param("RUN pip install --index-url https://a.example/simple x", [], id="one-index"),
    ],
)
def test_package_indexes(text: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N503", f"FROM python:3.13\n{text}\n", expected, tmp_path)


UNSIGNED = "packages are taken without a valid signature"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "RUN apt-get install -y --allow-unauthenticated curl",
            [f"2:24-46 error --allow-unauthenticated: {UNSIGNED}"],
            id="apt",
        ),
        pytest.param(
            "RUN yum install -y --nogpgcheck x", [f"2:20-31 error --nogpgcheck: {UNSIGNED}"], id="yum"
        ),
        pytest.param(
            "RUN apk add --allow-untrusted x.apk", [f"2:13-29 error --allow-untrusted: {UNSIGNED}"], id="apk"
        ),
        pytest.param(
            "RUN echo 'deb [arch=amd64 trusted=yes] https://a.example/ x main' > /etc/apt/sources.list.d/x.list",
            [
                "2:10-65 error [arch=amd64 trusted=yes]: packages of this source are taken without a valid signature"
            ],
            id="trusted-source",
        ),
        pytest.param(
            "RUN cat > /etc/yum.repos.d/x.repo <<EOF\n[x]\ngpgcheck=0\nEOF",
            ["3:1-3 error gpgcheck=0: packages of this source are taken without a valid signature"],
            id="heredoc",
        ),
        pytest.param(
            "RUN echo 'deb [signed-by=/k.gpg] https://a.example/ x main' > /etc/apt/sources.list",
            [],
            id="signed",
        ),
        pytest.param("RUN printf 'gpgcheck=1\\n' > /etc/yum.repos.d/x.repo", [], id="checked"),
    ],
)
def test_signatures(text: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N504", f"{DEBIAN}{text}\n", expected, tmp_path)


HISTORY = "it stays in the image's history"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "ENV DB_PASSWORD=hunter2",
            ["2:5-15 warning ENV DB_PASSWORD looks like a secret, and stays in the image"],
            id="variable",
        ),
        pytest.param(
            "ENV A=1 \\\n    API_KEY=abcdefgh",
            ["3:5-11 warning ENV API_KEY looks like a secret, and stays in the image"],
            id="second-variable",
        ),
        pytest.param(
            "ARG NPM_TOKEN",
            ["2:5-13 warning ARG NPM_TOKEN looks like a secret, and stays in the image's history"],
            id="argument",
        ),
        pytest.param(
            f"ENV X=ghp_{'a1B2' * 9}",
            ["2:5-5 error ENV X: the value is a token of GitHub"],
            id="token-by-its-form",
        ),
        pytest.param(
            "ENV DATABASE_URL=postgres://app:hunter2@db/app",
            ["2:5-16 warning ENV DATABASE_URL: there is a password in the address"],
            id="password-in-an-address",
        ),
        pytest.param(
            "RUN git clone https://bot:hunter2@a.example/x",
            ["2:15-45 error git: there is a password or token in the address"],
            id="address-in-a-command",
        ),
        pytest.param(
            "ARG T\nRUN git clone https://$GIT_TOKEN@a.example/x",
            ["3:15-44 warning git: there is a password or token in the address"],
            id="token-variable-in-an-address",
        ),
        pytest.param(
            "RUN echo 'root:toor' | chpasswd",
            [f"2:10-20 warning the password of root is set to one that all can read: {HISTORY}"],
            id="chpasswd",
        ),
        pytest.param(
            "RUN tool login --password hunter2",
            [f"2:16-25 warning tool --password with the password itself: {HISTORY}"],
            id="option",
        ),
        pytest.param(
            "RUN printf -- '-----BEGIN RSA PRIVATE KEY-----' > /k",
            ["2:15-47 error the text holds a private key"],
            id="private-key",
        ),
        pytest.param(
            "COPY id_rsa /root/.ssh/", ["2:6-11 warning id_rsa: a secret, by its name"], id="private-file"
        ),
        pytest.param("ENV DB_PASSWORD=", [], id="empty"),
        pytest.param("ENV DB_PASSWORD_FILE=/run/secrets/db", [], id="file"),
        pytest.param("ENV DB_PASSWORD=/run/secrets/db", [], id="path"),
        pytest.param("ENV PUBLIC_TOKEN=abc", [], id="public"),
        pytest.param("ENV TOKENIZERS_PARALLELISM=false", [], id="another-word"),
        pytest.param("RUN git clone https://git@a.example/x", [], id="user-alone"),
        pytest.param("RUN adduser --disabled-password app", [], id="no-password"),
        pytest.param("RUN tool login --password-stdin", [], id="from-standard-input"),
        pytest.param("COPY id_rsa.pub /root/.ssh/", [], id="public-key"),
        pytest.param("COPY .env.example /app/", [], id="example"),
    ],
)
def test_secrets(text: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N505", f"{DEBIAN}{text}\n", expected, tmp_path)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"app/.env": "DB_PASSWORD=hunter2\n", "app/x": ""},
            ["2:6-6 error . takes app/.env along: a secret, by its content"],
            id="in-a-folder",
        ),
        pytest.param(
            {".npmrc": "//r.example/:_authToken=abcdefghij\n"},
            ["2:6-6 error . takes .npmrc along: a secret, by its content"],
            id="npmrc-with-a-token",
        ),
        pytest.param({".env": "PORT=8000\n"}, [], id="settings-only"),
        pytest.param({".npmrc": "//r.example/:_authToken=${NPM_TOKEN}\n"}, [], id="npmrc-with-a-variable"),
        pytest.param({"ca.pem": "-----BEGIN CERTIFICATE-----\n"}, [], id="certificate"),
        pytest.param({".env": "DB_PASSWORD=hunter2\n", ".dockerignore": ".env\n"}, [], id="ignored"),
    ],
)
def test_secrets_of_the_build_context(files: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    assert found(audited(f"{DEBIAN}COPY . /app\n", tmp_path, files=files), "D2N505") == expected


def test_a_secret_of_another_stage_stays_in_the_build_cache(tmp_path: Path) -> None:
    text = f"{DEBIAN}COPY id_rsa /root/\nFROM scratch\n"
    assert found(audited(text, tmp_path), "D2N505") == [
        "2:6-11 info id_rsa: a secret, by its name; it stays in the build cache, not in the image"
    ]


@pytest.mark.parametrize(
    ("command", "code", "expected"),
    [
        pytest.param(
            "add-apt-repository ppa:x/y",
            "D2N506",
            ["2:5-30 warning packages may come from a further repository, ppa:x/y"],
            id="repository",
        ),
        pytest.param(
            "curl -O https://a.example/x && echo 'a  x' | md5sum -c -",
            "D2N507",
            ["2:50-60 warning md5sum: MD5 sums can be forged"],
            id="md5",
        ),
        pytest.param(
            "curl -O https://a.example/x && echo 'a  x' | sha256sum -c -", "D2N507", [], id="sha256"
        ),
        pytest.param("find . -type f | xargs md5sum > /sums", "D2N507", [], id="md5-without-a-download"),
        pytest.param(
            "curl -fsSL https://a.example/key.asc | apt-key add -",
            "D2N516",
            ["2:16-40 warning https://a.example/key.asc: the key is trusted as it comes"],
            id="apt-key",
        ),
        pytest.param(
            "curl https://a.example/k | gpg --dearmor -o /usr/share/keyrings/x.gpg",
            "D2N516",
            ["2:10-28 warning https://a.example/k: the key is trusted as it comes"],
            id="dearmor",
        ),
        pytest.param(
            "rpm --import http://a.example/KEY",
            "D2N516",
            ["2:18-37 error http://a.example/KEY: the key is trusted as it comes"],
            id="rpm-over-http",
        ),
        pytest.param(
            "apt-key adv --keyserver k.example --recv-keys 7F0CEB10",
            "D2N516",
            ["2:51-58 warning 7F0CEB10: another key can be made that has this short name"],
            id="short-name",
        ),
        pytest.param(
            f"apt-key adv --keyserver k.example --recv-keys {COMMIT}", "D2N516", [], id="fingerprint"
        ),
        pytest.param("curl -O https://a.example/x.tgz.asc", "D2N516", [], id="a-signature-is-no-key"),
        pytest.param(
            "pip install reqeusts==1.0",
            "D2N517",
            ["2:17-29 warning reqeusts is one slip from requests: is that what is meant?"],
            id="letters-changed-places",
        ),
        pytest.param(
            "npm install -g typescrypt@1.0.0",
            "D2N517",
            ["2:20-35 warning typescrypt is one slip from typescript: is that what is meant?"],
            id="another-letter",
        ),
        pytest.param("pip install requests==2.32.0 flask==3.0.0", "D2N517", [], id="well-known"),
        pytest.param("pip install Scikit_Learn==1.5", "D2N517", [], id="another-spelling"),
        pytest.param("apt-get install -y crl", "D2N517", [], id="distribution"),
        pytest.param(
            "chmod 4755 /bin/x",
            "D2N518",
            ["2:11-14 warning chmod 4755: the set-user-ID bit is set"],
            id="digits",
        ),
        pytest.param(
            "chmod -R u+s /bin",
            "D2N518",
            ["2:14-16 warning chmod u+s: the set-user-ID bit is set"],
            id="symbols",
        ),
        pytest.param(
            "install -o root -m 4755 x /bin/x",
            "D2N518",
            ["2:24-27 warning install 4755: the set-user-ID bit is set"],
            id="install",
        ),
        pytest.param(
            "chmod 2775 /srv && chmod g+s /srv && chmod 1777 /tmp && chmod u-s /bin/x",
            "D2N518",
            [],
            id="others",
        ),
    ],
)
def test_commands(command: str, code: str, expected: list[str], tmp_path: Path) -> None:
    check(code, f"{DEBIAN}RUN {command}\n", expected, tmp_path)


def test_modes_of_copied_files(tmp_path: Path) -> None:
    check(
        "D2N518",
        f"{DEBIAN}COPY --chmod=4755 x /bin/x\n",
        ["2:14-17 warning --chmod=4755: the set-user-ID bit is set"],
        tmp_path,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{DEBIAN}", ["1:6-25 warning no USER: the image starts as root"], id="no-user"),
        pytest.param(
            f"{DEBIAN}USER app\nUSER root\n",
            ["3:6-9 warning USER root: the image starts as root"],
            id="root-again",
        ),
        pytest.param(
            f"{DEBIAN}USER 0:0\n", ["2:6-8 warning USER 0:0: the image starts as root"], id="number"
        ),
        pytest.param("FROM scratch\n", ["1:6-12 warning no USER: the image starts as root"], id="scratch"),
        pytest.param(f"{DEBIAN}USER app\n", [], id="user"),
        pytest.param("FROM debian AS base\nUSER 1000\nFROM base\n", [], id="user-of-the-stage-below"),
        pytest.param("FROM registry.example/unknown\n", [], id="unknown-base"),
        pytest.param("ARG U\nFROM debian\nUSER $U\n", [], id="unknown-user"),
    ],
)
def test_root(text: str, expected: list[str], tmp_path: Path) -> None:
    check("D2N519", text, expected, tmp_path)


def test_what_is_ignored_is_a_remark(tmp_path: Path) -> None:
    text = "FROM debian:12\nUSER app\n# dock2nix: ignore=D2N512 test data\nRUN curl -O https://a.example/x\n"
    result = audited(text, tmp_path)
    assert found(result, "D2N512") == [
        "4:13-31 info https://a.example/x: nothing checks the file that comes (ignored: test data)"
    ]
    assert "D2N121" not in {one.code for one in result.findings}


def test_an_ignore_that_meets_nothing_is_told(tmp_path: Path) -> None:
    text = "FROM debian:12\n# dock2nix: ignore=D2N514 old server\nRUN curl -O https://a.example/x\n"
    assert "D2N121" in {one.code for one in audited(text, tmp_path).findings}


def test_stages_that_are_not_built_are_audited_too(tmp_path: Path) -> None:
    text = "FROM debian:12 AS test\nRUN curl https://a.example/x | sh\nFROM scratch\nUSER 1\n"
    result = audited(text, tmp_path)
    assert found(result, "D2N501") == ["2:10-28 error https://a.example/x: is piped into sh"]
    assert next(one.hint for one in result.findings if one.code == "D2N510").startswith(
        "the image is made without"
    )
