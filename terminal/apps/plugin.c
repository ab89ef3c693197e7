/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plugin: an app that Cloudbox knows nothing of, through a program that speaks for it
 * (docs/protocol/plugin.md).
 *
 * The program is started when the app is opened and ended when it is closed; only a person makes it
 * known (`cloudbox apps add NAME --adapter plugin --path PROGRAM`).  What its items are, it says in its
 * hello: so each session has an adapter's table of its own.
 *
 * It is other people's code: whatever it says is judged before it counts.  Its first lie ends it, and
 * what was known of its items stays known.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/apps.h"
#include "apps/plugin_ids.h"
#include "apps/plugin_message.h"
#include "apps/plugin_process.h"
#include "apps/row_app.h"

#define READ_AT_ONCE 256 /* items asked for in one request */
#define REQUEST_MAX  ((size_t)PLUGIN_LINE_BYTES_MAX + 1)
#define TIMEOUT_KEY  "timeout-s"
#define TIMEOUT_MAX  3600ul

struct plugin {
	const struct app *app;
	struct plugin_process *process;
	struct plugin_hello hello;
	struct adapter adapter; /* this session's table */
	struct item_profile profile;
	struct plugin_ids ids;
	bool listed; /* `ids` are those of the app, or were */
	struct buf request;
	struct plugin_answer answer;
	/* The row that was read last: what a replace or remove expects. */
	int64_t last_number;
	struct buf last;
};

/* ---- speaking ---- */

static int
named(const struct plugin *p, struct err *err)
{
	return err_wrap(err, "plug-in of %s", p->app->name);
}

/* It said what cannot be: that was its last word. */
static int
lied(struct plugin *p, struct err *why, struct err *err)
{
	named(p, why);
	return plugin_process_fail(p->process, why, err);
}

static int
tell(struct plugin *p, struct err *err)
{
	return plugin_process_tell(p->process, buf_span(&p->request), err);
}

/* The next answer; what it says is wrong becomes our failure. */
static int
hear(struct plugin *p, struct err *err)
{
	struct err why = { 0 };
	struct span line;

	if (plugin_process_hear(p->process, &line, err) < 0)
		return -1;
	if (plugin_answer_parse(&p->answer, p->hello.form, line, &why) < 0)
		return lied(p, &why, err);
	if (p->answer.says != PLUGIN_ERROR)
		return 0;
	*err = p->answer.why;
	return named(p, err);
}

static int
ask(struct plugin *p, const char *what, struct err *err)
{
	buf_reset(&p->request);
	return plugin_request_print(&p->request, what, err) < 0 || tell(p, err) < 0 ? -1 : 0;
}

/* It answered with something else than it was asked. */
static int
wrong_answer(struct plugin *p, const char *what, struct err *err)
{
	struct err why = { 0 };

	err_set(&why, ERR_SYNTAX, "that is no answer to \"%s\"", what);
	return lied(p, &why, err);
}

static int
ask_and_hear(struct plugin *p, const char *what, enum plugin_says wanted, struct err *err)
{
	if (ask(p, what, err) < 0 || hear(p, err) < 0)
		return -1;
	return p->answer.says == wanted ? 0 : wrong_answer(p, what, err);
}

/* ---- opening ---- */

static void
plugin_close(void *store)
{
	struct plugin *p = store;

	plugin_process_end(p->process);
	plugin_hello_clear(&p->hello);
	plugin_ids_clear(&p->ids);
	plugin_answer_clear(&p->answer);
	buf_clear(&p->request);
	buf_clear(&p->last);
	free(p);
}

static int
timeout_of(unsigned *out_ms, const struct app *app, struct err *err)
{
	const char *text = app_get(app, TIMEOUT_KEY);
	char *end;
	unsigned long s = text ? strtoul(text, &end, 10) : 0;

	if (text && (*text < '1' || *text > '9' || *end || s > TIMEOUT_MAX))
		return err_set(err, ERR_USAGE, "%s: 1 to %lu seconds, not %.20s", TIMEOUT_KEY,
			       TIMEOUT_MAX, text);
	*out_ms = (unsigned)s * 1000;
	return 0;
}

