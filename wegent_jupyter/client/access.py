"""The routes of secrets, and of machines that want to become devices."""

from urllib.parse import quote

from wegent_jupyter.client.rest import Rest
from wegent_jupyter.protocol import access, managing


class AccessRoutes(Rest):
    """Secrets and joining."""

    async def credentials(self) -> list[access.Credential]:
        """Return the secrets that were given out, without the secrets, newest first."""
        return (await self._get("/credentials", access.CredentialList)).items

    async def create_credential(self, request: access.CreateCredential) -> access.CreatedCredential:
        """Make a secret: the answer is the only place in which it appears."""
        return await self._post("/credentials", request, access.CreatedCredential)

    async def revoke_credential(self, credential_id: int) -> managing.Message:
        """End a secret, and every connection that was made with it."""
        return await self._delete(f"/credentials/{credential_id}", managing.Message)

    async def add_device(self) -> access.AddDevice:
        """Return how another machine joins, as the server is reachable now."""
        return await self._get("/add-device", access.AddDevice)

    async def join_request(self, user_code: str) -> access.JoinRequest:
        """Return the machine that shows a code."""
        return await self._get(f"/join/{quote(user_code, safe='')}", access.JoinRequest)

    async def answer_join(self, user_code: str, *, approve: bool) -> access.JoinRequest:
        """Let that machine in, or not."""
        request = access.AnswerJoin(approve=approve)
        return await self._post(f"/join/{quote(user_code, safe='')}", request, access.JoinRequest)
