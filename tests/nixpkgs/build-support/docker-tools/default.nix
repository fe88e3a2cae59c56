# dockerTools: images as docker-archives, with nixpkgs' argument sets, which are closed, and its checks.
{ lib, pkgs }:
let
  inherit (pkgs) runCommand;
  defaultArchitecture = pkgs.stdenv.hostPlatform.go.GOARCH;

  compressors = {
    none = {
      extension = "";
      compress = "cat";
    };
    gz = {
      extension = ".gz";
      compress = "gzip -n -1";
    };
    zstd = {
      extension = ".zst";
      compress = "zstd -q";
    };
  };
  compressorOf =
    name: compressor:
    compressors.${compressor}
      or (throw "in docker image ${name}: compressor must be one of: [${toString (lib.attrNames compressors)}]");

  # The first word of a store path's name is its hash: the tag of an image without one.
  hashOf = drv: lib.head (lib.splitString "-" (baseNameOf (builtins.unsafeDiscardStringContext drv.outPath)));

  configFile =
    name: attributes:
    pkgs.writeText "${baseNameOf name}-config.json" (builtins.toJSON (attributes // { os = "linux"; }));

  # What stdenv has on PATH, made to run where there is nothing but the store: in the image itself.
  tools = pkgs.stdenvNoCC.mkDerivation {
    name = "stdenv-tools";
    buildCommandPath = ../../stand-in.sh;
    pname = "stdenv-tools";
    version = "0";
    inherit (pkgs) glibc;
    shell = pkgs.runtimeShell;
    standIn = true;
    programs = lib.splitString " " (
      "awk basename bash bzip2 cat chgrp chmod chown cmp comm cp cut date diff dirname du echo egrep env expr false fgrep file find "
      + "fold gawk grep gunzip gzip head id install join ln ls make mkdir mkfifo mktemp mv nproc od paste patch printf pwd readlink "
      + "realpath rm rmdir sed seq sh sha256sum sort split stat tac tail tar tee test touch tr true truncate uname uniq unlink wc "
      + "whoami xargs xz"
    );
  };

  # fakeroot's library, where the image can load it.
  fakerootLibrary = runCommand "fakeroot-library" { standIn = true; } ''
    mkdir $out
    cp -L /usr/lib/x86_64-linux-gnu/libfakeroot/libfakeroot-sysv.so $out/
  '';

  # layer.tar: what is at the root of the image, less the store.
  rootLayer =
    {
      name,
      contents,
      extraCommands ? "",
      fakeRootCommands ? "",
      enableFakechroot ? false,
      keepLinks ? false,
      copy,
    }:
    runCommand "${if copy then "docker-layer-${name}" else "${name}-customisation-layer"}"
      {
        inherit extraCommands fakeRootCommands;
        contents = map (item: "${item}") contents;
        copyOptions = if copy then if keepLinks then "keep-links" else "copy" else "link";
      }
      ''
        mkdir layer
        /usr/bin/python3 -I ${./copy_to_root.py} "$copyOptions" layer $contents
        chmod ug+w layer # and nothing below it: what came with contents stays as it is in the store
        (cd layer; eval "$extraCommands")
        mkdir $out
        pack="tar -C layer --hard-dereference --sort=name --numeric-owner --mtime=@$SOURCE_DATE_EPOCH -cf $out/layer.tar"
        if [ -n "$fakeRootCommands" ]; then
          export fakeRootCommands pack
          # the sandbox has one user only, so a real chown fails in a way that fakeroot takes seriously
          export FAKEROOTDONTTRYCHOWN=1
          ${
            if enableFakechroot then
              ''
                fakeroot bash -e -c '
                  PATH=${tools}/bin LD_PRELOAD= /usr/bin/python3 -I ${./enter.py} layer \
                    ${fakerootLibrary}/libfakeroot-sysv.so ${tools}/bin/bash -e -u -o pipefail -c "
                      eval \"\$fakeRootCommands\"
                      \''${pack/-C layer/} --exclude=./dev --exclude=./proc --exclude=./sys --exclude=.${builtins.storeDir} .
                    "
                '
              ''
            else
              ''fakeroot bash -e -c '(cd layer; eval "$fakeRootCommands"); $pack .' ''
          }
        else
          $pack --owner=0 --group=0 .
        fi
      '';

  archive =
    {
      name,
      fileName,
      tag,
      layer,
      config,
      compressor,
      fromImage,
      settings,
      passthru,
      meta,
    }:
    let
      image =
        runCommand fileName
          {
            inherit fromImage config;
            imageName = lib.toLower name;
            imageTag = lib.optionalString (tag != null) tag;
            settings = builtins.toJSON settings;
            passAsFile = [ "settings" ];
            exportReferencesGraph = [
              "closure"
              layer
              "config-closure"
              config
            ];
            inherit layer meta;
            passthru = {
              imageTag = if tag != null then tag else hashOf image;
            }
            // passthru;
          }
          ''
            tag=''${imageTag:-$(basename $out | cut -d - -f 1)}
            /usr/bin/python3 -I ${./docker_archive.py} --layer $layer --config $config --settings $settingsPath \
              --closure closure --closure config-closure --name "$imageName:$tag" ''${fromImage:+--from "$fromImage"} \
              | ${compressor.compress} > $out
          '';
    in
    image;

  # What buildLayeredImage and streamLayeredImage have in common.
  layeredImage =
    compressor: fileName:
    {
      name,
      tag ? null,
      fromImage ? null,
      contents ? [ ],
      config ? { },
      architecture ? defaultArchitecture,
      created ? "1970-01-01T00:00:01Z",
      mtime ? "1970-01-01T00:00:01Z",
      uid ? 0,
      gid ? 0,
      uname ? "root",
      gname ? "root",
      maxLayers ? 100,
      extraCommands ? "",
      fakeRootCommands ? "",
      enableFakechroot ? false,
      includeStorePaths ? true,
      includeNixDB ? false,
      passthru ? { },
      meta ? { },
      layeringPipeline ? null,
      debug ? false,
    }:
    assert lib.assertMsg (layeringPipeline == null -> maxLayers > 1)
      "the maxLayers argument of dockerTools.buildLayeredImage function must be greather than 1 (current value: ${toString maxLayers})";
    assert lib.assertMsg (layeringPipeline == null && !includeNixDB && includeStorePaths)
      "tests/nixpkgs: layeringPipeline, includeNixDB and includeStorePaths of ${name} are not provided";
    archive {
      inherit
        name
        tag
        fileName
        compressor
        fromImage
        passthru
        meta
        ;
      config = configFile name { inherit config created architecture; };
      layer = rootLayer {
        name = baseNameOf name;
        contents = lib.toList contents;
        inherit extraCommands fakeRootCommands enableFakechroot;
        copy = false;
      };
      settings = {
        inherit
          uid
          gid
          uname
          gname
          created
          mtime
          maxLayers
          ;
      };
    };
in
{
  buildImage = lib.makeOverridable (
    arguments@{
      name,
      tag ? null,
      fromImage ? null,
      fromImageName ? null,
      fromImageTag ? null,
      copyToRoot ? null,
      keepContentsDirlinks ? false,
      config ? null,
      architecture ? defaultArchitecture,
      extraCommands ? "",
      uid ? 0,
      gid ? 0,
      runAsRoot ? null,
      diskSize ? 1024,
      buildVMMemorySize ? 512,
      created ? "1970-01-01T00:00:01Z",
      compressor ? "gz",
      includeNixDB ? false,
      contents ? null,
      meta ? { },
    }:
    let
      checked =
        lib.warnIf (contents != null)
          "in docker image ${name}: The contents parameter is deprecated. Change to copyToRoot if the contents are designed to be copied to the root filesystem, such as when you use `buildEnv` or similar between contents and your packages. Use copyToRoot = buildEnv { ... }; or similar if you intend to add packages to /bin."
          lib.throwIf
          (contents != null && copyToRoot != null)
          "in docker image ${name}: You can not specify both contents and copyToRoot."
          lib.throwIf
          (runAsRoot != null)
          "tests/nixpkgs: runAsRoot of ${name} needs a virtual machine, which dock2nix never asks for"
          lib.throwIf
          includeNixDB
          "tests/nixpkgs: includeNixDB of ${name} is not provided";
      root = if copyToRoot == null then contents else copyToRoot;
      layer = rootLayer {
        name = baseNameOf name;
        contents = lib.optionals (root != null) (lib.toList root);
        inherit extraCommands;
        keepLinks = keepContentsDirlinks;
        copy = true;
      };
      compression = compressorOf name compressor;
    in
    checked (archive {
      inherit
        name
        tag
        layer
        fromImage
        meta
        ;
      fileName = "docker-image-${baseNameOf name}.tar${compression.extension}";
      compressor = compression;
      config = configFile name { inherit config created architecture; };
      settings = {
        inherit uid gid created;
        uname = "";
        gname = "";
        maxLayers = 1;
      };
      passthru = {
        buildArgs = arguments;
        inherit layer;
      };
    })
  );

  buildLayeredImage = lib.makeOverridable (
    {
      compressor ? "gz",
      name,
      ...
    }@arguments:
    let
      compression = compressorOf name compressor;
    in
    layeredImage compression "${baseNameOf name}.tar${compression.extension}" (
      removeAttrs arguments [ "compressor" ]
    )
  );

  # The result is a program that writes the archive.
  streamLayeredImage = lib.makeOverridable (
    { name, ... }@arguments:
    let
      image = layeredImage compressors.none "${baseNameOf name}.tar" arguments;
    in
    runCommand "stream-${baseNameOf name}"
      {
        passthru = {
          inherit (image) imageTag;
          isExe = true;
        };
      }
      ''
        printf '#!%s\nexec %s %s\n' ${pkgs.runtimeShell} ${pkgs.coreutils}/bin/cat ${image} > $out
        chmod +x $out
      ''
  );

  pullImage =
    {
      imageName,
      imageDigest,
      hash ? "",
      sha256 ? "",
      outputHash ? "",
      outputHashAlgo ? "sha256",
      os ? "linux",
      arch ? defaultArchitecture,
      finalImageName ? imageName,
      finalImageTag ? "latest",
      tlsVerify ? true,
      name ?
        lib.replaceStrings [ "/" ":" ] [ "-" "-" ] "docker-image-${finalImageName}-${finalImageTag}.tar",
    }:
    runCommand name
      (
        {
          inherit imageDigest;
          imageName = finalImageName;
          imageTag = finalImageTag;
          sourceURL = "docker://${imageName}@${imageDigest}";
          outputHashMode = "flat";
        }
        // import ../hash.nix { inherit lib; } "pullImage" { inherit hash sha256 outputHash outputHashAlgo; }
      )
      ''
        skopeo --insecure-policy --override-os ${os} --override-arch ${arch} copy \
          --src-tls-verify=${lib.boolToString tlsVerify} "$sourceURL" "docker-archive://$out:$imageName:$imageTag"
      '';

  inherit (pkgs) fakeNss;
  usrBinEnv = runCommand "usr-bin-env" { } ''
    mkdir -p $out/usr/bin
    ln -s ${pkgs.coreutils}/bin/env $out/usr/bin
  '';
  binSh = runCommand "bin-sh" { } ''
    mkdir -p $out/bin
    ln -s ${pkgs.bashInteractive}/bin/bash $out/bin/sh
  '';
  caCertificates = runCommand "ca-certificates" { } ''
    mkdir -p $out/etc/ssl/certs $out/etc/pki/tls/certs
    ln -s ${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-bundle.crt
    ln -s ${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
    ln -s ${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/pki/tls/certs/ca-bundle.crt
  '';
}
