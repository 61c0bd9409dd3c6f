"""Drill for the day the database is lost: dump it, destroy it, restore it, and see that everything agrees again.

    set -a; . .data/env; set +a
    python examples/restore_drill.py --destroy [--dump drill.dump]

It works on the database and schema of DB_CONNECTION_STRING and DB_SCHEMA, with PostgreSQL's own pg_dump and pg_restore from the
PATH, which must not be older than the server. Stop the web servers and workers first, and drill on a copy, not on what you
cannot lose. The dump stays where it is. Exit code 0 when the restored database has the same rows and `flask check` finds
nothing new, 1 when not.
"""

import argparse
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import parse_dsn

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.settings import load_settings

# What libpq reads from the environment, so that no password stands in the list of processes.
VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
VARIABLES |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
DIGEST = "SELECT count(*), coalesce(md5(string_agg(md5(row::text), '' ORDER BY row::text)), '') FROM {}.{} AS row"

Digests = dict[str, tuple[int, str]]


def main() -> int:
    """Do the drill; return the exit code."""
    arguments = read_arguments()
    settings = load_settings()
    url, schema = settings.queue_url, settings.db_schema
    found = check()
    before = digests(url, schema)
    print(f"{sum(count for count, _ in before.values())} rows in {len(before)} tables of the schema {schema}")
    run(url, "pg_dump", "--format=custom", "--no-owner", f"--schema={schema}", f"--file={arguments.dump}")
    print(f"dumped into {arguments.dump}, {arguments.dump.stat().st_size} bytes")
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
    print("destroyed")
    run(url, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname=", str(arguments.dump))
    print("restored")
    lost = [name for name, digest in digests(url, schema).items() if digest != before.get(name)]
    news = check() - found
    for words in (*(f"The table {name} has other rows than before." for name in lost), *news):
        print(words)
    print("The drill failed." if lost or news else "The drill succeeded: the same rows, and no new disagreement.")
    return 1 if lost or news else 0


def read_arguments() -> argparse.Namespace:
    """Return the arguments; end when nobody says that the data may be destroyed."""
    parser = argparse.ArgumentParser(description="Dump, destroy and restore the database of LabelAPI.")
    parser.add_argument("--destroy", action="store_true", required=True, help="yes, destroy the schema in between")
    parser.add_argument("--dump", type=Path, default=Path("drill.dump"), help="where to keep the dump")
    return parser.parse_args()


def run(url: str, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on this database; end with its words when it fails."""
    values = {VARIABLES[name]: str(value) for name, value in parse_dsn(url).items() if name in VARIABLES}
    # An empty name of a database means the one in the environment, which pg_restore wants to be told.
    named = [f"--dbname={values['PGDATABASE']}" if part == "--dbname=" else part for part in arguments]
    try:
        subprocess.run([program, *named], env={**os.environ, **values}, check=True)
    except FileNotFoundError:
        sys.exit(f"{program} is not in the PATH: install PostgreSQL's client programs.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{program} ended with exit code {error.returncode}.")


def digests(url: str, schema: str) -> Digests:
    """Return how many rows each table has, and a hash of all of them."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES, (schema,))
        found: Digests = {}
        for (name,) in cursor.fetchall():
            cursor.execute(sql.SQL(DIGEST).format(sql.Identifier(schema), sql.Identifier(name)))
            found[name] = cursor.fetchone() or (0, "")
        return found


def check() -> set[str]:
    """Return what `flask check` finds."""
    command = [sys.executable, "-m", "flask", "--app", "main:app", "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    if done.returncode not in (0, 1):
        sys.exit(f"flask check failed: {done.stderr}")
    return set(done.stdout.splitlines())


if __name__ == "__main__":
    sys.exit(main())
