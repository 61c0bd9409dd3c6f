"""Ways to spoil a JSON body: in its structure, in its bytes, and in what its headers say of it."""

import codecs
import copy
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

JSON = {"Content-Type": "application/json"}
DEEP = 100_000
# JSON texts, and what is none, to stand in the place of any value.
PLAIN = r"""
    null true false {} [] [null] {"":null} "" "a" "-" "A" "a--b" "1" 0 -0 -1 1 1.0 1.5 1e0 1E400 -1e400
    1e-400 01 +1 1. .5 0x10 1_0 NaN Infinity -Infinity nan undefined None True 'a' // /**/1 [1,] [,] {"a"} {"a":1,} {a:1} {1:1}
    {"a":1,"a":1} "\u0000" "a\u0000b" "\u0001" "\u007f" "\u0085" "\x41" "\ud800" "\udc00" "\udc00\ud800" "\ud83e\udd64"
    "../../etc/passwd" "%2e%2e%2f" "'OR(1=1)--" "=1+1" "{{7*7}}" "<img/onerror>" "$ref" "%s%n" "${jndi:a}"
    "2027-01-01T00:00:00Z" "2027-01-01" "9999-12-31T23:59:59-23:59" "0000-00-00T00:00:00Z" "2027-01-01T00:00:00+15:59"
    "a@b.example" "a@b" "@" "created" "active" "completed" "finished" "image-admin" "labeler"
"""
VALUES = [
    b"",
    *(word.encode() for word in PLAIN.split()),
    *('"é" "e\u0301" "\u202e" "\ufeff" "🥤" "\0" "\1" "\t" "\n" " "'.replace('" "', '"|"').encode().split(b"|")),
    *(
        b'"' + text + b'"'
        for text in (b"\xed\xa0\x80", b"\xff", b"\xc0\x80", b"\xf5\x80\x80\x80", "塑料".encode("gb18030"))
    ),
    *(b'"' + b"a" * length + b'"' for length in (53, 54, 64, 128, 129, 254, 255, 1300, 1301, 70_000)),
    *(
        str(sign * 2**bits + one).encode()
        for bits in (31, 32, 53, 63, 64, 128)
        for sign in (1, -1)
        for one in (-1, 0, 1)
    ),
    *(b"9" * 400, b"9" * 5000, b"-" + b"9" * 5000, b"0." + b"3" * 5000),
    *(b"[" * depth + b"]" * depth for depth in (20, 31, 32, 33, 200, DEEP)),
    *(b'{"a":' * depth + b"1" + b"}" * depth for depth in (20, 30, 31, 32, 33, 200, DEEP)),
    *(b"[" * DEEP, b'{"a":' * DEEP),
]
TOKENS = [bytes([byte]) for byte in b'{}[],:"\\ \n\x0b\0']
NAMES = [
    "",
    "x" * 5000,
    "\0",
    "\ud800",
    "é",
    "a",
    "id",
    "title",
    "Title",
    "metadata",
    "__proto__",
    "constructor",
    "$ref",
]
MEDIA_TYPES = [
    *(
        "",
        "text/plain",
        "application/xml",
        "application/jsonp",
        "application/json+x",
        "application",
        "*/*",
        ",",
        "/",
        ";",
    ),
    *("application/json, text/plain", "multipart/form-data; boundary=a", "application/x-www-form-urlencoded"),
]
CHARSETS = ["utf-8", "UTF-8", '"utf-8"', "utf-16", "latin-1", "", "utf-8; charset=latin-1", "x" * 2000]
ENCODINGS = ["gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "x", "Identity"]
LENGTHS = ["0", "1", "-1", "abc", "1e3", "99999999999999999999", "1048577", " 5", "5, 5"]


@dataclass(frozen=True)
class Sent:
    """A body as it goes over the wire, with the headers that describe it."""

    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))

    def __str__(self) -> str:
        return f"{self.headers} {self.content[:300]!r} ({len(self.content)} bytes)"


