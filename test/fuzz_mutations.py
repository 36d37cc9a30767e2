# Copyright 2026 depth_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Changes of files by chance, of a seed: what disks, networks and attackers make of them."""
import random
import struct

# Values that lengths, counts and offsets break at.
EDGES = (0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
         0x7fffffffffffffff, 0xffffffffffffffff, 10 ** 12)
WORDS = ('-1', '0', 'null', '~', '1e400', 'nan', '.inf', '9' * 30, "'", '"', '[', '{', '*a', '&a ',
         '!!python/object/apply:os.system [true]', '../../etc/passwd', '/etc/passwd', '\x00',
         '\u202e', '[' * 3000, '{"a":' * 3000, 'true', '1', '[]', '{}', ': ', '- ', '\n', '\t')


def truncated(data, chance):
    """Cut off at any place."""
    return data[:chance.randrange(len(data) + 1)]


def flipped(data, chance):
    """Flip 1 to 16 bits."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def spliced(data, chance):
    """Copy a piece to another place, or leave one out."""
    begin, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    end = min(end, begin + chance.choice((4, 64, 1024, len(data))))
    at = chance.randrange(len(data) + 1)
    if chance.random() < 0.3:
        return data[:begin] + data[end:]
    return data[:at] + data[begin:end] + data[at:]


def edged(data, chance):
    """Write a value at the edge of its type over a number."""
    kind = chance.choice('BHIQ')
    size = struct.calcsize(kind)
    if len(data) < size:
        return data
    at = chance.randrange(len(data) - size + 1)
    value = chance.choice(EDGES) & ((1 << 8 * size) - 1)
    return data[:at] + struct.pack('<' + kind, value) + data[at + size:]


def blanked(data, chance):
    """Replace a block as a lost sector: zeros, or noise."""
    at = chance.randrange(len(data) + 1)
    size = min(chance.choice((16, 512, 4096)), len(data) - at)
    block = bytes(size) if chance.random() < 0.5 else chance.randbytes(size)
    return data[:at] + block + data[at + size:]


def worded(data, chance):
    """Put a word that means something to a parser in the place of another."""
    text = data.decode('utf-8', 'surrogateescape')
    parts = text.replace(':', ' : ').split(' ') if chance.random() < 0.3 else text.split(' ')
    parts[chance.randrange(len(parts))] = chance.choice(WORDS)
    return ' '.join(parts).encode('utf-8', 'surrogateescape')


def relined(data, chance):
    """Repeat, drop or swap lines."""
    lines = data.split(b'\n')
    one, other = (chance.randrange(len(lines)) for _ in range(2))
    how = chance.randrange(3)
    if how == 0:
        lines.insert(one, lines[other])
    elif how == 1:
        del lines[one]
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b'\n'.join(lines)


BINARY = (truncated, flipped, flipped, spliced, edged, edged, blanked)
TEXT = (truncated, flipped, spliced, worded, worded, worded, relined)


def mutated(data, seed, text=False):
    """Return the bytes after one to three changes of a seed."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(TEXT if text else BINARY)(data, chance)
    return data
