"""Ids of ours, and the hashes that stand for ids of others. All are stable: stored data hangs on them."""

import hashlib
import hmac
import zlib
from collections.abc import Container
from typing import Final

SHARDS: Final = 16
"""Slices of a roster by sourcedId and of the groups by owner (DESIGN §1). Keys depend on it."""

_NOTHING_HASHED: Final = hashlib.blake2b(digest_size=8)

OWNER_ID_PATTERN: Final = r"^o_[0-9a-f]{20}$"
"""What ``owner_id`` makes."""


def shard_of(identifier: str) -> int:
    """Return the shard, 0 to 15, that an identifier belongs to."""
    return zlib.crc32(_utf8(identifier)) % SHARDS


def id_hash(identifier: str) -> int:
    """Return an unsigned 64-bit hash, by which ids are compared where millions of them are held at once."""
    # A copy takes half of the time that it takes to make one, and each id of a district needs one.
    found = _NOTHING_HASHED.copy()
    found.update(_utf8(identifier))
    return int.from_bytes(found.digest(), "big")


def group_id(tenant_id: str, class_id: str, owner_id: str) -> str:
    """Return the id of one owner's copy of one class (RULES 3.1)."""
    return "g_" + _digest("group", tenant_id, class_id, owner_id)[:24]


def owner_id(tenant_id: str, email: str, taken: Container[str], key: bytes) -> str:
    """Return a new owner's id, from the e-mail it begins with.

    An owner outlives its e-mail (RULES 2.3), so the first id of an e-mail may belong to somebody who had
    the e-mail before: ``taken`` holds the ids that are in use, and the smallest free one is given. Made with
    the tenant's ``key``: the id outlives the person, and an e-mail could be guessed from a plain hash.
    """
    attempt = 0
    while (
        candidate := "o_" + keyed_hash(key, _digest("owner", tenant_id, email, str(attempt)))[:20]
    ) in taken:
        attempt += 1
    return candidate


def keyed_hash(key: bytes, text: str) -> str:
    """Return a hash of personal data, 32 hex digits, that says nothing to who has not the tenant's key."""
    return hmac.new(key, _utf8(text), hashlib.sha256).hexdigest()[:32]


def _digest(*parts: str) -> str:
    # A length stands before each part: whatever the parts hold, no two lists of parts read the same.
    text = b"".join(b"%d\x00%s\x00" % (len(part), _utf8(part)) for part in parts)
    return hashlib.sha256(text).hexdigest()


def _utf8(text: str) -> bytes:
    # JSON can carry half a surrogate pair; it must not stop the run.
    return text.encode("utf-8", "surrogatepass")
