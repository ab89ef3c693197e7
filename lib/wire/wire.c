/* SPDX-License-Identifier: Apache-2.0 */
/* wire: parts of bodies, and the small bodies: heads, have, batches; see wire.h. */
#include "wire/wire.h"

#include <stdlib.h>

#include "base/array.h"
#include "wire/wire_internal.h"

int
append_bytes32(struct buf *out, struct span s, struct err *err)
{
	if (buf_append_u32(out, (uint32_t)s.n, err) < 0)
		return -1;
	return buf_append(out, s, err);
}

struct span
read_bytes32(struct reader *r, size_t max)
{
	uint32_t n = read_u32(r);

	if (n > max)
		r->failed = true;
	return read_span(r, n);
}

int
bad_body(const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "%s is not well formed", what);
}

int
wire_log_state_encode(struct buf *out, const struct wire_log_state *s, struct err *err)
{
	if (buf_append_u64(out, s->length, err) < 0 || buf_append_hash32(out, &s->head, err) < 0)
		return -1;
	return buf_append_u64(out, s->server_unix_ms, err);
}

void
read_log_state(struct reader *r, struct wire_log_state *s)
{
	s->length = read_u64(r);
	s->head = read_hash32(r);
	s->server_unix_ms = read_u64(r);
}

int
wire_log_state_decode(struct wire_log_state *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	read_log_state(&r, out);
	return reader_done(&r, "log state", err);
}

int
append_device_heads(struct buf *out, const struct device_head *h, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (buf_append_id16(out, &h[i].device, err) < 0 ||
		    buf_append_u64(out, h[i].seq, err) < 0 ||
		    buf_append_hash32(out, &h[i].head, err) < 0)
			return -1;
	return 0;
}

void
wire_heads_clear(struct wire_heads *h)
{
	free(h->devices);
	*h = (struct wire_heads){ 0 };
}

int
wire_heads_add(struct wire_heads *h, const struct wire_device *d, struct err *err)
{
	if (array_reserve((void **)&h->devices, &h->cap_devices, h->n_devices + 1,
			  sizeof *h->devices, WIRE_DEVICES_MAX, err) < 0)
		return -1;
	h->devices[h->n_devices++] = *d;
	return 0;
}

static int
append_device(struct buf *out, const struct wire_device *d, struct err *err)
{
	if (buf_append_id16(out, &d->device, err) < 0 ||
	    buf_append_byte(out, (uint8_t)d->state, err) < 0 ||
	    buf_append_u64(out, d->seq, err) < 0 || buf_append_hash32(out, &d->head, err) < 0 ||
	    buf_append_u64(out, d->client_unix_ms, err) < 0 ||
	    buf_append_u64(out, d->last_seen_unix_ms, err) < 0)
		return -1;
	return buf_append_u64(out, d->n_live, err);
}

int
wire_heads_encode(struct buf *out, const struct wire_heads *h, struct err *err)
{
	if (wire_log_state_encode(out, &h->log, err) < 0 ||
	    buf_append_u16(out, (uint16_t)h->n_devices, err) < 0)
		return -1;
	for (size_t i = 0; i < h->n_devices; i++)
		if (append_device(out, &h->devices[i], err) < 0)
			return -1;
	return 0;
}

static int
read_device(struct reader *r, struct wire_device *d)
{
	d->device = read_id16(r);
	uint8_t state = read_u8(r);
	d->state = state;
	d->seq = read_u64(r);
	d->head = read_hash32(r);
	d->client_unix_ms = read_u64(r);
	d->last_seen_unix_ms = read_u64(r);
	d->n_live = read_u64(r);
	return r->failed || state > DEVICE_SUSPENDED ? -1 : 0;
}

int
wire_heads_decode(struct wire_heads *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	wire_heads_clear(out);
	read_log_state(&r, &out->log);
	for (size_t left = read_u16(&r); left > 0; left--) {
		struct wire_device d;

		if (read_device(&r, &d) < 0)
			return bad_body("the list of heads", err);
		if (wire_heads_add(out, &d, err) < 0)
			return -1;
	}
	return reader_done(&r, "the list of heads", err);
}

static int
append_have(struct buf *out, const struct wire_have *h, struct err *err)
{
	if (buf_append_id16(out, &h->account, err) < 0 ||
	    buf_append_id16(out, &h->device, err) < 0 ||
	    buf_append_u64(out, h->client_unix_ms, err) < 0 || buf_append_u32(out, h->n, err) < 0)
		return -1;
	return buf_append(out, h->cids, err);
}

