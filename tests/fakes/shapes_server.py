"""A whole service process: `python -m tests.fakes.shapes_server`, configured by `SHAPES_…` as any other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from services.kit.config import ServiceConfig, load
from services.kit.server import run, serve
from tests.fakes.shapes import Response, Shapes


@dataclass(frozen=True, kw_only=True)
class ShapesConfig(ServiceConfig):
    """`fail`: the background task fails at once."""

    fail: bool = False


async def unary(request: Any, context: Any) -> Response:
    await asyncio.sleep(0.3)
    return Response(digits=7)


async def down(request: Any, context: Any) -> AsyncIterator[Response]:
    yield Response(digits=1)
    await asyncio.Event().wait()


async def both(requests: Any, context: Any) -> AsyncIterator[Response]:
    async for _ in requests:
        yield Response(digits=2)


async def main() -> None:
    config = load(ShapesConfig, "shapes")

    async def work() -> None:
        if config.fail:
            raise ConnectionError("the background failed")
        await asyncio.Event().wait()

    await serve(config, "shapes", [Shapes(unary=unary, down=down, both=both).register], background=[work])


if __name__ == "__main__":
    run("shapes", main)
