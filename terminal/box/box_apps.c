/* SPDX-License-Identifier: Apache-2.0 */
/* box_apps: see box_apps.h.  An app that was removed, or is only known from what was saved, keeps
 * its row (and number), without adapter and path. */
#include "box/box_apps.h"

#include <stdlib.h>

#include "box/box_internal.h"
#include "box/rules.h"

int
box_app_number(int64_t *number, struct box *b, const char *name, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT id FROM apps WHERE name = ?1", err) < 0)
		return -1;
	query_text(&q, 1, name);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		*number = query_column_int(&q, 0);
	return rc == QUERY_ROW ? 0 : rc < 0 ? -1 : BOX_ABSENT;
}

static int
app_row_make(int64_t *number, struct box *b, const char *name, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "INSERT INTO apps (name) VALUES (?1)", err) < 0)
		return -1;
	query_text(&q, 1, name);
	if (query_run(&q, err) < 0)
		return -1;
	*number = sqlite3_last_insert_rowid(b->sql.db);
	return 0;
}

int
box_app_intern(int64_t *number, struct box *b, const char *name, struct err *err)
{
	int rc = box_app_number(number, b, name, err);

	return rc == BOX_ABSENT ? app_row_make(number, b, name, err) : rc;
}

/* Forget what the app had; it is read anew. */
static int
inventory_drop(struct box *b, int64_t app, struct err *err)
{
	static const char *const statements[] = {
		"DELETE FROM taken WHERE app = ?1",
		"DELETE FROM due WHERE app = ?1",
		"DELETE FROM items WHERE app = ?1",
		"DELETE FROM threads WHERE source IN (SELECT id FROM sources WHERE app = ?1)",
		"DELETE FROM sources WHERE app = ?1",
		"DELETE FROM refusals WHERE app = ?1",
		"UPDATE shortcuts SET pending = 0 WHERE app = ?1 AND pending",
		"UPDATE apps SET scanned_ms = 0 WHERE id = ?1",
	};

	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		AUTO(query_clear) struct query q = QUERY_INIT;
		if (query_init(&q, b, statements[i], err) < 0)
			return -1;
		query_int(&q, 1, app);
		if (query_run(&q, err) < 0)
			return -1;
	}
	return 0;
}

/* Does the app lie where it lay, read by the same adapter?  Then its inventory stays. */
static int
app_is_where_it_was(bool *same, struct box *b, int64_t number, const struct app *app,
		    struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT 1 FROM apps WHERE id = ?1 AND adapter = ?2 AND path = ?3",
		       err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_text(&q, 2, app->adapter);
	query_blob(&q, 3, span_str(app->path));
	rc = query_step(&q, err);
	*same = rc == QUERY_ROW;
	return rc < 0 ? -1 : 0;
}

static int
app_settings_drop(struct box *b, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "DELETE FROM app_settings WHERE app = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	return query_run(&q, err);
}

static int
app_write(struct box *b, int64_t number, const struct app *app, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(query_clear) struct query set = QUERY_INIT;

	if (query_init(&q, b, "UPDATE apps SET adapter = ?2, path = ?3 WHERE id = ?1", err) < 0 ||
	    query_init(&set, b, "INSERT INTO app_settings (app, key, value) VALUES (?1, ?2, ?3)",
		       err) < 0)
		return -1;
	query_int(&q, 1, number);
	query_text(&q, 2, app->adapter);
	query_blob(&q, 3, span_str(app->path));
	if (query_run(&q, err) < 0)
		return -1;
	for (size_t i = 0; i < app->n_settings; i++) {
		query_int(&set, 1, number);
		query_text(&set, 2, app->settings[i].key);
		query_text(&set, 3, app->settings[i].value);
		if (query_run(&set, err) < 0)
			return -1;
	}
	return 0;
}

static int
app_put(struct box *b, const struct app *app, struct err *err)
{
	int64_t number;
	bool same;

	if (box_app_intern(&number, b, app->name, err) < 0 ||
	    app_is_where_it_was(&same, b, number, app, err) < 0)
		return -1;
	if (!same && inventory_drop(b, number, err) < 0)
		return -1;
	if (app_settings_drop(b, number, err) < 0 || app_write(b, number, app, err) < 0)
		return -1;
	return box_items_touch_settings(b, err);
}

int
box_app_put(struct box *b, const struct app *app, struct err *err)
{
	if (!app_name_is_valid(app->name))
		return err_set(err, ERR_USAGE, "%s is no name for an app", app->name);
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, app_put(b, app, err), err);
}

