/* SPDX-License-Identifier: Apache-2.0 */
/* beat: the heartbeat, and what a server tells a device of the others; see wire.h. */
#include <sodium.h>

#include "wire/wire_internal.h"

static int
append_beat(struct buf *out, const struct wire_beat *b, struct err *err)
{
	if (buf_append_id16(out, &b->account, err) < 0 ||
	    buf_append_id16(out, &b->device, err) < 0 ||
	    buf_append_u64(out, b->client_unix_ms, err) < 0 ||
	    buf_append_u32(out, b->expect_s, err) < 0 ||
	    buf_append_byte(out, (uint8_t)b->drill, err) < 0)
		return -1;
	return buf_append_u64(out, b->drill_unix_ms, err);
}

static struct login_request
beat_request(const struct wire_beat *b, const uint8_t spki_hash[static CRYPTO_HASH_BYTES])
{
	struct login_request q = { .kind = LOGIN_BEAT, .client_unix_ms = b->client_unix_ms };

	memcpy(q.account, b->account.b, sizeof q.account);
	memcpy(q.device, b->device.b, sizeof q.device);
	memcpy(q.spki_hash, spki_hash, sizeof q.spki_hash);
	return q;
}

int
wire_beat_sign(struct buf *out, const struct wire_beat *b, const struct sign_key *dsk,
	       const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err)
{
	struct login_request q = beat_request(b, spki_hash);
	uint8_t signature[CRYPTO_SIGNATURE_BYTES];
	size_t from = out->n;

	if (append_beat(out, b, err) < 0 ||
	    login_request_sign(signature, dsk, &q, span_skip(buf_span(out), from), err) < 0)
		return -1;
	return buf_append(out, SPAN_ARRAY(signature), err);
}

int
wire_beat_decode(struct wire_beat *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->account = read_id16(&r);
	out->device = read_id16(&r);
	out->client_unix_ms = read_u64(&r);
	out->expect_s = read_u32(&r);
	uint8_t drill = read_u8(&r);
	out->drill_unix_ms = read_u64(&r);
	read_bytes(&r, out->signature, sizeof out->signature);
	if (reader_done(&r, "a heartbeat", err) < 0)
		return -1;
	if (drill > WIRE_DRILL_FAILED || out->drill_unix_ms > INT64_MAX ||
	    (out->expect_s &&
	     (out->expect_s < WIRE_EXPECT_S_MIN || out->expect_s > WIRE_EXPECT_S_MAX)))
		return bad_body("a heartbeat", err);
	out->drill = (enum wire_drill)drill;
	return 0;
}

int
wire_beat_verify(const struct wire_beat *b, struct span in,
		 const uint8_t dsk_public[static CRYPTO_PUBLIC_BYTES],
		 const uint8_t spki_hash[static CRYPTO_HASH_BYTES], struct err *err)
{
	struct login_request q = beat_request(b, spki_hash);
	struct span body = span_of(in.p, in.n - CRYPTO_SIGNATURE_BYTES);

	return login_request_verify(b->signature, dsk_public, &q, body, err);
}

int
wire_beat_answer_encode(struct buf *out, const struct wire_beat_answer *a, struct err *err)
{
	if (buf_append_u64(out, a->server_unix_ms, err) < 0 ||
	    buf_append_u64(out, a->log_length, err) < 0 || buf_append_u64(out, a->seq, err) < 0)
		return -1;
	return buf_append_hash32(out, &a->head, err);
}

int
wire_beat_answer_decode(struct wire_beat_answer *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->server_unix_ms = read_u64(&r);
	out->log_length = read_u64(&r);
	out->seq = read_u64(&r);
	out->head = read_hash32(&r);
	return reader_done(&r, "the answer to a heartbeat", err);
}

/* --- notices --- */

int
wire_notices_encode(struct buf *out, const struct wire_notices *n, struct err *err)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct wire_notice *at = &n->at[i];

		if (buf_append_u64(out, at->id, err) < 0 ||
		    buf_append_byte(out, (uint8_t)at->kind, err) < 0 ||
		    buf_append_id16(out, &at->device, err) < 0 ||
		    buf_append_u64(out, at->since_unix_ms, err) < 0 ||
		    buf_append_u32(out, at->number, err) < 0)
			return -1;
	}
	return 0;
}

int
wire_notices_decode(struct wire_notices *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->n = 0;
	if (in.n % WIRE_NOTICE_BYTES || in.n / WIRE_NOTICE_BYTES > WIRE_NOTICES_MAX)
		return bad_body("a list of notices", err);
	for (size_t left = in.n / WIRE_NOTICE_BYTES; left > 0; left--) {
		struct wire_notice *at = &out->at[out->n];

		at->id = read_u64(&r);
		uint8_t kind = read_u8(&r);
		at->device = read_id16(&r);
		at->since_unix_ms = read_u64(&r);
		at->number = read_u32(&r);
		/* Of a later server there may be kinds that this program does not know. */
		if (kind < WIRE_NOTICE_SILENCE || kind > WIRE_NOTICE_HOLD ||
		    at->since_unix_ms > INT64_MAX)
			continue;
		at->kind = (enum wire_notice_kind)kind;
		out->n++;
	}
	return reader_done(&r, "a list of notices", err);
}

int
wire_notices_print(struct buf *out, const struct wire_notices *n, struct err *err)
{
	uint8_t bytes[WIRE_NOTICES_MAX * WIRE_NOTICE_BYTES];
	char text[WIRE_NOTICES_TEXT_BYTES];
	AUTO(buf_clear) struct buf b = BUF_INIT(sizeof bytes);

	if (wire_notices_encode(&b, n, err) < 0)
		return -1;
	sodium_bin2base64(text, sizeof text, b.p, b.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return buf_append_str(out, text, err);
}

int
wire_notices_parse(struct wire_notices *out, struct span text, struct err *err)
{
	uint8_t bytes[WIRE_NOTICES_MAX * WIRE_NOTICE_BYTES];
	size_t n = 0;
	const char *end = NULL;

	out->n = 0;
	if (sodium_base642bin(bytes, sizeof bytes, (const char *)text.p, text.n, NULL, &n, &end,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
	    end != (const char *)text.p + text.n)
		return bad_body("a list of notices", err);
	return wire_notices_decode(out, span_of(bytes, n), err);
}
