/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_pack: fields packed and padded into a record's plaintext, and back; see record.h.
 *
 * Packing is zstd at level 3 against a dictionary: a contact becomes half as long, and level 19
 * would gain another 5 % for twenty times the time.  The frame has no magic number, stored size,
 * dictionary id or checksum: it stands in an authenticated record that says all of that.
 */
#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_f_zstd1_magicless */
#include <stdlib.h>
#include <zstd.h>

#include "format/dict.h"
#include "format/padding.h"
#include "format/record.h"

#define VERSION     1
#define LEVEL       3
#define N_DICTS_MAX 8

static void
put_u24(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
}

static size_t
get_u24(const uint8_t *p)
{
	return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
}

struct record_packer {
	ZSTD_CCtx *ctx;
	ZSTD_CDict *dicts[N_DICTS_MAX]; /* made at first use */
	struct buf fields;
	struct buf packed;
};

static int
set_up(ZSTD_CCtx *ctx)
{
	const struct {
		ZSTD_cParameter what;
		int value;
	} set[] = {
		{ ZSTD_c_compressionLevel, LEVEL }, { ZSTD_c_windowLog, RECORD_WINDOW_LOG_MAX },
		{ ZSTD_c_contentSizeFlag, 0 },      { ZSTD_c_checksumFlag, 0 },
		{ ZSTD_c_dictIDFlag, 0 },           { ZSTD_c_format, ZSTD_f_zstd1_magicless },
	};

	for (size_t i = 0; i < sizeof set / sizeof *set; i++)
		if (ZSTD_isError(ZSTD_CCtx_setParameter(ctx, set[i].what, set[i].value)))
			return -1;
	return 0;
}

static int
unknown_settings(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "this zstd library does not know our settings");
}

int
record_packer_new(struct record_packer **out, struct err *err)
{
	struct record_packer *p = calloc(1, sizeof *p);

	if (!p)
		return err_nomem(err);
	p->ctx = ZSTD_createCCtx();
	if (!p->ctx || set_up(p->ctx) < 0) {
		bool made = p->ctx;

		record_packer_free(p);
		return made ? unknown_settings(err) : err_nomem(err);
	}
	/* A little over the limit, so that record_fields_encode() words the refusal. */
	p->fields.max = RECORD_FIELDS_BYTES_MAX + (64u << 10);
	p->packed.max = ZSTD_COMPRESSBOUND(RECORD_FIELDS_BYTES_MAX);
	*out = p;
	return 0;
}

void
record_packer_free(struct record_packer *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->ctx);
	for (size_t i = 0; i < N_DICTS_MAX; i++)
		ZSTD_freeCDict(p->dicts[i]);
	buf_clear(&p->fields);
	buf_clear(&p->packed);
	free(p);
}

static int
compress(struct record_packer *p, size_t dict, struct err *err)
{
	struct span in = buf_span(&p->fields);
	uint8_t *at;

	if (!p->dicts[dict]) {
		p->dicts[dict] = ZSTD_createCDict(dicts[dict].bytes.p, dicts[dict].bytes.n, LEVEL);
		if (!p->dicts[dict])
			return err_nomem(err);
	}
	buf_reset(&p->packed);
	if (buf_extend(&p->packed, ZSTD_compressBound(in.n), &at, err) < 0)
		return -1;
	if (ZSTD_isError(ZSTD_CCtx_refCDict(p->ctx, p->dicts[dict])))
		return err_nomem(err);
	size_t n = ZSTD_compress2(p->ctx, at, p->packed.n, in.p, in.n);
	if (ZSTD_isError(n))
		return err_set(err, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(n));
	p->packed.n = n;
	return 0;
}

static int
append_plain(struct buf *out, const uint8_t header[static RECORD_HEADER_BYTES], struct span packed,
	     struct err *err)
{
	size_t from = out->n;
	size_t n = (size_t)pad_size(RECORD_HEADER_BYTES + packed.n);

	if (n > RECORD_PLAIN_BYTES_MAX)
		return err_set(err, ERR_LIMIT,
			       "a record of %zu bytes, where %u are allowed: its content belongs "
			       "into chunks",
			       n, RECORD_PLAIN_BYTES_MAX);
	if (buf_append(out, span_of(header, RECORD_HEADER_BYTES), err) < 0 ||
	    buf_append(out, packed, err) < 0 || pad_buf(out, from, err) < 0) {
		out->n = from;
		return -1;
	}
	return 0;
}

int
record_pack(struct record_packer *p, struct buf *out, const struct record *r, bool mixed,
	    struct err *err)
{
	size_t dict = dict_for_mime(r->mime);
	uint8_t header[RECORD_HEADER_BYTES] = { VERSION, RECORD_STORED };
	struct span packed;

	buf_reset(&p->fields);
	if (record_fields_encode(&p->fields, r, err) < 0)
		return -1;
	packed = buf_span(&p->fields);
	if (!mixed) {
		if (compress(p, dict, err) < 0)
			return -1;
		if (p->packed.n < packed.n) {
			packed = buf_span(&p->packed);
			header[1] = RECORD_ZSTD_DICTIONARY;
			memcpy(header + 2, dicts[dict].tag, DICT_TAG_BYTES);
		}
	}
	put_u24(header + 6, p->fields.n);
	put_u24(header + 9, packed.n);
	return append_plain(out, header, packed, err);
}

struct record_unpacker {
	ZSTD_DCtx *ctx;
	ZSTD_DDict *dicts[N_DICTS_MAX]; /* made at first use */
	struct buf fields;
};

