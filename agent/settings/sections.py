"""Every section with the defaults of its settings, as frozen values: one per table of the file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.settings.addresses import BaseUrl, ConnectAddress, HttpUrl, ListenAddress, TcpAddress
from agent.settings.quantities import Duration, Interval, Percent, PositiveSize, Size
from agent.settings.words import (
    AbsolutePath,
    CommaSeparated,
    FieldName,
    Moment,
    Secret,
    SigningSecret,
    StatusWords,
    StoreId,
    UrlPath,
)

Owner = Literal["erp", "store"]


class Section(BaseModel):
    """One table of the configuration: never changed, and nothing in it that we don't know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # it may be a secret
        use_attribute_docstrings=True,
    )


class StoreSettings(Section):
    """The WooCommerce site, and how to talk to it."""

    id: StoreId
    """How the gateway knows this store."""
    url: BaseUrl
    """The site's home URL."""
    aliases: Annotated[tuple[BaseUrl, ...], CommaSeparated] = ()
    """Other home hosts (and ports) whose webhooks are ours; paths do not count."""
    consumer_key: Secret
    """Key of the store's REST API, ck_…"""
    consumer_secret: Secret
    """Secret of the store's REST API, cs_…"""
    connect_to: ConnectAddress | None = None
    """Talk to this host:port itself, past DNS and CDN."""
    auth: Literal["auto", "basic", "query", "oauth1"] = "auto"
    """How requests carry the key; auto takes what the store lets through."""
    verify_tls: bool = True
    """Check the store's certificate."""
    ca_file: AbsolutePath | None = None
    """The certificate authority of the store, where it is not a public one (PEM)."""
    timeout: Interval = timedelta(seconds=90)
    """Longest wait for one answer of the store."""
    batch_size: Annotated[int, Field(ge=1, le=100)] = 100
    """Most products written in one request."""
    write_concurrency: Annotated[int, Field(ge=1, le=8)] = 2
    """Writing requests side by side."""
    go_live: Moment | None = None
    """Orders created before count as seen by the ERP (if absent: set at first start and kept)."""
    wake_cron: bool = True
    """Call wp-cron.php when the store's webhooks are late, at most once a minute."""


class WebhookSettings(Section):
    """Where the store's webhooks come in."""

    listen: ListenAddress = TcpAddress("127.0.0.1", 8787)
    """host:port or unix:/path."""
    path: UrlPath = "/webhooks"
    """The only path that is answered."""
    secret: Secret
    """What the store signs its webhooks with."""
    previous_secret: Secret | None = None
    """The secret before this one, taken too while rotating."""
    delivery_url: HttpUrl | None = None
    """Where the store sends its webhooks; the web server there hands them on to listen."""
    max_body: PositiveSize = 16 * 2**20
    """Largest body that is taken in."""


class GatewaySettings(Section):
    """The ERP's side."""

    url: BaseUrl
    """Base URL; /v1/stores/… is appended."""
    token: Secret
    """Bearer token of every request."""
    payload: Literal["canonical", "raw"] = "canonical"
    """What events carry: the canonical model, or the body as WooCommerce sent it."""
    batch_size: Annotated[int, Field(ge=1, le=1000)] = 100
    """Most events sent in one request."""
    max_batch_bytes: PositiveSize = 2**20
    """Largest body that is sent."""
    max_in_flight: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests side by side."""
    timeout: Interval = timedelta(seconds=30)
    """Longest wait for one answer of the gateway."""
    poll_every: Interval = timedelta(seconds=10)
    """Pause between polls of a gateway that can't hold one open."""
    accept_empty_2xx: bool = False
    """Take a 2xx without results for accepted, from a gateway that gives no results."""
    ca_file: AbsolutePath | None = None
    """The certificate authority of the gateway, where it is not a public one (PEM)."""
    client_cert: AbsolutePath | None = None
    """Client certificate for mTLS (PEM)."""
    client_key: AbsolutePath | None = None
    """Its key, where client_cert does not hold it (PEM)."""
    signing_secret: SigningSecret | None = None
    """whsec_…: requests also carry Standard Webhooks signatures."""

    @model_validator(mode="after")
    def _key_has_its_certificate(self) -> Self:
        if self.client_key is not None and self.client_cert is None:
            raise ValueError("gateway.client_key needs gateway.client_cert")
        return self


class StateSettings(Section):
    """What is kept on disk."""

    dir: AbsolutePath
    """Folder of agent.db; the agent's user alone may read it."""
    max_size: PositiveSize = 2 * 2**30
    """Largest database; orders are taken in up to 10 % beyond."""
    min_free: Size = 200 * 2**20
    """Disk space left free; orders are taken in down to a quarter of it."""
    retention: Interval = timedelta(days=30)
    """How long settled rows are kept."""


