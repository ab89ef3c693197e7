/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chatty_write: messages into Chatty's history, as Chatty itself would put them there.
 *
 *     its parts, files, durable  ->  thread, members, users, message, files in one transaction
 *
 * What a transaction that failed, or a killed program, left of the files is removed by chatty_tidy().
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "apps/chatty_internal.h"
#include "base/text.h"
#include "bus/bus.h"

#define VERSION  4
#define NAME     "sm.puri.Chatty"
#define SAME_MAX 10000 /* messages that are alike in everything */
#define DIRECT   0
#define GROUP    1

/* 1. Begin and end. */

static int
check_closed(struct err *err)
{
	bool open;

	if (bus_name_is_owned(&open, NAME, err) < 0)
		return err_wrap(err, "whether Chatty is open");
	if (!open)
		return 0;
	err_set(err, ERR_BUSY, "Chatty is open");
	return err_hint(err,
			"end it (it goes on in the background: `pkill -x chatty`), do this again, "
			"then start it");
}

static int
check_version(struct chatty *c, struct err *err)
{
	int64_t version;

	if (app_db_number(&version, &c->rows.live, "PRAGMA user_version", err) < 0)
		return -1;
	if (version == VERSION)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"this is version %" PRId64 " of Chatty's history, which Cloudbox only reads",
		version);
	return err_hint(err, "a newer Cloudbox may know it");
}

int
chatty_begin(void *store, struct err *err)
{
	struct chatty *c = store;

	if (check_closed(err) < 0 || db_rows_begin(&c->rows, err) < 0)
		return -1;
	if (check_version(c, err) == 0)
		return 0;
	chatty_rollback(c);
	return -1;
}

/* A conversation that lost its last message, and is as it was made, goes with it; so do people whom nothing
 * names any more. */
static int
remove_empty(struct chatty *c, struct err *err)
{
	if (!c->emptied)
		return 0;
	return app_db_exec(&c->rows.live,
			   "DELETE FROM threads WHERE id IN (SELECT thread FROM emptied) AND"
			   " alias IS NULL AND avatar_id IS NULL AND last_read_id IS NULL AND"
			   " visibility = 0 AND id NOT IN (SELECT thread_id FROM messages);"
			   "DELETE FROM users WHERE type = 1 AND alias IS NULL AND"
			   " avatar_id IS NULL AND id NOT IN (SELECT user_id FROM thread_members)"
			   " AND id NOT IN (SELECT user_id FROM accounts) AND id NOT IN"
			   " (SELECT sender_id FROM messages WHERE sender_id NOT NULL)",
			   err);
}

int
chatty_commit(void *store, struct err *err)
{
	struct chatty *c = store;
	struct err ignored = { 0 };
	bool removed = c->removed;

	if (remove_empty(c, err) < 0 || check_closed(err) < 0 || db_rows_commit(&c->rows, err) < 0)
		return -1;
	c->has_files = c->removed = c->emptied = false;
	if (removed)
		chatty_files_tidy(c, &ignored); /* what stays goes next time */
	return 0;
}

void
chatty_rollback(void *store)
{
	struct chatty *c = store;
	struct err ignored = { 0 };
	bool has_files = c->has_files;

	db_rows_rollback(&c->rows);
	c->has_files = c->removed = c->emptied = false;
	if (has_files)
		chatty_files_tidy(c, &ignored);
}

int
chatty_tidy(void *store, struct err *err)
{
	return chatty_files_tidy(store, err);
}

/* 2. With whom. */

/* Run @sql, in which ?1 and ?2 are @a and @b, ?3 is @text; *out: the first column of its row.  1: it has
 * one; 0: none; -1. */
