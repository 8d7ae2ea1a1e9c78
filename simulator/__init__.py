"""A Roster Server to develop against: OneRoster as ClassLink serves it, invented districts, every trouble.

It shares no code with the sync that it is there to try.
"""
