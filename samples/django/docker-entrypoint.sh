#!/bin/sh
set -e
echo "static files: $(ls "$STATIC_ROOT" | wc -l)"
exec "$@"
