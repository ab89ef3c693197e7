/* SPDX-License-Identifier: Apache-2.0 */
/* object: see object.h. */
#include "chunk/object.h"

#include <stdlib.h>
#include <zstd.h>

#include "format/padding.h"

static const uint8_t magic[4] = { 'C', 'B', 'C', '1' };

#define HEAD_BYTES   13 /* magic, suite, epoch: what stands before E.pub */
#define LENGTH_BYTES 4
#define INNER_BYTES  (LENGTH_BYTES + 1) /* length, coding */
#define LEVEL        3

enum coding { CODING_STORED = 0, CODING_ZSTD = 1 };

struct object_sealer {
	ZSTD_CCtx *zip; /* made at first use */
	ZSTD_DCtx *unzip;
	struct buf inner;  /* length, coding, padded data */
	struct buf object; /* sealed */
	struct buf plain;  /* unpacked */
};

int
object_sealer_new(struct object_sealer **out, struct err *err)
{
	struct object_sealer *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->inner.max = INNER_BYTES + CHUNK_PLAIN_BYTES_MAX;
	s->object.max = OBJECT_BYTES_MAX;
	s->plain.max = CHUNK_PLAIN_BYTES_MAX;
	*out = s;
	return 0;
}

void
object_sealer_free(struct object_sealer *s)
{
	if (!s)
		return;
	ZSTD_freeCCtx(s->zip);
	ZSTD_freeDCtx(s->unzip);
	buf_clear(&s->inner);
	buf_clear(&s->object);
	buf_clear(&s->plain);
	free(s);
}

int
object_cid(struct hash32 *cid, const struct object_keys *k, enum chunk_class class,
	   struct span plain, struct err *err)
{
	return keys_chunk_id(cid->b, k->keys, (uint8_t) class, plain, err);
}

static bool is_packed_class(enum chunk_class class)
{
	return class == CHUNK_DATABASE || class == CHUNK_LIST;
}

/* Append the packed @plain to s->inner; *shorter tells whether that was worth it. */
static int
pack(struct object_sealer *s, struct span plain, bool *shorter, struct err *err)
{
	uint8_t *at;

	if (!s->zip && !(s->zip = ZSTD_createCCtx()))
		return err_nomem(err);
	/* Room for less than the plaintext: what does not fit is not worth it. */
	if (buf_extend(&s->inner, plain.n - 1, &at, err) < 0)
		return -1;
	size_t n = ZSTD_compressCCtx(s->zip, at, plain.n - 1, plain.p, plain.n, LEVEL);
	*shorter = !ZSTD_isError(n);
	s->inner.n = INNER_BYTES + (*shorter ? n : 0);
	return 0;
}

/* Fill s->inner: length, coding, padded data. */
static int
fill_inner(struct object_sealer *s, enum chunk_class class, struct span plain, struct err *err)
{
	bool packed = false;
	uint8_t *at;

	buf_reset(&s->inner);
	if (buf_extend(&s->inner, INNER_BYTES, &at, err) < 0)
		return -1;
	if (is_packed_class(class) && pack(s, plain, &packed, err) < 0)
		return -1;
	if (!packed && buf_append(&s->inner, plain, err) < 0)
		return -1;
	put_u32(s->inner.p, (uint32_t)(s->inner.n - INNER_BYTES));
	s->inner.p[LENGTH_BYTES] = packed ? CODING_ZSTD : CODING_STORED;
	return pad_buf(&s->inner, INNER_BYTES, err);
}

static struct seal_chunk_place
place_of(const struct object_keys *k, uint64_t epoch, enum chunk_class class,
	 const struct hash32 *cid)
{
	return (struct seal_chunk_place){
		.account = k->account.b,
		.device = k->device.b,
		.epoch = epoch,
		.class = (uint8_t) class,
		.cid = cid->b,
	};
}

int
object_seal(struct object_sealer *s, struct span *object, const struct object_keys *k,
	    enum chunk_class class, const struct hash32 *cid, struct span plain, struct err *err)
{
	const struct seal_chunk_place place = place_of(k, k->epoch, class, cid);

