"""Every error that microgpt raises on purpose: what was expected, what came, what to do."""


class MicrogptError(Exception):
    """The root: `except MicrogptError` catches whatever this package refuses on purpose."""


class ShapeError(MicrogptError, ValueError):
    """Arrays, or a configuration, whose sizes do not fit together."""


class TokenError(MicrogptError, ValueError):
    """A character or token id that the vocabulary does not have."""


class FormatError(MicrogptError, ValueError):
    """A file that is not what its reader expects."""


class SettingError(MicrogptError, ValueError):
    """A setting outside its range: temperature, top-k, the name of an activation, a corpus …"""


class DtypeError(MicrogptError, TypeError):
    """Tensors of different or unsupported number types in one operation."""


class DeviceError(MicrogptError, RuntimeError):
    """Tensors of different back ends in one operation."""


class CaptureError(MicrogptError, RuntimeError):
    """A function whose kernel launches cannot be recorded and replayed."""


class BackendUnavailable(MicrogptError, ImportError):
    """A back end that does not exist, or whose library is not installed."""


class NotWritable(MicrogptError, OSError):
    """A folder that a file cannot be saved in."""


class GradientError(MicrogptError, AssertionError):
    """A gradient that measuring does not confirm."""


class DownloadError(MicrogptError, OSError):
    """A file that could not be fetched, or that arrived damaged."""
