"""The app that a user would write first: FastAPI, a pydantic model, one SQLite commit per POST.

Run by our own environment with httptools on top (see environments.py), on uvloop. It keeps the
rules of our model for every field, and answers after a commit with synchronous FULL: what it
promises is what our Report promises. Its commit is on the loop, as is usual.
`python naive_rest.py --database FILE` prints `listening PORT`.
"""

import argparse
import sqlite3

from fastapi import FastAPI
from pydantic import model_validator

from benchmarks.peers.serving import serve
from orchestrator.call_results.model import CallReport

_TABLE = """CREATE TABLE result (call_sid TEXT PRIMARY KEY, report_id TEXT NOT NULL,
    status INTEGER NOT NULL, duration INTEGER, summary TEXT NOT NULL, body TEXT NOT NULL)"""
_INSERT = "INSERT INTO result VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


class Posted(CallReport):
    """Holds one result, by our rules but for the cleaning of texts: such an app has none."""

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, data: object) -> object:
        return data


def build_app(database: str) -> FastAPI:
    """Build the app on a new database."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_TABLE)
    app = FastAPI()

    @app.post("/call_result")
    async def take(posted: Posted) -> dict[str, bool]:
        values = (
            posted.call_sid,
            posted.report_id,
            posted.status,
            posted.duration,
            posted.summary,
            posted.model_dump_json(),
        )
        return {"stored": connection.execute(_INSERT, values).rowcount == 1}

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="naive_rest.py")
    parser.add_argument("--database", required=True, help="a new SQLite file")
    serve(build_app(parser.parse_args().database), loop="uvloop", http="httptools")
