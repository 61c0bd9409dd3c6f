"""Who an answer is for: the e-mail addresses of others are shown only to callers who may see them."""

from sqlalchemy import BigInteger, Boolean, bindparam
from sqlalchemy.orm import Session

# Where a session's own notes hold who its answers are for.
VIEWER = "viewer"
# Parameters of every select that shows addresses; without a viewer they show none.
VIEWER_ID = bindparam("viewer_id", 0, BigInteger)
SEES_ADDRESSES = bindparam("sees_addresses", False, Boolean)


def show_to(session: Session, user_id: int, *, sees_addresses: bool) -> None:
    """Let the answers that are read with this session be for this user, who may see the addresses of others or not."""
    session.info[VIEWER] = {VIEWER_ID.key: user_id, SEES_ADDRESSES.key: sees_addresses}


def viewer_parameters(session: Session) -> dict[str, int | bool]:
    """Return the values of the parameters for the viewer of the session."""
    parameters: dict[str, int | bool] = session.info.get(VIEWER, {})
    return parameters
