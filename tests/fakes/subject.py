"""Whom the tests of client_api speak for, and whose accounts there are."""

from services.identity.domain.session import User
from tests.fakes.identity import TRADER

ACCOUNT = "018f4a00-0000-7000-8000-000000001001"
OTHERS_ACCOUNT = "018f4a00-0000-7000-8000-000000002001"
OTHER_TENANTS_ACCOUNT = "018f4a00-0000-7000-8000-000000003001"
MISSING_ACCOUNT = "018f4a00-0000-7000-8000-00000000ffff"
OTHER_USER_ID = "018f4a00-0000-7000-8000-000000000002"
VIEWER = User(TRADER.user_id, TRADER.tenant, TRADER.username, ("viewer",))
STREAM_URL = "ws://127.0.0.1:7401/v1/stream"
