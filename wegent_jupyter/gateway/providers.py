"""Providers of models: what people configure, and which models tasks may name. Keys are sealed and never shown."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace

from wegent_jupyter.gateway.devices import now
from wegent_jupyter.gateway.errors import Conflict, NotFound, Refused
from wegent_jupyter.gateway.personal import about, sealed_in
from wegent_jupyter.gateway.store import personal_records
from wegent_jupyter.gateway.store.store import Store
from wegent_jupyter.gateway.vault import Vault
from wegent_jupyter.protocol.api import PRACTICE_MODEL, Agent
from wegent_jupyter.protocol.ids import IdSource
from wegent_jupyter.protocol.models import (
    AGENT_OF,
    CreateProvider,
    ModelChoice,
    ModelChoices,
    Provider,
    ProviderKind,
    UpdateProvider,
    split_model,
)

MAX_PROVIDERS = 50
"""Of one owner."""
UNDER_MODELS = "Enter it again under Models."
"""What to do about a key that cannot be read."""
CHOOSE = "Choose another model, or add it to the provider."


@dataclass(slots=True, frozen=True)
class Kept:
    """What is stored of a provider."""

    id: int
    name: str
    kind: ProviderKind
    base_url: str
    models: list[str]
    default_model: str | None
    created_at: str
    updated_at: str
    sealed: str | None = field(default=None, repr=False)
    """Its key."""

    @property
    def issues(self) -> bool:
        """Say whether its address or key is given to agents; else their own login on the device is used."""
        return bool(self.sealed or self.base_url)


class Providers:
    """The providers of all owners."""

    def __init__(self, store: Store, vault: Vault, ids: IdSource, *, changed: Callable[[str], None]) -> None:
        """`changed` tells an owner's faces."""
        self._store, self._vault, self._ids, self._changed = store, vault, ids, changed
        self._all: dict[str, dict[str, Kept]] = {}
        """By owner and name."""
        self._changing = asyncio.Lock()
        """What is read, changed and stored again is so by one at a time."""

    async def open(self) -> None:
        """Read what is stored."""
        for owner, data in await self._store.read(personal_records.all_providers):
            kept = Kept(**data)
            self._all.setdefault(owner, {})[kept.name] = kept

    def of(self, owner: str) -> list[Kept]:
        """Return an owner's providers, by name."""
        return sorted(self._all.get(owner, {}).values(), key=lambda kept: kept.name)

    def find(self, owner: str, provider_id: int) -> Kept:
        """Return one; raises NotFound."""
        for kept in self.of(owner):
            if kept.id == provider_id:
                return kept
        raise NotFound("Provider", provider_id)

    def named(self, owner: str, name: str) -> Kept | None:
        """Return the one of that name, or None."""
        return self._all.get(owner, {}).get(name)

    def default(self, owner: str, kind: ProviderKind) -> Kept | None:
        """Return the one whose default model answers what names none, or None."""
        return next((one for one in self._all.get(owner, {}).values() if one.kind == kind and one.default_model), None)

    def choices(self, owner: str) -> ModelChoices:
        """Return the models that tasks may name."""
        items = [
            ModelChoice(
                model=f"{kept.name}/{model}", kind=kept.kind, is_default=model == kept.default_model, issued=kept.issues
            )
            for kept in self.of(owner)
            for model in kept.models
        ]
        return ModelChoices(items=items, total=len(items))

    def check(self, owner: str, agent: Agent, model: str) -> None:
        """Raise Refused unless an agent can be run with a model of that name."""
        if model in agent.models:
            return
        name, model_id = split_model(model)
        kept = self.named(owner, name) if model_id else None
        if kept is None:
            known = ", ".join(
                [*agent.models, *(one.model for one in self.choices(owner).items if one.kind == agent.provider)]
            )
            text = f"There is no model '{model}' for {agent.name}."
            raise Refused(text, code="model_unknown", fix=f"Choose one of: {known}." if known else "Choose none.")
        if kept.kind != agent.provider:
            old = AGENT_OF[kept.kind] == agent.id  # it would use its own login, whatever it were given
            raise Refused(
                f"{agent.name} cannot be run with '{model}': it {_uses(agent)}, and “{name}” is {_api(kept.kind)}.",
                code="model_unknown",
                fix="Upgrade wegent-jupyter on its device."
                if old
                else f"Choose a model of {agent.name}'s own, or none.",
            )
        if model_id not in kept.models:
            raise Refused(f"“{name}” has no model '{model_id}'.", code="model_unknown", fix=CHOOSE)

    # What people do.

    async def show(self, owner: str, provider_id: int) -> Provider:
        """Return one; raises NotFound."""
        return (await self._shown([self.find(owner, provider_id)]))[0]

    async def items(self, owner: str) -> list[Provider]:
        """Return an owner's providers, by name."""
        return await self._shown(self.of(owner))

    async def create(self, owner: str, request: CreateProvider) -> Provider:
        """Add one; raises Refused."""
        check_provider(request)
        provider_id, time = self._ids.mint(), now()
        sealed = await self._sealed(owner, provider_id, request.base_url, request.key)
        async with self._changing:
            if self.named(owner, request.name) is not None:
                text = f"There is a provider “{request.name}” already."
                raise Conflict(text, code="name_taken", fix="Give it another name, or change that one.")
            if len(self.of(owner)) >= MAX_PROVIDERS:
                text = f"There are {MAX_PROVIDERS} providers already."
                raise Conflict(text, code="too_many_providers", fix="Remove one.")
            kept = Kept(
                id=provider_id,
                name=request.name,
                kind=request.kind,
                base_url=request.base_url,
                models=_each_once(request.models),
                default_model=request.default_model,
                created_at=time,
                updated_at=time,
                sealed=sealed,
            )
            await self._save(owner, kept)
        return await self.show(owner, provider_id)

    async def update(self, owner: str, provider_id: int, request: UpdateProvider) -> Provider:
        """Change one; raises Refused."""
        async with self._changing:
            before = self.find(owner, provider_id)
            base_url = before.base_url if request.base_url is None else request.base_url
            if base_url != before.base_url and before.sealed and request.key is None:
                raise Refused(
                    "A saved key is not sent to another address.",
                    code="key_needed",
                    fix="Give the key for the new address too, or '' for none.",
                )
            models = before.models if request.models is None else _each_once(request.models)
            default = before.default_model if request.default_model is None else request.default_model or None
            check_default(default, models)
            sealed = await self._sealed(owner, provider_id, base_url, request.key)
            changed = replace(
                before,
                base_url=base_url,
                sealed=before.sealed if request.key is None else sealed,
                models=models,
                default_model=default,
                updated_at=now(),
            )
            await self._save(owner, changed)
        return await self.show(owner, provider_id)

    async def delete(self, owner: str, provider_id: int) -> str:
        """Remove one and return its name; raises NotFound. Turns that wait for a model of it fail before they start."""
        async with self._changing:
            kept = self.find(owner, provider_id)
            await self._store.write(lambda connection: personal_records.remove_provider(connection, provider_id))
            self._all[owner].pop(kept.name)
        self._changed(owner)
        return kept.name

    async def key(self, owner: str, kept: Kept) -> str:
        """Return a provider's key, '' for none; raises Unreadable."""
        if kept.sealed is None:
            return ""
        return await asyncio.to_thread(self._vault.open, kept.sealed, _of(owner, kept.id, kept.base_url))

    async def _sealed(self, owner: str, provider_id: int, base_url: str, key: str | None) -> str | None:
        return await sealed_in(self._vault, key, _of(owner, provider_id, base_url)) if key else None

    async def _save(self, owner: str, changed: Kept) -> None:
        """Store one; if it has a default model, the others of its kind no longer do."""
        mine = self._all.setdefault(owner, {})
        rows = {changed.name: changed}
        if changed.default_model:
            others = (one for one in mine.values() if one.kind == changed.kind and one.id != changed.id)
            rows |= {one.name: replace(one, default_model=None) for one in others if one.default_model}
        data = {one.id: asdict(one) for one in rows.values()}
        await self._store.write(lambda connection: personal_records.save_providers(connection, owner, data))
        mine |= rows
        self._changed(owner)

    async def _shown(self, some: list[Kept]) -> list[Provider]:
        problems = await asyncio.to_thread(self._problems, [one.sealed for one in some])
        return [
            Provider(**{**asdict(kept), "sealed": None}, has_key=kept.sealed is not None, problem=problem)
            for kept, problem in zip(some, problems, strict=True)
        ]

    def _problems(self, sealed: Iterable[str | None]) -> list[str | None]:
        found = [self._vault.problem(one) for one in sealed]
        return [f"The saved key: {one}" if one else None for one in found]


def check_provider(request: CreateProvider) -> None:
    """Refuse a provider that makes no sense as a whole."""
    if request.name == PRACTICE_MODEL:
        text = f"'{PRACTICE_MODEL}' is the name of the scripted model."
        raise Refused(text, code="name_taken", fix="Give the provider another name.")
    check_default(request.default_model, request.models)


def check_default(default: str | None, models: list[str]) -> None:
    """Refuse a default that is not among the models."""
    if default and default not in models:
        raise Refused(
            f"The default '{default}' is none of the models.",
            code="default_unknown",
            fix="Add it to the models, or choose another default ('' for none).",
        )


def _of(owner: str, provider_id: int, base_url: str) -> str:
    """Return what a key is sealed for: it opens for this provider at this address only."""
    return about(owner, f"provider {provider_id} at {base_url or 'its vendor'}")


def _each_once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _api(kind: ProviderKind) -> str:
    return {"anthropic": "for Anthropic's Messages API", "openai": "for OpenAI's Responses API"}[kind]


def _uses(agent: Agent) -> str:
    return f"uses models {_api(agent.provider)}" if agent.provider else "uses no providers"
