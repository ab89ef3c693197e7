/* SPDX-License-Identifier: Apache-2.0 */
/* tidy: see tidy.h.  Here: folders in which clearing stands still. */
#include <stdlib.h>

#include "base/array.h"
#include "upkeep/tidy_internal.h"

struct months {
	struct catalog_month *at;
	size_t n, cap;
};

#define MONTHS_MAX (1u << 16)

static int
take_month(void *ctx, const struct catalog_month *m, struct err *err)
{
	struct months *p = ctx;

	if (array_reserve((void **)&p->at, &p->cap, p->n + 1, sizeof *p->at, MONTHS_MAX, err) < 0)
		return -1;
	p->at[p->n++] = *m;
	return 0;
}

struct folders {
	struct catalog_folder *at;
	size_t n, cap;
};

static int
take_folder(void *ctx, const struct catalog_folder *f, struct err *err)
{
	struct folders *p = ctx;

	if (array_reserve((void **)&p->at, &p->cap, p->n + 1, sizeof *p->at, MONTHS_MAX, err) < 0)
		return -1;
	p->at[p->n++] = *f;
	return 0;
}

static struct catalog_folder *
find_folder(struct folders *p, int64_t row)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].row == row)
			return &p->at[i];
	return NULL;
}

static int
judge_month(struct catalog_tx *tx, struct tidy *t, const struct catalog_month *m,
	    struct catalog_folder *f, struct err *err)
{
	uint64_t losing, items;

	if (!f || f->held_ms)
		return 0;
	if (tx->ops->month_losing(tx, &t->due, m, &losing, &items, err) < 0)
		return -1;
	if (losing * 100 <= items * HOLD_PERCENT)
		return 0;
	f->held_ms = t->now_ms + !t->now_ms;
	t->more = true;
	return tx->ops->folder_put(tx, f, err);
}

/* Look at one month of one folder after the other, up to one that makes its folder held. */
static int
judge_folders(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct tidy *t = ctx;
	struct months months = { 0 };
	struct folders folders = { 0 };
	int rc;

	t->step = (struct tidy_result){ 0 };
	rc = tx->ops->folders(tx, t->device.row, take_folder, &folders, err);
	if (rc == 0)
		rc = tx->ops->months_due(tx, &t->due, take_month, &months, err);
	t->more = false;
	for (size_t i = 0; i < months.n && rc == 0 && !t->more; i++)
		rc = judge_month(tx, t, &months.at[i],
				 find_folder(&folders, months.at[i].folder_row), err);
	free(months.at);
	free(folders.at);
	return rc;
}

struct telling {
	struct tidy *tidy;
	struct folders folders;
};

static int
read_folders(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct telling *t = ctx;

	return tx->ops->folders(tx, t->tidy->device.row, take_folder, &t->folders, err);
}

static int
tell_holds(struct tidy *t, struct err *err)
{
	const struct tidy_options *o = t->options;
	struct telling telling = { .tidy = t };
	int rc = catalog_read(t->catalog, read_folders, &telling, err);

	for (size_t i = 0; i < telling.folders.n && rc == 0; i++) {
		const struct catalog_folder *f = &telling.folders.at[i];
		if (!f->held_ms)
			continue;
		t->result->held++;
		if (o && o->held)
			rc = o->held(o->ctx, &t->account.account, &t->device.device, &f->folder,
				     err);
	}
	free(telling.folders.at);
	return rc;
}

/* Retiring was signed by the account's key: what it ends may go. */
int
tidy_judge_holds(struct tidy *t, struct err *err)
{
	int rc = t->device.state == DEVICE_RETIRED ? 0 : tidy_steps(t, judge_folders, err);

	return rc ? rc : tell_holds(t, err);
}

static int
lift_folder(struct catalog_tx *tx, int64_t lifted_ms, struct catalog_folder *f, struct err *err)
{
	if (!f->held_ms && f->lifted_ms >= lifted_ms)
		return 0;
	f->held_ms = 0;
	f->lifted_ms = lifted_ms;
	return tx->ops->folder_put(tx, f, err);
}

struct lifting {
	struct catalog_tx *tx;
	struct folders folders;
};

static int
take_folders_of(void *ctx, const struct catalog_device *d, struct err *err)
{
	struct lifting *l = ctx;

	return l->tx->ops->folders(l->tx, d->row, take_folder, &l->folders, err);
}

int
tidy_lift_holds(struct catalog_tx *tx, const struct catalog_account *a, struct err *err)
{
	struct lifting l = { .tx = tx };
	int rc = tx->ops->devices(tx, &a->account, take_folders_of, &l, err);

	for (size_t i = 0; i < l.folders.n && rc == 0; i++)
		rc = lift_folder(tx, a->lift_from_ms, &l.folders.at[i], err);
	free(l.folders.at);
	return rc;
}
