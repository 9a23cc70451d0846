"""Telephony shared by both services: carrier client, webhook signatures, stream messages, number rules."""
