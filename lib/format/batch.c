/* SPDX-License-Identifier: Apache-2.0 */
/* batch: see batch.h.  The prefix: header, what is signed, and the signature over the commit. */
#include "format/batch.h"

#include "crypto/ds.h"
#include "format/padding.h"

static const uint8_t magic[4] = { 'C', 'B', 'B', '1' };

/* Up to the heads. */
void
batch_header_encode(uint8_t out[static BATCH_HEADER_BYTES], const struct batch_header *h)
{
	memset(out, 0, BATCH_HEADER_BYTES);
	memcpy(out, magic, sizeof magic);
	out[4] = CRYPTO_SUITE;
	out[5] = (uint8_t)h->kind;
	memcpy(out + 8, h->account.b, 16);
	memcpy(out + 24, h->device.b, 16);
	put_u64(out + 40, h->epoch);
	put_u64(out + 48, h->seq);
	memcpy(out + 56, h->previous_head.b, 32);
	memcpy(out + 88, h->lost_head.b, 32);
	put_u64(out + 120, h->lost_seq);
	memcpy(out + 128, h->e_public, 32);
	put_u64(out + 160, h->log_length);
	memcpy(out + 168, h->log_head.b, 32);
	put_u64(out + 200, h->client_unix_ms);
}

static void
header_fields(struct batch_header *h, const uint8_t in[static BATCH_HEADER_BYTES])
{
	h->kind = in[5];
	memcpy(h->account.b, in + 8, 16);
	memcpy(h->device.b, in + 24, 16);
	h->epoch = get_u64(in + 40);
	h->seq = get_u64(in + 48);
	memcpy(h->previous_head.b, in + 56, 32);
	memcpy(h->lost_head.b, in + 88, 32);
	h->lost_seq = get_u64(in + 120);
	memcpy(h->e_public, in + 128, 32);
	h->log_length = get_u64(in + 160);
	memcpy(h->log_head.b, in + 168, 32);
	h->client_unix_ms = get_u64(in + 200);
}

int
batch_header_decode(struct batch_header *out, const uint8_t in[static BATCH_HEADER_BYTES],
		    struct err *err)
{
	if (memcmp(in, magic, sizeof magic) != 0)
		return err_set(err, ERR_FORMAT, "these bytes are no batch");
	if (crypto_suite_check(in[4], "batch", err) < 0)
		return -1;
	if (in[5] > BATCH_REJOIN)
		return err_set(err, ERR_UNSUPPORTED, "batch of the unknown kind %u", in[5]);
	if (in[6] || in[7])
		return err_set(err, ERR_FORMAT, "batch header: bytes that must be zero are not");

	header_fields(out, in);
	if (out->seq == 0)
		return err_set(err, ERR_FORMAT, "batch header: sequence number 0");
	bool lost = out->lost_seq != 0 || !hash32_is_zero(&out->lost_head);
	if (out->kind == BATCH_BACKUP && lost)
		return err_set(err, ERR_FORMAT, "batch header: a backup names a lost head");
	if (out->kind == BATCH_REJOIN && out->seq - 1 != out->lost_seq)
		return err_set(err, ERR_FORMAT,
			       "batch header: a rejoin does not follow its lost head");
	return 0;
}

size_t
batch_prefix_bytes(const struct batch_prefix *p)
{
	return BATCH_PREFIX_BYTES_MIN + (size_t)p->n_heads * BATCH_HEAD_BYTES;
}

static int
append_heads(struct buf *out, const struct batch_prefix *p, struct err *err)
{
	for (size_t i = 0; i < p->n_heads; i++)
		if (buf_append_id16(out, &p->heads[i].device, err) < 0 ||
		    buf_append_u64(out, p->heads[i].seq, err) < 0 ||
		    buf_append_hash32(out, &p->heads[i].head, err) < 0)
			return -1;
	return 0;
}

int
batch_prefix_encode(struct buf *out, const struct batch_prefix *p, struct err *err)
{
	uint8_t header[BATCH_HEADER_BYTES];

	if (p->n_heads > BATCH_HEADS_MAX)
		return err_set(err, ERR_LIMIT, "heads of %u other devices in one batch",
			       p->n_heads);
	batch_header_encode(header, &p->header);
	if (buf_append(out, SPAN_ARRAY(header), err) < 0 ||
	    buf_append_u32(out, p->n_records, err) < 0 ||
	    buf_append_hash32(out, &p->records_root, err) < 0 ||
	    buf_append_hash32(out, &p->state_root, err) < 0 ||
	    buf_append_u16(out, p->n_heads, err) < 0 || append_heads(out, p, err) < 0)
		return -1;
	return buf_append(out, SPAN_ARRAY(p->signature), err);
}

