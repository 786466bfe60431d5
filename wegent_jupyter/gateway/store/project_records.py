"""The statements about projects and attachments. Every function runs in a store thread, on the connection given."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from wegent_jupyter.gateway.store.records import Row, dumps, upsert
from wegent_jupyter.gateway.store.tables import attachments, projects


def all_projects(connection: Connection) -> list[tuple[str, Row]]:
    """Return (owner, data) of every project."""
    return [(row.owner, json.loads(row.data)) for row in connection.execute(select(projects))]


def save_project(connection: Connection, owner: str, project_id: int, data: Row) -> None:
    """Insert or replace a project."""
    upsert(connection, projects, {"id": project_id, "owner": owner, "data": dumps(data)})


def remove_project(connection: Connection, project_id: int) -> None:
    """Remove a project."""
    connection.execute(delete(projects).where(projects.c.id == project_id))


def add_attachment(connection: Connection, owner: str, attachment_id: int, data: Row) -> None:
    """Store an attachment that was not sent yet."""
    connection.execute(insert(attachments), {"id": attachment_id, "owner": owner, "data": dumps(data)})


def load_attachments(connection: Connection, owner: str, ids: Sequence[int]) -> list[tuple[Row, int | None]]:
    """Return the data of an owner's attachments, and of which turn each is, in the order of `ids`."""
    mine = attachments.c.id.in_(ids) & (attachments.c.owner == owner)
    found = {row.id: (json.loads(row.data), row.turn_id) for row in connection.execute(select(attachments).where(mine))}
    return [found[one] for one in ids if one in found]


def send_attachments(connection: Connection, ids: Sequence[int], turn_id: int | None) -> None:
    """Say with which turn attachments were sent."""
    connection.execute(update(attachments).where(attachments.c.id.in_(ids)).values(turn_id=turn_id))


def unsent_attachments(connection: Connection, owner: str | None = None) -> list[Row]:
    """Return the data of what was uploaded and not sent, of one owner or of all, oldest first."""
    query = select(attachments.c.data).where(attachments.c.turn_id.is_(None)).order_by(attachments.c.id)
    if owner is not None:
        query = query.where(attachments.c.owner == owner)
    return [json.loads(row.data) for row in connection.execute(query)]


def remove_attachments(connection: Connection, ids: Sequence[int]) -> None:
    """Forget attachments."""
    connection.execute(delete(attachments).where(attachments.c.id.in_(ids)))
