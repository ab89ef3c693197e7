/* SPDX-License-Identifier: Apache-2.0 */
/* stored: what the server has stored, seen by a reader beside it; see calls.h. */
#include <ftw.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

struct stored {
	sqlite3 *db;
	char blobs[128];
	int64_t version;    /* of the database, as SQLite counts commits of others */
	struct hash32 rows; /* all of them, at that version */
	uint64_t objects;
};

static int64_t
data_version(struct stored *s)
{
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_prepare_v2(s->db, "PRAGMA data_version", -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

/* A sum over the names of kept objects, whatever their order.  nftw() has no context. */
static uint64_t objects_sum;

static int
add_object(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	uint8_t h[8];

	(void)st, (void)ftw;
	if (type == FTW_F && !strstr(path, "/incoming/")) {
		crypto_generichash(h, sizeof h, (const uint8_t *)path, strlen(path), NULL, 0);
		objects_sum += get_u64(h) | 1;
	}
	return 0;
}

static uint64_t
objects_of(const struct stored *s)
{
	objects_sum = 0;
	assert_int_equal(nftw(s->blobs, add_object, 16, FTW_PHYS), 0);
	return objects_sum;
}

struct stored *
stored_open(const struct world *w)
{
	struct stored *s = calloc(1, sizeof *s);
	char path[128];

	assert_non_null(s);
	snprintf(path, sizeof path, "%s/cloudbox.db", w->folder);
	snprintf(s->blobs, sizeof s->blobs, "%s/blobs", w->folder);
	assert_int_equal(sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	stored_unchanged(s);
	return s;
}

void
stored_close(struct stored *s)
{
	if (s)
		sqlite3_close(s->db);
	free(s);
}

/* Every column of every row, with its type and length. */
static void
add_rows(crypto_generichash_state *h, struct stored *s, const char *sql, const struct id16 *account,
	 const struct id16 *device)
{
	sqlite3_stmt *st = NULL;
	int rc;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(s->db));
	if (account)
		sqlite3_bind_blob(st, 1, account->b, sizeof account->b, SQLITE_STATIC);
	if (device)
		sqlite3_bind_blob(st, 2, device->b, sizeof device->b, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			const void *p = sqlite3_column_blob(st, i);
			uint32_t n = (uint32_t)sqlite3_column_bytes(st, i);
			uint8_t head[8];

			put_u32(head, (uint32_t)sqlite3_column_type(st, i));
			put_u32(head + 4, n);
			crypto_generichash_update(h, head, sizeof head);
			if (p)
				crypto_generichash_update(h, p, n);
		}
	}
	assert_int_equal(rc, SQLITE_DONE);
	sqlite3_finalize(st);
}

struct hash32
stored_of(struct stored *s, const struct id16 *account, const struct id16 *device)
{
#define ROW "(SELECT row FROM devices WHERE device = ?2)"
	static const char *const tables[] = {
		"SELECT * FROM accounts WHERE account = ?1",
		"SELECT * FROM wraps WHERE account = ?1",
		"SELECT * FROM log WHERE account = ?1 ORDER BY idx",
		"SELECT * FROM devices WHERE device = ?2",
		"SELECT * FROM batches WHERE device = " ROW " ORDER BY id",
		"SELECT * FROM folders WHERE device = " ROW " ORDER BY row",
		"SELECT r.* FROM records AS r JOIN folders AS f ON f.row = r.folder "
		"WHERE f.device = " ROW " ORDER BY r.id",
		"SELECT * FROM items WHERE device = " ROW " ORDER BY item, folder",
		"SELECT * FROM nodes WHERE device = " ROW " ORDER BY node",
		"SELECT * FROM chunks WHERE device = " ROW " ORDER BY cid",
		"SELECT * FROM refs WHERE owner = " ROW " ORDER BY cid, record",
	};
	crypto_generichash_state h;
	struct hash32 out;

	crypto_generichash_init(&h, NULL, 0, sizeof out.b);
	for (size_t i = 0; i < N_ELEMENTS(tables); i++)
		add_rows(&h, s, tables[i], account, device);
	crypto_generichash_final(&h, out.b, sizeof out.b);
	return out;
}

/* Every row of every table. */
static struct hash32
all_rows(struct stored *s)
{
	crypto_generichash_state h;
	sqlite3_stmt *st = NULL;
	struct hash32 out;

	crypto_generichash_init(&h, NULL, 0, sizeof out.b);
	assert_int_equal(sqlite3_prepare_v2(s->db,
					    "SELECT name FROM sqlite_schema WHERE type = 'table' "
					    "ORDER BY name",
					    -1, &st, NULL),
			 SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		char sql[128];
		snprintf(sql, sizeof sql, "SELECT * FROM %s", sqlite3_column_text(st, 0));
		add_rows(&h, s, sql, NULL, NULL);
	}
	sqlite3_finalize(st);
	crypto_generichash_final(&h, out.b, sizeof out.b);
	return out;
}

/* A commit may have changed no row: of jobs that were refused, what they changed is undone. */
bool
stored_unchanged(struct stored *s)
{
	int64_t version = data_version(s);
	struct hash32 rows = version == s->version ? s->rows : all_rows(s);
	uint64_t objects = objects_of(s);
	bool same = hash32_equal(&rows, &s->rows) && objects == s->objects;

	s->version = version;
	s->rows = rows;
	s->objects = objects;
	return same;
}
