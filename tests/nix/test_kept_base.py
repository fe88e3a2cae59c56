"""`--keep-base`, built by real Nix: the image is the original's, file for file, and its layer holds the changes alone."""

from __future__ import annotations

import json
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from buildah import Buildah, why_no_buildah
from dock2nix.cli import main
from dock2nix.verify.comparison import compare
from dock2nix.verify.image import read_image
from nix.notes import write
from nix_lab import available_nixes, build_flake, check_flake, why_no_builds
from original import make_bases, why_no_original
from registry import DIGEST, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


WHY_NOT = why_no_builds() or why_no_buildah() or why_no_original()
pytestmark = [pytest.mark.nix, pytest.mark.skipif(bool(WHY_NOT), reason=f"no base image is made: {WHY_NOT}")]

NAME = "registry.example/acme/web"
BASE = """\
FROM debian:bookworm-slim
ENV PATH=/opt/web/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin WEB_HOME=/opt/web
RUN groupadd -r web && useradd -r -g web -d /opt/web -s /usr/sbin/nologin web && \
    mkdir -p /opt/web/conf.d /opt/web/bin /var/log/web /srv/old && chown -R web:web /opt/web /var/log/web && \
    echo 'port = 80' > /opt/web/web.conf && echo one > /opt/web/conf.d/default.conf && echo old > /srv/old/page && \
    echo 'workers = 4' >> /opt/web/web.conf && chmod 640 /opt/web/web.conf && ln -s /opt/web/conf.d /etc/web.d && \
    printf '#!/bin/sh\\nexec cat /opt/web/web.conf "$@"\\n' > /opt/web/bin/web && chmod 4755 /opt/web/bin/web
WORKDIR /opt/web
EXPOSE 80
VOLUME /var/log/web
LABEL vendor=acme
ENTRYPOINT ["web"]
CMD ["conf.d/default.conf"]
"""
DOCKERFILE = f"""\
FROM {NAME}:2.1
RUN groupadd app && useradd -m -g app -s /bin/sh app && usermod -aG web app
RUN sed -i 's/port = 80/port = 8080/' /opt/web/web.conf && echo 'user = app' >> web.conf && rm /opt/web/conf.d/default.conf
RUN rm -rf /srv/old && mkdir -p /srv/data && chown app:web /srv/data && chmod 2770 /srv/data
COPY site.conf /etc/web.d/
COPY --chown=app:app pages /opt/web/pages
COPY tool /bin/tool
RUN chown web /bin/tool && chmod 700 /opt/web/conf.d
USER app
EXPOSE 8080
CMD ["conf.d/site.conf"]
"""
SCRIPTED = DOCKERFILE.replace(
    "USER app\n",
    "RUN for name in a b; do cat web.conf > /srv/$name; done; tr a-z A-Z < web.conf > up.conf\nUSER app\n",
)

LAYER = {
    "etc/group",
    "etc/passwd",
    "opt/web/conf.d/.wh.default.conf",
    "opt/web/conf.d/site.conf",
    "opt/web/pages/index.html",
    "opt/web/web.conf",
    "srv/.wh.old",
    "bin/tool",
}
# Passwords and old versions of these files, which nobody needs in a container.
OF_SHADOW = {
    f"/etc/{name}"
    for name in ("group-", "gshadow", "gshadow-", "passwd-", "shadow", "shadow-", "subgid", "subuid")
}


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    folder = tmp_path_factory.mktemp("buildah")
    storage = Buildah(folder / "storage")
    (folder / "base").mkdir()
    make_bases(storage, ["debian:bookworm-slim"], folder / "base")
    write(folder / "web/Dockerfile", BASE)
    storage.build(folder / "web", f"{NAME}:2.1")
    yield storage
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def registry(buildah: Buildah, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry(tmp_path / "registry", NAME)
    buildah.save(f"{NAME}:2.1", found.archive)
    found.serve(monkeypatch)
    return found


def context(folder: Path, dockerfile: str) -> Path:
    files = {
        "Dockerfile": dockerfile,
        "site.conf": "two\n",
        "pages/index.html": "<p>hello</p>\n",
        "tool": "#!/bin/sh\necho tool\n",
    }
    for name, text in files.items():
        write(folder / name, text)
    (folder / "tool").chmod(0o755)
    return folder


def built(folder: Path, registry: Registry) -> Path:
    """The archive of the flake's image; that of the base is in the store already, as after a download."""
    nix = available_nixes()[-1]
    archive = registry.folder / f"docker-image-{NAME.replace('/', '-')}-2.1.tar"
    shutil.copy(registry.archive, archive)
    nix.run("nix-store", "--add-fixed", "sha256", archive)
    check_flake(folder, nix)
    return build_flake(folder, nix)


def last_layer(archive: Path) -> frozenset[str]:
    """What is no folder in the layer on top."""
    with tarfile.open(archive) as image:
        manifest = json.load(image.extractfile("manifest.json"))[0]  # type: ignore[arg-type]
        with tarfile.open(fileobj=image.extractfile(manifest["Layers"][-1])) as layer:
            return frozenset(entry.name for entry in layer if not entry.isdir())


@pytest.mark.parametrize("dockerfile", [DOCKERFILE, SCRIPTED], ids=["translated", "with a script"])
def test_the_image_is_the_originals(
    dockerfile: str, buildah: Buildah, registry: Registry, tmp_path: Path
) -> None:
    flake = context(tmp_path / "flake", dockerfile)
    assert main([str(flake), "--keep-base", "--quiet"]) == 0
    assert f'imageDigest = "{DIGEST}"' in (flake / "nix/base.nix").read_text()
    image = built(flake, registry)
    ours = read_image(image)
    buildah.build(context(tmp_path / "original", dockerfile), "original")
    theirs = read_image(buildah.save("original", tmp_path / "original.tar"))
    everywhere = [f"/{name}" for name in ("bin", "etc", "home", "opt", "srv", "usr", "var")]
    different = [one for one in compare(ours, theirs, everywhere) if one.subject not in OF_SHADOW]
    assert [str(one) for one in different] == []
    written = {"srv/a", "srv/b", "opt/web/up.conf"} if dockerfile == SCRIPTED else set()
    assert last_layer(image) == {f"./{name}" for name in LAYER | written}
