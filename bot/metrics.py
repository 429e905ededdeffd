"""Figures for Prometheus: few labels, never a chat, never a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """What the running program counts, in a registry of its own."""

    def __init__(self) -> None:
        """Make all counters, so that each is visible from the start."""
        self.registry = CollectorRegistry()
        self.turns = 0
        """Turns handled so far, of whatever kind."""
        self._labelled: dict[tuple[Counter, tuple[str, ...]], Counter] = {}
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
            "tanggap_outbox_rows",
            "Outbox rows by state; those sent are in tanggap_messages_settled_total",
            ["state"],
            registry=self.registry,
        )
        self.inbox = Gauge(
            "tanggap_inbox_rows", "Updates that wait", ["state"], registry=self.registry
        )
        self.spool = Gauge(
            "tanggap_spool_bytes", "Size of the spool; 0: nothing waits", registry=self.registry
        )
        self._damaged = Counter(
            "tanggap_spool_damaged_total",
            "Lines in the spool that were no whole record",
            registry=self.registry,
        )
        self.lag = Gauge(
            "tanggap_inbox_lag_seconds",
            "How long the update has waited that came in first",
            registry=self.registry,
        )
        self._throttled = Counter(
            "tanggap_throttled_total", "Answers 429 of the platform", registry=self.registry
        )

    def handled(self, kind: str) -> None:
        """A turn was handled."""
        self.turns += 1
        self._of(self._handled, kind).inc()

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
        self._of(self._settled, lane, state).inc()

    def called(self, seconds: float) -> None:
        """The platform answered after so long."""
        self._call.observe(seconds)

    def throttled(self) -> None:
        """The platform told us to slow down."""
        self._throttled.inc()

    def damaged(self, lines: int) -> None:
        """So many lines of the spool could not be read."""
        self._damaged.inc(lines)

    def _of(self, counter: Counter, *labels: str) -> Counter:
        """The counter with these labels, which the library looks for at some length."""
        found = self._labelled.get((counter, labels))
        if found is None:
            found = self._labelled[counter, labels] = counter.labels(*labels)
        return found

    def text(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self.registry)
