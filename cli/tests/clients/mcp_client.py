"""Asks the server of the Model Context Protocol with the protocol's own client library.

    python mcp_client.py PLIMSOLL REPOSITORY
"""

import asyncio
import sys

from mcp import Client, StdioServerParameters


async def main(plimsoll: str, repository: str) -> None:
    server = StdioServerParameters(command=plimsoll, args=["mcp", "examples"], cwd=repository)
    async with Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == ["check", "decide", "explain", "render"], sorted(tools)

        async def ask(tool: str, **arguments: object) -> str:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result
            return result.content[0].text

        found = await ask("check", paths=["shop-two-sides"], select=["PLM404"])
        assert found.startswith("shop-two-sides/k8s/web.yaml:51:15 PLM404 error"), found
        code = found.split()[1]
        assert "## What helps" in await ask("explain", rule=code)
        decided = await ask("decide", paths=["single-server"], answers={"downtime": "minutes"})
        assert decided.startswith("One server is enough"), decided
        built = await ask("render", path="shop-in-overlays/overlays/production")
        assert "kind: Deployment" in built and "# source: " in built, built

        refused = await client.call_tool("check", {"paths": [".."]})
        assert refused.is_error and "outside of the workspace" in refused.content[0].text, refused
        # Several questions at once, answered each by its own.
        answers = await asyncio.gather(*(ask("explain", rule=rule) for rule in ("PLM101", "PLM404")))
        assert "PLM101" in answers[0] and "PLM404" in answers[1], answers
    print("the client library gets its answers from all four tools")


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), timeout=60))
