/* SPDX-License-Identifier: Apache-2.0 */
/* frame: one record of a batch as it travels; see batch.h. */
#include <stdlib.h>

#include "crypto/ds.h"
#include "format/batch.h"
#include "format/padding.h"

int
record_aad(struct buf *out, uint32_t i, const struct record_frame *f, struct err *err)
{
	return ds_encode(out,
			 DS(DS_REC, DS_NUM(i), DS_ID(f->folder.b), DS_ID(f->item.b),
			    DS_NUM(f->flags), DS_SPAN(f->refs)),
			 err);
}

void
record_leaf(struct hash32 *out, uint32_t i, const struct record_frame *f)
{
	ds_hash(out->b, DS(DS_LEAF, DS_NUM(i), DS_ID(f->folder.b), DS_ID(f->item.b),
			   DS_NUM(f->flags), DS_SPAN(f->refs), DS_SPAN(f->ciphertext)));
}

int
record_frame_append(struct buf *out, const struct record_frame *f, struct err *err)
{
	if (buf_append_id16(out, &f->folder, err) < 0 || buf_append_id16(out, &f->item, err) < 0 ||
	    buf_append_byte(out, f->flags, err) < 0 ||
	    buf_append_u32(out, record_n_refs(f), err) < 0 ||
	    buf_append_u32(out, (uint32_t)f->ciphertext.n, err) < 0 ||
	    buf_append(out, f->refs, err) < 0)
		return -1;
	return buf_append(out, f->ciphertext, err);
}

static int
compare_refs(const void *a, const void *b)
{
	const uint8_t *const *ra = a, *const *rb = b;

	return memcmp(*ra, *rb, CRYPTO_HASH_BYTES);
}

/* ERR_FORMAT if a ref is named twice. */
static int
check_refs(const struct record_frame *f, struct err *err)
{
	uint32_t n = record_n_refs(f);

	if (n < 2)
		return 0;
	AUTO(free) const uint8_t **sorted = malloc(n * sizeof *sorted);
	if (!sorted)
		return err_nomem(err);
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = f->refs.p + (size_t)i * CRYPTO_HASH_BYTES;
	qsort(sorted, n, sizeof *sorted, compare_refs);
	for (uint32_t i = 1; i < n; i++)
		if (compare_refs(&sorted[i - 1], &sorted[i]) == 0)
			return err_set(err, ERR_FORMAT, "a record names a chunk twice");
	return 0;
}

static int
check_sizes(uint8_t flags, uint32_t n_refs, uint32_t n_cipher, struct err *err)
{
	if (flags & ~RECORD_TOMBSTONE)
		return err_set(err, ERR_UNSUPPORTED, "a record has unknown flags (%u)", flags);
	if (n_refs > RECORD_REFS_MAX)
		return err_set(err, ERR_LIMIT, "a record of %u chunks, where %u are allowed",
			       n_refs, RECORD_REFS_MAX);
	if ((flags & RECORD_TOMBSTONE) && n_refs > 0)
		return err_set(err, ERR_FORMAT, "a tombstone names chunks");
	if (n_cipher > RECORD_CIPHER_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a record of %u bytes, where %u are allowed",
			       n_cipher, RECORD_CIPHER_BYTES_MAX);
	if (n_cipher < CRYPTO_TAG_BYTES || !is_padded_size(n_cipher - CRYPTO_TAG_BYTES))
		return err_set(err, ERR_FORMAT, "a record of %u bytes is not padded", n_cipher);
	return 0;
}

int
record_frame_decode(struct record_frame *out, struct span in, size_t *n, struct err *err)
{
	struct reader r = reader_of(in);

	*n = RECORD_FRAME_BYTES_MIN;
	if (in.n < *n)
		return FEED_MORE;
	out->folder = read_id16(&r);
	out->item = read_id16(&r);
	out->flags = read_u8(&r);
	uint32_t n_refs = read_u32(&r), n_cipher = read_u32(&r);
	if (check_sizes(out->flags, n_refs, n_cipher, err) < 0)
		return -1;
	*n += (size_t)n_refs * CRYPTO_HASH_BYTES + n_cipher;
	if (in.n < *n)
		return FEED_MORE;
	out->refs = read_span(&r, (size_t)n_refs * CRYPTO_HASH_BYTES);
	out->ciphertext = read_span(&r, n_cipher);
	return check_refs(out, err);
}
