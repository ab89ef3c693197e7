/* SPDX-License-Identifier: Apache-2.0 */
/* db_rows: see db_rows.h. */
#include "apps/db_rows.h"

#include <string.h>

int
db_rows_init(struct db_rows *r, const char *app, const char *path,
	     int (*check)(struct app_db *d, struct err *err), struct err *err)
{
	struct app_stamp stamp;
	int rc = app_db_stamp(&stamp, path, err);

	if (rc == APP_MOVED)
		return err_set(err, ERR_NOT_FOUND, "there is no file %s", path);
	if (rc < 0)
		return -1;
	*r = (struct db_rows){ .path = strdup(path),
			       .copy = APP_DB_INIT(app),
			       .live = APP_DB_INIT(app),
			       .check = check };
	return r->path ? 0 : err_nomem(err);
}

void
db_rows_clear(struct db_rows *r)
{
	db_rows_rollback(r);
	app_db_close(&r->copy);
	free(r->path);
	r->path = NULL;
}

int
db_rows_stamp(struct app_stamp *out, struct db_rows *r, struct err *err)
{
	return app_db_stamp(out, r->path, err);
}

static int
make_copy(struct db_rows *r, struct err *err)
{
	app_db_close(&r->copy);
	r->have_copy = false;
	if (app_db_open_copy(&r->copy, r->path, &r->stamp, err) < 0)
		return -1;
	if (r->check(&r->copy, err) < 0)
		return -1;
	r->have_copy = true;
	return 0;
}

int
db_rows_reading(struct app_db **out, struct db_rows *r, struct err *err)
{
	struct app_stamp now;
	int rc;

	*out = r->writing ? &r->live : &r->copy;
	if (r->writing)
		return 0;
	rc = app_db_stamp(&now, r->path, err);
	if (rc != 0)
		return rc;
	return r->have_copy && app_stamp_equal(&now, &r->stamp) ? 0 : make_copy(r, err);
}

int
db_rows_begin(struct db_rows *r, struct err *err)
{
	if (app_db_open_write(&r->live, r->path, err) < 0)
		return -1;
	r->writing = true;
	if (r->check(&r->live, err) == 0 && app_db_exec(&r->live, "BEGIN IMMEDIATE", err) == 0)
		return 0;
	db_rows_rollback(r);
	return -1;
}

/* The file is closed at once: what closing writes (a log's end) then belongs to the new state. */
int
db_rows_commit(struct db_rows *r, struct err *err)
{
	if (app_db_exec(&r->live, "COMMIT", err) < 0)
		return -1;
	r->writing = false;
	app_db_close(&r->live);
	return 0;
}

void
db_rows_rollback(struct db_rows *r)
{
	if (!r->writing)
		return;
	r->writing = false;
	app_db_close(&r->live); /* what is not committed goes with it */
}