static int
run(int64_t *out, struct chatty *c, const char *sql, int64_t a, int64_t b, struct span text,
    struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int n, rc;

	if (query_open(&q, &c->rows.live.sql, sql, err) < 0)
		return -1;
	n = sqlite3_bind_parameter_count(q.stmt);
	if (n > 0)
		query_int(&q, 1, a);
	if (n > 1)
		query_int(&q, 2, b);
	if (n > 2)
		query_text_span(&q, 3, text);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW && out)
		*out = query_column_int(&q, 0);
	return rc;
}

static const struct span no_text = { NULL, 0 };

static int
user_of(int64_t *user, struct chatty *c, struct span number, struct err *err)
{
	int rc = run(user, c, "SELECT id FROM users WHERE username = ?3 AND type = 1", 0, 0, number,
		     err);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (run(user, c, "INSERT INTO users (username, type) VALUES (?3, 1)", 0, 0, number, err) <
	    0)
		return -1;
	*user = sqlite3_last_insert_rowid(c->rows.live.sql.db);
	return 0;
}

struct place {
	int64_t account, own_user; /* of the phone itself */
	int64_t thread;
	int64_t sender; /* 0: none */
};

static int
find_account(struct place *p, struct chatty *c, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &c->rows.live.sql,
		       "SELECT a.id, a.user_id FROM accounts a JOIN users u ON u.id = a.user_id"
		       " WHERE a.protocol = 1 AND u.type = 1 ORDER BY a.id LIMIT 1",
		       err) < 0)
		return -1;
	rc = query_step(&q, err);
	if (rc == 0) {
		err_set(err, ERR_UNSUPPORTED, "Chatty has no account for SMS and MMS");
		return err_hint(err, "start Chatty once and end it");
	}
	p->account = query_column_int(&q, 0);
	p->own_user = query_column_int(&q, 1);
	return rc < 0 ? -1 : 0;
}

static int
order(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

#define NUMBERS_MAX 1000

/* The numbers of a list joined by @joint, sorted. */
static size_t
sorted_numbers(struct span out[static NUMBERS_MAX], struct span list, uint8_t joint)
{
	size_t n = 0;

	while (list.n && n < NUMBERS_MAX) {
		const uint8_t *end = memchr(list.p, joint, list.n);

		out[n] = span_of(list.p, end ? (size_t)(end - list.p) : list.n);
		list = span_skip(list, out[n++].n + (end != NULL));
	}
	qsort(out, n, sizeof *out, order);
	return n;
}

static bool
same_numbers(struct span name, struct span numbers)
{
	struct span a[NUMBERS_MAX], b[NUMBERS_MAX];
	size_t n = sorted_numbers(a, name, ',');

	if (n != sorted_numbers(b, numbers, '~'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!span_equal(a[i], b[i]))
			return false;
	return true;
}

/* The group of these people, in whichever order.  1: there is one. */
static int
find_group(int64_t *thread, struct chatty *c, int64_t account, struct span numbers, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, &c->rows.live.sql,
		       "SELECT id, name FROM threads WHERE account_id = ?1 AND type = 1", err) < 0)
		return -1;
	query_int(&q, 1, account);
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		if (same_numbers(query_column_blob(&q, 1), numbers)) {
			*thread = query_column_int(&q, 0);
			return 1;
		}
	return rc;
}

static int
add_members(struct place *p, struct chatty *c, struct span numbers, struct err *err)
{
	while (numbers.n) {
		const uint8_t *end = memchr(numbers.p, '~', numbers.n);
		struct span one = span_of(numbers.p, end ? (size_t)(end - numbers.p) : numbers.n);
		int64_t user = 0;

		numbers = span_skip(numbers, one.n + (end != NULL));
		if (user_of(&user, c, one, err) < 0 ||
		    run(NULL, c,
			"INSERT OR IGNORE INTO thread_members (thread_id, user_id)"
			" VALUES (?1, ?2)",
			p->thread, user, no_text, err) < 0)
			return -1;
	}
	return 0;
}

