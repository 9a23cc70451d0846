"""Telephony for both services: carrier client, signatures, stream messages, number rules."""
