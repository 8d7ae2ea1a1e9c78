"""What can go wrong between the template and the machine it runs on; never raised for a function's error."""


class LocalEngineError(Exception):
    """The local engine cannot do what was asked of it."""


class UnsupportedTemplateError(LocalEngineError):
    """The template asks for something that the local engine does not do; it never guesses."""