static int
make_thread(struct place *p, struct chatty *c, const struct chatty_message *m, struct span name,
	    int64_t type, struct err *err)
{
	if (run(NULL, c, "INSERT INTO threads (name, account_id, type) VALUES (?3, ?1, ?2)",
		p->account, type, name, err) < 0)
		return -1;
	p->thread = sqlite3_last_insert_rowid(c->rows.live.sql.db);
	return add_members(p, c, buf_span(&m->numbers), err);
}

/* An SMS to several has a thread of its own, by name; a group is who is in it. */
static int
find_place(struct place *p, struct chatty *c, const struct chatty_message *m, struct err *err)
{
	AUTO(buf_clear) struct buf name = BUF_INIT(1 << 20);
	struct span numbers = buf_span(&m->numbers);
	bool several = memchr(numbers.p, '~', numbers.n) != NULL;
	int64_t type = several && m->is_mms ? GROUP : DIRECT;
	int rc;

	if (find_account(p, c, err) < 0 || buf_append(&name, numbers, err) < 0)
		return -1;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '~')
			name.p[i] = ',';
	rc = type == GROUP ? find_group(&p->thread, c, p->account, numbers, err)
			   : run(&p->thread, c,
				 "SELECT id FROM threads WHERE name = ?3 AND account_id = ?1"
				 " AND type = ?2",
				 p->account, type, buf_span(&name), err);
	if (rc == 0)
		rc = make_thread(p, c, m, buf_span(&name), type, err);
	if (rc < 0)
		return -1;
	if (m->box == CHATTY_OUT || m->box == CHATTY_FAILED)
		p->sender = p->own_user;
	else if (m->box == CHATTY_IN)
		return user_of(&p->sender, c, m->is_mms ? buf_span(&m->sender) : numbers, err);
	return 0;
}

/* 3. The message. */

/* The how manieth message that is alike in everything: a UUIDv8 of its own. */
static void
make_uuid(char out[static CHATTY_UUID], const char *uid, unsigned nth)
{
	char urn[UUID8_URN_BYTES], text[300];
	uint8_t hash[16];
	int n = snprintf(text, sizeof text, "%.200s#%u", uid, nth);

	crypto_generichash(hash, sizeof hash, (const uint8_t *)text, (unsigned long long)n, NULL,
			   0);
	uuid8_urn(urn, hash);
	memcpy(out, urn + strlen("urn:uuid:"), CHATTY_UUID);
}

/* A uid that is free in the thread.  @uuid: of the files. */
static int
choose_uid(struct buf *uid, char uuid[static CHATTY_UUID], struct chatty *c, const struct place *p,
	   const struct chatty_message *m, struct span bytes, struct err *err)
{
	AUTO(item_free) struct item *it = NULL;
	int64_t found;
	int rc = 1;

	if (form_message.parse(&it, bytes, "", 1, &chatty_profile, err) < 0)
		return -1;
	for (unsigned i = 0; rc == 1 && i < SAME_MAX; i++) {
		make_uuid(uuid, it->uid, i);
		buf_reset(uid);
		if (m->id.n == 0 ? buf_append_str(uid, uuid, err) < 0
				 : buf_append(uid, buf_span(&m->id), err) < 0 ||
					   (i && buf_append_fmt(uid, err, "#cloudbox-%u", i) < 0))
			return -1;
		rc = run(&found, c, "SELECT 1 FROM messages WHERE uid = ?3 AND thread_id = ?1",
			 p->thread, 0, buf_span(uid), err);
	}
	return rc == 1 ? err_set(err, ERR_LIMIT, "too many messages that are alike") : rc;
}

/* One draft in each thread: Chatty shows no other. */
static int
check_draft(struct chatty *c, const struct place *p, const struct chatty_message *m,
	    struct err *err)
{
	int64_t found;
	int rc = m->box == CHATTY_DRAFT ? run(&found, c,
					      "SELECT 1 FROM messages WHERE thread_id = ?1 AND"
					      " status = 1",
					      p->thread, 0, no_text, err)
					: 0;

