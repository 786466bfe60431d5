"""Puts the parts together, once per server: lock, gateway, routes, sockets, embedded executor."""

import asyncio
import logging
import os
import re
import secrets
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth import User
from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.utils import url_path_join

from wegent_jupyter._version import __version__
from wegent_jupyter.gateway.errors import Unavailable
from wegent_jupyter.gateway.gateway import Gateway, Options
from wegent_jupyter.gateway.store.engine import StoreBroken
from wegent_jupyter.locks import DirectoryLock, private_secret
from wegent_jupyter.protocol import api, wire
from wegent_jupyter.protocol.channel import NotSent, Unanswered
from wegent_jupyter.server import rest
from wegent_jupyter.server.auth import SINGLE_OWNER, OwnerIdentity, same_secret
from wegent_jupyter.server.device_namespace import DeviceNamespace
from wegent_jupyter.server.faces import Broadcaster
from wegent_jupyter.server.kernel_access import KernelAccess
from wegent_jupyter.server.limits import Rate
from wegent_jupyter.server.metrics import Metrics
from wegent_jupyter.server.sockets import FACES, SocketHandler, make_server
from wegent_jupyter.server.supervisor import Supervisor
from wegent_jupyter.server.tasks_namespace import TasksNamespace
from wegent_jupyter.server.terminal_namespace import TerminalNamespace

if TYPE_CHECKING:
    from wegent_jupyter.gateway.credentials import CredentialEntry
    from wegent_jupyter.server.app import WegentApp

log = logging.getLogger(__name__)

EXPIRY_SECONDS = 2.0
"""Between two looks whether a token by which somebody is connected has expired; the clock may jump."""
TAKE_OVER_SECONDS = 3.0
"""Between two looks whether the gateway that runs elsewhere has ended."""
ACTIVITY_SECONDS = 30.0


