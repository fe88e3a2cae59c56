"""Programs of other modules that a stage installs, copied from there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = """\
FROM golang:1.25 AS tools
RUN go install github.com/pressly/goose/v3/cmd/goose@latest

FROM debian:trixie-slim
COPY --from=tools /go/bin/goose /usr/local/bin/
CMD ["goose"]
"""


def test_a_program_is_linked_where_it_is_copied_to(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    assert main([str(tmp_path / "Dockerfile"), "--quiet", "--offline"]) == 0
    assert "ln -sfn ${pkgs.goose}/bin/goose usr/local/bin/goose" in (tmp_path / "nix/image.nix").read_text()
    rows = json.loads((tmp_path / "nix/report.json").read_text())["requirements"]
    assert [(row["manager"], row["attributes"]) for row in rows] == [("go", ["goose"])]


def test_in_the_image_itself_it_stands_in_gos_own_folder(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.partition("\n\n")[0])
    main([str(tmp_path / "Dockerfile"), "--quiet", "--offline"])
    assert "${pkgs.goose}/bin/goose go/bin/goose" in (tmp_path / "nix/image.nix").read_text()
