#!/bin/sh
# Once, as PostgreSQL's superuser: the roles of the walls, the owner of the tables, the login of the programs.
set -eu
: "${HUB_PASSWORD:?say which}" "${OWNER_PASSWORD:?say which}"
psql -v ON_ERROR_STOP=1 -U postgres <<'SQL'
\getenv hub HUB_PASSWORD
\getenv owner OWNER_PASSWORD
CREATE ROLE passerelle_app NOLOGIN;
CREATE ROLE passerelle_engine NOLOGIN;
CREATE ROLE passerelle_owner LOGIN PASSWORD :'owner' IN ROLE passerelle_app, passerelle_engine;
CREATE ROLE passerelle LOGIN PASSWORD :'hub' IN ROLE passerelle_app, passerelle_engine;
CREATE DATABASE passerelle OWNER passerelle_owner;
SQL
