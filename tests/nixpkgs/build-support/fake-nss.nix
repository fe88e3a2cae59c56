# /etc/passwd and /etc/group with root, nobody and the lines asked for.
{ lib, pkgs }:
lib.makeOverridable (
  {
    extraPasswdLines ? [ ],
    extraGroupLines ? [ ],
  }:
  pkgs.symlinkJoin {
    name = "fake-nss";
    paths = [
      (pkgs.writeTextDir "etc/passwd" (
        lib.concatLines (
          [
            "root:x:0:0:root user:/var/empty:/bin/sh"
          ]
          ++ extraPasswdLines
          ++ [ "nobody:x:65534:65534:nobody:/var/empty:/bin/sh" ]
        )
      ))
      (pkgs.writeTextDir "etc/group" (
        lib.concatLines ([ "root:x:0:" ] ++ extraGroupLines ++ [ "nobody:x:65534:" ])
      ))
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
      (pkgs.runCommand "var-empty" { } "mkdir -p $out/var/empty")
    ];
  }
) { }
