/* SPDX-License-Identifier: Apache-2.0 */
/* rules: see rules.h; rules_apply.c looks at items.  A rule's bytes: docs/formats/box-db.md. */
#include "box/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistr.h>

#include "base/bytes.h"
#include "box/box_internal.h"
#include "box/kept_out.h"
#include "box/rules_internal.h"
#include "box/settings.h"
#include "format/leb128.h"
#include "item/where.h"

#define KEY           "rule-"
#define KEY_AFTER     "rule." /* '.' follows '-' */
#define MADE          "local-made-"
#define RULE_VERSION  1
#define RULE_SELECTED 1
#define KEY_BYTES     (sizeof MADE + RULE_NAME_MAX)

_Static_assert(KEY_BYTES - 1 <= SETTING_KEY_MAX,
	       "a rule's settings have keys that are short enough");

bool
rule_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (n < 1 || n > RULE_NAME_MAX || name[0] == '-' || u8_check((const uint8_t *)name, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)name[i] < 0x20 || name[i] == 0x7f ||
		    ((uint8_t)name[i] == 0xc2 && (uint8_t)name[i + 1] < 0xa0))
			return false;
	return true;
}

static void
key_of(char out[static KEY_BYTES], const char *kind, const char *name)
{
	snprintf(out, KEY_BYTES, "%s%s", kind, name);
}

/* How many shortcuts the rule made so far: 0 where nobody counted. */
static int
made_get(uint64_t *out, struct box *b, const char *name, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	char key[KEY_BYTES];
	int rc;

	key_of(key, MADE, name);
	rc = setting_get(&value, b, key, err);
	*out = rc == 0 ? strtoull(buf_str(&value), NULL, 10) : 0;
	return rc < 0 ? -1 : 0;
}

int
rule_count_made(struct box *b, const char *name, uint64_t more, struct err *err)
{
	char key[KEY_BYTES], text[24];
	uint64_t made;

	key_of(key, MADE, name);
	if (made_get(&made, b, name, err) < 0)
		return -1;
	snprintf(text, sizeof text, "%llu", (unsigned long long)(made + more));
	return setting_set(b, key, span_str(text), err);
}

static int
rule_encode(struct buf *out, const struct rule *r, struct err *err)
{
	if (buf_append_byte(out, RULE_VERSION, err) < 0 ||
	    buf_append_byte(out, r->selected ? RULE_SELECTED : 0, err) < 0 ||
	    buf_append_leb128(out, strlen(r->app), err) < 0 || buf_append_str(out, r->app, err) < 0)
		return -1;
	return buf_append_str(out, r->where, err);
}

/* The texts of a rule at hand. */
struct rule_texts {
	char name[RULE_NAME_MAX + 1], app[APP_NAME_MAX + 1], where[2 * WHERE_BYTES_MAX + 1];
};

static bool
as_string(char *out, size_t cap, struct span s)
{
	if (s.n == 0 || s.n >= cap || memchr(s.p, 0, s.n))
		return false;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

/* @t is filled and @out points to it.  One that this program cannot read has no app and no expression. */
static void
rule_decode(struct rule *out, struct rule_texts *t, struct span key, struct span value)
{
	struct reader r = reader_of(value);
	uint8_t version = read_u8(&r), flags = read_u8(&r);
	struct span app = read_span(&r, (size_t)read_leb128(&r, 4));
	bool good = !r.failed && version == RULE_VERSION && (flags & ~RULE_SELECTED) == 0 &&
		    as_string(t->app, sizeof t->app, app) &&
		    as_string(t->where, sizeof t->where, r.left);

	if (!good)
		t->app[0] = t->where[0] = '\0';
	if (!as_string(t->name, sizeof t->name, span_skip(key, sizeof KEY - 1)))
		t->name[0] = t->app[0] = '\0';
	*out = (struct rule){ .name = t->name,
			      .app = t->app,
			      .where = t->where,
			      .selected = good && flags & RULE_SELECTED };
}

int
rules_each(struct box *b, rule_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct rule_texts texts;
	struct rule rule;
	int rc;

	if (query_init(&q, b,
		       "SELECT key, value FROM settings WHERE key > '" KEY "' AND key < '" KEY_AFTER
		       "' ORDER BY key",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		rule_decode(&rule, &texts, query_column_text_span(&q, 0), query_column_blob(&q, 1));
		if (made_get(&rule.made, b, rule.name, err) < 0 || fn(ctx, &rule, err) < 0)
			return -1;
	}
	return rc;
}

struct looking_for_app {
	const char *app;
	bool found;
};

static int
is_of_app(void *ctx, const struct rule *rule, struct err *err)
{
	struct looking_for_app *l = ctx;

	(void)err;
	l->found |= strcmp(rule->app, l->app) == 0;
	return 0;
}

int
rules_has(bool *out, struct box *b, const char *app, struct err *err)
{
	struct looking_for_app l = { app, false };

	if (rules_each(b, is_of_app, &l, err) < 0)
		return -1;
	*out = l.found;
	return 0;
}

int
rule_find(struct box *b, const char *name, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	char key[KEY_BYTES];

	if (!rule_name_is_valid(name))
		return BOX_ABSENT;
	key_of(key, KEY, name);
	return setting_get(&value, b, key, err);
}

static int
check_room(struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT count(*) FROM settings WHERE key > '" KEY "' AND key < '" KEY_AFTER
		       "'",
		       err) < 0 ||
	    query_step(&q, err) < 0)
		return -1;
	return query_column_int(&q, 0) <= RULES_MAX
		       ? 0
		       : err_set(err, ERR_LIMIT, "a Box has at most %d rules", RULES_MAX);
}

