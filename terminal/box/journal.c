/* SPDX-License-Identifier: Apache-2.0 */
/* journal: see journal.h.  The state tree of a batch under way lies in `batch_nodes`, over the one
 * of what is saved; what its records change in `batch_changes`, over `saved`. */
#include "box/journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/folder.h"
#include "box/box_internal.h"
#include "os/os.h"

#define JOURNAL_FOLDER "journal"
#define LEFTOVER_MS    3600000 /* a temporary file this old is nobody's any more */

/* Column `state` of batches; the first two are enum journal_state. */
#define STATE_DROPPED 2

static void
file_name(char out[static 40], uint64_t number)
{
	snprintf(out, 40, JOURNAL_FOLDER "/%llu", (unsigned long long)number);
}

int
journal_begin(struct box *b, struct err *err)
{
	const struct identity *id;
	struct journal_batch other;
	int rc;

	if (box_identity_need(&id, b, err) < 0 || box_begin(b, err) < 0)
		return -1;
	rc = journal_current(&other, b, err);
	if (rc == 0)
		rc = err_set(err, ERR_EXISTS, "a batch is on its way already");
	if (rc == BOX_ABSENT)
		rc = db_exec(
			b,
			"INSERT INTO batches (state, kind, seq, head, epoch, bytes, attempts,"
			" sealed_ms, receipt, tree_anew) VALUES (0, 0, 0, x'', 0, 0, 0, 0, 0, 0)",
			err);
	if (rc < 0) {
		box_rollback(b);
		return -1;
	}
	b->sealing = sqlite3_last_insert_rowid(b->sql.db);
	return 0;
}

int
journal_add_change(struct box *b, const struct journal_change *c, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	const struct saved *s = &c->saved;
	int64_t app;

	if (box_app_intern(&app, b, s->app, err) < 0 ||
	    query_init(
		    &q, b,
		    "INSERT INTO batch_changes (batch, item, app, native_id, tombstone, seq, idx,"
		    " leaf, content, size, sealed_bytes, chunks, class) VALUES (?1, ?2, ?3, ?4, ?5,"
		    " ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
		    err) < 0)
		return -1;
	query_int(&q, 1, b->sealing);
	query_blob(&q, 2, SPAN_ARRAY(s->item));
	query_int(&q, 3, app);
	query_blob(&q, 4, s->native_id);
	query_int(&q, 5, c->tombstone);
	query_int(&q, 6, (int64_t)s->seq);
	query_int(&q, 7, s->index);
	query_blob(&q, 8, SPAN_ARRAY(s->leaf));
	query_blob(&q, 9, SPAN_ARRAY(s->content));
	query_int(&q, 10, (int64_t)s->size);
	query_int(&q, 11, (int64_t)s->sealed_bytes);
	query_blob(&q, 12, s->chunks);
	query_int(&q, 13, s->chunk_class);
	return query_run(&q, err);
}

static int
after_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	      void *emit_ctx, struct err *err)
{
	struct box *b = ctx;
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT s.item AS item, s.seq, s.leaf, a.name FROM saved s"
		       " JOIN apps a ON a.id = s.app WHERE s.item BETWEEN ?1 AND ?2 AND NOT EXISTS"
		       " (SELECT 1 FROM batch_changes c WHERE c.batch = ?3 AND c.item = s.item)"
		       " UNION ALL SELECT c.item, c.seq, c.leaf, a.name FROM batch_changes c"
		       " JOIN apps a ON a.id = c.app WHERE c.batch = ?3"
		       " AND c.item BETWEEN ?1 AND ?2 AND NOT c.tombstone ORDER BY item",
		       err) < 0)
		return -1;
	query_blob(&q, 1, SPAN_ARRAY(first->b));
	query_blob(&q, 2, SPAN_ARRAY(last->b));
	query_int(&q, 3, b->sealing);
	return state_emit_rows(&q, emit, emit_ctx, err);
}

/* Does the batch build its tree anew, so that the stored nodes mean nothing to it? */
static int
tree_is_anew(bool *anew, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "SELECT tree_anew FROM batches WHERE number = ?1", err) < 0)
		return -1;
	query_int(&q, 1, b->sealing);
	if (query_step(&q, err) < 0)
		return -1;
	*anew = query_column_int(&q, 0);
	return 0;
}

