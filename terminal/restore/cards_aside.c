/* SPDX-License-Identifier: Apache-2.0 */
/* cards_aside: an item of the backup and the plan for it as bytes that are put aside; the order is that
 * of the code, the lengths u32.  They live as long as the run: no version. */
#include "base/bytes.h"
#include "item/form.h"
#include "restore/cards_internal.h"
#include "restore/result_rows.h"

#define STEP_BYTES_MAX (8 * (size_t)ITEM_BYTES_MAX)

void
aside_item_clear(struct aside_item *it)
{
	buf_clear(&it->store);
	*it = (struct aside_item)ASIDE_ITEM_INIT;
}

static int
put_span(struct buf *out, struct span s, struct err *err)
{
	return buf_append_u32(out, (uint32_t)s.n, err) < 0 ? -1 : buf_append(out, s, err);
}

static struct span
get_span(struct reader *r)
{
	return read_span(r, read_u32(r));
}

int
aside_put_item(struct scratch_place *out, struct scratch *s, const struct aside_item *it,
	       struct err *err)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);

	if (buf_append(&b, SPAN_ARRAY(it->at.item.b), err) < 0 ||
	    buf_append_u64(&b, it->at.seq, err) < 0 ||
	    buf_append(&b, SPAN_ARRAY(it->item_id), err) < 0 ||
	    put_span(&b, it->native_id, err) < 0 || put_span(&b, it->name, err) < 0 ||
	    put_span(&b, it->path, err) < 0 || put_span(&b, it->bytes, err) < 0)
		return -1;
	return scratch_put(out, s, buf_span(&b), err);
}

int
aside_get_item(struct aside_item *out, struct scratch *s, struct scratch_place place,
	       struct err *err)
{
	struct reader r;

	buf_reset(&out->store);
	if (scratch_get(&out->store, s, place, err) < 0)
		return -1;
	r = reader_of(buf_span(&out->store));
	read_bytes(&r, out->at.item.b, sizeof out->at.item.b);
	out->at.seq = read_u64(&r);
	read_bytes(&r, out->item_id, sizeof out->item_id);
	out->native_id = get_span(&r);
	out->name = get_span(&r);
	out->path = get_span(&r);
	out->bytes = get_span(&r);
	return reader_done(&r, "an item put aside", err);
}

int
aside_put_step(struct scratch_place *out, struct scratch *s, const struct plan_step *step,
	       struct err *err)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(STEP_BYTES_MAX);
	uint8_t flags = (uint8_t)(step->writes | step->new_uid << 1 | step->uid_taken << 2);

	if (buf_append_byte(&b, (uint8_t)step->outcome, err) < 0 ||
	    buf_append_byte(&b, flags, err) < 0 ||
	    buf_append_u64(&b, step->at == MATCH_NONE ? UINT64_MAX : step->at, err) < 0 ||
	    buf_append(&b, SPAN_ARRAY(step->uid), err) < 0 ||
	    put_span(&b, span_str(step->reason), err) < 0 ||
	    put_span(&b, buf_span(&step->before), err) < 0 ||
	    put_span(&b, buf_span(&step->bytes), err) < 0 ||
	    restore_fields_put(&b, step->added, step->n_added, err) < 0 ||
	    buf_append(&b,
		       span_of(step->added_keys,
			       step->added_keys ? step->n_added * sizeof *step->added_keys : 0),
		       err) < 0 ||
	    restore_fields_put(&b, step->left, step->n_left, err) < 0 ||
	    restore_fields_put(&b, step->held, step->n_held, err) < 0)
		return -1;
	for (size_t i = 0; i < step->n_held; i++)
		if (put_span(&b, buf_span(&step->held_bodies[i]), err) < 0)
			return -1;
	return scratch_put(out, s, buf_span(&b), err);
}

static int
get_buf(struct buf *out, struct reader *r, struct err *err)
{
	struct span s = get_span(r);

	*out = (struct buf)BUF_INIT(s.n);
	return buf_append(out, s, err);
}

static int
get_bodies(struct plan_step *step, struct reader *r, struct err *err)
{
	step->held_bodies = calloc(step->n_held ? step->n_held : 1, sizeof *step->held_bodies);
	if (!step->held_bodies)
		return err_nomem(err);
	for (size_t i = 0; i < step->n_held; i++)
		if (get_buf(&step->held_bodies[i], r, err) < 0)
			return -1;
	return 0;
}

static int
decode_step(struct plan_step *step, struct reader *r, struct err *err)
{
	struct span s;
	uint8_t flags;
	uint64_t at;

	step->outcome = (enum restore_outcome)read_u8(r);
	flags = read_u8(r);
	step->writes = flags & 1;
	step->new_uid = flags >> 1 & 1;
	step->uid_taken = flags >> 2 & 1;
	at = read_u64(r);
	step->at = at == UINT64_MAX ? MATCH_NONE : (size_t)at;
	read_bytes(r, step->uid, sizeof step->uid);
	s = get_span(r);
	if (s.n >= sizeof step->reason)
		return err_set(err, ERR_IO, "a plan put aside is damaged");
	if (s.n)
		memcpy(step->reason, s.p, s.n);
	step->reason[s.n] = '\0';
	if (get_buf(&step->before, r, err) < 0 || get_buf(&step->bytes, r, err) < 0 ||
	    restore_fields_get(&step->added, &step->n_added, r, err) < 0)
		return -1;
	step->added_keys = calloc(step->n_added + 1, sizeof *step->added_keys);
	if (!step->added_keys)
		return err_nomem(err);
	read_bytes(r, step->added_keys, step->n_added * sizeof *step->added_keys);
	if (restore_fields_get(&step->left, &step->n_left, r, err) < 0)
		return -1;
	return restore_fields_get(&step->held, &step->n_held, r, err) < 0
		       ? -1
		       : get_bodies(step, r, err);
}

int
aside_get_step(struct plan_step *out, struct scratch *s, struct scratch_place place,
	       struct err *err)
{
	AUTO(buf_clear) struct buf b = BUF_INIT(STEP_BYTES_MAX);
	struct reader r;

	if (scratch_get(&b, s, place, err) < 0)
		return -1;
	r = reader_of(buf_span(&b));
	return decode_step(out, &r, err) < 0 ? -1 : reader_done(&r, "a plan put aside", err);
}
