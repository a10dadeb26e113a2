"""What a run on a real account costs, by the prices of docs/costs.md."""

from __future__ import annotations

HOURS = 2  # with the figures; a month has 730
# In US dollars: what, and how it is reckoned.
COSTS = {
    "1,000 messages through the API, with their log": 1000 * 1.60e-6,
    "1,000 messages through the queue, with sessions": 1000 * (1.50 + 0.33 + 0.75) * 1e-6,
    "the alarms, their metrics and the dashboard, while they are there": 9.70 * HOURS / 730,
    "the idle queue": 0.32 * HOURS / 730,
    "160 starts of 4 seconds with 256 MB": 160 * (4 * 0.25 * 13.33e-6 + 0.20e-6),
}


def text() -> str:
    """Return the costs, and their sum in cents, rounded up."""
    lines = [f"  ${cost:.4f}  {what}" for what, cost in COSTS.items()]
    return "\n".join([f"A run costs about {cents()} cents:", *lines])


def cents() -> int:
    return int(100 * sum(COSTS.values())) + 1
