/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chatty: SMS and MMS in Chatty's history (~/.purple/chatty/db/chatty-history.db, version 4).
 *
 *     accounts ── threads ──┬── thread_members ── users
 *     (protocol 1: SMS/MMS) └── messages ── message_files ── files ── mime_type
 *
 *     threads    type 0 with one, or an SMS to several: the name is the numbers joined by ','; 1 a group
 *     messages   direction 1 in, -1 out, 0 of the system (no item); time in seconds; body_type 1 text,
 *                9 picture, 12 MMS; status 1 draft, 2 received, 3 sent, 6 not sent
 *     files      path relative to $XDG_DATA_HOME/chatty, status 1 is there
 *
 * The uid of what we write: of an MMS the network's id, if it has one; else a UUIDv8 of what makes the
 * message that message (sms_xml.h) and the how manieth such one it is.  So the same message written twice
 * is refused by the table's own UNIQUE, whatever went wrong before.
 *
 * Chatty keeps its conversations in memory and sets no busy timeout: it is only read while it runs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/chatty_internal.h"
#include "apps/find.h"
#include "base/text.h"
#include "os/os.h"

#define HISTORY "/.purple/chatty/db/chatty-history.db"

static int
check(struct app_db *d, struct err *err)
{
	int64_t tables;

	if (app_db_exec(d, "PRAGMA foreign_keys = ON", err) < 0 ||
	    app_db_number(&tables, d,
			  "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN"
			  " ('accounts', 'users', 'threads', 'thread_members', 'messages', 'files',"
			  " 'message_files', 'mime_type')",
			  err) < 0)
		return -1;
	return tables == 8 ? 0
			   : err_set(err, ERR_UNSUPPORTED,
				     "this is no history of a Chatty that Cloudbox knows");
}

/* Beside a history in somebody's home lies his data; beside one elsewhere, ours. */
static int
data_of(char **out, const char *path, struct err *err)
{
	char here[FIND_PATH_BYTES];
	const char *home = getenv("HOME"), *tail = strstr(path, HISTORY);
	size_t n = tail && !tail[strlen(HISTORY)] ? (size_t)(tail - path) : 0;
	bool ours = n == 0 || (home && strlen(home) == n && memcmp(home, path, n) == 0);

	if (!ours)
		return asprintf(out, "%.*s/.local/share/chatty", (int)n, path) < 0 ? err_nomem(err)
										   : 0;
	if (!find_path(here, FIND_DATA, "chatty"))
		return err_set(err, ERR_NOT_FOUND, "there is no home folder");
	*out = strdup(here);
	return *out ? 0 : err_nomem(err);
}

static void
chatty_close(void *store)
{
	struct chatty *c = store;

	chatty_rollback(c);
	db_rows_clear(&c->rows);
	free(c->data);
	free(c);
}

static int
chatty_open(void **store, const struct app *app, struct err *err)
{
	struct chatty *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	if (db_rows_init(&c->rows, "Chatty", app->path, check, err) < 0) {
		free(c);
		return -1;
	}
	if (data_of(&c->data, app->path, err) < 0) {
		chatty_close(c);
		return -1;
	}
	*store = c;
	return 0;
}

static int
chatty_stamp(struct app_stamp *out, void *store, struct err *err)
{
	return db_rows_stamp(out, &((struct chatty *)store)->rows, err);
}

/* 1. A row as a message. */

/* In this order of tables whatever the planner thinks: ascending by the message's number. */
#define SELECT                                                                                     \
	"SELECT m.id, m.uid, m.body, m.body_type, m.direction, m.time, m.status, m.subject,"       \
	" t.name, t.type, u.username,"                                                             \
	" EXISTS (SELECT 1 FROM message_files f WHERE f.message_id = m.id)"                        \
	" FROM messages m CROSS JOIN threads t ON t.id = m.thread_id"                              \
	" CROSS JOIN accounts a ON a.id = t.account_id AND a.protocol IN (1, 2)"                   \
	" LEFT JOIN users u ON u.id = m.sender_id WHERE m.direction IN (1, -1) "

