# The development shell, `nix develop`: the packages of the image and those that build it.
{ pkgs }:
pkgs.mkShell {
  packages =
    import ./packages.nix { inherit pkgs; }
    ++ import ./build-packages.nix { inherit pkgs; };

  # What the Dockerfile sets by ENV, as far as it holds outside of the image.
  env = {
    JAVA_HOME = "${pkgs.temurin-jre-bin-21}";
    JAVA_TOOL_OPTIONS = "-XX:MaxRAMPercentage=75";
    LANG = "C.UTF-8";
    LC_ALL = "C.UTF-8";
  };
}