def write(value: Any) -> bytes:
    """Return JSON; bytes are written as they are, also in the place of a key."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"{" + b",".join(write(key) + b":" + write(item) for key, item in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(write, value)) + b"]"
    return json.dumps(value).encode()


def mutate(random: Random, body: Any) -> Sent:
    """Return a body that is spoiled in one way or a few; some ways leave it as good as it was."""
    kind = random.random()
    if kind < 0.5:
        return Sent(write(_spoil_structure(random, body)))
    if kind < 0.85:
        return Sent(spoil_bytes(random, write(_spoil_structure(random, body) if random.random() < 0.2 else body)))
    return _describe_wrongly(random, write(body))


def spoil_bytes(random: Random, content: bytes) -> bytes:
    """Return bytes with one change or a few."""
    for _ in range(random.choice([1, 1, 1, 2, 5])):
        content = random.choice(BYTE_CHANGES)(random, content)
    return content


def _spoil_structure(random: Random, body: Any) -> Any:
    # One level around it, so that the body as a whole is a place, too.
    root = [copy.deepcopy(body)]
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        # After the body itself was removed there is nothing left to spoil.
        for container, key in random.sample(list(_places(root)), k=bool(root)):
            random.choice(STRUCTURE_CHANGES)(random, container, key)
    return root[0] if root else b""


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(node.items()) if isinstance(node, dict) else list(enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _replace(random: Random, container: Any, key: Any) -> None:
    container[key] = random.choice(VALUES)


def _remove(random: Random, container: Any, key: Any) -> None:
    del container[key]


def _wrap(random: Random, container: Any, key: Any) -> None:
    container[key] = random.choice(
        [[container[key]], {"a": container[key]}, write(write(container[key]).decode("latin-1"))]
    )


def _swap(random: Random, container: Any, key: Any) -> None:
    other = random.choice(list(container) if isinstance(container, dict) else range(len(container)))
    container[key], container[other] = container[other], container[key]


def _say_twice(random: Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        container[write(key)] = random.choice([container[key], random.choice(VALUES)])
    else:
        container.extend([container[key]] * random.choice([1, 2, 500]))


def _add(random: Random, container: Any, key: Any) -> None:
    target = container[key] if isinstance(container[key], dict) else container
    if isinstance(target, dict):
        target[random.choice(NAMES)] = random.choice(VALUES)
    else:
        target.append(random.choice(VALUES))


def _rename(random: Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        name = key if isinstance(key, str) else key.decode()
        other = random.choice([name.upper(), f" {name}", f"{name}\0", name[:-1], random.choice(NAMES)])
        container[other] = container.pop(key)
    else:
        container.insert(0, container.pop(key))


def _flip(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) or 1)
    return (
        content[:place]
        + bytes(byte ^ 1 << random.randrange(8) for byte in content[place : place + 1])
        + content[place + 1 :]
    )


def _put_byte(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + random.randbytes(random.choice([1, 1, 2, 8])) + content[place:]


def _put_token(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + random.choice(random.choice([VALUES, TOKENS])) + content[place:]


def _cut(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content) or 1)]


def _cut_out(random: Random, content: bytes) -> bytes:
    begin = random.randrange(len(content) or 1)
    return content[:begin] + content[begin + random.choice([1, 1, 2, 10]) :]


def _repeat(random: Random, content: bytes) -> bytes:
    begin = random.randrange(len(content) or 1)
    end = begin + random.choice([1, 2, 10, 100])
    return content[:end] + content[begin:end] * random.choice([1, 2, 100]) + content[end:]


def _surround(random: Random, content: bytes) -> bytes:
    before, after = (
        random.choice([b"", b" ", b"\n\t\r", b"\0", b"\x0b", b"x", b"[", b"]", b",", codecs.BOM_UTF8]) for _ in "ab"
    )
    return before + content + after


def _encode(random: Random, content: bytes) -> bytes:
    text = content.decode("latin-1")
    return random.choice(
        [text.encode(name) for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "utf-8-sig")]
        + [gzip.compress(content, mtime=0), zlib.compress(content)]
    )


def _describe_wrongly(random: Random, content: bytes) -> Sent:
    kind = random.randrange(5)
    if kind == 0:
        return Sent(content, {"Content-Type": random.choice(MEDIA_TYPES)})
    if kind == 1:
        return Sent(content, {"Content-Type": f"application/json; charset={random.choice(CHARSETS)}"})
    if kind == 2:
        packed = random.choice([content, gzip.compress(content, mtime=0), zlib.compress(content)])
        return Sent(packed, JSON | {"Content-Encoding": random.choice(ENCODINGS)})
    if kind == 3:
        return Sent(content, JSON | {"Content-Length": random.choice(LENGTHS)})
    return Sent(content, {})


STRUCTURE_CHANGES: list[Callable[[Random, Any, Any], None]] = [
    *(_replace, _replace, _replace, _replace),
    *(_remove, _wrap, _swap, _say_twice, _add, _rename),
]
BYTE_CHANGES: list[Callable[[Random, bytes], bytes]] = [
    *(_flip, _flip, _put_byte, _put_token, _cut, _cut_out, _repeat, _surround, _encode),
]