enum column {
	COLUMN_ID,
	COLUMN_UID,
	COLUMN_BODY,
	COLUMN_BODY_TYPE,
	COLUMN_DIRECTION,
	COLUMN_TIME,
	COLUMN_STATUS,
	COLUMN_SUBJECT,
	COLUMN_THREAD,
	COLUMN_THREAD_TYPE,
	COLUMN_SENDER,
	COLUMN_HAS_FILES,
};

#define BODY_TYPE_MMS 12
#define GROUP         1

static enum chatty_box
box_of(const struct query *q)
{
	int64_t status = query_column_int(q, COLUMN_STATUS);

	if (query_column_int(q, COLUMN_DIRECTION) > 0)
		return CHATTY_IN;
	return status == 1 ? CHATTY_DRAFT : status == 6 ? CHATTY_FAILED : CHATTY_OUT;
}

/* The network's id, where the uid is one: not a UUIDv8 of ours; what tells equal ones apart goes. */
static int
id_of(struct buf *out, struct span uid, struct err *err)
{
	static const char mark[] = "#cloudbox-";

	if (uid.n == CHATTY_UUID - 1 && uid.p[8] == '-' && uid.p[13] == '-' && uid.p[14] == '8' &&
	    uid.p[18] == '-' && uid.p[23] == '-')
		return 0;
	for (size_t i = 0; i + sizeof mark <= uid.n; i++)
		if (memcmp(uid.p + i, mark, sizeof mark - 1) == 0)
			uid.n = i;
	return buf_append(out, uid, err);
}

static int
numbers_of(struct buf *out, struct span name, struct err *err)
{
	if (buf_append(out, name, err) < 0)
		return -1;
	for (size_t i = 0; i < out->n; i++)
		if (out->p[i] == ',')
			out->p[i] = '~';
	return 0;
}

/* One file of the message.  What is not there any more is no part of it. */
static int
load_part(struct chatty_message *m, struct chatty *c, const struct query *q, struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(APP_PATH_MAX);
	AUTO(buf_clear) struct buf data = BUF_INIT(ITEM_BYTES_MAX);
	struct span type = query_column_blob(q, 3);
	struct chatty_part *p;
	int rc, kind;

	if (buf_append(&path, query_column_blob(q, 2), err) < 0)
		return -1;
	rc = chatty_file_read(&data, c, buf_str(&path), err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (span_equal(type, span_str("application/smil")))
		return 0;
	if (chatty_part_add(&p, m, err) < 0 || buf_append(&p->type, type, err) < 0 ||
	    buf_append(&p->name, query_column_blob(q, 1), err) < 0)
		return -1;
	if (type.n == 0 && buf_append_str(&p->type, "application/octet-stream", err) < 0)
		return -1;
	buf_clear(&p->data);
	p->data = data;
	data = (struct buf)BUF_INIT(0);
	p->file = query_column_int(q, 0);
	kind = chatty_file_kind(buf_str(&path));
	p->ours = kind != 2;
	p->is_text = kind == 0 || (kind == 2 && span_equal(type, span_str("text/plain")));
	/* Chatty itself keeps a text twice: in the body, and as the file that came. */
	if (kind == 2 && p->is_text && memmem(m->body.p, m->body.n, p->data.p, p->data.n)) {
		buf_clear(&p->type);
		buf_clear(&p->name);
		buf_clear(&p->data);
		m->n_parts--;
	}
	return 0;
}

static int
load_parts(struct chatty_message *m, struct chatty *c, struct sql *from, int64_t number,
	   struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, from,
		       "SELECT f.id, f.name, f.path, t.name FROM message_files m"
		       " JOIN files f ON f.id = m.file_id"
		       " LEFT JOIN mime_type t ON t.id = f.mime_type_id"
		       " WHERE m.message_id = ?1 ORDER BY m.id",
		       err) < 0)
		return -1;
	query_int(&q, 1, number);
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		if (load_part(m, c, &q, err) < 0)
			return -1;
	return rc;
}

