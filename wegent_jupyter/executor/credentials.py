"""Which secret this device shows to its gateway."""

from dataclasses import dataclass
from typing import Literal

from wegent_jupyter.executor import device_key
from wegent_jupyter.executor.config import Settings
from wegent_jupyter.executor.device_key import DeviceKey

Kind = Literal["device key", "token", "join code"]
JOIN_PREFIX = "wgj-"


@dataclass(slots=True, frozen=True)
class Credential:
    """A secret, and what it is."""

    secret: str
    kind: Kind
    gateway_id: str | None = None
    """Of the gateway that gave it, where it said so."""


class Credentials:
    """The device's own key first, then what the settings have; one that was refused comes after the others."""

    def __init__(self, settings: Settings) -> None:
        """Nothing was refused yet."""
        self._settings = settings
        self._refused: set[str] = set()
        self._unsaved: DeviceKey | None = None
        """A key for which there was no room on the disk: good while this process lives."""
        self._stamp = device_key.stamp(settings.home)

    def current(self) -> Credential | None:
        """Return what to show now; None when this machine has nothing to show."""
        choices = self._choices()
        return next((one for one in choices if one.secret not in self._refused), choices[0] if choices else None)

    def refuse(self, secret: str) -> bool:
        """Note that the gateway does not take a secret; says whether there is another one to try."""
        self._refused.add(secret)
        return any(one.secret not in self._refused for one in self._choices())

    def keep(self, key: str, gateway_id: str | None) -> None:
        """Keep the key that the gateway gave; raises OSError."""
        self._unsaved = DeviceKey(self._settings.backend_url, key, gateway_id)
        device_key.save(self._settings.home, self._unsaved)
        self._unsaved = None
        self._stamp = device_key.stamp(self._settings.home)

    def changed(self) -> bool:
        """Say once whether somebody else changed the key, as `wegent-executor join` does."""
        before, self._stamp = self._stamp, device_key.stamp(self._settings.home)
        if before == self._stamp:
            return False
        self._unsaved = None
        return True

    def _choices(self) -> list[Credential]:
        key, token = self._unsaved or device_key.load(self._settings.home), self._settings.auth_token
        choices: list[Credential] = []
        if key is not None and key.url == self._settings.backend_url:
            choices.append(Credential(key.key, "device key", key.gateway_id))
        if token:
            choices.append(Credential(token, "join code" if token.startswith(JOIN_PREFIX) else "token"))
        return choices