static int
after_get(void *ctx, unsigned level, uint32_t number, struct hash32 *out, struct err *err)
{
	struct box *b = ctx;
	AUTO(query_clear) struct query q = QUERY_INIT;
	bool anew;
	int rc;

	if (query_init(
		    &q, b,
		    "SELECT hash FROM batch_nodes WHERE batch = ?1 AND level = ?2 AND number = ?3",
		    err) < 0)
		return -1;
	query_int(&q, 1, b->sealing);
	query_int(&q, 2, level);
	query_int(&q, 3, number);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		query_column_bytes(&q, 0, out->b, sizeof out->b);
	if (rc)
		return rc < 0 ? -1 : 0;
	if (tree_is_anew(&anew, b, err) < 0)
		return -1;
	return anew ? STATE_ABSENT : state_node_get(b, level, number, out, err);
}

static int
after_put(void *ctx, unsigned level, uint32_t number, const struct hash32 *node, struct err *err)
{
	struct box *b = ctx;
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "INSERT OR REPLACE INTO batch_nodes (batch, level, number, hash)"
		       " VALUES (?1, ?2, ?3, ?4)",
		       err) < 0)
		return -1;
	query_int(&q, 1, b->sealing);
	query_int(&q, 2, level);
	query_int(&q, 3, number);
	query_blob(&q, 4, SPAN_ARRAY(node->b));
	return query_run(&q, err);
}

/* Run @sql, whose one parameter is the batch. */
static int
run_on(struct box *b, const char *sql, int64_t batch, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0)
		return -1;
	query_int(&q, 1, batch);
	return query_run(&q, err);
}

static int
after_clear(void *ctx, struct err *err)
{
	struct box *b = ctx;

	if (run_on(b, "DELETE FROM batch_nodes WHERE batch = ?1", b->sealing, err) < 0)
		return -1;
	return run_on(b, "UPDATE batches SET tree_anew = 1 WHERE number = ?1", b->sealing, err);
}

void
journal_store(struct state_store *out, struct box *b)
{
	*out = (struct state_store){
		.ctx = b,
		.entries = after_entries,
		.get = after_get,
		.put = after_put,
		.clear = after_clear,
	};
}

int
journal_counts(uint64_t *n_before, uint64_t *n_after, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b,
		       "SELECT coalesce(sum(NOT c.tombstone AND s.item IS NULL), 0),"
		       " coalesce(sum(c.tombstone AND s.item IS NOT NULL), 0) FROM batch_changes c"
		       " LEFT JOIN saved s ON s.item = c.item WHERE c.batch = ?1",
		       err) < 0)
		return -1;
	query_int(&q, 1, b->sealing);
	if (query_step(&q, err) < 0 || saved_count(n_before, b, err) < 0)
		return -1;
	*n_after =
		*n_before + (uint64_t)query_column_int(&q, 0) - (uint64_t)query_column_int(&q, 1);
	return 0;
}

static int
batch_write(struct box *b, const struct journal_batch *batch, struct span bytes, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	char name[40];

	if (query_init(&q, b,
		       "UPDATE batches SET kind = ?2, seq = ?3, head = ?4, epoch = ?5, bytes = ?6,"
		       " sealed_ms = ?7, receipt = ?8 WHERE number = ?1",
		       err) < 0)
		return -1;
	query_int(&q, 1, (int64_t)batch->number);
	query_int(&q, 2, batch->kind);
	query_int(&q, 3, (int64_t)batch->seq);
	query_blob(&q, 4, SPAN_ARRAY(batch->head));
	query_int(&q, 5, (int64_t)batch->epoch);
	query_int(&q, 6, (int64_t)batch->bytes);
	query_int(&q, 7, batch->sealed_unix_ms);
	query_int(&q, 8, batch->receipt);
	file_name(name, batch->number);
	if (query_run(&q, err) < 0 || os_make_folders(b->home_fd, JOURNAL_FOLDER, 0700, err) < 0)
		return -1;
	return os_replace_file(b->home_fd, name, bytes, 0600, err);
}

