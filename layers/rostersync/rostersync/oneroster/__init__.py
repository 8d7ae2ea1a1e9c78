"""The Roster Server: addresses, signing, paging, payloads, abilities. The only place with requests."""