	if (rc == 1) {
		err_set(err, ERR_UNSUPPORTED,
			"Chatty keeps one draft for each conversation, and has another");
		return ROW_REFUSED;
	}
	return rc;
}

static int64_t
status_of(const struct chatty_message *m)
{
	return m->box == CHATTY_IN ? 2 : m->box == CHATTY_DRAFT ? 1 : m->box == CHATTY_OUT ? 3 : 6;
}

static int
insert_message(int64_t *number, struct chatty *c, const struct place *p,
	       const struct chatty_message *m, struct span uid, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_open(&q, &c->rows.live.sql,
		       "INSERT INTO messages (uid, thread_id, sender_id, body, body_type,"
		       " direction, time, status, encrypted, subject)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
		       err) < 0)
		return -1;
	query_text_span(&q, 1, uid);
	query_int(&q, 2, p->thread);
	if (p->sender)
		query_int(&q, 3, p->sender);
	query_text_span(&q, 4, buf_span(&m->body));
	query_int(&q, 5, m->is_mms ? 12 : 1);
	query_int(&q, 6, m->box == CHATTY_IN ? 1 : -1);
	query_int(&q, 7, m->at_unix_s);
	query_int(&q, 8, status_of(m));
	if (m->subject.n)
		query_text_span(&q, 9, buf_span(&m->subject));
	if (query_run(&q, err) < 0)
		return -1;
	*number = sqlite3_last_insert_rowid(c->rows.live.sql.db);
	return 0;
}

/* 4. Its files. */

static int
type_of(int64_t *type, struct chatty *c, struct span name, struct err *err)
{
	if (run(NULL, c, "INSERT OR IGNORE INTO mime_type (name) VALUES (?3)", 0, 0, name, err) < 0)
		return -1;
	return run(type, c, "SELECT id FROM mime_type WHERE name = ?3", 0, 0, name, err) < 0 ? -1
											     : 0;
}

static int
insert_file(struct chatty *c, int64_t message, const struct chatty_part *part, struct span path,
	    struct span url, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int64_t type = 0;

	if (type_of(&type, c, buf_span(&part->type), err) < 0 ||
	    query_open(&q, &c->rows.live.sql,
		       "INSERT INTO files (name, url, path, mime_type_id, size, status)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, 1)",
		       err) < 0)
		return -1;
	query_text_span(&q, 1, buf_span(&part->name));
	query_text_span(&q, 2, url);
	query_text_span(&q, 3, path);
	query_int(&q, 4, type);
	query_int(&q, 5, (int64_t)part->data.n);
	if (query_run(&q, err) < 0)
		return -1;
	return run(NULL, c, "INSERT INTO message_files (message_id, file_id) VALUES (?1, ?2)",
		   message, sqlite3_last_insert_rowid(c->rows.live.sql.db), no_text, err) < 0
		       ? -1
		       : 0;
}

static int
add_file(struct chatty *c, int64_t message, const char *uuid, const struct chatty_part *part,
	 struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(APP_PATH_MAX);
	AUTO(buf_clear) struct buf url = BUF_INIT(8 * APP_PATH_MAX);

	return chatty_file_write(&path, &url, c, uuid, part, err) < 0
		       ? -1
		       : insert_file(c, message, part, buf_span(&path), buf_span(&url), err);
}

/* Its row, and, if we made it, the file. */
static int
remove_file(struct chatty *c, int64_t message, const struct chatty_part *part, struct err *err)
{
	int64_t file = part->file;

	if (run(NULL, c, "DELETE FROM message_files WHERE message_id = ?1 AND file_id = ?2",
		message, file, no_text, err) < 0)
		return -1;
	if (!part->ours)
		return 0;
	c->removed = true;
	return run(NULL, c, "DELETE FROM files WHERE id = ?1", file, 0, no_text, err) < 0 ? -1 : 0;
}

/* 5. Members of the row_kind. */

