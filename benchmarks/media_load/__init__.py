"""The media load: a carrier and a model in one process, cheaper than any system between them."""

from benchmarks.media_load.generator import Generator, Heard, Load, WayHeard
from benchmarks.media_load.product import Product

__all__ = ["Generator", "Heard", "Load", "Product", "WayHeard"]
