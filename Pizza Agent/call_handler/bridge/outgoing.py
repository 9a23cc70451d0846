"""What a call wants sent, piled up until the bridge takes it."""


class Outgoing:
    """Holds messages for the carrier and events for the model, each in the order of sending."""

    def __init__(self) -> None:
        self._to_carrier: list[str] = []
        self._to_model: list[str] = []

    @property
    def is_waiting(self) -> bool:
        """Say whether anything is to be sent."""
        return bool(self._to_carrier or self._to_model)

    def send_to_carrier(self, message: str) -> None:
        """Add a message of the media stream."""
        self._to_carrier.append(message)

    def send_to_model(self, event: str) -> None:
        """Add an event of the session."""
        self._to_model.append(event)

    def take_for_carrier(self) -> list[str]:
        """Give what is for the carrier, and forget it."""
        taken, self._to_carrier = self._to_carrier, []
        return taken

    def take_for_model(self) -> list[str]:
        """Give what is for the model, and forget it."""
        taken, self._to_model = self._to_model, []
        return taken