static int
read_heads(struct batch_prefix *out, struct reader *r, struct err *err)
{
	for (size_t i = 0; i < out->n_heads; i++) {
		struct device_head *h = &out->heads[i];

		h->device = read_id16(r);
		h->seq = read_u64(r);
		h->head = read_hash32(r);
		if (i > 0 && id16_compare(&out->heads[i - 1].device, &h->device) >= 0)
			return err_set(err, ERR_FORMAT, "batch prefix: heads are not in order");
		if (id16_equal(&h->device, &out->header.device))
			return err_set(err, ERR_FORMAT, "batch prefix: a device names itself");
	}
	return 0;
}

static int
check_n_records(const struct batch_prefix *p, struct err *err)
{
	if (p->n_records > BATCH_RECORDS_MAX)
		return err_set(err, ERR_LIMIT, "a batch of %u records, where %u are allowed",
			       p->n_records, BATCH_RECORDS_MAX);
	if ((p->n_records == 0) != (p->header.kind == BATCH_REJOIN))
		return err_set(err, ERR_FORMAT,
			       "batch prefix: a backup without or a rejoin with records");
	return 0;
}

int
batch_prefix_decode(struct batch_prefix *out, struct span in, size_t *n, struct err *err)
{
	struct reader r = reader_of(in);

	*n = BATCH_PREFIX_BYTES_MIN;
	if (in.n < *n)
		return FEED_MORE;
	if (batch_header_decode(&out->header, read_span(&r, BATCH_HEADER_BYTES).p, err) < 0)
		return -1;
	out->n_records = read_u32(&r);
	out->records_root = read_hash32(&r);
	out->state_root = read_hash32(&r);
	out->n_heads = read_u16(&r);
	if (check_n_records(out, err) < 0)
		return -1;
	if (out->n_heads > BATCH_HEADS_MAX)
		return err_set(err, ERR_LIMIT, "heads of %u other devices in one batch",
			       out->n_heads);
	*n = batch_prefix_bytes(out);
	if (in.n < *n)
		return FEED_MORE;
	if (read_heads(out, &r, err) < 0)
		return -1;
	read_bytes(&r, out->signature, sizeof out->signature);
	return 0;
}

/* What the commit is made of, and room for it. */
struct commit {
	uint8_t header[BATCH_HEADER_BYTES];
	uint8_t heads[BATCH_HEADS_MAX * BATCH_HEAD_BYTES];
	size_t n_heads; /* bytes */
};

static int
commit_fill(struct commit *c, const struct batch_prefix *p, struct err *err)
{
	AUTO(buf_clear) struct buf heads = BUF_INIT(sizeof c->heads);

	if (append_heads(&heads, p, err) < 0)
		return -1;
	batch_header_encode(c->header, &p->header);
	c->n_heads = heads.n;
	if (heads.n)
		memcpy(c->heads, heads.p, heads.n);
	return 0;
}

#define COMMIT_DS(c, p)                                                                            \
	DS(DS_COMMIT, DS_BYTES((c)->header, BATCH_HEADER_BYTES), DS_NUM((p)->n_records),           \
	   DS_HASH32((p)->records_root.b), DS_HASH32((p)->state_root.b),                           \
	   DS_BYTES((c)->heads, (c)->n_heads))

int
batch_sign(struct batch_prefix *p, const struct sign_key *dsk, struct err *err)
{
	struct commit c;

	if (commit_fill(&c, p, err) < 0)
		return -1;
	return sign_message(p->signature, dsk, COMMIT_DS(&c, p), err);
}

int
batch_verify(const struct batch_prefix *p, const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES],
	     struct err *err)
{
	struct commit c;

	if (commit_fill(&c, p, err) < 0)
		return -1;
	if (sign_verify(p->signature, dsk_public, COMMIT_DS(&c, p), err) < 0)
		return err_wrap(err, "batch %llu", (unsigned long long)p->header.seq);
	return 0;
}

int
batch_head(struct hash32 *out, const struct batch_prefix *p, struct err *err)
{
	AUTO(buf_clear) struct buf commit = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	struct commit c;

	if (commit_fill(&c, p, err) < 0 || ds_encode(&commit, COMMIT_DS(&c, p), err) < 0)
		return -1;
	ds_hash(out->b, DS(DS_HEAD, DS_SPAN(buf_span(&commit)),
			   DS_BYTES(p->signature, CRYPTO_SIGNATURE_BYTES)));
	return 0;
}
