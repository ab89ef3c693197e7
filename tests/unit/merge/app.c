/* SPDX-License-Identifier: Apache-2.0 */
/* app: see app.h. */
#include "merge/app.h"

struct card *
app_add(struct app *app, struct span bytes, const char *id)
{
	if (app->n == app->cap) {
		app->cap = app->cap * 2 + 16;
		app->cards = realloc(app->cards, app->cap * sizeof *app->cards);
		assert_non_null(app->cards);
	}
	struct card *c = &app->cards[app->n++];
	*c = (struct card){ .bytes = BUF_INIT(SIZE_MAX / 4) };
	assert_int_equal(buf_append(&c->bytes, bytes, NULL), 0);
	c->it = laws_parse(buf_span(&c->bytes), NULL, "app");
	if (id)
		snprintf(c->id, sizeof c->id, "%s", id);
	return c;
}

struct card *
app_add_text(struct app *app, const char *lines, const char *id)
{
	char card[1000];

	snprintf(card, sizeof card, "BEGIN:VCARD\r\nVERSION:3.0\r\n%sEND:VCARD\r\n", lines);
	return app_add(app, span_str(card), id);
}

void
app_clear(struct app *app)
{
	for (size_t i = 0; i < app->n; i++) {
		item_free(app->cards[i].it);
		buf_clear(&app->cards[i].bytes);
	}
	free(app->cards);
	*app = (struct app){ 0 };
}
struct match_index *
app_index(const struct app *app)
{
	struct match_index *ix = NULL;
	struct err err = { 0 };

	assert_int_equal(match_index_new(&ix, &err), 0);
	for (size_t i = 0; i < app->n; i++) {
		struct span id = span_str(app->cards[i].id);
		assert_int_equal(
			match_add(ix, i, app->cards[i].it, &id, id.n ? 1 : 0, MATCH_LIVE, &err), 0);
	}
	return ix;
}

struct match
app_find(struct match_index *ix, const struct card *c, enum match_rule upto)
{
	struct span id = span_str(c->id);
	struct err err = { 0 };
	struct match m;

	assert_int_equal(match_find(&m, ix, c->it, &id, id.n ? 1 : 0, upto, &err), 0);
	return m;
}

static void
write_card(struct app *app, struct match_index *ix, size_t at, struct span bytes,
	   enum match_add_flag flag)
{
	struct card *c = &app->cards[at];
	struct buf now = BUF_INIT(SIZE_MAX / 4);
	struct err err = { 0 };
	struct span id = span_str(c->id);

	assert_int_equal(buf_append(&now, bytes, &err), 0);
	item_free(c->it);
	buf_clear(&c->bytes);
	c->bytes = now;
	c->it = laws_parse(buf_span(&c->bytes), NULL, "written");
	app->n_written++;
	assert_int_equal(match_add(ix, at, c->it, &id, id.n ? 1 : 0, flag, &err), 0);
}

static void
create_card(struct app *app, struct match_index *ix, const struct card *c)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(SIZE_MAX / 4);
	struct merge_new how = { .uid_taken = false };
	struct err err = { 0 };

	snprintf((char *)how.item_id, sizeof how.item_id, "%zu", app->n);
	for (size_t i = 0; i < app->n && c->it->uid; i++)
		how.uid_taken |=
			app->cards[i].it->uid && strcmp(app->cards[i].it->uid, c->it->uid) == 0;
	assert_int_equal(merge_new_item(&bytes, c->it, &how, &err), 0);
	struct card *made = app_add(app, buf_span(&bytes), NULL);
	snprintf(made->id, sizeof made->id, "%s", made->it->uid);
	app->n_written++;
	struct span id = span_str(made->id);
	assert_int_equal(match_add(ix, app->n - 1, made->it, &id, 1, MATCH_CREATED, &err), 0);
}

static void
restore_one(struct app *app, struct match_index *ix, const struct card *c, struct match m)
{
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	struct err err = { 0 };

	if (m.at == MATCH_NONE) {
		create_card(app, ix, c);
		return;
	}
	match_claim(ix, m.at);
	assert_int_equal(merge_items(&o, app->cards[m.at].it, c->it, NULL, &err), 0);
	if (m.rule == MATCH_RULE_IDENTICAL) {
		assert_int_equal(o.result, MERGE_IDENTICAL);
		assert_int_equal(o.n_held, 0);
	}
	if (o.result == MERGE_MERGED)
		write_card(app, ix, m.at, buf_span(&o.bytes), MATCH_LIVE);
}

void
app_restore(struct app *app, const struct app *backup)
{
	AUTO(match_index_free) struct match_index *ix = app_index(app);
	AUTO(free) bool *done = calloc(backup->n + 1, sizeof *done);

	app->n_written = 0;
	for (size_t i = 0; i < backup->n; i++) {
		struct match m = app_find(ix, &backup->cards[i], MATCH_RULE_ID);
		done[i] = m.at != MATCH_NONE;
		if (done[i])
			restore_one(app, ix, &backup->cards[i], m);
	}
	for (size_t i = 0; i < backup->n; i++)
		if (!done[i])
			restore_one(app, ix, &backup->cards[i],
				    app_find(ix, &backup->cards[i], MATCH_RULE_NAME));
}
