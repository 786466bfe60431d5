"""The events of a task's newest turn, as they come, for whichever event loop asks."""

import asyncio
from collections.abc import AsyncGenerator

from wegent_jupyter.notebook.session import Session, translated
from wegent_jupyter.protocol import api


async def events(session: Session, task_id: int) -> AsyncGenerator[api.Event, None]:
    """Yield what happened and happens in the newest turn, until it ends; raises WegentError. For any loop."""
    there = _events(session, task_id)
    try:
        while True:
            with translated():
                event = await asyncio.wrap_future(session.submit(_next(session, there)))
            if event is None:
                return
            yield event
    finally:
        if session.alive:
            session.submit(there.aclose())


async def _next(session: Session, there: AsyncGenerator[api.Event, None]) -> api.Event | None:
    return await session.unless_away(anext(there, None))


async def _events(session: Session, task_id: int) -> AsyncGenerator[api.Event, None]:
    """Do the same, in the session's loop."""
    turn = (await session.client.task(task_id)).turn_list[-1]
    async with session.watch.follow(task_id) as followed:
        async for event in followed.events():
            if event.turn_id == turn.id:
                yield event
                if event.type == "turn" and api.Turn.model_validate(event.data).state.final:
                    return