class UpdateSettings(Section):
    """What the store is told."""

    mode: Literal["apply", "observe"] = "apply"
    """observe: everything but the write; reports would_apply, old → new."""
    drop_folder: AbsolutePath | None = None
    """Folder whose CSV, JSON and NDJSON files become updates."""
    unversioned: Literal["refuse", "accept"] = "refuse"
    """Rows without version, for a SKU whose feed has versions."""
    enable_manage_stock: bool = False
    """Switch stock management on where a product has it off."""
    duplicate_sku: Literal["reject", "all"] = "reject"
    """Products that share a SKU: refuse the update, or write every one."""
    unknown_sku_for: Duration = timedelta(hours=24)
    """How long an update waits for its product to appear."""
    trust_catalogue_for: Duration = timedelta(minutes=15)
    """How long a product that was confirmed needs no reading before a write."""
    wait: Duration = timedelta(seconds=25)
    """How long the gateway may hold a poll open."""


class InventorySettings(Section):
    """Which stock figure is written, and when it is held for approval."""

    unseen_orders: Literal["subtract", "ignore"] = "subtract"
    """Orders that the ERP has not seen."""
    uncertain: Duration = timedelta(minutes=10)
    """How long after its acceptance an order may still be unseen, where the ERP doesn't say."""
    baseline: Duration = timedelta(days=30)
    """Orders that are read first, on a database without history."""
    unexplained_for: Duration = timedelta(hours=24)
    """How long units that nothing explains are subtracted."""
    max_zeroed_percent: Percent = 20
    """More of the catalogue than this going to zero within an hour is held."""


class PriceSettings(Section):
    """When a price is held for approval."""

    max_change_percent: Percent = 50
    """A larger change is held."""
    hold_zero: bool = True
    """A price of zero is held."""


class ReconcileSettings(Section):
    """How often the two ends are compared."""

    orders_every: Interval = timedelta(minutes=5)
    """Orders whose webhook never came."""
    webhooks_every: Interval = timedelta(minutes=1)
    """Webhooks that the store has disabled, changed or lost."""
    sweep_every: Interval = timedelta(hours=24)
    """Everything, with a report."""
    stock: Literal["report", "repair"] = "report"
    """Stock that drifted: say so, or also put it right."""
    requests_per_minute: Annotated[int, Field(ge=1, le=6000)] = 60
    """Most requests to the store for comparing, which rests much longer than it asks."""


class OwnershipSettings(Section):
    """Who has the last word; what the store owns is never written."""

    stock: Owner = "erp"
    """Stock figures."""
    price: Owner = "erp"
    """Regular prices."""
    sale: Owner = "erp"
    """Sale prices and their dates."""


class CanonicalSettings(Section):
    """What the canonical model says beyond what WooCommerce's own fields tell."""

    statuses: StatusWords = {}
    """What statuses of plugins mean, such as {"picked-up" = "fulfilled paid"}."""
    meta: Annotated[tuple[str, ...], CommaSeparated] = ()
    """Keys of the meta data that is told, such as _vat_number; all other stays in the store."""


class PrivacySettings(Section):
    """Canonical fields that the gateway does not get to see, and when customers are erased."""

    omit: Annotated[tuple[FieldName, ...], CommaSeparated] = ()
    """Left out of events: by name (`phone`), or by where it stands (`billing_address.phone`)."""
    hash: Annotated[tuple[FieldName, ...], CommaSeparated] = ()
    """Replaced by a digest, with a key that stays in the state: the same value gives the same."""
    erase_within: Duration = timedelta(days=30)
    """How long the erasure of a customer who was deleted may wait for their open orders."""

    @model_validator(mode="after")
    def _one_treatment_per_field(self) -> Self:
        if both := sorted({*self.omit} & {*self.hash}):
            raise ValueError(f"privacy.omit and privacy.hash both name {', '.join(both)}")
        return self


class AdminSettings(Section):
    """Health, metrics and dashboard; never proxied."""

    listen: ListenAddress = TcpAddress("127.0.0.1", 8788)
    """host:port or unix:/path."""
    token: Secret | None = None
    """Needed for actions, and for all but /livez and /readyz where listen is not loopback."""


class HealthSettings(Section):
    """When a warning becomes a failure."""

    max_order_age: Interval = timedelta(minutes=15)
    """An order waiting longer turns warn into fail."""
    max_repeats: Annotated[int, Field(ge=1, le=1000)] = 30
    """A resource sent more often a minute without a change of content is a warning."""
    max_webhook_lag: Interval = timedelta(minutes=10)
    """Webhooks that come later than this after a change are a warning."""


class LogSettings(Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is said."""
    format: Literal["auto", "text", "json"] = "auto"
    """auto: text on a terminal, else JSON."""
