"""Run by Alembic: does the migrations on the connection, and in the transaction, that it is handed."""

from alembic import context

from equipoise.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