int
journal_seal(struct box *b, struct journal_batch *batch, struct span bytes, struct err *err)
{
	if (bytes.n > JOURNAL_BATCH_BYTES_MAX) {
		box_rollback(b);
		return err_set(err, ERR_LIMIT, "a batch is longer than %u bytes",
			       JOURNAL_BATCH_BYTES_MAX);
	}
	batch->number = (uint64_t)b->sealing;
	batch->state = JOURNAL_SEALED;
	batch->attempts = 0;
	batch->bytes = bytes.n;
	batch->sealed_unix_ms = box_now();
	int rc = batch_write(b, batch, bytes, err);
	b->sealing = 0;
	return box_end(b, rc, err);
}

#define BATCH_COLUMNS                                                                              \
	"SELECT number, state, kind, seq, head, epoch, bytes, attempts, sealed_ms, receipt"        \
	" FROM batches"

static void
row_batch(struct journal_batch *out, const struct query *q)
{
	*out = (struct journal_batch){
		.number = (uint64_t)query_column_int(q, 0),
		.state = (enum journal_state)query_column_int(q, 1),
		.kind = (uint8_t)query_column_int(q, 2),
		.seq = (uint64_t)query_column_int(q, 3),
		.epoch = (uint64_t)query_column_int(q, 5),
		.bytes = (uint64_t)query_column_int(q, 6),
		.attempts = (uint32_t)query_column_int(q, 7),
		.sealed_unix_ms = query_column_int(q, 8),
		.receipt = query_column_int(q, 9),
	};
	query_column_bytes(q, 4, out->head, BOX_HASH_BYTES);
}

int
journal_current(struct journal_batch *out, struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, BATCH_COLUMNS " WHERE state < 2", err) < 0)
		return -1;
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	row_batch(out, &q);
	return 0;
}

int
journal_read(struct buf *out, struct box *b, const struct journal_batch *batch, struct err *err)
{
	char name[40];
	size_t before = out->n;

	file_name(name, batch->number);
	if (os_read_file(b->home_fd, name, out, err) < 0)
		return -1;
	if (out->n - before != batch->bytes)
		return err_set(err, ERR_FORMAT, "%s/%s has not the length it was written with",
			       b->home, name);
	return 0;
}

int
journal_sent(struct box *b, struct journal_batch *batch, struct err *err)
{
	if (run_on(b, "UPDATE batches SET state = 1, attempts = attempts + 1 WHERE number = ?1",
		   (int64_t)batch->number, err) < 0)
		return -1;
	batch->state = JOURNAL_SENT;
	batch->attempts++;
	return 0;
}

static int
apply_saved(struct box *b, int64_t batch, int64_t at_unix_ms, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(
		    &q, b,
		    "INSERT OR REPLACE INTO saved (item, app, native_id, seq, idx, leaf, versions,"
		    " content, size, sealed_bytes, chunks, class, saved_ms, proven_ms)"
		    " SELECT c.item, c.app, c.native_id, c.seq, c.idx, c.leaf,"
		    " coalesce((SELECT versions FROM saved s WHERE s.item = c.item), 0) + 1,"
		    " c.content, c.size, c.sealed_bytes, c.chunks, c.class, ?2, 0"
		    " FROM batch_changes c WHERE c.batch = ?1 AND NOT c.tombstone",
		    err) < 0)
		return -1;
	query_int(&q, 1, batch);
	query_int(&q, 2, at_unix_ms);
	return query_run(&q, err);
}

static int
apply_tree(struct box *b, int64_t batch, struct err *err)
{
	if (run_on(b,
		   "DELETE FROM state_nodes WHERE EXISTS"
		   " (SELECT 1 FROM batches WHERE number = ?1 AND tree_anew)",
		   batch, err) < 0)
		return -1;
	return run_on(b,
		      "INSERT OR REPLACE INTO state_nodes (level, number, hash)"
		      " SELECT level, number, hash FROM batch_nodes WHERE batch = ?1",
		      batch, err);
}

/* All batches, dropped ones and all, have had their use. */
static int
forget_batches(struct box *b, struct err *err)
{
	static const char *const statements[] = {
		"DELETE FROM batch_changes",
		"DELETE FROM batch_nodes",
		"DELETE FROM batches",
	};

	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		if (db_exec(b, statements[i], err) < 0)
			return -1;
	}
	return 0;
}

