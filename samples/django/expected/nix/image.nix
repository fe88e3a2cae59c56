# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  # 12: useradd --system --create-home --uid 1001 harbour
  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        harbour:x:1001:1001::/home/harbour:/bin/sh
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        harbour:x:1001:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # How what has no translation runs as it stands: in the image, without network.
  verbatim = pkgs.writeText "verbatim.sh" ''
    # offline NAME=VALUE... COMMAND...: with the variables of the Dockerfile alone. Nix builds have no network. All files have one date,
    # as later in the image: gzip, zip and Python write dates down. Python orders sets by chance, if it may.
    offline() {
      found -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
      env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 \
        FAKEROOTKEY="''${FAKEROOTKEY-}" LD_LIBRARY_PATH="''${LD_LIBRARY_PATH-}" LD_PRELOAD="''${LD_PRELOAD-}" \
        "$@"
    }
    # found EXPRESSION...: find, in the image.
    found() {
      find / \( -path /dev -o -path /nix -o -path /proc -o -path /sys \) -prune -o "$@"
    }
    # owned USER COMMAND...: what the command makes belongs to the user, though it runs as root does.
    owned() {
      found -printf '%i %p\0' | LC_ALL=C sort -z > /tmp/.before
      "''${@:2}"
      found -printf '%i %p\0' | LC_ALL=C sort -z | LC_ALL=C comm -z -13 /tmp/.before - | cut -z -d ' ' -f 2- |
        xargs -0 -r chown -h "$1"
      rm -f /tmp/.before
    }
  '';

  # 14: COPY --chown=harbour:harbour . .
  context14 = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.difference ../. (
      lib.fileset.unions [
        ../flake.lock
        ../flake.nix
        ./.
      ]
    );
  };

  environment18 = lib.escapeShellArgs [
    "HOME=/home/harbour"
    "LANG=C.UTF-8"
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    "PYTHONUNBUFFERED=1"
    "STATIC_ROOT=/srv/static"
    "VERSION=1.4"
  ];

  # 20: for page in pages/*.in; do sed "s/@VERSION@/$VERSION/" "$page" > "${page%.in}"; rm "$page"; done
  script20 = pkgs.writeText "script.sh" ''
    set -eu
    for page in pages/*.in; do         sed "s/@VERSION@/$VERSION/" "$page" > "''${page%.in}";         rm "$page";     done
  '';

  # 24: if [ ! -e pages/robots.txt ]; then printf 'User-agent: *\n' > pages/robots.txt; fi
  script24 = pkgs.writeText "script.sh" ''
    set -eu
    if [ ! -e pages/robots.txt ]; then printf 'User-agent: *\n' > pages/robots.txt; fi
  '';

  # 25: find pages harbour -name '*.bak' -delete
  script25 = pkgs.writeText "script.sh" ''
    set -eu
    find pages harbour -name '*.bak' -delete
  '';
in
dockerTools.buildLayeredImage {
  name = "django";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.binSh
    dockerTools.caCertificates
  ];

  enableFakechroot = true;

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    . ${verbatim}
    mkdir -p srv/harbour # 8: WORKDIR /srv/harbour
    cp ${../requirements.txt} srv/harbour/requirements.txt # 9: COPY requirements.txt .
    chmod u+w srv/harbour/requirements.txt
    mkdir -p home/harbour # 12: useradd --system --create-home --uid 1001 harbour
    chown 1001:1001 home/harbour # 12: useradd --system --create-home --uid 1001 harbour
    mkdir -p -m 755 srv/static # 13: install -d -o harbour /srv/static
    chown 1001 srv/static # 13: install -d -o harbour /srv/static
    tar -C ${context14} --owner=1001 --group=1001 --mode=u+w -c . | tar -C srv/harbour -x --no-overwrite-dir # 14: COPY --chown=harbour:harbour . .
    chmod +x srv/harbour/docker-entrypoint.sh # 15: chmod +x docker-entrypoint.sh
    # 18: SECRET_KEY=only-for-building python manage.py collectstatic --noinput
    (cd srv/harbour && owned 1001:1001 offline ${environment18} /bin/sh -c 'SECRET_KEY=only-for-building python manage.py collectstatic --noinput' )
    # 20: for page in pages/*.in; do sed "s/@VERSION@/$VERSION/" "$page" > "''${page%.in}"; rm "$page"; done
    (cd srv/harbour && owned 1001:1001 offline ${environment18} /bin/sh ${script20} )
    # 24: if [ ! -e pages/robots.txt ]; then printf 'User-agent: *\n' > pages/robots.txt; fi
    (cd srv/harbour && owned 1001:1001 offline ${environment18} /bin/sh ${script24} )
    # 25: find pages harbour -name '*.bak' -delete
    (cd srv/harbour && owned 1001:1001 offline ${environment18} /bin/sh ${script25} )
  '';

  config = {
    Cmd = [
      "gunicorn"
      "--bind"
      "0.0.0.0:8000"
      "harbour.wsgi"
    ];
    Entrypoint = [ "./docker-entrypoint.sh" ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "LANG=C.UTF-8" # 2: FROM
      "PYTHONUNBUFFERED=1" # 4
      "STATIC_ROOT=/srv/static" # 4
    ];
    ExposedPorts."8000/tcp" = { };
    User = "harbour";
    WorkingDir = "/srv/harbour";
  };
}
