"""What services' images have beside packages: the folders of mappings/services/ hold together, and rows name what is there."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest
import tomli

from dock2nix.catalogue.base_images import BaseImages
from dock2nix.catalogue.index import PackageIndex
from dock2nix.catalogue.services import package_effects, read_service, service, service_effects
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.model.image import AddUser, BaseImage, MakeDirectory, SetOwner, StoreFiles, Symlink, WriteFile
from dock2nix.parse.references import image_reference
from fakes import place

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = data_folder("mappings") / "services"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/service.toml"))
SCRIPTS = sorted(
    path for path in FOLDER.rglob("root/**/*") if path.is_file() and path.read_text()[:2] == "#!"
)
WITH_SERVICES = [
    "nginx",
    "nginx:alpine",
    "nginxinc/nginx-unprivileged",
    "httpd",
    "caddy",
    "openresty/openresty",
    "postgres:16",
    "postgres:alpine",
    "mysql:8.0",
    "mariadb",
    "redis:8",
    "valkey/valkey",
    "rabbitmq",
    "rabbitmq:management",
    "eclipse-mosquitto",
    "memcached",
    "haproxy",
    "traefik",
    "prom/prometheus",
    "grafana/grafana",
    "tomcat:9.0",
    "php:8.3-apache",
    "php:8.2-fpm-alpine",
]


@cache
def images() -> BaseImages:
    return BaseImages.load()


def known(text: str) -> BaseImage:
    reference = image_reference(text)
    found = images().lookup(reference) if reference else None
    assert found is not None, text
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_service_is_well_formed_and_used(name: str) -> None:
    assert service(name).evidence
    of_images = {one for text in WITH_SERVICES for one in known(text).services}
    packages = tomli.loads((FOLDER / "packages.toml").read_text())
    of_packages = {one for table in packages.values() for names in table.values() for one in names}
    of_packages = {one.partition(":")[0] for one in of_packages}
    assert name in of_images | of_packages


@pytest.mark.parametrize("text", WITH_SERVICES)
def test_files_of_packages_are_of_packages_that_nixpkgs_has(text: str) -> None:
    index = PackageIndex.open()
    for effect in service_effects(known(text), place()):
        if isinstance(effect, StoreFiles):
            path = str(effect.attribute_path)
            whole, _, output = path.rpartition(".")
            found = index.attribute(path) or index.attribute(whole)
            assert found is not None, path
            assert found.path == path or output in found.outputs


@pytest.mark.parametrize("text", WITH_SERVICES)
def test_owners_and_accounts_are_of_the_image(text: str) -> None:
    image = known(text)
    names = (
        {user.name for user in image.users} | {group.name for group in image.groups} | {"0", "101", "65534"}
    )
    owners = {
        part
        for effect in service_effects(image, place())
        if isinstance(effect, SetOwner)
        for part in effect.owner.split(":")
    }
    needed = {account for name in image.services for account in service(name).accounts}
    assert owners | needed <= names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parts[-4]}/{path.name}")
def test_scripts_are_of_the_shell_that_they_name(script: Path) -> None:
    shell = "bash" if "bash" in script.read_text().partition("\n")[0] else "dash"
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "`evidence` must say", id="no evidence"),
        pytest.param(
            'evidence = "x"\n[[folder]]\npath = "a"', "`path` must be an absolute path", id="relative"
        ),
        pytest.param('evidence = "x"\n[[link]]\npath = "/a"', "`target` must say", id="no target"),
        pytest.param('evidence = "x"\n[[owner]]\npath = "/a"', "`owner` must say", id="no owner"),
        pytest.param('evidence = "x"\n[[store]]\npath = "/a"', "`package` and `inside`", id="no package"),
        pytest.param(
            'evidence = "x"\n[[store]]\npath = "/a"\npackage = "b"\ninside = ""\ncopied = "all"',
            "`copied` must be file or folder",
            id="copied otherwise",
        ),
        pytest.param('evidence = "x"\n[[user]]\nline = "a:x"', "a line of /etc/passwd", id="no user"),
        pytest.param('evidence = "x"\nevidense = "y"', "unknown key `evidense`", id="unknown key"),
        pytest.param("evidence = ", "service.toml", id="no TOML"),
    ],
)
def test_a_service_that_is_not_as_it_must_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "service.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        read_service(tmp_path)


def test_a_service_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing-of-the-kind"):
        service("nothing-of-the-kind")


def test_parts_of_a_service_are_done_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/run").write_text("#!/bin/sh\n")
    (tmp_path / "service.toml").write_text(
        'evidence = "x"\n[[owner]]\npath = "/etc"\nowner = "0:0"\n[[link]]\npath = "/a"\ntarget = "b"\n'
        '[[store]]\npath = "/c"\npackage = "version"\ninside = "d"\n[[folder]]\npath = "/e"\nowner = "1:1"\nmode = "2755"\n'
    )
    effects = read_service(tmp_path).effects
    kinds = [type(effect).__name__ for effect in effects]
    assert kinds == ["MakeDirectory", "SetOwner", "SetMode", "StoreFiles", "WriteFile", "Symlink", "SetOwner"]
    written = next(effect for effect in effects if isinstance(effect, WriteFile))
    assert (written.path, written.mode, written.stored) == ("/etc/run", "755", "base/etc/run")


def test_the_version_of_the_image_is_the_package_meant() -> None:
    effects = service_effects(known("nginx:1.28"), place(7))
    stored = {str(effect.attribute_path) for effect in effects if isinstance(effect, StoreFiles)}
    assert stored == {"nginxStable"}
    assert {(effect.location, effect.text) for effect in effects} == {(place(7), "FROM nginx:1.28")}
    tomcat = service_effects(known("tomcat:9.0"), place())
    assert "tomcat9.webapps" in {str(one.attribute_path) for one in tomcat if isinstance(one, StoreFiles)}


def test_packages_of_a_distribution_bring_their_settings_and_accounts() -> None:
    effects = package_effects("apt", "nginx", place(2), "apt-get install nginx")
    paths = {effect.path for effect in effects if isinstance(effect, (MakeDirectory, Symlink, WriteFile))}
    assert {"/etc/nginx/nginx.conf", "/etc/nginx/sites-enabled/default", "/usr/sbin/nginx"} <= paths
    assert [effect.name for effect in effects if isinstance(effect, AddUser)] == ["www-data"]
    alpine = package_effects("apk", "nginx", place(2), "apk add nginx")
    users = [(one.name, one.uid, one.gid) for one in alpine if isinstance(one, AddUser)]
    assert users == [("nginx", 100, 101)]
    assert package_effects("dnf", "nginx", place(), "") == ()


def test_php_reads_the_settings_of_the_image_and_its_own_list_of_extensions() -> None:
    image = known("php:8.3-apache")
    env = dict(image.config.env)
    links = {one.path: one.target for one in service_effects(image, place()) if isinstance(one, Symlink)}
    assert env["PHP_INI_SCAN_DIR"] == "/usr/local/etc/php/conf.d"
    assert links["/usr/local/etc/php/conf.d/00-nixpkgs.ini"] == "/lib/php.ini"
    assert dict(image.arguments) == {"apxs2Support": True, "ztsSupport": False}
    assert "sets PHP_INI_SCAN_DIR itself" in known("php:7.4-apache").difference