static int
app_remove(struct box *b, const char *name, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	AUTO(query_clear) struct query shortcuts = QUERY_INIT;
	int64_t number;
	int rc = box_app_number(&number, b, name, err);

	if (rc)
		return rc;
	if (query_init(&q, b,
		       "UPDATE apps SET adapter = NULL, path = NULL"
		       " WHERE id = ?1 AND adapter IS NOT NULL",
		       err) < 0 ||
	    query_init(&shortcuts, b, "DELETE FROM shortcuts WHERE app = ?1", err) < 0)
		return -1;
	query_int(&q, 1, number);
	if (query_run(&q, err) < 0)
		return -1;
	if (db_changes(b) == 0)
		return BOX_ABSENT;
	query_int(&shortcuts, 1, number);
	if (query_run(&shortcuts, err) < 0 || rules_remove_app(b, name, err) < 0 ||
	    inventory_drop(b, number, err) < 0 || app_settings_drop(b, number, err) < 0 ||
	    box_items_touch_all(b, number, err) < 0)
		return -1;
	return box_items_touch_settings(b, err);
}

int
box_app_remove(struct box *b, const char *name, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, app_remove(b, name, err), err);
}

static int
app_settings_read(struct app *app, struct box *b, int64_t number, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT key, value FROM app_settings WHERE app = ?1 ORDER BY key",
		       err) < 0)
		return -1;
	query_int(&q, 1, number);
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		if (app_set(app, query_column_text(&q, 0), query_column_text(&q, 1), err) < 0)
			return -1;
	}
	return rc;
}

/* The app of a row (id, name, adapter, path). */
static int
app_of_row(struct app **out, struct box *b, const struct query *q, struct err *err)
{
	AUTO(app_free) struct app *app = NULL;
	AUTO(buf_clear) struct buf path = BUF_INIT(APP_PATH_MAX);

	if (buf_append(&path, query_column_blob(q, 3), err) < 0 ||
	    app_new(&app, query_column_text(q, 1), query_column_text(q, 2), buf_str(&path), err) <
		    0 ||
	    app_settings_read(app, b, query_column_int(q, 0), err) < 0)
		return -1;
	*out = TAKE(app);
	return 0;
}

int
box_app_get(struct app **out, struct box *b, const char *name, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT id, name, adapter, path FROM apps"
		       " WHERE name = ?1 AND adapter IS NOT NULL",
		       err) < 0)
		return -1;
	query_text(&q, 1, name);
	rc = query_step(&q, err);
	if (rc == QUERY_ROW)
		return app_of_row(out, b, &q, err);
	if (rc < 0)
		return -1;
	err_set(err, ERR_NOT_FOUND, "this terminal has no app %s", name);
	return err_hint(err, "type: cloudbox apps add %s --adapter ADAPTER --path PATH", name);
}

int
box_app_names_each(struct box *b, box_app_name_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT name, EXISTS (SELECT 1 FROM shortcuts WHERE app = apps.id)"
		       " FROM apps WHERE adapter IS NOT NULL ORDER BY name",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW)
		if (fn(ctx, query_column_text(&q, 0), query_column_int(&q, 1), err) < 0)
			return -1;
	return rc;
}

int
box_app_places_each(struct box *b, box_app_place_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT id, name, adapter, path FROM apps"
		       " WHERE adapter IS NOT NULL ORDER BY name",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		AUTO(app_free) struct app *app = NULL;
		if (app_of_row(&app, b, &q, err) < 0 || fn(ctx, app, err) < 0)
			return -1;
	}
	return rc;
}

int
box_apps_each(struct box *b, box_app_fn *fn, void *ctx, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b,
		       "SELECT id, name, adapter, path,"
		       " (SELECT count(*) FROM items WHERE items.app = apps.id),"
		       " (SELECT count(*) FROM shortcuts WHERE shortcuts.app = apps.id)"
		       " FROM apps WHERE adapter IS NOT NULL ORDER BY name",
		       err) < 0)
		return -1;
	while ((rc = query_step(&q, err)) == QUERY_ROW) {
		AUTO(app_free) struct app *app = NULL;
		struct box_app_counts counts = {
			.items = (uint64_t)query_column_int(&q, 4),
			.in_box = (uint64_t)query_column_int(&q, 5),
		};
		if (app_of_row(&app, b, &q, err) < 0 || fn(ctx, app, &counts, err) < 0)
			return -1;
	}
	return rc;
}
