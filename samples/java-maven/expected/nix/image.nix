# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        ubuntu:x:1000:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 15: COPY --from=build /src/server/target/server-*.jar app.jar
  stage-build = import ./stages/build.nix { inherit pkgs; };
in
dockerTools.buildLayeredImage {
  name = "java-maven";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.binSh
    dockerTools.caCertificates
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    mkdir -p home/ubuntu # 12: FROM eclipse-temurin:21-jre
    chown 1000:1000 home/ubuntu
    mkdir -p app # 14: WORKDIR /app
    cp -r ${stage-build}/src/server/target/server-*.jar app/app.jar # 15: COPY --from=build /src/server/target/server-*.jar app.jar
    chmod -R u+w app/app.jar
  '';

  config = {
    Entrypoint = [
      "java"
      "-jar"
      "app.jar"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "JAVA_HOME=${pkgs.temurin-jre-bin-21}" # 12: FROM
      "LANG=C.UTF-8" # 12: FROM
      "LC_ALL=C.UTF-8" # 12: FROM
      "JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=75" # 13
    ];
    ExposedPorts."8080/tcp" = { };
    User = "1000";
    WorkingDir = "/app";
  };
}
