"""The load of the benchmarks that report through `call_reporter` and its outbox."""