class Service:
    """What the extension runs."""

    def __init__(self, app: "WegentApp") -> None:
        """Take the settings; nothing runs yet."""
        self._app = app
        self._directory = Path(app.data_dir).expanduser()
        self._lock = DirectoryLock(self._directory, "gateway")
        self.state: api.GatewayState = "starting"
        self._reason: str | None = None
        self.runtime_token = secrets.token_urlsafe(32)
        self.kernels = KernelAccess(self.serverapp.runtime_dir)
        self._identities: dict[str, OwnerIdentity] = {}
        self._embedded_key = secrets.token_urlsafe(32)
        self.join_rate = Rate(10, 60.0)
        """By address, as the next one."""
        self.poll_rate = Rate(300, 60.0)
        self.code_rate = Rate(20, 60.0)
        """Wrong codes of machines that wait, by owner."""
        self._sockets = make_server()
        self._tasks, self._devices = TasksNamespace(self), DeviceNamespace(self)
        self._terminals = TerminalNamespace(self)
        self._gateway: Gateway | None = None
        self._metrics = Metrics(lambda: self._gateway)
        self._supervisor: Supervisor | None = None
        self._background: set[asyncio.Task[Any]] = set()

    # Life.

    async def start(self) -> None:
        """Add the routes, and open the gateway here unless another server has it."""
        self._add_routes()
        self._metrics.register()
        if not self._try_lock():
            self.spawn(self._take_over())
        elif await self._open():
            log.info("Wegent runs at %s", self._url())
        self._tell_kernels()
        self.spawn(self._report_activity())
        self.spawn(self._end_expired())

    async def stop(self) -> None:
        """Close everything. An idle embedded executor ends; a working one goes on and finds the next server."""
        self._metrics.unregister()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        try:
            await self._stop_executor()
            self.state = "starting"  # no device may come back to what is being closed
            if self._gateway is not None:
                await self._gateway.close()
            await self._sockets.shutdown()
        finally:
            self.kernels.forget()
            self._lock.release()

    async def _stop_executor(self) -> None:
        ends = await self._end_idle_executor()
        if self._supervisor is not None:
            await self._supervisor.stop()
            if ends:
                await self._supervisor.wait_ended()

    async def _take_over(self) -> None:
        """Wait until the lock is free, then be the gateway."""
        while not self._try_lock():
            self._tell_kernels()
            await asyncio.sleep(TAKE_OVER_SECONDS)
        await self._open()
        self._tell_kernels()

    def _try_lock(self) -> bool:
        try:
            free = self._lock.acquire()
        except OSError as error:
            self.state, self._reason = "broken", f"The directory {self._directory} cannot be used: {error}"
            return False
        self.state, self._reason = "starting" if free else "elsewhere", None
        return free

    async def _open(self) -> bool:
        url = self._app.database_url or f"sqlite:///{self._directory / 'wegent.db'}"
        gateway: Gateway | None = None
        try:
            gateway = Gateway(self._options(url), Broadcaster(self._emit), self._metrics.dispatched)
            await gateway.open()
        except Exception as error:  # whatever it is: faces must not wait for a start that will never come
            await self._give_up(gateway, url, error)
            return False
        gateway.credentials.on_revoked = self._end_connections
        self._gateway = gateway
        self.state = "running"
        tokens = {"token": self.runtime_token, "kernel_token": self.kernels.token}
        self._lock.publish({"pid": os.getpid(), "url": self._url(), **tokens, **self._reach()})
        if self._app.embedded_executor == "on":
            self._start_executor()
        await self._sockets.emit("gateway", self.version().model_dump(), namespace=FACES)
        return True

    def _options(self, url: str) -> Options:
        app = self._app
        return Options(
            database_url=url,
            attachments=self._directory / "attachments",
            default_slots=app.default_slots,
            max_slots=app.max_slots,
            allow_full_access=app.allow_full_access,
            reconnect_window=app.reconnect_window,
            token_key=private_secret(self._directory / "secret.key"),
            allow_remote_devices=app.allow_remote_devices,
            allow_terminals=self.serverapp.terminals_enabled,
            file_root=self.serverapp.root_dir or None,
            key_file=self._directory / "vault.key",
            allow_codex_upload=app.allow_codex_upload,
        )

    async def _give_up(self, gateway: Gateway | None, url: str, error: Exception) -> None:
        """Say why there is no gateway, and leave the directory to whoever can use it."""
        known = isinstance(error, StoreBroken)
        log.error("The gateway cannot start: %s", error, exc_info=None if known else error)
        place = url if "@" not in url else "of the setting database_url"  # it may hold a password
        whole = known or gateway is None
        self.state, self._reason = "broken", str(error) if whole else f"The database {place} cannot be used: {error}"
        if gateway is not None:
            await gateway.close()
        self._lock.release()
        await self._sockets.emit("gateway", self.version().model_dump(), namespace=FACES)

    def _start_executor(self) -> None:
        home = Path(self._app.executor_home or self._directory / "executor").expanduser()
        target = {"url": self._url(), "token": self._embedded_key, **self._reach()}
        self._supervisor = Supervisor(home, target, self._app.allowed_agents, self._executor_problem)
        self._supervisor.start()

    def _executor_problem(self, problem: str | None) -> None:
        if problem != self._reason:
            self._reason = problem
            self.spawn(self._sockets.emit("gateway", self.version().model_dump(), namespace=FACES))

    async def _end_idle_executor(self) -> bool:
        """Ask the embedded executor to end if nothing runs on it; says whether it will."""
        if self._gateway is None:
            return False
        for device in self._gateway.devices.all():
            if device.kept.embedded and device.channel is not None:
                try:
                    answer = await device.channel.call(wire.SHUTDOWN, {}, 3.0)
                except (NotSent, Unanswered):
                    return False
                return isinstance(answer, dict) and bool(answer.get("success"))
        return False

    # What handlers ask.

    @property
    def gateway(self) -> Gateway:
        """Return the gateway; raises Unavailable with the reason when it does not run here."""
        if self._gateway is not None:
            return self._gateway
        if self.state == "elsewhere":
            where = self._elsewhere()
            if where is None:
                raise Unavailable("Wegent is starting in another server.", code="elsewhere")
            raise Unavailable(f"Wegent runs in another server: {where}", code="elsewhere", fix=f"Open {where}")
        raise Unavailable(self._reason or "Wegent is starting.", code=self.state)

    def version(self) -> api.Version:
        """Return who we are and in which state."""
        return api.Version(
            version=__version__,
            protocol=wire.EXTENSION_VERSION,
            state=self.state,
            url=self._elsewhere() if self.state == "elsewhere" else None,
            reason=self._reason,
            root=self._root(),
            gateway_id=self._gateway.id if self._gateway is not None else None,
            notice=self._app.notice or None,
        )

    def _tell_kernels(self) -> None:
        """Tell our kernels where the gateway is; also where it cannot run, as its server says why."""
        if self.state == "elsewhere":
            self.kernels.tell_of(self._lock.holder())
        else:
            self.kernels.tell(self._url(), self._reach())

    def _root(self) -> str | None:
        """Return the directory whose files the contents API shows, if they are files."""
        contents = self.serverapp.contents_manager
        return os.path.realpath(contents.root_dir) if isinstance(contents, FileContentsManager) else None

    def _elsewhere(self) -> str | None:
        """Return where a person opens the server that has the gateway; what it published is its API's URL."""
        url = self._lock.holder().get("url")
        return f"{url.removesuffix('/wegent')}/" if isinstance(url, str) else None

    def owner_of(self, user: User) -> str:
        """Return whom a principal's objects belong to."""
        return user.username if self._app.stable_identities else SINGLE_OWNER

    def identity_of(self, owner: str) -> OwnerIdentity:
        """Return what tells Jupyter who comes with a secret of ours."""
        if owner not in self._identities:
            self._identities[owner] = OwnerIdentity(owner)
        return self._identities[owner]

    def api_credential(self, secret: str) -> "CredentialEntry | None":
        """Return the API token or key with this secret, or None."""
        return self._gateway.credentials.check(secret, "token", "key") if self._gateway is not None else None

    def device_credential(self, secret: str) -> "CredentialEntry | None":
        """Return the credential with which a device may connect, or None."""
        known = self._gateway.credentials if self._gateway is not None else None
        return known.check(secret, "device", "token", "key") if known is not None else None

    @property
    def allows_remote_devices(self) -> bool:
        """Say whether the operator lets other machines be devices."""
        return bool(self._app.allow_remote_devices)

    def is_embedded(self, secret: str) -> bool:
        """Say whether this is the key of the executor that we started."""
        return same_secret(secret, self._embedded_key)

    def embedded_owner(self) -> str:
        """Return whom the embedded device and our own command line belong to."""
        return os.environ.get("JUPYTERHUB_USER", SINGLE_OWNER) if self._app.stable_identities else SINGLE_OWNER

    def forget_viewer(self, sid: str) -> None:
        """Stop sending to a viewer that left."""
        if self._gateway is not None:
            self._gateway.viewers.leave_all(sid)

    def activity(self) -> int | None:
        """Return how many turns are not finished; None for none."""
        return (len(self._gateway.tasks.open) or None) if self._gateway is not None else None

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background until the service stops."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._spawned_ended)

    def _spawned_ended(self, task: "asyncio.Task[Any]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Background work failed", exc_info=error)

    # Jupyter.

    @property
    def serverapp(self) -> Any:
        """Return the server in which we run."""
        return self._app.serverapp

    def _add_routes(self) -> None:
        serverapp = self.serverapp
        self._sockets.register_namespace(self._tasks)
        self._sockets.register_namespace(self._devices)
        self._sockets.register_namespace(self._terminals)
        base = re.escape(url_path_join(serverapp.base_url, "wegent"))
        prefixes = [base, ""] if serverapp.base_url == "/" else [base]  # Wegent's own executors know the root only
        parts = {"service": self, "sockets": self._sockets}
        sockets = [(rf"{prefix}/socket\.io/", SocketHandler, parts) for prefix in prefixes]
        serverapp.web_app.add_handlers(".*$", [*sockets, *rest.routes(f"{base}/api", self)])

    async def _emit(self, event: str, data: dict[str, object], room: str) -> None:
        await self._sockets.emit(event, data, room=room, namespace=FACES)

    async def _end_connections(self, entry: "CredentialEntry") -> None:
        """End what is connected by a credential that was revoked."""
        await self._tasks.end(entry)
        await self._terminals.end(entry)
        await self._devices.end(entry)

    async def _end_expired(self) -> None:
        """End what is connected by a token whose time is over."""
        while True:
            await asyncio.sleep(EXPIRY_SECONDS)
            try:
                await self._tasks.end_expired()
                await self._terminals.end_expired()
                await self._devices.end_expired()
            except Exception:  # one connection that cannot be ended must not keep all others open for ever
                log.exception("What is connected by an expired token could not be ended")

    async def _report_activity(self) -> None:
        """Keep idle cullers away while something runs or waits."""
        while True:
            if self.activity():
                self.serverapp.web_app.settings["last_activity_times"]["wegent"] = datetime.now(UTC)
            await asyncio.sleep(ACTIVITY_SECONDS)

    def _url(self) -> str:
        """Return our URL as this machine reaches it."""
        serverapp = self.serverapp
        path = url_path_join(serverapp.base_url, "wegent").rstrip("/")
        if serverapp.sock:
            return f"http://localhost{path}"
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(serverapp.ip, serverapp.ip)  # noqa: S104
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{'https' if serverapp.certfile else 'http'}://{host}:{serverapp.port}{path}"

    def _reach(self) -> dict[str, str | None]:
        """Return what a URL cannot say: Jupyter's socket file, and the certificate to trust."""
        serverapp = self.serverapp
        return {"unix": serverapp.sock or None, "ca": serverapp.certfile or None}
