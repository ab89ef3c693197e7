/* SPDX-License-Identifier: Apache-2.0 */
/* history_internal: an item's versions, read: what history and its comparison share. */
#ifndef RESTORE_HISTORY_INTERNAL_H
#define RESTORE_HISTORY_INTERNAL_H

#include "restore/cloud.h"
#include "restore/restore_internal.h"

struct reading {
	struct cloud_history *out;
	struct box *box;
	const struct identity *me;
	struct fetch *fetch;
	struct opened *opened; /* owned; ascending by batch */
	size_t n_opened, cap_opened;
};

void reading_clear(struct reading *h);
AUTO_OBJ(reading_clear, struct reading);

/** The device's cloud, and in it the versions of the item. */
int reading_open(struct reading *h, struct listing *versions, struct unlocked *u, const char *app,
		 const char *item, const char *from, struct err *err);
/** A fetch_sink's `each`: into h->opened. */
int reading_keep(void *reading, const struct fetched *it, struct err *err);
/** App, id and name into h->out. */
int reading_name(struct reading *h, const char *app, const char *text, struct err *err);

/* A version as fields: a card, or NULL for anything else and for what cannot be read. */
struct seen {
	struct buf bytes;
	struct item *card;
};

/** What cannot be opened tells so in o->why. */
int seen_read(struct seen *s, struct reading *h, struct opened *o, struct err *err);
void seen_clear(struct seen *s);

#endif
