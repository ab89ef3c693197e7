/* SPDX-License-Identifier: Apache-2.0 */
/* app_db_copy: one state of another program's database, sealed; see app_db.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/app_db.h"
#include "apps/folder.h"
#include "sql/sealed_vfs.h"

#define COPY_BYTES ((size_t)256 << 10)
#define COPY_TRIES 5 /* of a database that changes while it is copied */

/* The database, and what SQLite may keep beside it: a state is all of them. */
static const char *const suffixes[] = { "", "-wal", "-journal" };

#define N_FILES (sizeof suffixes / sizeof *suffixes)

struct state {
	struct stat st[N_FILES];
	bool is_there[N_FILES];
};

/* 0, APP_MOVED (there is no database) or -1. */
static int
state_look(struct state *out, const char *path, struct err *err)
{
	char name[APP_PATH_MAX + 16];

	for (size_t i = 0; i < N_FILES; i++) {
		snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
		out->is_there[i] = os->fstatat(AT_FDCWD, name, &out->st[i], 0) == 0;
		if (!out->is_there[i] && errno != ENOENT)
			return err_sys(err, errno, "cannot look at %s", name);
	}
	if (!out->is_there[0])
		return APP_MOVED;
	return S_ISREG(out->st[0].st_mode) ? 0 : APP_MOVED;
}

static bool
state_equal(const struct state *a, const struct state *b)
{
	for (size_t i = 0; i < N_FILES; i++) {
		struct app_stamp before, after;

		if (a->is_there[i] != b->is_there[i])
			return false;
		if (!a->is_there[i])
			continue;
		before = folder_stamp(&a->st[i]);
		after = folder_stamp(&b->st[i]);
		if (!app_stamp_equal(&before, &after))
			return false;
	}
	return true;
}

/* One stamp of all of them: the database's, with the youngest mtime and all bytes.  The ctime of what lies
 * beside it says nothing: SQLite gives those files the database's owner each time root opens them. */
static struct app_stamp
state_stamp(const struct state *s)
{
	struct app_stamp all = folder_stamp(&s->st[0]);

	for (size_t i = 1; i < N_FILES; i++) {
		struct app_stamp one;

		if (!s->is_there[i] || s->st[i].st_size == 0)
			continue;
		one = folder_stamp(&s->st[i]);
		all.size += one.size;
		if (one.mtime_ns > all.mtime_ns)
			all.mtime_ns = one.mtime_ns;
	}
	return all;
}

int
app_db_stamp(struct app_stamp *out, const char *path, struct err *err)
{
	struct state now;
	int rc = state_look(&now, path, err);

	if (rc == 0)
		*out = state_stamp(&now);
	return rc;
}

static int
copy_bytes(struct sealed_vfs *to, const char *suffix, int from, const char *name, struct err *err)
{
	AUTO(free) uint8_t *piece = malloc(COPY_BYTES);
	size_t got;

	if (!piece)
		return err_nomem(err);
	do {
		if (os_read_full(from, piece, COPY_BYTES, &got, name, err) < 0 ||
		    sealed_vfs_append(to, suffix, span_of(piece, got), err) < 0)
			return -1;
	} while (got == COPY_BYTES);
	return 0;
}

static int
copy_file(struct sealed_vfs *to, const char *suffix, const char *path, struct err *err)
{
	char name[APP_PATH_MAX + 16];
	int from, rc;

	snprintf(name, sizeof name, "%s%s", path, suffix);
	from = os->openat(AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
	if (from < 0 && errno == ENOENT)
		return 0; /* gone since: the comparison tells */
	if (from < 0)
		return err_sys(err, errno, "cannot open %s", name);
	rc = copy_bytes(to, suffix, from, name, err);
	os->close(from);
	return rc;
}

static int
copy_files(struct sealed_vfs *to, const char *path, const struct state *state, struct err *err)
{
	for (size_t i = 0; i < N_FILES; i++)
		if (state->is_there[i] && copy_file(to, suffixes[i], path, err) < 0)
			return -1;
	return 0;
}

/* Read the log or roll the journal back, and see that all is well. */
static int
open_copy(struct app_db *d, struct err *err)
{
	int rc = app_db_open(d, SEALED_VFS_DB, SQLITE_OPEN_READWRITE, sealed_vfs_name(d->copy));
	int64_t broken;

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(d->sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (rc != SQLITE_OK)
		return app_db_fail(d, rc, err);
	/* The wal-index is in memory with an exclusive lock.  What SQLite puts aside is sealed, too. */
	if (app_db_exec(d,
			"PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;"
			"PRAGMA temp_store = FILE; PRAGMA query_only = ON",
			err) < 0)
		return -1;
	if (app_db_number(&broken, d,
			  "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'",
			  err) < 0)
		return -1;
	return broken ? app_db_fail(d, SQLITE_CORRUPT, err) : 0;
}

/* 0, APP_MOVED (it changed meanwhile) or -1. */
static int
try_copy(struct app_db *d, const char *path, struct app_stamp *stamp, struct err *err)
{
	struct state before, after;
	int rc = state_look(&before, path, err);

	if (rc == APP_MOVED) {
		err_set(err, ERR_NOT_FOUND, "there is no file %s", path);
		return -1;
	}
	if (rc < 0 || sealed_vfs_new(&d->copy, err) < 0)
		return -1;
	rc = copy_files(d->copy, path, &before, err);
	if (rc == 0)
		rc = state_look(&after, path, err);
	if (rc == 0 && !state_equal(&before, &after))
		rc = APP_MOVED;
	if (rc == 0)
		rc = open_copy(d, err);
	*stamp = state_stamp(&before);
	if (rc)
		app_db_close(d);
	return rc;
}

int
app_db_open_copy(struct app_db *d, const char *path, struct app_stamp *stamp, struct err *err)
{
	int rc = APP_MOVED;

	for (int i = 0; i < COPY_TRIES && rc == APP_MOVED; i++)
		rc = try_copy(d, path, stamp, err);
	if (rc != APP_MOVED)
		return rc;
	err_set(err, ERR_BUSY, "%s is writing to its database all the time", d->app);
	return err_hint(err, "do it again in a moment, or close %s", d->app);
}
