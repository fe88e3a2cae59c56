CREATE TABLE tide (at text PRIMARY KEY, height numeric NOT NULL);
COPY tide FROM '/srv/tides.csv' WITH (FORMAT csv);
