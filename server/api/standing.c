/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: GET /v1/account: how an account stands: how long versions are kept, what waits (keeping less,
 * lifting holds, deleting it) and for how much longer, its quota, and the folders in which clearing
 * stands still, so that its terminals can tell a person.
 */
#include "api/server.h"
#include "os/os.h"

/* What still has to pass until a moment of the retention clock; 0: there is none. */
static uint64_t
left_ms(int64_t at_ms, int64_t now_ms)
{
	if (at_ms == 0)
		return 0;
	return at_ms > now_ms ? (uint64_t)(at_ms - now_ms) : 1; /* due: at the next tidying */
}

struct holding {
	struct catalog_tx *tx;
	struct wire_standing *standing;
	const struct catalog_account *account;
	struct catalog_due due;              /* of the device at hand */
	int64_t rows[WIRE_HELD_MAX];         /* folders of standing->held */
	uint32_t first;                      /* of them is the device's first */
	const struct catalog_device *device; /* at hand */
};

static int
add_folder(void *ctx, const struct catalog_folder *f, struct err *err)
{
	struct holding *h = ctx;
	struct wire_standing *s = h->standing;

	(void)err;
	if (!f->held_ms)
		return 0;
	s->n_held_all++;
	if (s->n_held == WIRE_HELD_MAX)
		return 0;
	h->rows[s->n_held] = f->row;
	s->held[s->n_held++] = (struct wire_held){
		.device = h->device->device,
		.folder = f->folder,
		.since_ms = (uint64_t)(h->due.now_ms - f->held_ms),
	};
	return 0;
}

/* The month that holds most says how many items it is about. */
static int
add_month(void *ctx, const struct catalog_month *m, struct err *err)
{
	struct holding *h = ctx;
	struct wire_standing *s = h->standing;
	uint64_t losing, items;

	for (uint32_t i = h->first; i < s->n_held; i++) {
		if (h->rows[i] != m->folder_row)
			continue;
		if (h->tx->ops->month_losing(h->tx, &h->due, m, &losing, &items, err) < 0)
			return -1;
		if (losing > s->held[i].losing) {
			s->held[i].losing = (uint32_t)losing;
			s->held[i].items = (uint32_t)items;
		}
	}
	return 0;
}

static int
add_holds(void *ctx, const struct catalog_device *d, struct err *err)
{
	struct holding *h = ctx;

	if (d->state == DEVICE_RETIRED)
		return 0;
	h->device = d;
	h->first = h->standing->n_held;
	h->due = (struct catalog_due){
		.device_row = d->row,
		.now_ms = h->tx->ops->clock(h->tx),
		.keep_ms = h->account->retention_days * RETENTION_DAY_MS,
	};
	if (h->tx->ops->folders(h->tx, d->row, add_folder, h, err) < 0)
		return -1;
	if (h->standing->n_held == h->first)
		return 0;
	return h->tx->ops->months_due(h->tx, &h->due, add_month, h, err);
}

struct asking {
	struct session session;
	struct buf *body;
};

static int
standing_rule(struct catalog_tx *tx, void *ctx, struct problem *p, struct err *err)
{
	struct asking *a = ctx;
	struct catalog_account account;
	struct catalog_device device;
	int64_t now_ms = tx->ops->clock(tx);
	int rc = gate_session(tx, &a->session, &account, &device, p, err);

	if (rc)
		return rc;
	struct wire_standing s = {
		.log = { account.log_length, account.log_head, (uint64_t)os->now_unix_ms() },
		.retention_days = account.retention_days,
		.next_days = account.next_days,
		.next_ms = left_ms(account.next_at_ms, now_ms),
		.lift_ms = left_ms(account.lift_at_ms, now_ms),
		.delete_ms = left_ms(account.delete_at_ms, now_ms),
		.quota_bytes = account.quota_bytes,
		.used_bytes = account.used_bytes,
	};
	struct holding h = { .tx = tx, .standing = &s, .account = &account };
	if (tx->ops->devices(tx, &account.account, add_holds, &h, err) < 0)
		return -1;
	return wire_standing_encode(a->body, &s, err);
}

void
standing_end(struct exchange *x)
{
	AUTO(buf_clear) struct buf body = BUF_INIT(WIRE_BODY_BYTES_MAX);
	struct asking a = { .body = &body };

	if (api_session(x, SCOPE_PUT | SCOPE_GET, &a.session) && api_read(x, standing_rule, &a))
		http_answer(x, 200, &body);
}
