/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: GET /v1/devices/DEVICE/damaged: the device's live items whose records a check found damaged, by
 * place: its device sends them anew.
 */
#include "api/server.h"

struct naming {
	struct session session;
	struct id16 device;
	struct wire_damaged *out;
};

static int
add_place(void *ctx, const struct catalog_item *item, struct err *err)
{
	struct wire_damaged *out = ctx;

	(void)err;
	/* The rest is told when these were sent anew. */
	if (out->n == WIRE_DAMAGED_MAX)
		return 0;
	out->at[out->n++] = (struct wire_record_at){ item->seq, item->index };
	return 0;
}

static int
damaged_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct naming *q = ctx;
	struct catalog_account a;
	struct catalog_device self, d;
	int rc = gate_session(tx, &q->session, &a, &self, p, err);

	if (rc == 0)
		rc = gate_data_of(tx, &q->session, &q->device, &d, p, err);
	return rc ? rc : tx->ops->records_damaged(tx, d.row, add_place, q->out, err);
}

void
damaged_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_DAMAGED_BYTES_MAX);
	struct wire_damaged out = { .n = 0 };
	struct naming q = { .device = x->path_id, .out = &out };
	struct err err;

	if (api_session(x, SCOPE_PUT | SCOPE_GET, &q.session) && api_read(x, damaged_rule, &q))
		api_answer(x, wire_damaged_encode(&body, &out, &err), &body, &err);
}
