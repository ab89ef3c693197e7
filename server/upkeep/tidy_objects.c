/* SPDX-License-Identifier: Apache-2.0 */
/* tidy: see tidy.h.  Here: dead objects and strays. */
#include <stdlib.h>

#include "base/array.h"
#include "upkeep/tidy_internal.h"

#define DEAD_PAGE  256
#define NAMES_MAX  (1u << 24) /* of one part of the store */
#define STRAY_PAGE 1024

struct names {
	struct blob_name *at;
	size_t n, cap;
};

static int
take_name(void *ctx, const struct blob_name *name, struct err *err)
{
	struct names *l = ctx;

	if (array_reserve((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at, NAMES_MAX, err) < 0)
		return -1;
	l->at[l->n++] = *name;
	return 0;
}

/* --- the dead list --- */

struct dying {
	struct tidy tidy; /* first */
	struct names names;
};

static int
read_dead(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct dying *d = ctx;
	struct tidy *t = &d->tidy;

	d->names.n = 0;
	return tx->ops->dead_due(tx, t->has_name ? &t->after_name : NULL, DEAD_PAGE, take_name,
				 &d->names, err);
}

static int
forget_dead(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct dying *d = ctx;

	for (size_t i = 0; i < d->names.n; i++)
		if (tx->ops->dead_remove(tx, &d->names.at[i], err) < 0)
			return -1;
	d->tidy.step = (struct tidy_result){ .objects = d->names.n };
	return 0;
}

/* Objects first: one whose row went first would never be found again but as a stray. */
static int
bury_page(struct dying *d, struct err *err)
{
	struct tidy *t = &d->tidy;

	for (size_t i = 0; i < d->names.n; i++) {
		int rc = tidy_between(t, err);
		if (rc)
			return rc;
		if (blobs_remove(t->blobs, &d->names.at[i], err) < 0)
			return -1;
	}
	t->after_name = d->names.at[d->names.n - 1];
	t->has_name = true;
	return tidy_step(t, forget_dead, err);
}

int
tidy_dead(struct catalog *c, struct blobs *b, const struct tidy_options *options,
	  struct tidy_result *result, struct err *err)
{
	struct dying d = {
		.tidy = { .catalog = c, .blobs = b, .options = options, .result = result },
	};
	int rc;

	do {
		rc = catalog_read(c, read_dead, &d, err);
		if (rc == 0 && d.names.n)
			rc = bury_page(&d, err);
	} while (rc == 0 && d.names.n == DEAD_PAGE);
	free(d.names.at);
	return rc;
}

/* --- strays --- */

struct straying {
	struct names *names;
	size_t from, to; /* of the names: what is looked at now */
	bool found;
};

static int
look_for_strays(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct straying *s = ctx;

	s->found = false;
	for (size_t i = s->from; i < s->to; i++) {
		int rc = tx->ops->object_known(tx, &s->names->at[i], err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		s->found = true;
		if (tx->writable &&
		    tx->ops->dead_add(tx, &s->names->at[i], tx->ops->clock(tx) + RETENTION_STRAY_MS,
				      err) < 0)
			return -1;
	}
	return 0;
}

/* An upload may be between its object and its row: so a stray waits on the dead list, which gives up
 * nothing that a row names. */
static int
note_strays(struct catalog *c, struct names *names, struct err *err)
{
	struct straying s = { .names = names };

	for (; s.from < names->n; s.from = s.to) {
		s.to = names->n - s.from > STRAY_PAGE ? s.from + STRAY_PAGE : names->n;
		int rc = catalog_read(c, look_for_strays, &s, err);
		if (rc == 0 && s.found)
			rc = catalog_write(c, look_for_strays, &s, err);
		if (rc)
			return rc;
	}
	return 0;
}

int
tidy_strays(struct catalog *c, struct blobs *b, unsigned from, unsigned to, struct err *err)
{
	struct names names = { 0 };
	int rc = 0;

	for (unsigned part = from; part < to && rc == 0; part++) {
		names.n = 0;
		rc = b->ops->names(b, part, take_name, &names, err);
		if (rc == 0)
			rc = note_strays(c, &names, err);
	}
	free(names.at);
	return rc;
}
