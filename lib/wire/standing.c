/* SPDX-License-Identifier: Apache-2.0 */
/* standing: how an account stands; see wire.h. */
#include "wire/wire_internal.h"

static int
append_held(struct buf *out, const struct wire_held *h, struct err *err)
{
	if (buf_append_id16(out, &h->device, err) < 0 ||
	    buf_append_id16(out, &h->folder, err) < 0 ||
	    buf_append_u64(out, h->since_ms, err) < 0 || buf_append_u32(out, h->losing, err) < 0)
		return -1;
	return buf_append_u32(out, h->items, err);
}

int
wire_standing_encode(struct buf *out, const struct wire_standing *s, struct err *err)
{
	if (wire_log_state_encode(out, &s->log, err) < 0 ||
	    buf_append_u32(out, s->retention_days, err) < 0 ||
	    buf_append_u32(out, s->next_days, err) < 0 ||
	    buf_append_u64(out, s->next_ms, err) < 0 || buf_append_u64(out, s->lift_ms, err) < 0 ||
	    buf_append_u64(out, s->delete_ms, err) < 0 ||
	    buf_append_u64(out, s->quota_bytes, err) < 0 ||
	    buf_append_u64(out, s->used_bytes, err) < 0 ||
	    buf_append_u32(out, s->n_held_all, err) < 0 || buf_append_u32(out, s->n_held, err) < 0)
		return -1;
	for (uint32_t i = 0; i < s->n_held && i < WIRE_HELD_MAX; i++)
		if (append_held(out, &s->held[i], err) < 0)
			return -1;
	return 0;
}

static void
read_held(struct reader *r, struct wire_held *h)
{
	h->device = read_id16(r);
	h->folder = read_id16(r);
	h->since_ms = read_u64(r);
	h->losing = read_u32(r);
	h->items = read_u32(r);
}

int
wire_standing_decode(struct wire_standing *out, struct span in, struct err *err)
{
	struct reader r = reader_of(in);

	read_log_state(&r, &out->log);
	out->retention_days = read_u32(&r);
	out->next_days = read_u32(&r);
	out->next_ms = read_u64(&r);
	out->lift_ms = read_u64(&r);
	out->delete_ms = read_u64(&r);
	out->quota_bytes = read_u64(&r);
	out->used_bytes = read_u64(&r);
	out->n_held_all = read_u32(&r);
	out->n_held = read_u32(&r);
	if (out->n_held > WIRE_HELD_MAX || out->n_held > out->n_held_all)
		return bad_body("how the account stands", err);
	for (uint32_t i = 0; i < out->n_held; i++)
		read_held(&r, &out->held[i]);
	return reader_done(&r, "how the account stands", err);
}
