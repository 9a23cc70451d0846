"""Makes call results durable and delivers them: outbox, Report, retry, recovery after a crash."""