static int
hello(struct plugin *p, struct err *err)
{
	struct err why = { 0 };
	struct span line;

	if (plugin_hello_print(&p->request, p->app, err) < 0 || tell(p, err) < 0 ||
	    plugin_process_hear(p->process, &line, err) < 0)
		return -1;
	return plugin_hello_parse(&p->hello, line, &why) < 0 ? lied(p, &why, err) : 0;
}

static int
plugin_open(void **store, const struct app *app, struct err *err)
{
	struct plugin *p = calloc(1, sizeof *p);
	unsigned answer_ms = 0;

	if (!p)
		return err_nomem(err);
	p->app = app;
	p->ids = (struct plugin_ids)PLUGIN_IDS_INIT;
	p->answer = (struct plugin_answer)PLUGIN_ANSWER_INIT;
	p->request = (struct buf)BUF_INIT(REQUEST_MAX);
	p->last = (struct buf)BUF_INIT(PLUGIN_ITEM_MAX);
	p->last_number = -1;
	if (timeout_of(&answer_ms, app, err) < 0 ||
	    plugin_process_start(&p->process, app->name, app->path, answer_ms, err) < 0 ||
	    hello(p, err) < 0) {
		plugin_close(p);
		return -1;
	}
	*store = p;
	return 0;
}

/* ---- reading ---- */

/* A revision as a stamp: equal as long as it is, and without a time. */
static void
stamp_of(struct app_stamp *out, struct span revision)
{
	uint64_t word[4];

	crypto_generichash((uint8_t *)word, sizeof word, revision.p, revision.n, NULL, 0);
	*out = (struct app_stamp){ .device = word[0],
				   .inode = word[1],
				   .size = word[2],
				   .ctime_ns = (int64_t)(word[3] >> 1) };
}

static int
plugin_stamp(struct app_stamp *out, void *store, struct err *err)
{
	struct plugin *p = store;

	if (ask_and_hear(p, "revision", PLUGIN_REVISION, err) < 0)
		return -1;
	stamp_of(out, buf_span(&p->answer.id));
	return 0;
}

static int
take_id(struct plugin *p, struct err *err)
{
	struct err why = { 0 };
	int64_t number;
	int rc = plugin_ids_add(&number, &p->ids, buf_span(&p->answer.id), &why);

	if (rc == 0)
		return 0;
	if (rc == PLUGIN_ID_THERE)
		err_set(&why, ERR_SYNTAX, "its list names one id twice");
	return lied(p, &why, err);
}

/* The ids of all items. */
static int
list(struct plugin *p, struct err *err)
{
	struct err why = { 0 };

	plugin_ids_clear(&p->ids);
	p->listed = false;
	if (ask(p, "list", err) < 0)
		return -1;
	for (;;) {
		if (hear(p, err) < 0)
			return -1;
		if (p->answer.says == PLUGIN_END)
			break;
		if (p->answer.says != PLUGIN_ID)
			return wrong_answer(p, "list", err);
		if (take_id(p, err) < 0)
			return -1;
	}
	if (p->answer.count != p->ids.n) {
		err_set(&why, ERR_SYNTAX, "its list has %zu items, not the number it says",
			p->ids.n);
		return lied(p, &why, err);
	}
	p->listed = true;
	return 0;
}

/* The answer for the item @id of a read.  0, APP_MOVED or -1. */
static int
hear_item(struct plugin *p, struct span id, struct err *err)
{
	struct err why = { 0 };

	if (hear(p, err) < 0)
		return -1;
	if (p->answer.says == PLUGIN_GONE)
		return APP_MOVED;
	if (p->answer.says == PLUGIN_ITEM && span_equal(buf_span(&p->answer.id), id))
		return 0;
	err_set(&why, ERR_SYNTAX, "it gave another item than it was asked for");
	return lied(p, &why, err);
}

