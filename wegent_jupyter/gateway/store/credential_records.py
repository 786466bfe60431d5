"""The statements about credentials. Every function runs in a store thread, on the connection it is given."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from wegent_jupyter.gateway.store.records import Row, dumps
from wegent_jupyter.gateway.store.tables import credentials, removed_devices


def all_credentials(connection: Connection) -> list[Row]:
    """Return every credential, oldest first; `data` is read."""
    rows = connection.execute(select(credentials).order_by(credentials.c.id))
    return [{**row._mapping, "data": json.loads(row.data)} for row in rows]


def add_credential(connection: Connection, row: Row) -> None:
    """Store a new credential."""
    connection.execute(insert(credentials), {**row, "data": dumps(row["data"])})


def set_credential(connection: Connection, credential_id: int, data: Row) -> int:
    """Replace a credential's data; one that was revoked meanwhile stays away: then it returns 0."""
    changed = update(credentials).where(credentials.c.id == credential_id).values(data=dumps(data))
    return connection.execute(changed).rowcount


def remove_credentials(connection: Connection, ids: Sequence[int]) -> int:
    """Remove credentials; returns how many were there."""
    return connection.execute(delete(credentials).where(credentials.c.id.in_(ids))).rowcount


def all_removed(connection: Connection) -> set[tuple[str, str]]:
    """Return (owner, device id) of every device that was deleted and revoked."""
    return {(row.owner, row.device_id) for row in connection.execute(select(removed_devices))}


def set_removed(connection: Connection, owner: str, device_id: str, removed: bool) -> None:
    """Say whether a device was deleted and revoked."""
    mine = (removed_devices.c.owner == owner) & (removed_devices.c.device_id == device_id)
    connection.execute(delete(removed_devices).where(mine))
    if removed:
        connection.execute(insert(removed_devices), {"owner": owner, "device_id": device_id})
