/* SPDX-License-Identifier: Apache-2.0 */
/* app: a made-up app, its cards in memory, and a restore into it as terminal/restore does one. */
#ifndef TEST_APP_H
#define TEST_APP_H

#include "merge/laws.h"
#include "merge/match.h"

struct card {
	struct buf bytes;
	struct item *it;
	char id[80]; /* its native id; "": none */
};

struct app {
	struct card *cards;
	size_t n, cap;
	unsigned n_written; /* by the newest app_restore() */
};

struct card *app_add(struct app *app, struct span bytes, const char *id);
struct card *app_add_text(struct app *app, const char *lines, const char *id);
void app_clear(struct app *app);
AUTO_OBJ(app_clear, struct app);

/** An index of it; match_index_free(). */
struct match_index *app_index(const struct app *app);

struct match app_find(struct match_index *ix, const struct card *c, enum match_rule upto);

/** Twice over the backup: first what is certain. */
void app_restore(struct app *app, const struct app *backup);

#endif
