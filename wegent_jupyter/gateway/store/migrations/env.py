"""Run by Alembic, with the connection that `engine.migrate` hands over."""

from alembic import context

from wegent_jupyter.gateway.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
