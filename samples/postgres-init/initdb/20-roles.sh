#!/bin/bash
set -e
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<-SQL
	CREATE ROLE reader LOGIN PASSWORD '${READER_PASSWORD:-reader}';
	GRANT SELECT ON tide TO reader;
SQL
