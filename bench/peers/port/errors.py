"""What goes wrong in a harbour."""


class HarbourError(Exception):
    """The base of all."""


class FeedDown(HarbourError):
    """A feed of measurements does not answer."""


class BerthTaken(HarbourError):
    """Two ships want one berth."""


class ManifestDamaged(HarbourError, ValueError):
    """A cargo list cannot be read."""


class RadioSilence(HarbourError):
    """Nobody answers on a channel."""
