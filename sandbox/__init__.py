"""The sandbox: stands in for Twilio and for the realtime model over the same wire protocols."""
