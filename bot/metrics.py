"""Figures for Prometheus: few labels, never a chat, never a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """What the running program counts, in a registry of its own."""

    def __init__(self) -> None:
        """Make all counters, so that each is visible from the start."""
        self.registry = CollectorRegistry()
        self._handled = Counter(
            "tanggap_turns_total", "Turns handled", ["kind"], registry=self.registry
        )
        self._ignored = Counter(
            "tanggap_updates_ignored_total",
            "Updates of a type that no conversation is about",
            ["sort"],
            registry=self.registry,
        )
        self._dropped = Counter(
            "tanggap_updates_dropped_total",
            "Updates left unheard because their chat sent too many",
            registry=self.registry,
        )
        self._quarantined = Counter(
            "tanggap_updates_quarantined_total", "Updates set aside", registry=self.registry
        )
        self._settled = Counter(
            "tanggap_messages_settled_total",
            "Tries to deliver, by lane and outcome",
            ["lane", "state"],
            registry=self.registry,
        )
        self._call = Histogram(
            "tanggap_platform_call_seconds",
            "How long the platform took to answer",
            registry=self.registry,
        )
        self.outbox = Gauge(
            "tanggap_outbox_rows", "Outbox rows by state", ["state"], registry=self.registry
        )
        self.inbox = Gauge(
            "tanggap_inbox_rows", "Inbox rows by state", ["state"], registry=self.registry
        )
        self._throttled = Counter(
            "tanggap_throttled_total", "Answers 429 of the platform", registry=self.registry
        )

    def handled(self, kind: str) -> None:
        """A turn was handled."""
        self._handled.labels(kind).inc()

    def ignored(self, sort: str) -> None:
        """An update of a type nobody talks about; unknown names share one label."""
        self._ignored.labels(sort if sort.isidentifier() and len(sort) < 40 else "other").inc()

    def dropped(self) -> None:
        """An update was left unheard: its chat sent too many."""
        self._dropped.inc()

    def quarantined(self) -> None:
        """An update was set aside."""
        self._quarantined.inc()

    def settled(self, lane: str, state: str) -> None:
        """A try to deliver ended."""
        self._settled.labels(lane, state).inc()

    def called(self, seconds: float) -> None:
        """The platform answered after so long."""
        self._call.observe(seconds)

    def throttled(self) -> None:
        """The platform told us to slow down."""
        self._throttled.inc()

    def text(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self.registry)
