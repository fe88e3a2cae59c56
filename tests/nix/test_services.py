"""Images of services, built and started: they read the settings at the places where their published images have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nix.images import converted
from nix.running import run_image, why_no_runs
from nix_lab import available_nixes, build_flake, why_no_builds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nix.running import Answer

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds()),
    pytest.mark.skipif(bool(why_no_runs()), reason=why_no_runs()),
]


def started(folder: Path, text: str, files: Mapping[str, str], **run: object) -> Answer:
    archive = build_flake(converted(folder, text, files), available_nixes()[-1])
    return run_image(archive, **run)  # type: ignore[arg-type]


def test_nginx_fills_templates_and_runs_as_a_user(tmp_path: Path) -> None:
    text = """
FROM nginx:stable
COPY app.conf.template /etc/nginx/templates/
RUN sed -i 's/worker_connections 1024/worker_connections 512/' /etc/nginx/nginx.conf && rm /etc/nginx/conf.d/default.conf
RUN chown -R nginx:nginx /var/cache/nginx /etc/nginx/conf.d && touch /var/run/nginx.pid && chown nginx /var/run/nginx.pid
ENV PORT=8081
USER nginx
"""
    template = 'server { listen $PORT; location / { return 200 "$server_port ${GREETING} ${NOBODY}\\n"; } }\n'
    question = {"http": "127.0.0.1:8081"}
    answer = started(
        tmp_path / "nginx",
        text,
        {"app.conf.template": template},
        environment={"GREETING": "hi"},
        ask=(question,),
    )
    assert "unknown" in answer.output, answer
    template = template.replace(" ${NOBODY}", "")
    answer = started(
        tmp_path / "again",
        text,
        {"app.conf.template": template},
        environment={"GREETING": "hi"},
        ask=(question,),
    )
    assert answer.answers == ("200 application/octet-stream\n8081 hi\n",), answer.output
    assert answer.code == 0


@pytest.mark.parametrize(
    ("text", "files", "question", "expected"),
    [
        pytest.param(
            "FROM nginxinc/nginx-unprivileged\n",
            {},
            {"http": "127.0.0.1:8080"},
            "nginx is running",
            id="nginx-unprivileged",
        ),
        pytest.param(
            "FROM httpd:2.4\nCOPY pages/ /usr/local/apache2/htdocs/\n"
            "RUN sed -i 's/^Listen 80/Listen 8082/' /usr/local/apache2/conf/httpd.conf\n",
            {"pages/tides.html": "<p>noon</p>\n"},
            {"http": "127.0.0.1:8082", "path": "/tides.html"},
            "<p>noon</p>",
            id="httpd",
        ),
        pytest.param(
            "FROM debian:12\nRUN apt-get update && apt-get install -y apache2 && a2dismod -f status\n"
            'COPY index.html /var/www/html/\nCMD ["apachectl", "-D", "FOREGROUND"]\n',
            {"index.html": "<p>dusk</p>\n"},
            {"http": "127.0.0.1:80"},
            "<p>dusk</p>",
            id="apache2 of Debian",
        ),
        pytest.param(
            "FROM alpine:3.20\nRUN apk add --no-cache nginx\nCOPY site.conf /etc/nginx/http.d/default.conf\n"
            'CMD ["nginx", "-g", "daemon off;"]\n',
            {"site.conf": 'server { listen 80; location / { return 200 "ebb"; } }\n'},
            {"http": "127.0.0.1:80"},
            "ebb",
            id="nginx of Alpine",
        ),
        pytest.param(
            "FROM debian:12\nRUN apt-get update && apt-get install -y nginx php8.2-fpm\n"
            "COPY site.conf /etc/nginx/sites-available/default\nCOPY index.php /var/www/html/\n"
            "COPY limits.ini /etc/php/8.2/fpm/conf.d/\nCMD service php8.2-fpm start && exec nginx -g 'daemon off;'\n",
            {
                "site.conf": "server { listen 80; root /var/www/html; location / { include fastcgi_params; "
                "fastcgi_param SCRIPT_FILENAME $document_root/index.php; fastcgi_pass unix:/run/php/php8.2-fpm.sock; } }\n",
                "index.php": "<?php echo PHP_SAPI, ' ', ini_get('memory_limit'), ' ', extension_loaded('pdo') ? 'pdo' : '-';",
                "limits.ini": "memory_limit = 77M\n",
            },
            {"http": "127.0.0.1:80", "expect": "fpm"},
            "fpm-fcgi 77M pdo",
            id="nginx and php-fpm of Debian",
        ),
        pytest.param(
            "FROM redis:8-alpine\n",
            {},
            {"exec": ["redis-cli", "config", "get", "protected-mode"], "expect": "protected-mode"},
            "protected-mode\nno\n",
            id="redis",
        ),
        pytest.param(
            "FROM php:8.3-fpm-alpine\nCOPY www.conf /usr/local/etc/php-fpm.d/zzz.conf\n",
            {"www.conf": "[www]\nlisten = 9001\n"},
            {"exec": ["netstat", "-ltn"], "expect": ":9001"},
            ":9001",
            id="php-fpm",
        ),
    ],
)
def test_service_answers(
    tmp_path: Path, text: str, files: Mapping[str, str], question: Mapping[str, object], expected: str
) -> None:
    answer = started(tmp_path / "service", text, files, ask=(question,))
    assert expected in answer.answers[0], answer


def test_postgres_without_a_password_does_not_start(tmp_path: Path) -> None:
    answer = started(tmp_path / "postgres", "FROM postgres:16\n", {})
    assert answer.code == 1
    assert "set POSTGRES_PASSWORD" in answer.output


def test_php_reads_its_settings_from_the_image(tmp_path: Path) -> None:
    text = """
FROM php:8.3-cli
RUN mv "$PHP_INI_DIR/php.ini-production" "$PHP_INI_DIR/php.ini" && sed -i 's/expose_php = On/expose_php = Off/' "$PHP_INI_DIR/php.ini"
COPY limits.ini /usr/local/etc/php/conf.d/
CMD ["php", "-r", "echo ini_get('memory_limit'), '|', ini_get('expose_php'), '|', extension_loaded('pdo') ? 'pdo' : '';"]
"""
    answer = started(tmp_path / "php", text, {"limits.ini": "memory_limit = 77M\n"})
    assert "77M||pdo" in answer.output