int
chatty_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	AUTO(chatty_message_clear) struct chatty_message m = CHATTY_MESSAGE_INIT;
	AUTO(buf_clear) struct buf uid = BUF_INIT(1 << 20);
	struct chatty *c = store;
	struct place p = { .sender = 0 };
	char uuid[CHATTY_UUID] = "";
	int rc = chatty_message_parse(&m, bytes, err);

	if (rc == 0 && find_place(&p, c, &m, err) < 0)
		return -1;
	if (rc == 0)
		rc = check_draft(c, &p, &m, err);
	if (rc != 0)
		return rc;
	if (choose_uid(&uid, uuid, c, &p, &m, bytes, err) < 0 ||
	    insert_message(number, c, &p, &m, buf_span(&uid), err) < 0)
		return -1;
	for (size_t i = 0; i < m.n_parts; i++)
		if (add_file(c, *number, uuid, &m.parts[i], err) < 0)
			return -1;
	return 0;
}

static bool
has_part(const struct chatty_message *m, const struct chatty_part *part)
{
	for (size_t i = 0; i < m->n_parts; i++)
		if (chatty_part_equal(&m->parts[i], part))
			return true;
	return false;
}

/* A text that Chatty does not have yet becomes its body if it has none. */
static int
set_body(struct chatty *c, int64_t number, const struct chatty_message *is,
	 const struct chatty_message *wanted, struct err *err)
{
	if (span_equal(buf_span(&is->body), buf_span(&wanted->body)))
		return 0;
	return run(NULL, c, "UPDATE messages SET body = ?3 WHERE id = ?1", number, 0,
		   buf_span(&wanted->body), err) < 0
		       ? -1
		       : 0;
}

/* Nothing but the parts of an MMS is ever merged. */
int
chatty_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	AUTO(chatty_message_clear) struct chatty_message is = CHATTY_MESSAGE_INIT;
	AUTO(chatty_message_clear) struct chatty_message wanted = CHATTY_MESSAGE_INIT;
	struct chatty *c = store;
	char name[32], uuid[CHATTY_UUID];
	int rc = chatty_message_parse(&wanted, bytes, err);

	if (rc == 0)
		rc = chatty_load(&is, c, number, err);
	if (rc != 0)
		return rc < 0 ? -1 : ROW_REFUSED;
	snprintf(name, sizeof name, "row %" PRId64, number);
	make_uuid(uuid, name, 0);
	if (set_body(c, number, &is, &wanted, err) < 0)
		return -1;
	for (size_t i = 0; i < is.n_parts; i++)
		if (!has_part(&wanted, &is.parts[i]) &&
		    remove_file(c, number, &is.parts[i], err) < 0)
			return -1;
	for (size_t i = 0; i < wanted.n_parts; i++)
		if (!has_part(&is, &wanted.parts[i]) &&
		    add_file(c, number, uuid, &wanted.parts[i], err) < 0)
			return -1;
	return 0;
}

int
chatty_remove(void *store, int64_t number, struct err *err)
{
	AUTO(chatty_message_clear) struct chatty_message m = CHATTY_MESSAGE_INIT;
	struct chatty *c = store;
	int rc = chatty_load(&m, c, number, err);

	if (rc != 0)
		return -1;
	if (!c->emptied &&
	    app_db_exec(&c->rows.live, "CREATE TEMP TABLE emptied (thread INTEGER PRIMARY KEY)",
			err) < 0)
		return -1;
	c->emptied = true;
	if (run(NULL, c,
		"INSERT OR IGNORE INTO emptied SELECT thread_id FROM messages WHERE id = ?1",
		number, 0, no_text, err) < 0)
		return -1;
	for (size_t i = 0; i < m.n_parts; i++)
		if (m.parts[i].file && remove_file(c, number, &m.parts[i], err) < 0)
			return -1;
	return run(NULL, c, "DELETE FROM messages WHERE id = ?1", number, 0, no_text, err) < 0 ? -1
											       : 0;
}
