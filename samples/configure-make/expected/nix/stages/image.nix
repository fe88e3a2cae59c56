# 2: FROM debian:trixie-slim: what this stage builds, as a derivation.
# 13: ./configure --prefix=/usr --sysconfdir=/etc/gauge --with-unit=metres
# 14: make -j "$(nproc)"
# 15: make install
{ pkgs }:
pkgs.stdenv.mkDerivation {
  pname = "configure-make-image";
  version = "0";
  src = pkgs.fetchurl {
    url = "https://files.index.example/releases/depth-gauge-1.2.tar.gz";
    hash = "sha256-92qaPy0iEoHMgFEJntK00DBmFDWAdHtiVZRvdQUXzdQ=";
  };
  postPatch = ''
    patchShebangs .
  '';
  buildInputs = [ pkgs.ncurses ];
  env = {
    DEPTH_GAUGE_VERSION = "1.2";
    NIX_LDFLAGS = "-rpath /usr/lib";
  };
  dontConfigure = true;
  buildPhase = ''
    runHook preBuild
    ./configure --prefix=/usr --sysconfdir=/etc/gauge --with-unit=metres
    make -j $NIX_BUILD_CORES
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    make install DESTDIR=$out
    runHook postInstall
  '';
  stripDebugList = [ "." ];
  dontPatchELF = true;
}
