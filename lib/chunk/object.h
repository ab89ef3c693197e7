/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object: a chunk as the server stores it: padded and sealed under a key of its own.
 *
 * docs/formats/chunk.md, "Object".  Every seal makes a fresh key pair E, so sealing the same chunk
 * twice gives different bytes; the cid, which names it, is the same.
 */
#ifndef CHUNK_OBJECT_H
#define CHUNK_OBJECT_H

#include "chunk/chunk.h"
#include "crypto/seal.h"

#define OBJECT_HEADER_BYTES   45 /* magic, suite, epoch, E.pub */
#define OBJECT_OVERHEAD_BYTES (OBJECT_HEADER_BYTES + 5 + CRYPTO_TAG_BYTES)
/* 66 + pad_size(CHUNK_PLAIN_BYTES_MAX), which is itself */
#define OBJECT_BYTES_MAX      (CHUNK_PLAIN_BYTES_MAX + OBJECT_OVERHEAD_BYTES)
#define OBJECT_BYTES_MIN      (64 + OBJECT_OVERHEAD_BYTES)

/* What a device seals chunks with; everything is borrowed. */
struct object_keys {
	struct id16 account;
	struct id16 device; /* the owner: whose chunk-id key is used */
	uint64_t epoch;     /* sealing: the present one */
	const struct secret *psk;
	const uint8_t *aek_public;      /* sealing: CRYPTO_PUBLIC_BYTES */
	const struct secret *aek;       /* opening: the private half */
	const struct device_keys *keys; /* of `device`: has the chunk-id key */
};

/* Buffers and compression contexts, made once and used for any number of chunks.  One thread. */
struct object_sealer;
int object_sealer_new(struct object_sealer **out, struct err *err);
void object_sealer_free(struct object_sealer *s);
AUTO_PTR(object_sealer_free, struct object_sealer);

/** The cid of @plain in @class: what `have` asks about, before anything is sealed. */
int object_cid(struct hash32 *cid, const struct object_keys *k, enum chunk_class class,
	       struct span plain, struct err *err);

/** Seal @plain, whose cid is @cid.  *object is borrowed from @s until its next use.  @plain is
 *  1..CHUNK_PLAIN_BYTES_MAX bytes.  ERR_LIMIT, ERR_NOMEM. */
int
object_seal(struct object_sealer *s, struct span *object, const struct object_keys *k,
	    enum chunk_class class, const struct hash32 *cid, struct span plain, struct err *err);

/** Open @object and check that its plaintext has @cid.  *plain is borrowed from @s until its next
 *  use.  ERR_FORMAT; ERR_UNSUPPORTED; ERR_AUTH: sealed for another place, or damaged; the epoch is
 *  the object's own. */
int
object_open(struct object_sealer *s, struct span *plain, const struct object_keys *k,
	    enum chunk_class class, const struct hash32 *cid, struct span object, struct err *err);

/** What anybody can check of an object: magic, suite, a length that padding allows.  *epoch (may be
 *  NULL) is the one it was sealed in. */
int object_check(struct span object, uint64_t *epoch, struct err *err);

#endif
