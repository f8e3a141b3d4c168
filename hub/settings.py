"""How this installation is set up: read once from PASSERELLE_… in the environment."""

import re
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One installation. Times in seconds, money in hundredths of a cent, addresses without a trailing slash."""

    model_config = SettingsConfigDict(env_prefix="PASSERELLE_", extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str = "sqlite+aiosqlite:///passerelle.db"
    owner_url: str | None = None
    """Connection that may change tables; `database_url` when not given."""
    redis_url: str | None = None
    data_dir: Path = Path()
    """Where the erasure register and, without `master_keys`, the key file live."""
    master_keys: SecretStr | None = None
    """`version:base64[,version:base64]`, the newest first; else a file `master.keys` in `data_dir`."""
    demo: bool = False

    public_url: str | None = None
    """Where families and providers reach this hub; None: outbound only, no links in texts."""
    listen: str = "127.0.0.1:8000"
    forwarded_allow_ips: str = "127.0.0.1,::1"
    """Addresses or networks of the proxies whose X-Forwarded-For and -Proto are believed, with commas between."""
    mail_domain: str = "passerelle.test"
    mail_listen: str | None = None
    """host:port of the LMTP listener for bounces and replies; None: no listener."""
    mail_authserv: str | None = None
    """The name under which our mail server writes Authentication-Results; None: nothing vouches for a mail's From."""
    imap_url: SecretStr | None = None
    """imaps://user:password@host/INBOX, from which bounces and replies are fetched; None: nothing is fetched."""

    twilio_url: str = "https://api.twilio.com"
    smtp_host: str = "localhost"
    smtp_port: int = 25
    smtp_tls: bool = False
    """STARTTLS required, certificate checked."""
    push_hosts: str = ""
    """host:port of push services besides the browsers' own, with commas between; plain HTTP on this machine only."""

    telegram_url: str = "https://api.telegram.org"
    telegram_link: str = "https://t.me"
    """Where a family opens a chat with a bot."""
    telegram_webhook: bool = False
    """Telegram posts to `public_url` what families write; without, each bot asks for it, which works from anywhere."""

    lease: float = 30.0
    send_deadline: float = 10.0
    """Longest that one provider is waited for; always shorter than the lease."""
    settle_after: float = 10.0
    """How long an unknown outcome rests before the provider is asked; asked twice before it is sent again."""
    receipt_wait_urgent: float = 120.0
    """Without a receipt from the handset in this time, an urgent notice takes the next rung."""
    receipt_wait_routine: float = 3600.0 * 24
    accepted_wait: float = 120.0
    """After this, a mail that did not bounce counts as told."""
    accepted_wait_urgent: float = 300.0
    """After this, an urgent mail nobody acknowledged takes the next rung: acceptance never ends an urgent ladder."""

    calls_from: time = time(8)
    calls_until: time = time(20)
    """Between them, by the school's clock, a machine may call; outside, the ladder goes on without its voice."""
    call_wait: float = 240.0
    """Without news of a call in this time, the next rung: it has rung, been listened to twice, and ended by then."""

    @property
    def key_file(self) -> Path:
        """Where the master keys are, unless `master_keys` holds them."""
        return self.data_dir / "master.keys"

    @property
    def files_dir(self) -> Path:
        """Where the documents lie, sealed."""
        return self.data_dir / "files"

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _no_stranger(cls, value: str) -> str:
        """Never everybody: whoever sends the header could choose an address, and guess passwords without end."""
        proxies = [part.strip() for part in value.split(",") if part.strip()]
        if not all(_is_somebody(proxy) for proxy in proxies):
            raise ValueError("nommez chaque relais par son adresse ou son réseau, jamais tout le monde")
        return ",".join(proxies)

    @field_validator("push_hosts")
    @classmethod
    def _each_a_place(cls, value: str) -> str:
        places = [part.strip().lower() for part in value.split(",") if part.strip()]
        if not all(re.fullmatch(r"[a-z0-9.-]+:[0-9]{1,5}", place) for place in places):
            raise ValueError("nommez chaque service de notifications par hôte:port")
        return ",".join(places)

    @field_validator("imap_url")
    @classmethod
    def _names_a_mailbox(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in ("imap", "imaps") or not (parts.hostname and parts.username and parts.password):
            raise ValueError("écrivez imaps://nom:motdepasse@serveur/INBOX")
        if parts.port == 0:
            raise ValueError("ce port n'en est pas un")
        return value

    @field_validator("send_deadline")
    @classmethod
    def _leaves_in_time(cls, value: float, info: ValidationInfo) -> float:
        """Within the lease: else nothing could be posted before it ends, and all would be claimed over and over."""
        if value >= info.data.get("lease", float("inf")):
            raise ValueError("gardez-le plus court que PASSERELLE_LEASE")
        return value

    @field_validator("public_url", "twilio_url", "telegram_url", "telegram_link")
    @classmethod
    def _no_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else None


def _is_somebody(proxy: str) -> bool:
    try:
        return ip_network(proxy, strict=False).prefixlen > 0
    except ValueError:
        return False
