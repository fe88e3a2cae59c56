"""Debian's switches of Apache: a2enmod and a2dismod, and the same for sites and pieces of configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, read_options, word_set, writes_nowhere
from dock2nix.model.image import Remove, RunTool, Symlink, ToolPath, WriteFile
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"a2disconf", "a2dismod", "a2dissite", "a2enconf", "a2enmod", "a2ensite"})

_OPTIONS = option_table("-q --quiet", "-f --force", "-m --maintmode", "-p --purge")
_FOLDER = "/etc/apache2"
_MODULES = "/usr/lib/apache2/modules"
_STANDARD_FILE = f"{_FOLDER}/mods-enabled/standard.load"
_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# What is on in any case: mappings/services/apache2/root/etc/apache2/mods-enabled/standard.load.
_STANDARD = word_set(
    """
    access_compat alias auth_basic authn_core authn_file authz_core authz_host authz_user autoindex deflate dir env
    filter log_config logio mime negotiation reqtimeout setenvif status unixd version
    """
)
# The further modules of httpd 2.4 as nixpkgs builds it (--enable-mods-shared=all), and those that they need.
_FURTHER = word_set(
    """
    actions allowmethods asis auth_digest auth_form authn_anon authn_dbd authn_dbm authn_socache authnz_fcgi authnz_ldap
    authz_dbd authz_dbm authz_groupfile authz_owner brotli buffer cache cache_disk cache_socache cern_meta cgi cgid
    charset_lite data dav dav_fs dav_lock dbd dialup dumpio echo expires ext_filter file_cache headers heartbeat
    heartmonitor http2 ident imagemap include info lbmethod_bybusyness lbmethod_byrequests lbmethod_bytraffic
    lbmethod_heartbeat ldap log_debug log_forensic macro md mime_magic mpm_event mpm_prefork mpm_worker proxy proxy_ajp
    proxy_balancer proxy_connect proxy_express proxy_fcgi proxy_fdpass proxy_ftp proxy_hcheck proxy_html proxy_http
    proxy_http2 proxy_scgi proxy_uwsgi proxy_wstunnel ratelimit reflector remoteip request rewrite sed session
    session_cookie session_crypto session_dbd slotmem_plain slotmem_shm socache_dbm socache_memcache socache_redis
    socache_shmcb speling ssl substitute unique_id userdir usertrack vhost_alias xml2enc
    """
)
_NEEDED = {
    "auth_form": ("request", "session"),
    "authnz_ldap": ("ldap",),
    "authz_dbd": ("dbd",),
    "authn_dbd": ("dbd",),
    "cache_disk": ("cache",),
    "cache_socache": ("cache", "socache_shmcb"),
    "dav_fs": ("dav",),
    "dav_lock": ("dav",),
    "lbmethod_bybusyness": ("proxy_balancer",),
    "lbmethod_byrequests": ("proxy_balancer",),
    "lbmethod_bytraffic": ("proxy_balancer",),
    "proxy_balancer": ("proxy", "slotmem_shm"),
    "proxy_html": ("xml2enc",),
    "proxy_hcheck": ("proxy",),
    "session_cookie": ("session",),
    "session_crypto": ("session",),
    "session_dbd": ("dbd", "session"),
    "ssl": ("socache_shmcb",),
}
_PROXY = regex(r"proxy_(?:ajp|connect|express|fcgi|fdpass|ftp|http|http2|scgi|uwsgi|wstunnel)")
# They change nothing until something names them in the settings; these need some to work as they do in Debian.
_SETTINGS = {
    "cgid": "ScriptSock ${APACHE_RUN_DIR}/cgisock\n",
    "ssl": "SSLSessionCache shmcb:${APACHE_RUN_DIR}/ssl_scache(512000)\nSSLCipherSuite HIGH:!aNULL\nSSLProtocol all -SSLv3\n",
    "userdir": "<Directory /home/*/public_html>\n\tRequire method GET POST OPTIONS\n</Directory>\nUserDir public_html\n",
}
_PHP = regex(r"php[0-9.]*")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """The files in mods-enabled, sites-enabled and conf-enabled that the command makes or takes away.

    Only httpd's own modules can be switched on; those of other packages (mod_wsgi, mod_security) are left to a human.
    """
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not options.operands or not writes_nowhere(redirects):
        return None
    program = (invocation.program or "").rpartition("/")[2]
    names = tuple(word.value or "" for word in options.operands)
    if not all(_NAME.fullmatch(name) for name in names):
        return None
    if program.endswith("mod"):
        done = _modules(names, location, text, on=program == "a2enmod")
    else:
        kind = "sites" if program.endswith("site") else "conf"
        done = [_linked(kind, name, location, text, on="en" in program) for name in names]
    if done is None:
        return None
    return Translation(effects=tuple(done), reason="switches parts of Apache's settings on or off")


def _linked(kind: str, name: str, location: Location, text: str, *, on: bool) -> Effect:
    stem = name.removesuffix(".conf")
    path = f"{_FOLDER}/{kind}-enabled/{stem}.conf"
    if not on:
        return Remove(path=path, location=location, text=text)
    return Symlink(path=path, target=f"../{kind}-available/{stem}.conf", location=location, text=text)


def _modules(names: tuple[str, ...], location: Location, text: str, *, on: bool) -> list[Effect] | None:
    if any(name not in _STANDARD | _FURTHER and not (on and _PHP.fullmatch(name)) for name in names):
        return None
    if on:
        return [effect for name in _with_needed(names) for effect in _enabled(name, location, text)]
    effects: list[Effect] = []
    for name in names:
        if name in _STANDARD:
            effects.append(_without_standard(name, location, text))
        else:
            files = (f"{_FOLDER}/mods-enabled/{name}.{ending}" for ending in ("load", "conf"))
            effects += (Remove(path=path, location=location, text=text) for path in files)
    return effects


def _with_needed(names: tuple[str, ...]) -> tuple[str, ...]:
    """The modules behind those that they need, less those that are on in any case; PHP's own comes with its image."""
    found: dict[str, None] = {}
    for name in names:
        needed = ("proxy",) if _PROXY.fullmatch(name) else _NEEDED.get(name, ())
        found.update(dict.fromkeys((*_with_needed(needed), name)))
    return tuple(name for name in found if name in _FURTHER)


def _enabled(name: str, location: Location, text: str) -> list[Effect]:
    path = f"{_FOLDER}/mods-enabled/{name}"
    loaded = f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n"
    effects: list[Effect] = [WriteFile(path=f"{path}.load", content=loaded, location=location, text=text)]
    if name in _SETTINGS:
        effects.append(WriteFile(path=f"{path}.conf", content=_SETTINGS[name], location=location, text=text))
    return effects


def _without_standard(name: str, location: Location, text: str) -> RunTool:
    file = ToolPath(_STANDARD_FILE)
    words = ("-i", f"/mod_{name}[.]so$/d", file)
    return RunTool(program="sed", words=words, reads=(_STANDARD_FILE,), location=location, text=text)
