# The development shell, `nix develop`: the packages of the image and those that build it.
{ pkgs }:
pkgs.mkShell {
  packages = import ./packages.nix { inherit pkgs; };

  # What the Dockerfile sets by ENV, as far as it holds outside of the image.
  env = {
    LANG = "en_US.UTF-8";
    LOCALE_ARCHIVE = "${pkgs.glibcLocales}/lib/locale/locale-archive";
    TZ = "Europe/Berlin";
    TZDIR = "${pkgs.tzdata}/share/zoneinfo";
  };
}