/* All @n are heard, whatever one of them is, so that the next request begins anew. */
static int
give_some(struct plugin *p, const int64_t *numbers, size_t n, row_fn *fn, void *ctx,
	  struct err *err)
{
	struct span ids[READ_AT_ONCE];
	bool moved = false;

	for (size_t i = 0; i < n; i++)
		ids[i] = plugin_ids_get(&p->ids, numbers[i]);
	buf_reset(&p->request);
	if (plugin_read_print(&p->request, ids, n, err) < 0 || tell(p, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int rc = hear_item(p, ids[i], err);

		if (rc < 0)
			return -1;
		moved |= rc == APP_MOVED;
		struct row row = { .number = numbers[i],
				   .modified_unix_ms = p->answer.modified_unix_ms,
				   .bytes = buf_span(&p->answer.bytes) };
		if (rc == 0 && !moved && fn(ctx, &row, err) < 0) {
			struct err why = *err; /* the lines that are still to come are nobody's */
			return plugin_process_fail(p->process, &why, err);
		}
	}
	return moved ? APP_MOVED : 0;
}

static int
plugin_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct plugin *p = store;
	AUTO(free) int64_t *numbers = NULL;
	int rc = 0;

	(void)refused; /* what is no item of the form is refused by row_app */
	if (list(p, err) < 0)
		return -1;
	numbers = plugin_ids_sorted(&p->ids);
	if (!numbers)
		return err_nomem(err);
	for (size_t at = 0; rc == 0 && at < p->ids.n; at += READ_AT_ONCE) {
		size_t n = p->ids.n - at < READ_AT_ONCE ? p->ids.n - at : READ_AT_ONCE;
		rc = give_some(p, numbers + at, n, fn, ctx, err);
	}
	return rc;
}

static int
plugin_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	struct plugin *p = store;
	struct span id;
	int rc;

	if (!p->listed && list(p, err) < 0)
		return -1;
	id = plugin_ids_get(&p->ids, number);
	if (!id.n)
		return APP_MOVED;
	buf_reset(&p->request);
	if (plugin_read_print(&p->request, &id, 1, err) < 0 || tell(p, err) < 0)
		return -1;
	rc = hear_item(p, id, err);
	if (rc)
		return rc;
	p->last_number = -1;
	buf_reset(&p->last);
	if (buf_append(&p->last, buf_span(&p->answer.bytes), err) < 0)
		return -1;
	p->last_number = number;
	return buf_append(out, buf_span(&p->answer.bytes), err);
}

/* ---- writing ---- */

static int
plugin_begin(void *store, struct err *err)
{
	struct plugin *p = store;

	if (!p->hello.writes)
		return err_set(err, ERR_UNSUPPORTED, "%s is only read, never written",
			       p->hello.name);
	return ask_and_hear(p, "begin", PLUGIN_OK, err);
}

/* 0 (see answer.says), ROW_REFUSED or -1. */
static int
change(struct plugin *p, const char *what, struct span id, struct span was, struct span item,
       struct err *err)
{
	buf_reset(&p->request);
	if (plugin_change_print(&p->request, &p->hello, what, id, was, item, err) < 0)
		return err->code == ERR_NOMEM ? -1 : ROW_REFUSED;
	if (tell(p, err) < 0)
		return err->code == ERR_LIMIT ? ROW_REFUSED : -1;
	if (hear(p, err) < 0)
		return -1;
	if (p->answer.says == PLUGIN_REFUSED)
		return *err = p->answer.why, ROW_REFUSED;
	return 0;
}