/* The row at hand. */
static int
load_row(struct chatty_message *m, struct chatty *c, const struct query *q, struct err *err)
{
	bool has_files = query_column_int(q, COLUMN_HAS_FILES) != 0;

	m->is_mms = has_files || query_column_int(q, COLUMN_BODY_TYPE) == BODY_TYPE_MMS ||
		    query_column_int(q, COLUMN_THREAD_TYPE) == GROUP;
	m->at_unix_s = query_column_int(q, COLUMN_TIME);
	m->box = box_of(q);
	if (numbers_of(&m->numbers, query_column_blob(q, COLUMN_THREAD), err) < 0 ||
	    buf_append(&m->body, query_column_blob(q, COLUMN_BODY), err) < 0)
		return -1;
	if (!m->is_mms)
		return 0;
	if (buf_append(&m->subject, query_column_blob(q, COLUMN_SUBJECT), err) < 0 ||
	    id_of(&m->id, query_column_blob(q, COLUMN_UID), err) < 0 ||
	    (m->box == CHATTY_IN &&
	     buf_append(&m->sender, query_column_blob(q, COLUMN_SENDER), err) < 0))
		return -1;
	return has_files ? load_parts(m, c, q->sql, query_column_int(q, COLUMN_ID), err) : 0;
}

int
chatty_load(struct chatty_message *m, struct chatty *c, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct app_db *d;
	int rc = db_rows_reading(&d, &c->rows, err);

	if (rc != 0)
		return rc;
	if (query_open(&q, &d->sql, SELECT "AND m.id = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : APP_MOVED;
	return load_row(m, c, &q, err);
}

static int
chatty_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	AUTO(chatty_message_clear) struct chatty_message m = CHATTY_MESSAGE_INIT;
	int rc = chatty_load(&m, store, number, err);

	return rc ? rc : chatty_message_print(out, &m, err);
}

static int
emit(struct chatty *c, const struct query *q, row_fn *fn, row_refused_fn *refused, void *ctx,
     struct err *err)
{
	AUTO(chatty_message_clear) struct chatty_message m = CHATTY_MESSAGE_INIT;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	struct err why = { 0 };

	if (load_row(&m, c, q, &why) < 0 || chatty_message_print(&bytes, &m, &why) < 0) {
		err_wrap(&why, "message %" PRId64, query_column_int(q, COLUMN_ID));
		return why.code == ERR_NOMEM ? err_nomem(err) : refused(ctx, &why, err);
	}
	struct row row = { .number = query_column_int(q, COLUMN_ID),
			   .modified_unix_ms = m.at_unix_s * 1000,
			   .bytes = buf_span(&bytes) };
	return fn(ctx, &row, err);
}

static int
chatty_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	struct chatty *c = store;
	struct app_db *d;
	int rc = db_rows_reading(&d, &c->rows, err);

	if (rc != 0)
		return rc;
	if (query_open(&q, &d->sql, SELECT "ORDER BY m.id", err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		if (emit(c, &q, fn, refused, ctx, err) < 0)
			return -1;
	return rc;
}

static int
chatty_shown(struct buf *out, void *store, struct span bytes, struct err *err)
{
	AUTO(chatty_message_clear) struct chatty_message m = CHATTY_MESSAGE_INIT;
	int rc = chatty_message_parse(&m, bytes, err);

	(void)store;
	return rc ? rc : chatty_message_print(out, &m, err);
}

static const struct row_kind history = {
	.source = "chatty-history.db",
	.open = chatty_open,
	.close = chatty_close,
	.stamp = chatty_stamp,
	.each = chatty_each,
	.read = chatty_read,
	.begin = chatty_begin,
	.add = chatty_add,
	.replace = chatty_replace,
	.remove = chatty_remove,
	.commit = chatty_commit,
	.rollback = chatty_rollback,
	.shown = chatty_shown,
	.tidy = chatty_tidy,
};

static const char *const drops[] = { "CONTACT",   "SERVICE_CENTER", "READ",
				     "STATUS",    "LOCKED",         "READABLE_DATE",
				     "DATE_SENT", "SUB_ID",         NULL };

const struct item_profile chatty_profile = {
	.drops = drops,
	.seconds = true,
	.conversations = true,
};

extern const struct adapter adapter_chatty;

const struct adapter adapter_chatty = {
	.name = "chatty",
	.form = &form_message,
	.rows = &history,
	.profile = &chatty_profile,
	.find = chatty_find,
	OVER_ROWS,
};
