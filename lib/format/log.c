/* SPDX-License-Identifier: Apache-2.0 */
/* log: entries of the account log as bytes; see log.h.  log_state.c believes them. */
#include "format/log.h"

#include "crypto/ds.h"

static const uint8_t magic[4] = { 'C', 'B', 'L', '1' };

const char *
log_type_name(enum log_type type)
{
	static const char *const names[] = {
		[LOG_CREATE] = "create",
		[LOG_ADD_DEVICE] = "add_device",
		[LOG_REVOKE] = "revoke",
		[LOG_RETIRE_DEVICE] = "retire_device",
		[LOG_REPLACE_DEVICE] = "replace_device",
		[LOG_ROTATE] = "rotate",
		[LOG_SET_POLICY] = "set_policy",
		[LOG_SET_SERVER] = "set_server",
		[LOG_REWRAP] = "rewrap",
		[LOG_DELETE_ACCOUNT] = "delete_account",
	};

	return type < LOG_CREATE || type > LOG_DELETE_ACCOUNT ? "unknown" : names[type];
}

void
log_wrap_hash(struct hash32 *out, struct span wrap)
{
	ds_hash(out->b, DS(DS_WRAP_HASH, DS_SPAN(wrap)));
}

void
log_entry_hash(struct hash32 *out, struct span bytes)
{
	ds_hash(out->b, DS(DS_LOG_ENTRY, DS_SPAN(bytes)));
}

/* Members of bodies.  `append` of each follows its `read`, so that they can be compared. */

static void
read_credentials(struct reader *r, struct log_credentials *c)
{
	read_bytes(r, c->passphrase_login, sizeof c->passphrase_login);
	read_bytes(r, c->recovery_login, sizeof c->recovery_login);
	c->recovery_find = read_id16(r);
	c->passphrase_wrap_hash = read_hash32(r);
	c->recovery_wrap_hash = read_hash32(r);
}

static int
append_credentials(struct buf *b, const struct log_credentials *c, struct err *err)
{
	if (buf_append(b, SPAN_ARRAY(c->passphrase_login), err) < 0 ||
	    buf_append(b, SPAN_ARRAY(c->recovery_login), err) < 0 ||
	    buf_append_id16(b, &c->recovery_find, err) < 0 ||
	    buf_append_hash32(b, &c->passphrase_wrap_hash, err) < 0)
		return -1;
	return buf_append_hash32(b, &c->recovery_wrap_hash, err);
}

/* A length of two bytes and so many, at most @max. */
static struct span
read_sized(struct reader *r, size_t max)
{
	size_t n = read_u16(r);

	if (n > max)
		r->failed = true;
	return read_span(r, n);
}

static int
append_sized(struct buf *b, struct span s, size_t max, struct err *err)
{
	if (s.n > max)
		return err_set(err, ERR_LIMIT, "%zu bytes in a log entry, where %zu are allowed",
			       s.n, max);
	if (buf_append_u16(b, (uint16_t)s.n, err) < 0)
		return -1;
	return buf_append(b, s, err);
}

/* Bodies, by type. */

static void
read_create(struct reader *r, struct log_entry *e)
{
	read_bytes(r, e->ask_public, sizeof e->ask_public);
	read_bytes(r, e->aek_public, sizeof e->aek_public);
	e->psk_check = read_hash32(r);
	read_credentials(r, &e->credentials);
	e->retention_days = read_u32(r);
}

static int
append_create(struct buf *b, const struct log_entry *e, struct err *err)
{
	if (buf_append(b, SPAN_ARRAY(e->ask_public), err) < 0 ||
	    buf_append(b, SPAN_ARRAY(e->aek_public), err) < 0 ||
	    buf_append_hash32(b, &e->psk_check, err) < 0 ||
	    append_credentials(b, &e->credentials, err) < 0)
		return -1;
	return buf_append_u32(b, e->retention_days, err);
}

static void
read_add_device(struct reader *r, struct log_entry *e)
{
	e->device = read_id16(r);
	read_bytes(r, e->dsk_public, sizeof e->dsk_public);
	read_bytes(r, e->aek_public, sizeof e->aek_public);
	e->psk_check = read_hash32(r);
	e->d_check = read_hash32(r);
	e->name_box = read_sized(r, LOG_NAME_BYTES_MAX);
	read_bytes(r, e->device_signature, sizeof e->device_signature);
}

static int
append_add_device(struct buf *b, const struct log_entry *e, struct err *err)
{
	if (buf_append_id16(b, &e->device, err) < 0 ||
	    buf_append(b, SPAN_ARRAY(e->dsk_public), err) < 0 ||
	    buf_append(b, SPAN_ARRAY(e->aek_public), err) < 0 ||
	    buf_append_hash32(b, &e->psk_check, err) < 0 ||
	    buf_append_hash32(b, &e->d_check, err) < 0 ||
	    append_sized(b, e->name_box, LOG_NAME_BYTES_MAX, err) < 0)
		return -1;
	return buf_append(b, SPAN_ARRAY(e->device_signature), err);
}

