/* SPDX-License-Identifier: Apache-2.0 */
/* account: bodies about accounts: making one, logging in, wraps and the log; see wire.h. */
#include "wire/wire_internal.h"

int
wire_account_encode(struct buf *out, const struct wire_account *a, struct err *err)
{
	if (buf_append_id16(out, &a->invitation, err) < 0 ||
	    append_bytes32(out, a->create_entry, err) < 0 ||
	    append_bytes32(out, a->add_device_entry, err) < 0 ||
	    append_bytes32(out, a->passphrase_wrap, err) < 0)
		return -1;
	return append_bytes32(out, a->recovery_wrap, err);
}

int
wire_account_decode(struct wire_account *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->invitation = read_id16(&r);
	out->create_entry = read_bytes32(&r, LOG_ENTRY_BYTES_MAX);
	out->add_device_entry = read_bytes32(&r, LOG_ENTRY_BYTES_MAX);
	out->passphrase_wrap = read_bytes32(&r, WIRE_WRAP_BYTES_MAX);
	out->recovery_wrap = read_bytes32(&r, WIRE_WRAP_BYTES_MAX);
	return reader_done(&r, "the account to be made", err);
}

static bool
is_login_kind(uint8_t kind)
{
	return kind == LOGIN_PASSPHRASE || kind == LOGIN_RECOVERY || kind == LOGIN_DEVICE;
}

/* A device is named if and only if it is one that logs in. */
static bool
device_fits(uint8_t kind, const struct id16 *device)
{
	return (kind == LOGIN_DEVICE) != id16_is_zero(device);
}

int
wire_login_start_encode(struct buf *out, const struct wire_login_start *a, struct err *err)
{
	if (buf_append_byte(out, (uint8_t)a->by, err) < 0 ||
	    buf_append_byte(out, (uint8_t)a->kind, err) < 0 ||
	    buf_append_id16(out, &a->id, err) < 0)
		return -1;
	return buf_append_id16(out, &a->device, err);
}

int
wire_login_start_decode(struct wire_login_start *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);
	uint8_t by = read_u8(&r), kind = read_u8(&r);

	out->id = read_id16(&r);
	out->device = read_id16(&r);
	if (reader_done(&r, "a login", err) < 0)
		return -1;
	if (by > WIRE_BY_RECOVERY_FIND || !is_login_kind(kind) ||
	    (by == WIRE_BY_RECOVERY_FIND && kind != LOGIN_RECOVERY) ||
	    !device_fits(kind, &out->device))
		return bad_body("a login", err);
	out->by = by;
	out->kind = kind;
	return 0;
}

int
wire_login_challenge_encode(struct buf *out, const struct wire_login_challenge *a, struct err *err)
{
	if (buf_append_id16(out, &a->account, err) < 0 ||
	    buf_append(out, SPAN_ARRAY(a->challenge), err) < 0 ||
	    buf_append_u32(out, a->passes, err) < 0 || buf_append_u32(out, a->memory_kib, err) < 0)
		return -1;
	return buf_append(out, SPAN_ARRAY(a->salt), err);
}

int
wire_login_challenge_decode(struct wire_login_challenge *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->account = read_id16(&r);
	read_bytes(&r, out->challenge, sizeof out->challenge);
	out->passes = read_u32(&r);
	out->memory_kib = read_u32(&r);
	read_bytes(&r, out->salt, sizeof out->salt);
	return reader_done(&r, "a login's challenge", err);
}

int
wire_login_finish_encode(struct buf *out, const struct wire_login_finish *a, struct err *err)
{
	if (buf_append(out, SPAN_ARRAY(a->auth.account), err) < 0 ||
	    buf_append_byte(out, (uint8_t)a->auth.kind, err) < 0 ||
	    buf_append(out, SPAN_ARRAY(a->auth.device), err) < 0 ||
	    buf_append_byte(out, (uint8_t)a->auth.scope, err) < 0 ||
	    buf_append(out, SPAN_ARRAY(a->auth.challenge), err) < 0 ||
	    buf_append_u64(out, a->auth.expires_unix_s, err) < 0)
		return -1;
	return buf_append(out, SPAN_ARRAY(a->signature), err);
}

int
wire_login_finish_decode(struct wire_login_finish *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);
	struct id16 device;

	*out = (struct wire_login_finish){ 0 };
	read_bytes(&r, out->auth.account, sizeof out->auth.account);
	uint8_t kind = read_u8(&r);
	device = read_id16(&r);
	uint8_t scope = read_u8(&r);
	read_bytes(&r, out->auth.challenge, sizeof out->auth.challenge);
	out->auth.expires_unix_s = read_u64(&r);
	read_bytes(&r, out->signature, sizeof out->signature);
	if (reader_done(&r, "a login's signature", err) < 0)
		return -1;
	if (!is_login_kind(kind) || !device_fits(kind, &device) ||
	    (scope != LOGIN_PUT && scope != LOGIN_GET))
		return bad_body("a login's signature", err);
	memcpy(out->auth.device, device.b, sizeof out->auth.device);
	out->auth.kind = kind;
	out->auth.scope = scope;
	return 0;
}

int
wire_token_encode(struct buf *out, const struct wire_token *t, struct err *err)
{
	if (buf_append(out, SPAN_ARRAY(t->token), err) < 0)
		return -1;
	return buf_append_u64(out, t->valid_until_unix_ms, err);
}

int
wire_token_decode(struct wire_token *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	read_bytes(&r, out->token, sizeof out->token);
	out->valid_until_unix_ms = read_u64(&r);
	return reader_done(&r, "a token", err);
}

int
wire_wraps_encode(struct buf *out, const struct wire_wraps *w, struct err *err)
{
	if (append_bytes32(out, w->passphrase_wrap, err) < 0)
		return -1;
	return append_bytes32(out, w->recovery_wrap, err);
}

static void
read_wraps(struct reader *r, struct wire_wraps *w)
{
	w->passphrase_wrap = read_bytes32(r, WIRE_WRAP_BYTES_MAX);
	w->recovery_wrap = read_bytes32(r, WIRE_WRAP_BYTES_MAX);
}

int
wire_wraps_decode(struct wire_wraps *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	read_wraps(&r, out);
	return reader_done(&r, "the wraps", err);
}

int
wire_log_append(struct buf *out, struct span entry, struct err *err)
{
	return append_bytes32(out, entry, err);
}

int
wire_log_next(struct span *entry, struct span *in, struct err *err)
{
	struct reader r = reader_of(*in);

	if (in->n == 0)
		return WIRE_END;
	*entry = read_bytes32(&r, LOG_ENTRY_BYTES_MAX);
	if (r.failed)
		return bad_body("the account log", err);
	*in = r.left;
	return 0;
}

int
wire_log_post_encode(struct buf *out, const struct wire_log_post *p, struct err *err)
{
	if (buf_append_byte(out, p->n_entries, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n_entries && i < WIRE_LOG_ENTRIES_MAX; i++)
		if (append_bytes32(out, p->entries[i], err) < 0)
			return -1;
	return wire_wraps_encode(out, &p->wraps, err);
}

int
wire_log_post_decode(struct wire_log_post *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	out->n_entries = read_u8(&r);
	if (out->n_entries == 0 || out->n_entries > WIRE_LOG_ENTRIES_MAX)
		return bad_body("new log entries", err);
	for (size_t i = 0; i < out->n_entries; i++)
		out->entries[i] = read_bytes32(&r, LOG_ENTRY_BYTES_MAX);
	read_wraps(&r, &out->wraps);
	return reader_done(&r, "new log entries", err);
}
