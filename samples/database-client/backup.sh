#!/bin/sh
set -eu
pg_dump "$@" | gzip
