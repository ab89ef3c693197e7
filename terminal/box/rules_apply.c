/* SPDX-License-Identifier: Apache-2.0 */
/* rules_apply: the items that a refresh noted, asked about; those that a rule means get a shortcut. */
#include <stdlib.h>
#include <string.h>

#include "box/box_internal.h"
#include "box/kept_out.h"
#include "box/meant.h"
#include "box/rules.h"
#include "box/rules_internal.h"
#include "box/shortcuts.h"
#include "box/threads.h"

#define DUE_WINDOW 64

int
rules_note(struct box *b, int64_t app, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "INSERT OR IGNORE INTO due (app, item) SELECT ?1, ?2 WHERE NOT EXISTS"
		       " (SELECT 1 FROM shortcuts WHERE app = ?1 AND item = ?2)",
		       err) < 0)
		return -1;
	query_int(&q, 1, app);
	query_blob(&q, 2, span_of(item, BOX_ID_BYTES));
	return query_run(&q, err);
}

int
rules_unasked(struct rules_unasked *out, struct box *b, const char *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	bool has;

	*out = (struct rules_unasked){ 0 };
	if (rules_has(&has, b, app, err) < 0)
		return -1;
	if (!has)
		return 0;
	if (query_init(&q, b,
		       "SELECT (SELECT count(*) FROM due WHERE app = a.id),"
		       " (SELECT count(*) FROM sources s WHERE s.app = a.id AND s.state <> 0 AND"
		       " NOT EXISTS (SELECT 1 FROM items i JOIN shortcuts c ON c.app = i.app"
		       " AND c.item = i.item WHERE i.source = s.id)) FROM apps a WHERE a.name = ?1",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	if (query_step(&q, err) < 0)
		return -1;
	out->items = (uint64_t)query_column_int(&q, 0);
	out->sources = (uint64_t)query_column_int(&q, 1);
	return 0;
}

int
rules_look_again(struct box *b, const char *app, struct span native_id, struct err *err)
{
	uint8_t item[BOX_ID_BYTES];
	int64_t number;

	if (inventory_item_id(item, b, app, native_id, err) < 0 ||
	    box_app_intern(&number, b, app, err) < 0)
		return -1;
	return rules_note(b, number, item, err);
}

/* A rule of the app, ready to be asked. */
struct ready_rule {
	char name[RULE_NAME_MAX + 1];
	struct meant *meant;
	bool selected;
	uint64_t made;
};

struct applying {
	struct box *b;
	struct app_session *s;
	int64_t app;
	struct ready_rule *rules;
	size_t n_rules;
	bool needs_types;
	uint8_t due[DUE_WINDOW][BOX_ID_BYTES];
	size_t n;
};

static void
applying_free(struct applying *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_rules; i++)
		meant_free(a->rules[i].meant);
	free(a->rules);
	free(a);
}
AUTO_PTR(applying_free, struct applying);

/* A rule that a newer program wrote may say what this one cannot read: `cloudbox rules` shows that. */
static int
make_ready(void *ctx, const struct rule *rule, struct err *err)
{
	struct applying *a = ctx;
	struct ready_rule *r = &a->rules[a->n_rules];
	struct err why = { 0 };

	if (strcmp(rule->app, a->s->app->name) != 0 || a->n_rules == RULES_MAX)
		return 0;
	if (meant_new(&r->meant, a->b, a->s, span_str(rule->where), &why) < 0) {
		if (why.code == ERR_USAGE || why.code == ERR_LIMIT)
			return 0;
		*err = why;
		return -1;
	}
	memcpy(r->name, rule->name, strlen(rule->name) + 1);
	r->selected = rule->selected;
	a->needs_types |= meant_needs_types(r->meant);
	a->n_rules++;
	return 0;
}

static int
due_next(struct applying *a, const uint8_t *after, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	a->n = 0;
	if (query_init(&q, a->b,
		       "SELECT item FROM due WHERE app = ?1 AND item > ?2 ORDER BY item LIMIT ?3",
		       err) < 0)
		return -1;
	query_int(&q, 1, a->app);
	query_blob(&q, 2, span_of(after, after ? BOX_ID_BYTES : 0));
	query_int(&q, 3, DUE_WINDOW);
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		query_column_bytes(&q, 0, a->due[a->n++], BOX_ID_BYTES);
	return rc;
}

static int
due_done(struct applying *a, const uint8_t *item, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, a->b, "DELETE FROM due WHERE app = ?1 AND item = ?2", err) < 0)
		return -1;
	query_int(&q, 1, a->app);
	query_blob(&q, 2, span_of(item, BOX_ID_BYTES));
	return query_run(&q, err);
}