	if (plain.n == 0 || plain.n > CHUNK_PLAIN_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a chunk of %zu bytes", plain.n);
	if (chunk_class_check((uint8_t) class, err) < 0 || fill_inner(s, class, plain, err) < 0)
		return -1;
	buf_reset(&s->object);
	if (buf_append(&s->object, SPAN_ARRAY(magic), err) < 0 ||
	    buf_append_byte(&s->object, CRYPTO_SUITE, err) < 0 ||
	    buf_append_u64(&s->object, k->epoch, err) < 0 ||
	    seal_chunk(&s->object, k->psk, k->aek_public, &place, buf_span(&s->inner), err) < 0)
		return -1;
	*object = buf_span(&s->object);
	return 0;
}

int
object_check(struct span object, uint64_t *epoch, struct err *err)
{
	if (object.n < OBJECT_BYTES_MIN || object.n > OBJECT_BYTES_MAX ||
	    memcmp(object.p, magic, sizeof magic) != 0)
		return err_set(err, ERR_FORMAT, "these bytes are no chunk object");
	if (crypto_suite_check(object.p[4], "chunk object", err) < 0)
		return -1;
	if (!is_padded_size(object.n - OBJECT_OVERHEAD_BYTES))
		return err_set(err, ERR_FORMAT, "a chunk object of %zu bytes is not padded",
			       object.n);
	if (epoch)
		*epoch = get_u64(object.p + 5);
	return 0;
}

static int
damaged(struct err *err)
{
	return err_set(err, ERR_FORMAT, "what a chunk object holds is not well formed");
}

/* Unpack one zstd frame that says how long it is, at most CHUNK_PLAIN_BYTES_MAX. */
static int
unpack(struct object_sealer *s, struct span *plain, struct span packed, struct err *err)
{
	unsigned long long n = ZSTD_getFrameContentSize(packed.p, packed.n);
	uint8_t *at;

	/* The two error values are above the limit too. */
	if (n == 0 || n > CHUNK_PLAIN_BYTES_MAX ||
	    ZSTD_findFrameCompressedSize(packed.p, packed.n) != packed.n)
		return damaged(err);
	if (!s->unzip && !(s->unzip = ZSTD_createDCtx()))
		return err_nomem(err);
	buf_reset(&s->plain);
	if (buf_extend(&s->plain, (size_t)n, &at, err) < 0)
		return -1;
	if (ZSTD_decompressDCtx(s->unzip, at, (size_t)n, packed.p, packed.n) != n)
		return damaged(err);
	*plain = buf_span(&s->plain);
	return 0;
}

/* Take apart what was sealed. */
static int
read_inner(struct object_sealer *s, struct span *plain, struct err *err)
{
	struct span inner = buf_span(&s->inner);
	struct reader r = reader_of(inner);
	uint32_t n = read_u32(&r);
	uint8_t coding = read_u8(&r);

	*plain = read_span(&r, n);
	if (r.failed || n == 0 || pad_size(n) != inner.n - INNER_BYTES || !is_all_zero(r.left))
		return damaged(err);
	if (coding > CODING_ZSTD)
		return err_set(err, ERR_UNSUPPORTED, "a chunk with the unknown coding %u", coding);
	return coding == CODING_ZSTD ? unpack(s, plain, *plain, err) : 0;
}

int
object_open(struct object_sealer *s, struct span *plain, const struct object_keys *k,
	    enum chunk_class class, const struct hash32 *cid, struct span object, struct err *err)
{
	struct hash32 found;
	uint64_t epoch = 0;

	if (chunk_class_check((uint8_t) class, err) < 0 || object_check(object, &epoch, err) < 0)
		return -1;
	const struct seal_chunk_place place = place_of(k, epoch, class, cid);
	buf_reset(&s->inner);
	if (seal_open_chunk(&s->inner, k->psk, k->aek, &place, span_skip(object, HEAD_BYTES), err) <
		    0 ||
	    read_inner(s, plain, err) < 0 || object_cid(&found, k, class, *plain, err) < 0)
		return -1;
	return hash32_equal(&found, cid)
		       ? 0
		       : err_set(err, ERR_AUTH, "a chunk is not the one that was asked for");
}
