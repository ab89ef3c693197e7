/* SPDX-License-Identifier: Apache-2.0 */
/* notices: what devices tell by coming, and what they are told of the others (see server.h). */
#include "api/server.h"

_Static_assert(WIRE_NOTICE_SILENCE == (int)ALARM_SILENCE && WIRE_NOTICE_DRILL == (int)ALARM_DRILL &&
		       WIRE_NOTICE_QUOTA == (int)ALARM_QUOTA &&
		       WIRE_NOTICE_FILLS == (int)ALARM_FILLS && WIRE_NOTICE_HOLD == (int)ALARM_HOLD,
	       "the numbers of kinds are the same everywhere");

#define CLOCK_TOLERANCE_MS (24 * 3600 * 1000)

bool
api_time_fits(uint64_t client_unix_ms, int64_t now_unix_ms)
{
	int64_t client = (int64_t)client_unix_ms;

	return client > now_unix_ms - CLOCK_TOLERANCE_MS &&
	       client < now_unix_ms + CLOCK_TOLERANCE_MS;
}

void
device_came(struct catalog_tx *tx, struct catalog_device *d, int64_t now_unix_ms)
{
	d->seen_unix_ms = now_unix_ms;
	d->came_ms = tx->ops->clock(tx);
	d->grace_ms = 0;
}

bool
device_is_stale(struct catalog_tx *tx, const struct catalog_device *d)
{
	return d->seen_unix_ms == 0 || d->grace_ms > 0 ||
	       tx->ops->clock(tx) - d->came_ms >= DEVICE_SEEN_STEP_MS;
}

struct reading {
	struct wire_notices *out;
	const struct id16 *device; /* that asks */
};

static int
note_alarm(void *ctx, const struct catalog_alarm *a, struct err *err)
{
	struct reading *r = ctx;
	/* Of itself it knows that it is here, and how its drill went. */
	bool own = id16_equal(&a->device, r->device) &&
		   (a->kind == ALARM_SILENCE || a->kind == ALARM_DRILL);

	(void)err;
	if (own || r->out->n == WIRE_NOTICES_MAX)
		return 0;
	r->out->at[r->out->n++] = (struct wire_notice){
		.id = (uint64_t)a->id,
		.kind = (enum wire_notice_kind)a->kind,
		.device = a->device,
		.since_unix_ms = (uint64_t)a->since_unix_ms,
		.number = a->number,
	};
	return 0;
}

int
notices_read(struct wire_notices *out, struct catalog_tx *tx, const struct id16 *account,
	     const struct id16 *device, struct err *err)
{
	struct reading r = { out, device };

	out->n = 0;
	return tx->ops->alarms(tx, account, note_alarm, &r, err);
}

void
api_tell(struct exchange *x, const struct wire_notices *n)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(WIRE_NOTICES_TEXT_BYTES);
	struct err ignored; /* no memory: they are told the next time */

	if (n->n && wire_notices_print(&text, n, &ignored) == 0)
		http_answer_line(x, WIRE_NOTICES_HEAD, buf_str(&text));
}