/* The shortcut itself, with the item's type, as one that is added by hand has it. */
static int
make_shortcut(struct applying *a, struct ready_rule *r, const uint8_t *item, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	int rc = inventory_get_id(&f, a->b, item, err);

	if (rc == 0 && !f.item.type) {
		rc = inventory_types(a->b, a->s, f.item.native_id, err);
		if (rc == 0)
			rc = inventory_get_id(&f, a->b, item, err);
	}
	if (rc == 0)
		rc = shortcut_add(a->b, &f.item, r->selected, err);
	r->made += rc == 0;
	return rc < 0 ? -1 : 0;
}

/* Which rule means the item: *out, or NULL.  0, MEANT_UNREAD or -1. */
static int
find_rule(struct ready_rule **out, struct applying *a, const struct inventory_item *item,
	  struct err *err)
{
	*out = NULL;
	for (size_t i = 0; i < a->n_rules; i++) {
		int rc = meant_item(a->rules[i].meant, item, err);

		if (rc < 0 || rc == MEANT_UNREAD)
			return rc;
		if (rc == 0)
			continue;
		*out = &a->rules[i];
		return 0;
	}
	return 0;
}

/* 1: it was looked at; 0: it could not be read, and is looked at again; -1. */
static int
look_at(struct applying *a, const uint8_t *id, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	AUTO(buf_clear) struct buf party = BUF_INIT(ITEM_BYTES_MAX);
	struct ready_rule *rule;
	int rc = inventory_get_id(&f, a->b, id, err), out;

	if (rc == 0 && a->needs_types && !f.item.type) {
		rc = inventory_types(a->b, a->s, f.item.native_id, err);
		if (rc == 0)
			rc = inventory_get_id(&f, a->b, id, err);
	}
	if (rc)
		return rc < 0 ? -1 : 1;
	out = f.item.in_box ? 1
			    : kept_out_has(a->b, a->s->app->name, a->app, f.item.native_id, err);
	if (out)
		return out;
	if (a->s->adapter->form && a->s->adapter->form->thread &&
	    threads_of_item(&thread, &party, a->b, id, err) < 0)
		return -1;
	f.item.thread = buf_span(&thread);
	f.item.party = buf_span(&party);
	rc = find_rule(&rule, a, &f.item, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	return rule && make_shortcut(a, rule, id, err) < 0 ? -1 : 1;
}

static int
look_at_window(struct applying *a, struct err *err)
{
	int rc = 0;

	if (box_begin(a->b, err) < 0)
		return -1;
	for (size_t i = 0; rc >= 0 && i < a->n; i++) {
		rc = look_at(a, a->due[i], err);
		if (rc == 1)
			rc = due_done(a, a->due[i], err);
	}
	for (size_t i = 0; rc >= 0 && i < a->n_rules; i++) {
		if (a->rules[i].made)
			rc = rule_count_made(a->b, a->rules[i].name, a->rules[i].made, err);
		a->rules[i].made = 0;
	}
	return box_end(a->b, rc, err);
}

int
rules_apply(struct box *b, struct app_session *s, int64_t app, struct err *err)
{
	AUTO(applying_free) struct applying *a = calloc(1, sizeof *a);
	uint8_t after[BOX_ID_BYTES];

	if (!a)
		return err_nomem(err);
	*a = (struct applying){ .b = b, .s = s, .app = app };
	if (due_next(a, NULL, err) < 0)
		return -1;
	if (a->n == 0)
		return 0;
	a->rules = calloc(RULES_MAX, sizeof *a->rules);
	if (!a->rules)
		return err_nomem(err);
	if (rules_each(b, make_ready, a, err) < 0)
		return -1;
	while (a->n) {
		memcpy(after, a->due[a->n - 1], sizeof after);
		if (look_at_window(a, err) < 0 || due_next(a, after, err) < 0)
			return -1;
	}
	return 0;
}
