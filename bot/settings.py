"""The settings: environment variables with the prefix TANGGAP_, also from a file `.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator can set. Read once, in the wiring, and passed on."""

    model_config = SettingsConfigDict(env_prefix="TANGGAP_", env_file=".env", extra="ignore")

    database_url: str = Field(
        "sqlite+aiosqlite:///data/tanggap.db", description="SQLAlchemy URL of the database"
    )
    telegram_token: SecretStr | None = Field(
        None, description="Bot token from BotFather; `run` needs it"
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org",
        description="Bot API server; calls go to `{url}/bot{token}/{method}`",
    )
    telegram_mode: Literal["polling", "webhook"] = Field(
        "polling", description="How updates come in: `polling` or `webhook`"
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Secret token of the webhook; required in webhook mode"
    )
    public_url: str | None = Field(
        None, description="Address under which the pages and the webhook are reached"
    )
    web_host: str = Field("127.0.0.1", description="Where the pages listen")
    web_port: int = Field(
        8080, ge=0, le=65535, description="Port of the pages; 0 takes a free one"
    )
    secret_file: Path = Field(
        Path("data/secret"),
        description="The installation's secret; made with mode 0600; never in a backup; "
        "required and shared on PostgreSQL",
    )
    # Left empty, it is not set: the empty path would be the folder we stand in.
    spool_dir: Annotated[Path | None, BeforeValidator(lambda given: given or None)] = Field(
        None,
        description="Folder for updates that come while the database is away; never in a backup; "
        "without it they are left with Telegram",
    )
    send_per_second: float = Field(
        28.0, gt=0, le=1000, description="Messages per second to all chats together"
    )
    metrics_token: SecretStr | None = Field(
        None, description="Opens `/metrics` beyond loopback to whoever shows it as bearer token"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged"
    )