static void
read_trusted(struct reader *r, struct log_entry *e)
{
	e->trusted_seq = read_u64(r);
	e->trusted_head = read_hash32(r);
}

static int
append_trusted(struct buf *b, const struct log_entry *e, struct err *err)
{
	if (buf_append_u64(b, e->trusted_seq, err) < 0)
		return -1;
	return buf_append_hash32(b, &e->trusted_head, err);
}

static void
read_rotate(struct reader *r, struct log_entry *e)
{
	read_bytes(r, e->ask_public, sizeof e->ask_public);
	read_bytes(r, e->aek_public, sizeof e->aek_public);
	e->psk_check = read_hash32(r);
	read_credentials(r, &e->credentials);
	e->old_ars_box = read_sized(r, LOG_BOX_BYTES_MAX);
	e->n_rotated = read_u8(r);
	if (e->n_rotated > LOG_DEVICES_MAX)
		r->failed = true;
	for (uint32_t i = 0; i < e->n_rotated && !r->failed; i++) {
		e->rotated[i].device = read_id16(r);
		e->rotated[i].keys_box = read_sized(r, LOG_BOX_BYTES_MAX);
		e->rotated[i].name_box = read_sized(r, LOG_NAME_BYTES_MAX);
	}
	read_bytes(r, e->new_ask_signature, sizeof e->new_ask_signature);
}

static int
append_rotated(struct buf *b, const struct log_entry *e, struct err *err)
{
	if (e->n_rotated > LOG_DEVICES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d devices", LOG_DEVICES_MAX);
	if (buf_append_byte(b, (uint8_t)e->n_rotated, err) < 0)
		return -1;
	for (uint32_t i = 0; i < e->n_rotated; i++)
		if (buf_append_id16(b, &e->rotated[i].device, err) < 0 ||
		    append_sized(b, e->rotated[i].keys_box, LOG_BOX_BYTES_MAX, err) < 0 ||
		    append_sized(b, e->rotated[i].name_box, LOG_NAME_BYTES_MAX, err) < 0)
			return -1;
	return 0;
}

/* The new key's signature, zeros for now, stands last. */
static int
append_rotate(struct buf *b, const struct log_entry *e, struct err *err)
{
	static const uint8_t zeros[CRYPTO_SIGNATURE_BYTES];

	if (buf_append(b, SPAN_ARRAY(e->ask_public), err) < 0 ||
	    buf_append(b, SPAN_ARRAY(e->aek_public), err) < 0 ||
	    buf_append_hash32(b, &e->psk_check, err) < 0 ||
	    append_credentials(b, &e->credentials, err) < 0 ||
	    append_sized(b, e->old_ars_box, LOG_BOX_BYTES_MAX, err) < 0 ||
	    append_rotated(b, e, err) < 0)
		return -1;
	return buf_append(b, SPAN_ARRAY(zeros), err);
}

static void
read_body(struct reader *r, struct log_entry *e)
{
	switch (e->type) {
	case LOG_CREATE:
		read_create(r, e);
		break;
	case LOG_ADD_DEVICE:
		read_add_device(r, e);
		break;
	case LOG_REVOKE:
		e->device = read_id16(r);
		read_trusted(r, e);
		break;
	case LOG_RETIRE_DEVICE:
		e->device = read_id16(r);
		break;
	case LOG_REPLACE_DEVICE:
		e->device = read_id16(r);
		e->old_device = read_id16(r);
		read_trusted(r, e);
		break;
	case LOG_ROTATE:
		read_rotate(r, e);
		break;
	case LOG_SET_POLICY:
		e->retention_days = read_u32(r);
		e->policy_flags = read_u32(r);
		break;
	case LOG_SET_SERVER:
		e->url = read_sized(r, LOG_URL_BYTES_MAX);
		break;
	case LOG_REWRAP:
		read_credentials(r, &e->credentials);
		break;
	case LOG_DELETE_ACCOUNT:
		break;
	}
}

static int
append_body(struct buf *b, const struct log_entry *e, struct err *err)
{
	switch (e->type) {
	case LOG_CREATE:
		return append_create(b, e, err);
	case LOG_ADD_DEVICE:
		return append_add_device(b, e, err);
	case LOG_REVOKE:
		return buf_append_id16(b, &e->device, err) < 0 ? -1 : append_trusted(b, e, err);
	case LOG_RETIRE_DEVICE:
		return buf_append_id16(b, &e->device, err);
	case LOG_REPLACE_DEVICE:
		if (buf_append_id16(b, &e->device, err) < 0 ||
		    buf_append_id16(b, &e->old_device, err) < 0)
			return -1;
		return append_trusted(b, e, err);
	case LOG_ROTATE:
		return append_rotate(b, e, err);
	case LOG_SET_POLICY:
		if (buf_append_u32(b, e->retention_days, err) < 0)
			return -1;
		return buf_append_u32(b, e->policy_flags, err);
	case LOG_SET_SERVER:
		return append_sized(b, e->url, LOG_URL_BYTES_MAX, err);
	case LOG_REWRAP:
		return append_credentials(b, &e->credentials, err);
	case LOG_DELETE_ACCOUNT:
		return 0;
	}
	return err_set(err, ERR_USAGE, "a log entry of the unknown type %u", e->type);
}

int
log_device_sign(struct log_entry *e, const struct sign_key *dsk, struct err *err)
{
	return sign_message(e->device_signature, dsk,
			    DS(DS_DEVICE, DS_ID(e->account.b), DS_ID(e->device.b),
			       DS_HASH32(e->dsk_public), DS_NUM(e->index), DS_HASH32(e->before.b)),
			    err);
}

int
log_device_verify(const struct log_entry *e, struct err *err)
{
	return sign_verify(e->device_signature, e->dsk_public,
			   DS(DS_DEVICE, DS_ID(e->account.b), DS_ID(e->device.b),
			      DS_HASH32(e->dsk_public), DS_NUM(e->index), DS_HASH32(e->before.b)),
			   err);
}

/* Everything before the body; the body's length comes later. */
static int
append_head(struct buf *b, const struct log_entry *e, struct err *err)
{
	uint8_t h[LOG_HEAD_BYTES] = { 0 };

	memcpy(h, magic, sizeof magic);
	h[4] = CRYPTO_SUITE;
	h[5] = (uint8_t)e->type;
	memcpy(h + 8, e->account.b, 16);
	put_u64(h + 24, e->index);
	memcpy(h + 32, e->before.b, 32);
	put_u64(h + 64, e->epoch);
	put_u64(h + 72, e->client_unix_ms);
	return buf_append(b, SPAN_ARRAY(h), err);
}

/* DS("log", …) over the first @n bytes of @entry. */
#define LOG_DS(entry, n) DS(DS_LOG, DS_BYTES((entry).p, (n)))

int
log_entry_sign(struct buf *out, const struct log_entry *e, const struct sign_key *ask,
	       const struct sign_key *new_ask, struct err *err)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	uint8_t *at;

	if ((new_ask != NULL) != (e->type == LOG_ROTATE))
		return err_set(err, ERR_USAGE, "two keys sign a rotate entry, and no other");
	if (append_head(&b, e, err) < 0 || append_body(&b, e, err) < 0)
		return -1;
	put_u32(b.p + LOG_HEAD_BYTES - 4, (uint32_t)(b.n - LOG_HEAD_BYTES));
	if (new_ask) {
		size_t signed_bytes = b.n - CRYPTO_SIGNATURE_BYTES;

		if (sign_message(b.p + signed_bytes, new_ask, LOG_DS(b, signed_bytes), err) < 0)
			return -1;
	}
	size_t signed_bytes = b.n;
	if (buf_extend(&b, CRYPTO_SIGNATURE_BYTES, &at, err) < 0 ||
	    sign_message(at, ask, LOG_DS(b, signed_bytes), err) < 0)
		return -1;
	return buf_append(out, buf_span(&b), err);
}

