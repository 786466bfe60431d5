"""What `/metrics` of the Jupyter server says about us. Labels never name people, devices or tasks."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import get_args

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from wegent_jupyter.gateway.gateway import Gateway
from wegent_jupyter.protocol.api import DeviceStatus

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds. A dispatch over loopback takes a few milliseconds; a call is given up after 30 s."""


class Metrics(Collector):
    """Answers a scrape from what the gateway knows at that moment; nothing is counted twice."""

    def __init__(self, gateway: Callable[[], Gateway | None]) -> None:
        """Look at the gateway that runs here, if any."""
        self._gateway = gateway
        self._dispatches = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def register(self) -> None:
        """Be part of the server's `/metrics`."""
        REGISTRY.register(self)

    def unregister(self) -> None:
        """Be no part of it any more."""
        with suppress(KeyError):  # the server ends before it has started
            REGISTRY.unregister(self)

    def dispatched(self, seconds: float) -> None:
        """Count a dispatch."""
        self._dispatches[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """Return what there is to say; nothing when the gateway does not run here."""
        gateway = self._gateway()
        if gateway is not None:
            yield from _of_devices(gateway)
            yield CounterMetricFamily(
                "wegent_device_reconnects", "Devices that came back after their connection ended", gateway.reconnects
            )
            yield self._latency()

    def describe(self) -> Iterator[Metric]:
        """Say nothing before the first scrape: registering must not ask the gateway."""
        return iter(())

    def _latency(self) -> Metric:
        total, buckets = 0, list[tuple[str, float]]()
        for bound, count in zip([*map(str, BUCKETS), "+Inf"], self._dispatches, strict=True):
            total += count
            buckets.append((bound, total))
        text = "Seconds from a turn's slot to the device's answer"
        return HistogramMetricFamily("wegent_dispatch_seconds", text, buckets, self._seconds)


def _of_devices(gateway: Gateway) -> Iterator[Metric]:
    states, used, slots, queued = Counter[str](), 0, 0, 0
    for device in gateway.devices.all():
        running = gateway.used(device)
        states[device.status(running)] += 1
        used, slots, queued = used + running, slots + device.slots, queued + gateway.queued(device)
    devices = GaugeMetricFamily("wegent_devices", "Devices by state", labels=["state"])
    for state in get_args(DeviceStatus):
        devices.add_metric([state], states[state])
    yield devices
    yield GaugeMetricFamily("wegent_slots_used", "Turns that run", used)
    yield GaugeMetricFamily("wegent_slots_max", "Turns that all devices together may run", slots)
    yield GaugeMetricFamily("wegent_queue_depth", "Turns that wait for a device", queued)