int
record_unpacker_new(struct record_unpacker **out, struct err *err)
{
	struct record_unpacker *u = calloc(1, sizeof *u);

	if (!u)
		return err_nomem(err);
	u->ctx = ZSTD_createDCtx();
	if (!u->ctx ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(u->ctx, ZSTD_d_format, ZSTD_f_zstd1_magicless))) {
		bool made = u->ctx;

		record_unpacker_free(u);
		return made ? unknown_settings(err) : err_nomem(err);
	}
	u->fields.max = RECORD_FIELDS_BYTES_MAX;
	*out = u;
	return 0;
}

void
record_unpacker_free(struct record_unpacker *u)
{
	if (!u)
		return;
	ZSTD_freeDCtx(u->ctx);
	for (size_t i = 0; i < N_DICTS_MAX; i++)
		ZSTD_freeDDict(u->dicts[i]);
	buf_clear(&u->fields);
	free(u);
}

static int
not_packed_by_us(struct err *err)
{
	return err_set(err, ERR_FORMAT, "the packed fields of a record are damaged");
}

/*
 * RFC 8878, section 3.1.1: whether @packed is exactly one frame of the shape that we write:
 * descriptor 0 (no stored size, checksum or dictionary id), a window of at most 128 KiB, blocks up
 * to the last one.
 */
static bool
is_one_frame(struct span packed)
{
	const unsigned window_max = (RECORD_WINDOW_LOG_MAX - 10) << 3;
	struct reader r = reader_of(packed);

	if (read_u8(&r) != 0 || read_u8(&r) > window_max)
		return false;
	for (bool last = false; !last && !r.failed;) {
		uint8_t b[3];

		read_bytes(&r, b, sizeof b);
		size_t head = get_u24(b), size = head >> 3;
		unsigned type = head >> 1 & 3;

		last = head & 1;
		if (type == 3)
			return false;
		read_span(&r, type == 1 ? 1 : size); /* 1: one byte, repeated */
	}
	return !r.failed && r.left.n == 0;
}

static int
use_dictionary(struct record_unpacker *u, const uint8_t *header, struct err *err)
{
	if (header[1] == RECORD_ZSTD)
		return ZSTD_isError(ZSTD_DCtx_refDDict(u->ctx, NULL)) ? err_nomem(err) : 0;

	size_t i = dict_by_tag(header + 2);
	if (i == n_dicts) {
		char tag[2 * DICT_TAG_BYTES + 1];

		hex_encode(tag, span_of(header + 2, DICT_TAG_BYTES));
		err_set(err, ERR_UNSUPPORTED, "a record is packed with the unknown dictionary %s",
			tag);
		return err_hint(err, "Use a newer version of Cloudbox.");
	}
	if (!u->dicts[i] && !(u->dicts[i] = ZSTD_createDDict(dicts[i].bytes.p, dicts[i].bytes.n)))
		return err_nomem(err);
	return ZSTD_isError(ZSTD_DCtx_refDDict(u->ctx, u->dicts[i])) ? err_nomem(err) : 0;
}

static int
decompress(struct record_unpacker *u, const uint8_t *header, struct span packed, size_t n,
	   struct err *err)
{
	uint8_t *at;

	if (!is_one_frame(packed))
		return not_packed_by_us(err);
	if (use_dictionary(u, header, err) < 0)
		return -1;
	buf_reset(&u->fields);
	if (buf_extend(&u->fields, n, &at, err) < 0)
		return -1;
	size_t got = ZSTD_decompressDCtx(u->ctx, at, n, packed.p, packed.n);
	return ZSTD_isError(got) || got != n ? not_packed_by_us(err) : 0;
}

static int
check_header(const uint8_t *h, struct span plain, struct err *err)
{
	if (h[0] != VERSION)
		return err_set(err, ERR_UNSUPPORTED, "a record of the unknown version %u", h[0]);
	if (h[1] > RECORD_ZSTD_DICTIONARY)
		return err_set(err, ERR_UNSUPPORTED, "a record with the unknown coding %u", h[1]);
	if (h[1] != RECORD_ZSTD_DICTIONARY && !is_all_zero(span_of(h + 2, DICT_TAG_BYTES)))
		return err_set(err, ERR_FORMAT, "a record names a dictionary without need");

	size_t n_fields = get_u24(h + 6), n_packed = get_u24(h + 9);
	if (n_fields == 0 || n_fields > RECORD_FIELDS_BYTES_MAX ||
	    n_packed > plain.n - RECORD_HEADER_BYTES ||
	    (h[1] == RECORD_STORED && n_packed != n_fields) ||
	    pad_size(RECORD_HEADER_BYTES + n_packed) != plain.n)
		return err_set(err, ERR_FORMAT, "the lengths in a record do not match");
	if (!is_all_zero(span_skip(plain, RECORD_HEADER_BYTES + n_packed)))
		return err_set(err, ERR_FORMAT, "a record is not followed by zeros");
	return 0;
}

int
record_unpack(struct record_unpacker *u, struct record *out, struct span plain, struct err *err)
{
	const uint8_t *h = plain.p;

	if (plain.n < RECORD_HEADER_BYTES || plain.n > RECORD_PLAIN_BYTES_MAX)
		return err_set(err, ERR_FORMAT, "a record of %zu bytes", plain.n);
	if (check_header(h, plain, err) < 0)
		return -1;

	size_t n_fields = get_u24(h + 6);
	struct span packed = span_of(h + RECORD_HEADER_BYTES, get_u24(h + 9));
	if (h[1] != RECORD_STORED) {
		if (decompress(u, h, packed, n_fields, err) < 0)
			return -1;
		packed = buf_span(&u->fields);
	}
	return record_fields_decode(out, packed, err);
}