static int
read_head(struct log_entry *e, struct span *body, struct reader *r, struct err *err)
{
	uint8_t start[8];

	read_bytes(r, start, sizeof start);
	if (r->failed || memcmp(start, magic, sizeof magic) != 0)
		return err_set(err, ERR_FORMAT, "these bytes are no log entry");
	if (crypto_suite_check(start[4], "log entry", err) < 0)
		return -1;
	if (start[5] < LOG_CREATE || start[5] > LOG_DELETE_ACCOUNT) {
		err_set(err, ERR_UNSUPPORTED, "a log entry of the unknown type %u", start[5]);
		return err_hint(err, "Use a newer version of Cloudbox.");
	}
	if (start[6] || start[7])
		return err_set(err, ERR_FORMAT, "log entry: bytes that must be zero are not");
	e->type = start[5];
	e->account = read_id16(r);
	e->index = read_u64(r);
	e->before = read_hash32(r);
	e->epoch = read_u64(r);
	e->client_unix_ms = read_u64(r);
	*body = read_span(r, read_u32(r));
	return 0;
}

int
log_entry_decode(struct log_entry *out, struct span bytes, struct err *err)
{
	struct reader r = reader_of(bytes), body;
	struct span body_span;

	if (bytes.n > LOG_ENTRY_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a log entry of %zu bytes, where %d are allowed",
			       bytes.n, LOG_ENTRY_BYTES_MAX);
	*out = (struct log_entry){ 0 };
	if (read_head(out, &body_span, &r, err) < 0)
		return -1;
	read_bytes(&r, out->signature, sizeof out->signature);
	if (reader_done(&r, "log entry", err) < 0)
		return -1;
	body = reader_of(body_span);
	read_body(&body, out);
	return reader_done(&body, log_type_name(out->type), err);
}
