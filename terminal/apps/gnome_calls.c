/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gnome_calls: the call log of GNOME Calls, records.db.
 *
 *     calls(id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT, inbound, start, answered, end, protocol)
 *     _gom_version: 2 is the greatest
 *
 * Times are texts of RFC 3339 in UTC, to the microsecond; a call without `answered` that came in was
 * missed.  Calls may run meanwhile: the log is in WAL mode, Calls only appends, and reads what is there when
 * it starts.  It knows calls in, out and missed: rejected and blocked ones are kept as missed.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "apps/db_rows.h"
#include "apps/find.h"
#include "apps/row_app.h"
#include "base/when.h"
#include "item/sms_xml.h"

#define VERSION      2
#define NUMBER_BYTES ((size_t)4096)
#define ROW_BYTES    (8 * NUMBER_BYTES)

static int
check(struct app_db *d, struct err *err)
{
	int64_t columns;

	if (app_db_number(&columns, d,
			  "SELECT count(*) FROM pragma_table_info('calls') WHERE name IN"
			  " ('id', 'target', 'inbound', 'start', 'answered', 'end', 'protocol')",
			  err) < 0)
		return -1;
	return columns == 7 ? 0
			    : err_set(err, ERR_UNSUPPORTED,
				      "this is no call log of a GNOME Calls that Cloudbox knows");
}

static int
calls_open(void **store, const struct app *app, struct err *err)
{
	struct db_rows *r = calloc(1, sizeof *r);

	if (!r)
		return err_nomem(err);
	if (db_rows_init(r, "GNOME Calls", app->path, check, err) < 0) {
		free(r);
		return -1;
	}
	*store = r;
	return 0;
}

static void
calls_close(void *store)
{
	db_rows_clear(store);
	free(store);
}

static int
calls_stamp(struct app_stamp *out, void *store, struct err *err)
{
	return db_rows_stamp(out, store, err);
}

/* 1. Reading. */

#define SELECT "SELECT id, target, inbound, start, answered, \"end\" FROM calls "

/* 0, or 1: there is no such time. */
static int
time_of(int64_t *unix_ms, const struct query *q, int column)
{
	struct err ignored = { 0 };

	return query_column_is_null(q, column) ||
	       when_parse(unix_ms, query_column_blob(q, column), &ignored) < 0;
}

/* The row at hand as a call.  0, or -1 with @why: it is none. */
static int
call_of_row(struct sms_xml_call *call, const struct query *q, struct err *why)
{
	int64_t answered, end;
	bool talked = time_of(&answered, q, 4) == 0;

	*call = (struct sms_xml_call){ .number = query_column_blob(q, 1) };
	if (time_of(&call->at_unix_ms, q, 3) != 0)
		return err_set(why, ERR_SYNTAX, "call %" PRId64 " does not say when it began",
			       query_column_int(q, 0));
	if (!query_column_int(q, 2))
		call->type = SMS_XML_CALL_OUT;
	else
		call->type = talked ? SMS_XML_CALL_IN : SMS_XML_CALL_MISSED;
	if (talked && time_of(&end, q, 5) == 0 && end > answered)
		call->duration_s = (end - answered) / 1000;
	return 0;
}

static int
calls_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ROW_BYTES);
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct app_db *d;
	int rc = db_rows_reading(&d, store, err);

	if (rc != 0)
		return rc;
	if (query_open(&q, &d->sql, SELECT "ORDER BY id", err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		struct row row = { .number = query_column_int(&q, 0) };
		struct sms_xml_call call;
		struct err why = { 0 };

		buf_reset(&bytes);
		if (call_of_row(&call, &q, &why) < 0 || sms_xml_call_print(&bytes, &call, &why) < 0)
			rc = refused(ctx, &why, err);
		else {
			row.bytes = buf_span(&bytes);
			row.modified_unix_ms = call.at_unix_ms;
			rc = fn(ctx, &row, err);
		}
		if (rc < 0)
			return -1;
	}
	return rc;
}