static struct login_request
have_request(const struct wire_have *h, const uint8_t spki_hash[static CRYPTO_HASH_BYTES])
{
	struct login_request q = { .kind = LOGIN_HAVE, .client_unix_ms = h->client_unix_ms };

	memcpy(q.account, h->account.b, sizeof q.account);
	memcpy(q.device, h->device.b, sizeof q.device);
	memcpy(q.spki_hash, spki_hash, sizeof q.spki_hash);
	return q;
}

int
wire_have_sign(struct buf *out, const struct wire_have *h, const struct sign_key *dsk,
	       const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err)
{
	struct login_request q = have_request(h, spki_hash);
	uint8_t signature[CRYPTO_SIGNATURE_BYTES];
	size_t from = out->n;

	if (append_have(out, h, err) < 0 ||
	    login_request_sign(signature, dsk, &q, span_skip(buf_span(out), from), err) < 0)
		return -1;
	return buf_append(out, SPAN_ARRAY(signature), err);
}

int
wire_have_decode(struct wire_have *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->account = read_id16(&r);
	out->device = read_id16(&r);
	out->client_unix_ms = read_u64(&r);
	out->n = read_u32(&r);
	if (out->n > WIRE_HAVE_MAX)
		return bad_body("a question for chunks", err);
	out->cids = read_span(&r, (size_t)out->n * CRYPTO_HASH_BYTES);
	read_bytes(&r, out->signature, sizeof out->signature);
	return reader_done(&r, "a question for chunks", err);
}

int
wire_have_verify(const struct wire_have *h, struct span in,
		 const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES],
		 const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err)
{
	struct login_request q = have_request(h, spki_hash);
	struct span body = span_of(in.p, in.n - CRYPTO_SIGNATURE_BYTES);

	return login_request_verify(h->signature, dsk_public, &q, body, err);
}

/* Whether the bits past the @n-th are zero. */
static bool
bitmap_ends(struct span bitmap, uint32_t n)
{
	return n % 8 == 0 || (bitmap.n > 0 && bitmap.p[bitmap.n - 1] >> (n % 8) == 0);
}

int
wire_have_answer_encode(struct buf *out, const struct wire_have_answer *a, struct err *err)
{
	if (buf_append(out, SPAN_ARRAY(a->token), err) < 0 ||
	    buf_append_u64(out, a->seq, err) < 0 || buf_append(out, SPAN_ARRAY(a->head.b), err) < 0)
		return -1;
	return buf_append(out, a->bitmap, err);
}

int
wire_have_answer_decode(struct wire_have_answer *out, uint32_t n, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	read_bytes(&r, out->token, sizeof out->token);
	out->seq = read_u64(&r);
	read_bytes(&r, out->head.b, sizeof out->head.b);
	out->bitmap = read_span(&r, WIRE_BITMAP_BYTES(n));
	if (reader_done(&r, "the answer about chunks", err) < 0)
		return -1;
	return bitmap_ends(out->bitmap, n) ? 0 : bad_body("the answer about chunks", err);
}

int
wire_chunks_answer_encode(struct buf *out, const struct wire_chunks_answer *a, struct err *err)
{
	if (buf_append_u32(out, a->n, err) < 0)
		return -1;
	return buf_append(out, a->bitmap, err);
}

int
wire_chunks_answer_decode(struct wire_chunks_answer *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->n = read_u32(&r);
	out->bitmap = read_span(&r, WIRE_BITMAP_BYTES(out->n));
	if (reader_done(&r, "the answer to an upload", err) < 0)
		return -1;
	return bitmap_ends(out->bitmap, out->n) ? 0 : bad_body("the answer to an upload", err);
}

int
wire_batch_answer_encode(struct buf *out, const struct wire_batch_answer *a, struct err *err)
{
	if (buf_append_u64(out, a->seq, err) < 0 || buf_append_hash32(out, &a->head, err) < 0 ||
	    buf_append_u64(out, a->server_unix_ms, err) < 0 ||
	    buf_append_u64(out, a->log_length, err) < 0 || buf_append_u16(out, a->n_heads, err) < 0)
		return -1;
	return append_device_heads(out, a->heads, a->n_heads, err);
}

int
wire_batch_answer_decode(struct wire_batch_answer *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->seq = read_u64(&r);
	out->head = read_hash32(&r);
	out->server_unix_ms = read_u64(&r);
	out->log_length = read_u64(&r);
	out->n_heads = read_u16(&r);
	if (out->n_heads > BATCH_HEADS_MAX)
		return bad_body("the answer to a batch", err);
	for (size_t i = 0; i < out->n_heads; i++) {
		out->heads[i].device = read_id16(&r);
		out->heads[i].seq = read_u64(&r);
		out->heads[i].head = read_hash32(&r);
	}
	return reader_done(&r, "the answer to a batch", err);
}
