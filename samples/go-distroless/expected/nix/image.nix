# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        nonroot:x:65532:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 14: COPY --from=build /out/harbour /out/beacon /usr/local/bin/, there line 9: go build -trimpath -ldflags="-s -w -X main.version=${VERSION}" -o /out/beacon ./cmd/beacon
  stage-build = import ./stages/build.nix { inherit pkgs; };

  # 15: COPY --from=build --chown=65532:65532 /usr/local/share/harbour /srv, there line 11: make install
  stage-build-src = import ./stages/build-src.nix { inherit pkgs; };
in
dockerTools.buildLayeredImage {
  name = "go-distroless";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.caCertificates
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p var/empty
    mkdir -p home/nonroot # 13: FROM gcr.io/distroless/static-debian12:nonroot
    chown 65532:65532 home/nonroot
    mkdir -p usr/local/bin
    cp ${stage-build}/bin/harbour usr/local/bin/harbour # 14: COPY --from=build /out/harbour /out/beacon /usr/local/bin/, there line 9: go build -trimpath -ldflags="-s -w -X main.version=''${VERSION}" -o /out/beacon ./cmd/beacon
    chmod u+w usr/local/bin/harbour
    cp ${stage-build}/bin/beacon usr/local/bin/beacon # 14: COPY --from=build /out/harbour /out/beacon /usr/local/bin/, there line 9: go build -trimpath -ldflags="-s -w -X main.version=''${VERSION}" -o /out/beacon ./cmd/beacon
    chmod u+w usr/local/bin/beacon
    mkdir -p srv
    cp -r ${stage-build-src}/usr/local/share/harbour/. srv # 15: COPY --from=build --chown=65532:65532 /usr/local/share/harbour /srv, there line 11: make install
    chmod -R u+w srv
    chown -R 65532:65532 srv # 15: COPY --from=build --chown=65532:65532 /usr/local/share/harbour /srv
  '';

  config = {
    Entrypoint = [ "harbour" ];
    Env = [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ];
    User = "nonroot";
    WorkingDir = "/home/nonroot";
  };
}
