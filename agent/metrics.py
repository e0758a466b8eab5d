"""The names of all counters, gauges and histograms: base units, one place."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

WEBHOOKS = Counter(
    "woo_agent_webhooks",
    "Webhooks answered, by what they were answered.",
    ["answer"],
    registry=REGISTRY,
)
VERDICTS = Counter(
    "woo_agent_verdicts", "Stored webhooks, by verdict.", ["verdict"], registry=REGISTRY
)
WEBHOOK_LAG_SECONDS = Histogram(
    "woo_agent_webhook_lag_seconds",
    "From a change in the store to its webhook.",
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400),
    registry=REGISTRY,
)
WEBHOOKS_UNHEARD = Gauge(
    "woo_agent_webhooks_unheard",
    "Changes found by reading that no webhook told of yet.",
    registry=REGISTRY,
)
WEBHOOKS_LOST = Counter(
    "woo_agent_webhooks_lost",
    "Changes found by reading that no webhook told of within an hour.",
    registry=REGISTRY,
)
CRON_WAKES = Counter(
    "woo_agent_cron_wakes",
    "Calls of the store's wp-cron.php, by outcome.",
    ["outcome"],
    registry=REGISTRY,
)
WRITE_LOOPS = Counter(
    "woo_agent_write_loops",
    "Resources found to be saved over and over without a change.",
    registry=REGISTRY,
)
CONFLICTS = Counter(
    "woo_agent_conflicts",
    "Product snapshots that show store-side edits of what the ERP owns.",
    registry=REGISTRY,
)
WEBHOOK_REPAIRS = Counter(
    "woo_agent_webhook_repairs",
    "Webhooks in the store put right, by what was wrong.",
    ["found"],
    registry=REGISTRY,
)
COMMITS = Counter("woo_agent_commits", "Transactions written.", registry=REGISTRY)
COMMITTED_JOBS = Counter(
    "woo_agent_committed_jobs", "Callers served by those transactions.", registry=REGISTRY
)
SENT = Counter("woo_agent_events_sent", "Events sent, by outcome.", ["outcome"], registry=REGISTRY)
GATEWAY_SECONDS = Histogram(
    "woo_agent_gateway_request_seconds",
    "How long the gateway took to answer.",
    ["call"],
    registry=REGISTRY,
)
STORE_SECONDS = Histogram(
    "woo_agent_store_request_seconds",
    "How long the store took to answer.",
    ["call"],
    registry=REGISTRY,
)
COMPARING_REQUESTS = Counter(
    "woo_agent_comparing_requests",
    "Requests to the store to compare both ends, in the background.",
    registry=REGISTRY,
)
COMPARING_WAITED_SECONDS = Counter(
    "woo_agent_comparing_waited_seconds",
    "How long such requests waited for their turn, so that the store is spared.",
    registry=REGISTRY,
)
NOT_ACCEPTED = Gauge(
    "woo_agent_not_accepted",
    "What the store has and the gateway has not accepted, as of the last comparison.",
    ["kind"],
    registry=REGISTRY,
)
INVENTORY_ACCURACY = Gauge(
    "woo_agent_inventory_accuracy_ratio",
    "Share of SKUs whose stock is the intended one, as of the last comparison.",
    registry=REGISTRY,
)
DRIFTED = Gauge(
    "woo_agent_drifted_figures",
    "Figures that are not what they should be, as of the last comparison.",
    ["cause"],
    registry=REGISTRY,
)
UPDATES = Counter("woo_agent_updates", "Updates settled, by state.", ["state"], registry=REGISTRY)
OUTBOX_ROWS = Gauge(
    "woo_agent_outbox_rows", "Rows in the outbox.", ["state", "verdict"], registry=REGISTRY
)
OLDEST_PENDING_SECONDS = Gauge(
    "woo_agent_outbox_oldest_pending_seconds",
    "Age of the oldest row that is not settled; 0 if there is none.",
    registry=REGISTRY,
)
INBOX_ROWS = Gauge("woo_agent_inbox_rows", "Rows in the inbox.", ["state"], registry=REGISTRY)
DATABASE_BYTES = Gauge(
    "woo_agent_database_bytes", "Size of the database and its log.", registry=REGISTRY
)
