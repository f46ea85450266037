"""What the connection pool does before it hands a connection to the next client."""

from typing import Any

from psycopg import Connection


def forget_context(connection: Connection[Any]) -> None:
    """Drop role and tenant context that a careless SET without LOCAL left behind."""
    connection.execute(
        "SELECT set_config('role', 'none', false), set_config('app.org_ids', '', false),"
        " set_config('app.ref_org_ids', '', false), set_config('app.customer_id', '', false)"
    )
    if not connection.autocommit:
        connection.commit()
