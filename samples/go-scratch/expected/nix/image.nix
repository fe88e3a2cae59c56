# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  # 14: COPY --from=build /out/hello /hello
  stage-build = import ./stages/build.nix { inherit pkgs; };
in
dockerTools.buildImage {
  name = "go-scratch";
  tag = "latest";

  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = [ dockerTools.caCertificates ];
    pathsToLink = [
      "/bin"
      "/etc"
      "/lib"
      "/share"
    ];
  };

  extraCommands = ''
    cp ${stage-build}/bin/hello hello # 14: COPY --from=build /out/hello /hello
    chmod u+w hello
  '';

  config = {
    Entrypoint = [ "/hello" ];
    Env = [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ];
    ExposedPorts."8080/tcp" = { };
    User = "65534:65534";
  };
}