static int
calls_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct sms_xml_call call;
	struct app_db *d;
	int rc = db_rows_reading(&d, store, err);

	if (rc != 0)
		return rc;
	if (query_open(&q, &d->sql, SELECT "WHERE id = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : APP_MOVED;
	return call_of_row(&call, &q, err) < 0 ? -1 : sms_xml_call_print(out, &call, err);
}

/* 2. Writing. */

static int
calls_begin(void *store, struct err *err)
{
	struct db_rows *r = store;
	int64_t version;

	if (db_rows_begin(r, err) < 0)
		return -1;
	if (app_db_number(&version, &r->live, "SELECT max(version) FROM _gom_version", err) == 0) {
		if (version == VERSION)
			return 0;
		err_set(err, ERR_UNSUPPORTED,
			"this is version %" PRId64
			" of the call log of GNOME Calls, which Cloudbox only reads",
			version);
		err_hint(err, "a newer Cloudbox may know it");
	}
	db_rows_rollback(r);
	return -1;
}

static int
calls_commit(void *store, struct err *err)
{
	return db_rows_commit(store, err);
}

static void
calls_rollback(void *store)
{
	db_rows_rollback(store);
}

/* What Calls can say of it.  0, or ROW_REFUSED with @err. */
static int
make_sayable(struct sms_xml_call *call, struct err *err)
{
	if (call->type > SMS_XML_CALL_MISSED)
		call->type = SMS_XML_CALL_MISSED;
	if (call->type == 0) {
		err_set(err, ERR_UNSUPPORTED, "GNOME Calls has no calls of this kind");
		return ROW_REFUSED;
	}
	if (call->type == SMS_XML_CALL_MISSED && call->duration_s > 0) {
		err_set(err, ERR_UNSUPPORTED,
			"GNOME Calls keeps no duration of a call that was not answered");
		return ROW_REFUSED;
	}
	return 0;
}

static int
calls_shown(struct buf *out, void *store, struct span bytes, struct err *err)
{
	AUTO(buf_clear) struct buf number = BUF_INIT(NUMBER_BYTES);
	struct sms_xml_call call;

	(void)store;
	if (sms_xml_call_parse(&call, &number, bytes, err) < 0)
		return -1;
	int rc = make_sayable(&call, err);
	return rc ? rc : sms_xml_call_print(out, &call, err);
}

/* "2026-11-26T03:48:57.382000Z" */
static int
bind_time(struct query *q, int at, struct buf *store, int64_t unix_ms, struct err *err)
{
	char text[WHEN_TEXT_BYTES];

	when_print(text, unix_ms - unix_ms % 1000);
	buf_reset(store);
	if (buf_append_fmt(store, err, "%.19s.%03d000Z", text, (int)(unix_ms % 1000)) < 0)
		return -1;
	query_text_span(q, at, buf_span(store));
	return 0;
}

static int
insert(int64_t *number, struct db_rows *r, const struct sms_xml_call *call, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(buf_clear) struct buf start = BUF_INIT(64);
	AUTO(buf_clear) struct buf answered = BUF_INIT(64);
	AUTO(buf_clear) struct buf end = BUF_INIT(64);
	bool talked = call->type == SMS_XML_CALL_IN || call->duration_s > 0;
	bool sip = call->number.n > 4 && (memcmp(call->number.p, "sip:", 4) == 0 ||
					  memcmp(call->number.p, "sips:", 5) == 0);

	if (query_open(&q, &r->live.sql,
		       "INSERT INTO calls (target, inbound, start, answered, \"end\", protocol)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		       err) < 0)
		return -1;
	query_text_span(&q, 1, call->number);
	query_int(&q, 2, call->type != SMS_XML_CALL_OUT);
	if (bind_time(&q, 3, &start, call->at_unix_ms, err) < 0 ||
	    bind_time(&q, 4, &answered, call->at_unix_ms, err) < 0 ||
	    bind_time(&q, 5, &end, call->at_unix_ms + call->duration_s * 1000, err) < 0)
		return -1;
	if (!talked)
		query_null(&q, 4);
	query_text_span(&q, 6, span_str(sip ? "sip" : "tel"));
	if (query_run(&q, err) < 0)
		return -1;
	*number = sqlite3_last_insert_rowid(r->live.sql.db);
	return 0;
}

static int
calls_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(NUMBER_BYTES);
	struct sms_xml_call call;

	if (sms_xml_call_parse(&call, &text, bytes, err) < 0)
		return ROW_REFUSED;
	int rc = make_sayable(&call, err);
	return rc ? rc : insert(number, store, &call, err);
}

/* Nothing in a call is ever merged. */
static int
calls_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	(void)store;
	(void)number;
	(void)bytes;
	err_set(err, ERR_UNSUPPORTED, "a call has nothing that could be changed");
	return ROW_REFUSED;
}

static int
calls_remove(void *store, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct db_rows *r = store;

	if (query_open(&q, &r->live.sql, "DELETE FROM calls WHERE id = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	return query_run(&q, err);
}

static const struct row_kind calls = {
	.source = "records.db",
	.open = calls_open,
	.close = calls_close,
	.stamp = calls_stamp,
	.each = calls_each,
	.read = calls_read,
	.begin = calls_begin,
	.add = calls_add,
	.replace = calls_replace,
	.remove = calls_remove,
	.commit = calls_commit,
	.rollback = calls_rollback,
	.shown = calls_shown,
};

static const char *const drops[] = { "CONTACT", NULL };

static const struct item_profile profile = { .drops = drops, .only_missed = true };

extern const struct adapter adapter_gnome_calls;

const struct adapter adapter_gnome_calls = {
	.name = "gnome-calls",
	.form = &form_call,
	.rows = &calls,
	.profile = &profile,
	.find = gnome_calls_find,
	OVER_ROWS,
};
