"""Token shards as bytes, written by hand."""

import struct


def shard_bytes(tokens, magic=20240520, version=1, count=None, order="<"):
    count = len(tokens) if count is None else count
    header = struct.pack(f"{order}3i", magic, version, count) + bytes(253 * 4)
    return header + struct.pack(f"{order}{len(tokens)}H", *tokens)


def raw_bytes(tokens):
    return struct.pack(f"<{len(tokens)}i", *tokens)
