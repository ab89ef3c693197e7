#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second implementation of docs/formats/keys.md, which printed keys-1.txt.

It shares no code and, but for OpenSSL's ChaCha20-Poly1305, no library with lib/crypto.  Needs
python3-cryptography >= 44 (Argon2id).  keys-1.txt is frozen: run this to understand a difference,
never to make one go away.
"""
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def field(value):
    if isinstance(value, int):
        value = struct.pack("<Q", value)
    elif isinstance(value, str):
        value = value.encode()
    return struct.pack("<I", len(value)) + value


def ds(label, *fields):
    return b"cloudbox1:" + label.encode() + b"\0" + b"".join(map(field, fields))


def h(label, *fields):
    return hashlib.blake2b(ds(label, *fields), digest_size=32).digest()


def kdf(key, label, *fields):
    return hashlib.blake2b(ds(label, *fields), key=key, digest_size=32).digest()


def raw(public):
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sign_public(seed):
    return raw(Ed25519PrivateKey.from_private_bytes(seed).public_key())


def sign(seed, message):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def seal_public(private):
    return raw(X25519PrivateKey.from_private_bytes(private).public_key())


def x25519(private, public):
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(public))


def aead(key, i, plain, aad=b""):
    return ChaCha20Poly1305(key).encrypt(bytes(4) + struct.pack("<Q", i), plain, aad)


def crc12(data):
    crc = 0xFFF
    for byte in data:
        for bit in range(7, -1, -1):
            top = (crc >> 11) ^ (byte >> bit & 1)
            crc = crc << 1 & 0xFFF ^ (0x80F if top else 0)
    return crc


def code_text(code):
    value = int.from_bytes(code, "big") << 12 | crc12(code)
    text = "".join(ALPHABET[value >> 5 * (27 - i) & 31] for i in range(28))
    return "-".join(text[i:i + 4] for i in range(0, 28, 4))


def wrap(kek, kind, kib, passes, salt, epoch, log_length, w, account, ars):
    commit = kdf(kek, "wrap-commit", w, 1, kind, kib, passes, salt, account, epoch, log_length)
    aad = ds("wrap-aad", 1, kind, kib, passes, salt, w, commit, account, epoch, log_length)
    return (bytes([1, kind]) + struct.pack("<II", kib, passes) + salt +
            struct.pack("<QQ", epoch, log_length) + w + commit +
            aead(kdf(kek, "wrap", w), 0, ars, aad))


def row(start, n):
    return bytes((start + i) & 255 for i in range(n))


def pairing(show):
    secret, pairing_id, dsk_public = row(0x50, 32), row(0x90, 16), sign_public(row(0x31, 32))
    r, s = seal_public(row(0x12, 32)), seal_public(row(0x13, 32))
    commit = show("pair-commit", h("pair-commit", r, dsk_public))
    known = bytes([1]) + pairing_id
    show("pair-key-1", kdf(secret, "pair", 1, known))
    known += commit
    show("pair-key-2", kdf(secret, "pair", 2, known))
    known += s
    show("pair-key-3", kdf(secret, "pair", 1, known))
    known += r + dsk_public
    digits = int.from_bytes(kdf(secret, "pair-digits", known)[:8], "little") % 10 ** 6
    show("pair-digits", b"%06d" % digits)
    known = show("pair-transcript", known + x25519(row(0x12, 32), s))
    show("pair-key-joiner", kdf(secret, "pair", 1, known))
    key = show("pair-key-host", kdf(secret, "pair", 2, known))
    w = row(0xC0, 32)
    show("pair-message", w + aead(kdf(key, "pair-message", w, 2, 3), 0, b"a message",
                                  ds("pair-message", 1, pairing_id, 2, 3, w)))


def main():
    def show(name, value):
        print(name, value.hex())
        return value

    ars, device, account, w = row(0, 32), row(0x40, 16), row(0x60, 16), row(0xC0, 32)
    show("ds-rec", ds("rec", 7, device, account, 1, b""))
    show("hash-node", h("node", row(0, 32), row(32, 32)))
    show("hash-empty", h("body", b""))
    show("kdf", kdf(row(0, 32), "content", "abc"))
    show("kdf-16", kdf(row(0, 16), "recovery"))

    ask = show("ask-public", sign_public(kdf(ars, "acct-sign")))
    aek = show("aek", kdf(ars, "acct-seal"))
    aek_public = show("aek-public", seal_public(aek))
    psk = show("psk", kdf(ars, "seal-psk"))
    show("account", h("account", 1, ask)[:16])
    show("dps", kdf(ars, "device-psk", device))
    root = show("device-root", kdf(ars, "device-ids", device))
    show("psk-check", kdf(psk, "check"))
    show("root-check", kdf(root, "check"))
    show("folder", kdf(root, "folder", "contacts")[:16])
    item = show("item", kdf(root, "item", "contacts", "张伟.vcf")[:16])
    chunk_id = show("chunk-id", kdf(root, "chunk-id"))
    show("splitter", kdf(root, "splitter"))
    state = show("state", kdf(root, "state"))
    show("cid", hmac.new(chunk_id, ds("chunk", 1) + b"plaintext", hashlib.sha256).digest())
    show("content", kdf(state, "content", "abc"))

    salt = row(0x80, 16)
    mk = Argon2id(salt=h("pw-salt", account, 1, salt)[:16], length=32, iterations=3, lanes=1,
                  memory_cost=64 << 10).derive("Ünïcode pass phrase".encode())
    kek_p = show("kek-passphrase", kdf(mk, "pass-kek"))
    show("login-passphrase", sign_public(kdf(mk, "pass-auth")))

    code = show("code", row(0xA0, 16))
    show("code-text", code_text(code).encode())
    show("code-text-of-zeros", code_text(bytes(16)).encode())
    rk = kdf(code, "recovery")
    kek_r = show("kek-recovery", kdf(rk, "rec-kek"))
    show("login-recovery", sign_public(kdf(rk, "rec-auth")))
    show("find", kdf(rk, "rec-find")[:16])

    show("wrap-passphrase", wrap(kek_p, 1, 64 << 10, 3, salt, 2, 9, w, account, ars))
    show("wrap-recovery", wrap(kek_r, 2, 0, 0, bytes(16), 2, 9, w, account, ars))
    show("box-name", w + aead(kdf(psk, "name", w, device, 2), 0, "小明的手机".encode(),
                              ds("name", 1, account, device, 2, w)))
    show("box-old-ars", w + aead(kdf(ars, "old-ars", w, 1), 0, row(0x70, 32),
                                 ds("old-ars", 1, account, 1, w)))

    e = row(0x11, 32)
    e_public = show("e-public", seal_public(e))
    shared = x25519(e, aek_public)
    exchange = e_public, aek_public, shared
    header = show("header", b"header with " + e_public)
    k_b = kdf(psk, "seal", *exchange, header)
    show("record-0", aead(k_b, 0, b"first", ds("rec", 0, device, account, 0, b"")))
    show("record-1", aead(k_b, 1, b"", ds("rec", 1, device, account, 1, b"")))
    show("chunk", e_public + aead(
        kdf(psk, "chunk-seal", *exchange, 1, account, device, 3, 2, row(0x21, 32)), 0,
        b"chunk data"))
    show("kept", e_public + aead(
        kdf(psk, "kept", *exchange, account, device, b"restore-1", item), 0, b"original"))

    dsk = row(0x31, 32)
    show("dsk-public", sign_public(dsk))
    spki, challenge, body = row(1, 32), row(2, 32), h("body", b"ids")
    show("auth-device", sign(dsk, ds("auth", 1, account, device, 1, spki, challenge, 1700000060)))
    show("auth-passphrase", sign(dsk, ds("auth", 1, account, 1, 2, spki, challenge, 1700000060)))
    for label in "have", "beat":
        show(label, sign(dsk, ds(label, 1, account, device, spki, 1700000000123, body)))
    pairing(show)


if __name__ == "__main__":
    main()
