/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch: what one backup sends: header, what its device signs, and the sealed records.
 *
 * docs/formats/batch.md has the byte tables.  This module neither seals nor opens (crypto/seal.h)
 * and knows nothing of what a record holds (format/record.h).
 *
 * Making one:   header -> batch_header_encode -> seal_start;  each record: record_aad, seal_record,
 *               record_frame_append, record_leaf, merkle_add;  then roots and heads into the
 * prefix, batch_sign, batch_prefix_encode, prefix ‖ frames. Taking one:   batch_prefix_decode as
 * soon as the bytes suffice, batch_verify, batch_reader_feed for each piece of the body,
 * batch_reader_end, compare the roots.
 */
#ifndef FORMAT_BATCH_H
#define FORMAT_BATCH_H

#include "crypto/sign.h"
#include "format/feed.h"
#include "format/id.h"
#include "format/merkle.h"

#define BATCH_HEADER_BYTES     208
#define BATCH_PREFIX_BYTES_MIN 342
#define BATCH_PREFIX_BYTES_MAX 16384
#define BATCH_BYTES_MAX        (8u << 20)
#define BATCH_RECORDS_MAX      10000
#define BATCH_HEADS_MAX        63
#define BATCH_HEAD_BYTES       56

#define RECORD_FRAME_BYTES_MIN  41 /* before refs and ciphertext */
#define RECORD_REFS_MAX         65536
#define RECORD_PLAIN_BYTES_MAX  65536
#define RECORD_CIPHER_BYTES_MAX (RECORD_PLAIN_BYTES_MAX + CRYPTO_TAG_BYTES)
#define RECORD_FRAME_BYTES_MAX                                                                     \
	(RECORD_FRAME_BYTES_MIN + 32 * RECORD_REFS_MAX + RECORD_CIPHER_BYTES_MAX)

enum batch_kind {
	BATCH_BACKUP = 0,
	BATCH_REJOIN = 1,
};

struct batch_header {
	enum batch_kind kind;
	struct id16 account;
	struct id16 device;
	uint64_t epoch;
	uint64_t seq; /* from 1 */
	struct hash32 previous_head;
	struct hash32 lost_head; /* rejoin only */
	uint64_t lost_seq;       /* rejoin only */
	uint8_t e_public[CRYPTO_PUBLIC_BYTES];
	uint64_t log_length;
	struct hash32 log_head;
	uint64_t client_unix_ms;
};

struct device_head {
	struct id16 device;
	uint64_t seq;
	struct hash32 head;
};

struct batch_prefix {
	struct batch_header header;
	uint32_t n_records;
	struct hash32 records_root;
	struct hash32 state_root;
	uint16_t n_heads;
	struct device_head heads[BATCH_HEADS_MAX]; /* of the other devices, ascending by device */
	uint8_t signature[CRYPTO_SIGNATURE_BYTES];
};

void batch_header_encode(uint8_t out[static BATCH_HEADER_BYTES], const struct batch_header *h);

/** ERR_FORMAT, ERR_UNSUPPORTED (suite). */
int batch_header_decode(struct batch_header *out, const uint8_t in[static BATCH_HEADER_BYTES],
			struct err *err);

/** Length of the encoded prefix: 342 + 56 for each head. */
size_t batch_prefix_bytes(const struct batch_prefix *p);
int batch_prefix_encode(struct buf *out, const struct batch_prefix *p, struct err *err);

/**
 * Decode the prefix at the beginning of @in.
 * @n  out: with 0 the prefix's length; with FEED_MORE how many bytes are needed first.
 * @return 0, FEED_MORE, or -1: ERR_FORMAT, ERR_LIMIT, ERR_UNSUPPORTED.  Checks everything that can
 * be checked without keys and state: kind, zero bytes, seq, limits, order of the heads, its own
 * device not among them.
 */
int batch_prefix_decode(struct batch_prefix *out, struct span in, size_t *n, struct err *err);

/** Sign: fills p->signature with the device's signature over the commit. */
int batch_sign(struct batch_prefix *p, const struct sign_key *dsk, struct err *err);

/** 0, or -1 with ERR_AUTH. */
int batch_verify(const struct batch_prefix *p, const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES],
		 struct err *err);

/** head = H(DS("head", commit, signature)). */
int batch_head(struct hash32 *out, const struct batch_prefix *p, struct err *err);

#define RECORD_TOMBSTONE 1u

/* One record as it travels; the spans are borrowed. */
struct record_frame {
	struct id16 folder;
	struct id16 item;
	uint8_t flags;          /* RECORD_TOMBSTONE or 0 */
	struct span refs;       /* cids joined, 32 bytes each */
	struct span ciphertext; /* padded record and 16 */
};

static inline uint32_t
record_n_refs(const struct record_frame *f)
{
	return (uint32_t)(f->refs.n / CRYPTO_HASH_BYTES);
}

/** DS("rec", i, folder, item, flags, refs): what record @i is sealed and opened with.  Appends to
 *  @out; @f->ciphertext is not looked at. */
int record_aad(struct buf *out, uint32_t i, const struct record_frame *f, struct err *err);

/** leaf i = H(DS("leaf", i, folder, item, flags, refs, ciphertext)). */
void record_leaf(struct hash32 *out, uint32_t i, const struct record_frame *f);

int record_frame_append(struct buf *out, const struct record_frame *f, struct err *err);

/** Decode the frame at the beginning of @in, borrowing from it.  @n and result as for
 *  batch_prefix_decode().  Refuses unknown flags, limits passed, a tombstone with refs, a length
 *  that no padded record has, a ref named twice. */
int record_frame_decode(struct record_frame *out, struct span in, size_t *n, struct err *err);

/* A record that has arrived. */
struct batch_record {
	uint32_t i; /* its place in the batch, from 0 */
	struct record_frame frame;
	struct hash32 leaf;
	struct span bytes; /* the whole frame */
};

/** Everything in @r is borrowed for the call.  -1 ends the reading. */
typedef int batch_record_fn(void *ctx, const struct batch_record *r, struct err *err);

/*
 * The frames after a prefix, in pieces as they arrive.  Holds at most one frame
 * (RECORD_FRAME_BYTES_MAX), the ids of the items seen (32 bytes each) and O(log n) hashes.
 */
struct batch_reader;

/** For @n_records frames, @fn being called for each as soon as it is complete. */
int batch_reader_new(struct batch_reader **out, uint32_t n_records, batch_record_fn *fn, void *ctx,
		     struct err *err);
void batch_reader_free(struct batch_reader *r);
AUTO_PTR(batch_reader_free, struct batch_reader);

/** ERR_FORMAT: a bad frame, or bytes after the last one.  ERR_LIMIT.  Or @fn's error. */
int batch_reader_feed(struct batch_reader *r, struct span piece, struct err *err);

/** The body has ended: gives the records root.  ERR_FORMAT: frames missing, or an item twice. */
int batch_reader_end(struct batch_reader *r, struct hash32 *records_root, struct err *err);

/** A whole batch at once: decodes @prefix, calls @fn for each record, and checks that the records
 *  root is the prefix's (ERR_AUTH).  Not the signature: batch_verify(). */
int batch_read(struct batch_prefix *prefix, struct span batch, batch_record_fn *fn, void *ctx,
	       struct err *err);

#endif