static int
put(struct box *b, const struct rule *rule, struct err *err)
{
	AUTO(buf_clear) struct buf value = BUF_INIT(SETTING_VALUE_MAX);
	char key[KEY_BYTES];

	key_of(key, KEY, rule->name);
	if (rule_encode(&value, rule, err) < 0 || setting_set(b, key, buf_span(&value), err) < 0 ||
	    check_room(b, err) < 0)
		return -1;
	return rule_count_made(b, rule->name, rule->made, err);
}

int
rule_put(struct box *b, const struct rule *rule, struct err *err)
{
	if (!rule_name_is_valid(rule->name)) {
		err_set(err, ERR_USAGE, "that is no name for a rule");
		return err_hint(err, "1 to %d bytes of text, '-' not first", RULE_NAME_MAX);
	}
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, put(b, rule, err), err);
}

/* The app of the rule, if this program can read it. */
struct app_of_rule {
	const char *name;
	char app[APP_NAME_MAX + 1];
};

static int
note_app(void *ctx, const struct rule *rule, struct err *err)
{
	struct app_of_rule *a = ctx;

	(void)err;
	if (strcmp(rule->name, a->name) == 0)
		snprintf(a->app, sizeof a->app, "%s", rule->app);
	return 0;
}

/* Without rules an app has nothing to look at, and nothing to keep out. */
static int
app_lost_a_rule(struct box *b, const char *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t number;
	bool has;
	int rc;

	if (rules_has(&has, b, app, err) < 0)
		return -1;
	rc = has ? BOX_ABSENT : box_app_number(&number, b, app, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (query_init(&q, b, "DELETE FROM due WHERE app = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	return query_run(&q, err) < 0 ? -1 : kept_out_drop(b, number, err);
}

static int
remove_one(struct box *b, const char *name, struct err *err)
{
	struct app_of_rule a = { .name = name };
	char key[KEY_BYTES];
	int rc = rule_find(b, name, err);

	if (rc)
		return rc;
	if (rules_each(b, note_app, &a, err) < 0)
		return -1;
	key_of(key, MADE, name);
	if (setting_remove(b, key, err) < 0)
		return -1;
	key_of(key, KEY, name);
	return setting_remove(b, key, err) < 0 ? -1 : app_lost_a_rule(b, a.app, err);
}

int
rule_remove(struct box *b, const char *name, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, remove_one(b, name, err), err);
}

struct rule_of_app {
	const char *app;
	char name[RULE_NAME_MAX + 1];
};

static int
note_name(void *ctx, const struct rule *rule, struct err *err)
{
	struct rule_of_app *r = ctx;

	(void)err;
	if (strcmp(rule->app, r->app) == 0)
		snprintf(r->name, sizeof r->name, "%s", rule->name);
	return 0;
}

int
rules_remove_app(struct box *b, const char *app, struct err *err)
{
	for (;;) {
		struct rule_of_app r = { .app = app };

		if (rules_each(b, note_name, &r, err) < 0)
			return -1;
		if (!r.name[0])
			return 0;
		if (rule_remove(b, r.name, err) < 0)
			return -1;
	}
}

static int
note_all(struct box *b, const char *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "INSERT OR IGNORE INTO due (app, item) SELECT i.app, i.item FROM items i"
		       " WHERE i.app = (SELECT id FROM apps WHERE name = ?1) AND NOT EXISTS"
		       " (SELECT 1 FROM shortcuts c WHERE c.app = i.app AND c.item = i.item)",
		       err) < 0)
		return -1;
	query_text(&q, 1, app);
	return query_run(&q, err);
}

int
rules_arrived(struct box *b, const char *key, struct err *err)
{
	struct app_of_rule a = { .name = key + sizeof KEY - 1 };

	if (strncmp(key, KEY, sizeof KEY - 1) != 0)
		return 0;
	return rules_each(b, note_app, &a, err) < 0 ? -1 : note_all(b, a.app, err);
}
