/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: what a record holds once it is opened: one item's fields, packed and padded.
 *
 * docs/formats/record.md has the byte tables.  Packing: zstd against a small dictionary that ships
 * with the program (format/dict.h), each record alone.  Decoding trusts nothing: declared sizes are
 * checked before memory is taken, one frame, window <= 128 KiB, exact length.
 */
#ifndef FORMAT_RECORD_H
#define FORMAT_RECORD_H

#include "format/batch.h"

#define RECORD_HEADER_BYTES     12
#define RECORD_FIELDS_BYTES_MAX 65536
#define RECORD_WINDOW_LOG_MAX   17    /* 128 KiB */
#define RECORD_CHUNKS_INLINE    512   /* above it the chunk entries lie in list chunks */
#define RECORD_PAYLOAD_INLINE   32768 /* what is larger lies in chunks */

/*
 * The fields; spans are borrowed, an empty one is an absent field.  A tombstone has app and native
 * id only; a live record has a size too, so `live` is the presence of the size.
 */
struct record {
	struct span app;       /* "contacts"; 1..255 bytes */
	struct span native_id; /* 1..4096 bytes */
	bool live;
	struct span name;    /* for people, UTF-8 */
	struct span mime;    /* "text/vcard" */
	uint64_t size_bytes; /* of the original bytes */
	struct span path;    /* empty: the same as native_id */
	bool has_modified;
	uint64_t modified_unix_ms;
	struct span payload; /* segments: format/payload.h */
	struct span chunks;  /* chunk entries: chunk/entries.h */
	struct span lists;   /* entries of list chunks; not with chunks */
	struct span taken; /* of a picture: when it was taken, as it says itself; ASCII, ISO 8601 */
	struct span unknown; /* fields with later tags, as they came */
};

/** The path, or the native id where none was stored. */
static inline struct span
record_path(const struct record *r)
{
	return r->path.n ? r->path : r->native_id;
}

/** Append the fields as they are packed.  Leaves the path out if it equals the native id. ERR_LIMIT
 *  over RECORD_FIELDS_BYTES_MAX; ERR_USAGE: chunks and lists, or a tombstone with more. */
int record_fields_encode(struct buf *out, const struct record *r, struct err *err);

/** Spans of @out borrow from @fields.  ERR_FORMAT. */
int record_fields_decode(struct record *out, struct span fields, struct err *err);

enum record_coding {
	RECORD_STORED = 0,
	RECORD_ZSTD = 1,
	RECORD_ZSTD_DICTIONARY = 2,
};

/* Compression contexts and dictionaries, made once and used for any number of records.  One thread.
 */
struct record_packer;
/** ERR_NOMEM. */
int record_packer_new(struct record_packer **out, struct err *err);
void record_packer_free(struct record_packer *p);
AUTO_PTR(record_packer_free, struct record_packer);

/**
 * Append the padded plaintext of @r to @out, ready for seal_record().
 * @mixed  the record holds received and own text together: it is stored, so that its size tells
 *         nothing (docs/formats/record.md).
 * @return 0, or -1: ERR_LIMIT (does not fit a record: its payload must go into chunks), ERR_USAGE,
 * ERR_NOMEM.
 */
int record_pack(struct record_packer *p, struct buf *out, const struct record *r, bool mixed,
		struct err *err);

struct record_unpacker;
int record_unpacker_new(struct record_unpacker **out, struct err *err);
void record_unpacker_free(struct record_unpacker *u);
AUTO_PTR(record_unpacker_free, struct record_unpacker);

/**
 * Unpack @plain.
 * @out  borrows from @u, until its next record_unpack() or free, and from @plain.
 * @return 0, or -1: ERR_FORMAT (damaged, lengths that do not match, padding not zero or not of a
 * published size), ERR_UNSUPPORTED (version, coding, dictionary), ERR_NOMEM.
 */
int
record_unpack(struct record_unpacker *u, struct record *out, struct span plain, struct err *err);

#endif