static int
apply(struct box *b, const struct journal_batch *batch, int64_t at_unix_ms, struct err *err)
{
	int64_t number = (int64_t)batch->number;

	if (apply_saved(b, number, at_unix_ms, err) < 0 ||
	    run_on(b,
		   "DELETE FROM saved WHERE item IN"
		   " (SELECT item FROM batch_changes WHERE batch = ?1 AND tombstone)",
		   number, err) < 0 ||
	    run_on(b,
		   "DELETE FROM forgotten WHERE item IN"
		   " (SELECT item FROM batch_changes WHERE batch = ?1)",
		   number, err) < 0 ||
	    apply_tree(b, number, err) < 0 || shortcut_judge_batch(b, number, err) < 0 ||
	    forget_batches(b, err) < 0 ||
	    identity_set_acked(b, batch->seq, batch->head, at_unix_ms, err) < 0)
		return -1;
	return box_items_settle(b, err);
}

static void
file_remove(struct box *b, uint64_t number)
{
	char name[40];

	file_name(name, number);
	os->unlinkat(b->home_fd, name, 0); /* else box_lock() does */
}

int
journal_ack(struct box *b, const struct journal_batch *batch, int64_t server_unix_ms,
	    struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	if (box_end(b, apply(b, batch, server_unix_ms, err), err) < 0)
		return -1;
	file_remove(b, batch->number);
	return 0;
}

int
journal_ack_dropped(struct box *b, const struct journal_batch *batch, int64_t server_unix_ms,
		    struct err *err)
{
	struct journal_batch current;
	int rc = journal_current(&current, b, err);

	if (rc < 0 || journal_ack(b, batch, server_unix_ms, err) < 0)
		return -1;
	if (rc == 0)
		file_remove(b, current.number); /* its place in the chain is taken */
	return 0;
}

int
journal_drop(struct box *b, const struct journal_batch *batch, struct err *err)
{
	if (run_on(b, "UPDATE batches SET state = 2 WHERE number = ?1", (int64_t)batch->number,
		   err) < 0)
		return -1;
	file_remove(b, batch->number);
	return 0;
}

int
journal_find_dropped(struct journal_batch *out, struct box *b,
		     const uint8_t head[static BOX_HASH_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, BATCH_COLUMNS " WHERE state = 2 AND head = ?1", err) < 0)
		return -1;
	query_blob(&q, 1, span_of(head, BOX_HASH_BYTES));
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	row_batch(out, &q);
	return 0;
}

/* Is the file @name of the journal one that a row names? */
static int
is_named(bool *named, struct box *b, const char *name, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	char *end;
	long long number = strtoll(name, &end, 10);

	*named = false;
	if (*end || end == name)
		return 0;
	if (query_init(&q, b, "SELECT 1 FROM batches WHERE number = ?1 AND state < 2", err) < 0)
		return -1;
	query_int(&q, 1, number);
	int rc = query_step(&q, err);
	*named = rc == QUERY_ROW;
	return rc < 0 ? -1 : 0;
}

static bool
is_old(int fd, const char *name)
{
	struct stat st;

	return os->fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       box_now() - (int64_t)st.st_mtim.tv_sec * 1000 > LEFTOVER_MS;
}

static int
tidy_entry(struct box *b, int fd, const char *name, bool batches, struct err *err)
{
	bool named = true;

	if (folder_is_temporary(name)) {
		if (is_old(fd, name))
			os->unlinkat(fd, name, 0);
		return 0;
	}
	if (!batches || name[0] == '.')
		return 0;
	if (is_named(&named, b, name, err) < 0)
		return -1;
	if (!named)
		os->unlinkat(fd, name, 0);
	return 0;
}

static int
tidy_folder(struct box *b, const char *path, bool batches, struct err *err)
{
	int fd = os->openat(b->home_fd, path, O_RDONLY | O_DIRECTORY, 0), rc = 0;
	struct dirent *d;
	DIR *dir;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s/%s", b->home, path);
	dir = fdopendir(fd);
	if (!dir) {
		os->close(fd);
		return err_nomem(err);
	}
	while (rc == 0 && (d = readdir(dir)) != NULL)
		rc = tidy_entry(b, fd, d->d_name, batches, err);
	closedir(dir);
	return rc;
}

int
journal_tidy(struct box *b, struct err *err)
{
	if (tidy_folder(b, ".", false, err) < 0)
		return -1;
	return tidy_folder(b, JOURNAL_FOLDER, true, err);
}