static int
plugin_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	struct plugin *p = store;
	struct span none = { NULL, 0 };
	int rc = !p->listed && list(p, err) < 0 ? -1 : change(p, "add", none, none, bytes, err);
	struct err why = { 0 };

	if (rc)
		return rc;
	if (p->answer.says != PLUGIN_ID)
		return wrong_answer(p, "add", err);
	rc = plugin_ids_add(number, &p->ids, buf_span(&p->answer.id), &why);
	if (rc == PLUGIN_ID_THERE)
		err_set(&why, ERR_SYNTAX, "it gave a new item the id of another");
	return rc ? lied(p, &why, err) : 0;
}

/* Of the row that was read last, as it was read. */
static int
change_last(struct plugin *p, const char *what, int64_t number, struct span item, struct err *err)
{
	struct span id = plugin_ids_get(&p->ids, number);
	int rc;

	if (number != p->last_number || !id.n)
		return err_set(err, ERR_INTERNAL,
			       "%s: a row that was not read before it is changed", p->app->name);
	rc = change(p, what, id, buf_span(&p->last), item, err);
	if (rc)
		return rc;
	if (p->answer.says == PLUGIN_GONE) {
		err_set(err, ERR_CONFLICT, "%s: it changed in the meantime", p->app->name);
		return ROW_REFUSED;
	}
	return p->answer.says == PLUGIN_OK ? 0 : wrong_answer(p, what, err);
}

static int
plugin_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	return change_last(store, "replace", number, bytes, err);
}

static int
plugin_remove(void *store, int64_t number, struct err *err)
{
	return change_last(store, "remove", number, span_of(NULL, 0), err);
}

static int
plugin_commit(void *store, struct err *err)
{
	return ask_and_hear(store, "commit", PLUGIN_OK, err);
}

static void
plugin_rollback(void *store)
{
	struct plugin *p = store;
	struct err ignored;

	p->listed = false; /* what was added is none of its */
	ask_and_hear(p, "rollback", PLUGIN_OK, &ignored);
}

static int
plugin_shown(struct buf *out, void *store, struct span bytes, struct err *err)
{
	struct plugin *p = store;
	struct span none = { NULL, 0 };
	int rc = p->hello.matches ? change(p, "match", none, none, bytes, err) : ROW_REFUSED;

	if (rc)
		return rc;
	if (p->answer.says != PLUGIN_ITEM)
		return wrong_answer(p, "match", err);
	return buf_append(out, buf_span(&p->answer.bytes), err);
}

/* ---- the adapter ---- */

static const struct row_kind kind = {
	.source = "plugin",
	.open = plugin_open,
	.close = plugin_close,
	.stamp = plugin_stamp,
	.each = plugin_each,
	.read = plugin_read,
	.begin = plugin_begin,
	.add = plugin_add,
	.replace = plugin_replace,
	.remove = plugin_remove,
	.commit = plugin_commit,
	.rollback = plugin_rollback,
	.shown = plugin_shown,
};

static int plugin_session_open(struct app_session **out, const struct app *app, struct err *err);

extern const struct adapter adapter_plugin;

/* Its form is that of an app whose plug-in has not said hello. */
const struct adapter adapter_plugin = {
	.name = "plugin",
	.form = &form_record,
	.rows = &kind,
	.open = plugin_session_open,
	.close = row_app_close,
	.sources = row_app_sources,
	.stamp = row_app_stamp,
	.read_source = row_app_read_source,
	.type = row_app_type,
	.open_item = row_app_open_item,
	.apply = row_app_apply,
	.home = row_app_home,
	.rewrite = row_app_rewrite,
	.tidy = row_app_tidy,
	.ready = row_app_ready,
	.shown = row_app_shown,
};

static int
plugin_session_open(struct app_session **out, const struct app *app, struct err *err)
{
	struct plugin *p;

	if (row_session_open(out, &adapter_plugin, app, err) < 0)
		return -1;
	p = row_session_store(*out);
	p->profile = (struct item_profile){ .single = p->hello.single, .drops = p->hello.drops };
	p->adapter = adapter_plugin;
	p->adapter.form = p->hello.form;
	p->adapter.profile = &p->profile;
	(*out)->adapter = &p->adapter;
	return 0;
}
