"""Numbers for operators: who may read them, and the address where they are."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from fastapi import APIRouter, Request
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from app.api.metrics import Metrics
from app.domain.account import Role
from app.domain.errors import NotKnown

Networks = Sequence[IPv4Network | IPv6Network]


def routes(metrics: Metrics, networks: Networks) -> APIRouter:
    """Build the address of the numbers; it needs no thread, so that it answers beside a crowd."""
    router = APIRouter()

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def read_metrics(request: Request) -> Response:
        """Give the numbers of all workers in the text format of Prometheus.

        They are for the owner of a private instance. On a public one they are for the token of an
        admin, and for the addresses that the operator names.
        """
        holder = request.state.holder
        is_admin = holder is not None and holder.role is Role.admin
        if not (is_admin or _is_within(networks, request)):
            raise NotKnown("The numbers of this service need the token of an admin.")
        return Response(
            metrics.text(), 200, {"Cache-Control": "no-store"}, CONTENT_TYPE_PLAIN_0_0_4
        )

    return router


def _is_within(networks: Networks, request: Request) -> bool:
    try:
        address = ip_address("" if request.client is None else request.client.host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return any(address in network for network in networks)
