"""Roster sync: a district's ClassLink Roster Server becomes its teachers' groups in Senso."""
