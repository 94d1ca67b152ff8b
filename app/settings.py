"""One frozen Settings object, read from STRIKEMAP_* when a program starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.errors import InputError

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
PREFIX = "STRIKEMAP_"
MOST_RATE = 1_000_000
MOST_PROCESSES = 16
MOST_CELL = 1_000
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_SESSION_HOURS = 24 * 31


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read addresses and networks that commas separate."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _own_data() -> Path:
    return user_data_path("strikemap", appauthor=False)


def _shipped(name: str) -> Path:
    """Find a folder that travels in the wheel (setup.py); in a source tree it is beside `app`."""
    inside = PACKAGE / "shipped" / name
    return inside if inside.is_dir() else ROOT / name


class Settings(BaseSettings):
    """What an operator may set; each is an environment variable with the prefix STRIKEMAP_."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=_own_data, description="Folder of the record and the index."
    )
    store_url: str = Field(
        default="",
        repr=False,
        description="Database of the record, postgresql://…; a file in the data folder without it.",
    )
    index_url: str = Field(
        default="",
        description="Folder or s3://… of a pushed index, from which a node without one begins.",
    )
    geodata_dir: Path = Field(
        default_factory=lambda: _shipped("geodata"), description="Folder of the reference data."
    )
    static_dir: Path = Field(
        default_factory=lambda: _shipped("static"), description="Folder of the page's own files."
    )
    theatre: str = Field(
        default="ukraine", description="The theatre shown when a request names none."
    )
    private: bool = Field(
        default=False,
        description="Serve everything, to this machine only; public audience otherwise.",
    )
    max_file_bytes: int = Field(
        default=512 * 1024 * 1024, gt=0, description="Largest file or request body that is taken."
    )
    frame_ancestors: str = Field(
        default="*", description="Who may frame /embed, as a CSP source list."
    )
    delta_rows: int = Field(
        default=20_000, gt=0, description="New revisions after which the index is built anew."
    )
    stall_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds after which a connection that takes or sends nothing is closed.",
    )
    reading_s: float = Field(
        default=60.0,
        gt=0,
        description="Seconds that a file from outside may take to be read, and 3 more for each MB.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Proxies whose X-Forwarded-For and -Proto count: addresses or networks.",
    )
    public_url: str = Field(
        default="",
        description="Scheme and host of all links; as the reader asked for them without it.",
    )
    hosts: str = Field(
        default="",
        description="Hosts that a public instance answers to, with commas; any without it.",
    )
    smallest_cell: int = Field(
        default=3,
        ge=1,
        le=MOST_CELL,
        description="Records that a public sum of data without marks needs; 1 for any number.",
    )
    rate: int = Field(
        default=3_000,
        ge=0,
        le=MOST_RATE,
        description="Requests a minute of one address, or of one token; 0 for any number.",
    )
    rate_heavy: int = Field(
        default=60,
        ge=0,
        le=MOST_RATE,
        description="Figures and exports a minute of one address or token; 0 for any number.",
    )
    heavy_processes: int = Field(
        default=1,
        ge=0,
        le=MOST_PROCESSES,
        description="Processes for figures, exports and imports, for each worker; 0 for none.",
    )
    memory_mb: int = Field(
        default=0,
        ge=0,
        description="Megabytes that the service may use; what the system allows it without it.",
    )
    workers_dir: str = Field(
        default="",
        description="Folder that the workers of one service share; `serve` makes and removes it.",
    )
    session_hours: float = Field(
        default=12,
        gt=0,
        le=MOST_SESSION_HOURS,
        description="Hours for which a browser that signed in stays so.",
    )
    oidc_issuer: str = Field(
        default="",
        description="OpenID Connect provider at which people may sign in: its https address.",
    )
    oidc_client_id: str = Field(default="", description="How that provider names this service.")
    oidc_client_secret: str = Field(
        default="", repr=False, description="The secret of this service at that provider."
    )
    oidc_client_secret_file: str = Field(
        default="", description="File that holds the secret instead."
    )
    oidc_scope: str = Field(
        default="openid profile email", description="What the provider is asked to say of people."
    )
    oidc_hosts: str = Field(
        default="",
        description="Further hosts of the provider, with commas; its own host without it.",
    )
    metrics_from: str = Field(
        default="",
        description="Who may read /metrics without a token: addresses or networks.",
    )
    basemap_url: str = Field(
        default="",
        description="Tile services that readers may choose as ground: a template or a TOML file.",
    )
    timestamp_url: str = Field(
        default="",
        description="Time-stamping service (RFC 3161) for `strikemap sign --timestamp`.",
    )
    timestamp_roots: str = Field(
        default="",
        description="PEM file of the roots of such services; those of the system without it.",
    )
    c2pa_chain: str = Field(
        default="",
        description="PEM file of a certificate and those above it: figures as PNG are signed.",
    )
    c2pa_key: str = Field(default="", description="PEM file of that certificate's private key.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("trusted_proxies", "metrics_from")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        _networks(text)
        return text

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, text: str) -> str:
        url = urlsplit(text)
        is_whole = url.scheme in ("http", "https") and url.hostname and url.port != 0
        if text and not (is_whole and text.rstrip("/") == f"{url.scheme}://{url.netloc}"):
            raise ValueError("a scheme and a host, such as https://maps.example.org")
        return text.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _is_provider(cls, text: str) -> str:
        url = urlsplit(text)
        is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in LOOPBACK)
        if text and not (is_safe and url.hostname and not (url.query or url.fragment)):
            raise ValueError("an https address, such as https://login.example.org")
        return text

    @property
    def oidc_secret(self) -> str:
        """The secret at the identity provider; empty for a public client.

        Raises:
            InputError: its file cannot be read.
        """
        if not self.oidc_client_secret_file:
            return self.oidc_client_secret
        try:
            return Path(self.oidc_client_secret_file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as wrong:
            name = f"environment variable {PREFIX}OIDC_CLIENT_SECRET_FILE"
            got = self.oidc_client_secret_file
            raise InputError(name, got, "a file of text that can be read") from wrong

    @property
    def oidc_netlocs(self) -> frozenset[str]:
        """The further hosts of the provider."""
        return frozenset(part.strip() for part in self.oidc_hosts.split(",") if part.strip())

    @property
    def host_names(self) -> frozenset[str]:
        """The hosts that a public instance answers to; empty for any."""
        names = {part.strip().lower() for part in self.hosts.split(",") if part.strip()}
        own = urlsplit(self.public_url).hostname
        return frozenset(names | ({own} if own and names else set()))

    @property
    def metrics_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks whose programs may read `/metrics` without a token."""
        return _networks(self.metrics_from)

    @property
    def fonts_dir(self) -> Path:
        """The folder of the fonts in which pictures are drawn."""
        return self.static_dir / "vendor/noto-sans-5.3.0"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment; refuse names that no setting has.

    Raises:
        InputError: an unknown STRIKEMAP_* name (a typing error), or a value that does not fit.
    """
    environ = os.environ if environ is None else environ
    names = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environ:
        if name.upper().startswith(PREFIX) and name.upper() not in names:
            raise InputError(f"environment variable {name}", name, ", ".join(sorted(names)))
    try:
        return Settings()
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise InputError(
            f"environment variable {name}", first.get("input"), first["msg"]
        ) from wrong
