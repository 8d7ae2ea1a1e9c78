"""What holds for every test: how fast a machine is decides nothing."""

from hypothesis import settings

settings.register_profile("whatever the machine", parent=settings.default, deadline=None)
settings.load_profile("whatever the machine")
